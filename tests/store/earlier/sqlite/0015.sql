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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:48:05', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 6754928);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:48:05', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 994259);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:48:05', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 786425);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:48:05', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 10046721);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:48:05', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 598031);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:48:05', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 5941658);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:48:05', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 1272436);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 09:48:05', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 4760693);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 09:48:05', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 4314305);
insert into "_sqlx_migrations" values (10, 'names', '2026-11-30 09:48:05', 1, X'ED5A1B8B6E17970797DA74949FD9FB90B74ACE313706CA50592A954184DEEE8233A52BB2533A35847ACD388F1E693662', 2508575);
insert into "_sqlx_migrations" values (11, 'archive and order', '2026-11-30 09:48:05', 1, X'490052477F6E4BC8E57693BB983F541D22A0CCC9B1B4CE71184F746E2884E7B3D121CF089D4D90D74AD74E288A0BAB94', 2711998);
insert into "_sqlx_migrations" values (12, 'by version', '2026-11-30 09:48:05', 1, X'3C249F57DE3FD45C72B311E7BCCBDC1EE5670666307BA3761DD6EA6B410081AEDE61D1C97E8F029443B3CC882FA9DA5F', 509717);
insert into "_sqlx_migrations" values (13, 'sessions', '2026-11-30 09:48:05', 1, X'2B8BED9AA4DE8D8188BAA0F353FAF2B1857DAA935D12BAF9AD14272D1DD3B6B5D3761F7D9E7EC08B9EA9C4B0C765AAD2', 546707);
insert into "_sqlx_migrations" values (14, 'cell authors', '2026-11-30 09:48:05', 1, X'86B7409CA3D10CBB554A652AC329F18F5136C513526D906D1444D557A27FB1B1959D38B949ABBFBDAEA475A6B40B4CB7', 2207769);
insert into "_sqlx_migrations" values (15, 'walls', '2026-11-30 09:48:05', 1, X'03AEC206F5B67442232A6DE0F7F820C60C90277710959051ADE2932F5D6C11172635C57CA4ECD3BB2B1F10DE7EBBF0EB', 487028);
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
insert into "components" values (X'01A22BDABD32751B933853C539CEB6CE', 'api', NULL, NULL, NULL, NULL, 0, 1796032085298127, 1796032085298127, 'api', NULL);
insert into "components" values (X'01A22BDABDA7766199B2BFB1CE1E1895', 'Käse & Brot – 寿司 ''x''"\', NULL, NULL, NULL, NULL, 0, 1796032085415757, 1796032085415757, 'käse & brot – 寿司 ''x''"\', NULL);
insert into "components" values (X'01A22BDABDAF71B398E6A25652D4A313', 'Я %_? <b>', NULL, NULL, NULL, NULL, 0, 1796032085423350, 1796032085423350, 'я %_? <b>', NULL);
insert into "components" values (X'01A22BDABDB6738480F130B8400F1836', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032085430355, 1796032085442153, 'z9._-/z', 1796032085442153);
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
insert into "environments" values (X'01A22BDABD32751B933853C6A2ECC055', 'production', NULL, 'production', 4294967296, 0, 1796032085298723, 1796032085298723, 'production', NULL);
insert into "environments" values (X'01A22BDABD92712181C238CF5F2F1C7B', 'staging', NULL, 'staging', 0, 0, 1796032085394853, 1796032085394853, 'staging', NULL);
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
insert into "deployments" values (X'01A22BDABD35771C842EFD307646AEA9', X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032085217350, 1796032085352168, 1796032085345623, 1796032085352168, 1796032085352168, 3, X'5DD7E5CE306B7601F866AF6AA200FD2C2C8E3C0F0951FC62A9A8F54EE9BCF568', 3, 1796032085352168, 3);
insert into "deployments" values (X'01A22BDABD6E7033B393CCF75B8CDE7A', X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032085357876, 1796032085387944, 1796032085357876, 1796032085357876, 1796032085357876, 6, X'D206622D3E048DBE96C4A16816C7BEEC0574FF76D3644D588C8BDE40786FD6DA', 2, 1796032085387944, 13);
insert into "deployments" values (X'01A22BDABD7470FB9C9E0E623FABA14E', X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032085363496, 1796032085384627, 1796032085380535, 1796032085384627, NULL, NULL, X'EC6D9EE5AB7AEE0EB3F6A9F6E5BD0EE6989F0C0C5003F2F3ED96967AAB79F317', 6, 1796032085384627, 12);
insert into "deployments" values (X'01A22BDABD937003AE230FD22705BC9D', X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD92712181C238CF5F2F1C7B', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032085392763, 1796032085399499, 1796032085392763, 1796032085392763, 1796032085392763, 16, X'5D77102A3473BABAF756C500F681B6AA6B88773AB5A5A1F249C4DFB544A217F5', 2, 1796032085392763, 16);
insert into "deployments" values (X'01A22BDABD9C71CEBCD522EA2DCDA1E2', X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032085404375, 1796032085404375, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'0B5FD4FE69E04C03F6F2E37FC0A558124B4968CF3B4AA3D8174A574D62AE3C8B', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22BDABDA27031B34DDC0C062C3C65', X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032085409482, 1796032085409482, 1796032085409482, NULL, NULL, NULL, X'DBDAA53B32C5C52E7FA3C38895C110856F7D6027DA03A2FCC4FA54D1306FED75', 1, 1796032085409482, 22);
insert into "deployments" values (X'01A22BDABDAB71CD92AFED4378B17E9D', X'01A22BDABDA7766199B2BFB1CE1E1895', X'01A22BDABD92712181C238CF5F2F1C7B', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032085418204, 1796032085418204, 1796032085418204, 1796032085418204, 1796032085418204, 25, X'95EFADFD4AAF4D52BF59B7CC431DBD9E0AD9563D474B133DDB945544522AC9AF', 1, 1796032085418204, 25);
insert into "deployments" values (X'01A22BDABDB27434BCCC36397ED66534', X'01A22BDABDAF71B398E6A25652D4A313', X'01A22BDABD92712181C238CF5F2F1C7B', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032085425932, 1796032085425932, 1796032085425932, 1796032085425932, 1796032085425932, 28, X'7ADFA9842F148A5A01EF321792CD2158653E11354B8FE2E21C8989E776388F26', 1, 1796032085425932, 28);
insert into "deployments" values (X'01A22BDABDBA710B8047916E7735A290', X'01A22BDABDB6738480F130B8400F1836', X'01A22BDABD92712181C238CF5F2F1C7B', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032085433112, 1796032085433112, 1796032085433112, 1796032085433112, 1796032085433112, 31, X'97FAEF131B77A64C6014E70C28F03A618A837650B75B8073CB0D0FE4434CD6BD', 1, 1796032085433112, 31);
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
insert into "history" values (1, X'01A22BDABD35771C842EFD307646AEA9', 1, 'transition', NULL, 'pending', 1796032085217350, 1796032085217350, 'ci-bot', NULL, X'B936FC6917D69791C8C5925EB4139CE05436F7DB552335AD260C42FB1C363C18', NULL);
insert into "history" values (2, X'01A22BDABD35771C842EFD307646AEA9', 1, 'transition', 'pending', 'in_progress', 1796032085345623, 1796032085345623, 'ci-bot', NULL, X'DF459436C5FD402E369661A4E1101DD345CC8A5A7B96F9730418F9FA79E4BCD1', NULL);
insert into "history" values (3, X'01A22BDABD35771C842EFD307646AEA9', 1, 'transition', 'in_progress', 'succeeded', 1796032085352168, 1796032085352168, 'ci-bot', NULL, X'5DD7E5CE306B7601F866AF6AA200FD2C2C8E3C0F0951FC62A9A8F54EE9BCF568', NULL);
insert into "history" values (4, X'01A22BDABD6E7033B393CCF75B8CDE7A', 1, 'transition', NULL, 'pending', 1796032085357876, 1796032085357876, 'ci-bot', NULL, X'71ED3C0FFBF151C20CCFCF89BE504A3A7F3FDB922EAD778FB71C3493470CE6C1', NULL);
insert into "history" values (5, X'01A22BDABD6E7033B393CCF75B8CDE7A', 1, 'transition', 'pending', 'in_progress', 1796032085357876, 1796032085357876, 'ci-bot', NULL, X'1A8B3C46AB50834A2913049F25329762CDBB989613C373C6E08BA7D41264FEEB', NULL);
insert into "history" values (6, X'01A22BDABD6E7033B393CCF75B8CDE7A', 1, 'transition', 'in_progress', 'succeeded', 1796032085357876, 1796032085357876, 'ci-bot', NULL, X'BCD72925E9163F884DD4F808AD7DBDED1EAAE1E65D8EDC83C748DADF7A16FC4C', NULL);
insert into "history" values (7, X'01A22BDABD7470FB9C9E0E623FABA14E', 1, 'transition', NULL, 'pending', 1796032085363496, 1796032085363496, 'ci-bot', NULL, X'22950B66A1D74D8066F9DD53B767A17D4C096F519E8BF738EBCD8A0D995E6D1D', NULL);
insert into "history" values (8, X'01A22BDABD7470FB9C9E0E623FABA14E', 1, 'transition', 'pending', 'in_progress', 1796032085368175, 1796032085368175, 'ci-bot', NULL, X'6CA78A6BF35538CC1374E31A5FDD1F21707AFD25C9FC6FE6E0D5F54819BDF1C2', NULL);
insert into "history" values (9, X'01A22BDABD7470FB9C9E0E623FABA14E', 1, 'transition', 'in_progress', 'failed', 1796032085372117, 1796032085372117, 'ci-bot', NULL, X'677CCFEB8EA06AB6D382CE69E4D221557F3870D658128B35F490FDC406C1DB60', NULL);
insert into "history" values (10, X'01A22BDABD7470FB9C9E0E623FABA14E', 2, 'transition', 'failed', 'pending', 1796032085376373, 1796032085376373, 'ci-bot', NULL, X'6D9000E62931BCAB11DFC781D4E1395FF1BBDC82BE2E52B7FE93C3CCE505F007', NULL);
insert into "history" values (11, X'01A22BDABD7470FB9C9E0E623FABA14E', 2, 'transition', 'pending', 'in_progress', 1796032085380535, 1796032085380535, 'ci-bot', NULL, X'C5F2FDB25CF7319BC0E06FE412E9B40EF24EA145CFA91D30EE8E01B59C6596D2', NULL);
insert into "history" values (12, X'01A22BDABD7470FB9C9E0E623FABA14E', 2, 'transition', 'in_progress', 'failed', 1796032085384627, 1796032085384627, 'ci-bot', NULL, X'EC6D9EE5AB7AEE0EB3F6A9F6E5BD0EE6989F0C0C5003F2F3ED96967AAB79F317', NULL);
insert into "history" values (13, X'01A22BDABD6E7033B393CCF75B8CDE7A', 1, 'transition', 'succeeded', 'rolled_back', 1796032085387944, 1796032085387944, 'ci-bot', NULL, X'D206622D3E048DBE96C4A16816C7BEEC0574FF76D3644D588C8BDE40786FD6DA', NULL);
insert into "history" values (14, X'01A22BDABD937003AE230FD22705BC9D', 1, 'transition', NULL, 'pending', 1796032085392763, 1796032085392763, 'ci-bot', NULL, X'1246E602489F08EE32E68CB8B88EE48573FD8C184AC0C29F2558FF476C0EB344', NULL);
insert into "history" values (15, X'01A22BDABD937003AE230FD22705BC9D', 1, 'transition', 'pending', 'in_progress', 1796032085392763, 1796032085392763, 'ci-bot', NULL, X'D26B3D3CEBBC58528C6F043B5F9E4E1AA21604CB008C1D60D4C982391DC2B48B', NULL);
insert into "history" values (16, X'01A22BDABD937003AE230FD22705BC9D', 1, 'transition', 'in_progress', 'succeeded', 1796032085392763, 1796032085392763, 'ci-bot', NULL, X'20C8BB1D6C7EA171426971061C4856415F4D695D1922EA76D0EF42A6383D0DEA', NULL);
insert into "history" values (17, X'01A22BDABD937003AE230FD22705BC9D', 1, 'undeployed', 'succeeded', 'succeeded', 1796032085399499, 1796032085399499, 'ci-bot', 'moved', X'5D77102A3473BABAF756C500F681B6AA6B88773AB5A5A1F249C4DFB544A217F5', NULL);
insert into "history" values (18, X'01A22BDABD9C71CEBCD522EA2DCDA1E2', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032085404375, 'ci-bot', NULL, X'C608FF81CF8966952484795E9908DFEB75340778DE9AC6567B8D48748CD3F296', NULL);
insert into "history" values (19, X'01A22BDABD9C71CEBCD522EA2DCDA1E2', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032085404375, 'ci-bot', NULL, X'A6DF2FF1F3744F531B64FAF828B288F3673A7F3D109D1116516770E7787645A7', NULL);
insert into "history" values (20, X'01A22BDABD9C71CEBCD522EA2DCDA1E2', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032085404375, 'ci-bot', NULL, X'0B5FD4FE69E04C03F6F2E37FC0A558124B4968CF3B4AA3D8174A574D62AE3C8B', NULL);
insert into "history" values (21, X'01A22BDABDA27031B34DDC0C062C3C65', 1, 'transition', NULL, 'pending', 1796032085409482, 1796032085409482, 'ci-bot', NULL, X'9401FCA39AA4C92ACE301F6EC6860C2CD93D6814E3BFF856DDE28F26896932C3', NULL);
insert into "history" values (22, X'01A22BDABDA27031B34DDC0C062C3C65', 1, 'transition', 'pending', 'in_progress', 1796032085409482, 1796032085409482, 'ci-bot', NULL, X'DBDAA53B32C5C52E7FA3C38895C110856F7D6027DA03A2FCC4FA54D1306FED75', NULL);
insert into "history" values (23, X'01A22BDABDAB71CD92AFED4378B17E9D', 1, 'transition', NULL, 'pending', 1796032085418204, 1796032085418204, 'ci-bot', NULL, X'D9BC7251BDDEC77A53DDED03C518034CC838D2D9793310DF387B1F11DA91192F', NULL);
insert into "history" values (24, X'01A22BDABDAB71CD92AFED4378B17E9D', 1, 'transition', 'pending', 'in_progress', 1796032085418204, 1796032085418204, 'ci-bot', NULL, X'C6152DE29D366314EFCC3EE3689AB39293E1DA1D610B80230A414DEA33100EB1', NULL);
insert into "history" values (25, X'01A22BDABDAB71CD92AFED4378B17E9D', 1, 'transition', 'in_progress', 'succeeded', 1796032085418204, 1796032085418204, 'ci-bot', NULL, X'95EFADFD4AAF4D52BF59B7CC431DBD9E0AD9563D474B133DDB945544522AC9AF', NULL);
insert into "history" values (26, X'01A22BDABDB27434BCCC36397ED66534', 1, 'transition', NULL, 'pending', 1796032085425932, 1796032085425932, 'ci-bot', NULL, X'32504C41D93854F3C5086EDD90626AC39AF5031302BA2D3DF559FFF7930E09D5', NULL);
insert into "history" values (27, X'01A22BDABDB27434BCCC36397ED66534', 1, 'transition', 'pending', 'in_progress', 1796032085425932, 1796032085425932, 'ci-bot', NULL, X'7EA110E9328297BF4B94C8AC26427BB32A7605E1377A8D4AA70AC6C7E8454061', NULL);
insert into "history" values (28, X'01A22BDABDB27434BCCC36397ED66534', 1, 'transition', 'in_progress', 'succeeded', 1796032085425932, 1796032085425932, 'ci-bot', NULL, X'7ADFA9842F148A5A01EF321792CD2158653E11354B8FE2E21C8989E776388F26', NULL);
insert into "history" values (29, X'01A22BDABDBA710B8047916E7735A290', 1, 'transition', NULL, 'pending', 1796032085433112, 1796032085433112, 'ci-bot', NULL, X'FD588C7BE6A307CAC19258A24F2389E96C934A2E05235ED5C0E89FBFE9523927', NULL);
insert into "history" values (30, X'01A22BDABDBA710B8047916E7735A290', 1, 'transition', 'pending', 'in_progress', 1796032085433112, 1796032085433112, 'ci-bot', NULL, X'BB3456008CF400FF2C1718A888FEF6E8B19DDE9A8565EFA6925F54472C348C8C', NULL);
insert into "history" values (31, X'01A22BDABDBA710B8047916E7735A290', 1, 'transition', 'in_progress', 'succeeded', 1796032085433112, 1796032085433112, 'ci-bot', NULL, X'97FAEF131B77A64C6014E70C28F03A618A837650B75B8073CB0D0FE4434CD6BD', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0, deployed_by text, commit_sha text,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', X'01A22BDABD35771C842EFD307646AEA9', 'v1', 1796032085352168, 1796032085409482, 'Zoë O''Neil', 'ed52224');
insert into "current_cells" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD92712181C238CF5F2F1C7B', NULL, NULL, NULL, 1796032085399499, NULL, NULL);
insert into "current_cells" values (X'01A22BDABDA7766199B2BFB1CE1E1895', X'01A22BDABD92712181C238CF5F2F1C7B', X'01A22BDABDAB71CD92AFED4378B17E9D', '2026.11.30+b1', 1796032085418204, 1796032085418204, 'ci-bot', NULL);
insert into "current_cells" values (X'01A22BDABDAF71B398E6A25652D4A313', X'01A22BDABD92712181C238CF5F2F1C7B', X'01A22BDABDB27434BCCC36397ED66534', '2026.11.30+b1', 1796032085425932, 1796032085425932, 'ci-bot', NULL);
insert into "current_cells" values (X'01A22BDABDB6738480F130B8400F1836', X'01A22BDABD92712181C238CF5F2F1C7B', X'01A22BDABDBA710B8047916E7735A290', '2026.11.30+b1', 1796032085433112, 1796032085433112, 'ci-bot', NULL);
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
insert into "cell_periods" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 1709251199999000, 20, X'01A22BDABD9C71CEBCD522EA2DCDA1E2', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 1796032085352168, 3, X'01A22BDABD35771C842EFD307646AEA9', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 1796032085357876, 6, X'01A22BDABD6E7033B393CCF75B8CDE7A', 'v2', 1796032085387944);
insert into "cell_periods" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD92712181C238CF5F2F1C7B', 1796032085392763, 16, X'01A22BDABD937003AE230FD22705BC9D', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD92712181C238CF5F2F1C7B', 1796032085399499, 17, X'01A22BDABD937003AE230FD22705BC9D', NULL, NULL);
insert into "cell_periods" values (X'01A22BDABDA7766199B2BFB1CE1E1895', X'01A22BDABD92712181C238CF5F2F1C7B', 1796032085418204, 25, X'01A22BDABDAB71CD92AFED4378B17E9D', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDABDAF71B398E6A25652D4A313', X'01A22BDABD92712181C238CF5F2F1C7B', 1796032085425932, 28, X'01A22BDABDB27434BCCC36397ED66534', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDABDB6738480F130B8400F1836', X'01A22BDABD92712181C238CF5F2F1C7B', 1796032085433112, 31, X'01A22BDABDBA710B8047916E7735A290', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD32751B933853C6A2ECC055', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDABD32751B933853C539CEB6CE', X'01A22BDABD92712181C238CF5F2F1C7B', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDABDA7766199B2BFB1CE1E1895', X'01A22BDABD92712181C238CF5F2F1C7B', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDABDAF71B398E6A25652D4A313', X'01A22BDABD92712181C238CF5F2F1C7B', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDABDB6738480F130B8400F1836', X'01A22BDABD92712181C238CF5F2F1C7B', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDABD32751B933853C6A2ECC055', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDABD32751B933853C6A2ECC055', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDABD32751B933853C6A2ECC055', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDABD32751B933853C6A2ECC055', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDABD32751B933853C6A2ECC055', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDABD92712181C238CF5F2F1C7B', 'succeeded', 0, 4);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-bda2-7031-b34d-dc0c062c3c65","componentId":"01a22bda-bd32-751b-9338-53c539ceb6ce","componentName":"api","environmentId":"01a22bda-bd32-751b-9338-53c6a2ecc055","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:48:05.409Z","updatedAt":"2026-11-30T09:48:05.409Z","startedAt":"2026-11-30T09:48:05.409Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T09:48:05.409Z"}', 1796118485411157);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDABD32751B933853C539CEB6CE', NULL, 'api', 1796032085298127, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDABD32751B933853C6A2ECC055', NULL, 'production', 1796032085298723, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDABD35771C842EFD307646AEA9', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDABD35771C842EFD307646AEA9', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDABD35771C842EFD307646AEA9', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDABD6E7033B393CCF75B8CDE7A', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDABD6E7033B393CCF75B8CDE7A', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDABD6E7033B393CCF75B8CDE7A', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDABD7470FB9C9E0E623FABA14E', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDABD7470FB9C9E0E623FABA14E', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDABD7470FB9C9E0E623FABA14E', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDABD7470FB9C9E0E623FABA14E', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDABD7470FB9C9E0E623FABA14E', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDABD7470FB9C9E0E623FABA14E', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDABD6E7033B393CCF75B8CDE7A', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDABD92712181C238CF5F2F1C7B', NULL, 'staging', 1796032085394853, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDABD937003AE230FD22705BC9D', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDABD937003AE230FD22705BC9D', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDABD937003AE230FD22705BC9D', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDABD937003AE230FD22705BC9D', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDABD9C71CEBCD522EA2DCDA1E2', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDABD9C71CEBCD522EA2DCDA1E2', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDABD9C71CEBCD522EA2DCDA1E2', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDABDA27031B34DDC0C062C3C65', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDABDA27031B34DDC0C062C3C65', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDABDA7766199B2BFB1CE1E1895', NULL, 'Käse & Brot – 寿司 ''x''"\', 1796032085415757, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDABDAB71CD92AFED4378B17E9D', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDABDAB71CD92AFED4378B17E9D', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDABDAB71CD92AFED4378B17E9D', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.created', X'01A22BDABDAF71B398E6A25652D4A313', NULL, 'Я %_? <b>', 1796032085423350, 'ci-bot');
insert into "events" values (31, 'deployment.created', X'01A22BDABDB27434BCCC36397ED66534', 26, NULL, NULL, NULL);
insert into "events" values (32, 'deployment.transitioned', X'01A22BDABDB27434BCCC36397ED66534', 27, NULL, NULL, NULL);
insert into "events" values (33, 'deployment.transitioned', X'01A22BDABDB27434BCCC36397ED66534', 28, NULL, NULL, NULL);
insert into "events" values (34, 'component.created', X'01A22BDABDB6738480F130B8400F1836', NULL, 'Z9._-/z', 1796032085430355, 'ci-bot');
insert into "events" values (35, 'deployment.created', X'01A22BDABDBA710B8047916E7735A290', 29, NULL, NULL, NULL);
insert into "events" values (36, 'deployment.transitioned', X'01A22BDABDBA710B8047916E7735A290', 30, NULL, NULL, NULL);
insert into "events" values (37, 'deployment.transitioned', X'01A22BDABDBA710B8047916E7735A290', 31, NULL, NULL, NULL);
insert into "events" values (38, 'component.updated', X'01A22BDABDB6738480F130B8400F1836', NULL, 'Z9._-/z', 1796032085442153, 'ci-bot');
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
insert into "walls" values (X'01A22BDABDC773F391C015760F971678', 'hall', 'hall', '', X'E97A60B2C83B02291716924DF39D231ED3867265C201D549748B3E7F02CEA1A3', 'ci-bot', 1796032085447730, NULL);
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
