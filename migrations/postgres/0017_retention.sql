-- Retention: old deployments may be removed, and the history stays provable.

-- One row for each removal: a batch of deployments that one transaction removed. Rows are added and never changed.
create table removals (
    -- From 1, without gaps.
    number      bigint not null primary key,
    removed_at  timestamptz not null,
    removed_by  text    not null,
    -- The rule: everything about the removed deployments is older than this time, and each cell retained this many of its
    -- newest deployments.
    before      timestamptz not null,
    keep_last   bigint not null,
    -- How many deployments and rows of history were removed, and when the latest transitions of these deployments happened:
    -- the earliest and the latest of these times.
    deployments bigint not null,
    entries     bigint not null,
    oldest      timestamptz not null,
    newest      timestamptz not null,
    -- SHA-256 over this row, the hash of the removal before it, and the digests of the removed deployments. A removed
    -- deployment that is changed, added or deleted here breaks the chain from this row on.
    hash        bytea   not null
);

-- What remains of a removed deployment. The matrix of a past moment shows these columns; a repair rebuilds the periods of the
-- cell from them; an import recognises an old line by them.
create table removed_deployments (
    id             uuid    not null primary key,
    component_id   uuid    not null references components (id),
    environment_id uuid    not null references environments (id),
    version        text    not null,
    deployed_by    text    not null,
    commit_sha     text,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    -- The hash of its last row of history: whoever has the rows, such as a backup, can prove that they are these.
    head_hash      bytea   not null,
    -- How many rows of history it had, and the first and the last of their numbers.
    entries        bigint not null,
    first_sequence bigint not null,
    last_sequence  bigint not null,
    -- The number, the status and the times of each row of its history, as text. The periods follow from it.
    outline        text    not null,
    removal        bigint not null references removals (number)
);

-- Whether an import line is a removed deployment, and the successes of a version for the gaps of the matrix.
create index removed_deployments_by_version on removed_deployments (version, component_id, environment_id);
-- The removed deployments of a cell, for a repair.
create index removed_deployments_by_cell on removed_deployments (component_id, environment_id);
-- The removed deployments of a removal, for a verification.
create index removed_deployments_by_removal on removed_deployments (removal, id);

create function removals_keep() returns trigger language plpgsql as $$
begin
    raise exception 'removals are append-only';
end
$$;

create trigger removals_keep before update or delete or truncate on removals
    for each statement execute function removals_keep();
create trigger removed_deployments_keep before update or delete or truncate on removed_deployments
    for each statement execute function removals_keep();

-- A row of history can be deleted only after its deployment is noted as removed. One check for each statement, and not for each
-- row, since a removal deletes hundreds of rows at once.
create function history_keep_unless_removed() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from gone where not exists (select 1 from removed_deployments removed where removed.id = gone.deployment_id)
    ) then
        raise exception 'the history is append-only';
    end if;
    return null;
end
$$;

drop trigger history_keep on history;
create trigger history_keep before update or truncate on history
    for each statement execute function history_keep();
create trigger history_keep_delete after delete on history
    referencing old table as gone for each statement execute function history_keep_unless_removed();

-- The current deployment of a cell may be a removed one: after the rollback of all that followed it. So the column does not refer
-- to deployments any more. Without the reference, a removal does not search this table for each deployment either.
alter table current_cells drop constraint current_cells_deployment_id_fkey;
