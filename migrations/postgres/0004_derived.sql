-- What the history says, kept ready for readers. All of it is written in the transaction that adds to the history.

-- One row per component and environment that ever had a deployment. Every write begins by taking its row, so that
-- writes to one cell stand in line.
create table current_cells (
    component_id       uuid    not null references components (id),
    environment_id     uuid    not null references environments (id),
    -- The current deployment with what the matrix shows of it; all null where nothing is current.
    deployment_id      uuid    references deployments (id),
    version            text,
    succeeded_at       timestamptz,
    primary key (component_id, environment_id)
);

-- The periods of a cell, one for each success and each removal. The newest one that has begun at a moment and is not
-- undone by then says what was current at that moment; at the end of time, what is current now. The key is the order of
-- time, so that either is found from one place in it, however long the history.
create table cell_periods (
    component_id       uuid    not null,
    environment_id     uuid    not null,
    -- When it began, as the caller says, and the row of history that says so: of equal times the later recorded counts.
    started_at         timestamptz not null,
    sequence           bigint not null,
    -- What was deployed. A removal has no version, and the deployment that was removed.
    deployment_id      uuid    not null,
    version            text,
    -- When the success was rolled back.
    ended_at           timestamptz,
    primary key (component_id, environment_id, started_at, sequence)
);

-- How many deployments there are of each component, in each environment, in each status. The total of a filtered list
-- is a sum over these rows.
create table deployment_counts (
    component_id   uuid    not null references components (id),
    environment_id uuid    not null references environments (id),
    status         text    not null,
    count          bigint not null,
    primary key (component_id, environment_id, status)
);

-- The same over all components, so that a total over a thousand of them is a short sum. Every deployment would change one
-- of these few rows, and writers of different cells would stand in line for it: each write adds to a slot, and readers sum.
create table environment_counts (
    environment_id uuid    not null references environments (id),
    status         text    not null,
    slot           smallint not null,
    count          bigint not null,
    primary key (environment_id, status, slot)
);

-- How many writes were committed, in slots as above. As long as the sum is the same, nothing has changed: what a reader
-- has kept is still right.
create table commits (
    slot  smallint not null primary key,
    count bigint not null
);

insert into commits (slot, count) select slot, 0 from generate_series(0, 15) slot;
