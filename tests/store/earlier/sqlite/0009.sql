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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:49', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 504407);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:49', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 721841);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:49', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 544734);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:49', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 4066806);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:49', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 345790);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:47:49', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 1953607);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:47:49', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 386151);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 09:47:49', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 1333437);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 09:47:49', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 1734981);
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
insert into "components" values (X'01A22BDA7FA67213AD29C0759DA810A9', 'api', NULL, NULL, NULL, NULL, 0, 1796032069542906, 1796032069542906);
insert into "components" values (X'01A22BDA800A7040800A6309D865950C', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032069642936, 1796032069655717);
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
insert into "environments" values (X'01A22BDA7FA77237A0C2870EFCDA3B70', 'production', NULL, 'production', 2, 0, 1796032069543240, 1796032069614051);
insert into "environments" values (X'01A22BDA7FEE71599A53C998676EC7AA', 'staging', NULL, 'staging', 1, 0, 1796032069614030, 1796032069614051);
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
, occurred_at integer not null default 0, occurred_sequence integer not null default 0) strict;
insert into "deployments" values (X'01A22BDA7FAA77D79B3C36A08D0774E4', X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032069539994, 1796032069564012, 1796032069555439, 1796032069564012, 1796032069564012, 3, X'30A86E0227FEE3B05CB3FFBBBC545DB1AEF9B72F6EF8E20703BAF5B7C8BB9F9F', 3, 1796032069564012, 3);
insert into "deployments" values (X'01A22BDA7FC2740A8F48634C895DF139', X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032069568431, 1796032069606187, 1796032069568431, 1796032069568431, 1796032069568431, 6, X'77AC52F4EAAEABAFB4D1C49FAC3D98FCC3AA29C194FA255FED9BDD500D38A3DF', 2, 1796032069606187, 13);
insert into "deployments" values (X'01A22BDA7FC972B2AB88C2E052B50E47', X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032069576883, 1796032069601725, 1796032069597622, 1796032069601725, NULL, NULL, X'0E8AD20E7F833150C4C03D08F7EE5311F2BED287853CC54C5C4FD5DC627087A6', 6, 1796032069601725, 12);
insert into "deployments" values (X'01A22BDA7FEF71C4A437F4FAFF67C420', X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FEE71599A53C998676EC7AA', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032069611546, 1796032069619357, 1796032069611546, 1796032069611546, 1796032069611546, 16, X'7E032F5E86C6504FF36731BA40358D33D8E7C2B8056CAF0F88B743F517AE0B96', 2, 1796032069611546, 16);
insert into "deployments" values (X'01A22BDA7FFA70C4B3530FC036AF8311', X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032069625144, 1796032069625144, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'25820063DD3EC9CF930C2D03C1C9D64A339631585E9ABD458504A1D33107C600', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22BDA8001762F9CCFEBA3D134BD3B', X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032069631372, 1796032069631372, 1796032069631372, NULL, NULL, NULL, X'71A05DAE90B24FFFB5A768FDD46409064EC72C08E1A43EAB47F4CC4A3369489C', 1, 1796032069631372, 22);
insert into "deployments" values (X'01A22BDA80117798BA5998BDE5067D3A', X'01A22BDA800A7040800A6309D865950C', X'01A22BDA7FEE71599A53C998676EC7AA', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032069645855, 1796032069645855, 1796032069645855, 1796032069645855, 1796032069645855, 25, X'318ACB6C0382210BB9985F9983F29CDA44C036EE2B29EDEC3660B7A61F3D55D7', 1, 1796032069645855, 25);
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
insert into "history" values (1, X'01A22BDA7FAA77D79B3C36A08D0774E4', 1, 'transition', NULL, 'pending', 1796032069539994, 1796032069539994, 'ci-bot', NULL, X'FE34580125DB44AE61A16CF005AEF9022D59ACF1B85687CAFB4C06989CB72BD3', NULL);
insert into "history" values (2, X'01A22BDA7FAA77D79B3C36A08D0774E4', 1, 'transition', 'pending', 'in_progress', 1796032069555439, 1796032069555439, 'ci-bot', NULL, X'A1249AD70E40C522250AA7ABA529CFF020E1A94F715593ACE656057F753CAEB2', NULL);
insert into "history" values (3, X'01A22BDA7FAA77D79B3C36A08D0774E4', 1, 'transition', 'in_progress', 'succeeded', 1796032069564012, 1796032069564012, 'ci-bot', NULL, X'30A86E0227FEE3B05CB3FFBBBC545DB1AEF9B72F6EF8E20703BAF5B7C8BB9F9F', NULL);
insert into "history" values (4, X'01A22BDA7FC2740A8F48634C895DF139', 1, 'transition', NULL, 'pending', 1796032069568431, 1796032069568431, 'ci-bot', NULL, X'9A167BFCC70ABB23C4CC44EE9E923910A75F59D1B32E854EF00E5D77A3C2BA78', NULL);
insert into "history" values (5, X'01A22BDA7FC2740A8F48634C895DF139', 1, 'transition', 'pending', 'in_progress', 1796032069568431, 1796032069568431, 'ci-bot', NULL, X'A448FE04F58C00BF98DD5D68E2338F262E30462EEE9C585918BF13369E7B7566', NULL);
insert into "history" values (6, X'01A22BDA7FC2740A8F48634C895DF139', 1, 'transition', 'in_progress', 'succeeded', 1796032069568431, 1796032069568431, 'ci-bot', NULL, X'16B82BF9D0737D6F97EDCA24724CE9730BFE4F1BF98EBA71741B6FC8D4735D80', NULL);
insert into "history" values (7, X'01A22BDA7FC972B2AB88C2E052B50E47', 1, 'transition', NULL, 'pending', 1796032069576883, 1796032069576883, 'ci-bot', NULL, X'CC828E0007374A1D59670D7E11081C744296B17045C39CED776C30CE01B8FB70', NULL);
insert into "history" values (8, X'01A22BDA7FC972B2AB88C2E052B50E47', 1, 'transition', 'pending', 'in_progress', 1796032069580086, 1796032069580086, 'ci-bot', NULL, X'F05DBBE4EFB16A66FD3D3697B58C7F3AD86930D797E2F023D49255E55B365D76', NULL);
insert into "history" values (9, X'01A22BDA7FC972B2AB88C2E052B50E47', 1, 'transition', 'in_progress', 'failed', 1796032069585344, 1796032069585344, 'ci-bot', NULL, X'F337A1620A34BAF910AF585278A3F28188C6E18A8E6CAEA64F5D0CC61261C08D', NULL);
insert into "history" values (10, X'01A22BDA7FC972B2AB88C2E052B50E47', 2, 'transition', 'failed', 'pending', 1796032069594409, 1796032069594409, 'ci-bot', NULL, X'500C16057F1295AF298C5BBC399340BA3723B27C0F4801EA86ED61842752B53A', NULL);
insert into "history" values (11, X'01A22BDA7FC972B2AB88C2E052B50E47', 2, 'transition', 'pending', 'in_progress', 1796032069597622, 1796032069597622, 'ci-bot', NULL, X'709EA8BE98911C653DA81BF0499CEE7A55EACDE6C5FB99F4CECF73ACD7511B65', NULL);
insert into "history" values (12, X'01A22BDA7FC972B2AB88C2E052B50E47', 2, 'transition', 'in_progress', 'failed', 1796032069601725, 1796032069601725, 'ci-bot', NULL, X'0E8AD20E7F833150C4C03D08F7EE5311F2BED287853CC54C5C4FD5DC627087A6', NULL);
insert into "history" values (13, X'01A22BDA7FC2740A8F48634C895DF139', 1, 'transition', 'succeeded', 'rolled_back', 1796032069606187, 1796032069606187, 'ci-bot', NULL, X'77AC52F4EAAEABAFB4D1C49FAC3D98FCC3AA29C194FA255FED9BDD500D38A3DF', NULL);
insert into "history" values (14, X'01A22BDA7FEF71C4A437F4FAFF67C420', 1, 'transition', NULL, 'pending', 1796032069611546, 1796032069611546, 'ci-bot', NULL, X'9714B5B8D60666F5B3A2DEB450A239F21330BF5B48366C7C1615E56C89A5A56F', NULL);
insert into "history" values (15, X'01A22BDA7FEF71C4A437F4FAFF67C420', 1, 'transition', 'pending', 'in_progress', 1796032069611546, 1796032069611546, 'ci-bot', NULL, X'C440D9079ACE5552B77B6B26C05AC1A3D1106A92BE5F5F824B94A014DCC9803C', NULL);
insert into "history" values (16, X'01A22BDA7FEF71C4A437F4FAFF67C420', 1, 'transition', 'in_progress', 'succeeded', 1796032069611546, 1796032069611546, 'ci-bot', NULL, X'5C7C0041F88672559638E1BC27F36A6FB54F5FE1987F45C3974E29A5B3F67D8E', NULL);
insert into "history" values (17, X'01A22BDA7FEF71C4A437F4FAFF67C420', 1, 'undeployed', 'succeeded', 'succeeded', 1796032069619357, 1796032069619357, 'ci-bot', 'moved', X'7E032F5E86C6504FF36731BA40358D33D8E7C2B8056CAF0F88B743F517AE0B96', NULL);
insert into "history" values (18, X'01A22BDA7FFA70C4B3530FC036AF8311', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032069625144, 'ci-bot', NULL, X'6EC613A11D15485C3F88825B1C6D2A380276D729C05645201608F11B0BE1EE75', NULL);
insert into "history" values (19, X'01A22BDA7FFA70C4B3530FC036AF8311', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032069625144, 'ci-bot', NULL, X'D28BB55A9AD1BF78AE747B449E4D72FA27DC38737D49FFB92B5687FF63B9D2BE', NULL);
insert into "history" values (20, X'01A22BDA7FFA70C4B3530FC036AF8311', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032069625144, 'ci-bot', NULL, X'25820063DD3EC9CF930C2D03C1C9D64A339631585E9ABD458504A1D33107C600', NULL);
insert into "history" values (21, X'01A22BDA8001762F9CCFEBA3D134BD3B', 1, 'transition', NULL, 'pending', 1796032069631372, 1796032069631372, 'ci-bot', NULL, X'2FFFEEC1E3953C99D27AEDE92791C5067FE93EBBF376CCD8A86BB72B79A4F5AE', NULL);
insert into "history" values (22, X'01A22BDA8001762F9CCFEBA3D134BD3B', 1, 'transition', 'pending', 'in_progress', 1796032069631372, 1796032069631372, 'ci-bot', NULL, X'71A05DAE90B24FFFB5A768FDD46409064EC72C08E1A43EAB47F4CC4A3369489C', NULL);
insert into "history" values (23, X'01A22BDA80117798BA5998BDE5067D3A', 1, 'transition', NULL, 'pending', 1796032069645855, 1796032069645855, 'ci-bot', NULL, X'49EFD614ECC94B4BC12B4C5054964B1B010E1EAACC9A20C28CCB7E3B4E836F84', NULL);
insert into "history" values (24, X'01A22BDA80117798BA5998BDE5067D3A', 1, 'transition', 'pending', 'in_progress', 1796032069645855, 1796032069645855, 'ci-bot', NULL, X'746A6BFAB75492DCF7ACA1BC2E0D47CDCD0F25A6C1498FD9834B5098B66F3392', NULL);
insert into "history" values (25, X'01A22BDA80117798BA5998BDE5067D3A', 1, 'transition', 'in_progress', 'succeeded', 1796032069645855, 1796032069645855, 'ci-bot', NULL, X'318ACB6C0382210BB9985F9983F29CDA44C036EE2B29EDEC3660B7A61F3D55D7', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', X'01A22BDA7FAA77D79B3C36A08D0774E4', 'v1', 1796032069564012, 1796032069631372);
insert into "current_cells" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FEE71599A53C998676EC7AA', NULL, NULL, NULL, 1796032069619357);
insert into "current_cells" values (X'01A22BDA800A7040800A6309D865950C', X'01A22BDA7FEE71599A53C998676EC7AA', X'01A22BDA80117798BA5998BDE5067D3A', '2026.11.30+b1', 1796032069645855, 1796032069645855);
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
insert into "cell_periods" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 1709251199999000, 20, X'01A22BDA7FFA70C4B3530FC036AF8311', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 1796032069564012, 3, X'01A22BDA7FAA77D79B3C36A08D0774E4', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 1796032069568431, 6, X'01A22BDA7FC2740A8F48634C895DF139', 'v2', 1796032069606187);
insert into "cell_periods" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FEE71599A53C998676EC7AA', 1796032069611546, 16, X'01A22BDA7FEF71C4A437F4FAFF67C420', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FEE71599A53C998676EC7AA', 1796032069619357, 17, X'01A22BDA7FEF71C4A437F4FAFF67C420', NULL, NULL);
insert into "cell_periods" values (X'01A22BDA800A7040800A6309D865950C', X'01A22BDA7FEE71599A53C998676EC7AA', 1796032069645855, 25, X'01A22BDA80117798BA5998BDE5067D3A', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FA77237A0C2870EFCDA3B70', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA7FA67213AD29C0759DA810A9', X'01A22BDA7FEE71599A53C998676EC7AA', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA800A7040800A6309D865950C', X'01A22BDA7FEE71599A53C998676EC7AA', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA7FA77237A0C2870EFCDA3B70', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA7FA77237A0C2870EFCDA3B70', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA7FA77237A0C2870EFCDA3B70', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA7FA77237A0C2870EFCDA3B70', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA7FA77237A0C2870EFCDA3B70', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDA7FEE71599A53C998676EC7AA', 'succeeded', 0, 2);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-8001-762f-9ccf-eba3d134bd3b","componentId":"01a22bda-7fa6-7213-ad29-c0759da810a9","componentName":"api","environmentId":"01a22bda-7fa7-7237-a0c2-870efcda3b70","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:49.631Z","updatedAt":"2026-11-30T09:47:49.631Z","startedAt":"2026-11-30T09:47:49.631Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T09:47:49.631Z"}', 1796118469633254);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDA7FA67213AD29C0759DA810A9', NULL, 'api', 1796032069542906, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDA7FA77237A0C2870EFCDA3B70', NULL, 'production', 1796032069543253, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDA7FAA77D79B3C36A08D0774E4', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDA7FAA77D79B3C36A08D0774E4', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDA7FAA77D79B3C36A08D0774E4', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDA7FC2740A8F48634C895DF139', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDA7FC2740A8F48634C895DF139', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDA7FC2740A8F48634C895DF139', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDA7FC972B2AB88C2E052B50E47', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDA7FC972B2AB88C2E052B50E47', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDA7FC972B2AB88C2E052B50E47', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDA7FC972B2AB88C2E052B50E47', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDA7FC972B2AB88C2E052B50E47', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDA7FC972B2AB88C2E052B50E47', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDA7FC2740A8F48634C895DF139', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDA7FEE71599A53C998676EC7AA', NULL, 'staging', 1796032069614051, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDA7FEF71C4A437F4FAFF67C420', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDA7FEF71C4A437F4FAFF67C420', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDA7FEF71C4A437F4FAFF67C420', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDA7FEF71C4A437F4FAFF67C420', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDA7FFA70C4B3530FC036AF8311', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDA7FFA70C4B3530FC036AF8311', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDA7FFA70C4B3530FC036AF8311', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDA8001762F9CCFEBA3D134BD3B', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDA8001762F9CCFEBA3D134BD3B', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDA800A7040800A6309D865950C', NULL, 'Z9._-/z', 1796032069642936, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDA80117798BA5998BDE5067D3A', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDA80117798BA5998BDE5067D3A', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDA80117798BA5998BDE5067D3A', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.updated', X'01A22BDA800A7040800A6309D865950C', NULL, 'Z9._-/z', 1796032069655717, 'ci-bot');
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
CREATE INDEX deployments_occurred on deployments (occurred_at, id);
CREATE INDEX deployments_by_component_occurred on deployments (component_id, occurred_at, id);
CREATE INDEX deployments_by_environment_occurred on deployments (environment_id, occurred_at, id);
CREATE INDEX deployments_by_status_occurred on deployments (status, occurred_at, id);
CREATE INDEX deployments_by_cell_occurred on deployments (component_id, environment_id, occurred_at, id);
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 25);
commit;
