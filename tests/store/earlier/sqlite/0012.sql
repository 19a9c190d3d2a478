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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:57', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 565439);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:57', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 3160790);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:57', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 742772);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:57', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 674981);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:57', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 387150);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:47:57', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 7623468);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:47:57', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 245685);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 09:47:57', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 1363204);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 09:47:57', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 2001901);
insert into "_sqlx_migrations" values (10, 'names', '2026-11-30 09:47:57', 1, X'ED5A1B8B6E17970797DA74949FD9FB90B74ACE313706CA50592A954184DEEE8233A52BB2533A35847ACD388F1E693662', 9468044);
insert into "_sqlx_migrations" values (11, 'archive and order', '2026-11-30 09:47:57', 1, X'490052477F6E4BC8E57693BB983F541D22A0CCC9B1B4CE71184F746E2884E7B3D121CF089D4D90D74AD74E288A0BAB94', 1619689);
insert into "_sqlx_migrations" values (12, 'by version', '2026-11-30 09:47:57', 1, X'3C249F57DE3FD45C72B311E7BCCBDC1EE5670666307BA3761DD6EA6B410081AEDE61D1C97E8F029443B3CC882FA9DA5F', 313863);
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
insert into "components" values (X'01A22BDA9FC2779E9F65F58E5E90474D', 'api', NULL, NULL, NULL, NULL, 0, 1796032077762298, 1796032077762298, 'api', NULL);
insert into "components" values (X'01A22BDAA04A74BDA226E9B5F1DDBEC3', 'Käse & Brot – 寿司 ''x''"\', NULL, NULL, NULL, NULL, 0, 1796032077898304, 1796032077898304, 'käse & brot – 寿司 ''x''"\', NULL);
insert into "components" values (X'01A22BDAA05C7247A81C038B43E0DE49', 'Я %_? <b>', NULL, NULL, NULL, NULL, 0, 1796032077916350, 1796032077916350, 'я %_? <b>', NULL);
insert into "components" values (X'01A22BDAA064717899F02D77FDD3091B', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032077924947, 1796032077938021, 'z9._-/z', 1796032077938021);
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
insert into "environments" values (X'01A22BDA9FC2779E9F65F58F9802E963', 'production', NULL, 'production', 4294967296, 0, 1796032077762604, 1796032077762604, 'production', NULL);
insert into "environments" values (X'01A22BDAA01175C586A1CED735CDF63E', 'staging', NULL, 'staging', 0, 0, 1796032077841683, 1796032077841683, 'staging', NULL);
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
insert into "deployments" values (X'01A22BDA9FC3748BB71C00AB4A44DD57', X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032077755333, 1796032077773361, 1796032077768855, 1796032077773361, 1796032077773361, 3, X'97E6CA150C187244C2B0CF9304ED202CFC848C75684EA9ACB1194481F689809E', 3, 1796032077773361, 3);
insert into "deployments" values (X'01A22BDA9FD27489A5C373F7C7032191', X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032077777990, 1796032077835460, 1796032077777990, 1796032077777990, 1796032077777990, 6, X'7126A663FCFB1C07438BAC926A986D9794965F8B62ECDA1CB236717BC9B6556D', 2, 1796032077835460, 13);
insert into "deployments" values (X'01A22BDA9FDF74BBB48EBB8BA2A73346', X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032077790691, 1796032077831987, 1796032077828578, 1796032077831987, NULL, NULL, X'C748CCCF9060DCE1E53E8F60964B083489B6067CC78B71339F41EFB93F49326E', 6, 1796032077831987, 12);
insert into "deployments" values (X'01A22BDAA012748B98FCB9A56C3E4333', X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDAA01175C586A1CED735CDF63E', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032077839658, 1796032077845492, 1796032077839658, 1796032077839658, 1796032077839658, 16, X'371D8AC6E79DB6BAAFCB4F8F09AE30F324AC49746C1D709677B23D2D88217ED8', 2, 1796032077839658, 16);
insert into "deployments" values (X'01A22BDAA01A756898ED366D90D216F7', X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032077849739, 1796032077849739, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'9C6510DEAD729292F0C9ECE56D629517913E2FBA54FC840A03F824F343489C36', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22BDAA0337489901A77B55FB81F3F', X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032077872286, 1796032077872286, 1796032077872286, NULL, NULL, NULL, X'48D30379B2361BAD302E08940B7B954534D978B6561EDB15431CDC1965C0D831', 1, 1796032077872286, 22);
insert into "deployments" values (X'01A22BDAA058701EB47A5AE46FF094C1', X'01A22BDAA04A74BDA226E9B5F1DDBEC3', X'01A22BDAA01175C586A1CED735CDF63E', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032077910460, 1796032077910460, 1796032077910460, 1796032077910460, 1796032077910460, 25, X'F08AE826794519F3830F99B6BF7061B101AEE9BD7C2ED6AD10D58939B251B147', 1, 1796032077910460, 25);
insert into "deployments" values (X'01A22BDAA06075D78E825B28D3E14CAB', X'01A22BDAA05C7247A81C038B43E0DE49', X'01A22BDAA01175C586A1CED735CDF63E', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032077919069, 1796032077919069, 1796032077919069, 1796032077919069, 1796032077919069, 28, X'58379240BA7C630B531E4B06836CD94F2543ACC94E9CD06B4BE088CFAE191BD1', 1, 1796032077919069, 28);
insert into "deployments" values (X'01A22BDAA06A7737B8255921BFB36DA9', X'01A22BDAA064717899F02D77FDD3091B', X'01A22BDAA01175C586A1CED735CDF63E', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032077929809, 1796032077929809, 1796032077929809, 1796032077929809, 1796032077929809, 31, X'456533303C375BD0F4F81C8E0344F15029198E4E3DB49FB164D4E9A75AF8A374', 1, 1796032077929809, 31);
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
insert into "history" values (1, X'01A22BDA9FC3748BB71C00AB4A44DD57', 1, 'transition', NULL, 'pending', 1796032077755333, 1796032077755333, 'ci-bot', NULL, X'5FB427383D373C119948B523EB0DE49500D0D4C4EDCD0BFBD3BD4B1FBEEBD70A', NULL);
insert into "history" values (2, X'01A22BDA9FC3748BB71C00AB4A44DD57', 1, 'transition', 'pending', 'in_progress', 1796032077768855, 1796032077768855, 'ci-bot', NULL, X'0495C9C8D05BAC8523006E73A21F43A352921CF7D26AFAADF7F8055D8AB69646', NULL);
insert into "history" values (3, X'01A22BDA9FC3748BB71C00AB4A44DD57', 1, 'transition', 'in_progress', 'succeeded', 1796032077773361, 1796032077773361, 'ci-bot', NULL, X'97E6CA150C187244C2B0CF9304ED202CFC848C75684EA9ACB1194481F689809E', NULL);
insert into "history" values (4, X'01A22BDA9FD27489A5C373F7C7032191', 1, 'transition', NULL, 'pending', 1796032077777990, 1796032077777990, 'ci-bot', NULL, X'4D8670A98E0C3B0DE8FE013AD47736A44B2488A99E638F517B1ABBD086616E39', NULL);
insert into "history" values (5, X'01A22BDA9FD27489A5C373F7C7032191', 1, 'transition', 'pending', 'in_progress', 1796032077777990, 1796032077777990, 'ci-bot', NULL, X'C019B397330EA1EB0658D51BBD4E3CE30E52BD3A3A224A6A3A45589637C69F71', NULL);
insert into "history" values (6, X'01A22BDA9FD27489A5C373F7C7032191', 1, 'transition', 'in_progress', 'succeeded', 1796032077777990, 1796032077777990, 'ci-bot', NULL, X'AA5F15198F39ED34868A89E3283C1B3920DFEEBD9A65C083EBD03BF056D875D7', NULL);
insert into "history" values (7, X'01A22BDA9FDF74BBB48EBB8BA2A73346', 1, 'transition', NULL, 'pending', 1796032077790691, 1796032077790691, 'ci-bot', NULL, X'A7564F412F87EB9FC9C556C72CB9F9ED82ECA8982A89B7314A0C0BD4F6A6B3A7', NULL);
insert into "history" values (8, X'01A22BDA9FDF74BBB48EBB8BA2A73346', 1, 'transition', 'pending', 'in_progress', 1796032077804382, 1796032077804382, 'ci-bot', NULL, X'6001AACDB95EEE27F10CFC559CE3CB5760A503EA575716F8E15A64FB7589556B', NULL);
insert into "history" values (9, X'01A22BDA9FDF74BBB48EBB8BA2A73346', 1, 'transition', 'in_progress', 'failed', 1796032077811976, 1796032077811976, 'ci-bot', NULL, X'0EF0C827C22CAB3D8BB5193F1C75965E3F3CD07277D48515BBEB88292811DF80', NULL);
insert into "history" values (10, X'01A22BDA9FDF74BBB48EBB8BA2A73346', 2, 'transition', 'failed', 'pending', 1796032077824748, 1796032077824748, 'ci-bot', NULL, X'B5172F2303963CE972B6A3FEA506726A5822E22829D1D0FBA3C3C5305465CF56', NULL);
insert into "history" values (11, X'01A22BDA9FDF74BBB48EBB8BA2A73346', 2, 'transition', 'pending', 'in_progress', 1796032077828578, 1796032077828578, 'ci-bot', NULL, X'DD4CF1DEE161C65C6EE2971C4D713FA4CC4319D00042D1771BE06363C6899111', NULL);
insert into "history" values (12, X'01A22BDA9FDF74BBB48EBB8BA2A73346', 2, 'transition', 'in_progress', 'failed', 1796032077831987, 1796032077831987, 'ci-bot', NULL, X'C748CCCF9060DCE1E53E8F60964B083489B6067CC78B71339F41EFB93F49326E', NULL);
insert into "history" values (13, X'01A22BDA9FD27489A5C373F7C7032191', 1, 'transition', 'succeeded', 'rolled_back', 1796032077835460, 1796032077835460, 'ci-bot', NULL, X'7126A663FCFB1C07438BAC926A986D9794965F8B62ECDA1CB236717BC9B6556D', NULL);
insert into "history" values (14, X'01A22BDAA012748B98FCB9A56C3E4333', 1, 'transition', NULL, 'pending', 1796032077839658, 1796032077839658, 'ci-bot', NULL, X'B8EE44856C0B0CDD5BFCE5FA69D6DF5E899B62B2A2A65851F68DBE0C4D49BED1', NULL);
insert into "history" values (15, X'01A22BDAA012748B98FCB9A56C3E4333', 1, 'transition', 'pending', 'in_progress', 1796032077839658, 1796032077839658, 'ci-bot', NULL, X'3D964152B0CD77E11DC5FCF4D8A03FE2362A97267B2D814F8CB0146CDB1129D2', NULL);
insert into "history" values (16, X'01A22BDAA012748B98FCB9A56C3E4333', 1, 'transition', 'in_progress', 'succeeded', 1796032077839658, 1796032077839658, 'ci-bot', NULL, X'957A0D8857530CA7506C96A25918A65AC049106D231214712C28AEB1F82C121B', NULL);
insert into "history" values (17, X'01A22BDAA012748B98FCB9A56C3E4333', 1, 'undeployed', 'succeeded', 'succeeded', 1796032077845492, 1796032077845492, 'ci-bot', 'moved', X'371D8AC6E79DB6BAAFCB4F8F09AE30F324AC49746C1D709677B23D2D88217ED8', NULL);
insert into "history" values (18, X'01A22BDAA01A756898ED366D90D216F7', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032077849739, 'ci-bot', NULL, X'5C4E48ADFD76ABA4D523AE607E548CEDB12DC4EA31FAD6F5C89802C6267FD52A', NULL);
insert into "history" values (19, X'01A22BDAA01A756898ED366D90D216F7', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032077849739, 'ci-bot', NULL, X'24BEA56FB3648FACDEFC4262A3D440A182013AE5C7671A053B50E10EC08515B7', NULL);
insert into "history" values (20, X'01A22BDAA01A756898ED366D90D216F7', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032077849739, 'ci-bot', NULL, X'9C6510DEAD729292F0C9ECE56D629517913E2FBA54FC840A03F824F343489C36', NULL);
insert into "history" values (21, X'01A22BDAA0337489901A77B55FB81F3F', 1, 'transition', NULL, 'pending', 1796032077872286, 1796032077872286, 'ci-bot', NULL, X'6A07E9F55A579A8A4435C0DACE526E0F7822F345E83590BD6D9E1E2ED023698B', NULL);
insert into "history" values (22, X'01A22BDAA0337489901A77B55FB81F3F', 1, 'transition', 'pending', 'in_progress', 1796032077872286, 1796032077872286, 'ci-bot', NULL, X'48D30379B2361BAD302E08940B7B954534D978B6561EDB15431CDC1965C0D831', NULL);
insert into "history" values (23, X'01A22BDAA058701EB47A5AE46FF094C1', 1, 'transition', NULL, 'pending', 1796032077910460, 1796032077910460, 'ci-bot', NULL, X'67E9906BF75E7410C6B7AB4B5017A296157A02D7AA6F8BDC7408DAC3E46A4ED4', NULL);
insert into "history" values (24, X'01A22BDAA058701EB47A5AE46FF094C1', 1, 'transition', 'pending', 'in_progress', 1796032077910460, 1796032077910460, 'ci-bot', NULL, X'8C268549A8F82C62A237FE6F70C327B930AC05092F6B242E775B754EBA82AAE1', NULL);
insert into "history" values (25, X'01A22BDAA058701EB47A5AE46FF094C1', 1, 'transition', 'in_progress', 'succeeded', 1796032077910460, 1796032077910460, 'ci-bot', NULL, X'F08AE826794519F3830F99B6BF7061B101AEE9BD7C2ED6AD10D58939B251B147', NULL);
insert into "history" values (26, X'01A22BDAA06075D78E825B28D3E14CAB', 1, 'transition', NULL, 'pending', 1796032077919069, 1796032077919069, 'ci-bot', NULL, X'631FB2C445F7C4D691057AB463AC1F7CD4941E7439A1CCF47EF8FF9800F8C218', NULL);
insert into "history" values (27, X'01A22BDAA06075D78E825B28D3E14CAB', 1, 'transition', 'pending', 'in_progress', 1796032077919069, 1796032077919069, 'ci-bot', NULL, X'CD822118649B24C8850905A58214A58FC25D3957926F8A2F7475C00DE7C88966', NULL);
insert into "history" values (28, X'01A22BDAA06075D78E825B28D3E14CAB', 1, 'transition', 'in_progress', 'succeeded', 1796032077919069, 1796032077919069, 'ci-bot', NULL, X'58379240BA7C630B531E4B06836CD94F2543ACC94E9CD06B4BE088CFAE191BD1', NULL);
insert into "history" values (29, X'01A22BDAA06A7737B8255921BFB36DA9', 1, 'transition', NULL, 'pending', 1796032077929809, 1796032077929809, 'ci-bot', NULL, X'012B1691FEA60A754535D9CDE911641884D3306EFA0D674CF0377AA4CF44D527', NULL);
insert into "history" values (30, X'01A22BDAA06A7737B8255921BFB36DA9', 1, 'transition', 'pending', 'in_progress', 1796032077929809, 1796032077929809, 'ci-bot', NULL, X'AF15743101283945747EE35CF0BDD12C9A5130043740465E2575CD5AF3EA3677', NULL);
insert into "history" values (31, X'01A22BDAA06A7737B8255921BFB36DA9', 1, 'transition', 'in_progress', 'succeeded', 1796032077929809, 1796032077929809, 'ci-bot', NULL, X'456533303C375BD0F4F81C8E0344F15029198E4E3DB49FB164D4E9A75AF8A374', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', X'01A22BDA9FC3748BB71C00AB4A44DD57', 'v1', 1796032077773361, 1796032077872286);
insert into "current_cells" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDAA01175C586A1CED735CDF63E', NULL, NULL, NULL, 1796032077845492);
insert into "current_cells" values (X'01A22BDAA04A74BDA226E9B5F1DDBEC3', X'01A22BDAA01175C586A1CED735CDF63E', X'01A22BDAA058701EB47A5AE46FF094C1', '2026.11.30+b1', 1796032077910460, 1796032077910460);
insert into "current_cells" values (X'01A22BDAA05C7247A81C038B43E0DE49', X'01A22BDAA01175C586A1CED735CDF63E', X'01A22BDAA06075D78E825B28D3E14CAB', '2026.11.30+b1', 1796032077919069, 1796032077919069);
insert into "current_cells" values (X'01A22BDAA064717899F02D77FDD3091B', X'01A22BDAA01175C586A1CED735CDF63E', X'01A22BDAA06A7737B8255921BFB36DA9', '2026.11.30+b1', 1796032077929809, 1796032077929809);
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
insert into "cell_periods" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 1709251199999000, 20, X'01A22BDAA01A756898ED366D90D216F7', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 1796032077773361, 3, X'01A22BDA9FC3748BB71C00AB4A44DD57', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 1796032077777990, 6, X'01A22BDA9FD27489A5C373F7C7032191', 'v2', 1796032077835460);
insert into "cell_periods" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDAA01175C586A1CED735CDF63E', 1796032077839658, 16, X'01A22BDAA012748B98FCB9A56C3E4333', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDAA01175C586A1CED735CDF63E', 1796032077845492, 17, X'01A22BDAA012748B98FCB9A56C3E4333', NULL, NULL);
insert into "cell_periods" values (X'01A22BDAA04A74BDA226E9B5F1DDBEC3', X'01A22BDAA01175C586A1CED735CDF63E', 1796032077910460, 25, X'01A22BDAA058701EB47A5AE46FF094C1', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDAA05C7247A81C038B43E0DE49', X'01A22BDAA01175C586A1CED735CDF63E', 1796032077919069, 28, X'01A22BDAA06075D78E825B28D3E14CAB', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDAA064717899F02D77FDD3091B', X'01A22BDAA01175C586A1CED735CDF63E', 1796032077929809, 31, X'01A22BDAA06A7737B8255921BFB36DA9', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDA9FC2779E9F65F58F9802E963', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA9FC2779E9F65F58E5E90474D', X'01A22BDAA01175C586A1CED735CDF63E', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDAA04A74BDA226E9B5F1DDBEC3', X'01A22BDAA01175C586A1CED735CDF63E', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDAA05C7247A81C038B43E0DE49', X'01A22BDAA01175C586A1CED735CDF63E', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDAA064717899F02D77FDD3091B', X'01A22BDAA01175C586A1CED735CDF63E', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA9FC2779E9F65F58F9802E963', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA9FC2779E9F65F58F9802E963', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA9FC2779E9F65F58F9802E963', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA9FC2779E9F65F58F9802E963', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA9FC2779E9F65F58F9802E963', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDAA01175C586A1CED735CDF63E', 'succeeded', 0, 4);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-a033-7489-901a-77b55fb81f3f","componentId":"01a22bda-9fc2-779e-9f65-f58e5e90474d","componentName":"api","environmentId":"01a22bda-9fc2-779e-9f65-f58f9802e963","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:57.872Z","updatedAt":"2026-11-30T09:47:57.872Z","startedAt":"2026-11-30T09:47:57.872Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T09:47:57.872Z"}', 1796118477875968);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDA9FC2779E9F65F58E5E90474D', NULL, 'api', 1796032077762298, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDA9FC2779E9F65F58F9802E963', NULL, 'production', 1796032077762604, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDA9FC3748BB71C00AB4A44DD57', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDA9FC3748BB71C00AB4A44DD57', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDA9FC3748BB71C00AB4A44DD57', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDA9FD27489A5C373F7C7032191', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDA9FD27489A5C373F7C7032191', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDA9FD27489A5C373F7C7032191', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDA9FDF74BBB48EBB8BA2A73346', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDA9FDF74BBB48EBB8BA2A73346', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDA9FDF74BBB48EBB8BA2A73346', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDA9FDF74BBB48EBB8BA2A73346', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDA9FDF74BBB48EBB8BA2A73346', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDA9FDF74BBB48EBB8BA2A73346', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDA9FD27489A5C373F7C7032191', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDAA01175C586A1CED735CDF63E', NULL, 'staging', 1796032077841683, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDAA012748B98FCB9A56C3E4333', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDAA012748B98FCB9A56C3E4333', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDAA012748B98FCB9A56C3E4333', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDAA012748B98FCB9A56C3E4333', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDAA01A756898ED366D90D216F7', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDAA01A756898ED366D90D216F7', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDAA01A756898ED366D90D216F7', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDAA0337489901A77B55FB81F3F', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDAA0337489901A77B55FB81F3F', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDAA04A74BDA226E9B5F1DDBEC3', NULL, 'Käse & Brot – 寿司 ''x''"\', 1796032077898304, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDAA058701EB47A5AE46FF094C1', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDAA058701EB47A5AE46FF094C1', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDAA058701EB47A5AE46FF094C1', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.created', X'01A22BDAA05C7247A81C038B43E0DE49', NULL, 'Я %_? <b>', 1796032077916350, 'ci-bot');
insert into "events" values (31, 'deployment.created', X'01A22BDAA06075D78E825B28D3E14CAB', 26, NULL, NULL, NULL);
insert into "events" values (32, 'deployment.transitioned', X'01A22BDAA06075D78E825B28D3E14CAB', 27, NULL, NULL, NULL);
insert into "events" values (33, 'deployment.transitioned', X'01A22BDAA06075D78E825B28D3E14CAB', 28, NULL, NULL, NULL);
insert into "events" values (34, 'component.created', X'01A22BDAA064717899F02D77FDD3091B', NULL, 'Z9._-/z', 1796032077924947, 'ci-bot');
insert into "events" values (35, 'deployment.created', X'01A22BDAA06A7737B8255921BFB36DA9', 29, NULL, NULL, NULL);
insert into "events" values (36, 'deployment.transitioned', X'01A22BDAA06A7737B8255921BFB36DA9', 30, NULL, NULL, NULL);
insert into "events" values (37, 'deployment.transitioned', X'01A22BDAA06A7737B8255921BFB36DA9', 31, NULL, NULL, NULL);
insert into "events" values (38, 'component.updated', X'01A22BDAA064717899F02D77FDD3091B', NULL, 'Z9._-/z', 1796032077938021, 'ci-bot');
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
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 31);
commit;
