//! The modules of a crate, and which of them use which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use crate::paths::{self, Found};

/// The path of a module, from the root of its crate.
pub(crate) type Module = Vec<String>;

/// A module that uses an item of another one.
#[derive(Clone, Debug)]
pub(crate) struct Use {
    pub(crate) file: String,
    pub(crate) from: Module,
    pub(crate) to: Module,
}

pub(crate) struct Crate {
    pub(crate) root: String,
    pub(crate) modules: BTreeSet<Module>,
    pub(crate) uses: Vec<Use>,
}

impl Crate {
    /// Reads every file of a crate but its tests and its programs.
    pub(crate) fn read(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        collect(src, &[], &mut files);
        let root = fs::read_to_string(src.join("lib.rs")).unwrap();
        let found: BTreeMap<Module, Found> = files
            .iter()
            .map(|(module, path)| {
                (
                    module.clone(),
                    paths::find(&fs::read_to_string(path).unwrap(), module),
                )
            })
            .collect();
        let tests: BTreeSet<Module> = found
            .values()
            .flat_map(|found| found.test_modules.iter().cloned())
            .collect();
        let is_test =
            |module: &Module| (1..=module.len()).any(|length| tests.contains(&module[..length]));
        let modules: BTreeSet<Module> = found
            .keys()
            .filter(|module| !is_test(module))
            .cloned()
            .collect();
        let mut uses = Vec::new();
        for module in &modules {
            let file = files[module]
                .strip_prefix(src)
                .unwrap()
                .display()
                .to_string();
            let named = found[module]
                .paths
                .iter()
                .filter_map(|path| resolve(path, &modules, &found, 0));
            uses.extend(named.map(|to| Use {
                file: file.clone(),
                from: module.clone(),
                to,
            }));
        }
        Self {
            root,
            modules,
            uses,
        }
    }

    /// The uses between the modules of each folder, by the folder.
    fn rooms(&self) -> BTreeMap<Module, BTreeMap<(String, String), &Use>> {
        let mut rooms: BTreeMap<Module, BTreeMap<(String, String), &Use>> = BTreeMap::new();
        for one in &self.uses {
            let common = one
                .from
                .iter()
                .zip(&one.to)
                .take_while(|(from, to)| from == to)
                .count();
            if let (Some(from), Some(to)) = (one.from.get(common), one.to.get(common)) {
                rooms
                    .entry(one.from[..common].to_vec())
                    .or_default()
                    .entry((from.clone(), to.clone()))
                    .or_insert(one);
            }
        }
        rooms
    }

    /// The uses between the modules of the root.
    pub(crate) fn root_uses(&self) -> BTreeMap<(String, String), &Use> {
        self.rooms().remove(&Vec::new()).unwrap_or_default()
    }

    /// One circle for each module that is part of one, with the files that close it.
    pub(crate) fn circles(&self) -> Vec<String> {
        let mut circles = Vec::new();
        for (room, uses) in self.rooms() {
            let names: BTreeSet<&String> = uses.keys().map(|(from, _)| from).collect();
            let mut seen = BTreeSet::new();
            for name in names {
                let Some(circle) = circle_of(name, &uses) else {
                    continue;
                };
                if seen.insert(circle.iter().cloned().collect::<BTreeSet<_>>()) {
                    let why: Vec<_> = circle
                        .windows(2)
                        .map(|pair| &uses[&(pair[0].clone(), pair[1].clone())])
                        .collect();
                    let why: Vec<_> = why
                        .iter()
                        .map(|one| format!("{} uses {}", one.file, one.to.join("::")))
                        .collect();
                    let room = if room.is_empty() {
                        "the root".into()
                    } else {
                        room.join("::")
                    };
                    circles.push(format!(
                        "{room}: {} ({})",
                        circle.join(" -> "),
                        why.join(", ")
                    ));
                }
            }
        }
        circles
    }
}

/// The shortest way from a module back to itself.
fn circle_of(start: &str, uses: &BTreeMap<(String, String), &Use>) -> Option<Vec<String>> {
    let (mut ways, mut seen) = (vec![vec![start.to_owned()]], BTreeSet::new());
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for (_, to) in uses.keys().filter(|(from, _)| Some(from) == way.last()) {
                let way = [way.clone(), vec![to.clone()]].concat();
                if to == start {
                    return Some(way);
                }
                if seen.insert(to.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

fn collect(folder: &Path, module: &[String], files: &mut BTreeMap<Module, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            collect(&path, &[module, &[name]].concat(), files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            match name.as_str() {
                "main" => {}
                "lib" | "mod" => drop(files.insert(module.to_vec(), path)),
                _ => drop(files.insert([module, &[name]].concat(), path)),
            }
        }
    }
}

/// The module that a path leads to. An item that a module imports belongs to the module it comes
/// from.
fn resolve(
    path: &[String],
    modules: &BTreeSet<Module>,
    found: &BTreeMap<Module, Found>,
    depth: u8,
) -> Option<Module> {
    let length = (0..=path.len())
        .rev()
        .find(|length| modules.contains(&path[..*length]))?;
    let (module, item) = (&path[..length], path.get(length));
    let import = item.and_then(|item| found.get(module)?.imports.get(item));
    match import {
        Some(import) if depth < 8 && import != path => {
            resolve(import, modules, found, depth + 1).or_else(|| Some(module.to_vec()))
        }
        _ => Some(module.to_vec()),
    }
}
