//! The matrix as text: a row per component, a column per environment, and below the current version
//! the unsettled deployment.

mod arrangement;
mod changes;
mod columns;
mod contents;
mod drawing;
mod forms;
mod limits;
mod note;
mod picture;
mod sign;
#[cfg(test)]
mod tests;
mod versions;

pub(crate) use self::{
    changes::{changes, changes_grid, changes_markdown, changes_table},
    columns::Column,
    contents::Contents,
    forms::{cells, markdown},
};
use self::{picture::Picture, sign::legend};
use super::View;

/// The matrix for a terminal, in several parts if the width requires it.
pub(crate) fn matrix_table(contents: Contents<'_>, view: &View) -> String {
    let picture = Picture::of(contents, view);
    with_legend(&picture, view)
}

fn with_legend(picture: &Picture, view: &View) -> String {
    let text = picture.draw(view);
    if picture.signs.is_empty() {
        return text;
    }
    format!("{text}\n{}", legend(&picture.signs, view))
}
