-- The identity of this database, a UUID (version 4). A restore of a backup gives it a new one: the numbers of events run again
-- from an older one then, and a reader that resumes after number N must learn that its N belonged to another history.
create table store (
    only_row integer not null primary key check (only_row = 1),
    id       blob    not null check (length(id) = 16)
) strict;

insert into store (only_row, id)
    select 1, unhex(substr(random, 1, 12) || '4' || substr(random, 14, 3) || substr('89ab', 1 + (abs(random()) % 4), 1) || substr(random, 18, 15))
    from (select hex(randomblob(16)) as random);
