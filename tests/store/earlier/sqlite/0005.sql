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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:39', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 736847);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:39', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 1062967);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:39', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 873081);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:39', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 1092826);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:39', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 544401);
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
insert into "components" values (X'01A22BDA577F77ADAE480136C9028E22', 'api', NULL, NULL, NULL, NULL, 0, 1796032059263155, 1796032059263155);
insert into "components" values (X'01A22BDA57B2764EA66C94B91A69FA0B', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032059314733, 1796032059324806);
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
insert into "environments" values (X'01A22BDA577F77ADAE480137CA6B1D9C', 'production', NULL, 'production', 2, 0, 1796032059263686, 1796032059300092);
insert into "environments" values (X'01A22BDA57A47132912A1C0CFBCA7213', 'staging', NULL, 'staging', 1, 0, 1796032059300029, 1796032059300092);
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
insert into "deployments" values (X'01A22BDA5780709098EEFF102617F1E7', X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032059253313, 1796032059272434, 1796032059268435, 1796032059272434, 1796032059272434, 3, X'498E1D75CB4A22645BB611D959E8C50159A1EDFF99D2E432DC13AFC0BBEA0346', 3);
insert into "deployments" values (X'01A22BDA578D7494AE1D12EAB1941E34', X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032059276391, 1796032059296121, 1796032059276391, 1796032059276391, 1796032059276391, 6, X'5EEC4759EA4D24E0ACDFEEBB8071DEF14CF281651CA8693FFA12D96F52FF8ED4', 2);
insert into "deployments" values (X'01A22BDA579176AF954E1DD3E2FC19E6', X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032059280288, 1796032059293395, 1796032059290781, 1796032059293395, NULL, NULL, X'E5D412361C1EDCC6AFF9CBB1B7C3C9C60BCA1AD241CCC48C8A25CCCA0A3E1ECA', 6);
insert into "deployments" values (X'01A22BDA57A47132912A1C0D3C948DBB', X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA57A47132912A1C0CFBCA7213', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032059299016, 1796032059302536, 1796032059299016, 1796032059299016, 1796032059299016, 16, X'D368C8BD14875C7AE807F2AF592D2A80933D5E00F84F5A6D5DDF243091BCF1D5', 2);
insert into "deployments" values (X'01A22BDA57A9744D843D570BC38026B1', X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032059305518, 1796032059305518, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'A3189F5493A1C13628A0A3FFFD52BDE9F9F8D9B35F0D7CFE0FBAB942831BA7FF', 1);
insert into "deployments" values (X'01A22BDA57AD76149863E6398460EC7A', X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032059308619, 1796032059308619, 1796032059308619, NULL, NULL, NULL, X'81428792AFA50109DEA56C16D7DA7F7A29E8501A0E993C3D312513C93B7FDEF0', 1);
insert into "deployments" values (X'01A22BDA57B5715CB8F9F29D8920CA61', X'01A22BDA57B2764EA66C94B91A69FA0B', X'01A22BDA57A47132912A1C0CFBCA7213', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032059316551, 1796032059316551, 1796032059316551, 1796032059316551, 1796032059316551, 25, X'F60A2AE02C355A646DA2C2B6E2BBB7C86E46505926D243EB359088CBFCCCF276', 1);
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
insert into "history" values (1, X'01A22BDA5780709098EEFF102617F1E7', 1, 'transition', NULL, 'pending', 1796032059253313, 1796032059253313, 'ci-bot', NULL, X'43A6F63436F6B6DBD241132007330F347FE9A1FC45562CB842DF70CD06C361A7');
insert into "history" values (2, X'01A22BDA5780709098EEFF102617F1E7', 1, 'transition', 'pending', 'in_progress', 1796032059268435, 1796032059268435, 'ci-bot', NULL, X'BB859DD99DA3B37315B78E8748E9FDB5BA71B12A6DECBAB321412C1C37BD91EF');
insert into "history" values (3, X'01A22BDA5780709098EEFF102617F1E7', 1, 'transition', 'in_progress', 'succeeded', 1796032059272434, 1796032059272434, 'ci-bot', NULL, X'498E1D75CB4A22645BB611D959E8C50159A1EDFF99D2E432DC13AFC0BBEA0346');
insert into "history" values (4, X'01A22BDA578D7494AE1D12EAB1941E34', 1, 'transition', NULL, 'pending', 1796032059276391, 1796032059276391, 'ci-bot', NULL, X'78F534B0A058F3D329DE12D9B7DA6D18EAF86CD986DF9547B28EC595859281F8');
insert into "history" values (5, X'01A22BDA578D7494AE1D12EAB1941E34', 1, 'transition', 'pending', 'in_progress', 1796032059276391, 1796032059276391, 'ci-bot', NULL, X'5B2A67F877D450F6E3046C8A4AA0A9A71A180290E046BDEA786CDF63415E3769');
insert into "history" values (6, X'01A22BDA578D7494AE1D12EAB1941E34', 1, 'transition', 'in_progress', 'succeeded', 1796032059276391, 1796032059276391, 'ci-bot', NULL, X'420B9808C184F049C12FB937AD2D9D4B39B0FF2844837EA5EE989BEFE3E4F85C');
insert into "history" values (7, X'01A22BDA579176AF954E1DD3E2FC19E6', 1, 'transition', NULL, 'pending', 1796032059280288, 1796032059280288, 'ci-bot', NULL, X'D4B9BEFF5069B9C530B31BB2D86A346370B70C59E4342EBA0871D0D057A93F81');
insert into "history" values (8, X'01A22BDA579176AF954E1DD3E2FC19E6', 1, 'transition', 'pending', 'in_progress', 1796032059283250, 1796032059283250, 'ci-bot', NULL, X'EC39C2CF3C831AAAEBA81044A15DC2C1F8522FDBA5B934691C29CA61FB11C856');
insert into "history" values (9, X'01A22BDA579176AF954E1DD3E2FC19E6', 1, 'transition', 'in_progress', 'failed', 1796032059285784, 1796032059285784, 'ci-bot', NULL, X'3138930E25B475097CBBCA05F14B9181FD3110694198C009ECA3A81264C4B4AD');
insert into "history" values (10, X'01A22BDA579176AF954E1DD3E2FC19E6', 2, 'transition', 'failed', 'pending', 1796032059288441, 1796032059288441, 'ci-bot', NULL, X'E2478D61A11D97297AAB9AA908A9E620D3F5879CD1BFDC5A223CA39A0CF074DC');
insert into "history" values (11, X'01A22BDA579176AF954E1DD3E2FC19E6', 2, 'transition', 'pending', 'in_progress', 1796032059290781, 1796032059290781, 'ci-bot', NULL, X'5759CEC78EE18D8444DBF6FA45EC393D55A3FCE32871095BCDC82EDEE847A1F4');
insert into "history" values (12, X'01A22BDA579176AF954E1DD3E2FC19E6', 2, 'transition', 'in_progress', 'failed', 1796032059293395, 1796032059293395, 'ci-bot', NULL, X'E5D412361C1EDCC6AFF9CBB1B7C3C9C60BCA1AD241CCC48C8A25CCCA0A3E1ECA');
insert into "history" values (13, X'01A22BDA578D7494AE1D12EAB1941E34', 1, 'transition', 'succeeded', 'rolled_back', 1796032059296121, 1796032059296121, 'ci-bot', NULL, X'5EEC4759EA4D24E0ACDFEEBB8071DEF14CF281651CA8693FFA12D96F52FF8ED4');
insert into "history" values (14, X'01A22BDA57A47132912A1C0D3C948DBB', 1, 'transition', NULL, 'pending', 1796032059299016, 1796032059299016, 'ci-bot', NULL, X'896BD6380B681EEE57CBB785305581110DA2F60D700082F78634E8505B57B362');
insert into "history" values (15, X'01A22BDA57A47132912A1C0D3C948DBB', 1, 'transition', 'pending', 'in_progress', 1796032059299016, 1796032059299016, 'ci-bot', NULL, X'58E3B74BD8AC409A293FE414CB30A781E894AEED182593043D8015CEAFBA4966');
insert into "history" values (16, X'01A22BDA57A47132912A1C0D3C948DBB', 1, 'transition', 'in_progress', 'succeeded', 1796032059299016, 1796032059299016, 'ci-bot', NULL, X'973BB18223F220A23A2113ABE06BE41E1FBC4ADD530C274C8276E9D9588C6792');
insert into "history" values (17, X'01A22BDA57A47132912A1C0D3C948DBB', 1, 'undeployed', 'succeeded', 'succeeded', 1796032059302536, 1796032059302536, 'ci-bot', 'moved', X'D368C8BD14875C7AE807F2AF592D2A80933D5E00F84F5A6D5DDF243091BCF1D5');
insert into "history" values (18, X'01A22BDA57A9744D843D570BC38026B1', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032059305518, 'ci-bot', NULL, X'9493E1A1CEAF82BD65E4ADEF1735884B10CBDD79DF3349F80546A33D5E7E630D');
insert into "history" values (19, X'01A22BDA57A9744D843D570BC38026B1', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032059305518, 'ci-bot', NULL, X'5D09CABE82B08305B10AE95B16CB572435143199220767A59209037925AD51CE');
insert into "history" values (20, X'01A22BDA57A9744D843D570BC38026B1', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032059305518, 'ci-bot', NULL, X'A3189F5493A1C13628A0A3FFFD52BDE9F9F8D9B35F0D7CFE0FBAB942831BA7FF');
insert into "history" values (21, X'01A22BDA57AD76149863E6398460EC7A', 1, 'transition', NULL, 'pending', 1796032059308619, 1796032059308619, 'ci-bot', NULL, X'6E217B47BBFE1107C3C7591654EEFF73374416753ECBC71CB62F9D568D3B75BC');
insert into "history" values (22, X'01A22BDA57AD76149863E6398460EC7A', 1, 'transition', 'pending', 'in_progress', 1796032059308619, 1796032059308619, 'ci-bot', NULL, X'81428792AFA50109DEA56C16D7DA7F7A29E8501A0E993C3D312513C93B7FDEF0');
insert into "history" values (23, X'01A22BDA57B5715CB8F9F29D8920CA61', 1, 'transition', NULL, 'pending', 1796032059316551, 1796032059316551, 'ci-bot', NULL, X'E6D7D5E7822439C61B7730384C13521D55F54798AE9952BBCA5F149E42158F36');
insert into "history" values (24, X'01A22BDA57B5715CB8F9F29D8920CA61', 1, 'transition', 'pending', 'in_progress', 1796032059316551, 1796032059316551, 'ci-bot', NULL, X'0FDFF762A0138A2D1A969881113E84C24C44271F324961761AC6E42945D2C1DD');
insert into "history" values (25, X'01A22BDA57B5715CB8F9F29D8920CA61', 1, 'transition', 'in_progress', 'succeeded', 1796032059316551, 1796032059316551, 'ci-bot', NULL, X'F60A2AE02C355A646DA2C2B6E2BBB7C86E46505926D243EB359088CBFCCCF276');
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', X'01A22BDA5780709098EEFF102617F1E7', 'v1', 1796032059272434);
insert into "current_cells" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA57A47132912A1C0CFBCA7213', NULL, NULL, NULL);
insert into "current_cells" values (X'01A22BDA57B2764EA66C94B91A69FA0B', X'01A22BDA57A47132912A1C0CFBCA7213', X'01A22BDA57B5715CB8F9F29D8920CA61', '2026.11.30+b1', 1796032059316551);
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
insert into "cell_periods" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 1709251199999000, 20, X'01A22BDA57A9744D843D570BC38026B1', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 1796032059272434, 3, X'01A22BDA5780709098EEFF102617F1E7', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 1796032059276391, 6, X'01A22BDA578D7494AE1D12EAB1941E34', 'v2', 1796032059296121);
insert into "cell_periods" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA57A47132912A1C0CFBCA7213', 1796032059299016, 16, X'01A22BDA57A47132912A1C0D3C948DBB', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA57A47132912A1C0CFBCA7213', 1796032059302536, 17, X'01A22BDA57A47132912A1C0D3C948DBB', NULL, NULL);
insert into "cell_periods" values (X'01A22BDA57B2764EA66C94B91A69FA0B', X'01A22BDA57A47132912A1C0CFBCA7213', 1796032059316551, 25, X'01A22BDA57B5715CB8F9F29D8920CA61', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA577F77ADAE480137CA6B1D9C', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA577F77ADAE480136C9028E22', X'01A22BDA57A47132912A1C0CFBCA7213', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA57B2764EA66C94B91A69FA0B', X'01A22BDA57A47132912A1C0CFBCA7213', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA577F77ADAE480137CA6B1D9C', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA577F77ADAE480137CA6B1D9C', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA577F77ADAE480137CA6B1D9C', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA577F77ADAE480137CA6B1D9C', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA577F77ADAE480137CA6B1D9C', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDA57A47132912A1C0CFBCA7213', 'succeeded', 0, 2);
CREATE TABLE commits (
    slot  integer not null primary key,
    count integer not null
) strict, without rowid;
insert into "commits" values (0, 20);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-57ad-7614-9863-e6398460ec7a","componentId":"01a22bda-577f-77ad-ae48-0136c9028e22","componentName":"api","environmentId":"01a22bda-577f-77ad-ae48-0137ca6b1d9c","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:39.308Z","updatedAt":"2026-11-30T09:47:39.308Z","startedAt":"2026-11-30T09:47:39.308Z","finishedAt":null,"succeededAt":null}', 1796118459308619);
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
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 25);
commit;
