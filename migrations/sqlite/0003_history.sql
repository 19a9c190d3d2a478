-- The history: every change of status of every deployment, and every removal of one from its environment. Rows are added
-- and never changed; what 0004 keeps can be worked out from here again.

create table history (
    -- The order of recording over all deployments. AUTOINCREMENT: a number is never given twice.
    sequence      integer not null primary key autoincrement,
    deployment_id blob    not null references deployments (id),
    attempt       integer not null,
    -- A transition changes the status. Undeployed empties the cell and leaves the status as it is.
    event         text    not null check (event in ('transition', 'undeployed')),
    -- Null in the first row of a deployment.
    from_status   text,
    to_status     text    not null,
    -- When it happened, as the caller says, and when it was recorded here.
    occurred_at   integer not null,
    recorded_at   integer not null,
    recorded_by   text    not null,
    reason        text,
    -- SHA-256 over this row's content and the hash of the row before it of the same deployment.
    hash          blob    not null
) strict;

-- The history of one deployment, in order.
create index history_by_deployment on history (deployment_id, sequence);

create trigger history_keep_update before update on history
begin
    select raise(abort, 'the history is append-only');
end;

create trigger history_keep_delete before delete on history
begin
    select raise(abort, 'the history is append-only');
end;
