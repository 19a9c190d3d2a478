-- What is deployed, and where to.
--
-- Identifiers are UUIDs as 16 bytes. Times are whole microseconds since 1970-01-01T00:00:00Z: they compare as numbers
-- and take 8 bytes. STRICT makes SQLite keep to the column types.

create table components (
    id          blob    not null primary key,
    -- Compared byte by byte, here and on PostgreSQL, so that both sort alike.
    name        text    not null unique,
    description text,
    owner       text,
    kind        text,
    lifecycle   text,
    -- Hidden from the matrix; nothing is ever deleted that has deployments.
    archived    integer not null,
    created_at  integer not null,
    updated_at  integer not null
) strict;

create table environments (
    id          blob    not null primary key,
    name        text    not null unique,
    description text,
    type        text    not null check (type in ('development', 'testing', 'staging', 'production', 'other')),
    -- The place in the order, from 1. Not unique: moving one environment renumbers the others row by row.
    position    integer not null,
    archived    integer not null,
    created_at  integer not null,
    updated_at  integer not null
) strict;
