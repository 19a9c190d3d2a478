-- Pipelines that exchange an identity token: where their writes come from, and the ids of their repositories.

-- The origin of a row of history: what the issuer of the identity token states about the job, as a JSON object. Null for a write with
-- any other token. The hash of the row contains it.
alter table history add column origin text;
-- That of the first row of each deployment. It follows from the history; lists of deployments show it.
alter table deployments add column origin text;
-- That of the writes with an exchanged token.
alter table tokens add column origin text;

-- The ids that names in identity tokens had at their first use: a name can be given to another repository later.
create table pins (
    id         blob    not null primary key,
    issuer     text    not null,
    rule       text    not null,
    -- The claim with the id, the name that it belongs to, and the id.
    claim      text    not null,
    name       text    not null,
    value      text    not null,
    created_at integer not null,
    -- Every exchange looks its names up.
    unique (issuer, rule, claim, name)
) strict, without rowid;
