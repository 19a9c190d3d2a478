//! The paths that a file of Rust names, read from its tokens: comments and texts are none, macros
//! are looked into.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr as _,
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::modules::Module;

/// What a file names.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Paths into the same crate, from its root.
    pub(crate) paths: BTreeSet<Vec<String>>,
    /// Names that `use` brings into the file, with their paths.
    pub(crate) imports: BTreeMap<String, Vec<String>>,
    /// Modules of tests that are declared here.
    pub(crate) test_modules: BTreeSet<Module>,
}

pub(crate) fn find(source: &str, module: &Module) -> Found {
    let tokens =
        TokenStream::from_str(source).unwrap_or_else(|error| panic!("{module:?}: {error}"));
    let mut found = Found::default();
    walk(
        &tokens.into_iter().collect::<Vec<_>>(),
        module,
        true,
        &mut found,
    );
    found
}

fn walk(tokens: &[TokenTree], module: &Module, is_file: bool, found: &mut Found) {
    let (mut at, mut is_test) = (0, false);
    while let Some(token) = tokens.get(at) {
        let rest = &tokens[at + 1..];
        match token {
            token if is_punct(token, '#') => is_test |= is_test_only(rest.first()),
            token if is_punct(token, ';') => is_test = false,
            TokenTree::Group(group) if is_test => is_test = group.delimiter() != Delimiter::Brace,
            TokenTree::Group(group) => walk(&inside(group), module, false, found),
            TokenTree::Ident(word) if word == "mod" => {
                let Some(TokenTree::Ident(name)) = rest.first() else {
                    break;
                };
                let inner = [module.as_slice(), &[name.to_string()]].concat();
                match rest.get(1) {
                    Some(TokenTree::Group(group)) if !is_test => {
                        walk(&inside(group), &inner, false, found);
                    }
                    Some(TokenTree::Punct(_)) if is_test => drop(found.test_modules.insert(inner)),
                    _ => {}
                }
                (at, is_test) = (at + 2, false);
            }
            TokenTree::Ident(word)
                if word == "use" && !rest.first().is_some_and(|next| is_punct(next, '<')) =>
            {
                let end = rest
                    .iter()
                    .position(|token| is_punct(token, ';'))
                    .unwrap_or(rest.len());
                if !is_test {
                    imports(&rest[..end], module, is_file, found);
                }
                (at, is_test) = (at + 1 + end, false);
            }
            TokenTree::Ident(_) => {
                let path = path(&tokens[at..]);
                at += 3 * (path.len() - 1);
                if path.len() > 1 && !is_test {
                    found.paths.insert(absolute(&path, module));
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

fn inside(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

fn is_punct(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// Whether an attribute, behind its `#`, keeps an item for tests.
fn is_test_only(attribute: Option<&TokenTree>) -> bool {
    let text = attribute
        .map(|attribute| attribute.to_string().replace(' ', ""))
        .unwrap_or_default();
    text.starts_with("[cfg(test") || text.starts_with("[cfg(all(test")
}

/// The path that begins with the first token, which is a name.
fn path(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = vec![tokens[0].to_string()];
    for part in tokens[1..].chunks_exact(3) {
        match part {
            [first, second, TokenTree::Ident(name)]
                if is_punct(first, ':') && is_punct(second, ':') =>
            {
                path.push(name.to_string());
            }
            _ => break,
        }
    }
    path
}

fn imports(tokens: &[TokenTree], module: &Module, is_file: bool, found: &mut Found) {
    let mut leaves = Vec::new();
    tree(tokens, &[], &mut leaves);
    for (path, name) in leaves {
        let path = absolute(&path, module);
        if is_file {
            found.imports.insert(name, path.clone());
        }
        found.paths.insert(path);
    }
}

/// The paths of a `use`, with the names that they bring.
fn tree(tokens: &[TokenTree], before: &[String], leaves: &mut Vec<(Vec<String>, String)>) {
    for branch in tokens.split(|token| is_punct(token, ',')) {
        let (mut path, mut name) = (before.to_vec(), None);
        let mut at = 0;
        while let Some(token) = branch.get(at) {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    name = branch.get(at + 1).map(ToString::to_string);
                    at += 1;
                }
                TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) => {
                    tree(&inside(group), &path, leaves);
                    path.clear();
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            at += 1;
        }
        if let Some(last) = path.last().cloned() {
            leaves.push((path, name.unwrap_or(last)));
        }
    }
}

/// A path from the root of the crate. A path without `crate`, `self` and `super` may begin with a
/// child of the module; if it begins with another crate, it leads to the module itself.
fn absolute(path: &[String], module: &Module) -> Vec<String> {
    let (mut from, skipped) = match path[0].as_str() {
        "crate" => (Vec::new(), 1),
        "self" => (module.clone(), 1),
        _ => (module.clone(), 0),
    };
    let mut rest = path.iter().skip(skipped).peekable();
    while rest.next_if(|part| *part == "super").is_some() {
        from.pop();
    }
    from.extend(rest.cloned());
    from
}
