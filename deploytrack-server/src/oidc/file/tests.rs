use super::*;

const ISSUER: &str = "[[oidc.issuer]]\nurl = \"https://id.example.com\"\naudiences = [\"a\"]\n";

fn rule(fields: &str) -> String {
    format!("{ISSUER}[[oidc.rule]]\n{fields}")
}

fn fault(text: &str) -> String {
    OidcSettings::parse(text).unwrap_err().to_string()
}

const RULE: &str = r#"name = "web"
issuer = "https://id.example.com"
match = [{ claim = "repository", glob = "octo-org/*" }]
role = "writer"
"#;

#[test]
fn a_file_has_issuers_and_rules() {
    let more = r#"components = ["web-*"]
environments = ["{environment}"]
lifetime = "30m"
accept_untrusted_runs = true
"#;
    let settings = OidcSettings::parse(&rule(&format!("{RULE}{more}"))).unwrap();
    assert_eq!(settings.counts(), (1, 1));
    let web = &settings.rules[0];
    assert_eq!((web.name.as_str(), web.role), ("web", Role::Writer));
    assert_eq!(web.lifetime, Duration::from_mins(30));
    assert!(web.accepts_untrusted_runs && web.components.is_some() && web.environments.is_some());
    let plain = OidcSettings::parse(&rule(RULE)).unwrap();
    assert_eq!(plain.rules[0].lifetime, LIFETIME);
    assert!(!plain.rules[0].accepts_untrusted_runs && plain.rules[0].components.is_none());
}

#[test]
fn numbers_and_booleans_of_a_condition_are_texts() {
    let text = rule(&RULE.replace(
        r#"{ claim = "repository", glob = "octo-org/*" }"#,
        r#"{ claim = "a", equals = 65 }, { claim = "b", in = [true, "x", 7] }"#,
    ));
    let settings = OidcSettings::parse(&text).unwrap();
    let comparisons: Vec<_> = settings.rules[0]
        .conditions
        .iter()
        .map(|condition| condition.comparison.clone())
        .collect();
    assert_eq!(
        comparisons,
        [
            Comparison::Equals("65".into()),
            Comparison::In(vec!["true".into(), "x".into(), "7".into()])
        ]
    );
}

#[test]
fn a_fault_names_its_line_and_its_field() {
    let changed = |from: &str, to: &str| fault(&rule(&RULE.replace(from, to)));
    let condition = r#"{ claim = "repository", glob = "octo-org/*" }"#;
    let cases = [
        (fault(""), "missing field `oidc`"),
        (fault("[oidc]\n"), "it has no [[oidc.issuer]]"),
        (fault("x = \n"), "line 1: "),
        (
            fault(&ISSUER.replace("audiences", "audience")),
            "line 3: unknown field `audience`",
        ),
        (
            fault(&ISSUER.replace("https:", "http:")),
            "line 2: url must begin with https://",
        ),
        (
            fault(&ISSUER.replace("[\"a\"]", "[]")),
            "line 3: audiences must be a list of one or more texts",
        ),
        (
            fault(&format!("{ISSUER}{ISSUER}")),
            "line 5: url https://id.example.com is given twice",
        ),
        (changed("\"web\"", "\"\""), "line 5: name must not be empty"),
        (
            changed("id.example.com", "other.example.com"),
            "line 6: issuer \"https://other.example.com\" is not the url of an [[oidc.issuer]]",
        ),
        (
            changed(condition, ""),
            "line 7: match must have 1 to 100 conditions",
        ),
        (
            changed("glob = \"octo-org/*\"", "glob = \"a\", equals = \"a\""),
            "line 7: the condition for the claim \"repository\" must have exactly one of equals, in and glob",
        ),
        (
            changed(", glob = \"octo-org/*\"", ""),
            "line 7: the condition for the claim",
        ),
        (
            changed("glob = \"octo-org/*\"", "equals = 1.5"),
            "line 7: equals must be a text, a whole number, true or false",
        ),
        (
            changed("glob = \"octo-org/*\"", "in = []"),
            "line 7: in must have 1 to 100 values",
        ),
        (
            changed("\"writer\"", "\"owner\""),
            "line 8: role must be reader, writer or admin",
        ),
        (changed("role", "rolle"), "line 8: unknown field `rolle`"),
        (
            fault(&rule(&format!(
                "{RULE}environments = [\"{{environment\"]\n"
            ))),
            "line 9: environments must have a claim in braces",
        ),
        (
            fault(&rule(&format!("{RULE}lifetime = \"13h\"\n"))),
            "line 9: lifetime must be a time from 1m to 12h",
        ),
        (
            fault(&rule(&format!(
                "{}components = [\"web\"]\n",
                RULE.replace("writer", "admin")
            ))),
            "line 8: role must be writer for a rule with components or environments",
        ),
        (
            fault(&rule(&format!("{RULE}[[oidc.rule]]\n{RULE}"))),
            "line 10: name \"web\" is given twice",
        ),
    ];
    for (fault, expected) in cases {
        assert!(
            fault.contains(expected),
            "{fault}\nshould contain\n{expected}"
        );
    }
}

#[test]
fn a_rule_for_a_public_issuer_names_an_owner() {
    let text = |condition: &str| {
        let github = "https://token.actions.githubusercontent.com";
        rule(RULE)
            .replace("https://id.example.com", github)
            .replace(
                r#"{ claim = "repository", glob = "octo-org/*" }"#,
                condition,
            )
    };
    for condition in [
        r#"{ claim = "ref", equals = "refs/heads/main" }"#,
        r#"{ claim = "repository", glob = "*/web" }"#,
        r#"{ claim = "repository", glob = "octo*/web" }"#,
    ] {
        let fault = fault(&text(condition));
        assert!(
            fault.contains("line 7: match must name an owner"),
            "{fault}"
        );
    }
    for condition in [
        r#"{ claim = "repository_owner_id", equals = "65" }"#,
        r#"{ claim = "repository", glob = "octo-org/*" }"#,
        r#"{ claim = "repository", in = ["octo-org/a"] }"#,
    ] {
        assert!(OidcSettings::parse(&text(condition)).is_ok(), "{condition}");
    }
}
