//! The texts of the matrix, before they are arranged.

use std::collections::BTreeSet;

use anstyle::Style;
use deploytrack_core::{
    age::age,
    clock::Time,
    deployment::Deployment,
    matrix::{Cell, Gap},
    status::Status,
    text::{CommitSha, Label},
};
use uuid::Uuid;

use super::{Column, Contents, note::Note, sign::Sign};
use crate::{
    render::ids::ShortIds,
    render::{
        View,
        commits::{ShortVersions, short_commit},
        text::{clean, middle},
    },
};

/// A failure older than this is shown without colour, as on the dashboard.
const FAILURE_DAYS: i64 = 7;

/// The text of one cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CellText {
    /// The current version; after a change, the former one before it. Empty if no deployment is
    /// current.
    pub(super) versions: Vec<String>,
    pub(super) age: String,
    /// The text behind the age.
    pub(super) after: String,
    pub(super) after_style: Style,
    pub(super) notes: Vec<Note>,
}

impl CellText {
    /// The versions, each shortened to `limit`.
    pub(super) fn version(&self, limit: usize) -> String {
        let short = self.versions.iter().map(|version| middle(version, limit));
        short.collect::<Vec<_>>().join(" → ")
    }
}

/// The texts of the matrix.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<(String, Vec<Option<CellText>>)>,
    /// The signs that occur.
    pub(super) signs: BTreeSet<Sign>,
    /// The text of a cell without a deployment.
    pub(super) empty: &'static str,
}

impl Picture {
    /// The texts of current and unsettled deployments.
    pub(super) fn of(contents: Contents<'_>, view: &View) -> Self {
        let mut painter = Painter::new(contents, view);
        let rows = contents.rows().map(|(row, cells)| {
            let cells = cells.into_iter();
            let texts = cells.map(|(current, newer)| painter.cell(current, newer));
            (row.component_name.to_string(), texts.collect())
        });
        Self {
            rows: rows.collect(),
            columns: contents.columns.to_vec(),
            signs: painter.signs,
            empty: Sign::Empty.mark(),
        }
    }
}

/// Turns deployments into the texts of cells, and collects the signs in them.
pub(super) struct Painter<'a> {
    view: &'a View,
    short: ShortVersions,
    /// The unique lengths of ids; `None` in a table without them.
    ids: Option<&'a ShortIds>,
    pub(super) signs: BTreeSet<Sign>,
}

impl<'a> Painter<'a> {
    fn new(contents: Contents<'a>, view: &'a View) -> Self {
        let cells = contents.rows().flat_map(|(_, cells)| cells);
        let versions = cells.flat_map(|(current, newer)| {
            let current = current.map(|cell| cell.version.as_str());
            current
                .into_iter()
                .chain(newer.map(|one| one.version.as_str()))
        });
        Self {
            ids: view.is_wide.then_some(contents.ids),
            ..Self::with(versions, view)
        }
    }

    /// A painter for a table with these versions.
    pub(super) fn with<'v>(versions: impl Iterator<Item = &'v str>, view: &'a View) -> Self {
        let short = if view.shortens() {
            ShortVersions::of(versions)
        } else {
            ShortVersions::default()
        };
        Self {
            view,
            short,
            ids: None,
            signs: BTreeSet::new(),
        }
    }

    fn cell(&mut self, cell: Option<&Cell>, unsettled: Option<&Deployment>) -> Option<CellText> {
        let mut text = cell.map(|cell| self.current(cell)).unwrap_or_default();
        if let Some(unsettled) = unsettled {
            text.notes.extend(self.unsettled(unsettled));
        }
        let is_empty = text == CellText::default();
        if is_empty {
            self.signs.insert(Sign::Empty);
        }
        (!is_empty).then_some(text)
    }

    fn current(&mut self, cell: &Cell) -> CellText {
        let (after, after_style) = cell.gap.as_ref().map_or_else(Default::default, |gap| {
            (self.gap(gap), Sign::Behind.style())
        });
        CellText {
            versions: vec![self.version(cell.version.as_str())],
            age: self.age(cell.deployed_at),
            after,
            after_style,
            notes: self.origin(
                &cell.deployed_by,
                cell.commit_sha.as_ref(),
                cell.deployment_id,
            ),
        }
    }

    fn gap(&mut self, gap: &Gap) -> String {
        let Some(sign) = Sign::of_gap(gap) else {
            return String::new();
        };
        self.signs.insert(sign);
        let versions = gap.versions.map(|versions| versions.to_string());
        format!("{}{}", sign.mark(), versions.unwrap_or_default())
    }

    fn unsettled(&mut self, deployment: &Deployment) -> Vec<Note> {
        let Some(sign) = Sign::of_unsettled(deployment.status) else {
            return Vec::new();
        };
        self.signs.insert(sign);
        let words = deployment.status.as_str().replace('_', " ");
        let days = (self.view.now - deployment.occurred_at).num_days();
        let is_old = deployment.status == Status::Failed && days > FAILURE_DAYS;
        let note = Note {
            lead: format!("{} ", sign.mark()),
            text: self.version(deployment.version.as_str()),
            tail: format!("{words} {}", self.age(deployment.occurred_at)),
            style: if is_old {
                Style::new().dimmed()
            } else {
                sign.style()
            },
        };
        let origin = self.origin(
            &deployment.deployed_by,
            deployment.commit_sha.as_ref(),
            deployment.id,
        );
        std::iter::once(note).chain(origin).collect()
    }

    /// In a wide table, who deployed it from which commit, and the id of the deployment.
    fn origin(&self, who: &Label, commit: Option<&CommitSha>, id: Uuid) -> Vec<Note> {
        let Some(ids) = self.ids else {
            return Vec::new();
        };
        let id = Note {
            lead: ids.text(id),
            text: String::new(),
            tail: String::new(),
            style: Style::new().dimmed(),
        };
        vec![self.by(who, commit), id]
    }

    /// The person or program, and the commit.
    pub(super) fn by(&self, who: &Label, commit: Option<&CommitSha>) -> Note {
        let shown = |commit: &CommitSha| match commit.as_str() {
            commit if self.view.shortens() => short_commit(commit).to_owned(),
            commit => commit.to_owned(),
        };
        Note {
            lead: "by ".to_owned(),
            text: clean(who.as_str()),
            tail: commit.map(shown).unwrap_or_default(),
            style: Style::new().dimmed(),
        }
    }

    pub(super) fn version(&self, version: &str) -> String {
        clean(&self.short.short(version))
    }

    pub(super) fn age(&self, time: Time) -> String {
        age(self.view.now, time)
    }
}
