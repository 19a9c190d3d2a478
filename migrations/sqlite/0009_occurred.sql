-- When the latest transition of each deployment happened, and the row of history of that transition. Both follow from the
-- history. They are columns because the newest deployment of a cell, and every list by when things happened, is ordered by
-- them: by the time, and of equal times by the row recorded last.
--
-- SQLite adds a required column only with a default. Every write names both columns, so the default is never stored.
alter table deployments add column occurred_at integer not null default 0;
alter table deployments add column occurred_sequence integer not null default 0;
update deployments set (occurred_at, occurred_sequence) = (
    select h.occurred_at, h.sequence from history h
    where h.deployment_id = deployments.id and h.event = 'transition' order by h.sequence desc limit 1
) where exists (select 1 from history h where h.deployment_id = deployments.id and h.event = 'transition');

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
update idempotency_keys set answer = json_set(answer, '$.occurredAt', coalesce(
    case when json_extract(answer, '$.status') = 'rolled_back' then json_extract(answer, '$.updatedAt') end,
    json_extract(answer, '$.finishedAt'), json_extract(answer, '$.startedAt'), json_extract(answer, '$.updatedAt')
)) where json_type(answer, '$.attempt') is not null;
