//! A reader of JSON values that reports duplicate keys.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::path::Path;
use crate::fault::{Fault, Faults};

/// The most values of one JSON text. A value takes up to about 700 bytes of memory but only two
/// bytes of text. The valid body with the most values, the order of all environments, has fewer in
/// the maximum of 1 MiB.
pub const MOST_VALUES: usize = 32 * 1024;

/// Reads the value of a text. If there are faults, the value is incomplete, and the caller must
/// only use its type.
pub(super) fn read(text: &str, faults: &mut Faults) -> serde_json::Result<Value> {
    let state = RefCell::new(State {
        faults: std::mem::take(faults),
        values: 0,
    });
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict {
        path: &Path::Root,
        state: &state,
    }
    .deserialize(&mut reader)?;
    reader.end()?;
    *faults = state.into_inner().faults;
    Ok(value)
}

struct State {
    faults: Faults,
    values: usize,
}

impl State {
    /// Counts a value. The first value over the limit is the last fault.
    fn count(&mut self) {
        self.values += 1;
        if self.values == MOST_VALUES + 1 {
            self.faults
                .add(|| Fault::at("", format!("the body has more than {MOST_VALUES} values")));
        }
    }

    /// Whether the rest of the text cannot change the result, as long as it is valid JSON.
    fn is_done(&self) -> bool {
        self.faults.is_full() || self.values > MOST_VALUES
    }
}

/// A reader of one value at a path.
#[derive(Clone, Copy)]
struct Strict<'a> {
    path: &'a Path<'a>,
    state: &'a RefCell<State>,
}

impl Strict<'_> {
    fn is_done(self) -> bool {
        self.state.borrow().is_done()
    }

    /// Whether to build values. After a fault they are not used.
    fn builds(self) -> bool {
        self.state.borrow().faults.is_empty()
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.state.borrow_mut().count();
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (mut read, mut at) = (Vec::new(), 0);
        while !self.is_done() {
            let path = Path::Item(self.path, at);
            let Some(item) = items.next_element_seed(Strict {
                path: &path,
                ..self
            })?
            else {
                return Ok(Value::Array(read));
            };
            if self.builds() {
                read.push(item);
            }
            at += 1;
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while !self.is_done() {
            let Some(key) = entries.next_key::<String>()? else {
                return Ok(Value::Object(read));
            };
            let path = Path::Key(self.path, &key);
            let value = entries.next_value_seed(Strict {
                path: &path,
                ..self
            })?;
            if read.contains_key(&key) {
                self.state
                    .borrow_mut()
                    .faults
                    .add(|| Fault::at(path.to_string(), "is given twice"));
            } else {
                let value = if self.builds() { value } else { Value::Null };
                read.insert(key, value);
            }
        }
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Object(Map::new()))
    }
}
