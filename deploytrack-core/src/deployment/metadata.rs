//! The metadata of a deployment.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::Error as _};
use serde_json::{Map, Value, value::RawValue};

use crate::text::Invalid;

/// A JSON object that the caller stores with a deployment: at most 16 KiB as compact JSON, 16
/// levels deep, no NUL.
///
/// Stored as text: a tree of small values takes a hundred times the memory. It serializes only to
/// JSON, by `serde_json`.
#[derive(Clone, PartialEq, Eq)]
pub struct Metadata(Box<str>);

impl Metadata {
    /// The most bytes as compact JSON.
    pub const MOST_BYTES: usize = 16 * 1024;
    /// The most levels of objects and arrays, including the outermost object.
    pub const MOST_LEVELS: usize = 16;

    /// Checks the object and converts it to text.
    ///
    /// # Errors
    /// [`Invalid`] when it is too large, too deep or contains a NUL character.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "drops the tree, which is much larger than its text"
    )]
    pub fn new(map: Map<String, Value>) -> Result<Self, Invalid> {
        if map.values().any(|value| levels(value) >= Self::MOST_LEVELS) {
            return Err(Invalid("must be at most 16 levels deep"));
        }
        if has_nul(&map) {
            return Err(Invalid("must have no NUL character"));
        }
        let metadata = Self::of(&map);
        if metadata.0.len() > Self::MOST_BYTES {
            return Err(Invalid("must be at most 16 KiB in compact form"));
        }
        Ok(metadata)
    }

    /// Reads the text that a database stores. Its content was checked when it was written.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn stored(text: &str) -> Result<Self, Invalid> {
        match serde_json::from_str::<&RawValue>(text) {
            Ok(value) if value.get().starts_with('{') && value.get().len() <= Self::MOST_BYTES => {
                Ok(Self(value.get().into()))
            }
            _ => Err(Invalid("must be a JSON object of at most 16 KiB")),
        }
    }

    fn of(map: &Map<String, Value>) -> Self {
        // Writing an object of JSON values cannot fail.
        Self(serde_json::to_string(map).unwrap_or_default().into())
    }

    /// Applies a merge patch: sets the keys of `patch`, and removes the keys that are `null` there.
    ///
    /// # Errors
    /// [`Invalid`] when the result is outside the limits.
    pub fn merged(&self, patch: &Self) -> Result<Self, Invalid> {
        let mut map = self.to_map();
        for (key, value) in patch.to_map() {
            if value.is_null() {
                map.remove(&key);
            } else {
                map.insert(key, value);
            }
        }
        Self::new(map)
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self.0 == *"{}"
    }

    /// The entries.
    #[must_use]
    pub fn to_map(&self) -> Map<String, Value> {
        // The text was an object when it was checked.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// As compact JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self("{}".into())
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({})", self.0)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0)
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(|map| Self::of(&map))
    }
}

fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_nul(map: &Map<String, Value>) -> bool {
    fn inside(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(inside),
            Value::Object(map) => has_nul(map),
            _ => false,
        }
    }
    map.iter()
        .any(|(key, value)| key.contains('\0') || inside(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(value: Value) -> Result<Metadata, Invalid> {
        let Value::Object(map) = value else {
            panic!("an object")
        };
        Metadata::new(map)
    }

    #[test]
    fn a_merge_sets_each_key_and_null_removes_it() {
        let before = metadata(json!({"a": 1, "b": {"c": 2}})).unwrap();
        let patch = metadata(json!({"a": null, "b": {"d": 3}, "e": 4})).unwrap();
        assert_eq!(
            before.merged(&patch).unwrap().as_json(),
            r#"{"b":{"d":3},"e":4}"#
        );
        assert!(
            before
                .merged(&metadata(json!({"a": null, "b": null})).unwrap())
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn metadata_has_limits() {
        let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert!(metadata(nested(16)).is_ok());
        assert!(metadata(nested(17)).is_err());
        assert!(metadata(json!({"a": "x".repeat(16 * 1024 - 8)})).is_ok());
        assert!(metadata(json!({"a": "x".repeat(16 * 1024 - 7)})).is_err());
        assert!(metadata(json!({"a": ["\0"]})).is_err());
        assert!(metadata(json!({"a\0": 1})).is_err());
    }

    #[test]
    fn metadata_is_a_json_object_on_the_wire() {
        let value =
            json!({"a": {"b": [1.5, "é\"", null, true]}, "n": 18_446_744_073_709_551_615_u64});
        let metadata = metadata(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&metadata).unwrap(), value);
        let text = serde_json::to_string(&metadata).unwrap();
        assert_eq!(text, metadata.as_json());
        assert_eq!(serde_json::from_str::<Metadata>(&text).unwrap(), metadata);
        assert_eq!(serde_json::from_value::<Metadata>(value).unwrap(), metadata);
        assert_eq!(serde_json::to_string(&Metadata::default()).unwrap(), "{}");
        assert!(serde_json::from_str::<Metadata>("[]").is_err());
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    #[test]
    fn stored_text_that_is_not_an_object_is_rejected() {
        assert_eq!(
            Metadata::stored(r#" {"a":1} "#).unwrap().as_json(),
            r#"{"a":1}"#
        );
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(17_000));
        for text in ["", "[]", "null", "{", r#"{"a":1}x"#, r#"{"a"}"#, &large] {
            assert!(Metadata::stored(text).is_err(), "{text}");
        }
    }
}
