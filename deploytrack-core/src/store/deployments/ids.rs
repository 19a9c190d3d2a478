//! Ids of deployments by their beginning.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::{
    error::Error,
    ids::IdMatches,
    store::{
        Store, on,
        sets::{in_sets, push_table},
        sqlx_error::unexpected,
    },
    text::IdPrefix,
};

/// The ends of the ids in each range of the table `wanted`: two searches of the primary key.
const ENDS: &str = " select wanted.number, \
    (select d.id from deployments d where d.id between wanted.first and wanted.last order by d.id limit 1) as least, \
    (select d.id from deployments d where d.id between wanted.first and wanted.last order by d.id desc limit 1) as greatest \
    from wanted where wanted.number is not null order by wanted.number";

#[derive(FromRow)]
struct Ends {
    least: Option<Uuid>,
    greatest: Option<Uuid>,
}

impl Ends {
    fn ids(self) -> Vec<Uuid> {
        let mut ids: Vec<_> = self.least.into_iter().chain(self.greatest).collect();
        ids.dedup();
        ids
    }
}

impl Store {
    /// The ids that begin with each of these prefixes, in the order of the prefixes.
    pub(crate) async fn ids_with(&self, prefixes: Vec<IdPrefix>) -> Result<Vec<IdMatches>, Error> {
        let numbered: Vec<(i64, IdPrefix)> = (0..).zip(prefixes).collect();
        let mut matches = Vec::new();
        for set in in_sets(&numbered) {
            let ends: Vec<Ends> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "wanted", set, |(number, prefix)| {
                    let [first, last] = prefix.range();
                    [
                        ("number", (*number).into()),
                        ("first", first.into()),
                        ("last", last.into()),
                    ]
                });
                query.push(ENDS).build_query_as().fetch_all(pool).await
            })
            .map_err(unexpected)?;
            matches.extend(set.iter().zip(ends).map(|((_, prefix), ends)| IdMatches {
                prefix: prefix.clone(),
                ids: ends.ids(),
            }));
        }
        Ok(matches)
    }
}
