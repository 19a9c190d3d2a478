-- Archived components and environments, and thousands of names.

-- When it was archived; null where it is not archived. A deployment that happens later takes it out of the archive, and the
-- matrix of an earlier moment still shows it. The time of what was archived before this column existed is not known: its
-- last change is the earliest time that is certain.
alter table components add column archived_at integer;
alter table environments add column archived_at integer;
update components set archived_at = updated_at where archived = 1;
update environments set archived_at = updated_at where archived = 1;

-- The order of the environments is by position, and of equal positions by id. Positions now have gaps: a new environment
-- finds its place without a change to any other. Its number in the order, from 1, is counted on reading.
update environments set position = position * 4294967296;

-- The order, and the neighbours of a place in it.
create index environments_by_order on environments (position, id);
-- The first environment of each type: a new environment comes before the first one of a later type.
create index environments_by_type on environments (type, position, id);

-- The names that were registered or changed since an event: a server keeps all names in memory to find near misses, and
-- reads only the new ones.
create index events_with_names on events (number) where name is not null;
