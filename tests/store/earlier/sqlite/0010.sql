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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:47:51', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 554767);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:47:51', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 3348762);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:47:51', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 653410);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:47:51', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 691751);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:47:51', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 351595);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:47:52', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 5635041);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:47:52', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 281706);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 09:47:52', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 3321622);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 09:47:52', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 3094591);
insert into "_sqlx_migrations" values (10, 'names', '2026-11-30 09:47:52', 1, X'ED5A1B8B6E17970797DA74949FD9FB90B74ACE313706CA50592A954184DEEE8233A52BB2533A35847ACD388F1E693662', 5988421);
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
, name_key text not null default '') strict;
insert into "components" values (X'01A22BDA89907157840BC63FD3719B48', 'api', NULL, NULL, NULL, NULL, 0, 1796032072080525, 1796032072080525, 'api');
insert into "components" values (X'01A22BDA89F6750FA97224592875268D', 'Käse & Brot – 寿司 ''x''"\', NULL, NULL, NULL, NULL, 0, 1796032072182387, 1796032072182387, 'käse & brot – 寿司 ''x''"\');
insert into "components" values (X'01A22BDA8A01750BAB33243131689921', 'Я %_? <b>', NULL, NULL, NULL, NULL, 0, 1796032072193347, 1796032072193347, 'я %_? <b>');
insert into "components" values (X'01A22BDA8A0A7303978F66316A3A97DA', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032072202382, 1796032072215019, 'z9._-/z');
CREATE TABLE environments (
    id          blob    not null primary key,
    name        text    not null unique,
    description text,
    type        text    not null check (type in ('development', 'testing', 'staging', 'production', 'other')),
    position    integer not null,
    archived    integer not null,
    created_at  integer not null,
    updated_at  integer not null
, name_key text not null default '') strict;
insert into "environments" values (X'01A22BDA8991745D866EADFC9F7E3D32', 'production', NULL, 'production', 2, 0, 1796032072081017, 1796032072160031, 'production');
insert into "environments" values (X'01A22BDA89E0714B85BF0EBA20941FF1', 'staging', NULL, 'staging', 1, 0, 1796032072160023, 1796032072160031, 'staging');
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
insert into "deployments" values (X'01A22BDA899275DBBB7C7EE2F2E2D261', X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032072075968, 1796032072101675, 1796032072091533, 1796032072101675, 1796032072101675, 3, X'AEC81C48CB09A7A20871132FB3C909FAA26FC05C8D97EFB4F91A7131CCEEEEB1', 3, 1796032072101675, 3);
insert into "deployments" values (X'01A22BDA89AB73F09230A7F3DEBAA029', X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032072106484, 1796032072148966, 1796032072106484, 1796032072106484, 1796032072106484, 6, X'AAF67E143D79E9C04C03209BF13512CEC657EA19598B52A706B0CA28D347B67C', 2, 1796032072148966, 13);
insert into "deployments" values (X'01A22BDA89B473C99D7B77850207C1D8', X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032072115045, 1796032072145447, 1796032072136937, 1796032072145447, NULL, NULL, X'14E066475BADF424558A073C9361182A6BA5F46323CA0F973C6B4157848D274B', 6, 1796032072145447, 12);
insert into "deployments" values (X'01A22BDA89E0714B85BF0EBB6EAA654F', X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA89E0714B85BF0EBA20941FF1', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032072158474, 1796032072163115, 1796032072158474, 1796032072158474, 1796032072158474, 16, X'77B1AEAECE5F55354FEEC9BC3C692BB79CC9F5A6FEC99D99F4F3B451B47B6350', 2, 1796032072158474, 16);
insert into "deployments" values (X'01A22BDA89EA7382A79410D3E3547364', X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032072169116, 1796032072169116, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'3B3DC5775A480FD80DCB162B9E5B3C292FA287B268AFC2F4097FD8F358543760', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22BDA89F07671B0F780F06B3F1B52', X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032072174790, 1796032072174790, 1796032072174790, NULL, NULL, NULL, X'236CA0C64EAC2D70821EDC12155CD1175FA6A157D27620A9ACAFB6F7F5ECDC7C', 1, 1796032072174790, 22);
insert into "deployments" values (X'01A22BDA89FD7585BCEB1437630291E2', X'01A22BDA89F6750FA97224592875268D', X'01A22BDA89E0714B85BF0EBA20941FF1', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032072186070, 1796032072186070, 1796032072186070, 1796032072186070, 1796032072186070, 25, X'B07939AA2B11999A8D5D3C2CA7AF297D09A92B03E5672CE292F7A310A2F648F8', 1, 1796032072186070, 25);
insert into "deployments" values (X'01A22BDA8A0672D994A54335DA0587CF', X'01A22BDA8A01750BAB33243131689921', X'01A22BDA89E0714B85BF0EBA20941FF1', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032072196617, 1796032072196617, 1796032072196617, 1796032072196617, 1796032072196617, 28, X'02F9EEA644347FE6E2F6DA5B47E36483AF71FFC6ABB91502533E747BE4EECFED', 1, 1796032072196617, 28);
insert into "deployments" values (X'01A22BDA8A0F72D888020BEE9551BD33', X'01A22BDA8A0A7303978F66316A3A97DA', X'01A22BDA89E0714B85BF0EBA20941FF1', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032072205762, 1796032072205762, 1796032072205762, 1796032072205762, 1796032072205762, 31, X'61B2E68BC6D681236636F8DCA6D9EF88620BC1F6A0A913946F205958E7174DDF', 1, 1796032072205762, 31);
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
insert into "history" values (1, X'01A22BDA899275DBBB7C7EE2F2E2D261', 1, 'transition', NULL, 'pending', 1796032072075968, 1796032072075968, 'ci-bot', NULL, X'6AF3806B2992E13D295DF0E332988146289AD283454003E8C7E7327D3BC774F3', NULL);
insert into "history" values (2, X'01A22BDA899275DBBB7C7EE2F2E2D261', 1, 'transition', 'pending', 'in_progress', 1796032072091533, 1796032072091533, 'ci-bot', NULL, X'4EB4841D227D48C6AC5C2495BF5CEA900A306BA309E7C8772E6FF528EE4E4FD6', NULL);
insert into "history" values (3, X'01A22BDA899275DBBB7C7EE2F2E2D261', 1, 'transition', 'in_progress', 'succeeded', 1796032072101675, 1796032072101675, 'ci-bot', NULL, X'AEC81C48CB09A7A20871132FB3C909FAA26FC05C8D97EFB4F91A7131CCEEEEB1', NULL);
insert into "history" values (4, X'01A22BDA89AB73F09230A7F3DEBAA029', 1, 'transition', NULL, 'pending', 1796032072106484, 1796032072106484, 'ci-bot', NULL, X'2D484AB755CC25BA6FD6BE653B3813D1E7D8093F2928F1E7507F1D80AC2D04C0', NULL);
insert into "history" values (5, X'01A22BDA89AB73F09230A7F3DEBAA029', 1, 'transition', 'pending', 'in_progress', 1796032072106484, 1796032072106484, 'ci-bot', NULL, X'703DB822FE10064EC4D0F17A17C0725D1743EC752CFD409F4651F8DC8CFBCB9E', NULL);
insert into "history" values (6, X'01A22BDA89AB73F09230A7F3DEBAA029', 1, 'transition', 'in_progress', 'succeeded', 1796032072106484, 1796032072106484, 'ci-bot', NULL, X'F662DED80BCDAB2E61CE63FEFAB3A1B6B240A1D9CC53467881B0C298B2005929', NULL);
insert into "history" values (7, X'01A22BDA89B473C99D7B77850207C1D8', 1, 'transition', NULL, 'pending', 1796032072115045, 1796032072115045, 'ci-bot', NULL, X'3DD0C5BCA238E4C697B89A78A5795E235E2C734A25B9D9EA52C20ED2573364F5', NULL);
insert into "history" values (8, X'01A22BDA89B473C99D7B77850207C1D8', 1, 'transition', 'pending', 'in_progress', 1796032072119827, 1796032072119827, 'ci-bot', NULL, X'83295CE5D62E1A54F8F4A9057223A77AD0AD3DC4D3C9112F0887F294263788E5', NULL);
insert into "history" values (9, X'01A22BDA89B473C99D7B77850207C1D8', 1, 'transition', 'in_progress', 'failed', 1796032072126787, 1796032072126787, 'ci-bot', NULL, X'483B973586D5F75DCEB04F161EEF19EB1D5F1B0C3D93E4761146C07BD98F0FF2', NULL);
insert into "history" values (10, X'01A22BDA89B473C99D7B77850207C1D8', 2, 'transition', 'failed', 'pending', 1796032072133621, 1796032072133621, 'ci-bot', NULL, X'76DE4DE3AB623F51F0965E5F5462E4FED5B84A405E7D403AFEFE02E40B898671', NULL);
insert into "history" values (11, X'01A22BDA89B473C99D7B77850207C1D8', 2, 'transition', 'pending', 'in_progress', 1796032072136937, 1796032072136937, 'ci-bot', NULL, X'611508CE7D2BC441E8EF4DF211C0B77677AFCFCACDB004327BAD27880678B311', NULL);
insert into "history" values (12, X'01A22BDA89B473C99D7B77850207C1D8', 2, 'transition', 'in_progress', 'failed', 1796032072145447, 1796032072145447, 'ci-bot', NULL, X'14E066475BADF424558A073C9361182A6BA5F46323CA0F973C6B4157848D274B', NULL);
insert into "history" values (13, X'01A22BDA89AB73F09230A7F3DEBAA029', 1, 'transition', 'succeeded', 'rolled_back', 1796032072148966, 1796032072148966, 'ci-bot', NULL, X'AAF67E143D79E9C04C03209BF13512CEC657EA19598B52A706B0CA28D347B67C', NULL);
insert into "history" values (14, X'01A22BDA89E0714B85BF0EBB6EAA654F', 1, 'transition', NULL, 'pending', 1796032072158474, 1796032072158474, 'ci-bot', NULL, X'3ABDD21F44E459E532C4250A3D268A405B32720C6D25083DBBFD76275651DB5E', NULL);
insert into "history" values (15, X'01A22BDA89E0714B85BF0EBB6EAA654F', 1, 'transition', 'pending', 'in_progress', 1796032072158474, 1796032072158474, 'ci-bot', NULL, X'5C3C7FFA0D06FDCCEDB6437C50A3A7CC4544F182529E39071B219E1ABEB34542', NULL);
insert into "history" values (16, X'01A22BDA89E0714B85BF0EBB6EAA654F', 1, 'transition', 'in_progress', 'succeeded', 1796032072158474, 1796032072158474, 'ci-bot', NULL, X'7964A88FB10D7C3E41D51A4CAED92752F6718A50FC23BC876B9425E98A3B771C', NULL);
insert into "history" values (17, X'01A22BDA89E0714B85BF0EBB6EAA654F', 1, 'undeployed', 'succeeded', 'succeeded', 1796032072163115, 1796032072163115, 'ci-bot', 'moved', X'77B1AEAECE5F55354FEEC9BC3C692BB79CC9F5A6FEC99D99F4F3B451B47B6350', NULL);
insert into "history" values (18, X'01A22BDA89EA7382A79410D3E3547364', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032072169116, 'ci-bot', NULL, X'F32599EC3A206511959CBA17264E424DB15F22B367FD2DC946A6ED74F651872C', NULL);
insert into "history" values (19, X'01A22BDA89EA7382A79410D3E3547364', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032072169116, 'ci-bot', NULL, X'23142A46B1218E690D8C3900DD151582D5B47C8C408066708400C31BDD393742', NULL);
insert into "history" values (20, X'01A22BDA89EA7382A79410D3E3547364', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032072169116, 'ci-bot', NULL, X'3B3DC5775A480FD80DCB162B9E5B3C292FA287B268AFC2F4097FD8F358543760', NULL);
insert into "history" values (21, X'01A22BDA89F07671B0F780F06B3F1B52', 1, 'transition', NULL, 'pending', 1796032072174790, 1796032072174790, 'ci-bot', NULL, X'56C1368A1E50CC6777803450C5470DEF3A46B53A8A8DB91B0DCCF4DDB9DA11AB', NULL);
insert into "history" values (22, X'01A22BDA89F07671B0F780F06B3F1B52', 1, 'transition', 'pending', 'in_progress', 1796032072174790, 1796032072174790, 'ci-bot', NULL, X'236CA0C64EAC2D70821EDC12155CD1175FA6A157D27620A9ACAFB6F7F5ECDC7C', NULL);
insert into "history" values (23, X'01A22BDA89FD7585BCEB1437630291E2', 1, 'transition', NULL, 'pending', 1796032072186070, 1796032072186070, 'ci-bot', NULL, X'A157A700E492BEB4E7E5ECCE52AF891F5BA83F4FE55AFDCFCA71611989E5D702', NULL);
insert into "history" values (24, X'01A22BDA89FD7585BCEB1437630291E2', 1, 'transition', 'pending', 'in_progress', 1796032072186070, 1796032072186070, 'ci-bot', NULL, X'A07984EE725B28A2270A4698A9AAA229A369B520A6F213D52D9C5BD1E9400DA0', NULL);
insert into "history" values (25, X'01A22BDA89FD7585BCEB1437630291E2', 1, 'transition', 'in_progress', 'succeeded', 1796032072186070, 1796032072186070, 'ci-bot', NULL, X'B07939AA2B11999A8D5D3C2CA7AF297D09A92B03E5672CE292F7A310A2F648F8', NULL);
insert into "history" values (26, X'01A22BDA8A0672D994A54335DA0587CF', 1, 'transition', NULL, 'pending', 1796032072196617, 1796032072196617, 'ci-bot', NULL, X'B70F1CA79AA6832FFD6E625F6402F0F7B3B7B768B405DFB85320168DC7DBFC4E', NULL);
insert into "history" values (27, X'01A22BDA8A0672D994A54335DA0587CF', 1, 'transition', 'pending', 'in_progress', 1796032072196617, 1796032072196617, 'ci-bot', NULL, X'52D9C655120D1A21E0B4058B42DD2D51A0745504133B6CA82798DBF000C599A9', NULL);
insert into "history" values (28, X'01A22BDA8A0672D994A54335DA0587CF', 1, 'transition', 'in_progress', 'succeeded', 1796032072196617, 1796032072196617, 'ci-bot', NULL, X'02F9EEA644347FE6E2F6DA5B47E36483AF71FFC6ABB91502533E747BE4EECFED', NULL);
insert into "history" values (29, X'01A22BDA8A0F72D888020BEE9551BD33', 1, 'transition', NULL, 'pending', 1796032072205762, 1796032072205762, 'ci-bot', NULL, X'8F20454649C39BFB64291F238B07662A14D068F2E1D53DE1F0109050B67B919F', NULL);
insert into "history" values (30, X'01A22BDA8A0F72D888020BEE9551BD33', 1, 'transition', 'pending', 'in_progress', 1796032072205762, 1796032072205762, 'ci-bot', NULL, X'D447D61C377999E6FCD154C37A2D1B165F4D1078D09A86C976E500EAE50E2A73', NULL);
insert into "history" values (31, X'01A22BDA8A0F72D888020BEE9551BD33', 1, 'transition', 'in_progress', 'succeeded', 1796032072205762, 1796032072205762, 'ci-bot', NULL, X'61B2E68BC6D681236636F8DCA6D9EF88620BC1F6A0A913946F205958E7174DDF', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', X'01A22BDA899275DBBB7C7EE2F2E2D261', 'v1', 1796032072101675, 1796032072174790);
insert into "current_cells" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA89E0714B85BF0EBA20941FF1', NULL, NULL, NULL, 1796032072163115);
insert into "current_cells" values (X'01A22BDA89F6750FA97224592875268D', X'01A22BDA89E0714B85BF0EBA20941FF1', X'01A22BDA89FD7585BCEB1437630291E2', '2026.11.30+b1', 1796032072186070, 1796032072186070);
insert into "current_cells" values (X'01A22BDA8A01750BAB33243131689921', X'01A22BDA89E0714B85BF0EBA20941FF1', X'01A22BDA8A0672D994A54335DA0587CF', '2026.11.30+b1', 1796032072196617, 1796032072196617);
insert into "current_cells" values (X'01A22BDA8A0A7303978F66316A3A97DA', X'01A22BDA89E0714B85BF0EBA20941FF1', X'01A22BDA8A0F72D888020BEE9551BD33', '2026.11.30+b1', 1796032072205762, 1796032072205762);
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
insert into "cell_periods" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 1709251199999000, 20, X'01A22BDA89EA7382A79410D3E3547364', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 1796032072101675, 3, X'01A22BDA899275DBBB7C7EE2F2E2D261', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 1796032072106484, 6, X'01A22BDA89AB73F09230A7F3DEBAA029', 'v2', 1796032072148966);
insert into "cell_periods" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA89E0714B85BF0EBA20941FF1', 1796032072158474, 16, X'01A22BDA89E0714B85BF0EBB6EAA654F', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA89E0714B85BF0EBA20941FF1', 1796032072163115, 17, X'01A22BDA89E0714B85BF0EBB6EAA654F', NULL, NULL);
insert into "cell_periods" values (X'01A22BDA89F6750FA97224592875268D', X'01A22BDA89E0714B85BF0EBA20941FF1', 1796032072186070, 25, X'01A22BDA89FD7585BCEB1437630291E2', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDA8A01750BAB33243131689921', X'01A22BDA89E0714B85BF0EBA20941FF1', 1796032072196617, 28, X'01A22BDA8A0672D994A54335DA0587CF', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDA8A0A7303978F66316A3A97DA', X'01A22BDA89E0714B85BF0EBA20941FF1', 1796032072205762, 31, X'01A22BDA8A0F72D888020BEE9551BD33', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA8991745D866EADFC9F7E3D32', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDA89907157840BC63FD3719B48', X'01A22BDA89E0714B85BF0EBA20941FF1', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA89F6750FA97224592875268D', X'01A22BDA89E0714B85BF0EBA20941FF1', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA8A01750BAB33243131689921', X'01A22BDA89E0714B85BF0EBA20941FF1', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDA8A0A7303978F66316A3A97DA', X'01A22BDA89E0714B85BF0EBA20941FF1', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDA8991745D866EADFC9F7E3D32', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDA8991745D866EADFC9F7E3D32', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDA8991745D866EADFC9F7E3D32', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDA8991745D866EADFC9F7E3D32', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDA8991745D866EADFC9F7E3D32', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDA89E0714B85BF0EBA20941FF1', 'succeeded', 0, 4);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-89f0-7671-b0f7-80f06b3f1b52","componentId":"01a22bda-8990-7157-840b-c63fd3719b48","componentName":"api","environmentId":"01a22bda-8991-745d-866e-adfc9f7e3d32","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:47:52.174Z","updatedAt":"2026-11-30T09:47:52.174Z","startedAt":"2026-11-30T09:47:52.174Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T09:47:52.174Z"}', 1796118472176947);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDA89907157840BC63FD3719B48', NULL, 'api', 1796032072080525, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDA8991745D866EADFC9F7E3D32', NULL, 'production', 1796032072081028, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDA899275DBBB7C7EE2F2E2D261', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDA899275DBBB7C7EE2F2E2D261', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDA899275DBBB7C7EE2F2E2D261', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDA89AB73F09230A7F3DEBAA029', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDA89AB73F09230A7F3DEBAA029', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDA89AB73F09230A7F3DEBAA029', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDA89B473C99D7B77850207C1D8', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDA89B473C99D7B77850207C1D8', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDA89B473C99D7B77850207C1D8', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDA89B473C99D7B77850207C1D8', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDA89B473C99D7B77850207C1D8', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDA89B473C99D7B77850207C1D8', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDA89AB73F09230A7F3DEBAA029', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDA89E0714B85BF0EBA20941FF1', NULL, 'staging', 1796032072160031, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDA89E0714B85BF0EBB6EAA654F', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDA89E0714B85BF0EBB6EAA654F', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDA89E0714B85BF0EBB6EAA654F', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDA89E0714B85BF0EBB6EAA654F', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDA89EA7382A79410D3E3547364', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDA89EA7382A79410D3E3547364', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDA89EA7382A79410D3E3547364', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDA89F07671B0F780F06B3F1B52', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDA89F07671B0F780F06B3F1B52', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDA89F6750FA97224592875268D', NULL, 'Käse & Brot – 寿司 ''x''"\', 1796032072182387, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDA89FD7585BCEB1437630291E2', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDA89FD7585BCEB1437630291E2', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDA89FD7585BCEB1437630291E2', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.created', X'01A22BDA8A01750BAB33243131689921', NULL, 'Я %_? <b>', 1796032072193347, 'ci-bot');
insert into "events" values (31, 'deployment.created', X'01A22BDA8A0672D994A54335DA0587CF', 26, NULL, NULL, NULL);
insert into "events" values (32, 'deployment.transitioned', X'01A22BDA8A0672D994A54335DA0587CF', 27, NULL, NULL, NULL);
insert into "events" values (33, 'deployment.transitioned', X'01A22BDA8A0672D994A54335DA0587CF', 28, NULL, NULL, NULL);
insert into "events" values (34, 'component.created', X'01A22BDA8A0A7303978F66316A3A97DA', NULL, 'Z9._-/z', 1796032072202382, 'ci-bot');
insert into "events" values (35, 'deployment.created', X'01A22BDA8A0F72D888020BEE9551BD33', 29, NULL, NULL, NULL);
insert into "events" values (36, 'deployment.transitioned', X'01A22BDA8A0F72D888020BEE9551BD33', 30, NULL, NULL, NULL);
insert into "events" values (37, 'deployment.transitioned', X'01A22BDA8A0F72D888020BEE9551BD33', 31, NULL, NULL, NULL);
insert into "events" values (38, 'component.updated', X'01A22BDA8A0A7303978F66316A3A97DA', NULL, 'Z9._-/z', 1796032072215019, 'ci-bot');
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
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 31);
commit;
