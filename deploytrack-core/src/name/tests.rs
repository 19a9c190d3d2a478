use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap_or_else(|why| panic!("{text:?} {why}"))
}

#[test]
fn printable_text_is_a_name() {
    for good in [
        "a",
        "Production EU",
        "review/a+b",
        "prod (eu)",
        "Production – docs",
        "@acme/web",
        "продакшн",
        "本番環境",
        "생산",
        "إنتاج",
        "__proto__",
        "null",
        "-rf",
        "=1+1",
        "..",
        ".",
        "<script>alert(1)</script>",
        "{{7*7}}",
        "a\"b'c,d\\e",
        "🚀 prod",
        "⚠️ prod",
        "👩‍💻 dev",
        &"é".repeat(255),
    ] {
        assert_eq!(name(good).as_str(), good);
    }
}

#[test]
fn invisible_characters_are_rejected() {
    for bad in [
        "",
        " ",
        "\u{a0}",
        "a\0",
        "a\tb",
        "a\nb",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{200b}b",
        "a\u{200d}b",
        "a\u{ad}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "\u{feff}a",
        "a\u{fe0f}",
        "\u{fe0f}",
        "a\u{e0041}",
        "a\u{3164}",
        "\u{2800}",
        "a\u{e000}",
        "a\u{378}",
        "a\u{fffd}",
        "a\u{ffff}",
        "\u{301}a",
    ] {
        assert!(Name::new(bad).is_err(), "{bad:?}");
    }
    assert!(Name::new("x".repeat(256)).is_err());
}

#[test]
fn a_name_is_trimmed_and_composed() {
    assert_eq!(name(" \u{3000}cafe\u{301}\n").as_str(), "caf\u{e9}");
    assert!(
        Name::new("e\u{301}".repeat(255)).is_ok(),
        "255 characters once they are composed"
    );
}

#[test]
fn names_that_look_equal_are_equal() {
    for (a, b) in [
        ("Staging", "staging"),
        ("ПРОДАКШН", "продакшн"),
        ("STRASSE", "straße"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Production  EU", "production\u{a0}eu"),
        ("⚠️ prod", "⚠ Prod"),
    ] {
        let (a, b) = (name(a), name(b));
        assert_eq!(a, b);
        assert_eq!(HashSet::from([a, b]).len(), 1);
    }
    for (a, b) in [
        ("prod", "prod2"),
        ("a-b", "a_b"),
        ("é", "e"),
        ("Production EU", "ProductionEU"),
    ] {
        assert_ne!(name(a), name(b));
    }
}

proptest! {
    #[test]
    fn parsing_a_name_or_its_key_again_does_not_change_it(text in "\\PC{1,40}") {
        if let Ok(name) = Name::new(text) {
            let again = Name::new(name.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), name.as_str());
            let key = Name::new(name.key().into_owned()).unwrap_or_else(|why| panic!("{name} {why}"));
            prop_assert_eq!(key.key(), name.key());
            prop_assert_eq!(key, name);
        }
    }

    #[test]
    fn names_are_ordered_as_their_keys(a in "[a-cA-C ß-]{1,6}", b in "[a-cA-C ß-]{1,6}") {
        if let (Ok(a), Ok(b)) = (Name::new(a), Name::new(b)) {
            prop_assert_eq!(a.cmp(&b), a.key().as_bytes().cmp(b.key().as_bytes()));
            prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
        }
    }
}
