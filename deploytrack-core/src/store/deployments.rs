//! Deployments as they stand.

use sqlx::{Database, FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Place, Section, Snapshot, Store,
    column::{Micros, checked, checked_option, digest, signed, unsigned},
    current::PlaceRow,
    fault::{unexpected, unreadable},
    on,
    shown::{in_environments, in_section, unless_archived},
    write::{in_lists, in_sets},
};
use crate::{
    clock::Time,
    deployment::{Deployment, Metadata},
    digest::Digest,
    error::Error,
    query::{Cursor, ListKey, Order},
    status::Status,
    text::{CommitSha, Label, Version},
};

/// What every query of deployments selects.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select d.id, d.component_id, c.name as component_name, d.environment_id, e.name as environment_name, d.version, ",
            "d.status, d.attempt, d.deployed_by, d.commit_sha, d.description, d.metadata, d.created_at, d.updated_at, ",
            "d.started_at, d.finished_at, d.succeeded_at, d.succeeded_sequence, d.occurred_at, d.occurred_sequence, d.head_hash, d.revision, ",
            "c.archived_at as component_archived_at, e.archived_at as environment_archived_at ",
            "from deployments d join components c on c.id = d.component_id join environments e on e.id = d.environment_id ",
            $rest
        )
    };
}

/// How many bytes the texts of a deployment take that may be long. Neither database reads them to say so.
macro_rules! bytes {
    () => {
        "cast(octet_length(d.metadata) + coalesce(octet_length(d.description), 0) as bigint) as bytes"
    };
}

mod writing;

pub(crate) use writing::Line;

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    component_id: Uuid,
    component_name: String,
    environment_id: Uuid,
    environment_name: String,
    version: String,
    status: String,
    attempt: i64,
    deployed_by: String,
    commit_sha: Option<String>,
    description: Option<String>,
    metadata: String,
    created_at: Micros,
    updated_at: Micros,
    started_at: Option<Micros>,
    finished_at: Option<Micros>,
    succeeded_at: Option<Micros>,
    succeeded_sequence: Option<i64>,
    occurred_at: Micros,
    occurred_sequence: i64,
    head_hash: Vec<u8>,
    revision: i64,
    component_archived_at: Option<Micros>,
    environment_archived_at: Option<Micros>,
}

/// A deployment together with what its row keeps for writers.
#[derive(Clone, Debug)]
pub(crate) struct Revised {
    pub(crate) deployment: Deployment,
    /// The row of history of its latest success.
    pub(crate) succeeded: Option<i64>,
    /// The row of history of its latest transition.
    pub(crate) occurred: i64,
    /// The hash of its latest row of history.
    pub(crate) head: Digest,
    /// How often the row was written; 0 for one that is not in the database yet.
    pub(crate) revision: i64,
    /// Since when its component and its environment are archived.
    pub(crate) archived_at: (Option<Time>, Option<Time>),
}

impl TryFrom<Row> for Revised {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let deployment = Deployment {
            id: row.id,
            component_id: row.component_id,
            component_name: checked(&row.component_name)?,
            environment_id: row.environment_id,
            environment_name: checked(&row.environment_name)?,
            version: checked(&row.version)?,
            status: checked(&row.status)?,
            attempt: row.attempt,
            deployed_by: checked(&row.deployed_by)?,
            commit_sha: checked_option(row.commit_sha.as_deref())?,
            description: checked_option(row.description.as_deref())?,
            metadata: Metadata::stored(&row.metadata).map_err(unreadable)?,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            started_at: row.started_at.map(|time| time.0),
            finished_at: row.finished_at.map(|time| time.0),
            succeeded_at: row.succeeded_at.map(|time| time.0),
            occurred_at: row.occurred_at.0,
        };
        let (succeeded, occurred) = (row.succeeded_sequence, row.occurred_sequence);
        let archived_at = (row.component_archived_at.map(|time| time.0), row.environment_archived_at.map(|time| time.0));
        Ok(Self { deployment, succeeded, occurred, head: digest(&row.head_hash)?, revision: row.revision, archived_at })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Deployment>, Error> {
    rows.into_iter().map(|row| Revised::try_from(row).map(|revised| revised.deployment)).collect()
}

/// Which deployments a list shows, names resolved to ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowFilter {
    pub(crate) component_id: Option<Uuid>,
    pub(crate) environment_id: Option<Uuid>,
    pub(crate) status: Option<Status>,
    pub(crate) version: Option<Version>,
    pub(crate) commit_sha: Option<CommitSha>,
    pub(crate) deployed_by: Option<Label>,
    pub(crate) created_after: Option<Time>,
    pub(crate) created_before: Option<Time>,
    pub(crate) occurred_after: Option<Time>,
    pub(crate) occurred_before: Option<Time>,
    pub(crate) order: Order,
}

impl RowFilter {
    /// Whether the maintained counts know how many deployments match.
    pub(crate) fn is_counted(&self) -> bool {
        self.version.is_none()
            && self.commit_sha.is_none()
            && self.deployed_by.is_none()
            && self.created_after.is_none()
            && self.created_before.is_none()
            && self.occurred_after.is_none()
            && self.occurred_before.is_none()
    }

    /// The filter whose index leads past the fewest rows, as far as that can be told without counting: what is under way is
    /// little, however long the history; a cell has few of all deployments, and a component; what was rolled back is less
    /// than what an environment has. A version is in a few cells, and what there is of it is sorted; a component has a few
    /// deployments of any version.
    fn lead(&self) -> Lead {
        if self.version.is_some() && self.component_id.is_none() {
            return Lead::Version;
        }
        match (self.status, self.component_id, self.environment_id) {
            (Some(Status::Pending | Status::InProgress), ..) => Lead::Status,
            // The cell has an index in one order alone; in the other its component has few enough.
            (_, Some(_), Some(_)) if self.order == Order::Occurred => Lead::Cell,
            (_, Some(_), _) => Lead::Component,
            (Some(Status::RolledBack), ..) => Lead::Status,
            (_, _, Some(_)) => Lead::Environment,
            _ => Lead::Any,
        }
    }
}

/// By which of its filters a list is searched, where it has more than one with an index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Cell,
    Component,
    Environment,
    Status,
    Version,
    /// There is no choice to make, or no order to keep that would mislead.
    Any,
}

/// What is written before the column of a filter that does not lead, so that no index is chosen for it.
///
/// PostgreSQL chooses by its statistics, and well. SQLite has none here and takes one index for as good as another: for the 16
/// failed deployments of a small component it walked past the 69,000 of all, which took 0.1 s of a million and grew with
/// the history.
trait Aside {
    const ASIDE: &'static str;
}

#[cfg(feature = "sqlite")]
impl Aside for sqlx::Sqlite {
    const ASIDE: &'static str = "+";
}

#[cfg(feature = "postgres")]
impl Aside for sqlx::Postgres {
    const ASIDE: &'static str = "";
}

/// What is written before the column of a filter, for the database of this query.
fn before<DB: Database + Aside>(_: &QueryBuilder<DB>, lead: Lead) -> impl Fn(Lead) -> &'static str + use<DB> {
    move |column| {
        let leads = match lead {
            Lead::Any => true,
            Lead::Cell => matches!(column, Lead::Component | Lead::Environment),
            one => one == column,
        };
        if leads { "" } else { DB::ASIDE }
    }
}

/// What is written before the column of a time that does not order the list: its index has another order.
fn before_time<DB: Database + Aside>(_: &QueryBuilder<DB>, order: Option<Order>) -> impl Fn(Order) -> &'static str + use<DB> {
    move |column| if order.is_none_or(|order| order == column) { "" } else { DB::ASIDE }
}

/// Adds the conditions of a filter to a query, for whichever database the query is, led by one of them.
macro_rules! filtered {
    ($query:expr, $filter:expr, $lead:expr, $order:expr) => {{
        let (query, filter): (_, &RowFilter) = ($query, $filter);
        let (before, before_time) = (before(query, $lead), before_time(query, $order));
        query.push(" where true");
        if let Some(id) = filter.component_id {
            query.push(" and ").push(before(Lead::Component)).push("d.component_id = ").push_bind(id);
        }
        if let Some(id) = filter.environment_id {
            query.push(" and ").push(before(Lead::Environment)).push("d.environment_id = ").push_bind(id);
        }
        if let Some(status) = filter.status {
            query.push(" and ").push(before(Lead::Status)).push("d.status = ").push_bind(status.as_str());
        }
        if let Some(version) = &filter.version {
            query.push(" and ").push(before(Lead::Version)).push("d.version = ").push_bind(version.to_string());
        }
        if let Some(commit_sha) = &filter.commit_sha {
            query.push(" and d.commit_sha = ").push_bind(commit_sha.to_string());
        }
        if let Some(deployed_by) = &filter.deployed_by {
            query.push(" and d.deployed_by = ").push_bind(deployed_by.to_string());
        }
        for (order, column, from, until) in [
            (Order::Created, "d.created_at", filter.created_after, filter.created_before),
            (Order::Occurred, "d.occurred_at", filter.occurred_after, filter.occurred_before),
        ] {
            if let Some(time) = from {
                query.push(" and ").push(before_time(order)).push(column).push(" >= ").push_bind(Micros(time));
            }
            if let Some(time) = until {
                query.push(" and ").push(before_time(order)).push(column).push(" < ").push_bind(Micros(time));
            }
        }
        query
    }};
}

/// What is current of one component, in the environments that follow.
const CURRENT_OF: &str = select!("join current_cells cell on cell.deployment_id = d.id where cell.component_id = ");

/// The same without what may be large.
const CURRENT_SIZES: &str = concat!(
    "select cell.component_id, cell.environment_id, ",
    bytes!(),
    " from current_cells cell join deployments d on d.id = cell.deployment_id join environments e on e.id = cell.environment_id \
     where cell.component_id = $1 order by e.position, e.id"
);

/// The newest deployment of each of some cells by when it happened, where it is under way or failed and newer than what is
/// current: a removal, too, leaves what is older behind. Every cell that was ever written to has its row in `current_cells`,
/// and one look into `deployments_by_cell_occurred` finds its newest deployment, however many it has had. What the status is
/// not, rather than what it is, keeps SQLite from going through all that ever failed.
///
/// The cells come between the two texts.
const NEWEST_OF: &str = "where d.id in (
         select (select newest.id from deployments newest
                 where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
                 order by newest.occurred_at desc, newest.occurred_sequence desc limit 1)
         from ";
const UNSETTLED: &str = ")
     and d.status not in ('succeeded', 'rolled_back')
     and not exists (
         select 1 from cell_periods period
         where period.component_id = d.component_id and period.environment_id = d.environment_id and period.ended_at is null
             and (period.started_at, period.sequence) > (d.occurred_at, d.occurred_sequence))";

/// The places of attempts, without what may be large.
const ATTEMPT_SIZES: &str = concat!("select d.component_id, d.environment_id, ", bytes!(), " from deployments d ");

/// The cells of a section, as the source of [`NEWEST_OF`].
const OF_SECTION: &str = "components c cross join current_cells cell where cell.component_id = c.id";

/// The cells of a list, as the source of [`NEWEST_OF`].
const OF_LIST: &str = "asked cross join current_cells cell \
                       where cell.component_id = asked.component_id and cell.environment_id = asked.environment_id";

/// A cell, and how many bytes its deployment takes beside what every deployment takes.
#[derive(Debug, FromRow)]
struct SizeRow {
    #[sqlx(flatten)]
    place: PlaceRow,
    bytes: i64,
}

fn sizes(rows: Vec<SizeRow>) -> Vec<(Place, u64)> {
    rows.into_iter().map(|row| (row.place.into(), unsigned(row.bytes))).collect()
}

/// Adds the order and the bounds of a page that is counted from the newest.
macro_rules! newest {
    ($query:expr, $order:expr, $skip:expr, $take:expr) => {{
        let (query, skip, take): (_, u64, u64) = ($query, $skip, $take);
        let order = match $order {
            Order::Created => " order by d.created_at desc, d.id desc limit ",
            Order::Occurred => " order by d.occurred_at desc, d.id desc limit ",
        };
        query.push(order).push_bind(signed(take)).push(" offset ").push_bind(signed(skip))
    }};
}

/// Adds the place, the order and the bound of a page that begins at a place.
macro_rules! from {
    ($query:expr, $place:expr, $take:expr) => {{
        let (query, place, take): (_, Cursor, u64) = ($query, $place, $take);
        let ListKey { order, time, id } = place.key();
        let (side, order) = match (place, order) {
            (Cursor::OlderThan(_), Order::Created) => (" and (d.created_at, d.id) < (", ") order by d.created_at desc, d.id desc limit "),
            (Cursor::NewerThan(_), Order::Created) => (" and (d.created_at, d.id) > (", ") order by d.created_at, d.id limit "),
            (Cursor::OlderThan(_), Order::Occurred) => {
                (" and (d.occurred_at, d.id) < (", ") order by d.occurred_at desc, d.id desc limit ")
            }
            (Cursor::NewerThan(_), Order::Occurred) => (" and (d.occurred_at, d.id) > (", ") order by d.occurred_at, d.id limit "),
        };
        query.push(side).push_bind(Micros(time)).push(", ").push_bind(id).push(order).push_bind(signed(take))
    }};
}

impl Store {
    /// One deployment.
    pub(crate) async fn deployment(&self, id: Uuid) -> Result<Option<Revised>, Error> {
        let row: Option<Row> =
            on!(Pool, &self.reads, |pool| sqlx::query_as(select!("where d.id = $1")).bind(id).fetch_optional(pool).await)
                .map_err(unexpected)?;
        row.map(Revised::try_from).transpose()
    }

    /// Part of the list, newest first.
    pub(crate) async fn deployments(&self, filter: &RowFilter, skip: u64, take: u64) -> Result<Vec<Deployment>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new(select!(""));
            newest!(filtered!(&mut query, filter, filter.lead(), Some(filter.order)), filter.order, skip, take)
                .build_query_as()
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        all(rows)
    }

    /// The deployments from a place on, the nearest first.
    pub(crate) async fn deployments_from(&self, filter: &RowFilter, place: Cursor, take: u64) -> Result<Vec<Deployment>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new(select!(""));
            from!(filtered!(&mut query, filter, filter.lead(), Some(filter.order)), place, take).build_query_as().fetch_all(pool).await
        })
        .map_err(unexpected)?;
        all(rows)
    }

    /// How many deployments match, by looking at each.
    pub(crate) async fn matching_deployments(&self, filter: &RowFilter) -> Result<u64, Error> {
        let count: i64 = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new("select count(*) from deployments d");
            let lead = if filter.lead() == Lead::Version { Lead::Version } else { Lead::Any };
            filtered!(&mut query, filter, lead, None).build_query_scalar().fetch_one(pool).await
        })
        .map_err(unexpected)?;
        Ok(unsigned(count))
    }

    /// How many bytes each of the next deployments takes, from a place on, beside what every deployment takes.
    pub(crate) async fn sizes_from(&self, filter: &RowFilter, place: Cursor, take: u64) -> Result<Vec<u64>, Error> {
        let sizes: Vec<i64> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new(concat!("select ", bytes!(), " from deployments d"));
            from!(filtered!(&mut query, filter, filter.lead(), Some(filter.order)), place, take).build_query_scalar().fetch_all(pool).await
        })
        .map_err(unexpected)?;
        Ok(sizes.into_iter().map(unsigned).collect())
    }

    /// The cells of a section whose newest deployment by when it happened is pending, in progress or failed, and newer than
    /// what is current, with the bytes of that deployment; in no order.
    pub(crate) async fn attempt_sizes(&self, section: Section<'_>) -> Result<Vec<(Place, u64)>, Error> {
        let rows: Vec<SizeRow> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new(ATTEMPT_SIZES);
            query.push(NEWEST_OF).push(OF_SECTION);
            in_environments!(in_section!(&mut query, section), section).push(UNSETTLED).build_query_as().fetch_all(pool).await
        })
        .map_err(unexpected)?;
        Ok(sizes(rows))
    }

    /// The newest deployments of these cells by when they happened, where they are pending, in progress or failed and newer
    /// than what is current, in no order.
    pub(crate) async fn unsettled(&self, places: &[Place]) -> Result<Vec<Deployment>, Error> {
        let mut attempts = Vec::with_capacity(places.len());
        for set in in_sets(places) {
            let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new("with asked (component_id, environment_id) as (");
                query.push_values(set, |mut row, place: Option<&Place>| {
                    row.push_bind(place.map(|place| place.component_id)).push_bind(place.map(|place| place.environment_id));
                });
                query.push(concat!(") ", select!(""))).push(NEWEST_OF).push(OF_LIST).push(UNSETTLED);
                query.build_query_as().fetch_all(pool).await
            })
            .map_err(unexpected)?;
            attempts.extend(all(rows)?);
        }
        Ok(attempts)
    }

    /// The cells of a component in which something is current, in environment order, with the bytes of that deployment.
    pub(crate) async fn current_sizes(&self, component_id: Uuid) -> Result<Vec<(Place, u64)>, Error> {
        let rows: Vec<SizeRow> = on!(Pool, &self.reads, |pool| { sqlx::query_as(CURRENT_SIZES).bind(component_id).fetch_all(pool).await })
            .map_err(unexpected)?;
        Ok(sizes(rows))
    }

    /// The current deployments of a component in these environments, in environment order.
    pub(crate) async fn current_of(&self, component_id: Uuid, environment_ids: &[Uuid]) -> Result<Vec<Deployment>, Error> {
        let mut current = Vec::with_capacity(environment_ids.len());
        for list in in_lists(environment_ids) {
            let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new(CURRENT_OF);
                query.push_bind(component_id).push(" and cell.environment_id in (");
                let mut ids = query.separated(", ");
                for id in list {
                    ids.push_bind(*id);
                }
                query.push(") order by e.position, e.id").build_query_as().fetch_all(pool).await
            })
            .map_err(unexpected)?;
            current.extend(all(rows)?);
        }
        Ok(current)
    }
}

/// A deployment's id and its cell, and what it says if it can be read.
pub(crate) type Found = (Uuid, Place, Result<Revised, Error>);

impl Snapshot {
    /// The deployments that follow `after` by id; one that cannot be read comes with the reason.
    pub(crate) async fn deployments_by_id(&mut self, after: Option<Uuid>, take: u64) -> Result<Vec<Found>, Error> {
        let rows: Vec<Row> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(select!("where d.id > $1 order by d.id limit $2"))
                .bind(after.unwrap_or_default())
                .bind(signed(take))
                .fetch_all(&mut **snapshot)
                .await
        })
        .map_err(unexpected)?;
        let found = |row: Row| (row.id, Place { component_id: row.component_id, environment_id: row.environment_id }, row.try_into());
        Ok(rows.into_iter().map(found).collect())
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod plans;
