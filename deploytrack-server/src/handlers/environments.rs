//! Environments.

use std::borrow::Cow;

use deploytrack_core::{
    api::{self, FromBody},
    error::Fault,
    fault::Faults,
    json::{self, Fields},
    openapi,
    query::CatalogFilter,
};
use serde_json::{Map, Value};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder},
    },
};
use uuid::Uuid;

use crate::{
    request::Call,
    response::{Answer, changed, created, no_content, ok, page},
};

/// A page of environments, in their order.
pub(crate) async fn list(call: &Call) -> Answer {
    let mut query = call.query();
    let filter = CatalogFilter { name: query.one("name"), archived: query.flag("archived") };
    let asked = query.page();
    let asked = query.finish(asked)?;
    page(&call.tracker().matching_environments(&filter, asked).await?, call.query_text())
}

/// One environment.
pub(crate) async fn show(call: &Call, id: &str) -> Answer {
    ok(&call.tracker().environment(call.id(id)?).await?)
}

/// Registers an environment.
pub(crate) async fn create(call: Call) -> Answer {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), new, terms) = call.read(query).await?;
    let environment = tracker.create_environment(new, terms).await?;
    created(&format!("{}/{}", api::ENVIRONMENTS, environment.id), &environment)
}

/// Changes an environment.
pub(crate) async fn update(call: Call, id: &str) -> Answer {
    let (tracker, id) = (call.tracker().clone(), call.id(id));
    let (id, change, terms) = call.read(id).await?;
    changed(&tracker.update_environment(id, change, terms).await?)
}

/// Removes an environment that nothing was deployed to.
pub(crate) async fn delete(call: &Call, id: &str) -> Answer {
    call.tracker().delete_environment(call.id(id)?, call.subject()?).await?;
    Ok(no_content())
}

/// Puts the environments in the order of the ids given, which must be all of them.
pub(crate) async fn order(call: Call) -> Answer {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), Order(ids), terms) = call.read(query).await?;
    ok(&tracker.reorder_environments(ids, terms.author()).await?)
}

/// The body of [`order`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order(Vec<Uuid>);

impl PartialSchema for Order {
    fn schema() -> RefOr<Schema> {
        let ids = ArrayBuilder::new().items(openapi::uuid()).unique_items(true);
        let closed = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(false)));
        closed.property("ids", ids.description(Some("The ids of all environments, in their order."))).required("ids").into()
    }
}

impl ToSchema for Order {
    fn name() -> Cow<'static, str> {
        "EnvironmentOrder".into()
    }
}

impl FromBody for Order {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(body);
        let mut faults = Faults::default();
        let ids = match fields.value("ids") {
            Some(Value::Array(items)) => {
                let read = |(at, item)| read_id(item).map_err(|why| faults.add(|| Fault::at(format!("/ids/{at}"), why))).ok();
                Some(items.iter().enumerate().filter_map(read).collect())
            }
            Some(_) => fields.wrong("ids", "must be an array of UUIDs"),
            None => fields.wrong("ids", "is required"),
        };
        match fields.finish(ids.map(Self)) {
            Ok(order) if faults.is_empty() => Ok(order),
            Ok(_) => Err(faults.into()),
            Err(others) => Err(Vec::from(faults).into_iter().chain(others).collect()),
        }
    }
}

fn read_id(item: &Value) -> Result<Uuid, &'static str> {
    item.as_str().ok_or("must be a string").and_then(json::parse_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_list_of_ids_and_every_fault_is_named() {
        let read = |body: &str| json::object(body.as_bytes()).and_then(Order::from_body);
        let id = "0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f";
        assert_eq!(read(&format!(r#"{{"ids": ["{id}"]}}"#)).unwrap().0, [id.parse::<Uuid>().unwrap()]);
        let said = |body: &str| read(body).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(said("{}"), ["/ids is required"]);
        assert_eq!(said(r#"{"ids": "x"}"#), ["/ids must be an array of UUIDs"]);
        assert_eq!(
            said(r#"{"ids": [1, "x"], "id": 1}"#),
            [
                "/ids/0 must be a string",
                "/ids/1 must be a UUID such as 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f",
                "/id is not a known field; known are ids",
            ]
        );
    }
}
