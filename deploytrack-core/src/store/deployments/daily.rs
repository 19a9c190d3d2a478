//! Counting deployments by day.

use sqlx::{FromRow, QueryBuilder};

use super::{
    RowFilter,
    filter::{Lead, add_filter, filter_prefix},
};
use crate::{
    catalog::EnvironmentType,
    daily::Day,
    error::Error,
    query::Order,
    status::Status,
    store::{
        Store,
        column::{Micros, checked, unsigned},
        on,
        sets::{in_sets, push_table},
        sqlx_error::unexpected,
    },
};

/// Counts the deployments of the days in the table `listed`: for each day one search of an index.
pub(super) const BY_DAY: &str =
    " select listed.number, d.status, count(*) as count from listed cross join deployments d";

/// The condition of the status follows the prefix of its column.
pub(super) const OF_DAY: &str = "d.status in ('succeeded', 'failed', 'rolled_back') \
                      and d.occurred_at >= listed.since and d.occurred_at < listed.until";

#[derive(Debug, FromRow)]
struct CountRow {
    number: i64,
    status: String,
    count: i64,
}

/// Adds the statement that counts these days to a query.
macro_rules! count_by_day {
    ($query:expr, $filter:expr, $type:expr, $days:expr) => {{
        let (query, filter): (_, &RowFilter) = ($query, $filter);
        let lead = filter.lead();
        let status = filter_prefix(query, lead)(Lead::Status);
        query.push("with ");
        push_table(query, "listed", $days, |(number, day): &(i64, Day)| {
            [
                ("number", (*number).into()),
                ("since", day.since.into()),
                ("until", day.until.into()),
            ]
        });
        query.push(BY_DAY);
        let query = add_filter!(query, filter, lead, Some(Order::Occurred));
        query.push(" and ").push(status).push(OF_DAY);
        let r#type: Option<EnvironmentType> = $type;
        if let Some(r#type) = r#type {
            query
                .push(" and exists (select 1 from environments e where e.id = d.environment_id and e.type = ")
                .push_bind(r#type.as_str())
                .push(")");
        }
        query.push(" group by listed.number, d.status")
    }};
}

impl Store {
    /// The number of deployments that match, by the position of the day on which they happened and
    /// by status: of those that succeeded, failed or were rolled back. In no order.
    pub(crate) async fn counts_by_day(
        &self,
        filter: &RowFilter,
        environment_type: Option<EnvironmentType>,
        days: &[Day],
    ) -> Result<Vec<(usize, Status, u64)>, Error> {
        let numbered: Vec<_> = (0..).zip(days.iter().copied()).collect();
        let mut counts = Vec::new();
        for set in in_sets(&numbered) {
            let rows: Vec<CountRow> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new("");
                count_by_day!(&mut query, filter, environment_type, set)
                    .build_query_as()
                    .fetch_all(pool)
                    .await
            })
            .map_err(unexpected)?;
            counts.extend(rows);
        }
        let counted = |row: CountRow| {
            let day = usize::try_from(row.number).unwrap_or(usize::MAX);
            Ok((day, checked(&row.status)?, unsigned(row.count)))
        };
        counts.into_iter().map(counted).collect()
    }
}

#[cfg(all(test, feature = "sqlite"))]
pub(super) use count_by_day;
