pragma foreign_keys = off;
begin;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:46', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 617636);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:46', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 4947100);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:46', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 629881);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:46', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 613125);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:46', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 331239);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:47:47', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 2015790);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:47:47', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 242068);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 09:47:47', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 2487884);
CREATE TABLE components (
    id          blob    not null primary key,
    name        text    not null unique,
    description text,
    owner       text,
    kind        text,
    lifecycle   text,
    archived    integer not null,
    created_at  integer not null,
    updated_at  integer not null
) strict;
insert into "components" values (X'01A22BDA75FF735CBC551A90C63B779D', 'api', NULL, NULL, NULL, NULL, 0, 1796032067071679, 1796032067071679);
insert into "components" values (X'01A22BDA763E76BBAC6AEFDA14CB085A', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032067134532, 1796032067145603);
CREATE TABLE environments (
    id          blob    not null primary key,
    name        text    not null unique,
    description text,
    type        text    not null check (type in ('development', 'testing', 'staging', 'production', 'other')),
    position    integer not null,
    archived    integer not null,
    created_at  integer not null,
    updated_at  integer not null
) strict;
insert into "environments" values (X'01A22BDA760070E2A56469A121969D2D', 'production', NULL, 'production', 2, 0, 1796032067072168, 1796032067113887);
insert into "environments" values (X'01A22BDA76297147808A2D1C8E14E5BC', 'staging', NULL, 'staging', 1, 0, 1796032067113879, 1796032067113887);
CREATE TABLE deployments (
    id                 blob    not null primary key,
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    version            text    not null,
    status             text    not null check (status in ('pending', 'in_progress', 'succeeded', 'failed', 'rolled_back')),
    attempt            integer not null,
    deployed_by        text    not null,
    commit_sha         text,
    description        text,
    metadata           text    not null,
    created_at         integer not null,
    updated_at         integer not null,
    started_at         integer,
    finished_at        integer,
    succeeded_at       integer,
    succeeded_sequence integer,
    head_hash          blob    not null,
    revision           integer not null
) strict;
insert into "deployments" values (X'01A22BDA7601758C987A21E0627B0E40', X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032067069140, 1796032067082700, 1796032067078494, 1796032067082700, 1796032067082700, 3, X'EBAFACA14470EB097CB528E3443A8DA3855484EB5B1095A6D9D4101A6116F347', 3);
insert into "deployments" values (X'01A22BDA761073E896F3640A882C8C54', X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032067087738, 1796032067108902, 1796032067087738, 1796032067087738, 1796032067087738, 6, X'038FCD2ACB1EB54DAF8951F7EF7B2718C36D05EA116D3CCA54615DA98950715D', 2);
insert into "deployments" values (X'01A22BDA761470FDAE9E5560AE99CBF8', X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032067091524, 1796032067106066, 1796032067103270, 1796032067106066, NULL, NULL, X'C3BF3EFEF35015A88ADDC44BCEA69142B0D4A739A5EE1DEBFE9C190457C2055E', 6);
insert into "deployments" values (X'01A22BDA762A741BBFC5435159FFCD5D', X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA76297147808A2D1C8E14E5BC', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032067112621, 1796032067116950, 1796032067112621, 1796032067112621, 1796032067112621, 16, X'F3E5C2CF4C29F127CDC4C80F9A974B30739BCA3CBF1E58A4F0E64AB29048899E', 2);
insert into "deployments" values (X'01A22BDA763070E086672C405E909866', X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032067120349, 1796032067120349, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'FD82F549AEDA2B63DADA038CE61EA82E5EF9E9EF235D7E9E0C9A9D0D4AA169C3', 1);
insert into "deployments" values (X'01A22BDA7634763094AE6D3F99A18B42', X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032067123701, 1796032067123701, 1796032067123701, NULL, NULL, NULL, X'1DBCC827660BA9A0746DD2F6F6013B323AD5CB2087A1BC269F4D9D8A8969578B', 1);
insert into "deployments" values (X'01A22BDA76417268A924386774F1FFBC', X'01A22BDA763E76BBAC6AEFDA14CB085A', X'01A22BDA76297147808A2D1C8E14E5BC', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032067136520, 1796032067136520, 1796032067136520, 1796032067136520, 1796032067136520, 25, X'2B9D1E5867AFAA826CE489C239B5AAAB07F3DB5A143256C7FDA1A5A7BACEF47C', 1);
CREATE TABLE history (
    sequence      integer not null primary key autoincrement,
    deployment_id blob    not null references deployments (id),
    attempt       integer not null,
    event         text    not null check (event in ('transition', 'undeployed')),
    from_status   text,
    to_status     text    not null,
    occurred_at   integer not null,
    recorded_at   integer not null,
    recorded_by   text    not null,
    reason        text,
    hash          blob    not null
, claimed_at integer) strict;
insert into "history" values (1, X'01A22BDA7601758C987A21E0627B0E40', 1, 'transition', NULL, 'pending', 1796032067069140, 1796032067069140, 'ci-bot', NULL, X'C36F3D9FBAD09B401C6328ED4E8D7E653884B56C3E04885D725E3D7781730E9A', NULL);
insert into "history" values (2, X'01A22BDA7601758C987A21E0627B0E40', 1, 'transition', 'pending', 'in_progress', 1796032067078494, 1796032067078494, 'ci-bot', NULL, X'E52506DE774DBDA57DEA684E1A12D5971349485D13C52C572191AC356580E923', NULL);
insert into "history" values (3, X'01A22BDA7601758C987A21E0627B0E40', 1, 'transition', 'in_progress', 'succeeded', 1796032067082700, 1796032067082700, 'ci-bot', NULL, X'EBAFACA14470EB097CB528E3443A8DA3855484EB5B1095A6D9D4101A6116F347', NULL);
insert into "history" values (4, X'01A22BDA761073E896F3640A882C8C54', 1, 'transition', NULL, 'pending', 1796032067087738, 1796032067087738, 'ci-bot', NULL, X'76FDFCC7E3F9F9B4B952453A8182CF3D12CCE5FE54154E889967C71055CF26B3', NULL);
insert into "history" values (5, X'01A22BDA761073E896F3640A882C8C54', 1, 'transition', 'pending', 'in_progress', 1796032067087738, 1796032067087738, 'ci-bot', NULL, X'6AE58290CB984D56A374E076C5EEBEB10C229DE47D8962EC30805D24B965F332', NULL);
insert into "history" values (6, X'01A22BDA761073E896F3640A882C8C54', 1, 'transition', 'in_progress', 'succeeded', 1796032067087738, 1796032067087738, 'ci-bot', NULL, X'8B6A84072FB4B2F3F1188A7FCE2A557BFC5A952645875D29C6A2179436E23BD8', NULL);
insert into "history" values (7, X'01A22BDA761470FDAE9E5560AE99CBF8', 1, 'transition', NULL, 'pending', 1796032067091524, 1796032067091524, 'ci-bot', NULL, X'2F77115EC396B4DA8BAE6A2F374C09A62558901323EC3A23205E6C81353054F2', NULL);
insert into "history" values (8, X'01A22BDA761470FDAE9E5560AE99CBF8', 1, 'transition', 'pending', 'in_progress', 1796032067094525, 1796032067094525, 'ci-bot', NULL, X'CAE83C6C9536697D6D994DF9C5F150E606FC24CF3D96419B1F04989EA83A45B1', NULL);
insert into "history" values (9, X'01A22BDA761470FDAE9E5560AE99CBF8', 1, 'transition', 'in_progress', 'failed', 1796032067097446, 1796032067097446, 'ci-bot', NULL, X'9B625FA860BB63B1939014B1C0F01188E2D6C37E76971BA3214A3A250202FF60', NULL);
insert into "history" values (10, X'01A22BDA761470FDAE9E5560AE99CBF8', 2, 'transition', 'failed', 'pending', 1796032067100319, 1796032067100319, 'ci-bot', NULL, X'239E99AE27AB0957DE534597045B9601F3F01977A17F6035F07126C03F5F25A4', NULL);
insert into "history" values (11, X'01A22BDA761470FDAE9E5560AE99CBF8', 2, 'transition', 'pending', 'in_progress', 1796032067103270, 1796032067103270, 'ci-bot', NULL, X'4109B3DCB1E6DD49359FF2AF831CD094241365C1131726EAD9BF196500FB780F', NULL);
insert into "history" values (12, X'01A22BDA761470FDAE9E5560AE99CBF8', 2, 'transition', 'in_progress', 'failed', 1796032067106066, 1796032067106066, 'ci-bot', NULL, X'C3BF3EFEF35015A88ADDC44BCEA69142B0D4A739A5EE1DEBFE9C190457C2055E', NULL);
insert into "history" values (13, X'01A22BDA761073E896F3640A882C8C54', 1, 'transition', 'succeeded', 'rolled_back', 1796032067108902, 1796032067108902, 'ci-bot', NULL, X'038FCD2ACB1EB54DAF8951F7EF7B2718C36D05EA116D3CCA54615DA98950715D', NULL);
insert into "history" values (14, X'01A22BDA762A741BBFC5435159FFCD5D', 1, 'transition', NULL, 'pending', 1796032067112621, 1796032067112621, 'ci-bot', NULL, X'1A9158107B8CDBD38CD2325DBB47A702564F1B706A25CBDDF83107C722E64908', NULL);
insert into "history" values (15, X'01A22BDA762A741BBFC5435159FFCD5D', 1, 'transition', 'pending', 'in_progress', 1796032067112621, 1796032067112621, 'ci-bot', NULL, X'217BEE6A1A4CD627E63420A69E28B3415A87729163E37A42EF5D6A200E118FB2', NULL);
insert into "history" values (16, X'01A22BDA762A741BBFC5435159FFCD5D', 1, 'transition', 'in_progress', 'succeeded', 1796032067112621, 1796032067112621, 'ci-bot', NULL, X'DEC0E9C6D5B4E759AB3CA902D71E01EA85363BBEF64BC19EC9EA62317CD71F9A', NULL);
insert into "history" values (17, X'01A22BDA762A741BBFC5435159FFCD5D', 1, 'undeployed', 'succeeded', 'succeeded', 1796032067116950, 1796032067116950, 'ci-bot', 'moved', X'F3E5C2CF4C29F127CDC4C80F9A974B30739BCA3CBF1E58A4F0E64AB29048899E', NULL);
insert into "history" values (18, X'01A22BDA763070E086672C405E909866', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032067120349, 'ci-bot', NULL, X'69597D3C13216C919D7F80DAC9B7DEE91E3154B279463F25D39279255A526926', NULL);
insert into "history" values (19, X'01A22BDA763070E086672C405E909866', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032067120349, 'ci-bot', NULL, X'2281ED5F84F46E39EABD0F1728EC98179F95C681CC71270EA4E72E45991F3B27', NULL);
insert into "history" values (20, X'01A22BDA763070E086672C405E909866', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032067120349, 'ci-bot', NULL, X'FD82F549AEDA2B63DADA038CE61EA82E5EF9E9EF235D7E9E0C9A9D0D4AA169C3', NULL);
insert into "history" values (21, X'01A22BDA7634763094AE6D3F99A18B42', 1, 'transition', NULL, 'pending', 1796032067123701, 1796032067123701, 'ci-bot', NULL, X'6EAB41FA754375544615DB819777B0AD577D2EDD4DB10AB2E0311EE7D0EEDDEC', NULL);
insert into "history" values (22, X'01A22BDA7634763094AE6D3F99A18B42', 1, 'transition', 'pending', 'in_progress', 1796032067123701, 1796032067123701, 'ci-bot', NULL, X'1DBCC827660BA9A0746DD2F6F6013B323AD5CB2087A1BC269F4D9D8A8969578B', NULL);
insert into "history" values (23, X'01A22BDA76417268A924386774F1FFBC', 1, 'transition', NULL, 'pending', 1796032067136520, 1796032067136520, 'ci-bot', NULL, X'0D577C8B6D5C3A842A55A4B3C5F39FD3E391CC91A9706B90B1E9078F1E6C95EB', NULL);
insert into "history" values (24, X'01A22BDA76417268A924386774F1FFBC', 1, 'transition', 'pending', 'in_progress', 1796032067136520, 1796032067136520, 'ci-bot', NULL, X'9FB93A61805FDB72BA35951A7340646971517D66F404B524322BA20D530FE36F', NULL);
insert into "history" values (25, X'01A22BDA76417268A924386774F1FFBC', 1, 'transition', 'in_progress', 'succeeded', 1796032067136520, 1796032067136520, 'ci-bot', NULL, X'2B9D1E5867AFAA826CE489C239B5AAAB07F3DB5A143256C7FDA1A5A7BACEF47C', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', X'01A22BDA7601758C987A21E0627B0E40', 'v1', 1796032067082700, 1796032067123701);
insert into "current_cells" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA76297147808A2D1C8E14E5BC', NULL, NULL, NULL, 1796032067116950);
insert into "current_cells" values (X'01A22BDA763E76BBAC6AEFDA14CB085A', X'01A22BDA76297147808A2D1C8E14E5BC', X'01A22BDA76417268A924386774F1FFBC', '2026.11.30+b1', 1796032067136520, 1796032067136520);
CREATE TABLE cell_periods (
    component_id       blob    not null,
    environment_id     blob    not null,
    started_at         integer not null,
    sequence           integer not null,
    deployment_id      blob    not null,
    version            text,
    ended_at           integer,
    primary key (component_id, environment_id, started_at, sequence)
) strict, without rowid;
insert into "cell_periods" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 1709251199999000, 20, X'01A22BDA763070E086672C405E909866', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 1796032067082700, 3, X'01A22BDA7601758C987A21E0627B0E40', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 1796032067087738, 6, X'01A22BDA761073E896F3640A882C8C54', 'v2', 1796032067108902);
insert into "cell_periods" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA76297147808A2D1C8E14E5BC', 1796032067112621, 16, X'01A22BDA762A741BBFC5435159FFCD5D', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA76297147808A2D1C8E14E5BC', 1796032067116950, 17, X'01A22BDA762A741BBFC5435159FFCD5D', NULL, NULL);
insert into "cell_periods" values (X'01A22BDA763E76BBAC6AEFDA14CB085A', X'01A22BDA76297147808A2D1C8E14E5BC', 1796032067136520, 25, X'01A22BDA76417268A924386774F1FFBC', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA760070E2A56469A121969D2D', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA75FF735CBC551A90C63B779D', X'01A22BDA76297147808A2D1C8E14E5BC', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA763E76BBAC6AEFDA14CB085A', X'01A22BDA76297147808A2D1C8E14E5BC', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA760070E2A56469A121969D2D', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA760070E2A56469A121969D2D', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA760070E2A56469A121969D2D', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA760070E2A56469A121969D2D', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA760070E2A56469A121969D2D', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDA76297147808A2D1C8E14E5BC', 'succeeded', 0, 2);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-7634-7630-94ae-6d3f99a18b42","componentId":"01a22bda-75ff-735c-bc55-1a90c63b779d","componentName":"api","environmentId":"01a22bda-7600-70e2-a564-69a121969d2d","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:47.123Z","updatedAt":"2026-11-30T09:47:47.123Z","startedAt":"2026-11-30T09:47:47.123Z","finishedAt":null,"succeededAt":null}', 1796118467124649);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDA75FF735CBC551A90C63B779D', NULL, 'api', 1796032067071679, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDA760070E2A56469A121969D2D', NULL, 'production', 1796032067072180, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDA7601758C987A21E0627B0E40', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDA7601758C987A21E0627B0E40', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDA7601758C987A21E0627B0E40', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDA761073E896F3640A882C8C54', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDA761073E896F3640A882C8C54', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDA761073E896F3640A882C8C54', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDA761470FDAE9E5560AE99CBF8', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDA761470FDAE9E5560AE99CBF8', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDA761470FDAE9E5560AE99CBF8', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDA761470FDAE9E5560AE99CBF8', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDA761470FDAE9E5560AE99CBF8', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDA761470FDAE9E5560AE99CBF8', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDA761073E896F3640A882C8C54', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDA76297147808A2D1C8E14E5BC', NULL, 'staging', 1796032067113887, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDA762A741BBFC5435159FFCD5D', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDA762A741BBFC5435159FFCD5D', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDA762A741BBFC5435159FFCD5D', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDA762A741BBFC5435159FFCD5D', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDA763070E086672C405E909866', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDA763070E086672C405E909866', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDA763070E086672C405E909866', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDA7634763094AE6D3F99A18B42', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDA7634763094AE6D3F99A18B42', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDA763E76BBAC6AEFDA14CB085A', NULL, 'Z9._-/z', 1796032067134532, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDA76417268A924386774F1FFBC', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDA76417268A924386774F1FFBC', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDA76417268A924386774F1FFBC', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.updated', X'01A22BDA763E76BBAC6AEFDA14CB085A', NULL, 'Z9._-/z', 1796032067145603, 'ci-bot');
CREATE TABLE "commits" (
    only_row   integer not null primary key check (only_row = 1),
    count      integer not null,
    last_event integer not null
) strict;
insert into "commits" values (1, 21, 30);
CREATE INDEX deployments_newest on deployments (created_at, id);
CREATE INDEX deployments_by_component on deployments (component_id, created_at, id);
CREATE INDEX deployments_by_environment on deployments (environment_id, created_at, id);
CREATE INDEX deployments_by_status on deployments (status, created_at, id);
CREATE INDEX deployments_by_version on deployments (component_id, environment_id, version);
CREATE INDEX history_by_deployment on history (deployment_id, sequence);
CREATE TRIGGER history_keep_update before update on history
begin
    select raise(abort, 'the history is append-only');
end;
CREATE TRIGGER history_keep_delete before delete on history
begin
    select raise(abort, 'the history is append-only');
end;
CREATE INDEX idempotency_keys_expired on idempotency_keys (expires_at);
CREATE TRIGGER events_keep_update before update on events
begin
    select raise(abort, 'events are append-only');
end;
CREATE TRIGGER events_keep_delete before delete on events
begin
    select raise(abort, 'events are append-only');
end;
CREATE INDEX deployments_by_cell on deployments (component_id, environment_id, created_at, id);
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 25);
commit;
