-- The history: every change of status of every deployment. Rows are added and never changed; everything in current_cells
-- and deployment_counts can be worked out from here again.

create table transitions (
    -- The order of recording over all deployments. A number is never given twice.
    sequence      bigint not null generated always as identity primary key,
    -- Checked at commit: a deployment is written after its history, with the number of its success in it.
    deployment_id uuid    not null references deployments (id) deferrable initially deferred,
    attempt       bigint not null,
    -- Null in the first row of a deployment.
    from_status   text,
    to_status     text    not null,
    -- When it happened, as the caller says, and when it was recorded here.
    occurred_at   timestamptz not null,
    recorded_at   timestamptz not null,
    recorded_by   text    not null,
    reason        text
);

-- The history of one deployment, in order.
create index transitions_by_deployment on transitions (deployment_id, sequence);

create function transitions_keep() returns trigger language plpgsql as $$
begin
    raise exception 'the history is append-only';
end
$$;

create trigger transitions_keep before update or delete or truncate on transitions
    for each statement execute function transitions_keep();
