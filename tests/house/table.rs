//! The table of modules in `lib.rs`: each module uses only modules in the rows above its own, or in
//! the same row.

use std::collections::BTreeMap;

use crate::modules::Crate;

/// Modules without a row, and uses of a module in a row further down.
pub(crate) fn faults(read: &Crate) -> Vec<String> {
    let rows = rows(read);
    let missing = read
        .modules
        .iter()
        .filter(|module| module.len() == 1 && !rows.contains_key(module[0].as_str()));
    let mut faults: Vec<_> = missing
        .map(|module| format!("lib.rs: the table has no row for {}", module[0]))
        .collect();
    for ((from, to), one) in read.root_uses() {
        if let (Some(above), Some(below)) = (rows.get(from.as_str()), rows.get(to.as_str()))
            && above < below
        {
            faults.push(format!(
                "{}: {from} uses {to}, which the table in lib.rs has below it",
                one.file
            ));
        }
    }
    faults
}

/// The row of each module.
fn rows(read: &Crate) -> BTreeMap<String, usize> {
    let text = read.root.replace("\\n", "\n");
    let cells = text
        .lines()
        .filter_map(|line| line.split('|').nth(1).map(ToOwned::to_owned));
    let names = |cell: String| -> Vec<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(ToOwned::to_owned)
            .collect()
    };
    let is_module = |name: &String| read.modules.contains(&vec![name.clone()]);
    cells
        .map(names)
        .enumerate()
        .flat_map(|(row, names)| {
            names
                .into_iter()
                .filter(is_module)
                .map(move |name| (name, row))
        })
        .collect()
}
