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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 15:34:41', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 670870);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 15:34:41', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 987360);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 15:34:41', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 780866);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 15:34:41', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 1042197);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 15:34:41', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 417174);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 15:34:41', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 2574226);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 15:34:41', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 373946);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 15:34:41', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 1450899);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 15:34:41', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 2385415);
insert into "_sqlx_migrations" values (10, 'names', '2026-11-30 15:34:41', 1, X'ED5A1B8B6E17970797DA74949FD9FB90B74ACE313706CA50592A954184DEEE8233A52BB2533A35847ACD388F1E693662', 2092132);
insert into "_sqlx_migrations" values (11, 'archive and order', '2026-11-30 15:34:41', 1, X'490052477F6E4BC8E57693BB983F541D22A0CCC9B1B4CE71184F746E2884E7B3D121CF089D4D90D74AD74E288A0BAB94', 1934405);
insert into "_sqlx_migrations" values (12, 'by version', '2026-11-30 15:34:41', 1, X'3C249F57DE3FD45C72B311E7BCCBDC1EE5670666307BA3761DD6EA6B410081AEDE61D1C97E8F029443B3CC882FA9DA5F', 352108);
insert into "_sqlx_migrations" values (13, 'sessions', '2026-11-30 15:34:41', 1, X'2B8BED9AA4DE8D8188BAA0F353FAF2B1857DAA935D12BAF9AD14272D1DD3B6B5D3761F7D9E7EC08B9EA9C4B0C765AAD2', 406385);
insert into "_sqlx_migrations" values (14, 'cell authors', '2026-11-30 15:34:41', 1, X'86B7409CA3D10CBB554A652AC329F18F5136C513526D906D1444D557A27FB1B1959D38B949ABBFBDAEA475A6B40B4CB7', 1746547);
insert into "_sqlx_migrations" values (15, 'walls', '2026-11-30 15:34:41', 1, X'03AEC206F5B67442232A6DE0F7F820C60C90277710959051ADE2932F5D6C11172635C57CA4ECD3BB2B1F10DE7EBBF0EB', 495218);
insert into "_sqlx_migrations" values (16, 'store', '2026-11-30 15:34:41', 1, X'67CC7E546D4DC6D11767F9696FC9D4669434753A251B67757EEBB79782FC943C07D1AEA29EBCDB59F3EB99EC251DC239', 352100);
insert into "_sqlx_migrations" values (17, 'retention', '2026-11-30 15:34:41', 1, X'308029316F384A87300CD88490CF5A8BA1E07D3822CA862AB868365B85CCA7B38EF32E4622607FEF0CD1A39C122F69E1', 3506420);
insert into "_sqlx_migrations" values (18, 'audit', '2026-11-30 15:34:41', 1, X'2E2B7A8F445BF81ED401EE47AEBF075983BD89BE9488DA8A9B3C3CF1C049D250C835C618BDF2EF20E81D47C3182476EC', 1299071);
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
insert into "components" values (X'01A22D181246764A94CF004F85F03154', 'api', NULL, NULL, NULL, NULL, 0, 1796052881990056, 1796052881990056, 'api', NULL);
insert into "components" values (X'01A22D1812867765B478A4EF5FDBD7DF', 'Käse & Brot – 寿司 ''x''"\', NULL, NULL, NULL, NULL, 0, 1796052882054613, 1796052882054613, 'käse & brot – 寿司 ''x''"\', NULL);
insert into "components" values (X'01A22D18128C7172B78CCFB6771AB0E3', 'Я %_? <b>', NULL, NULL, NULL, NULL, 0, 1796052882060713, 1796052882060713, 'я %_? <b>', NULL);
insert into "components" values (X'01A22D181293761D8784C8C2556DDE32', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796052882067362, 1796052882076620, 'z9._-/z', 1796052882076620);
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
insert into "environments" values (X'01A22D181246764A94CF0050AFE93C36', 'production', NULL, 'production', 4294967296, 0, 1796052881990537, 1796052881990537, 'production', NULL);
insert into "environments" values (X'01A22D1812747162939AB72D35BC1332', 'staging', NULL, 'staging', 0, 0, 1796052882036988, 1796052882036988, 'staging', NULL);
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
insert into "deployments" values (X'01A22D181247724DB4FDED3AA7C3EDD4', X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796052881985405, 1796052882002534, 1796052881997443, 1796052882002534, 1796052882002534, 3, X'A6F771A4B7C12D46AB38C91FA069708FBAF6FE3D6FE2A65DC3E9E26856F43255', 3, 1796052882002534, 3);
insert into "deployments" values (X'01A22D1812587341A96A3BCF37FA462B', X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796052882007181, 1796052882031311, 1796052882007181, 1796052882007181, 1796052882007181, 6, X'6D6BE6FAAF049F6504ECB72EE30FF5EAEC72A252EDC577F185C92E5F83B40B44', 2, 1796052882031311, 13);
insert into "deployments" values (X'01A22D18125C75A5955C85341ECCAE8D', X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796052882011415, 1796052882027887, 1796052882024615, 1796052882027887, NULL, NULL, X'F0280CF1025B0C62270E80FB2EED679FED3A45B99755E4D07864197A89BF2077', 6, 1796052882027887, 12);
insert into "deployments" values (X'01A22D181275702F9910D8703CE98A3B', X'01A22D181246764A94CF004F85F03154', X'01A22D1812747162939AB72D35BC1332', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796052882035066, 1796052882041409, 1796052882035066, 1796052882035066, 1796052882035066, 16, X'3857E1B5257477C57939F7B553A59E48C4B15C55A807DB9B8B0363C309947D4E', 2, 1796052882035066, 16);
insert into "deployments" values (X'01A22D18127D72FB894FF30FE93FE3A8', X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796052882045243, 1796052882045243, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'2474C30DDC5DA5E623382E21B965469B7DAF460F5172487B186158D32016FAC3', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22D18128273A9A01B4DCD567BE67F', X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796052882049613, 1796052882049613, 1796052882049613, NULL, NULL, NULL, X'F34AF9152439D204BB5BB52D009140F3B2B326C1EA0D572A017B8654714185E6', 1, 1796052882049613, 22);
insert into "deployments" values (X'01A22D181289752F9C0D4AB6BA870D70', X'01A22D1812867765B478A4EF5FDBD7DF', X'01A22D1812747162939AB72D35BC1332', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796052882057034, 1796052882057034, 1796052882057034, 1796052882057034, 1796052882057034, 25, X'68A9645773E6387482065DD88CE9EF1E7E840D70760ADD47A19CE735B108484D', 1, 1796052882057034, 25);
insert into "deployments" values (X'01A22D181290731698668FD6DBCFAB63', X'01A22D18128C7172B78CCFB6771AB0E3', X'01A22D1812747162939AB72D35BC1332', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796052882063251, 1796052882063251, 1796052882063251, 1796052882063251, 1796052882063251, 28, X'64829B5D5FBA7655DEB0C31BA620CBD09B52D4FEC4378EBE5E08D46206B83928', 1, 1796052882063251, 28);
insert into "deployments" values (X'01A22D1812967665A90EA9ECAD6A9B69', X'01A22D181293761D8784C8C2556DDE32', X'01A22D1812747162939AB72D35BC1332', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796052882069483, 1796052882069483, 1796052882069483, 1796052882069483, 1796052882069483, 31, X'437DCA65CE066D0A73A98C346C9A4551F67877C3DD453FF53BD4CB1BCBCCBEE9', 1, 1796052882069483, 31);
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
insert into "history" values (1, X'01A22D181247724DB4FDED3AA7C3EDD4', 1, 'transition', NULL, 'pending', 1796052881985405, 1796052881985405, 'ci-bot', NULL, X'D20716A40AFD10EFB343A1AFA6C3E5984B39B8333DD6E1725473BF379949FAB1', NULL);
insert into "history" values (2, X'01A22D181247724DB4FDED3AA7C3EDD4', 1, 'transition', 'pending', 'in_progress', 1796052881997443, 1796052881997443, 'ci-bot', NULL, X'B3881C01C31C1A049CE9B716FF5500792CBCE50147215269662733492C707EE4', NULL);
insert into "history" values (3, X'01A22D181247724DB4FDED3AA7C3EDD4', 1, 'transition', 'in_progress', 'succeeded', 1796052882002534, 1796052882002534, 'ci-bot', NULL, X'A6F771A4B7C12D46AB38C91FA069708FBAF6FE3D6FE2A65DC3E9E26856F43255', NULL);
insert into "history" values (4, X'01A22D1812587341A96A3BCF37FA462B', 1, 'transition', NULL, 'pending', 1796052882007181, 1796052882007181, 'ci-bot', NULL, X'1B51D4728C77838DE8E21897379B599FA63DA616521E1D4DCA6860F8B37DB7C5', NULL);
insert into "history" values (5, X'01A22D1812587341A96A3BCF37FA462B', 1, 'transition', 'pending', 'in_progress', 1796052882007181, 1796052882007181, 'ci-bot', NULL, X'16972EAF3304B4F84A2863255A861325B215E7E505F41C16488F768FDEFB258F', NULL);
insert into "history" values (6, X'01A22D1812587341A96A3BCF37FA462B', 1, 'transition', 'in_progress', 'succeeded', 1796052882007181, 1796052882007181, 'ci-bot', NULL, X'366AF2E4FAE51B454C91823EE7CAC0E8804EB2D70D44A3F6192DD954BACFE71B', NULL);
insert into "history" values (7, X'01A22D18125C75A5955C85341ECCAE8D', 1, 'transition', NULL, 'pending', 1796052882011415, 1796052882011415, 'ci-bot', NULL, X'01422666E73B88A675B69A377231116351B7BF29B455D1B3CCB9CEFABDB5E1FB', NULL);
insert into "history" values (8, X'01A22D18125C75A5955C85341ECCAE8D', 1, 'transition', 'pending', 'in_progress', 1796052882014722, 1796052882014722, 'ci-bot', NULL, X'9B0C35FD1F8233ECE89831DADC48716B4563A0ECAB1875081405BB1557023AB6', NULL);
insert into "history" values (9, X'01A22D18125C75A5955C85341ECCAE8D', 1, 'transition', 'in_progress', 'failed', 1796052882018147, 1796052882018147, 'ci-bot', NULL, X'6394329B61D08EE393F935AEB61CEE251ADDF02E01F9E3B704F2D60FD6DBFFE2', NULL);
insert into "history" values (10, X'01A22D18125C75A5955C85341ECCAE8D', 2, 'transition', 'failed', 'pending', 1796052882021308, 1796052882021308, 'ci-bot', NULL, X'99D9DACB8A89ED542F45F62BBCB161FFD8DEFCF94D637F3B894983A55E74D4CD', NULL);
insert into "history" values (11, X'01A22D18125C75A5955C85341ECCAE8D', 2, 'transition', 'pending', 'in_progress', 1796052882024615, 1796052882024615, 'ci-bot', NULL, X'D35A1D86274DFEE94B834EEB289752FEBCA758C7AE3C8007239360C381852710', NULL);
insert into "history" values (12, X'01A22D18125C75A5955C85341ECCAE8D', 2, 'transition', 'in_progress', 'failed', 1796052882027887, 1796052882027887, 'ci-bot', NULL, X'F0280CF1025B0C62270E80FB2EED679FED3A45B99755E4D07864197A89BF2077', NULL);
insert into "history" values (13, X'01A22D1812587341A96A3BCF37FA462B', 1, 'transition', 'succeeded', 'rolled_back', 1796052882031311, 1796052882031311, 'ci-bot', NULL, X'6D6BE6FAAF049F6504ECB72EE30FF5EAEC72A252EDC577F185C92E5F83B40B44', NULL);
insert into "history" values (14, X'01A22D181275702F9910D8703CE98A3B', 1, 'transition', NULL, 'pending', 1796052882035066, 1796052882035066, 'ci-bot', NULL, X'086632C5B476F646172CC4C3D0D3CFF487E4944695EDE714B672C82FE4BE58C2', NULL);
insert into "history" values (15, X'01A22D181275702F9910D8703CE98A3B', 1, 'transition', 'pending', 'in_progress', 1796052882035066, 1796052882035066, 'ci-bot', NULL, X'971C9A36D3F6B98EF87257220D96BD6C0E2947365AD62972D2BBCB3A681F64D6', NULL);
insert into "history" values (16, X'01A22D181275702F9910D8703CE98A3B', 1, 'transition', 'in_progress', 'succeeded', 1796052882035066, 1796052882035066, 'ci-bot', NULL, X'913007B72BEAD1EA012982D432C40536C8634A1F39878A3F6A4423F3FDDBE60B', NULL);
insert into "history" values (17, X'01A22D181275702F9910D8703CE98A3B', 1, 'undeployed', 'succeeded', 'succeeded', 1796052882041409, 1796052882041409, 'ci-bot', 'moved', X'3857E1B5257477C57939F7B553A59E48C4B15C55A807DB9B8B0363C309947D4E', NULL);
insert into "history" values (18, X'01A22D18127D72FB894FF30FE93FE3A8', 1, 'transition', NULL, 'pending', 1709251199999000, 1796052882045243, 'ci-bot', NULL, X'B87BB5ED26C05DC61592A8409AB2B94B7DE488E5F5D4EB53061416328D1B1756', NULL);
insert into "history" values (19, X'01A22D18127D72FB894FF30FE93FE3A8', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796052882045243, 'ci-bot', NULL, X'32809284C3FD46498BA7C22ECE13F78B49A1D1D659B942DE24E1F7AE4F4C636C', NULL);
insert into "history" values (20, X'01A22D18127D72FB894FF30FE93FE3A8', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796052882045243, 'ci-bot', NULL, X'2474C30DDC5DA5E623382E21B965469B7DAF460F5172487B186158D32016FAC3', NULL);
insert into "history" values (21, X'01A22D18128273A9A01B4DCD567BE67F', 1, 'transition', NULL, 'pending', 1796052882049613, 1796052882049613, 'ci-bot', NULL, X'5C68707DD4F492583A8099D308384D7C1D458F9BC684F86C2ADE1C0282221264', NULL);
insert into "history" values (22, X'01A22D18128273A9A01B4DCD567BE67F', 1, 'transition', 'pending', 'in_progress', 1796052882049613, 1796052882049613, 'ci-bot', NULL, X'F34AF9152439D204BB5BB52D009140F3B2B326C1EA0D572A017B8654714185E6', NULL);
insert into "history" values (23, X'01A22D181289752F9C0D4AB6BA870D70', 1, 'transition', NULL, 'pending', 1796052882057034, 1796052882057034, 'ci-bot', NULL, X'17F50D2DD165A2D908A5D9981FC8DB247B4047280DAAA3D1A1BBECF1DDB06FB3', NULL);
insert into "history" values (24, X'01A22D181289752F9C0D4AB6BA870D70', 1, 'transition', 'pending', 'in_progress', 1796052882057034, 1796052882057034, 'ci-bot', NULL, X'5D5840A41CBC97E1574EAA259DE8585ACCFED9547878D39D7CB0ED181E6FC60E', NULL);
insert into "history" values (25, X'01A22D181289752F9C0D4AB6BA870D70', 1, 'transition', 'in_progress', 'succeeded', 1796052882057034, 1796052882057034, 'ci-bot', NULL, X'68A9645773E6387482065DD88CE9EF1E7E840D70760ADD47A19CE735B108484D', NULL);
insert into "history" values (26, X'01A22D181290731698668FD6DBCFAB63', 1, 'transition', NULL, 'pending', 1796052882063251, 1796052882063251, 'ci-bot', NULL, X'6E3EEF11CA078AC6E22C594366A2F79F90D7B60F965C093EE0CCAF21B97E1AD5', NULL);
insert into "history" values (27, X'01A22D181290731698668FD6DBCFAB63', 1, 'transition', 'pending', 'in_progress', 1796052882063251, 1796052882063251, 'ci-bot', NULL, X'40ACA77437DF33943CF7F57499B49E2B8E2CCA1441B374657269E2191AE9A00E', NULL);
insert into "history" values (28, X'01A22D181290731698668FD6DBCFAB63', 1, 'transition', 'in_progress', 'succeeded', 1796052882063251, 1796052882063251, 'ci-bot', NULL, X'64829B5D5FBA7655DEB0C31BA620CBD09B52D4FEC4378EBE5E08D46206B83928', NULL);
insert into "history" values (29, X'01A22D1812967665A90EA9ECAD6A9B69', 1, 'transition', NULL, 'pending', 1796052882069483, 1796052882069483, 'ci-bot', NULL, X'E0AD18C0434D363861A8AF213419325D8D754A527E0D65332F0E1D6786B26169', NULL);
insert into "history" values (30, X'01A22D1812967665A90EA9ECAD6A9B69', 1, 'transition', 'pending', 'in_progress', 1796052882069483, 1796052882069483, 'ci-bot', NULL, X'191499C1ED12D66347FD0AD1484EFA8C90DFE6408D095F702139E69708592E8E', NULL);
insert into "history" values (31, X'01A22D1812967665A90EA9ECAD6A9B69', 1, 'transition', 'in_progress', 'succeeded', 1796052882069483, 1796052882069483, 'ci-bot', NULL, X'437DCA65CE066D0A73A98C346C9A4551F67877C3DD453FF53BD4CB1BCBCCBEE9', NULL);
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
insert into "cell_periods" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 1709251199999000, 20, X'01A22D18127D72FB894FF30FE93FE3A8', 'v0', NULL);
insert into "cell_periods" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 1796052882002534, 3, X'01A22D181247724DB4FDED3AA7C3EDD4', 'v1', NULL);
insert into "cell_periods" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 1796052882007181, 6, X'01A22D1812587341A96A3BCF37FA462B', 'v2', 1796052882031311);
insert into "cell_periods" values (X'01A22D181246764A94CF004F85F03154', X'01A22D1812747162939AB72D35BC1332', 1796052882035066, 16, X'01A22D181275702F9910D8703CE98A3B', 'v2', NULL);
insert into "cell_periods" values (X'01A22D181246764A94CF004F85F03154', X'01A22D1812747162939AB72D35BC1332', 1796052882041409, 17, X'01A22D181275702F9910D8703CE98A3B', NULL, NULL);
insert into "cell_periods" values (X'01A22D1812867765B478A4EF5FDBD7DF', X'01A22D1812747162939AB72D35BC1332', 1796052882057034, 25, X'01A22D181289752F9C0D4AB6BA870D70', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22D18128C7172B78CCFB6771AB0E3', X'01A22D1812747162939AB72D35BC1332', 1796052882063251, 28, X'01A22D181290731698668FD6DBCFAB63', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22D181293761D8784C8C2556DDE32', X'01A22D1812747162939AB72D35BC1332', 1796052882069483, 31, X'01A22D1812967665A90EA9ECAD6A9B69', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'failed', 1);
insert into "deployment_counts" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'pending', 0);
insert into "deployment_counts" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22D181246764A94CF004F85F03154', X'01A22D1812747162939AB72D35BC1332', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22D1812867765B478A4EF5FDBD7DF', X'01A22D1812747162939AB72D35BC1332', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22D18128C7172B78CCFB6771AB0E3', X'01A22D1812747162939AB72D35BC1332', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22D181293761D8784C8C2556DDE32', X'01A22D1812747162939AB72D35BC1332', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22D181246764A94CF0050AFE93C36', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22D181246764A94CF0050AFE93C36', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22D181246764A94CF0050AFE93C36', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22D181246764A94CF0050AFE93C36', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22D181246764A94CF0050AFE93C36', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22D1812747162939AB72D35BC1332', 'succeeded', 0, 4);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22d18-1282-73a9-a01b-4dcd567be67f","componentId":"01a22d18-1246-764a-94cf-004f85f03154","componentName":"api","environmentId":"01a22d18-1246-764a-94cf-0050afe93c36","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T15:34:42.049Z","updatedAt":"2026-11-30T15:34:42.049Z","startedAt":"2026-11-30T15:34:42.049Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T15:34:42.049Z"}', 1796139282050829);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
, details text) strict;
insert into "events" values (1, 'component.created', X'01A22D181246764A94CF004F85F03154', NULL, 'api', 1796052881990056, 'ci-bot', NULL);
insert into "events" values (2, 'environment.created', X'01A22D181246764A94CF0050AFE93C36', NULL, 'production', 1796052881990537, 'ci-bot', NULL);
insert into "events" values (3, 'deployment.created', X'01A22D181247724DB4FDED3AA7C3EDD4', 1, NULL, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22D181247724DB4FDED3AA7C3EDD4', 2, NULL, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22D181247724DB4FDED3AA7C3EDD4', 3, NULL, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22D1812587341A96A3BCF37FA462B', 4, NULL, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22D1812587341A96A3BCF37FA462B', 5, NULL, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22D1812587341A96A3BCF37FA462B', 6, NULL, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22D18125C75A5955C85341ECCAE8D', 7, NULL, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22D18125C75A5955C85341ECCAE8D', 8, NULL, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22D18125C75A5955C85341ECCAE8D', 9, NULL, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22D18125C75A5955C85341ECCAE8D', 10, NULL, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22D18125C75A5955C85341ECCAE8D', 11, NULL, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22D18125C75A5955C85341ECCAE8D', 12, NULL, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22D1812587341A96A3BCF37FA462B', 13, NULL, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22D1812747162939AB72D35BC1332', NULL, 'staging', 1796052882036988, 'ci-bot', NULL);
insert into "events" values (17, 'deployment.created', X'01A22D181275702F9910D8703CE98A3B', 14, NULL, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22D181275702F9910D8703CE98A3B', 15, NULL, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22D181275702F9910D8703CE98A3B', 16, NULL, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22D181275702F9910D8703CE98A3B', 17, NULL, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22D18127D72FB894FF30FE93FE3A8', 18, NULL, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22D18127D72FB894FF30FE93FE3A8', 19, NULL, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22D18127D72FB894FF30FE93FE3A8', 20, NULL, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22D18128273A9A01B4DCD567BE67F', 21, NULL, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22D18128273A9A01B4DCD567BE67F', 22, NULL, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22D1812867765B478A4EF5FDBD7DF', NULL, 'Käse & Brot – 寿司 ''x''"\', 1796052882054613, 'ci-bot', NULL);
insert into "events" values (27, 'deployment.created', X'01A22D181289752F9C0D4AB6BA870D70', 23, NULL, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22D181289752F9C0D4AB6BA870D70', 24, NULL, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22D181289752F9C0D4AB6BA870D70', 25, NULL, NULL, NULL, NULL);
insert into "events" values (30, 'component.created', X'01A22D18128C7172B78CCFB6771AB0E3', NULL, 'Я %_? <b>', 1796052882060713, 'ci-bot', NULL);
insert into "events" values (31, 'deployment.created', X'01A22D181290731698668FD6DBCFAB63', 26, NULL, NULL, NULL, NULL);
insert into "events" values (32, 'deployment.transitioned', X'01A22D181290731698668FD6DBCFAB63', 27, NULL, NULL, NULL, NULL);
insert into "events" values (33, 'deployment.transitioned', X'01A22D181290731698668FD6DBCFAB63', 28, NULL, NULL, NULL, NULL);
insert into "events" values (34, 'component.created', X'01A22D181293761D8784C8C2556DDE32', NULL, 'Z9._-/z', 1796052882067362, 'ci-bot', NULL);
insert into "events" values (35, 'deployment.created', X'01A22D1812967665A90EA9ECAD6A9B69', 29, NULL, NULL, NULL, NULL);
insert into "events" values (36, 'deployment.transitioned', X'01A22D1812967665A90EA9ECAD6A9B69', 30, NULL, NULL, NULL, NULL);
insert into "events" values (37, 'deployment.transitioned', X'01A22D1812967665A90EA9ECAD6A9B69', 31, NULL, NULL, NULL, NULL);
insert into "events" values (38, 'component.updated', X'01A22D181293761D8784C8C2556DDE32', NULL, 'Z9._-/z', 1796052882076620, 'ci-bot', '{"changes":{"archived":{"from":false,"to":true},"archivedAt":{"from":null,"to":"2026-11-30T15:34:42.076Z"},"owner":{"from":null,"to":"team z"}}}');
insert into "events" values (39, 'wall.created', X'01A22D18129F7764A8BEB0EF396C53E1', NULL, NULL, 1796052882079422, 'ci-bot', '{"id":"01a22d18-129f-7764-a8be-b0ef396c53e1","name":"hall","view":""}');
CREATE TABLE "commits" (
    only_row   integer not null primary key check (only_row = 1),
    count      integer not null,
    last_event integer not null
) strict;
insert into "commits" values (1, 26, 39);
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
insert into "walls" values (X'01A22D18129F7764A8BEB0EF396C53E1', 'hall', 'hall', '', X'AB370A9BC729BEFB29ACF88C445465C2641F13BD36656AC5B10A70F1707273CA', 'ci-bot', 1796052882079422, NULL);
CREATE TABLE store (
    only_row integer not null primary key check (only_row = 1),
    id       blob    not null check (length(id) = 16)
) strict;
insert into "store" values (1, X'C84EE86206884F4480A3BA0865DFDC09');
CREATE TABLE removals (
    number      integer not null primary key,
    removed_at  integer not null,
    removed_by  text    not null,
    before      integer not null,
    keep_last   integer not null,
    deployments integer not null,
    entries     integer not null,
    oldest      integer not null,
    newest      integer not null,
    hash        blob    not null
) strict;
CREATE TABLE removed_deployments (
    id             blob    not null primary key,
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    version        text    not null,
    deployed_by    text    not null,
    commit_sha     text,
    created_at     integer not null,
    updated_at     integer not null,
    head_hash      blob    not null,
    entries        integer not null,
    first_sequence integer not null,
    last_sequence  integer not null,
    outline        text    not null,
    removal        integer not null references removals (number)
) strict, without rowid;
CREATE TABLE "current_cells" (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    deployment_id  blob,
    version        text,
    succeeded_at   integer,
    newest_at      integer not null default 0,
    deployed_by    text,
    commit_sha     text,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22D181246764A94CF004F85F03154', X'01A22D181246764A94CF0050AFE93C36', X'01A22D181247724DB4FDED3AA7C3EDD4', 'v1', 1796052882002534, 1796052882049613, 'Zoë O''Neil', 'ed52224');
insert into "current_cells" values (X'01A22D181246764A94CF004F85F03154', X'01A22D1812747162939AB72D35BC1332', NULL, NULL, NULL, 1796052882041409, NULL, NULL);
insert into "current_cells" values (X'01A22D1812867765B478A4EF5FDBD7DF', X'01A22D1812747162939AB72D35BC1332', X'01A22D181289752F9C0D4AB6BA870D70', '2026.11.30+b1', 1796052882057034, 1796052882057034, 'ci-bot', NULL);
insert into "current_cells" values (X'01A22D18128C7172B78CCFB6771AB0E3', X'01A22D1812747162939AB72D35BC1332', X'01A22D181290731698668FD6DBCFAB63', '2026.11.30+b1', 1796052882063251, 1796052882063251, 'ci-bot', NULL);
insert into "current_cells" values (X'01A22D181293761D8784C8C2556DDE32', X'01A22D1812747162939AB72D35BC1332', X'01A22D1812967665A90EA9ECAD6A9B69', '2026.11.30+b1', 1796052882069483, 1796052882069483, 'ci-bot', NULL);
CREATE INDEX deployments_newest on deployments (created_at, id);
CREATE INDEX deployments_by_component on deployments (component_id, created_at, id);
CREATE INDEX deployments_by_environment on deployments (environment_id, created_at, id);
CREATE INDEX deployments_by_status on deployments (status, created_at, id);
CREATE INDEX history_by_deployment on history (deployment_id, sequence);
CREATE TRIGGER history_keep_update before update on history
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
CREATE INDEX removed_deployments_by_version on removed_deployments (version, component_id, environment_id);
CREATE INDEX removed_deployments_by_cell on removed_deployments (component_id, environment_id);
CREATE INDEX removed_deployments_by_removal on removed_deployments (removal, id);
CREATE TRIGGER removals_keep_update before update on removals
begin
    select raise(abort, 'removals are append-only');
end;
CREATE TRIGGER removals_keep_delete before delete on removals
begin
    select raise(abort, 'removals are append-only');
end;
CREATE TRIGGER removed_deployments_keep_update before update on removed_deployments
begin
    select raise(abort, 'removals are append-only');
end;
CREATE TRIGGER removed_deployments_keep_delete before delete on removed_deployments
begin
    select raise(abort, 'removals are append-only');
end;
CREATE TRIGGER history_keep_delete before delete on history
    when not exists (select 1 from removed_deployments removed where removed.id = old.deployment_id)
begin
    select raise(abort, 'the history is append-only');
end;
CREATE INDEX events_audit on events (number) where history_sequence is null and type <> 'deployment.updated';
delete from sqlite_sequence;
insert into "sqlite_sequence" values ('history', 31);
commit;
