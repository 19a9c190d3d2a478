//! What refers to a deployment from outside of its cell. Such a deployment is not removed.
//!
//! This is the one list: a table that names deployments adds its query here. `rollbackOf` in the
//! metadata is considered by [`crate::retention`], since it decides about rollbacks too.

use std::collections::HashSet;

use uuid::Uuid;

use crate::{
    clock::Time,
    error::Error,
    store::{Store, column::Micros, on, sqlx_error::unexpected},
};

/// Selects the starts of the answers under idempotency keys that have not expired: a repetition of
/// the request returns the answer, which begins with the id of its deployment.
const ANSWERS: &str = "select substr(answer, 1, 64) from idempotency_keys where expires_at > $1";

impl Store {
    /// The deployments that something refers to. `steady` is the time of
    /// [`crate::clock::Clock::steady`].
    pub(crate) async fn referenced_deployments(
        &self,
        steady: Time,
    ) -> Result<HashSet<Uuid>, Error> {
        let answers: Vec<String> = on!(Pool, &self.reads, |pool| sqlx::query_scalar(ANSWERS)
            .bind(Micros(steady))
            .fetch_all(pool)
            .await)
        .map_err(unexpected)?;
        Ok(answers.iter().filter_map(|answer| id_in(answer)).collect())
    }
}

/// The id at the start of an answer.
fn id_in(answer: &str) -> Option<Uuid> {
    answer.strip_prefix("{\"id\":\"")?.get(..36)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_answer_is_found() {
        let id = Uuid::from_u128(7);
        assert_eq!(id_in(&format!("{{\"id\":\"{id}\",\"component\"")), Some(id));
        assert_eq!(id_in("{\"recorded\":1,\"skipped\":0}"), None);
    }
}
