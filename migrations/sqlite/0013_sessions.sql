-- Sessions of the pages, and the codes that are exchanged for one.

create table sessions (
    -- SHA-256 of the random id that only the browser has, or of the code.
    id         blob    not null primary key,
    -- A code is used once, and lasts a minute.
    is_code    integer not null,
    -- The subject and the role of the token.
    subject    text    not null,
    admin      integer not null,
    -- The digest of the secret and the terms that verified the token: a session ends when they change.
    verifier   blob    not null,
    created_at integer not null,
    -- When this row ends.
    expires_at integer not null,
    -- When the token ends, and the session of a code.
    token_ends integer not null
) strict, without rowid;

-- The oldest sessions of a subject: the number of each subject is limited.
create index sessions_by_subject on sessions (subject, created_at);
