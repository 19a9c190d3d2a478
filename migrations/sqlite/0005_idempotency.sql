-- The answers to requests with an Idempotency-Key, written in the transaction of what the request did.

create table idempotency_keys (
    -- Whose token it was: each caller has keys of its own.
    subject    text    not null,
    key        text    not null,
    -- SHA-256 of the request, to tell a repetition from another request under the same key.
    request    blob    not null,
    -- The answer, as JSON.
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;

-- What has expired, the oldest first: writers remove a few on their way.
create index idempotency_keys_expired on idempotency_keys (expires_at);
