-- Walls: a link that shows one view of the matrix until it is revoked. A revoked wall is deleted.

create table walls (
    id           blob    not null primary key,
    -- The name as it was given, and its key, by which names are compared: it is unique.
    name         text    not null,
    name_key     text    not null unique,
    -- The query of the page of the matrix that is shown.
    view         text    not null,
    -- SHA-256 of the id of the wall's session, which is computed from the secret of the link. Unique, because every request of a
    -- wall is looked up by it.
    session      blob    not null unique,
    created_by   text    not null,
    created_at   integer not null,
    -- When a browser last showed the wall; null before the first time.
    last_seen_at integer
) strict, without rowid;
