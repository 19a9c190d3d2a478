//! The filter of a list of deployments, as conditions of a query.

use sqlx::{Database, QueryBuilder};
use uuid::Uuid;

use crate::{
    clock::Time,
    query::Order,
    status::Status,
    text::{CommitSha, Label, Version},
};

/// The filter and the order of a list, with ids in place of names.
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
    /// Whether counts are maintained for this filter.
    pub(crate) fn is_counted(&self) -> bool {
        self.version.is_none()
            && self.commit_sha.is_none()
            && self.deployed_by.is_none()
            && self.created_after.is_none()
            && self.created_before.is_none()
            && self.occurred_after.is_none()
            && self.occurred_before.is_none()
    }

    /// Chooses the filter whose index should read the fewest rows, by what is usually true. Few
    /// deployments are pending or in progress, however long the history. A cell has few of all
    /// deployments, and so has a component. Fewer deployments are rolled back than an environment
    /// has. A version is in few cells, and its deployments are sorted; a component has few
    /// deployments of any version.
    pub(super) fn lead(&self) -> Lead {
        if self.version.is_some() && self.component_id.is_none() {
            return Lead::Version;
        }
        match (self.status, self.component_id, self.environment_id) {
            (Some(Status::Pending | Status::InProgress), ..) => Lead::Status,
            // The index of a cell exists for one order only. For the other order, the index of its
            // component is good enough.
            (_, Some(_), Some(_)) if self.order == Order::Occurred => Lead::Cell,
            (_, Some(_), _) => Lead::Component,
            (Some(Status::RolledBack), ..) => Lead::Status,
            (_, _, Some(_)) => Lead::Environment,
            _ => Lead::Any,
        }
    }
}

/// The filter whose index a list is searched by, if several filters have one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    Cell,
    Component,
    Environment,
    Status,
    Version,
    /// Any index may be used: there is no choice, or no order that would mislead the planner.
    Any,
}

/// The prefix of the columns of the other filters, which keeps the planner from using their
/// indexes.
///
/// PostgreSQL chooses well by its statistics. SQLite has none here and takes any index for as good
/// as another. For the 16 failed deployments of a small component, it read all 69,000 failed ones,
/// which took 0.1 s with a million deployments and grew with the history.
pub(super) trait IndexPrefix {
    const NO_INDEX: &'static str;
}

#[cfg(feature = "sqlite")]
impl IndexPrefix for sqlx::Sqlite {
    const NO_INDEX: &'static str = "+";
}

#[cfg(feature = "postgres")]
impl IndexPrefix for sqlx::Postgres {
    const NO_INDEX: &'static str = "";
}

/// The prefix of a filter's column, for the database of this query.
pub(super) fn filter_prefix<DB: Database + IndexPrefix>(
    _: &QueryBuilder<DB>,
    lead: Lead,
) -> impl Fn(Lead) -> &'static str + use<DB> {
    move |column| {
        let leads = match lead {
            Lead::Any => true,
            Lead::Cell => matches!(column, Lead::Component | Lead::Environment),
            one => one == column,
        };
        if leads { "" } else { DB::NO_INDEX }
    }
}

/// The prefix of a time column. The index of a time that does not order the list has the wrong
/// order.
pub(super) fn order_prefix<DB: Database + IndexPrefix>(
    _: &QueryBuilder<DB>,
    order: Option<Order>,
) -> impl Fn(Order) -> &'static str + use<DB> {
    move |column| {
        if order.is_none_or(|order| order == column) {
            ""
        } else {
            DB::NO_INDEX
        }
    }
}

/// Adds the conditions of a filter to a query of either database, led by one of them.
macro_rules! add_filter {
    ($query:expr, $filter:expr, $lead:expr, $order:expr) => {{
        let (query, filter): (_, &$crate::store::RowFilter) = ($query, $filter);
        let prefix = $crate::store::deployments::filter::filter_prefix(query, $lead);
        let time_prefix = $crate::store::deployments::filter::order_prefix(query, $order);
        query.push(" where true");
        if let Some(id) = filter.component_id {
            query
                .push(" and ")
                .push(prefix(Lead::Component))
                .push("d.component_id = ")
                .push_bind(id);
        }
        if let Some(id) = filter.environment_id {
            query
                .push(" and ")
                .push(prefix(Lead::Environment))
                .push("d.environment_id = ")
                .push_bind(id);
        }
        if let Some(status) = filter.status {
            query
                .push(" and ")
                .push(prefix(Lead::Status))
                .push("d.status = ")
                .push_bind(status.as_str());
        }
        if let Some(version) = &filter.version {
            query
                .push(" and ")
                .push(prefix(Lead::Version))
                .push("d.version = ")
                .push_bind(version.to_string());
        }
        if let Some(commit_sha) = &filter.commit_sha {
            query
                .push(" and d.commit_sha = ")
                .push_bind(commit_sha.to_string());
        }
        if let Some(deployed_by) = &filter.deployed_by {
            query
                .push(" and d.deployed_by = ")
                .push_bind(deployed_by.to_string());
        }
        for (order, column, from, until) in [
            (
                Order::Created,
                "d.created_at",
                filter.created_after,
                filter.created_before,
            ),
            (
                Order::Occurred,
                "d.occurred_at",
                filter.occurred_after,
                filter.occurred_before,
            ),
        ] {
            if let Some(time) = from {
                query
                    .push(" and ")
                    .push(time_prefix(order))
                    .push(column)
                    .push(" >= ")
                    .push_bind(Micros(time));
            }
            if let Some(time) = until {
                query
                    .push(" and ")
                    .push(time_prefix(order))
                    .push(column)
                    .push(" < ")
                    .push_bind(Micros(time));
            }
        }
        query
    }};
}
pub(super) use add_filter;
