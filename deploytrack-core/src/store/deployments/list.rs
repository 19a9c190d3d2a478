//! Pages of the list of deployments.

use sqlx::QueryBuilder;

use super::{
    Row, RowFilter, all,
    filter::{Lead, add_filter},
};
use crate::{
    deployment::Deployment,
    error::Error,
    query::{Cursor, ListKey, Order},
    store::{
        Store,
        column::{Micros, signed, unsigned},
        on,
        sqlx_error::unexpected,
    },
};

/// Adds the order, the offset and the limit of a page that is counted from the newest deployment.
macro_rules! page_by_offset {
    ($query:expr, $order:expr, $skip:expr, $take:expr) => {{
        let (query, skip, take): (_, u64, u64) = ($query, $skip, $take);
        let order = match $order {
            Order::Created => " order by d.created_at desc, d.id desc limit ",
            Order::Occurred => " order by d.occurred_at desc, d.id desc limit ",
        };
        query
            .push(order)
            .push_bind(signed(take))
            .push(" offset ")
            .push_bind(signed(skip))
    }};
}

/// Adds the condition, the order and the limit of a page that begins at a cursor.
macro_rules! page_by_cursor {
    ($query:expr, $cursor:expr, $take:expr) => {{
        let (query, cursor, take): (_, Cursor, u64) = ($query, $cursor, $take);
        let ListKey { order, time, id } = cursor.key();
        let (side, order) = match (cursor, order) {
            (Cursor::OlderThan(_), Order::Created) => (
                " and (d.created_at, d.id) < (",
                ") order by d.created_at desc, d.id desc limit ",
            ),
            (Cursor::NewerThan(_), Order::Created) => (
                " and (d.created_at, d.id) > (",
                ") order by d.created_at, d.id limit ",
            ),
            (Cursor::OlderThan(_), Order::Occurred) => (
                " and (d.occurred_at, d.id) < (",
                ") order by d.occurred_at desc, d.id desc limit ",
            ),
            (Cursor::NewerThan(_), Order::Occurred) => (
                " and (d.occurred_at, d.id) > (",
                ") order by d.occurred_at, d.id limit ",
            ),
        };
        query
            .push(side)
            .push_bind(Micros(time))
            .push(", ")
            .push_bind(id)
            .push(order)
            .push_bind(signed(take))
    }};
}

#[cfg(all(test, feature = "sqlite"))]
pub(super) use {page_by_cursor, page_by_offset};

impl Store {
    /// Part of the list, newest first.
    pub(crate) async fn deployments(
        &self,
        filter: &RowFilter,
        skip: u64,
        take: u64,
    ) -> Result<Vec<Deployment>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new(select_deployments!(""));
            page_by_offset!(
                add_filter!(&mut query, filter, filter.lead(), Some(filter.order)),
                filter.order,
                skip,
                take
            )
            .build_query_as()
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)?;
        all(rows)
    }

    /// The deployments on one side of a cursor, the nearest first.
    pub(crate) async fn deployments_from(
        &self,
        filter: &RowFilter,
        cursor: Cursor,
        take: u64,
    ) -> Result<Vec<Deployment>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new(select_deployments!(""));
            page_by_cursor!(
                add_filter!(&mut query, filter, filter.lead(), Some(filter.order)),
                cursor,
                take
            )
            .build_query_as()
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)?;
        all(rows)
    }

    /// The number of deployments that match, counted one by one.
    pub(crate) async fn matching_deployments(&self, filter: &RowFilter) -> Result<u64, Error> {
        let count: i64 = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new("select count(*) from deployments d");
            let lead = if filter.lead() == Lead::Version {
                Lead::Version
            } else {
                Lead::Any
            };
            add_filter!(&mut query, filter, lead, None)
                .build_query_scalar()
                .fetch_one(pool)
                .await
        })
        .map_err(unexpected)?;
        Ok(unsigned(count))
    }

    /// The bytes of the long texts of each deployment after a cursor.
    pub(crate) async fn sizes_from(
        &self,
        filter: &RowFilter,
        cursor: Cursor,
        take: u64,
    ) -> Result<Vec<u64>, Error> {
        let sizes: Vec<i64> = on!(Pool, &self.reads, |pool| {
            let mut query =
                QueryBuilder::new(concat!("select ", text_bytes!(), " from deployments d"));
            page_by_cursor!(
                add_filter!(&mut query, filter, filter.lead(), Some(filter.order)),
                cursor,
                take
            )
            .build_query_scalar()
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)?;
        Ok(sizes.into_iter().map(unsigned).collect())
    }
}
