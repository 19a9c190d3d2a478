//! The bodies of components and environments.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        AllOfBuilder, OneOfBuilder, RefOr,
        schema::{ArrayBuilder, ObjectBuilder, Schema, Type},
    },
};

use super::fields::{changing, closed, field, optional, optional_flag, optional_time, with};
use crate::{
    api::EnvironmentOrder,
    archive::ArchiveSelection,
    catalog::{ComponentChange, EnvironmentChange, EnvironmentType, NewComponent, NewEnvironment},
    digest::Digest,
    json::MOST_POSITION,
    openapi::{NAME, of, or_null, text, time, uuid},
    retention::RemovalRequest,
    text::{Description, Label, Name, ViewQuery},
    wall::{MOST_OF_NAME, NewWall, Wall, WallLink},
};

pub(super) fn component(name: RefOr<Schema>) -> ObjectBuilder {
    closed()
        .property("name", name)
        .property(
            "description",
            optional::<Description>("Free text; `null` removes it."),
        )
        .property(
            "owner",
            optional::<Label>("The person or team that is responsible for it; `null` removes it."),
        )
        .property(
            "kind",
            optional::<Label>(
                "The kind of component, such as `service` or `library`; `null` removes it.",
            ),
        )
        .property(
            "lifecycle",
            optional::<Label>("The stage of its life, such as `production`; `null` removes it."),
        )
        .property(
            "archived",
            optional_flag("Whether it is hidden from the matrix."),
        )
}

impl PartialSchema for NewComponent {
    fn schema() -> RefOr<Schema> {
        let object = component(field::<Name>("Unique among components.")).required("name");
        object
            .description(Some("A request to register a component."))
            .into()
    }
}

impl ToSchema for NewComponent {}

impl PartialSchema for NewWall {
    fn schema() -> RefOr<Schema> {
        let name = "The name, unique among walls: any printable text. Upper and lower case are the same name.";
        let object = closed()
            .property("name", text(name, Name::LEAST, MOST_OF_NAME, NAME))
            .required("name")
            .property(
                "view",
                optional::<ViewQuery>(
                    "The query of the matrix page that the wall shows. [default: the whole matrix]",
                ),
            );
        object
            .description(Some("A request to create a wall."))
            .into()
    }
}

impl ToSchema for NewWall {}

impl PartialSchema for WallLink {
    /// The fields of the wall and the secret, as one object. A derived schema would be two objects,
    /// each without the fields of the other.
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(wall)) = Wall::schema() else {
            return of::<Wall>();
        };
        let secret = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "The secret of the link, which is `/#wall=` and the secret. No other response has it.",
            ));
        ObjectBuilder::from(wall)
            .property("secret", secret)
            .required("secret")
            .description(Some("A new wall with the secret of its link."))
            .into()
    }
}

impl ToSchema for WallLink {}

impl PartialSchema for ComponentChange {
    fn schema() -> RefOr<Schema> {
        let object = component(optional::<Name>("The new name."));
        let change = changing(
            object,
            &["description", "owner", "kind", "lifecycle"],
            &[("name", Type::String), ("archived", Type::Boolean)],
        );
        change
            .description(Some("A change of a component: at least one field."))
            .into()
    }
}

impl ToSchema for ComponentChange {}

pub(super) fn environment(name: RefOr<Schema>) -> ObjectBuilder {
    let order = ObjectBuilder::new()
        .schema_type(or_null(Type::Integer))
        .minimum(Some(1))
        .maximum(usize::try_from(MOST_POSITION).ok());
    closed()
        .property("name", name)
        .property(
            "description",
            optional::<Description>("Free text; `null` removes it."),
        )
        .property(
            "type",
            optional::<EnvironmentType>("The type; guessed from the name, if never given."),
        )
        .property(
            "order",
            order.description(Some(
                "The position among the environments, from 1; the others shift.",
            )),
        )
        .property(
            "archived",
            optional_flag("Whether it is hidden from the matrix."),
        )
}

impl PartialSchema for NewEnvironment {
    fn schema() -> RefOr<Schema> {
        let object = environment(field::<Name>("Unique among environments.")).required("name");
        object
            .description(Some("A request to register an environment."))
            .into()
    }
}

impl ToSchema for NewEnvironment {}

impl PartialSchema for EnvironmentChange {
    fn schema() -> RefOr<Schema> {
        let object = environment(optional::<Name>("The new name."));
        let others = [
            ("name", Type::String),
            ("type", Type::String),
            ("order", Type::Integer),
            ("archived", Type::Boolean),
        ];
        let change = changing(object, &["description"], &others);
        change
            .description(Some("A change of an environment: at least one field."))
            .into()
    }
}

impl ToSchema for EnvironmentChange {}

impl PartialSchema for ArchiveSelection {
    fn schema() -> RefOr<Schema> {
        let pattern =
            "A pattern of names: `*` matches any characters, `?` matches one. Case is ignored.";
        let idle = "Selects only records that were registered before this time and have had no deployment since.";
        closed()
            .property("name", field::<Name>(pattern))
            .required("name")
            .property("idleSince", optional_time(idle))
            .property(
                "undo",
                optional_flag("Whether to unarchive instead of to archive."),
            )
            .property(
                "dryRun",
                optional_flag("Whether only to report the effect, without changing anything."),
            )
            .description(Some("A request to archive components or environments."))
            .into()
    }
}

impl ToSchema for ArchiveSelection {}

impl PartialSchema for RemovalRequest {
    fn schema() -> RefOr<Schema> {
        let before = time().description(Some("`before` of the preview."));
        let keep_last = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .description(Some("`keepLast` of the preview."));
        closed()
            .property("before", before)
            .required("before")
            .property("keepLast", keep_last)
            .required("keepLast")
            .property("tag", field::<Digest>("`tag` of the preview."))
            .required("tag")
            .description(Some(
                "A request to remove the deployments that a preview has listed.",
            ))
            .into()
    }
}

impl ToSchema for RemovalRequest {}

impl PartialSchema for EnvironmentOrder {
    fn schema() -> RefOr<Schema> {
        let list = |items: RefOr<Schema>, description: &str| {
            ArrayBuilder::new()
                .schema_type(or_null(Type::Array))
                .items(items)
                .unique_items(true)
                .description(Some(description))
        };
        let ids = "The ids of all environments, in their order; or give `names`.";
        let names = "The names of all environments, in their order; or give `ids`.";
        let object = closed()
            .property("ids", list(uuid().into(), ids))
            .property("names", list(of::<Name>(), names));
        let one = OneOfBuilder::new()
            .item(with("ids", Type::Array, &["names"]))
            .item(with("names", Type::Array, &["ids"]));
        let description = "The order of the environments: all of them, by id or by name.";
        AllOfBuilder::new()
            .item(object)
            .item(one)
            .description(Some(description))
            .into()
    }
}

impl ToSchema for EnvironmentOrder {}
