use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Vec<(String, Position)>, String> {
    let mut objects = Objects::of(text.as_bytes());
    let mut read = Vec::new();
    while let Some(record) = objects
        .next()
        .map_err(|unreadable| unreadable.to_string())?
    {
        read.push((String::from_utf8(record.text).unwrap(), record.place));
    }
    Ok(read)
}

fn values(text: &str) -> Vec<serde_json::Value> {
    read(text)
        .unwrap()
        .iter()
        .map(|(text, _)| serde_json::from_str(text).unwrap())
        .collect()
}

fn places(text: &str) -> Vec<(usize, Option<usize>)> {
    read(text)
        .unwrap()
        .iter()
        .map(|(_, place)| (place.line, place.item))
        .collect()
}

#[test]
fn objects_are_found_in_every_layout() {
    let two = [
        serde_json::json!({"a": "}{,#//\\\"["}),
        serde_json::json!({"b": [{"c": {}}]}),
    ];
    let [a, b] = two.each_ref().map(ToString::to_string);
    let pretty = serde_json::to_string_pretty(&two).unwrap();
    for text in [
        format!("{a}\n{b}\n"),
        format!("{a}\r\n{b}"),
        format!("{a}{b}"),
        format!("{a},\n{b},\n"),
        format!("[{a},{b}]"),
        format!("[\n{a},\n{b},\n]\n"),
        format!("[[{a}],[{b}]]"),
        format!("[{a}][{b}]"),
        format!("\u{1e}{a}\n\u{1e}{b}\n"),
        format!("# one\n{a} // two }}\n/* three\n{{ ** */{b}"),
        pretty.clone(),
        pretty
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned(),
        pretty.replace('\n', "\r\n"),
    ] {
        assert_eq!(values(&text), two, "{text}");
    }
    assert_eq!(values(" \n\n"), Vec::<serde_json::Value>::new());
    assert_eq!(values("[]"), Vec::<serde_json::Value>::new());
}

#[test]
fn trailing_commas_and_comments_are_removed() {
    let text = "{\"a\": [1, 2,], # one\n \"b\": {\"c\": \"x,}\", /* two */ },\n}\n";
    assert_eq!(
        values(text),
        [serde_json::json!({"a": [1, 2], "b": {"c": "x,}"}})]
    );
}

#[test]
fn each_object_has_its_first_line_and_its_item() {
    assert_eq!(places("\n{}\n\n {}{}\n"), [(2, None), (4, None), (4, None)]);
    assert_eq!(
        places("[\n {\n },\n // x\n {}]\n{}"),
        [(2, Some(1)), (5, Some(2)), (6, None)]
    );
}

#[test]
fn a_wrong_object_is_reported_with_its_line() {
    for (text, message) in [
        (
            "{\"a\": 1\n{\"b\": 2}\n",
            "line 2 begins an object before the one of line 1 has ended",
        ),
        ("{}\n{\"a\": \"x\n\"}", "line 2 ends inside a string"),
        (
            "{}\n\n{\"a\": [1}\n",
            "line 3 begins an object that does not end",
        ),
        ("{}\n[{}", "line 2 begins an array that does not end"),
        (
            "{}\nabc",
            "line 2 must have a JSON object here, beginning with {, not `a`",
        ),
        ("[{}, 7]", "line 1 (item 2) must have a JSON object here"),
        ("{}\n]", "line 2 must have a JSON object here"),
        ("{}\n{\"a\":\"\0\"}", "line 2 has a NUL byte"),
        (
            "{\n\"a\": 1,\n\"b\" 2\n}",
            "line 3 is not valid JSON: expected `:`",
        ),
        ("{} /* x", "line 1 ends inside a comment"),
        ("{} / {}", "line 1 must have a JSON object here"),
    ] {
        let found = read(text).unwrap_err();
        assert!(found.starts_with(message), "{text:?}: {found}");
    }
    assert!(
        read(&format!("{{\"a\":\"{}\"}}", "x".repeat(IMPORT_BYTES)))
            .unwrap_err()
            .contains("longer than 8 MiB")
    );
}

fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        "[\\PC\"\\\\/#{}\\[\\],:*\n]{0,8}".prop_map(serde_json::Value::from)
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z\"#/]{0,3}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn all_objects_are_read_unchanged(trees in prop::collection::vec(prop::collection::btree_map("[a-z\"#/]{0,3}", tree(), 0..4), 0..5), form in 0..4) {
        let all: Vec<serde_json::Value> = trees.into_iter().map(|map| map.into_iter().collect()).collect();
        let text = match form {
            0 => all.iter().map(|one| one.to_string() + "\n").collect(),
            1 => all.iter().map(ToString::to_string).collect(),
            2 => serde_json::to_string_pretty(&all).unwrap(),
            _ => all.iter().map(|one| serde_json::to_string_pretty(one).unwrap() + "\r\n").collect::<String>(),
        };
        prop_assert_eq!(values(&text), all);
    }

    #[test]
    fn no_text_makes_the_reader_loop_or_panic(text in "[{}\\[\\]\",:a0/*#\\\\ \n]{0,40}") {
        let _ = read(&text);
    }
}
