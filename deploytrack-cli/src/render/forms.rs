//! JSON text in the other lossless formats: YAML, and one value per line.

use std::io;

use serde::Deserialize;
use serde_json::{Deserializer, value::RawValue};
use serde_transcode::Transcoder;

use super::text::{clean_json, has_hidden_control};

/// A page of the API, with its elements unparsed.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
    // A record may have a field named data too; only a page has a total.
    #[serde(rename = "total")]
    _total: u64,
}

/// The value as YAML, with the order of fields unchanged. Control characters are always escaped.
/// The YAML writer does not escape invisible characters that change the writing direction; a text
/// with such characters becomes JSON, which is valid YAML and can escape them.
pub(crate) fn yaml(json: &str) -> io::Result<String> {
    let mut from = Deserializer::from_str(json);
    let yaml = serde_saphyr::to_string(&Transcoder::new(&mut from)).map_err(io::Error::other)?;
    if has_hidden_control(&yaml) {
        Ok(clean_json(&pretty(json)?) + "\n")
    } else {
        Ok(yaml)
    }
}

/// The value with an indented line per field.
pub(crate) fn pretty(json: &str) -> io::Result<String> {
    let mut from = Deserializer::from_str(json);
    Ok(serde_json::to_string_pretty(&Transcoder::new(&mut from))?)
}

/// The list, or the page of the API, with its elements in this order.
pub(crate) fn reordered(json: &str, order: &[usize]) -> String {
    let elements = elements(json);
    let sorted: Vec<_> = order
        .iter()
        .filter_map(|at| elements.get(*at).copied())
        .collect();
    // The elements are parts of the text: it is put together again around them.
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else {
        return json.to_owned();
    };
    let offset = |part: &str| part.as_ptr() as usize - json.as_ptr() as usize;
    let (start, end) = (offset(first), offset(last) + last.len());
    format!("{}{}{}", &json[..start], sorted.join(","), &json[end..])
}

/// One compact value per line: the elements of a list or a page, or the single value.
pub(crate) fn lines(json: &str) -> io::Result<String> {
    elements(json).into_iter().map(compact).collect()
}

fn elements(json: &str) -> Vec<&str> {
    let list = serde_json::from_str(json)
        .or_else(|_| serde_json::from_str(json).map(|page: Page<'_>| page.data));
    list.map_or_else(
        |_| vec![json],
        |list: Vec<&RawValue>| list.into_iter().map(RawValue::get).collect(),
    )
}

fn compact(json: &str) -> io::Result<String> {
    let mut from = Deserializer::from_str(json);
    Ok(serde_json::to_string(&Transcoder::new(&mut from))? + "\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_text_is_still_a_text_in_yaml() {
        let tricky = [
            "yes",
            "No",
            "null",
            "~",
            "",
            "1e3",
            "0123",
            "1_000",
            "12:30:00",
            "2026-01-01",
            "2026-01-01T00:00:00.000Z",
            ".inf",
            "0x1f",
            "=",
            "<<",
            "a: b",
            "a #c",
            "- x",
            "---",
            " lead",
            "tail ",
            "two\nlines",
            "two\nlines\n\n",
            "\n",
            "a\r\nb",
            "\ttab",
            "\u{1b}[31mred",
            "\u{9b}",
            "\u{2028}",
            "\u{feff}",
            "naïve ≠ 日本",
            "'",
            "\"",
            "\\",
        ];
        let mut value = json!({"texts": &tricky[..], "number": 1.5, "whole": 7, "yes": true, "nothing": null, "empty": [{}, []]});
        for text in tricky {
            value[text] = text.into();
        }
        let yaml = yaml(&value.to_string()).unwrap();
        assert!(!yaml.contains(['\u{1b}', '\u{9b}', '\r']), "{yaml}");
        assert_eq!(
            serde_saphyr::from_str::<Value>(&yaml).unwrap(),
            value,
            "{yaml}"
        );
    }

    #[test]
    fn yaml_does_not_change_the_order_of_fields() {
        assert_eq!(
            yaml(r#"{"id": 1, "component": "api", "at": [true]}"#).unwrap(),
            "id: 1\ncomponent: api\nat:\n- true\n"
        );
    }

    #[test]
    fn characters_that_change_the_writing_direction_are_escaped() {
        let json = "{\"a\":\"x\u{202e}y\"}";
        assert_eq!(yaml(json).unwrap(), "{\n  \"a\": \"x\\u202ey\"\n}\n");
        assert_eq!(
            yaml(r#"{"a":"two\nlines"}"#).unwrap(),
            "a: |-\n  two\n  lines\n"
        );
    }

    #[test]
    fn a_list_and_a_page_have_one_line_per_element() {
        assert_eq!(
            lines("[{\"b\": 1,\n \"a\": 2}, 3]").unwrap(),
            "{\"b\":1,\"a\":2}\n3\n"
        );
        assert_eq!(
            lines(r#"{"data": [{"id": 1}, {"id": 2}], "total": 9, "skip": 0, "take": 2}"#).unwrap(),
            "{\"id\":1}\n{\"id\":2}\n"
        );
        assert_eq!(lines("[]").unwrap(), "");
    }

    #[test]
    fn the_elements_of_a_list_and_of_a_page_are_reordered() {
        assert_eq!(
            reordered("[1, {\"a\":2}, 3]", &[2, 0, 1]),
            "[3,1,{\"a\":2}]"
        );
        assert_eq!(
            reordered(r#"{"data": [1, 2.50], "total": 9}"#, &[1, 0]),
            r#"{"data": [2.50,1], "total": 9}"#
        );
        assert_eq!(reordered("[]", &[]), "[]");
    }

    #[test]
    fn any_other_value_is_one_line() {
        assert_eq!(
            lines("{\"id\": 1,\n \"data\": [1]}").unwrap(),
            "{\"id\":1,\"data\":[1]}\n"
        );
    }
}
