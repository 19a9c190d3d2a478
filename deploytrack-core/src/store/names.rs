//! What components and environments are called.

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{Write, column::checked, fault::unexpected, on, write::in_lists};
use crate::{
    catalog::{Kind, Reference},
    error::Error,
    text::Name,
};

impl Write {
    /// Those of these components or environments that there are, by id and name.
    pub(crate) async fn known(&mut self, kind: Kind, references: &[&Reference]) -> Result<Vec<(Uuid, Name)>, Error> {
        let mut known = Vec::with_capacity(references.len());
        for set in in_lists(references) {
            let rows: Vec<(Uuid, String)> = on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new(match kind {
                    Kind::Component => "select id, name from components where",
                    Kind::Environment => "select id, name from environments where",
                });
                for (at, reference) in set.enumerate() {
                    query.push(if at == 0 { " " } else { " or " });
                    match reference {
                        Reference::Id(id) => query.push("id = ").push_bind(*id),
                        Reference::Name(name) => query.push("name_key = ").push_bind(name.key()),
                    };
                }
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for (id, name) in rows {
                known.push((id, checked(&name)?));
            }
        }
        Ok(known)
    }
}
