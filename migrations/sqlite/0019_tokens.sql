-- Tokens of the server, and revocations of JSON Web Tokens.

create table tokens (
    id             blob    not null primary key,
    name           text not null,
    -- The key by which names are compared, for a token that is found by its name: unique among valid ones. Null when the token was
    -- revoked, when an expired one has lent its name to the next, and for a token of an exchange.
    name_key       text unique,
    -- The author of the token's writes.
    subject        text    not null,
    role           text    not null check (role in ('reader', 'writer', 'admin')),
    -- The patterns of the components and environments that it may write to, as a JSON array; null for all.
    components     text,
    environments   text,
    -- Whether it came from an exchange: such tokens are many and short-lived, and are not counted.
    exchanged      integer not null,
    -- SHA-256 of the secret and of the one before the last rotation. Every request with a token is looked up by one of them.
    secret         blob    not null unique,
    former_secret  blob    unique,
    created_by     text    not null,
    created_at     integer not null,
    expires_at     integer not null,
    rotated_at     integer,
    -- Until when the former secret is valid.
    former_ends_at integer,
    -- At most once a minute.
    last_used_at   integer,
    revoked_at     integer,
    -- When the audit last noted that a secret of the ended token was used: at most once an hour.
    refused_at     integer
) strict, without rowid;

-- Tokens that ended long ago are removed when another one is created.
create index tokens_by_end on tokens (expires_at);
create index tokens_by_revocation on tokens (revoked_at) where revoked_at is not null;
-- A revocation of a subject revokes its tokens.
create index tokens_by_subject on tokens (subject);

create table revocations (
    id         blob    not null primary key,
    -- Either the id of a token (jti), or a subject: then the tokens that were issued before.
    jti        text,
    subject    text,
    created_by text    not null,
    created_at integer not null,
    check ((jti is null) <> (subject is null))
) strict, without rowid;

-- Every JSON Web Token is looked up by both when it is first seen, and again after a revocation.
create index revocations_by_jti on revocations (jti) where jti is not null;
create index revocations_by_subject on revocations (subject) where subject is not null;

-- Counts the commits that may end a token. Servers read it together with the count of commits, at each request, so that what they
-- have cached about tokens is never older than the last revocation.
alter table commits add column access integer not null default 0;

-- The token of a session, which ends with it: the digest of the secret of a token of the server, or what a revocation compares of a
-- JSON Web Token. All are null for sessions from before this migration: they count as of a token without jti and iat.
alter table sessions add column token_secret blob;
alter table sessions add column jti text;
alter table sessions add column issued_at integer;
