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
insert into "_sqlx_migrations" values (1, 'catalog', '2026-11-30 09:48:01', 1, X'F8099EE6463953C8C456C43267EB219CBB62E11D5AC9657319165F7437D86F76377B488151B5712EBE0FF79B5CE9DB79', 577614);
insert into "_sqlx_migrations" values (2, 'deployments', '2026-11-30 09:48:01', 1, X'95CA6FF0C25982CD5515E1A10B22A769556EA12DA620A5EFB6033BB3BEC3A8C5E18E75E750F852D858AF14A316ED686A', 1199102);
insert into "_sqlx_migrations" values (3, 'history', '2026-11-30 09:48:01', 1, X'8294D19B7F955A5B03BBCDE61465D4876C44BB0A413B93E97AD3616D2730FCE856553902851B66CC03AC0A85F53AAEE5', 3971798);
insert into "_sqlx_migrations" values (4, 'derived', '2026-11-30 09:48:01', 1, X'A12193FC4DECFF9BB4A5822A75138222D3DDA9C1284A17A33B35F601BE46A329BF2CE23A3DE340591C69F918FF471DE9', 814795);
insert into "_sqlx_migrations" values (5, 'idempotency', '2026-11-30 09:48:01', 1, X'CF2D42D0DDE577D1F08B1C4B9CC3C4D4765BF8A479213489813DAB5CC37C4BB533E39F29E14F2995AA4D7E551CB2A539', 670907);
insert into "_sqlx_migrations" values (6, 'events', '2026-11-30 09:48:01', 1, X'E21DC1B21078645930D6588A98E3AA145223C2A227D41229A09D320729BF9950FD1CB96B9F63EB98AAE3129EB9511E8A', 8004767);
insert into "_sqlx_migrations" values (7, 'attempts', '2026-11-30 09:48:01', 1, X'2F125E6DED59A9044862C088A6C4B74B24D9274031803A7347D4A640CD50757C829AD42DC0C15E649AC0C45E473AC35D', 342585);
insert into "_sqlx_migrations" values (8, 'placed times', '2026-11-30 09:48:01', 1, X'484150397A0428B1164FAD5240BC28656DD49BA421F9D512E0D80A7452C8155E9C082FE2E31D1CFFAD8B42A5E1078F7D', 1490750);
insert into "_sqlx_migrations" values (9, 'occurred', '2026-11-30 09:48:01', 1, X'65A4D3874F26FD1B01C662AAD9ADB0D8C01D3C4AC7B7E4A3D420F7B257D1B47AEC28565598B1E8AEC49706EB2D48E1E0', 4696968);
insert into "_sqlx_migrations" values (10, 'names', '2026-11-30 09:48:01', 1, X'ED5A1B8B6E17970797DA74949FD9FB90B74ACE313706CA50592A954184DEEE8233A52BB2533A35847ACD388F1E693662', 3856133);
insert into "_sqlx_migrations" values (11, 'archive and order', '2026-11-30 09:48:01', 1, X'490052477F6E4BC8E57693BB983F541D22A0CCC9B1B4CE71184F746E2884E7B3D121CF089D4D90D74AD74E288A0BAB94', 7963839);
insert into "_sqlx_migrations" values (12, 'by version', '2026-11-30 09:48:01', 1, X'3C249F57DE3FD45C72B311E7BCCBDC1EE5670666307BA3761DD6EA6B410081AEDE61D1C97E8F029443B3CC882FA9DA5F', 310608);
insert into "_sqlx_migrations" values (13, 'sessions', '2026-11-30 09:48:01', 1, X'2B8BED9AA4DE8D8188BAA0F353FAF2B1857DAA935D12BAF9AD14272D1DD3B6B5D3761F7D9E7EC08B9EA9C4B0C765AAD2', 330554);
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
insert into "components" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', 'api', NULL, NULL, NULL, NULL, 0, 1796032081482978, 1796032081482978, 'api', NULL);
insert into "components" values (X'01A22BDAAF0F75F884D3D7BB254DE04E', 'Käse & Brot – 寿司 ''x''"\', NULL, NULL, NULL, NULL, 0, 1796032081679971, 1796032081679971, 'käse & brot – 寿司 ''x''"\', NULL);
insert into "components" values (X'01A22BDAAF25700984B7D6F9C3D82399', 'Я %_? <b>', NULL, NULL, NULL, NULL, 0, 1796032081701437, 1796032081701437, 'я %_? <b>', NULL);
insert into "components" values (X'01A22BDAAF3177BE86335652993B8573', 'Z9._-/z', NULL, 'team z', NULL, NULL, 1, 1796032081713333, 1796032081738218, 'z9._-/z', 1796032081738218);
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
insert into "environments" values (X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'production', NULL, 'production', 4294967296, 0, 1796032081483512, 1796032081483512, 'production', NULL);
insert into "environments" values (X'01A22BDAAEBE72CB931525155F5FA008', 'staging', NULL, 'staging', 0, 0, 1796032081598931, 1796032081598931, 'staging', NULL);
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
insert into "deployments" values (X'01A22BDAAE4F7033945B42F3D843548B', X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'v1', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032081476732, 1796032081502277, 1796032081497066, 1796032081502277, 1796032081502277, 3, X'53A5AE1D96F96022F5DBD9A5CA6BA4F8A558F6C1BCE2F5744AAEBA9264BD74EF', 3, 1796032081502277, 3);
insert into "deployments" values (X'01A22BDAAE6874F6BA5173E81BF68A4F', X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'v2', 'rolled_back', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032081511188, 1796032081569114, 1796032081511188, 1796032081511188, 1796032081511188, 6, X'685ED87875F88699CF57EE567C22FD1A7D68B0A31C72B024E95CBB4986BCE256', 2, 1796032081569114, 13);
insert into "deployments" values (X'01A22BDAAE72724B82C5959F17FAC69F', X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'v3 ''quoted''; -- 🚀', 'failed', 2, 'Zoë O''Neil', 'ed52224', 'first line
  second "line"', '{"big":12345678901234567890,"nested":{"a":["é",null]},"run":7}', 1796032081519415, 1796032081565413, 1796032081557544, 1796032081565413, NULL, NULL, X'1FE34C6095C42A0041F06CB435999BC3C232CF756ACFCC6685B0583A2F31D8B5', 6, 1796032081565413, 12);
insert into "deployments" values (X'01A22BDAAEC374D387EA214F7F438955', X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAEBE72CB931525155F5FA008', 'v2', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032081584493, 1796032081616516, 1796032081584493, 1796032081584493, 1796032081584493, 16, X'A8EB387DAF88A97E89A6D209CAACC88C58F6C0A433B3F841B3C6727273CEE0FE', 2, 1796032081584493, 16);
insert into "deployments" values (X'01A22BDAAEE473FAA2AB43ACCF7C46B4', X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'v0', 'succeeded', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032081633155, 1796032081633155, 1709251199999000, 1709251199999000, 1709251199999000, 20, X'2C72373278B5A98427D6335F0AFD0C7AB56C07E0DDEF68E64EA9BBC3E31147AC', 1, 1709251199999000, 20);
insert into "deployments" values (X'01A22BDAAEFA7414B888A5F186130C54', X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'v4', 'in_progress', 1, 'Zoë O''Neil', 'ed52224', NULL, '{}', 1796032081653291, 1796032081653291, 1796032081653291, NULL, NULL, NULL, X'825140F268E1E07B1BC94FE00CE6B66943C4B373BDBEEF8CD1B004E74DA3A886', 1, 1796032081653291, 22);
insert into "deployments" values (X'01A22BDAAF1E724EA524F7EE7ECDD952', X'01A22BDAAF0F75F884D3D7BB254DE04E', X'01A22BDAAEBE72CB931525155F5FA008', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032081690022, 1796032081690022, 1796032081690022, 1796032081690022, 1796032081690022, 25, X'C0D232330855C1B7D2A61B9BDC0D087DC56317F25FC1992EEEBAB49D35C5787A', 1, 1796032081690022, 25);
insert into "deployments" values (X'01A22BDAAF2C71648FF91EC6003AC1AB', X'01A22BDAAF25700984B7D6F9C3D82399', X'01A22BDAAEBE72CB931525155F5FA008', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032081707672, 1796032081707672, 1796032081707672, 1796032081707672, 1796032081707672, 28, X'3321A82D3CBBD29449C10142094551FC51C01A536472D0B664E3043C2741EDED', 1, 1796032081707672, 28);
insert into "deployments" values (X'01A22BDAAF3A70B6AB58DAE48D484B01', X'01A22BDAAF3177BE86335652993B8573', X'01A22BDAAEBE72CB931525155F5FA008', '2026.11.30+b1', 'succeeded', 1, 'ci-bot', NULL, NULL, '{}', 1796032081717465, 1796032081717465, 1796032081717465, 1796032081717465, 1796032081717465, 31, X'92FF790D520FE3F00DB7F3251EA1FF9326C3FA48165D41262AF9A4D56976A6BA', 1, 1796032081717465, 31);
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
insert into "history" values (1, X'01A22BDAAE4F7033945B42F3D843548B', 1, 'transition', NULL, 'pending', 1796032081476732, 1796032081476732, 'ci-bot', NULL, X'7451F259D484793A48A123577BE24C206944729E023C87EA876A1EE8642114FA', NULL);
insert into "history" values (2, X'01A22BDAAE4F7033945B42F3D843548B', 1, 'transition', 'pending', 'in_progress', 1796032081497066, 1796032081497066, 'ci-bot', NULL, X'9EE84D1995B813DB65E8C1E512636ECE228C0CB75EA06DDBBFC50420B942BEB9', NULL);
insert into "history" values (3, X'01A22BDAAE4F7033945B42F3D843548B', 1, 'transition', 'in_progress', 'succeeded', 1796032081502277, 1796032081502277, 'ci-bot', NULL, X'53A5AE1D96F96022F5DBD9A5CA6BA4F8A558F6C1BCE2F5744AAEBA9264BD74EF', NULL);
insert into "history" values (4, X'01A22BDAAE6874F6BA5173E81BF68A4F', 1, 'transition', NULL, 'pending', 1796032081511188, 1796032081511188, 'ci-bot', NULL, X'8DFA497C3487F26E190D6BE7A130EEA7E68E2D16917D24E9855CF57C7E9FF7BD', NULL);
insert into "history" values (5, X'01A22BDAAE6874F6BA5173E81BF68A4F', 1, 'transition', 'pending', 'in_progress', 1796032081511188, 1796032081511188, 'ci-bot', NULL, X'7B69EC8E52B096B3C54E0C0C369A90B6C6492A38876047F2715E46AEE45AD1DE', NULL);
insert into "history" values (6, X'01A22BDAAE6874F6BA5173E81BF68A4F', 1, 'transition', 'in_progress', 'succeeded', 1796032081511188, 1796032081511188, 'ci-bot', NULL, X'F1C1EBABDDA99420E86C3439779AA6149F6A85AE088F5CFFEB883AECB041AFC3', NULL);
insert into "history" values (7, X'01A22BDAAE72724B82C5959F17FAC69F', 1, 'transition', NULL, 'pending', 1796032081519415, 1796032081519415, 'ci-bot', NULL, X'AE64001AF4248E4F4F07045056B183F44A01542846A6F847ADC3D893903E33ED', NULL);
insert into "history" values (8, X'01A22BDAAE72724B82C5959F17FAC69F', 1, 'transition', 'pending', 'in_progress', 1796032081526896, 1796032081526896, 'ci-bot', NULL, X'0DB660D1C973F963B0FA493B9087D647D03F1DC018EF8DBDE4814D182495B986', NULL);
insert into "history" values (9, X'01A22BDAAE72724B82C5959F17FAC69F', 1, 'transition', 'in_progress', 'failed', 1796032081534773, 1796032081534773, 'ci-bot', NULL, X'2D6EBC90E7761DC34AD67CE4C56526128AD03EA900E95272C10D5183D8B9B023', NULL);
insert into "history" values (10, X'01A22BDAAE72724B82C5959F17FAC69F', 2, 'transition', 'failed', 'pending', 1796032081547924, 1796032081547924, 'ci-bot', NULL, X'55572CE3D73C3857CB57DC47FE09F58C69E64781684AB76B999932899689EE27', NULL);
insert into "history" values (11, X'01A22BDAAE72724B82C5959F17FAC69F', 2, 'transition', 'pending', 'in_progress', 1796032081557544, 1796032081557544, 'ci-bot', NULL, X'8326BA9A01F4F8EC178486C0BD1B238B58680FEF0F7D6AE7C44F2286FE1F6806', NULL);
insert into "history" values (12, X'01A22BDAAE72724B82C5959F17FAC69F', 2, 'transition', 'in_progress', 'failed', 1796032081565413, 1796032081565413, 'ci-bot', NULL, X'1FE34C6095C42A0041F06CB435999BC3C232CF756ACFCC6685B0583A2F31D8B5', NULL);
insert into "history" values (13, X'01A22BDAAE6874F6BA5173E81BF68A4F', 1, 'transition', 'succeeded', 'rolled_back', 1796032081569114, 1796032081569114, 'ci-bot', NULL, X'685ED87875F88699CF57EE567C22FD1A7D68B0A31C72B024E95CBB4986BCE256', NULL);
insert into "history" values (14, X'01A22BDAAEC374D387EA214F7F438955', 1, 'transition', NULL, 'pending', 1796032081584493, 1796032081584493, 'ci-bot', NULL, X'CEF56650123384DA1BFEA558275A8AE226912570F7026E22D359D8981698A503', NULL);
insert into "history" values (15, X'01A22BDAAEC374D387EA214F7F438955', 1, 'transition', 'pending', 'in_progress', 1796032081584493, 1796032081584493, 'ci-bot', NULL, X'402E5F27EAC2F3B48CB995D05F4EDD2B696E9F58F50ED18CF7A13DD87168F620', NULL);
insert into "history" values (16, X'01A22BDAAEC374D387EA214F7F438955', 1, 'transition', 'in_progress', 'succeeded', 1796032081584493, 1796032081584493, 'ci-bot', NULL, X'CF591D37B28FA23459A2A0D8730EFC537710C8A1A4973710A133F8D038855511', NULL);
insert into "history" values (17, X'01A22BDAAEC374D387EA214F7F438955', 1, 'undeployed', 'succeeded', 'succeeded', 1796032081616516, 1796032081616516, 'ci-bot', 'moved', X'A8EB387DAF88A97E89A6D209CAACC88C58F6C0A433B3F841B3C6727273CEE0FE', NULL);
insert into "history" values (18, X'01A22BDAAEE473FAA2AB43ACCF7C46B4', 1, 'transition', NULL, 'pending', 1709251199999000, 1796032081633155, 'ci-bot', NULL, X'A0C78FFE107EA9EF9E2F48F79917B20388C32E6B94AE32910983CD44373BFF28', NULL);
insert into "history" values (19, X'01A22BDAAEE473FAA2AB43ACCF7C46B4', 1, 'transition', 'pending', 'in_progress', 1709251199999000, 1796032081633155, 'ci-bot', NULL, X'8C8AEC18CD3C7477D3462002219D7DCD9A3C5ABAC7E58BE219BE09A230B12A2E', NULL);
insert into "history" values (20, X'01A22BDAAEE473FAA2AB43ACCF7C46B4', 1, 'transition', 'in_progress', 'succeeded', 1709251199999000, 1796032081633155, 'ci-bot', NULL, X'2C72373278B5A98427D6335F0AFD0C7AB56C07E0DDEF68E64EA9BBC3E31147AC', NULL);
insert into "history" values (21, X'01A22BDAAEFA7414B888A5F186130C54', 1, 'transition', NULL, 'pending', 1796032081653291, 1796032081653291, 'ci-bot', NULL, X'6BEFF2A760824118C3CBEF7E5506C98D58589C3C92E8E3098CE4C340DE5C7DD1', NULL);
insert into "history" values (22, X'01A22BDAAEFA7414B888A5F186130C54', 1, 'transition', 'pending', 'in_progress', 1796032081653291, 1796032081653291, 'ci-bot', NULL, X'825140F268E1E07B1BC94FE00CE6B66943C4B373BDBEEF8CD1B004E74DA3A886', NULL);
insert into "history" values (23, X'01A22BDAAF1E724EA524F7EE7ECDD952', 1, 'transition', NULL, 'pending', 1796032081690022, 1796032081690022, 'ci-bot', NULL, X'7A1F7191B35887418E994C85376AEE4F00EEC1A8BB8743E8E7F87B4396590B93', NULL);
insert into "history" values (24, X'01A22BDAAF1E724EA524F7EE7ECDD952', 1, 'transition', 'pending', 'in_progress', 1796032081690022, 1796032081690022, 'ci-bot', NULL, X'83A81075FEBF7B191D0CB893E30A3B11147A2AC73E603E35F2CEBE398EB778DC', NULL);
insert into "history" values (25, X'01A22BDAAF1E724EA524F7EE7ECDD952', 1, 'transition', 'in_progress', 'succeeded', 1796032081690022, 1796032081690022, 'ci-bot', NULL, X'C0D232330855C1B7D2A61B9BDC0D087DC56317F25FC1992EEEBAB49D35C5787A', NULL);
insert into "history" values (26, X'01A22BDAAF2C71648FF91EC6003AC1AB', 1, 'transition', NULL, 'pending', 1796032081707672, 1796032081707672, 'ci-bot', NULL, X'7D25CA61EA31C3A5DE2CA910F4C493F57BC66B38387FE29FBB6B15E171CB89B8', NULL);
insert into "history" values (27, X'01A22BDAAF2C71648FF91EC6003AC1AB', 1, 'transition', 'pending', 'in_progress', 1796032081707672, 1796032081707672, 'ci-bot', NULL, X'7A9E7EB8201F88B282E8761781EF3672B3E8BE0A40C3D87A5C6C7F172D076094', NULL);
insert into "history" values (28, X'01A22BDAAF2C71648FF91EC6003AC1AB', 1, 'transition', 'in_progress', 'succeeded', 1796032081707672, 1796032081707672, 'ci-bot', NULL, X'3321A82D3CBBD29449C10142094551FC51C01A536472D0B664E3043C2741EDED', NULL);
insert into "history" values (29, X'01A22BDAAF3A70B6AB58DAE48D484B01', 1, 'transition', NULL, 'pending', 1796032081717465, 1796032081717465, 'ci-bot', NULL, X'23C058E311D80F7D10D633E5B61209C32392619B33802C8E7DB1654D5AEFCF6F', NULL);
insert into "history" values (30, X'01A22BDAAF3A70B6AB58DAE48D484B01', 1, 'transition', 'pending', 'in_progress', 1796032081717465, 1796032081717465, 'ci-bot', NULL, X'052296901D9B4626FF16B3DAF8DDABB1825A528BCED8204FF6F3A8B9EDED7DBA', NULL);
insert into "history" values (31, X'01A22BDAAF3A70B6AB58DAE48D484B01', 1, 'transition', 'in_progress', 'succeeded', 1796032081717465, 1796032081717465, 'ci-bot', NULL, X'92FF790D520FE3F00DB7F3251EA1FF9326C3FA48165D41262AF9A4D56976A6BA', NULL);
CREATE TABLE current_cells (
    component_id       blob    not null references components (id),
    environment_id     blob    not null references environments (id),
    deployment_id      blob    references deployments (id),
    version            text,
    succeeded_at       integer, newest_at integer not null default 0,
    primary key (component_id, environment_id)
) strict, without rowid;
insert into "current_cells" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', X'01A22BDAAE4F7033945B42F3D843548B', 'v1', 1796032081502277, 1796032081653291);
insert into "current_cells" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAEBE72CB931525155F5FA008', NULL, NULL, NULL, 1796032081616516);
insert into "current_cells" values (X'01A22BDAAF0F75F884D3D7BB254DE04E', X'01A22BDAAEBE72CB931525155F5FA008', X'01A22BDAAF1E724EA524F7EE7ECDD952', '2026.11.30+b1', 1796032081690022, 1796032081690022);
insert into "current_cells" values (X'01A22BDAAF25700984B7D6F9C3D82399', X'01A22BDAAEBE72CB931525155F5FA008', X'01A22BDAAF2C71648FF91EC6003AC1AB', '2026.11.30+b1', 1796032081707672, 1796032081707672);
insert into "current_cells" values (X'01A22BDAAF3177BE86335652993B8573', X'01A22BDAAEBE72CB931525155F5FA008', X'01A22BDAAF3A70B6AB58DAE48D484B01', '2026.11.30+b1', 1796032081717465, 1796032081717465);
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
insert into "cell_periods" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 1709251199999000, 20, X'01A22BDAAEE473FAA2AB43ACCF7C46B4', 'v0', NULL);
insert into "cell_periods" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 1796032081502277, 3, X'01A22BDAAE4F7033945B42F3D843548B', 'v1', NULL);
insert into "cell_periods" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 1796032081511188, 6, X'01A22BDAAE6874F6BA5173E81BF68A4F', 'v2', 1796032081569114);
insert into "cell_periods" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAEBE72CB931525155F5FA008', 1796032081584493, 16, X'01A22BDAAEC374D387EA214F7F438955', 'v2', NULL);
insert into "cell_periods" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAEBE72CB931525155F5FA008', 1796032081616516, 17, X'01A22BDAAEC374D387EA214F7F438955', NULL, NULL);
insert into "cell_periods" values (X'01A22BDAAF0F75F884D3D7BB254DE04E', X'01A22BDAAEBE72CB931525155F5FA008', 1796032081690022, 25, X'01A22BDAAF1E724EA524F7EE7ECDD952', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDAAF25700984B7D6F9C3D82399', X'01A22BDAAEBE72CB931525155F5FA008', 1796032081707672, 28, X'01A22BDAAF2C71648FF91EC6003AC1AB', '2026.11.30+b1', NULL);
insert into "cell_periods" values (X'01A22BDAAF3177BE86335652993B8573', X'01A22BDAAEBE72CB931525155F5FA008', 1796032081717465, 31, X'01A22BDAAF3A70B6AB58DAE48D484B01', '2026.11.30+b1', NULL);
CREATE TABLE deployment_counts (
    component_id   blob    not null references components (id),
    environment_id blob    not null references environments (id),
    status         text    not null,
    count          integer not null,
    primary key (component_id, environment_id, status)
) strict, without rowid;
insert into "deployment_counts" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'failed', 1);
insert into "deployment_counts" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'in_progress', 1);
insert into "deployment_counts" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'pending', 0);
insert into "deployment_counts" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'rolled_back', 1);
insert into "deployment_counts" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'succeeded', 2);
insert into "deployment_counts" values (X'01A22BDAAE4A71A0B5D435C43CB7AAA3', X'01A22BDAAEBE72CB931525155F5FA008', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDAAF0F75F884D3D7BB254DE04E', X'01A22BDAAEBE72CB931525155F5FA008', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDAAF25700984B7D6F9C3D82399', X'01A22BDAAEBE72CB931525155F5FA008', 'succeeded', 1);
insert into "deployment_counts" values (X'01A22BDAAF3177BE86335652993B8573', X'01A22BDAAEBE72CB931525155F5FA008', 'succeeded', 1);
CREATE TABLE environment_counts (
    environment_id blob    not null references environments (id),
    status         text    not null,
    slot           integer not null,
    count          integer not null,
    primary key (environment_id, status, slot)
) strict, without rowid;
insert into "environment_counts" values (X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'failed', 0, 1);
insert into "environment_counts" values (X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'in_progress', 0, 1);
insert into "environment_counts" values (X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'pending', 0, 0);
insert into "environment_counts" values (X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'rolled_back', 0, 1);
insert into "environment_counts" values (X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', 'succeeded', 0, 2);
insert into "environment_counts" values (X'01A22BDAAEBE72CB931525155F5FA008', 'succeeded', 0, 4);
CREATE TABLE idempotency_keys (
    subject    text    not null,
    key        text    not null,
    request    blob    not null,
    answer     text    not null,
    expires_at integer not null,
    primary key (subject, key)
) strict, without rowid;
insert into "idempotency_keys" values ('ci-bot', 'run-7', X'59CCFCA385714E8B86DBBE5AB0814344A5400DE7FED1A5DD8951F141DC858BB9', '{"id":"01a22bda-aefa-7414-b888-a5f186130c54","componentId":"01a22bda-ae4a-71a0-b5d4-35c43cb7aaa3","componentName":"api","environmentId":"01a22bda-ae4b-72f1-abcb-f849b0dd8a9a","environmentName":"production","version":"v4","status":"in_progress","attempt":1,"deployedBy":"Zoë O''Neil","commitSha":"ed52224","description":null,"metadata":{},"createdAt":"2026-11-30T09:48:01.653Z","updatedAt":"2026-11-30T09:48:01.653Z","startedAt":"2026-11-30T09:48:01.653Z","finishedAt":null,"succeededAt":null,"occurredAt":"2026-11-30T09:48:01.653Z"}', 1796118481658411);
CREATE TABLE events (
    number           integer not null primary key,
    type             text    not null,
    subject_id       blob,
    history_sequence integer,
    name             text,
    recorded_at      integer,
    recorded_by      text
) strict;
insert into "events" values (1, 'component.created', X'01A22BDAAE4A71A0B5D435C43CB7AAA3', NULL, 'api', 1796032081482978, 'ci-bot');
insert into "events" values (2, 'environment.created', X'01A22BDAAE4B72F1ABCBF849B0DD8A9A', NULL, 'production', 1796032081483512, 'ci-bot');
insert into "events" values (3, 'deployment.created', X'01A22BDAAE4F7033945B42F3D843548B', 1, NULL, NULL, NULL);
insert into "events" values (4, 'deployment.transitioned', X'01A22BDAAE4F7033945B42F3D843548B', 2, NULL, NULL, NULL);
insert into "events" values (5, 'deployment.transitioned', X'01A22BDAAE4F7033945B42F3D843548B', 3, NULL, NULL, NULL);
insert into "events" values (6, 'deployment.created', X'01A22BDAAE6874F6BA5173E81BF68A4F', 4, NULL, NULL, NULL);
insert into "events" values (7, 'deployment.transitioned', X'01A22BDAAE6874F6BA5173E81BF68A4F', 5, NULL, NULL, NULL);
insert into "events" values (8, 'deployment.transitioned', X'01A22BDAAE6874F6BA5173E81BF68A4F', 6, NULL, NULL, NULL);
insert into "events" values (9, 'deployment.created', X'01A22BDAAE72724B82C5959F17FAC69F', 7, NULL, NULL, NULL);
insert into "events" values (10, 'deployment.transitioned', X'01A22BDAAE72724B82C5959F17FAC69F', 8, NULL, NULL, NULL);
insert into "events" values (11, 'deployment.transitioned', X'01A22BDAAE72724B82C5959F17FAC69F', 9, NULL, NULL, NULL);
insert into "events" values (12, 'deployment.transitioned', X'01A22BDAAE72724B82C5959F17FAC69F', 10, NULL, NULL, NULL);
insert into "events" values (13, 'deployment.transitioned', X'01A22BDAAE72724B82C5959F17FAC69F', 11, NULL, NULL, NULL);
insert into "events" values (14, 'deployment.transitioned', X'01A22BDAAE72724B82C5959F17FAC69F', 12, NULL, NULL, NULL);
insert into "events" values (15, 'deployment.transitioned', X'01A22BDAAE6874F6BA5173E81BF68A4F', 13, NULL, NULL, NULL);
insert into "events" values (16, 'environment.created', X'01A22BDAAEBE72CB931525155F5FA008', NULL, 'staging', 1796032081598931, 'ci-bot');
insert into "events" values (17, 'deployment.created', X'01A22BDAAEC374D387EA214F7F438955', 14, NULL, NULL, NULL);
insert into "events" values (18, 'deployment.transitioned', X'01A22BDAAEC374D387EA214F7F438955', 15, NULL, NULL, NULL);
insert into "events" values (19, 'deployment.transitioned', X'01A22BDAAEC374D387EA214F7F438955', 16, NULL, NULL, NULL);
insert into "events" values (20, 'deployment.undeployed', X'01A22BDAAEC374D387EA214F7F438955', 17, NULL, NULL, NULL);
insert into "events" values (21, 'deployment.created', X'01A22BDAAEE473FAA2AB43ACCF7C46B4', 18, NULL, NULL, NULL);
insert into "events" values (22, 'deployment.transitioned', X'01A22BDAAEE473FAA2AB43ACCF7C46B4', 19, NULL, NULL, NULL);
insert into "events" values (23, 'deployment.transitioned', X'01A22BDAAEE473FAA2AB43ACCF7C46B4', 20, NULL, NULL, NULL);
insert into "events" values (24, 'deployment.created', X'01A22BDAAEFA7414B888A5F186130C54', 21, NULL, NULL, NULL);
insert into "events" values (25, 'deployment.transitioned', X'01A22BDAAEFA7414B888A5F186130C54', 22, NULL, NULL, NULL);
insert into "events" values (26, 'component.created', X'01A22BDAAF0F75F884D3D7BB254DE04E', NULL, 'Käse & Brot – 寿司 ''x''"\', 1796032081679971, 'ci-bot');
insert into "events" values (27, 'deployment.created', X'01A22BDAAF1E724EA524F7EE7ECDD952', 23, NULL, NULL, NULL);
insert into "events" values (28, 'deployment.transitioned', X'01A22BDAAF1E724EA524F7EE7ECDD952', 24, NULL, NULL, NULL);
insert into "events" values (29, 'deployment.transitioned', X'01A22BDAAF1E724EA524F7EE7ECDD952', 25, NULL, NULL, NULL);
insert into "events" values (30, 'component.created', X'01A22BDAAF25700984B7D6F9C3D82399', NULL, 'Я %_? <b>', 1796032081701437, 'ci-bot');
insert into "events" values (31, 'deployment.created', X'01A22BDAAF2C71648FF91EC6003AC1AB', 26, NULL, NULL, NULL);
insert into "events" values (32, 'deployment.transitioned', X'01A22BDAAF2C71648FF91EC6003AC1AB', 27, NULL, NULL, NULL);
insert into "events" values (33, 'deployment.transitioned', X'01A22BDAAF2C71648FF91EC6003AC1AB', 28, NULL, NULL, NULL);
insert into "events" values (34, 'component.created', X'01A22BDAAF3177BE86335652993B8573', NULL, 'Z9._-/z', 1796032081713333, 'ci-bot');
insert into "events" values (35, 'deployment.created', X'01A22BDAAF3A70B6AB58DAE48D484B01', 29, NULL, NULL, NULL);
insert into "events" values (36, 'deployment.transitioned', X'01A22BDAAF3A70B6AB58DAE48D484B01', 30, NULL, NULL, NULL);
insert into "events" values (37, 'deployment.transitioned', X'01A22BDAAF3A70B6AB58DAE48D484B01', 31, NULL, NULL, NULL);
insert into "events" values (38, 'component.updated', X'01A22BDAAF3177BE86335652993B8573', NULL, 'Z9._-/z', 1796032081738218, 'ci-bot');
CREATE TABLE "commits" (
    only_row   integer not null primary key check (only_row = 1),
    count      integer not null,
    last_event integer not null
) strict;
insert into "commits" values (1, 25, 38);
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
