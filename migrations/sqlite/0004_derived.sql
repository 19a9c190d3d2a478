-- What the history says, kept ready for readers. Both tables are written in the transaction that adds to the history.

-- One row per component and environment that ever had a deployment. Every write begins by taking its row, so that
-- writes to one cell stand in line.
create table current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    -- The current deployment with what the matrix shows of it; all null where nothing is current.
    deployment_id      blob    references deployments (id) deferrable initially deferred,
    version            text,
    succeeded_at       integer,
    primary key (component_id, environment_id)
) strict, without rowid;

-- How many deployments there are of each component, in each environment, in each status. The total of a filtered list
-- is a sum over these rows.
create table deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
