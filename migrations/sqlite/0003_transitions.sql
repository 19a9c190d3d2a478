-- The history: every change of status of every deployment. Rows are added and never changed; everything in current_cells
-- and deployment_counts can be worked out from here again.

create table transitions (
    -- The order of recording over all deployments. AUTOINCREMENT: a number is never given twice.
    sequence      integer not null primary key autoincrement,
    -- Checked at commit: a deployment is written after its history, with the number of its success in it.
    deployment_id blob    not null references deployments (id) deferrable initially deferred,
    attempt       integer not null,
    -- Null in the first row of a deployment.
    from_status   text,
    to_status     text    not null,
    -- When it happened, as the caller says, and when it was recorded here.
    occurred_at   integer not null,
    recorded_at   integer not null,
    recorded_by   text    not null,
    reason        text
) strict;

-- The history of one deployment, in order.
create index transitions_by_deployment on transitions (deployment_id, sequence);

create trigger transitions_keep_update before update on transitions
begin
    select raise(abort, 'the history is append-only');
end;

create trigger transitions_keep_delete before delete on transitions
begin
    select raise(abort, 'the history is append-only');
end;
