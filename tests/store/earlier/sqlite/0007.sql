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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:44', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 736958);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:44', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 979708);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:44', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 880120);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:44', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 1571896);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:44', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 768805);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:47:44', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 3408837);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:47:44', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 511923);
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
insert into "components" values (X'01A22BDA6A70777E8AA601F63BC80DAE', 'api', NULL, NULL, NULL, NULL, 0, 1796032064112633, 1796032064112633);
insert into "components" values (X'01A22BDA6ADC72EB8C75088511569CF1', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032064220300, 1796032064239193);
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
insert into "environments" values (X'01A22BDA6A717308BA78F01F49D2741A', 'production', NULL, 'production', 2, 0, 1796032064113366, 1796032064187314);
insert into "environments" values (X'01A22BDA6ABB7245AFFF000F2137169D', 'staging', NULL, 'staging', 1, 0, 1796032064187302, 1796032064187314);
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
insert into "deployments" values (X'01A22BDA6A7270359570033CD3498E35', X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032064110216, 1796032064127408, 1796032064121323, 1796032064127408, 1796032064127408, 3, X'92C2243CB2664E13BB1CDDEEF7BF4FAF95631C43A200B9A48A600568E0611669', 3);
insert into "deployments" values (X'01A22BDA6A857687B22B6BC1258E088A', X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032064132886, 1796032064173453, 1796032064132886, 1796032064132886, 1796032064132886, 6, X'92015BFD42E9027389137DB0350B8CC3052EAE3A26935864E724BF67E82D985E', 2);
insert into "deployments" values (X'01A22BDA6A8D730C8549814531DCF663', X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032064140380, 1796032064169603, 1796032064165830, 1796032064169603, NULL, NULL, X'8A398DCC3CF65A73B2F41EA208A3547D0B2552B3D4405D965BB5B0AF1084BB20', 6);
insert into "deployments" values (X'01A22BDA6ABE71E9A916BC04094C1971', X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6ABB7245AFFF000F2137169D', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032064177620, 1796032064195348, 1796032064177620, 1796032064177620, 1796032064177620, 16, X'192AA19E5E6D457A37A0901380C5CBCE38E64AA26542E1581D34AB273924BD2E', 2);
insert into "deployments" values (X'01A22BDA6ACE74B3BDE6392EFCE6F651', X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032064203384, 1796032064203384, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'201A4F6850545359B2A87FE54C628F062398BC08269077E80702151C026BB90A', 1);
insert into "deployments" values (X'01A22BDA6AD37447894708A7CBADBBBE', X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032064210916, 1796032064210916, 1796032064210916, NULL, NULL, NULL, X'2B1AF204729275F7830C566D323994B3F4E7C4BB75E8F0726E8BF3EA9245FBBD', 1);
insert into "deployments" values (X'01A22BDA6AE372D998817D20E39B4766', X'01A22BDA6ADC72EB8C75088511569CF1', X'01A22BDA6ABB7245AFFF000F2137169D', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032064223769, 1796032064223769, 1796032064223769, 1796032064223769, 1796032064223769, 25, X'9348855791475F84A72040E71D96BCE376C6CE51D44116A2F7E5A0543569227E', 1);
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
) strict;
insert into "history" values (1, X'01A22BDA6A7270359570033CD3498E35', 1, 'transition', NULL, 'pending', 1796032064110216, 1796032064110216, 'ci-bot', NULL, X'49E2B7700FEDC409B31341C1974DF0995AFDA5D8EDE92F10D1E5CC4E2956C981');
insert into "history" values (2, X'01A22BDA6A7270359570033CD3498E35', 1, 'transition', 'pending', 'in_progress', 1796032064121323, 1796032064121323, 'ci-bot', NULL, X'8449F569A1F922040FA95D72FA3CEC8E364C23B21F619F7A7150928992DBC22B');
insert into "history" values (3, X'01A22BDA6A7270359570033CD3498E35', 1, 'transition', 'in_progress', 'succeeded', 1796032064127408, 1796032064127408, 'ci-bot', NULL, X'92C2243CB2664E13BB1CDDEEF7BF4FAF95631C43A200B9A48A600568E0611669');
insert into "history" values (4, X'01A22BDA6A857687B22B6BC1258E088A', 1, 'transition', NULL, 'pending', 1796032064132886, 1796032064132886, 'ci-bot', NULL, X'90719FE2A99FDD4158CAFCAB8A8DEC8AAA8A8E7CDC8A6F70C544A9C1B2A1FCD8');
insert into "history" values (5, X'01A22BDA6A857687B22B6BC1258E088A', 1, 'transition', 'pending', 'in_progress', 1796032064132886, 1796032064132886, 'ci-bot', NULL, X'CFDAF89307952A9D99A187361ABAE4DA238AD948585FD9F7E8EA473635728485');
insert into "history" values (6, X'01A22BDA6A857687B22B6BC1258E088A', 1, 'transition', 'in_progress', 'succeeded', 1796032064132886, 1796032064132886, 'ci-bot', NULL, X'BBDC7B1B039A89F3EB20609549D0E416007C1C6C5F49A8618D207265E97C7262');
insert into "history" values (7, X'01A22BDA6A8D730C8549814531DCF663', 1, 'transition', NULL, 'pending', 1796032064140380, 1796032064140380, 'ci-bot', NULL, X'41153196A791388E6A55E19E0CE74F6FF3FC8E17F3FF7C940DA9A0214FD3C603');
insert into "history" values (8, X'01A22BDA6A8D730C8549814531DCF663', 1, 'transition', 'pending', 'in_progress', 1796032064144199, 1796032064144199, 'ci-bot', NULL, X'AC88285231FBB85BC2E667AF5A99493358B31E5120AF01CBEB0CEAEAE69435D0');
insert into "history" values (9, X'01A22BDA6A8D730C8549814531DCF663', 1, 'transition', 'in_progress', 'failed', 1796032064155130, 1796032064155130, 'ci-bot', NULL, X'82E8A1F09569E1A0D36E51A76D2F19A414936101854887C2A70181FE7DCA2B11');
insert into "history" values (10, X'01A22BDA6A8D730C8549814531DCF663', 2, 'transition', 'failed', 'pending', 1796032064160767, 1796032064160767, 'ci-bot', NULL, X'4FAFA1E3460C2AC53148E879459572B1A6EBB278EBD739097EC6DE2EA834F76F');
insert into "history" values (11, X'01A22BDA6A8D730C8549814531DCF663', 2, 'transition', 'pending', 'in_progress', 1796032064165830, 1796032064165830, 'ci-bot', NULL, X'7B0F0F19FFEC5750F445D851541C7C5B18B631F051E57EA4AB63B7151CBDDA52');
insert into "history" values (12, X'01A22BDA6A8D730C8549814531DCF663', 2, 'transition', 'in_progress', 'failed', 1796032064169603, 1796032064169603, 'ci-bot', NULL, X'8A398DCC3CF65A73B2F41EA208A3547D0B2552B3D4405D965BB5B0AF1084BB20');
insert into "history" values (13, X'01A22BDA6A857687B22B6BC1258E088A', 1, 'transition', 'succeeded', 'rolled_back', 1796032064173453, 1796032064173453, 'ci-bot', NULL, X'92015BFD42E9027389137DB0350B8CC3052EAE3A26935864E724BF67E82D985E');
insert into "history" values (14, X'01A22BDA6ABE71E9A916BC04094C1971', 1, 'transition', NULL, 'pending', 1796032064177620, 1796032064177620, 'ci-bot', NULL, X'AB038F1E44EDE2198A6C26FA9225BDDE4CF4CA3EB5E9598BE9B2329BE7213608');
insert into "history" values (15, X'01A22BDA6ABE71E9A916BC04094C1971', 1, 'transition', 'pending', 'in_progress', 1796032064177620, 1796032064177620, 'ci-bot', NULL, X'068808BD45F788DE23B76FAD4D5F299539599F1881E72560A8693FFF2E19C08A');
insert into "history" values (16, X'01A22BDA6ABE71E9A916BC04094C1971', 1, 'transition', 'in_progress', 'succeeded', 1796032064177620, 1796032064177620, 'ci-bot', NULL, X'D56DE3B41C05C0D81938FAAD0AB289D15BD1711FA41F0DCAEE77BBF9E5376B8D');
insert into "history" values (17, X'01A22BDA6ABE71E9A916BC04094C1971', 1, 'undeployed', 'succeeded', 'succeeded', 1796032064195348, 1796032064195348, 'ci-bot', 'moved', X'192AA19E5E6D457A37A0901380C5CBCE38E64AA26542E1581D34AB273924BD2E');
insert into "history" values (18, X'01A22BDA6ACE74B3BDE6392EFCE6F651', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032064203384, 'ci-bot', NULL, X'6C298E4F5B1152ABD79203BF1D13195D74775F8BCCB4652B8844E2A63DEFE709');
insert into "history" values (19, X'01A22BDA6ACE74B3BDE6392EFCE6F651', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032064203384, 'ci-bot', NULL, X'56DEB8E5B3B9695B26132983F638D6DEA1D8AADCB77F34316C041641D5469BF5');
insert into "history" values (20, X'01A22BDA6ACE74B3BDE6392EFCE6F651', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032064203384, 'ci-bot', NULL, X'201A4F6850545359B2A87FE54C628F062398BC08269077E80702151C026BB90A');
insert into "history" values (21, X'01A22BDA6AD37447894708A7CBADBBBE', 1, 'transition', NULL, 'pending', 1796032064210916, 1796032064210916, 'ci-bot', NULL, X'F190DE751E4BDF83E5EE6280764CC8F45DAB619FC30247B1238EC768A6F6B80B');
insert into "history" values (22, X'01A22BDA6AD37447894708A7CBADBBBE', 1, 'transition', 'pending', 'in_progress', 1796032064210916, 1796032064210916, 'ci-bot', NULL, X'2B1AF204729275F7830C566D323994B3F4E7C4BB75E8F0726E8BF3EA9245FBBD');
insert into "history" values (23, X'01A22BDA6AE372D998817D20E39B4766', 1, 'transition', NULL, 'pending', 1796032064223769, 1796032064223769, 'ci-bot', NULL, X'D6804FAA6E6C96CC7C3131BFE78E418290C0582CD0DD2A7F3E293DD1A9FB62C0');
insert into "history" values (24, X'01A22BDA6AE372D998817D20E39B4766', 1, 'transition', 'pending', 'in_progress', 1796032064223769, 1796032064223769, 'ci-bot', NULL, X'C8F3DE45A4E42ADDD8F28FFF467FC9A468B0FD7E1DEAA3B24F1AC195043214F3');
insert into "history" values (25, X'01A22BDA6AE372D998817D20E39B4766', 1, 'transition', 'in_progress', 'succeeded', 1796032064223769, 1796032064223769, 'ci-bot', NULL, X'9348855791475F84A72040E71D96BCE376C6CE51D44116A2F7E5A0543569227E');
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', X'01A22BDA6A7270359570033CD3498E35', 'v1', 1796032064127408);
insert into "current_cells" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6ABB7245AFFF000F2137169D', NULL, NULL, NULL);
insert into "current_cells" values (X'01A22BDA6ADC72EB8C75088511569CF1', X'01A22BDA6ABB7245AFFF000F2137169D', X'01A22BDA6AE372D998817D20E39B4766', '2026.11.30+b1', 1796032064223769);
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
insert into "cell_periods" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 1709251199999000, 20, X'01A22BDA6ACE74B3BDE6392EFCE6F651', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 1796032064127408, 3, X'01A22BDA6A7270359570033CD3498E35', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 1796032064132886, 6, X'01A22BDA6A857687B22B6BC1258E088A', 'v2', 1796032064173453);
insert into "cell_periods" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6ABB7245AFFF000F2137169D', 1796032064177620, 16, X'01A22BDA6ABE71E9A916BC04094C1971', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6ABB7245AFFF000F2137169D', 1796032064195348, 17, X'01A22BDA6ABE71E9A916BC04094C1971', NULL, NULL);
insert into "cell_periods" values (X'01A22BDA6ADC72EB8C75088511569CF1', X'01A22BDA6ABB7245AFFF000F2137169D', 1796032064223769, 25, X'01A22BDA6AE372D998817D20E39B4766', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6A717308BA78F01F49D2741A', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA6A70777E8AA601F63BC80DAE', X'01A22BDA6ABB7245AFFF000F2137169D', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA6ADC72EB8C75088511569CF1', X'01A22BDA6ABB7245AFFF000F2137169D', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA6A717308BA78F01F49D2741A', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA6A717308BA78F01F49D2741A', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA6A717308BA78F01F49D2741A', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA6A717308BA78F01F49D2741A', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA6A717308BA78F01F49D2741A', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDA6ABB7245AFFF000F2137169D', 'succeeded', 0, 2);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-6ad3-7447-8947-08a7cbadbbbe","componentId":"01a22bda-6a70-777e-8aa6-01f63bc80dae","componentName":"api","environmentId":"01a22bda-6a71-7308-ba78-f01f49d2741a","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:44.210Z","updatedAt":"2026-11-30T09:47:44.210Z","startedAt":"2026-11-30T09:47:44.210Z","finishedAt":null,"succeededAt":null}', 1796118464210916);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDA6A70777E8AA601F63BC80DAE', NULL, 'api', 1796032064112633, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDA6A717308BA78F01F49D2741A', NULL, 'production', 1796032064113384, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDA6A7270359570033CD3498E35', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDA6A7270359570033CD3498E35', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDA6A7270359570033CD3498E35', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDA6A857687B22B6BC1258E088A', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDA6A857687B22B6BC1258E088A', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDA6A857687B22B6BC1258E088A', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDA6A8D730C8549814531DCF663', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDA6A8D730C8549814531DCF663', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDA6A8D730C8549814531DCF663', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDA6A8D730C8549814531DCF663', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDA6A8D730C8549814531DCF663', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDA6A8D730C8549814531DCF663', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDA6A857687B22B6BC1258E088A', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDA6ABB7245AFFF000F2137169D', NULL, 'staging', 1796032064187314, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDA6ABE71E9A916BC04094C1971', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDA6ABE71E9A916BC04094C1971', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDA6ABE71E9A916BC04094C1971', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDA6ABE71E9A916BC04094C1971', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDA6ACE74B3BDE6392EFCE6F651', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDA6ACE74B3BDE6392EFCE6F651', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDA6ACE74B3BDE6392EFCE6F651', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDA6AD37447894708A7CBADBBBE', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDA6AD37447894708A7CBADBBBE', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDA6ADC72EB8C75088511569CF1', NULL, 'Z9._-/z', 1796032064220300, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDA6AE372D998817D20E39B4766', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDA6AE372D998817D20E39B4766', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDA6AE372D998817D20E39B4766', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.updated', X'01A22BDA6ADC72EB8C75088511569CF1', NULL, 'Z9._-/z', 1796032064239193, 'ci-bot');
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
