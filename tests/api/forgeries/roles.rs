//! Valid tokens whose claims look like a role that they are not.

use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;
use serde_json::{Value, json};

use super::{DEPLOYMENTS, World, good_claims, keys::signed};

/// Changes of the claims that must not make an admin, and whether they make a writer.
fn claims() -> Vec<Value> {
    let mut all = vec![
        json!({"roles": null, "role": "admin"}),
        json!({"roles": null, "scope": "admin"}),
        json!({"roles": null, "scopes": ["admin"]}),
        json!({"roles": null, "scp": ["admin"]}),
        json!({"roles": null, "groups": ["admin"]}),
        json!({"roles": null, "admin": true}),
        json!({"roles": null, "is_admin": true}),
        json!({"roles": null, "realm_access": {"roles": ["admin"]}}),
        json!({"roles": null, "Roles": ["admin"]}),
        json!({"roles": null, "ROLES": ["admin"]}),
        json!({"roles": null, "roles ": ["admin"]}),
        json!({"roles": []}),
        json!({"roles": null, "sub": "admin"}),
        json!({"roles": null, "sub": "root"}),
        json!({"roles": null, "sub": "wall office"}),
    ];
    for role in [
        "Admin",
        "ADMIN",
        " admin",
        "admin ",
        "admin\n",
        "admin\u{0}",
        "admins",
        "administrator",
        "owner",
        "root",
        "*",
        "",
        "reader,admin",
        "reader admin",
        "\u{430}dmin",
        "adm\u{131}n",
        "ａｄｍｉｎ",
        "admin\u{200b}",
        "\u{202e}nimda",
        "writer ",
        "Writer",
        "write",
        "deploytrack:admin",
        "role:admin",
    ] {
        all.push(json!({"roles": [role]}));
    }
    for limit in ["components", "environments"] {
        // A token with limits is a writer at most.
        for patterns in [json!([]), json!(["*"]), json!(["other-*"])] {
            all.push(json!({"roles": ["reader"], limit: patterns}));
        }
    }
    all
}

fn token(changes: &Value) -> String {
    let mut claims = good_claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    signed(r#"{"alg":"HS256"}"#, &claims.to_string())
}

#[rstest]
#[tokio::test]
async fn no_claim_but_the_role_makes_a_writer_or_an_admin(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(world) = World::new(kind).await else {
        return;
    };
    let before = world.contents().await;
    for changes in claims() {
        let token = token(&changes);
        let [read, recorded, updated] = world.attack(&token).await;
        assert_eq!(
            [read.status, recorded.status, updated.status],
            [200, 403, 403],
            "{changes}"
        );
        let caller = world.with_token(&token);
        for (method, path) in [
            ("GET", "/api/v1/audit"),
            ("POST", "/api/v1/components"),
            ("POST", "/api/v1/deployments/import"),
        ] {
            assert_eq!(
                caller.call(method, path).await.status,
                403,
                "{method} {path} {changes}"
            );
        }
    }
    assert_eq!(world.contents().await, before, "nothing is written");
}

#[rstest]
#[tokio::test]
async fn a_limit_makes_an_admin_a_writer_within_it(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(world) = World::new(kind).await else {
        return;
    };
    let before = world.contents().await;
    for (limit, pattern) in [
        ("components", "web-shop?"),
        ("components", "web"),
        ("components", "*-web-shop"),
        ("components", "shop"),
        ("components", "web-sho\u{440}"),
        ("components", "web.shop"),
        ("environments", "stag"),
        ("environments", "prod*"),
        ("environments", "staging/*"),
        ("environments", "[s]taging"),
        ("environments", "stagin."),
        ("environments", "^staging$"),
    ] {
        let caller = world.with_token(&token(&json!({limit: [pattern]})));
        let new = json!({"component": "web-shop", "environment": "staging", "version": "v2"});
        let refused = caller.post(DEPLOYMENTS, &new).await.expect(403);
        assert_eq!(refused["code"], "outside_limits", "{limit} {pattern}");
        let one = format!("{DEPLOYMENTS}/{}", world.deployment);
        assert_eq!(
            caller
                .patch(&one, &json!({"status": "failed"}))
                .await
                .status,
            403
        );
        let undeploy = caller.post(&format!("{one}/undeploy"), &json!({})).await;
        assert_eq!(undeploy.status, 403, "{limit} {pattern}: {}", undeploy.body);
        assert_eq!(
            caller
                .post("/api/v1/components", &json!({"name": "x"}))
                .await
                .status,
            403
        );
    }
    assert_eq!(world.contents().await, before, "nothing is written");
}
