//! The widths of the columns, and the parts into which they are split for a narrow terminal.

use std::ops::Range;

use super::{
    columns,
    limits::{Limits, Spacing},
    note::Note,
    picture::Picture,
    versions::distinct,
};
use crate::render::{NARROW, text::width, total};

/// The least width of a name or a version; for less room the columns are split into parts.
const READABLE: usize = 9;
/// The least width of the name of an environment before it is wrapped.
const HEADER: usize = 12;
/// Versions longer than this are shortened when the columns are split into parts.
const GENEROUS: usize = 24;

/// The limits, and the columns of each part.
pub(super) type Arrangement = (Limits, Vec<Vec<usize>>);

impl Picture {
    /// The arrangement that shortens least; `None` if the environments have to be listed below
    /// their component.
    pub(super) fn arranged(&self, most: Option<usize>) -> Option<Arrangement> {
        let whole = Limits {
            component: self.names().map(width).max().unwrap_or(0),
            version: self.versions().map(width).max().unwrap_or(0),
            header: usize::MAX,
            spacing: Spacing::Wide,
        };
        let all: Vec<_> = (0..self.columns.len()).collect();
        let Some(most) = most else {
            return Some((whole, vec![all]));
        };
        let fits = |limits: &Limits| self.width(&all, *limits) <= most;
        let spaced = Spacing::ALL.map(|spacing| Limits { spacing, ..whole });
        let unshortened = spaced.into_iter().find(fits);
        if most < usize::from(NARROW) {
            return unshortened.map(|limits| (limits, vec![all]));
        }
        let tight = Limits {
            header: HEADER,
            spacing: Spacing::Tight,
            ..whole
        };
        let least = Limits {
            component: distinct(self.names(), READABLE.max(most / 4)).min(whole.component),
            version: distinct(self.versions(), READABLE).min(whole.version),
            ..tight
        };
        unshortened
            .or_else(|| Self::shortened(least, tight, fits))
            .map(|limits| (limits, vec![all]))
            .or_else(|| self.split(least, whole, most))
    }

    /// The limits that shorten versions as little as possible, and names only if that is not enough.
    fn shortened(least: Limits, whole: Limits, fits: impl Fn(&Limits) -> bool) -> Option<Limits> {
        let versions = |version| Limits { version, ..whole };
        let names = |component| Limits { component, ..least };
        let version = largest(least.version..whole.version + 1, |most| {
            fits(&versions(most))
        });
        version.map(versions).or_else(|| {
            let range = least.component..whole.component;
            largest(range, |most| fits(&names(most))).map(names)
        })
    }

    /// Whether the table has one part, and nothing is shortened. A list has room too.
    pub(super) fn has_room(&self, most: Option<usize>) -> bool {
        self.arranged(most).is_none_or(|(limits, parts)| {
            let is_shortened = |text: &str| width(text) > limits.version;
            let names = self.names().all(|name| width(name) <= limits.component);
            parts.len() <= 1 && names && !self.versions().any(is_shortened)
        })
    }

    /// The columns in as few parts as possible, with versions and names as long as these allow.
    fn split(&self, least: Limits, whole: Limits, most: usize) -> Option<Arrangement> {
        let fewest = self.parts(least, most);
        if fewest.is_empty() || !self.fit(&fewest, least, most) {
            return None;
        }
        let fits = |limits: Limits| {
            let parts = self.parts(limits, most);
            parts.len() == fewest.len() && self.fit(&parts, limits, most)
        };
        let generous = whole.version.min(GENEROUS).max(least.version);
        let version = largest(least.version..generous + 1, |version| {
            fits(Limits { version, ..least })
        });
        let limits = Limits {
            version: version.unwrap_or(least.version),
            ..least
        };
        let component = largest(least.component..whole.component + 1, |component| {
            fits(Limits {
                component,
                ..limits
            })
        });
        let limits = Limits {
            component: component.unwrap_or(least.component),
            ..limits
        };
        let spaced = Spacing::ALL.map(|spacing| Limits { spacing, ..limits });
        let limits = spaced.into_iter().find(|limits| fits(*limits))?;
        Some((limits, self.parts(limits, most)))
    }

    fn parts(&self, limits: Limits, most: usize) -> Vec<Vec<usize>> {
        let is_production: Vec<_> = self
            .columns
            .iter()
            .map(|column| column.is_production)
            .collect();
        columns::parts(&is_production, |part| self.width(part, limits) <= most)
    }

    fn fit(&self, parts: &[Vec<usize>], limits: Limits, most: usize) -> bool {
        parts.iter().all(|part| self.width(part, limits) <= most)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.rows.iter().map(|(name, _)| name.as_str());
        names.chain(["component"])
    }

    fn versions(&self) -> impl Iterator<Item = &str> {
        let cells = self
            .rows
            .iter()
            .flat_map(|(_, cells)| cells.iter().flatten());
        cells.flat_map(|cell| {
            let notes = cell.notes.iter().map(|note| &note.text);
            cell.versions.iter().chain(notes).map(String::as_str)
        })
    }

    fn width(&self, part: &[usize], limits: Limits) -> usize {
        let columns = part.iter().map(|at| self.column(*at, limits).total());
        let component = std::iter::once(limits.component);
        total(&component.chain(columns).collect::<Vec<_>>())
    }

    pub(super) fn column(&self, at: usize, limits: Limits) -> Widths {
        let cells = || self.rows.iter().filter_map(|(_, cells)| cells[at].as_ref());
        let most = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0);
        let note = |note: &Note| note.width(limits);
        let mut widths = Widths {
            header: width(self.columns[at].name.as_str()),
            version: most(&mut cells().map(|cell| width(&cell.version(limits.version)))),
            age: most(&mut cells().map(|cell| width(&cell.age))),
            after: most(&mut cells().map(|cell| width(&cell.after))),
            gap: limits.spacing.gap(),
            notes: most(&mut cells().flat_map(|cell| cell.notes.iter().map(note))),
        };
        widths.header = widths.header.min(widths.body().max(limits.header));
        widths
    }
}

/// The largest limit that fits, if one does. A smaller limit always fits better.
fn largest(limits: Range<usize>, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut fitting, mut others) = (None, limits);
    while !others.is_empty() {
        let middle = others.start.midpoint(others.end - 1);
        if fits(middle) {
            (fitting, others.start) = (Some(middle), middle + 1);
        } else {
            others.end = middle;
        }
    }
    fitting
}

/// The widths of the parts of a column.
pub(super) struct Widths {
    header: usize,
    pub(super) version: usize,
    pub(super) age: usize,
    pub(super) after: usize,
    /// The space before an age.
    pub(super) gap: usize,
    notes: usize,
}

impl Widths {
    pub(super) fn total(&self) -> usize {
        self.header.max(self.body()).max(1)
    }

    fn body(&self) -> usize {
        let age = if self.age == 0 {
            0
        } else {
            self.gap + self.age
        };
        let after = if self.after == 0 { 0 } else { 1 + self.after };
        self.notes.max(self.version + age + after)
    }
}
