//! The request bodies of components and environments.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    catalog::{ComponentChange, EnvironmentChange},
    text::Name,
};

/// Adds the name to a body, for a registration.
pub(super) fn with_name(name: &Name, mut body: Value) -> Value {
    body["name"] = json!(name);
    body
}

pub(super) fn component(change: &ComponentChange) -> Value {
    object([
        ("name", given(change.name.as_ref())),
        ("description", given(change.description.as_ref())),
        ("owner", given(change.owner.as_ref())),
        ("kind", given(change.kind.as_ref())),
        ("lifecycle", given(change.lifecycle.as_ref())),
        ("archived", given(change.archived.as_ref())),
    ])
}

pub(super) fn environment(change: &EnvironmentChange) -> Value {
    object([
        ("name", given(change.name.as_ref())),
        ("description", given(change.description.as_ref())),
        ("type", given(change.r#type.as_ref())),
        ("order", given(change.order.as_ref())),
        ("archived", given(change.archived.as_ref())),
    ])
}

fn given<T: Serialize>(value: Option<&T>) -> Option<Value> {
    value.map(|value| json!(value))
}

/// Builds an object. An absent field does not change; an explicit `null` removes a value.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let given = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::FromBody;

    #[test]
    fn a_change_is_read_back_from_its_body() {
        let change = ComponentChange {
            description: Some(None),
            archived: Some(true),
            ..ComponentChange::default()
        };
        let Value::Object(body) = component(&change) else {
            panic!("an object")
        };
        assert_eq!(ComponentChange::from_body(body), Ok(change));
    }
}
