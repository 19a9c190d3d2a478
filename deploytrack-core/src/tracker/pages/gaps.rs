//! The gaps of a matrix: how each cell differs from the cell before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::{
    catalog::EnvironmentType,
    clock::Time,
    compare::{Comparison, FirstSuccesses, Stay, Track},
    error::Error,
    matrix::{Cell, Gap},
    store::{CellKey, CellPeriod, Column, Store, Successes, VersionKey},
    text::CommitSha,
};

/// How many components are compared at once. The history that their comparisons need is in memory
/// together.
const AT_ONCE: usize = 32;

/// The cells of each component, in environment order, each with the position of its column.
pub(super) type CellsByComponent = HashMap<Uuid, Vec<(usize, Cell)>>;

/// A cell, and the cell that it is compared with.
struct Pair<'a> {
    key: CellKey,
    /// The index of the cell in its row.
    index: usize,
    cell: &'a Cell,
    against: &'a Column,
    other: &'a Cell,
}

impl Pair<'_> {
    fn other_key(&self) -> CellKey {
        CellKey {
            environment_id: self.against.id,
            ..self.key
        }
    }

    fn versions(&self) -> [VersionKey; 2] {
        [self.cell, self.other].map(|cell| (self.key.component_id, cell.version.to_string()))
    }

    fn has_one_version(&self) -> bool {
        self.cell.version == self.other.version
    }

    /// Compares two cells with the same version, for which no history is needed.
    fn compared_by_commit(&self) -> Option<Gap> {
        let (here, there) = ([current(self.cell)], [current(self.other)]);
        let first = FirstSuccesses::default();
        self.gap(&Comparison::of(
            Track::new(&here),
            Track::new(&there),
            &first,
        ))
    }

    fn gap(&self, comparison: &Comparison<'_>) -> Option<Gap> {
        Gap::of(self.against.name.clone(), comparison)
    }
}

/// The stay that made a cell current.
fn current(cell: &Cell) -> Stay<'_> {
    Stay {
        version: Some(cell.version.as_str()),
        commit: cell.commit_sha.as_ref().map(CommitSha::as_str),
        started_at: cell.deployed_at,
        is_rolled_back: false,
    }
}

/// Adds its gap to each cell.
pub(super) async fn add(
    cells: &mut CellsByComponent,
    columns: &[Column],
    store: &Store,
    at: Option<Time>,
) -> Result<(), Error> {
    let components: Vec<_> = cells.keys().copied().collect();
    for set in components.chunks(AT_ONCE) {
        for (component_id, index, gap) in gaps_of(set, cells, columns, store, at).await? {
            let row = cells.entry(component_id).or_default();
            if let Some((_, cell)) = row.get_mut(index) {
                cell.gap = Some(gap);
            }
        }
    }
    Ok(())
}

/// The gaps of these components, each with the index of its cell in the row of its component.
async fn gaps_of(
    components: &[Uuid],
    cells: &CellsByComponent,
    columns: &[Column],
    store: &Store,
    at: Option<Time>,
) -> Result<Vec<(Uuid, usize, Gap)>, Error> {
    let rows = components
        .iter()
        .filter_map(|id| Some((*id, cells.get(id)?)));
    let pairs = rows.flat_map(|(id, row)| pairs(id, row, columns));
    let (same, different): (Vec<_>, Vec<_>) = pairs.partition(Pair::has_one_version);
    let history = History::read(&different, store, at).await?;
    let by_commit = same.iter().map(|pair| (pair, pair.compared_by_commit()));
    let by_history = different.iter().map(|pair| (pair, history.gap(pair)));
    let placed = |(pair, gap): (&Pair<'_>, _)| Some((pair.key.component_id, pair.index, gap?));
    Ok(by_commit.chain(by_history).filter_map(placed).collect())
}

/// The cells of a component that are compared, each with the nearest cell before it whose
/// environment has an earlier type.
fn pairs<'a>(
    component_id: Uuid,
    row: &'a [(usize, Cell)],
    columns: &'a [Column],
) -> impl Iterator<Item = Pair<'a>> {
    row.iter()
        .enumerate()
        .filter_map(move |(index, (position, cell))| {
            let column = &columns[*position];
            let (before, other) = row[..index]
                .iter()
                .rfind(|(before, _)| is_earlier(&columns[*before], column))?;
            Some(Pair {
                key: CellKey {
                    component_id,
                    environment_id: column.id,
                },
                index,
                cell,
                against: &columns[*before],
                other,
            })
        })
}

/// Whether a version reaches one environment before another, by their types.
fn is_earlier(one: &Column, other: &Column) -> bool {
    other.r#type != EnvironmentType::Other && one.r#type < other.r#type
}

/// The part of the history that some comparisons need.
struct History {
    successes: HashMap<Uuid, Vec<Successes>>,
    periods: HashMap<CellKey, Vec<CellPeriod>>,
    at: Option<Time>,
}

impl History {
    /// Reads the history for these pairs. Two queries, since the second one begins where the first
    /// one says that the versions were.
    async fn read(pairs: &[Pair<'_>], store: &Store, at: Option<Time>) -> Result<Self, Error> {
        let mut history = Self {
            successes: HashMap::new(),
            periods: HashMap::new(),
            at,
        };
        let versions: BTreeSet<_> = pairs.iter().flat_map(Pair::versions).collect();
        for successes in store.successes(&versions, at).await? {
            let id = successes.cell.component_id;
            history.successes.entry(id).or_default().push(successes);
        }
        let starts: Vec<_> = history.starts(pairs).into_iter().collect();
        for period in store.periods_since(&starts, at).await? {
            history.periods.entry(period.cell).or_default().push(period);
        }
        Ok(history)
    }

    /// Since when the comparisons need the periods of each cell: since it last had the version of
    /// the other cell, or since its own version. If neither cell had the version of the other, a
    /// version that both had may be anywhere in the past.
    fn starts(&self, pairs: &[Pair<'_>]) -> BTreeMap<CellKey, Time> {
        let mut starts = BTreeMap::new();
        for pair in pairs {
            let (key, other_key) = (pair.key, pair.other_key());
            let here = self.last(key, pair.other.version.as_str());
            let there = self.last(other_key, pair.cell.version.as_str());
            let are_related = here.is_some() || there.is_some();
            for (key, last, cell) in [(key, here, pair.cell), (other_key, there, pair.other)] {
                let own = are_related.then_some(cell.deployed_at);
                let start = last.or(own).unwrap_or_default();
                let earliest = starts.entry(key).or_insert(start);
                *earliest = start.min(*earliest);
            }
        }
        starts
    }

    /// The successes of the compared versions of a component.
    fn of_component(&self, id: Uuid) -> impl Iterator<Item = &Successes> {
        self.successes.get(&id).into_iter().flatten()
    }

    /// The last success of a version in a cell that was not rolled back.
    fn last(&self, cell: CellKey, version: &str) -> Option<Time> {
        self.of_component(cell.component_id)
            .find(|one| one.cell == cell && one.version == version)?
            .last_at
    }

    fn gap(&self, pair: &Pair<'_>) -> Option<Gap> {
        let (here, there) = (self.stays(pair.key), self.stays(pair.other_key()));
        let first: Vec<_> = self
            .of_component(pair.key.component_id)
            .map(first_stay)
            .collect();
        let first = FirstSuccesses::of([Track::new(&first)]);
        let (here, there) = (Track::new(&here), Track::new(&there));
        pair.gap(&Comparison::of(here, there, &first))
    }

    fn stays(&self, cell: CellKey) -> Vec<Stay<'_>> {
        let periods = self.periods.get(&cell).into_iter().flatten();
        periods.map(|period| self.stay(period)).collect()
    }

    /// A period as it was at the moment of the matrix. The commits are not needed: these cells have
    /// different versions.
    fn stay<'a>(&self, period: &'a CellPeriod) -> Stay<'a> {
        let is_over = |ended_at| self.at.is_none_or(|at| ended_at <= at);
        Stay {
            version: period.version.as_deref(),
            commit: None,
            started_at: period.started_at,
            is_rolled_back: period.ended_at.is_some_and(is_over),
        }
    }
}

/// The first success of a version in an environment.
fn first_stay(successes: &Successes) -> Stay<'_> {
    Stay {
        version: Some(&successes.version),
        commit: None,
        started_at: successes.first_at,
        is_rolled_back: false,
    }
}
