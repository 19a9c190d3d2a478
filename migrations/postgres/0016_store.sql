-- The identity of this database. A restore of a backup must give it a new one: the numbers of events run again from an older
-- one then, and a reader that resumes after number N must learn that its N belonged to another history.
create table store (
    only_row integer not null primary key check (only_row = 1),
    id       uuid    not null
);

insert into store (only_row, id) values (1, gen_random_uuid());
