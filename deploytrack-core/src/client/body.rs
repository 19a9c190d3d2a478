//! The request bodies of components and environments.

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
        ("name", change.name.as_ref().map(|name| json!(name))),
        (
            "description",
            change.description.as_ref().map(|text| json!(text)),
        ),
        ("owner", change.owner.as_ref().map(|text| json!(text))),
        ("kind", change.kind.as_ref().map(|text| json!(text))),
        (
            "lifecycle",
            change.lifecycle.as_ref().map(|text| json!(text)),
        ),
        ("archived", change.archived.map(Value::from)),
    ])
}

pub(super) fn environment(change: &EnvironmentChange) -> Value {
    object([
        ("name", change.name.as_ref().map(|name| json!(name))),
        (
            "description",
            change.description.as_ref().map(|text| json!(text)),
        ),
        ("type", change.r#type.map(|r#type| json!(r#type))),
        ("order", change.order.map(|order| json!(order))),
        ("archived", change.archived.map(Value::from)),
    ])
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
