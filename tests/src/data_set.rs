//! Large data sets, inserted by SQL, because recording them through a server would take minutes.
//! Each deployment has one row of history, with a wrong hash, so they can only be read, and one event.

use crate::database::Database;

/// The size of a data set.
#[derive(Clone, Copy, Debug)]
pub struct DataSet {
    /// The number of components: `component-000001` and so on.
    pub components: u32,
    /// The number of environments: `environment-0001` and so on.
    pub environments: u32,
    /// The number of deployments in each cell; the last one is current if it succeeded.
    pub deployments: u32,
    /// The status of every deployment: `succeeded`, or `failed` for empty cells.
    pub status: &'static str,
    /// The bytes of metadata of each deployment, without the JSON around them.
    pub bytes: u32,
}

impl DataSet {
    /// One small deployment in each cell.
    #[must_use]
    pub const fn cells(components: u32, environments: u32) -> Self {
        Self {
            components,
            environments,
            deployments: 1,
            status: "succeeded",
            bytes: 10,
        }
    }

    /// Deployments in one cell with large texts: 24 KiB each.
    #[must_use]
    pub const fn large(deployments: u32) -> Self {
        Self {
            components: 1,
            environments: 1,
            deployments,
            status: "succeeded",
            bytes: 16_000,
        }
    }

    /// Inserts the data set into an empty database.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn insert(self, database: &Database) {
        database.tracker().await.close().await;
        let sql = if database.is_sqlite() {
            SQLITE
        } else {
            POSTGRES
        };
        let sql = format!("{sql}{DERIVED}")
            .replace("{components}", &self.components.to_string())
            .replace("{environments}", &self.environments.to_string())
            .replace("{deployments}", &self.deployments.to_string())
            .replace("{bytes}", &self.bytes.to_string())
            .replace("{description}", &(self.bytes / 4).to_string())
            .replace("{status}", self.status);
        database.execute(&sql).await.unwrap();
    }
}

const SQLITE: &str = "begin;
insert into components (id, name, name_key, archived, created_at, updated_at)
with recursive n (i) as (select 1 union all select i + 1 from n where i < {components})
select randomblob(16), printf('component-%06d', i), printf('component-%06d', i), 0, 0, 0 from n;
insert into environments (id, name, name_key, type, position, archived, created_at, updated_at)
with recursive n (i) as (select 1 union all select i + 1 from n where i < {environments})
select randomblob(16), printf('environment-%04d', i), printf('environment-%04d', i), 'other', i, 0, 0, 0 from n;
insert into deployments (id, component_id, environment_id, version, status, attempt, deployed_by, description, metadata, created_at, updated_at, succeeded_at, succeeded_sequence, occurred_at, occurred_sequence, head_hash, revision)
with recursive n (i) as (select 1 union all select i + 1 from n where i < {deployments})
select randomblob(16), c.id, e.id, 'v' || i, '{status}', 1, 'ci-bot', replace(hex(zeroblob({description} / 2 + 1)), '0', 'ü'),
    json_object('text', replace(hex(zeroblob({bytes} / 2)), '0', 'x')),
    1700000000000000 + i, 1700000000000000 + i, case when '{status}' = 'succeeded' then 1700000000000000 + i end, i,
    1700000000000000 + i, i, zeroblob(32), 1
from components c, environments e, n;
";

const POSTGRES: &str = "begin;
insert into components (id, name, name_key, archived, created_at, updated_at)
select gen_random_uuid(), 'component-' || lpad(i::text, 6, '0'), 'component-' || lpad(i::text, 6, '0'), false, now(), now()
from generate_series(1, {components}) i;
insert into environments (id, name, name_key, type, position, archived, created_at, updated_at)
select gen_random_uuid(), 'environment-' || lpad(i::text, 4, '0'), 'environment-' || lpad(i::text, 4, '0'), 'other', i, false, now(), now()
from generate_series(1, {environments}) i;
insert into deployments (id, component_id, environment_id, version, status, attempt, deployed_by, description, metadata, created_at, updated_at, succeeded_at, succeeded_sequence, occurred_at, occurred_sequence, head_hash, revision)
select gen_random_uuid(), c.id, e.id, 'v' || i, '{status}', 1, 'ci-bot', repeat('ü', {description} + 2),
    '{\"text\":\"' || repeat('x', {bytes}) || '\"}',
    t.at, t.at, case when '{status}' = 'succeeded' then t.at end, i, t.at, i, decode(repeat('00', 32), 'hex'), 1
from components c, environments e, generate_series(1, {deployments}) i, lateral (select timestamptz '2023-11-14' + i * interval '1 microsecond') t (at);
";

/// Fills the tables that are derived from the deployments.
const DERIVED: &str = "insert into current_cells (component_id, environment_id, deployment_id, version, succeeded_at, deployed_by, commit_sha, newest_at)
select d.component_id, d.environment_id, case when d.status = 'succeeded' then d.id end, case when d.status = 'succeeded' then d.version end, d.succeeded_at,
    case when d.status = 'succeeded' then d.deployed_by end, case when d.status = 'succeeded' then d.commit_sha end, d.occurred_at
from deployments d where d.occurred_sequence = {deployments};
insert into cell_periods (component_id, environment_id, started_at, sequence, deployment_id, version)
select component_id, environment_id, succeeded_at, succeeded_sequence, id, version from deployments where status = 'succeeded';
insert into deployment_counts (component_id, environment_id, status, count)
select component_id, environment_id, status, count(*) from deployments group by component_id, environment_id, status;
insert into environment_counts (environment_id, status, slot, count)
select environment_id, status, 0, sum(count) from deployment_counts group by environment_id, status;
insert into history (sequence, deployment_id, attempt, event, to_status, occurred_at, recorded_at, recorded_by, hash)
select row_number() over (order by d.occurred_at, d.id), d.id, 1, 'transition', d.status, d.occurred_at, d.created_at, 'ci-bot', d.head_hash from deployments d;
insert into events (number, type, subject_id, history_sequence, name, recorded_at, recorded_by)
select row_number() over (order by d.occurred_at, d.id), 'deployment.updated', d.id, null, null, d.created_at, 'ci-bot' from deployments d;
update commits set count = count + 1, last_event = (select count(*) from events);
commit;
";
