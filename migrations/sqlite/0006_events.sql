-- What has happened, one row for each thing a reader may want to be told of: a deployment recorded, moved, removed or
-- described anew, a component or environment registered, changed or deleted. Rows are added and never changed.

create table events (
    -- From 1, without gaps, in the order of commits: the last one is in commits, and whoever adds events holds that row
    -- from then until the commit.
    number           integer not null primary key,
    type             text    not null,
    -- The deployment, component or environment. Null for the order of the environments.
    subject_id       blob,
    -- The row of history that says when it happened and who recorded it. Null where no status changed.
    history_sequence integer,
    -- The name of a component or environment then: it may change, and the row may go.
    name             text,
    -- When and by whom, where no row of history says so.
    recorded_at      integer,
    recorded_by      text
) strict;

-- What happened before there were events, so that a reader can begin with the first one.
insert into events (number, type, subject_id, history_sequence)
    select row_number() over (order by sequence),
           case when event = 'undeployed' then 'deployment.undeployed'
                when from_status is null then 'deployment.created'
                else 'deployment.transitioned' end,
           deployment_id, sequence
    from history;

create trigger events_keep_update before update on events
begin
    select raise(abort, 'events are append-only');
end;

create trigger events_keep_delete before delete on events
begin
    select raise(abort, 'events are append-only');
end;

-- The commits in one row, and with them the last event. The slots let writes commit side by side; the numbers of events
-- must be in the order in which readers can see them, so writes now stand in line for the moment of their commit.
create table commits_and_events (
    only_row   integer not null primary key check (only_row = 1),
    count      integer not null,
    last_event integer not null
) strict;
insert into commits_and_events (only_row, count, last_event)
    select 1, (select sum(count) from commits) + 1, (select count(*) from events);
drop table commits;
alter table commits_and_events rename to commits;
