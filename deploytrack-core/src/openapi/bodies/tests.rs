//! Each schema has the fields that the reader of the body knows.

use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use super::import::imported_deployment;
use crate::{
    api::{EnvironmentOrder, FromBody, ImportLine},
    archive::ArchiveSelection,
    catalog::{ComponentChange, EnvironmentChange, NewComponent, NewEnvironment},
    deployment::{Change, NewDeployment, Undeploy, Undeployment},
    retention::RemovalRequest,
    revocation::RevokedTokens,
    token::{NewToken, Rotation},
    wall::NewWall,
};

/// The fields that the reader of a body knows, from its fault about an unknown field.
fn read<T: FromBody>(body: Value) -> Vec<String> {
    let Value::Object(mut body) = body else {
        panic!("an object")
    };
    body.insert("?".into(), Value::Null);
    let faults = T::from_body(body).map(|_| ()).unwrap_err();
    let fault = faults
        .iter()
        .find(|fault| fault.pointer.as_deref() == Some("/?"))
        .unwrap();
    let (_, known) = fault.detail.split_once("known are ").unwrap();
    let mut names: Vec<_> = known.split(", ").map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// The fields in the schema of a body.
fn described<T: ToSchema>() -> Vec<String> {
    fields_of(&T::schema())
}

fn fields_of(schema: &RefOr<Schema>) -> Vec<String> {
    let schema = serde_json::to_value(schema).unwrap();
    let object = schema["allOf"].get(0).unwrap_or(&schema);
    assert_eq!(object["additionalProperties"], Value::Bool(false));
    let mut names: Vec<_> = object["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    names.sort();
    names
}

#[test]
fn a_schema_has_the_fields_that_its_reader_knows() {
    let nothing = || Value::Object(Map::new());
    assert_eq!(
        described::<NewDeployment>(),
        read::<NewDeployment>(nothing())
    );
    assert_eq!(described::<Change>(), read::<Change>(nothing()));
    assert_eq!(described::<Undeploy>(), read::<Undeploy>(nothing()));
    assert_eq!(
        described::<Undeployment>(),
        read::<ImportLine>(json!({"event": "undeployed"}))
    );
    assert_eq!(
        fields_of(&imported_deployment()),
        read::<ImportLine>(nothing())
    );
    assert_eq!(described::<NewComponent>(), read::<NewComponent>(nothing()));
    assert_eq!(described::<NewToken>(), read::<NewToken>(nothing()));
    assert_eq!(described::<Rotation>(), read::<Rotation>(json!({"x": 1})));
    assert_eq!(
        described::<RevokedTokens>(),
        read::<RevokedTokens>(nothing())
    );
    assert_eq!(described::<NewWall>(), read::<NewWall>(nothing()));
    assert_eq!(
        described::<ComponentChange>(),
        read::<ComponentChange>(nothing())
    );
    assert_eq!(
        described::<NewEnvironment>(),
        read::<NewEnvironment>(nothing())
    );
    assert_eq!(
        described::<EnvironmentChange>(),
        read::<EnvironmentChange>(nothing())
    );
    assert_eq!(
        described::<ArchiveSelection>(),
        read::<ArchiveSelection>(nothing())
    );
    assert_eq!(
        described::<RemovalRequest>(),
        read::<RemovalRequest>(nothing())
    );
    assert_eq!(
        described::<EnvironmentOrder>(),
        read::<EnvironmentOrder>(nothing())
    );
}
