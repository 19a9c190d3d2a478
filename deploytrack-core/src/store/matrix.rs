//! The rows, columns and cells of a matrix, section by section. Every condition is in the SQL: a
//! query for one component reads only the cells of that component.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    CellKey, Store,
    column::{Micros, checked, signed, unsigned},
    current::current_cell,
    on,
    sqlx_error::unexpected,
};
use crate::{
    catalog::EnvironmentType, error::Error, matrix::Cell, query::MatrixFilter, text::Name,
};

/// A part of the rows of a matrix, in name order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section<'a> {
    pub(crate) filter: &'a MatrixFilter,
    /// The key of the name before the section; `None` for the first section.
    pub(crate) after: Option<&'a str>,
    /// The key of the last name of the section; `None` if it is not known yet.
    pub(crate) last: Option<&'a str>,
    /// The environments to read, if they are few; `None` means all.
    pub(crate) environments: Option<&'a [Uuid]>,
}

/// A row of a matrix.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    pub(crate) id: Uuid,
    pub(crate) name: Name,
}

#[derive(Debug, FromRow)]
struct HeadingRow {
    id: Uuid,
    name: String,
}

impl TryFrom<HeadingRow> for Heading {
    type Error = Error;

    fn try_from(row: HeadingRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            name: checked(&row.name)?,
        })
    }
}

/// A column of a matrix.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) id: Uuid,
    pub(crate) name: Name,
    pub(crate) r#type: EnvironmentType,
}

#[derive(Debug, FromRow)]
struct ColumnRow {
    #[sqlx(flatten)]
    heading: HeadingRow,
    r#type: String,
}

impl TryFrom<ColumnRow> for Column {
    type Error = Error;

    fn try_from(row: ColumnRow) -> Result<Self, Error> {
        let Heading { id, name } = row.heading.try_into()?;
        Ok(Self {
            id,
            name,
            r#type: checked(&row.r#type)?,
        })
    }
}

/// The columns of a matrix.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    pub(crate) shown: Vec<Column>,
    /// How many environments the filter hides.
    pub(crate) hidden: u64,
}

/// Adds the condition that a component or environment is not archived, or was not archived at the
/// filter's moment.
macro_rules! unless_archived {
    ($query:expr, $filter:expr, $table:literal) => {{
        let (query, filter): (_, &crate::query::MatrixFilter) = ($query, $filter);
        match filter.at {
            _ if filter.include_archived => {}
            None => {
                query.push(concat!(" and not ", $table, ".archived"));
            }
            Some(at) => {
                query.push(concat!(
                    " and (not ",
                    $table,
                    ".archived or ",
                    $table,
                    ".archived_at > "
                ));
                query.push_bind(Micros(at)).push(")");
            }
        }
    }};
}

/// Adds the conditions of a section to a query of `components c`.
macro_rules! in_section {
    ($query:expr, $section:expr) => {{
        let (query, section): (_, Section<'_>) = ($query, $section);
        let filter = section.filter;
        unless_archived!(&mut *query, filter, "c");
        if !filter.components.is_empty() {
            query.push(" and c.name_key in (");
            let mut keys = query.separated(", ");
            for name in &filter.components {
                keys.push_bind(name.key().into_owned());
            }
            query.push(")");
        }
        for (condition, label) in [
            (" and c.owner = ", &filter.owner),
            (" and c.kind = ", &filter.kind),
            (" and c.lifecycle = ", &filter.lifecycle),
        ] {
            if let Some(label) = label {
                query.push(condition).push_bind(label.as_str().to_owned());
            }
        }
        if let Some(after) = section.after {
            query.push(" and c.name_key > ").push_bind(after.to_owned());
        }
        if let Some(last) = section.last {
            query.push(" and c.name_key <= ").push_bind(last.to_owned());
        }
        query
    }};
}

/// Adds the environments of a section to a query of `current_cells cell`.
macro_rules! in_environments {
    ($query:expr, $section:expr) => {{
        let (query, section): (_, Section<'_>) = ($query, $section);
        if let Some(ids) = section.environments {
            query.push(" and cell.environment_id in (");
            let mut list = query.separated(", ");
            // PostgreSQL rejects an empty list. No row has this id.
            for id in ids
                .iter()
                .copied()
                .chain(ids.is_empty().then_some(Uuid::nil()))
            {
                list.push_bind(id);
            }
            query.push(")");
        }
        query
    }};
}

pub(super) use {in_environments, in_section, unless_archived};

/// Selects the cells of a section. SQLite reads the components in name order and looks up the cells
/// of each by key.
const CELLS: &str = "select cell.component_id, cell.environment_id, \
                     cell.version, cell.succeeded_at, cell.deployment_id, cell.deployed_by, cell.commit_sha \
                     from components c cross join current_cells cell where cell.component_id = c.id and cell.deployment_id is not null";

/// The order in which a limit cuts off cells: component by component.
const BY_COMPONENT: &str = " order by c.name_key limit ";

/// The ids of the component and the environment, and the columns of what is current.
type CellRow = (
    Uuid,
    Uuid,
    Option<String>,
    Option<Micros>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
);

fn cell(
    (component_id, environment_id, version, succeeded_at, id, deployed_by, commit_sha): CellRow,
) -> Result<(CellKey, Option<Cell>), Error> {
    let key = CellKey {
        component_id,
        environment_id,
    };
    let current = current_cell((version, succeeded_at, id, deployed_by, commit_sha))?;
    Ok((key, current))
}

impl Store {
    /// The first components of a section, in name order, up to a limit.
    pub(crate) async fn components_in(
        &self,
        section: Section<'_>,
        take: u64,
    ) -> Result<Vec<Heading>, Error> {
        let rows: Vec<HeadingRow> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new("select c.id, c.name from components c where true");
            let query = in_section!(&mut query, section);
            query
                .push(" order by c.name_key limit ")
                .push_bind(signed(take))
                .build_query_as()
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        rows.into_iter().map(Heading::try_from).collect()
    }

    /// The columns that a filter shows, in environment order.
    pub(crate) async fn columns(&self, filter: &MatrixFilter) -> Result<Columns, Error> {
        let rows: Vec<ColumnRow> = on!(Pool, &self.reads, |pool| {
            let mut query =
                QueryBuilder::new("select e.id, e.name, e.type from environments e where true");
            unless_archived!(&mut query, filter, "e");
            if !filter.environments.is_empty() {
                query.push(" and e.name_key in (");
                let mut keys = query.separated(", ");
                for name in &filter.environments {
                    keys.push_bind(name.key().into_owned());
                }
                query.push(")");
            }
            query
                .push(" order by e.position, e.id")
                .build_query_as()
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        let all: i64 = on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            "select count(*) from environments"
        )
        .fetch_one(pool)
        .await)
        .map_err(unexpected)?;
        let shown = rows
            .into_iter()
            .map(Column::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        let hidden = unsigned(all).saturating_sub(shown.len() as u64);
        Ok(Columns { shown, hidden })
    }

    /// The cells of a section with what is current in them, or was current at the filter's moment:
    /// component by component in name order, up to a limit.
    pub(crate) async fn cells(
        &self,
        section: Section<'_>,
        take: u64,
    ) -> Result<Vec<(CellKey, Option<Cell>)>, Error> {
        let rows: Vec<CellRow> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new("");
            match section.filter.at {
                None => query.push(CELLS),
                Some(at) => query
                    .push("with moment (time) as (values (")
                    .push_bind(Micros(at))
                    .push(")) ")
                    .push(super::current::CELLS_AT),
            };
            let query = in_environments!(in_section!(&mut query, section), section);
            query
                .push(BY_COMPONENT)
                .push_bind(signed(take))
                .build_query_as()
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        rows.into_iter().map(cell).collect()
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
