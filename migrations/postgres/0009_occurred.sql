-- When the latest transition of each deployment happened, and the row of history of that transition. Both follow from the
-- history. They are columns because the newest deployment of a cell, and every list by when things happened, is ordered by
-- them: by the time, and of equal times by the row recorded last.
alter table deployments add column occurred_at timestamptz, add column occurred_sequence bigint;
update deployments set (occurred_at, occurred_sequence) = (
    select h.occurred_at, h.sequence from history h
    where h.deployment_id = deployments.id and h.event = 'transition' order by h.sequence desc limit 1
);
-- A deployment without history is damaged: verification reports it, and the migration goes on.
update deployments set occurred_at = created_at, occurred_sequence = 0 where occurred_at is null;
alter table deployments alter column occurred_at set not null, alter column occurred_sequence set not null;

-- The list by when things happened: whole, and for each filter that leads a list. Each index ends in the sort key, so
-- that a page is read from it without sorting: without it, one page of a long history sorts all that match.
create index deployments_occurred on deployments (occurred_at, id);
create index deployments_by_component_occurred on deployments (component_id, occurred_at, id);
create index deployments_by_environment_occurred on deployments (environment_id, occurred_at, id);
create index deployments_by_status_occurred on deployments (status, occurred_at, id);

-- The newest deployment of a cell and the list of one cell, both by when things happened. This index replaces that of
-- 0007: no query asks for the newest recorded deployment of a cell any more, and the list of one cell by recording is
-- read from the index of its component.
create index deployments_by_cell_occurred on deployments (component_id, environment_id, occurred_at, id);
drop index deployments_by_cell;

-- An answer under an idempotency key is given again as it was; an answer of before has no occurredAt. Its latest time
-- stands in: of an answer to a transition, that is the time of the transition, but for a rollback, which has none.
update idempotency_keys set answer = jsonb_set(answer::jsonb, '{occurredAt}', coalesce(
    case when answer::jsonb ->> 'status' = 'rolled_back' then answer::jsonb -> 'updatedAt' end,
    nullif(answer::jsonb -> 'finishedAt', 'null'), nullif(answer::jsonb -> 'startedAt', 'null'), answer::jsonb -> 'updatedAt'
))::text where answer like '%"attempt":%' and answer::jsonb ? 'attempt';
