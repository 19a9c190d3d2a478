-- Retention: old deployments may be removed, and the history stays provable.

-- One row for each removal: a batch of deployments that one transaction removed. Rows are added and never changed.
create table removals (
    -- From 1, without gaps.
    number      integer not null primary key,
    removed_at  integer not null,
    removed_by  text    not null,
    -- The rule: everything about the removed deployments is older than this time, and each cell retained this many of its
    -- newest deployments.
    before      integer not null,
    keep_last   integer not null,
    -- How many deployments and rows of history were removed, and when the latest transitions of these deployments happened:
    -- the earliest and the latest of these times.
    deployments integer not null,
    entries     integer not null,
    oldest      integer not null,
    newest      integer not null,
    -- SHA-256 over this row, the hash of the removal before it, and the digests of the removed deployments. A removed
    -- deployment that is changed, added or deleted here breaks the chain from this row on.
    hash        blob    not null
) strict;

-- What remains of a removed deployment. The matrix of a past moment shows these columns; a repair rebuilds the periods of the
-- cell from them; an import recognises an old line by them.
create table removed_deployments (
    id             blob    not null primary key,
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    version        text    not null,
    deployed_by    text    not null,
    commit_sha     text,
    created_at     integer not null,
    updated_at     integer not null,
    -- The hash of its last row of history: whoever has the rows, such as a backup, can prove that they are these.
    head_hash      blob    not null,
    -- How many rows of history it had, and the first and the last of their numbers.
    entries        integer not null,
    first_sequence integer not null,
    last_sequence  integer not null,
    -- The number, the status and the times of each row of its history, as text. The periods follow from it.
    outline        text    not null,
    removal        integer not null references removals (number)
) strict, without rowid;

-- Whether an import line is a removed deployment, and the successes of a version for the gaps of the matrix.
create index removed_deployments_by_version on removed_deployments (version, component_id, environment_id);
-- The removed deployments of a cell, for a repair.
create index removed_deployments_by_cell on removed_deployments (component_id, environment_id);
-- The removed deployments of a removal, for a verification.
create index removed_deployments_by_removal on removed_deployments (removal, id);

create trigger removals_keep_update before update on removals
begin
    select raise(abort, 'removals are append-only');
end;

create trigger removals_keep_delete before delete on removals
begin
    select raise(abort, 'removals are append-only');
end;

create trigger removed_deployments_keep_update before update on removed_deployments
begin
    select raise(abort, 'removals are append-only');
end;

create trigger removed_deployments_keep_delete before delete on removed_deployments
begin
    select raise(abort, 'removals are append-only');
end;

-- A row of history can be deleted only after its deployment is noted as removed.
drop trigger history_keep_delete;
create trigger history_keep_delete before delete on history
    when not exists (select 1 from removed_deployments removed where removed.id = old.deployment_id)
begin
    select raise(abort, 'the history is append-only');
end;

-- The current deployment of a cell may be a removed one: after the rollback of all that followed it. So the column does not refer
-- to deployments any more. Without the reference, a removal does not search this table for each deployment either.
create table cells (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    deployment_id  blob,
    version        text,
    succeeded_at   integer,
    newest_at      integer not null default 0,
    deployed_by    text,
    commit_sha     text,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into cells (component_id, environment_id, deployment_id, version, succeeded_at, newest_at, deployed_by, commit_sha)
    select component_id, environment_id, deployment_id, version, succeeded_at, newest_at, deployed_by, commit_sha from current_cells;
drop table current_cells;
alter table cells rename to current_cells;
