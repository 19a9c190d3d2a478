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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 10:54:07', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 2945629);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 10:54:07', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 3896172);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 10:54:07', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 2732117);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 10:54:07', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 1996243);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 10:54:07', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 1877340);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 10:54:07', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 6411190);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 10:54:07', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 948888);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 10:54:07', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 5275007);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 10:54:07', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 6843453);
insert into "_sqlx_migrations" values (10, 'names', '2026-11-30 10:54:07', 1, X'ED5A1B8B6E17970797DA74949FD9FB90B74ACE313706CA50592A954184DEEE8233A52BB2533A35847ACD388F1E693662', 6006431);
insert into "_sqlx_migrations" values (11, 'archive and order', '2026-11-30 10:54:07', 1, X'490052477F6E4BC8E57693BB983F541D22A0CCC9B1B4CE71184F746E2884E7B3D121CF089D4D90D74AD74E288A0BAB94', 6730862);
insert into "_sqlx_migrations" values (12, 'by version', '2026-11-30 10:54:07', 1, X'3C249F57DE3FD45C72B311E7BCCBDC1EE5670666307BA3761DD6EA6B410081AEDE61D1C97E8F029443B3CC882FA9DA5F', 364698);
insert into "_sqlx_migrations" values (13, 'sessions', '2026-11-30 10:54:07', 1, X'2B8BED9AA4DE8D8188BAA0F353FAF2B1857DAA935D12BAF9AD14272D1DD3B6B5D3761F7D9E7EC08B9EA9C4B0C765AAD2', 420060);
insert into "_sqlx_migrations" values (14, 'cell authors', '2026-11-30 10:54:07', 1, X'86B7409CA3D10CBB554A652AC329F18F5136C513526D906D1444D557A27FB1B1959D38B949ABBFBDAEA475A6B40B4CB7', 4681341);
insert into "_sqlx_migrations" values (15, 'walls', '2026-11-30 10:54:07', 1, X'03AEC206F5B67442232A6DE0F7F820C60C90277710959051ADE2932F5D6C11172635C57CA4ECD3BB2B1F10DE7EBBF0EB', 1636802);
insert into "_sqlx_migrations" values (16, 'store', '2026-11-30 10:54:07', 1, X'67CC7E546D4DC6D11767F9696FC9D4669434753A251B67757EEBB79782FC943C07D1AEA29EBCDB59F3EB99EC251DC239', 3565030);
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
, name_key text not null default '', archived_at integer) strict;
insert into "components" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', 'api', NULL, NULL, NULL, NULL, 0, 1796036047551826, 1796036047551826, 'api', NULL);
insert into "components" values (X'01A22C17331576CE9C1F2880B815DCCE', 'Käse & Brot – 寿司 ''x''"\', NULL, NULL, NULL, NULL, 0, 1796036047637864, 1796036047637864, 'käse & brot – 寿司 ''x''"\', NULL);
insert into "components" values (X'01A22C17331D746EA9CF55332A4C6AEE', 'Я %_? <b>', NULL, NULL, NULL, NULL, 0, 1796036047645737, 1796036047645737, 'я %_? <b>', NULL);
insert into "components" values (X'01A22C17332476418497FC5F60B83244', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796036047652848, 1796036047674697, 'z9._-/z', 1796036047674697);
CREATE TABLE environments (
    id          blob    not null primary key,
    name        text    not null unique,
    description text,
    type        text    not null check (type in ('development', 'testing', 'staging', 'production', 'other')),
    position    integer not null,
    archived    integer not null,
    created_at  integer not null,
    updated_at  integer not null
, name_key text not null default '', archived_at integer) strict;
insert into "environments" values (X'01A22C1732C170248ED09C1A92A35469', 'production', NULL, 'production', 4294967296, 0, 1796036047552996, 1796036047552996, 'production', NULL);
insert into "environments" values (X'01A22C17330172BE8CC268041C14EA13', 'staging', NULL, 'staging', 0, 0, 1796036047617714, 1796036047617714, 'staging', NULL);
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
insert into "deployments" values (X'01A22C1732C6700C96A306062D27930A', X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796036047535627, 1796036047578337, 1796036047572466, 1796036047578337, 1796036047578337, 3, X'23C654E3A738EA1948D3B41A086EFBDF9F8209A1CF69592D28B3D1FDC7B31601', 3, 1796036047578337, 3);
insert into "deployments" values (X'01A22C1732E0715E890B3D41CC712D1A', X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796036047583477, 1796036047611546, 1796036047583477, 1796036047583477, 1796036047583477, 6, X'7E16042B4DF2F8DE32DCB501EEDE1DF87F5E95BF7B104B5C2C78EC3B199B2BBE', 2, 1796036047611546, 13);
insert into "deployments" values (X'01A22C1732E574E38D5C6974744F78C0', X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796036047588344, 1796036047607886, 1796036047604039, 1796036047607886, NULL, NULL, X'120517EDCC63760F529CB982E1A0CF257535AC9C7088BDAC0FA487A441BF6BF5', 6, 1796036047607886, 12);
insert into "deployments" values (X'01A22C17330271B9BF415A27F15EF4ED', X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C17330172BE8CC268041C14EA13', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796036047615806, 1796036047621826, 1796036047615806, 1796036047615806, 1796036047615806, 16, X'11BA7FA4CAF1A6D600F9C7A5F2D77884DA7AA53D9E3935949683927F897986CD', 2, 1796036047615806, 16);
insert into "deployments" values (X'01A22C17330B7544940F92C690DC9C6C', X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796036047626803, 1796036047626803, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'5116DF75620C8E83310CDFC53D2A3D46F922087BCDA9BD16FB7CE45EAE5106D0', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22C173311763B9EC19EBD9C620AEB', X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796036047631878, 1796036047631878, 1796036047631878, NULL, NULL, NULL, X'40DBC7F8FD4D2E1E037E86CF3051C632B8B508839F4B4F7A49262F0CA85F950B', 1, 1796036047631878, 22);
insert into "deployments" values (X'01A22C1733197307A507FEFBD58110F5', X'01A22C17331576CE9C1F2880B815DCCE', X'01A22C17330172BE8CC268041C14EA13', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796036047640648, 1796036047640648, 1796036047640648, 1796036047640648, 1796036047640648, 25, X'A7FF0BD33A6B34458EFECC72E97C4F6E4035514A038EE3608D5002135436F990', 1, 1796036047640648, 25);
insert into "deployments" values (X'01A22C173321779E8A1CC50E37A99ECB', X'01A22C17331D746EA9CF55332A4C6AEE', X'01A22C17330172BE8CC268041C14EA13', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796036047648498, 1796036047648498, 1796036047648498, 1796036047648498, 1796036047648498, 28, X'00478A4E4FCB3D2D1510219755A6AB8FEB76171E583FEDA461DF67A9E8319F0A', 1, 1796036047648498, 28);
insert into "deployments" values (X'01A22C17332870238FF5248A7223CB35', X'01A22C17332476418497FC5F60B83244', X'01A22C17330172BE8CC268041C14EA13', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796036047655446, 1796036047655446, 1796036047655446, 1796036047655446, 1796036047655446, 31, X'B5D0DDDFD0A88731AC689CFEA9C1A026DD88B0455BDE3481EF4ABEB1CE8B6E59', 1, 1796036047655446, 31);
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
insert into "history" values (1, X'01A22C1732C6700C96A306062D27930A', 1, 'transition', NULL, 'pending', 1796036047535627, 1796036047535627, 'ci-bot', NULL, X'41F0B532E5AFB9BDC3865608A0E227293D84041F0D893EE347A39FCB67E48848', NULL);
insert into "history" values (2, X'01A22C1732C6700C96A306062D27930A', 1, 'transition', 'pending', 'in_progress', 1796036047572466, 1796036047572466, 'ci-bot', NULL, X'97ABF7885C1C2CE81F4CFDC540D5B44474E1CB7EF9A3664DAEE10D885414E25C', NULL);
insert into "history" values (3, X'01A22C1732C6700C96A306062D27930A', 1, 'transition', 'in_progress', 'succeeded', 1796036047578337, 1796036047578337, 'ci-bot', NULL, X'23C654E3A738EA1948D3B41A086EFBDF9F8209A1CF69592D28B3D1FDC7B31601', NULL);
insert into "history" values (4, X'01A22C1732E0715E890B3D41CC712D1A', 1, 'transition', NULL, 'pending', 1796036047583477, 1796036047583477, 'ci-bot', NULL, X'F2803C7729C0F87DC64A6FA4D0F82A6AD181745F9D703D4A9ECA94A9534CF9F0', NULL);
insert into "history" values (5, X'01A22C1732E0715E890B3D41CC712D1A', 1, 'transition', 'pending', 'in_progress', 1796036047583477, 1796036047583477, 'ci-bot', NULL, X'859A1B54036A68BEE248067A103A8CB497886620D55EB0AB56AF3E15B0C614FD', NULL);
insert into "history" values (6, X'01A22C1732E0715E890B3D41CC712D1A', 1, 'transition', 'in_progress', 'succeeded', 1796036047583477, 1796036047583477, 'ci-bot', NULL, X'A139D8E37B2398A354BC4F04B923FFE30A98592A69A2B254C6D8B68362B8485C', NULL);
insert into "history" values (7, X'01A22C1732E574E38D5C6974744F78C0', 1, 'transition', NULL, 'pending', 1796036047588344, 1796036047588344, 'ci-bot', NULL, X'450F1BEEE9C0ABD25DB1476FDDE996289059BCAD8AA75CF8F624D62F057312A8', NULL);
insert into "history" values (8, X'01A22C1732E574E38D5C6974744F78C0', 1, 'transition', 'pending', 'in_progress', 1796036047592070, 1796036047592070, 'ci-bot', NULL, X'8061270BE2A4444B132DD3647EF83A4A46AD49E84B1B513E9BCB96D7C025D728', NULL);
insert into "history" values (9, X'01A22C1732E574E38D5C6974744F78C0', 1, 'transition', 'in_progress', 'failed', 1796036047596030, 1796036047596030, 'ci-bot', NULL, X'75FF4CF00EB8752F4243B85D4C4D5C89FE1F6758AF14FAD715774E56B7B55901', NULL);
insert into "history" values (10, X'01A22C1732E574E38D5C6974744F78C0', 2, 'transition', 'failed', 'pending', 1796036047599884, 1796036047599884, 'ci-bot', NULL, X'F004B8014D3B9EB599B8E4958B1B3AB220225C205CF803D5B5BB0BDADBC2C96A', NULL);
insert into "history" values (11, X'01A22C1732E574E38D5C6974744F78C0', 2, 'transition', 'pending', 'in_progress', 1796036047604039, 1796036047604039, 'ci-bot', NULL, X'D36B16B5DA21485AF5647BC429D32E87DC42927076B6F1A14C55B3575AAA7A1E', NULL);
insert into "history" values (12, X'01A22C1732E574E38D5C6974744F78C0', 2, 'transition', 'in_progress', 'failed', 1796036047607886, 1796036047607886, 'ci-bot', NULL, X'120517EDCC63760F529CB982E1A0CF257535AC9C7088BDAC0FA487A441BF6BF5', NULL);
insert into "history" values (13, X'01A22C1732E0715E890B3D41CC712D1A', 1, 'transition', 'succeeded', 'rolled_back', 1796036047611546, 1796036047611546, 'ci-bot', NULL, X'7E16042B4DF2F8DE32DCB501EEDE1DF87F5E95BF7B104B5C2C78EC3B199B2BBE', NULL);
insert into "history" values (14, X'01A22C17330271B9BF415A27F15EF4ED', 1, 'transition', NULL, 'pending', 1796036047615806, 1796036047615806, 'ci-bot', NULL, X'BA9D8EF51B1127760D00BDF0A04D18BBABDAAADBED75E890AF03A4BF039A0285', NULL);
insert into "history" values (15, X'01A22C17330271B9BF415A27F15EF4ED', 1, 'transition', 'pending', 'in_progress', 1796036047615806, 1796036047615806, 'ci-bot', NULL, X'032C3D067B0DB22E42003862009FC3396AAE71EF7044D3854011106AF59CD737', NULL);
insert into "history" values (16, X'01A22C17330271B9BF415A27F15EF4ED', 1, 'transition', 'in_progress', 'succeeded', 1796036047615806, 1796036047615806, 'ci-bot', NULL, X'CAC1ABA4796B6A0B5E170CC439D1E13701B76A55ECF791574F5EB71EBEDD7AD4', NULL);
insert into "history" values (17, X'01A22C17330271B9BF415A27F15EF4ED', 1, 'undeployed', 'succeeded', 'succeeded', 1796036047621826, 1796036047621826, 'ci-bot', 'moved', X'11BA7FA4CAF1A6D600F9C7A5F2D77884DA7AA53D9E3935949683927F897986CD', NULL);
insert into "history" values (18, X'01A22C17330B7544940F92C690DC9C6C', 1, 'transition', NULL, 'pending', 1709251199999000, 1796036047626803, 'ci-bot', NULL, X'BBF995BD6823C00EB7163F2053AFFA580D383B1D025ED7605CC42F58B1835E1D', NULL);
insert into "history" values (19, X'01A22C17330B7544940F92C690DC9C6C', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796036047626803, 'ci-bot', NULL, X'37744DFE0786CA723735A090048489A3434DBE7AB0FA78D48AB79361AD1BC03F', NULL);
insert into "history" values (20, X'01A22C17330B7544940F92C690DC9C6C', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796036047626803, 'ci-bot', NULL, X'5116DF75620C8E83310CDFC53D2A3D46F922087BCDA9BD16FB7CE45EAE5106D0', NULL);
insert into "history" values (21, X'01A22C173311763B9EC19EBD9C620AEB', 1, 'transition', NULL, 'pending', 1796036047631878, 1796036047631878, 'ci-bot', NULL, X'A9C717804E7789BF608EA638A60020E56A1728C23E91EE44A7086E89064418D9', NULL);
insert into "history" values (22, X'01A22C173311763B9EC19EBD9C620AEB', 1, 'transition', 'pending', 'in_progress', 1796036047631878, 1796036047631878, 'ci-bot', NULL, X'40DBC7F8FD4D2E1E037E86CF3051C632B8B508839F4B4F7A49262F0CA85F950B', NULL);
insert into "history" values (23, X'01A22C1733197307A507FEFBD58110F5', 1, 'transition', NULL, 'pending', 1796036047640648, 1796036047640648, 'ci-bot', NULL, X'941583F0ECCD64245F1E757143EA406C4D281BAA833F10096B9B7EFE79A59AAC', NULL);
insert into "history" values (24, X'01A22C1733197307A507FEFBD58110F5', 1, 'transition', 'pending', 'in_progress', 1796036047640648, 1796036047640648, 'ci-bot', NULL, X'D68B0CD821E736DE3720A5D7C8EB9CF34AFBC4FB235BA78D6D6524B6951FBDDF', NULL);
insert into "history" values (25, X'01A22C1733197307A507FEFBD58110F5', 1, 'transition', 'in_progress', 'succeeded', 1796036047640648, 1796036047640648, 'ci-bot', NULL, X'A7FF0BD33A6B34458EFECC72E97C4F6E4035514A038EE3608D5002135436F990', NULL);
insert into "history" values (26, X'01A22C173321779E8A1CC50E37A99ECB', 1, 'transition', NULL, 'pending', 1796036047648498, 1796036047648498, 'ci-bot', NULL, X'FE2E3349C47873BED7F8CED25D9893EC7C6DFA07A21768D16BA16D200D59CFA6', NULL);
insert into "history" values (27, X'01A22C173321779E8A1CC50E37A99ECB', 1, 'transition', 'pending', 'in_progress', 1796036047648498, 1796036047648498, 'ci-bot', NULL, X'2002148E909815B2405263F73E388F80B53ABA77ECE00ADD570AF36FE9E3577E', NULL);
insert into "history" values (28, X'01A22C173321779E8A1CC50E37A99ECB', 1, 'transition', 'in_progress', 'succeeded', 1796036047648498, 1796036047648498, 'ci-bot', NULL, X'00478A4E4FCB3D2D1510219755A6AB8FEB76171E583FEDA461DF67A9E8319F0A', NULL);
insert into "history" values (29, X'01A22C17332870238FF5248A7223CB35', 1, 'transition', NULL, 'pending', 1796036047655446, 1796036047655446, 'ci-bot', NULL, X'C6779936175B42887FA1F7BA75A7925A48A4ECD23EA6EA270A97AF6195992843', NULL);
insert into "history" values (30, X'01A22C17332870238FF5248A7223CB35', 1, 'transition', 'pending', 'in_progress', 1796036047655446, 1796036047655446, 'ci-bot', NULL, X'2679D29DE66015418949648C858ABF943FE903FDDE2B343A8457A6C3DCA0D935', NULL);
insert into "history" values (31, X'01A22C17332870238FF5248A7223CB35', 1, 'transition', 'in_progress', 'succeeded', 1796036047655446, 1796036047655446, 'ci-bot', NULL, X'B5D0DDDFD0A88731AC689CFEA9C1A026DD88B0455BDE3481EF4ABEB1CE8B6E59', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0, deployed_by text, commit_sha text,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', X'01A22C1732C6700C96A306062D27930A', 'v1', 1796036047578337, 1796036047631878, 'Zoë O''Neil', 'ed52224');
insert into "current_cells" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C17330172BE8CC268041C14EA13', NULL, NULL, NULL, 1796036047621826, NULL, NULL);
insert into "current_cells" values (X'01A22C17331576CE9C1F2880B815DCCE', X'01A22C17330172BE8CC268041C14EA13', X'01A22C1733197307A507FEFBD58110F5', '2026.11.30+b1', 1796036047640648, 1796036047640648, 'ci-bot', NULL);
insert into "current_cells" values (X'01A22C17331D746EA9CF55332A4C6AEE', X'01A22C17330172BE8CC268041C14EA13', X'01A22C173321779E8A1CC50E37A99ECB', '2026.11.30+b1', 1796036047648498, 1796036047648498, 'ci-bot', NULL);
insert into "current_cells" values (X'01A22C17332476418497FC5F60B83244', X'01A22C17330172BE8CC268041C14EA13', X'01A22C17332870238FF5248A7223CB35', '2026.11.30+b1', 1796036047655446, 1796036047655446, 'ci-bot', NULL);
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
insert into "cell_periods" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 1709251199999000, 20, X'01A22C17330B7544940F92C690DC9C6C', 'v0', NULL);
insert into "cell_periods" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 1796036047578337, 3, X'01A22C1732C6700C96A306062D27930A', 'v1', NULL);
insert into "cell_periods" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 1796036047583477, 6, X'01A22C1732E0715E890B3D41CC712D1A', 'v2', 1796036047611546);
insert into "cell_periods" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C17330172BE8CC268041C14EA13', 1796036047615806, 16, X'01A22C17330271B9BF415A27F15EF4ED', 'v2', NULL);
insert into "cell_periods" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C17330172BE8CC268041C14EA13', 1796036047621826, 17, X'01A22C17330271B9BF415A27F15EF4ED', NULL, NULL);
insert into "cell_periods" values (X'01A22C17331576CE9C1F2880B815DCCE', X'01A22C17330172BE8CC268041C14EA13', 1796036047640648, 25, X'01A22C1733197307A507FEFBD58110F5', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22C17331D746EA9CF55332A4C6AEE', X'01A22C17330172BE8CC268041C14EA13', 1796036047648498, 28, X'01A22C173321779E8A1CC50E37A99ECB', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22C17332476418497FC5F60B83244', X'01A22C17330172BE8CC268041C14EA13', 1796036047655446, 31, X'01A22C17332870238FF5248A7223CB35', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'failed', 1);
insert into "deployment_counts" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'pending', 0);
insert into "deployment_counts" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C1732C170248ED09C1A92A35469', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22C1732BF71FABA2F77CCD74DDE0E', X'01A22C17330172BE8CC268041C14EA13', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22C17331576CE9C1F2880B815DCCE', X'01A22C17330172BE8CC268041C14EA13', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22C17331D746EA9CF55332A4C6AEE', X'01A22C17330172BE8CC268041C14EA13', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22C17332476418497FC5F60B83244', X'01A22C17330172BE8CC268041C14EA13', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22C1732C170248ED09C1A92A35469', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22C1732C170248ED09C1A92A35469', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22C1732C170248ED09C1A92A35469', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22C1732C170248ED09C1A92A35469', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22C1732C170248ED09C1A92A35469', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22C17330172BE8CC268041C14EA13', 'succeeded', 0, 4);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22c17-3311-763b-9ec1-9ebd9c620aeb","componentId":"01a22c17-32bf-71fa-ba2f-77ccd74dde0e","componentName":"api","environmentId":"01a22c17-32c1-7024-8ed0-9c1a92a35469","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T10:54:07.631Z","updatedAt":"2026-11-30T10:54:07.631Z","startedAt":"2026-11-30T10:54:07.631Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T10:54:07.631Z"}', 1796122447633346);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22C1732BF71FABA2F77CCD74DDE0E', NULL, 'api', 1796036047551826, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22C1732C170248ED09C1A92A35469', NULL, 'production', 1796036047552996, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22C1732C6700C96A306062D27930A', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22C1732C6700C96A306062D27930A', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22C1732C6700C96A306062D27930A', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22C1732E0715E890B3D41CC712D1A', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22C1732E0715E890B3D41CC712D1A', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22C1732E0715E890B3D41CC712D1A', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22C1732E574E38D5C6974744F78C0', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22C1732E574E38D5C6974744F78C0', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22C1732E574E38D5C6974744F78C0', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22C1732E574E38D5C6974744F78C0', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22C1732E574E38D5C6974744F78C0', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22C1732E574E38D5C6974744F78C0', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22C1732E0715E890B3D41CC712D1A', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22C17330172BE8CC268041C14EA13', NULL, 'staging', 1796036047617714, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22C17330271B9BF415A27F15EF4ED', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22C17330271B9BF415A27F15EF4ED', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22C17330271B9BF415A27F15EF4ED', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22C17330271B9BF415A27F15EF4ED', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22C17330B7544940F92C690DC9C6C', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22C17330B7544940F92C690DC9C6C', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22C17330B7544940F92C690DC9C6C', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22C173311763B9EC19EBD9C620AEB', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22C173311763B9EC19EBD9C620AEB', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22C17331576CE9C1F2880B815DCCE', NULL, 'Käse & Brot – 寿司 ''x''"\', 1796036047637864, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22C1733197307A507FEFBD58110F5', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22C1733197307A507FEFBD58110F5', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22C1733197307A507FEFBD58110F5', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.created', X'01A22C17331D746EA9CF55332A4C6AEE', NULL, 'Я %_? <b>', 1796036047645737, 'ci-bot');
insert into "events" values (31, 'deployment.created', X'01A22C173321779E8A1CC50E37A99ECB', 26, NULL, NULL, NULL);
insert into "events" values (32, 'deployment.transitioned', X'01A22C173321779E8A1CC50E37A99ECB', 27, NULL, NULL, NULL);
insert into "events" values (33, 'deployment.transitioned', X'01A22C173321779E8A1CC50E37A99ECB', 28, NULL, NULL, NULL);
insert into "events" values (34, 'component.created', X'01A22C17332476418497FC5F60B83244', NULL, 'Z9._-/z', 1796036047652848, 'ci-bot');
insert into "events" values (35, 'deployment.created', X'01A22C17332870238FF5248A7223CB35', 29, NULL, NULL, NULL);
insert into "events" values (36, 'deployment.transitioned', X'01A22C17332870238FF5248A7223CB35', 30, NULL, NULL, NULL);
insert into "events" values (37, 'deployment.transitioned', X'01A22C17332870238FF5248A7223CB35', 31, NULL, NULL, NULL);
insert into "events" values (38, 'component.updated', X'01A22C17332476418497FC5F60B83244', NULL, 'Z9._-/z', 1796036047674697, 'ci-bot');
CREATE TABLE "commits" (
    only_row   integer not null primary key check (only_row = 1),
    count      integer not null,
    last_event integer not null
) strict;
insert into "commits" values (1, 26, 38);
CREATE TABLE sessions (
    id         blob    not null primary key,
    is_code    integer not null,
    subject    text    not null,
    admin      integer not null,
    verifier   blob    not null,
    created_at integer not null,
    expires_at integer not null,
    token_ends integer not null
) strict, without rowid;
CREATE TABLE walls (
    id           blob    not null primary key,
    name         text    not null,
    name_key     text    not null unique,
    view         text    not null,
    session      blob    not null unique,
    created_by   text    not null,
    created_at   integer not null,
    last_seen_at integer
) strict, without rowid;
insert into "walls" values (X'01A22C1733457200870483C2357CB9EE', 'hall', 'hall', '', X'C7E4138B5232FFA5AC6405B9A28A0B4F512E723C083A2DB1E2EC955DEE82743A', 'ci-bot', 1796036047685900, NULL);
CREATE TABLE store (
    only_row integer not null primary key check (only_row = 1),
    id       blob    not null check (length(id) = 16)
) strict;
insert into "store" values (1, X'E6C214B196A14D978142646894941BB2');
CREATE INDEX deployments_newest on deployments (created_at, id);
CREATE INDEX deployments_by_component on deployments (component_id, created_at, id);
CREATE INDEX deployments_by_environment on deployments (environment_id, created_at, id);
CREATE INDEX deployments_by_status on deployments (status, created_at, id);
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
CREATE UNIQUE INDEX components_by_name_key on components (name_key);
CREATE UNIQUE INDEX environments_by_name_key on environments (name_key);
CREATE INDEX environments_by_order on environments (position, id);
CREATE INDEX environments_by_type on environments (type, position, id);
CREATE INDEX events_with_names on events (number) where name is not null;
CREATE INDEX deployments_by_version_and_cell on deployments (version, component_id, environment_id);
CREATE INDEX sessions_by_subject on sessions (subject, created_at);
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 31);
commit;
