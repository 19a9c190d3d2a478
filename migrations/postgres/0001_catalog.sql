-- What is deployed, and where to.
--
-- The same tables and columns as on SQLite, in PostgreSQL's own types.

create table components (
    id          uuid    not null primary key,
    -- Compared byte by byte, here and on SQLite, so that both sort alike.
    name        text collate "C"  not null unique,
    description text,
    owner       text,
    kind        text,
    lifecycle   text,
    -- Hidden from the matrix; nothing is ever deleted that has deployments.
    archived    boolean not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);

create table environments (
    id          uuid    not null primary key,
    name        text collate "C"  not null unique,
    description text,
    type        text    not null check (type in ('development', 'testing', 'staging', 'production', 'other')),
    -- The place in the order, from 1. Not unique: moving one environment renumbers the others row by row.
    position    bigint not null,
    archived    boolean not null,
    created_at  timestamptz not null,
    updated_at  timestamptz not null
);
