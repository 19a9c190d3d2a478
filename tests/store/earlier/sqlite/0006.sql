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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:41', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 997636);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:41', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 1157461);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:41', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 880058);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:41', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 1315671);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:41', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 703744);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:47:41', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 3096889);
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
insert into "components" values (X'01A22BDA61667713BD2CFAE8F9870736', 'api', NULL, NULL, NULL, NULL, 0, 1796032061798440, 1796032061798440);
insert into "components" values (X'01A22BDA61BD75F29B670CE48290638E', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032061885996, 1796032061904765);
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
insert into "environments" values (X'01A22BDA61677666B6187D3BFF28F2E8', 'production', NULL, 'production', 2, 0, 1796032061799433, 1796032061861115);
insert into "environments" values (X'01A22BDA61A575DA8834C17D2A3417CE', 'staging', NULL, 'staging', 1, 0, 1796032061861104, 1796032061861115);
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
insert into "deployments" values (X'01A22BDA616872E08E8D106FDBC50AD0', X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032061792351, 1796032061817746, 1796032061811133, 1796032061817746, 1796032061817746, 3, X'4937A3D1BE7E20620B4A22B60A4B79D9DFA81232093415D1568D1D2DA8F0E894', 3);
insert into "deployments" values (X'01A22BDA618075DBB3FD07A1934AF13B', X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032061823744, 1796032061854187, 1796032061823744, 1796032061823744, 1796032061823744, 6, X'C32528D7EEF93071D7DB116DAAB83DBD792DC195D690F4E6CC65C5C545382B8D', 2);
insert into "deployments" values (X'01A22BDA6185744384A397AA03FB7259', X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032061828918, 1796032061849755, 1796032061845592, 1796032061849755, NULL, NULL, X'721345AA56BE43C31C905260E9FD4B8C86383BC83F9FC9E72DA864660359668F', 6);
insert into "deployments" values (X'01A22BDA61A575DA8834C17E607A318C', X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61A575DA8834C17D2A3417CE', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032061859263, 1796032061865177, 1796032061859263, 1796032061859263, 1796032061859263, 16, X'A497B2E90BA5B5B72CAA1639A19B23B3E792C22B58E8D40D2433BA78A8FEDF0D', 2);
insert into "deployments" values (X'01A22BDA61AE707EB97F873C5EC9122D', X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032061870290, 1796032061870290, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'6E0C6AAA22B7E8F804A10474826F43E2FC32D3542CB5C51D9E117E865AE457F5', 1);
insert into "deployments" values (X'01A22BDA61B474CF8235B52B70979A83', X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032061875392, 1796032061875392, 1796032061875392, NULL, NULL, NULL, X'4664F1E638971B6ABB5602025F4DAD151B604953FCFAD853DE0B5401E14E5DD8', 1);
insert into "deployments" values (X'01A22BDA61C470CEBE30A6905C526B9B', X'01A22BDA61BD75F29B670CE48290638E', X'01A22BDA61A575DA8834C17D2A3417CE', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032061890632, 1796032061890632, 1796032061890632, 1796032061890632, 1796032061890632, 25, X'6EF578FDF078FD98D145DB5A3EC7C458983973F2FF097786614F7FC1C607BD6E', 1);
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
insert into "history" values (1, X'01A22BDA616872E08E8D106FDBC50AD0', 1, 'transition', NULL, 'pending', 1796032061792351, 1796032061792351, 'ci-bot', NULL, X'F008781082F2AB183F18D5BD5A84DD7C9C4E01083924C7934746986F95351F38');
insert into "history" values (2, X'01A22BDA616872E08E8D106FDBC50AD0', 1, 'transition', 'pending', 'in_progress', 1796032061811133, 1796032061811133, 'ci-bot', NULL, X'61B814ED7E9337C4DA88EE737E72DC3A3EC129EF6A04E4818D0A3F4505A0EFD1');
insert into "history" values (3, X'01A22BDA616872E08E8D106FDBC50AD0', 1, 'transition', 'in_progress', 'succeeded', 1796032061817746, 1796032061817746, 'ci-bot', NULL, X'4937A3D1BE7E20620B4A22B60A4B79D9DFA81232093415D1568D1D2DA8F0E894');
insert into "history" values (4, X'01A22BDA618075DBB3FD07A1934AF13B', 1, 'transition', NULL, 'pending', 1796032061823744, 1796032061823744, 'ci-bot', NULL, X'CF395DEC11AC07FF0BDA6654B6EF1D7EA41123C6400F560C1FB8069E5CFA2A84');
insert into "history" values (5, X'01A22BDA618075DBB3FD07A1934AF13B', 1, 'transition', 'pending', 'in_progress', 1796032061823744, 1796032061823744, 'ci-bot', NULL, X'33C2A4B62E730EE0F116AA3F3DB599AE5C7FF7D9F0ACF03101610ABE8C55F2EE');
insert into "history" values (6, X'01A22BDA618075DBB3FD07A1934AF13B', 1, 'transition', 'in_progress', 'succeeded', 1796032061823744, 1796032061823744, 'ci-bot', NULL, X'4D98D626FAFEE9A286A9682E80A8F6A0E596D6A2E216976657EABC33D4D9ABA0');
insert into "history" values (7, X'01A22BDA6185744384A397AA03FB7259', 1, 'transition', NULL, 'pending', 1796032061828918, 1796032061828918, 'ci-bot', NULL, X'157C379D50B786FB5EB0726CE2D9D2B769883A9D3AC85883A16483E205D57E4D');
insert into "history" values (8, X'01A22BDA6185744384A397AA03FB7259', 1, 'transition', 'pending', 'in_progress', 1796032061833247, 1796032061833247, 'ci-bot', NULL, X'43950F76D537FB30E87DD943BB1E12D13B2FDC96E48B327E5269EC37185D100B');
insert into "history" values (9, X'01A22BDA6185744384A397AA03FB7259', 1, 'transition', 'in_progress', 'failed', 1796032061837361, 1796032061837361, 'ci-bot', NULL, X'AB027F1DDCAF0EAC7973B70C16192DA9F7DE5949EEC66006FFC14FF0BD95BAC3');
insert into "history" values (10, X'01A22BDA6185744384A397AA03FB7259', 2, 'transition', 'failed', 'pending', 1796032061841569, 1796032061841569, 'ci-bot', NULL, X'676F9FD279A4CDEF7B5DD297A2DE47D5A13B14E501A53E1F1A21008B6DB40C0A');
insert into "history" values (11, X'01A22BDA6185744384A397AA03FB7259', 2, 'transition', 'pending', 'in_progress', 1796032061845592, 1796032061845592, 'ci-bot', NULL, X'166C079D737D1971F280E793FE715166285D6C4CFE382F71AB92EE46F0F8A68E');
insert into "history" values (12, X'01A22BDA6185744384A397AA03FB7259', 2, 'transition', 'in_progress', 'failed', 1796032061849755, 1796032061849755, 'ci-bot', NULL, X'721345AA56BE43C31C905260E9FD4B8C86383BC83F9FC9E72DA864660359668F');
insert into "history" values (13, X'01A22BDA618075DBB3FD07A1934AF13B', 1, 'transition', 'succeeded', 'rolled_back', 1796032061854187, 1796032061854187, 'ci-bot', NULL, X'C32528D7EEF93071D7DB116DAAB83DBD792DC195D690F4E6CC65C5C545382B8D');
insert into "history" values (14, X'01A22BDA61A575DA8834C17E607A318C', 1, 'transition', NULL, 'pending', 1796032061859263, 1796032061859263, 'ci-bot', NULL, X'C65F6DF17D16C9CDC592C4B4849B6220D65A38DF86F1B86728603365CBDD3C40');
insert into "history" values (15, X'01A22BDA61A575DA8834C17E607A318C', 1, 'transition', 'pending', 'in_progress', 1796032061859263, 1796032061859263, 'ci-bot', NULL, X'E03ECB4ABE11F663EFC09877955A3E63A184C03FA6A1ABF0397544FEF58E5B1E');
insert into "history" values (16, X'01A22BDA61A575DA8834C17E607A318C', 1, 'transition', 'in_progress', 'succeeded', 1796032061859263, 1796032061859263, 'ci-bot', NULL, X'60339C15F5619890AC9C4D5E18DF609876F188999C34C7759420D1BC452CBE3B');
insert into "history" values (17, X'01A22BDA61A575DA8834C17E607A318C', 1, 'undeployed', 'succeeded', 'succeeded', 1796032061865177, 1796032061865177, 'ci-bot', 'moved', X'A497B2E90BA5B5B72CAA1639A19B23B3E792C22B58E8D40D2433BA78A8FEDF0D');
insert into "history" values (18, X'01A22BDA61AE707EB97F873C5EC9122D', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032061870290, 'ci-bot', NULL, X'713147021F250E0BCDA1F3B2FFFF6960E039386404DDA89E56F65DF4CCF4A84F');
insert into "history" values (19, X'01A22BDA61AE707EB97F873C5EC9122D', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032061870290, 'ci-bot', NULL, X'09D6F4D0B25CB04B602AC0FD99280782ACABC0D4C526D5DF9B50CE6CF56BBC56');
insert into "history" values (20, X'01A22BDA61AE707EB97F873C5EC9122D', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032061870290, 'ci-bot', NULL, X'6E0C6AAA22B7E8F804A10474826F43E2FC32D3542CB5C51D9E117E865AE457F5');
insert into "history" values (21, X'01A22BDA61B474CF8235B52B70979A83', 1, 'transition', NULL, 'pending', 1796032061875392, 1796032061875392, 'ci-bot', NULL, X'E0710541A57517AF7DF6B1ADDDBC3C10A2E4D71741F4DA3DE36CEC16404BFFB1');
insert into "history" values (22, X'01A22BDA61B474CF8235B52B70979A83', 1, 'transition', 'pending', 'in_progress', 1796032061875392, 1796032061875392, 'ci-bot', NULL, X'4664F1E638971B6ABB5602025F4DAD151B604953FCFAD853DE0B5401E14E5DD8');
insert into "history" values (23, X'01A22BDA61C470CEBE30A6905C526B9B', 1, 'transition', NULL, 'pending', 1796032061890632, 1796032061890632, 'ci-bot', NULL, X'1E283036FB8B742BA046EC9DBB0E7C862BFAA4E8E8C6A8FC7BCDAEE2363A786E');
insert into "history" values (24, X'01A22BDA61C470CEBE30A6905C526B9B', 1, 'transition', 'pending', 'in_progress', 1796032061890632, 1796032061890632, 'ci-bot', NULL, X'B580D3D8CC4A7A32B1762A47C9E91DE708EDCD233A435F6AC15D376C053E4B77');
insert into "history" values (25, X'01A22BDA61C470CEBE30A6905C526B9B', 1, 'transition', 'in_progress', 'succeeded', 1796032061890632, 1796032061890632, 'ci-bot', NULL, X'6EF578FDF078FD98D145DB5A3EC7C458983973F2FF097786614F7FC1C607BD6E');
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', X'01A22BDA616872E08E8D106FDBC50AD0', 'v1', 1796032061817746);
insert into "current_cells" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61A575DA8834C17D2A3417CE', NULL, NULL, NULL);
insert into "current_cells" values (X'01A22BDA61BD75F29B670CE48290638E', X'01A22BDA61A575DA8834C17D2A3417CE', X'01A22BDA61C470CEBE30A6905C526B9B', '2026.11.30+b1', 1796032061890632);
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
insert into "cell_periods" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 1709251199999000, 20, X'01A22BDA61AE707EB97F873C5EC9122D', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 1796032061817746, 3, X'01A22BDA616872E08E8D106FDBC50AD0', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 1796032061823744, 6, X'01A22BDA618075DBB3FD07A1934AF13B', 'v2', 1796032061854187);
insert into "cell_periods" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61A575DA8834C17D2A3417CE', 1796032061859263, 16, X'01A22BDA61A575DA8834C17E607A318C', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61A575DA8834C17D2A3417CE', 1796032061865177, 17, X'01A22BDA61A575DA8834C17E607A318C', NULL, NULL);
insert into "cell_periods" values (X'01A22BDA61BD75F29B670CE48290638E', X'01A22BDA61A575DA8834C17D2A3417CE', 1796032061890632, 25, X'01A22BDA61C470CEBE30A6905C526B9B', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61677666B6187D3BFF28F2E8', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA61667713BD2CFAE8F9870736', X'01A22BDA61A575DA8834C17D2A3417CE', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA61BD75F29B670CE48290638E', X'01A22BDA61A575DA8834C17D2A3417CE', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA61677666B6187D3BFF28F2E8', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA61677666B6187D3BFF28F2E8', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA61677666B6187D3BFF28F2E8', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA61677666B6187D3BFF28F2E8', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA61677666B6187D3BFF28F2E8', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDA61A575DA8834C17D2A3417CE', 'succeeded', 0, 2);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-61b4-74cf-8235-b52b70979a83","componentId":"01a22bda-6166-7713-bd2c-fae8f9870736","componentName":"api","environmentId":"01a22bda-6167-7666-b618-7d3bff28f2e8","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:41.875Z","updatedAt":"2026-11-30T09:47:41.875Z","startedAt":"2026-11-30T09:47:41.875Z","finishedAt":null,"succeededAt":null}', 1796118461875392);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDA61667713BD2CFAE8F9870736', NULL, 'api', 1796032061798440, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDA61677666B6187D3BFF28F2E8', NULL, 'production', 1796032061799459, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDA616872E08E8D106FDBC50AD0', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDA616872E08E8D106FDBC50AD0', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDA616872E08E8D106FDBC50AD0', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDA618075DBB3FD07A1934AF13B', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDA618075DBB3FD07A1934AF13B', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDA618075DBB3FD07A1934AF13B', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDA6185744384A397AA03FB7259', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDA6185744384A397AA03FB7259', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDA6185744384A397AA03FB7259', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDA6185744384A397AA03FB7259', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDA6185744384A397AA03FB7259', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDA6185744384A397AA03FB7259', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDA618075DBB3FD07A1934AF13B', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDA61A575DA8834C17D2A3417CE', NULL, 'staging', 1796032061861115, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDA61A575DA8834C17E607A318C', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDA61A575DA8834C17E607A318C', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDA61A575DA8834C17E607A318C', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDA61A575DA8834C17E607A318C', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDA61AE707EB97F873C5EC9122D', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDA61AE707EB97F873C5EC9122D', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDA61AE707EB97F873C5EC9122D', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDA61B474CF8235B52B70979A83', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDA61B474CF8235B52B70979A83', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDA61BD75F29B670CE48290638E', NULL, 'Z9._-/z', 1796032061885996, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDA61C470CEBE30A6905C526B9B', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDA61C470CEBE30A6905C526B9B', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDA61C470CEBE30A6905C526B9B', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.updated', X'01A22BDA61BD75F29B670CE48290638E', NULL, 'Z9._-/z', 1796032061904765, 'ci-bot');
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
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 25);
commit;
