-- What a name is compared by. Two names that differ in case alone are the same name, and lists are in the order of this
-- column. The program computes it, since the two databases know different rules of case.
alter table components add column name_key text collate "C";
alter table environments add column name_key text collate "C";
-- Every name of before has ASCII letters alone.
update components set name_key = lower(name);
update environments set name_key = lower(name);

-- Where two names of before differ in case alone, the one registered first keeps its name. The other becomes `Staging (2)`:
-- it keeps its id and its deployments, and no name of before has a parenthesis.
update components set name = name || ' (' || (
    select count(*) + 1 from components older
    where older.name_key = components.name_key and (older.created_at, older.id) < (components.created_at, components.id)
) || ')' where exists (
    select 1 from components older
    where older.name_key = components.name_key and (older.created_at, older.id) < (components.created_at, components.id)
);
update environments set name = name || ' (' || (
    select count(*) + 1 from environments older
    where older.name_key = environments.name_key and (older.created_at, older.id) < (environments.created_at, environments.id)
) || ')' where exists (
    select 1 from environments older
    where older.name_key = environments.name_key and (older.created_at, older.id) < (environments.created_at, environments.id)
);
update components set name_key = lower(name);
update environments set name_key = lower(name);
alter table components alter column name_key set not null;
alter table environments alter column name_key set not null;

-- A name is found by its key, and a list of components is read in this order.
create unique index components_by_name_key on components (name_key);
create unique index environments_by_name_key on environments (name_key);
