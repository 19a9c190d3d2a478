-- Deployments as they stand now. How each came to stand there is in history.

create table deployments (
    -- Made by the server, version 7: new rows land at the end of the index.
    id                 blob    not null primary key,
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    version            text    not null,
    status             text    not null check (status in ('pending', 'in_progress', 'succeeded', 'failed', 'rolled_back')),
    attempt            integer not null,
    deployed_by        text    not null,
    commit_sha         text,
    description        text,
    -- A JSON object, kept as the text that was checked when it came in.
    metadata           text    not null,
    created_at         integer not null,
    updated_at         integer not null,
    started_at         integer,
    finished_at        integer,
    -- When the latest transition into succeeded happened, and its number: together they decide the cell.
    succeeded_at       integer,
    succeeded_sequence integer,
    -- The hash of its latest row in history: a row cut off from the end of the history is missed here.
    head_hash          blob    not null,
    -- Grows by one with every change of the row; a writer says which one it saw.
    revision           integer not null
) strict;

-- The list, newest first, whole and by each of its three filters. Each index ends in the sort key, so that a page is
-- read from it without sorting.
create index deployments_newest on deployments (created_at, id);
create index deployments_by_component on deployments (component_id, created_at, id);
create index deployments_by_environment on deployments (environment_id, created_at, id);
create index deployments_by_status on deployments (status, created_at, id);

-- Whether a line of an import is known already.
create index deployments_by_version on deployments (component_id, environment_id, version);
