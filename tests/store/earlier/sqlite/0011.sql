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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:54', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 765850);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:54', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 943344);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:54', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 825797);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:54', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 1050573);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:54', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 558489);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:47:54', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 3110831);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:47:54', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 403206);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 09:47:54', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 2034575);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 09:47:54', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 6854622);
insert into "_sqlx_migrations" values (10, 'names', '2026-11-30 09:47:54', 1, X'ED5A1B8B6E17970797DA74949FD9FB90B74ACE313706CA50592A954184DEEE8233A52BB2533A35847ACD388F1E693662', 2351284);
insert into "_sqlx_migrations" values (11, 'archive and order', '2026-11-30 09:47:54', 1, X'490052477F6E4BC8E57693BB983F541D22A0CCC9B1B4CE71184F746E2884E7B3D121CF089D4D90D74AD74E288A0BAB94', 2586198);
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
insert into "components" values (X'01A22BDA93F777229510FEBE15F8B45F', 'api', NULL, NULL, NULL, NULL, 0, 1796032074743024, 1796032074743024, 'api', NULL);
insert into "components" values (X'01A22BDA944C7642B3FAB7C371361031', 'Käse & Brot – 寿司 ''x''"\', NULL, NULL, NULL, NULL, 0, 1796032074828202, 1796032074828202, 'käse & brot – 寿司 ''x''"\', NULL);
insert into "components" values (X'01A22BDA94537797891F3B499A04950F', 'Я %_? <b>', NULL, NULL, NULL, NULL, 0, 1796032074835695, 1796032074835695, 'я %_? <b>', NULL);
insert into "components" values (X'01A22BDA945B74AC9CFADD87DCD2B170', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032074843095, 1796032074853521, 'z9._-/z', 1796032074853521);
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
insert into "environments" values (X'01A22BDA93F777229510FEBF6D5F7EA4', 'production', NULL, 'production', 4294967296, 0, 1796032074743510, 1796032074743510, 'production', NULL);
insert into "environments" values (X'01A22BDA942E717FBB245A1C7B58EE1B', 'staging', NULL, 'staging', 0, 0, 1796032074798544, 1796032074798544, 'staging', NULL);
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
insert into "deployments" values (X'01A22BDA93F971C4A1F7C64E38CDF5C2', X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032074739461, 1796032074756646, 1796032074751275, 1796032074756646, 1796032074756646, 3, X'2F76F74415639B3A6DBA7C2D06558CAB4FB3CAFDAA8C3C3FA6E2D89DF66E00EE', 3, 1796032074756646, 3);
insert into "deployments" values (X'01A22BDA940B71F0A8D0BB0507E66F5C', X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032074762574, 1796032074792027, 1796032074762574, 1796032074762574, 1796032074762574, 6, X'881EDA74E7E8C4621D895714800E76BB518D71A59D37AB54E6EEE1BE09D17792', 2, 1796032074792027, 13);
insert into "deployments" values (X'01A22BDA941072C8A001F0DA9FB69EC2', X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032074767554, 1796032074786897, 1796032074783006, 1796032074786897, NULL, NULL, X'AD00BEE215D8D9F904ED673EA7B94A6AD7F95F610D893E84B54EC8056B1AE80D', 6, 1796032074786897, 12);
insert into "deployments" values (X'01A22BDA942F76468D70A885E23A4CC1', X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA942E717FBB245A1C7B58EE1B', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032074796527, 1796032074802961, 1796032074796527, 1796032074796527, 1796032074796527, 16, X'61DE448A8238D298A5B9106FEEA084836891349121EFEB098A4B3AF4C68DC8AC', 2, 1796032074796527, 16);
insert into "deployments" values (X'01A22BDA943B70DDB46E759494514878', X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032074810342, 1796032074810342, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'7BFCB97F258B737D10FBD0C115DA9E72A1AC65DAE218A5FCB74B0DD2694AD1DA', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22BDA944774B098F878D85BE189FE', X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032074822344, 1796032074822344, 1796032074822344, NULL, NULL, NULL, X'AE4047B19E0F161AF018E9EA23C4F92A1CC8DA103FBD2B89643AAEA03B0B34A1', 1, 1796032074822344, 22);
insert into "deployments" values (X'01A22BDA945072ACAD54963689C44F7C', X'01A22BDA944C7642B3FAB7C371361031', X'01A22BDA942E717FBB245A1C7B58EE1B', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032074831025, 1796032074831025, 1796032074831025, 1796032074831025, 1796032074831025, 25, X'ECB47D8C4526462DDDAEB898659D647044ADA2F5303AF2FA485094135E7A58FB', 1, 1796032074831025, 25);
insert into "deployments" values (X'01A22BDA9457778E9D7B58554B05E5B6', X'01A22BDA94537797891F3B499A04950F', X'01A22BDA942E717FBB245A1C7B58EE1B', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032074838432, 1796032074838432, 1796032074838432, 1796032074838432, 1796032074838432, 28, X'8D7344BB322C675ED53E6279BA39703DA46024E511837367A7F3675CA3391D3B', 1, 1796032074838432, 28);
insert into "deployments" values (X'01A22BDA945E747FA4AA6934488DDF57', X'01A22BDA945B74AC9CFADD87DCD2B170', X'01A22BDA942E717FBB245A1C7B58EE1B', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032074845771, 1796032074845771, 1796032074845771, 1796032074845771, 1796032074845771, 31, X'360481797207581F033DF825167B0AD83A296C8A82E4D604175B96DD40890F96', 1, 1796032074845771, 31);
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
insert into "history" values (1, X'01A22BDA93F971C4A1F7C64E38CDF5C2', 1, 'transition', NULL, 'pending', 1796032074739461, 1796032074739461, 'ci-bot', NULL, X'4CBB8FD4A5ABA93F9FBDDDD361B3C9EE5FF8F44E34DB4F0680728562CA885AA5', NULL);
insert into "history" values (2, X'01A22BDA93F971C4A1F7C64E38CDF5C2', 1, 'transition', 'pending', 'in_progress', 1796032074751275, 1796032074751275, 'ci-bot', NULL, X'1FF3D2518E774911116067AC7052183F0E69E89EBE023FBB7BAE8F16F5A7CC0D', NULL);
insert into "history" values (3, X'01A22BDA93F971C4A1F7C64E38CDF5C2', 1, 'transition', 'in_progress', 'succeeded', 1796032074756646, 1796032074756646, 'ci-bot', NULL, X'2F76F74415639B3A6DBA7C2D06558CAB4FB3CAFDAA8C3C3FA6E2D89DF66E00EE', NULL);
insert into "history" values (4, X'01A22BDA940B71F0A8D0BB0507E66F5C', 1, 'transition', NULL, 'pending', 1796032074762574, 1796032074762574, 'ci-bot', NULL, X'504DA7A24414DC42B973966E3DD8C01F53C4278C59F296EACA5A487F79A9300E', NULL);
insert into "history" values (5, X'01A22BDA940B71F0A8D0BB0507E66F5C', 1, 'transition', 'pending', 'in_progress', 1796032074762574, 1796032074762574, 'ci-bot', NULL, X'FFB103A13C665FC9161674788181D16E4164FAAA8B771868395205B0ABA2C903', NULL);
insert into "history" values (6, X'01A22BDA940B71F0A8D0BB0507E66F5C', 1, 'transition', 'in_progress', 'succeeded', 1796032074762574, 1796032074762574, 'ci-bot', NULL, X'4BD0AB8A0519B8768DD2B53614E6C08014FEC18D3C514800A7AC76FBD3F3B478', NULL);
insert into "history" values (7, X'01A22BDA941072C8A001F0DA9FB69EC2', 1, 'transition', NULL, 'pending', 1796032074767554, 1796032074767554, 'ci-bot', NULL, X'BE64CC40A23A142A8D0B9CA6A406CEEDCC07AC44742F25AF00BCA0DBA7855C55', NULL);
insert into "history" values (8, X'01A22BDA941072C8A001F0DA9FB69EC2', 1, 'transition', 'pending', 'in_progress', 1796032074771487, 1796032074771487, 'ci-bot', NULL, X'08FB5A62E877F7DC01BD7C42D73F71CA2C75B1522B4AC0EC1DEB99F1AAE27193', NULL);
insert into "history" values (9, X'01A22BDA941072C8A001F0DA9FB69EC2', 1, 'transition', 'in_progress', 'failed', 1796032074775323, 1796032074775323, 'ci-bot', NULL, X'F7572361B5006DE7A0E4315133F8F0DE6CA4D86DB4286B51374582807E401B4D', NULL);
insert into "history" values (10, X'01A22BDA941072C8A001F0DA9FB69EC2', 2, 'transition', 'failed', 'pending', 1796032074779310, 1796032074779310, 'ci-bot', NULL, X'75E4A38E91AC359CA70B6921BC16710C5DF55B325C920FF3DC2A5F2220D106A3', NULL);
insert into "history" values (11, X'01A22BDA941072C8A001F0DA9FB69EC2', 2, 'transition', 'pending', 'in_progress', 1796032074783006, 1796032074783006, 'ci-bot', NULL, X'AFC85914BF8488320EA10864617EF5061EFA891C2202DA387E96E77F333EB9E5', NULL);
insert into "history" values (12, X'01A22BDA941072C8A001F0DA9FB69EC2', 2, 'transition', 'in_progress', 'failed', 1796032074786897, 1796032074786897, 'ci-bot', NULL, X'AD00BEE215D8D9F904ED673EA7B94A6AD7F95F610D893E84B54EC8056B1AE80D', NULL);
insert into "history" values (13, X'01A22BDA940B71F0A8D0BB0507E66F5C', 1, 'transition', 'succeeded', 'rolled_back', 1796032074792027, 1796032074792027, 'ci-bot', NULL, X'881EDA74E7E8C4621D895714800E76BB518D71A59D37AB54E6EEE1BE09D17792', NULL);
insert into "history" values (14, X'01A22BDA942F76468D70A885E23A4CC1', 1, 'transition', NULL, 'pending', 1796032074796527, 1796032074796527, 'ci-bot', NULL, X'534EF2ABA75B30CDEFC2C4CE514EBE57C1667813520B5DD9694F899802DCC98C', NULL);
insert into "history" values (15, X'01A22BDA942F76468D70A885E23A4CC1', 1, 'transition', 'pending', 'in_progress', 1796032074796527, 1796032074796527, 'ci-bot', NULL, X'789F46F26FC4B53A1C50D01FCF026FEBEC5D922DC2392ED072F9366648F82D3F', NULL);
insert into "history" values (16, X'01A22BDA942F76468D70A885E23A4CC1', 1, 'transition', 'in_progress', 'succeeded', 1796032074796527, 1796032074796527, 'ci-bot', NULL, X'D387D2E59EBEE1E2E0C4A5A09C71E8BCFB20B5E87E9068AAFC5FAB883495B355', NULL);
insert into "history" values (17, X'01A22BDA942F76468D70A885E23A4CC1', 1, 'undeployed', 'succeeded', 'succeeded', 1796032074802961, 1796032074802961, 'ci-bot', 'moved', X'61DE448A8238D298A5B9106FEEA084836891349121EFEB098A4B3AF4C68DC8AC', NULL);
insert into "history" values (18, X'01A22BDA943B70DDB46E759494514878', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032074810342, 'ci-bot', NULL, X'BECA82C4FBC921CBFF1A7F5E41F6BC2E4E9A0E6D53934E82954A31FBFBA19EC2', NULL);
insert into "history" values (19, X'01A22BDA943B70DDB46E759494514878', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032074810342, 'ci-bot', NULL, X'66CC821A669104E5DC8DA8EF339FE1A6138A5E12CB1A731235E2DD771F72DBBC', NULL);
insert into "history" values (20, X'01A22BDA943B70DDB46E759494514878', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032074810342, 'ci-bot', NULL, X'7BFCB97F258B737D10FBD0C115DA9E72A1AC65DAE218A5FCB74B0DD2694AD1DA', NULL);
insert into "history" values (21, X'01A22BDA944774B098F878D85BE189FE', 1, 'transition', NULL, 'pending', 1796032074822344, 1796032074822344, 'ci-bot', NULL, X'3DC1D526FDF87C7A661D2029CB2EBB6E8294794D9725D1BFDA92CBA10FB9E022', NULL);
insert into "history" values (22, X'01A22BDA944774B098F878D85BE189FE', 1, 'transition', 'pending', 'in_progress', 1796032074822344, 1796032074822344, 'ci-bot', NULL, X'AE4047B19E0F161AF018E9EA23C4F92A1CC8DA103FBD2B89643AAEA03B0B34A1', NULL);
insert into "history" values (23, X'01A22BDA945072ACAD54963689C44F7C', 1, 'transition', NULL, 'pending', 1796032074831025, 1796032074831025, 'ci-bot', NULL, X'4E083A4E1B1EC493F1DD8467B41DD7C77467A0177DD7E3EE2C773985685F318A', NULL);
insert into "history" values (24, X'01A22BDA945072ACAD54963689C44F7C', 1, 'transition', 'pending', 'in_progress', 1796032074831025, 1796032074831025, 'ci-bot', NULL, X'D9FABEBC6EC57017A870C9F39741DDF87BEF426A7465A9A180DEE19A1B036ABD', NULL);
insert into "history" values (25, X'01A22BDA945072ACAD54963689C44F7C', 1, 'transition', 'in_progress', 'succeeded', 1796032074831025, 1796032074831025, 'ci-bot', NULL, X'ECB47D8C4526462DDDAEB898659D647044ADA2F5303AF2FA485094135E7A58FB', NULL);
insert into "history" values (26, X'01A22BDA9457778E9D7B58554B05E5B6', 1, 'transition', NULL, 'pending', 1796032074838432, 1796032074838432, 'ci-bot', NULL, X'061EDB67E3A3AA14A18AFC0EB5B21AD3D32037B61E5CD08A09DD340D93BA1EC5', NULL);
insert into "history" values (27, X'01A22BDA9457778E9D7B58554B05E5B6', 1, 'transition', 'pending', 'in_progress', 1796032074838432, 1796032074838432, 'ci-bot', NULL, X'AA9398A16A97D99BA89F3A5636FBFD21BE03940288B958D34476B9BE5FC823BF', NULL);
insert into "history" values (28, X'01A22BDA9457778E9D7B58554B05E5B6', 1, 'transition', 'in_progress', 'succeeded', 1796032074838432, 1796032074838432, 'ci-bot', NULL, X'8D7344BB322C675ED53E6279BA39703DA46024E511837367A7F3675CA3391D3B', NULL);
insert into "history" values (29, X'01A22BDA945E747FA4AA6934488DDF57', 1, 'transition', NULL, 'pending', 1796032074845771, 1796032074845771, 'ci-bot', NULL, X'E766E6F370D6C3E5171325CB6A5D456341661E05AD659616306BAF9286BF1665', NULL);
insert into "history" values (30, X'01A22BDA945E747FA4AA6934488DDF57', 1, 'transition', 'pending', 'in_progress', 1796032074845771, 1796032074845771, 'ci-bot', NULL, X'BC54A4CEDBF47A2B681EC6A96A27747BA9EB096C93424AB0FA1EC6FAA209669A', NULL);
insert into "history" values (31, X'01A22BDA945E747FA4AA6934488DDF57', 1, 'transition', 'in_progress', 'succeeded', 1796032074845771, 1796032074845771, 'ci-bot', NULL, X'360481797207581F033DF825167B0AD83A296C8A82E4D604175B96DD40890F96', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', X'01A22BDA93F971C4A1F7C64E38CDF5C2', 'v1', 1796032074756646, 1796032074822344);
insert into "current_cells" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA942E717FBB245A1C7B58EE1B', NULL, NULL, NULL, 1796032074802961);
insert into "current_cells" values (X'01A22BDA944C7642B3FAB7C371361031', X'01A22BDA942E717FBB245A1C7B58EE1B', X'01A22BDA945072ACAD54963689C44F7C', '2026.11.30+b1', 1796032074831025, 1796032074831025);
insert into "current_cells" values (X'01A22BDA94537797891F3B499A04950F', X'01A22BDA942E717FBB245A1C7B58EE1B', X'01A22BDA9457778E9D7B58554B05E5B6', '2026.11.30+b1', 1796032074838432, 1796032074838432);
insert into "current_cells" values (X'01A22BDA945B74AC9CFADD87DCD2B170', X'01A22BDA942E717FBB245A1C7B58EE1B', X'01A22BDA945E747FA4AA6934488DDF57', '2026.11.30+b1', 1796032074845771, 1796032074845771);
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
insert into "cell_periods" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 1709251199999000, 20, X'01A22BDA943B70DDB46E759494514878', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 1796032074756646, 3, X'01A22BDA93F971C4A1F7C64E38CDF5C2', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 1796032074762574, 6, X'01A22BDA940B71F0A8D0BB0507E66F5C', 'v2', 1796032074792027);
insert into "cell_periods" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA942E717FBB245A1C7B58EE1B', 1796032074796527, 16, X'01A22BDA942F76468D70A885E23A4CC1', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA942E717FBB245A1C7B58EE1B', 1796032074802961, 17, X'01A22BDA942F76468D70A885E23A4CC1', NULL, NULL);
insert into "cell_periods" values (X'01A22BDA944C7642B3FAB7C371361031', X'01A22BDA942E717FBB245A1C7B58EE1B', 1796032074831025, 25, X'01A22BDA945072ACAD54963689C44F7C', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDA94537797891F3B499A04950F', X'01A22BDA942E717FBB245A1C7B58EE1B', 1796032074838432, 28, X'01A22BDA9457778E9D7B58554B05E5B6', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDA945B74AC9CFADD87DCD2B170', X'01A22BDA942E717FBB245A1C7B58EE1B', 1796032074845771, 31, X'01A22BDA945E747FA4AA6934488DDF57', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA93F777229510FEBF6D5F7EA4', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA93F777229510FEBE15F8B45F', X'01A22BDA942E717FBB245A1C7B58EE1B', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA944C7642B3FAB7C371361031', X'01A22BDA942E717FBB245A1C7B58EE1B', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA94537797891F3B499A04950F', X'01A22BDA942E717FBB245A1C7B58EE1B', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA945B74AC9CFADD87DCD2B170', X'01A22BDA942E717FBB245A1C7B58EE1B', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA93F777229510FEBF6D5F7EA4', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA93F777229510FEBF6D5F7EA4', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA93F777229510FEBF6D5F7EA4', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA93F777229510FEBF6D5F7EA4', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA93F777229510FEBF6D5F7EA4', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDA942E717FBB245A1C7B58EE1B', 'succeeded', 0, 4);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-9447-74b0-98f8-78d85be189fe","componentId":"01a22bda-93f7-7722-9510-febe15f8b45f","componentName":"api","environmentId":"01a22bda-93f7-7722-9510-febf6d5f7ea4","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:54.822Z","updatedAt":"2026-11-30T09:47:54.822Z","startedAt":"2026-11-30T09:47:54.822Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T09:47:54.822Z"}', 1796118474824040);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDA93F777229510FEBE15F8B45F', NULL, 'api', 1796032074743024, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDA93F777229510FEBF6D5F7EA4', NULL, 'production', 1796032074743510, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDA93F971C4A1F7C64E38CDF5C2', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDA93F971C4A1F7C64E38CDF5C2', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDA93F971C4A1F7C64E38CDF5C2', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDA940B71F0A8D0BB0507E66F5C', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDA940B71F0A8D0BB0507E66F5C', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDA940B71F0A8D0BB0507E66F5C', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDA941072C8A001F0DA9FB69EC2', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDA941072C8A001F0DA9FB69EC2', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDA941072C8A001F0DA9FB69EC2', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDA941072C8A001F0DA9FB69EC2', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDA941072C8A001F0DA9FB69EC2', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDA941072C8A001F0DA9FB69EC2', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDA940B71F0A8D0BB0507E66F5C', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDA942E717FBB245A1C7B58EE1B', NULL, 'staging', 1796032074798544, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDA942F76468D70A885E23A4CC1', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDA942F76468D70A885E23A4CC1', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDA942F76468D70A885E23A4CC1', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDA942F76468D70A885E23A4CC1', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDA943B70DDB46E759494514878', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDA943B70DDB46E759494514878', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDA943B70DDB46E759494514878', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDA944774B098F878D85BE189FE', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDA944774B098F878D85BE189FE', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDA944C7642B3FAB7C371361031', NULL, 'Käse & Brot – 寿司 ''x''"\', 1796032074828202, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDA945072ACAD54963689C44F7C', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDA945072ACAD54963689C44F7C', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDA945072ACAD54963689C44F7C', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.created', X'01A22BDA94537797891F3B499A04950F', NULL, 'Я %_? <b>', 1796032074835695, 'ci-bot');
insert into "events" values (31, 'deployment.created', X'01A22BDA9457778E9D7B58554B05E5B6', 26, NULL, NULL, NULL);
insert into "events" values (32, 'deployment.transitioned', X'01A22BDA9457778E9D7B58554B05E5B6', 27, NULL, NULL, NULL);
insert into "events" values (33, 'deployment.transitioned', X'01A22BDA9457778E9D7B58554B05E5B6', 28, NULL, NULL, NULL);
insert into "events" values (34, 'component.created', X'01A22BDA945B74AC9CFADD87DCD2B170', NULL, 'Z9._-/z', 1796032074843095, 'ci-bot');
insert into "events" values (35, 'deployment.created', X'01A22BDA945E747FA4AA6934488DDF57', 29, NULL, NULL, NULL);
insert into "events" values (36, 'deployment.transitioned', X'01A22BDA945E747FA4AA6934488DDF57', 30, NULL, NULL, NULL);
insert into "events" values (37, 'deployment.transitioned', X'01A22BDA945E747FA4AA6934488DDF57', 31, NULL, NULL, NULL);
insert into "events" values (38, 'component.updated', X'01A22BDA945B74AC9CFADD87DCD2B170', NULL, 'Z9._-/z', 1796032074853521, 'ci-bot');
CREATE TABLE "commits" (
    only_row   integer not null primary key check (only_row = 1),
    count      integer not null,
    last_event integer not null
) strict;
insert into "commits" values (1, 25, 38);
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
CREATE UNIQUE INDEX components_by_name_key on components (name_key);
CREATE UNIQUE INDEX environments_by_name_key on environments (name_key);
CREATE INDEX environments_by_order on environments (position, id);
CREATE INDEX environments_by_type on environments (type, position, id);
CREATE INDEX events_with_names on events (number) where name is not null;
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 31);
commit;
