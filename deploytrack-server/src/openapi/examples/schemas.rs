//! The examples of schemas.

use serde_json::{Value, json};

use super::{
    answers, of_parameter,
    world::{self, office},
};

/// The example of a schema with this name.
pub(crate) fn of_schema(name: &str) -> Option<Value> {
    let item = |list: Value| list.get(0).cloned();
    match name {
        "Name" => of_parameter("component"),
        "Version" => of_parameter("version"),
        "Label" => of_parameter("deployedBy"),
        "CommitSha" => of_parameter("commitSha"),
        "IdempotencyKey" => of_parameter("Idempotency-Key"),
        "Reason" => Some(json!("exit code 3")),
        "ViewQuery" => Some(json!("env=production")),
        "Deployment" => Some(json!(world::succeeded().deployment)),
        "HistoryEntry" => item(answers::history()),
        "MatrixRow" => item(answers::matrix()),
        "DayCounts" => item(answers::days()),
        "IdMatches" => item(answers::ids()),
        "IdPrefix" => of_parameter("prefix"),
        "Component" => Some(json!(world::user_service())),
        "Environment" => Some(json!(world::staging())),
        "Token" => Some(json!(world::ci_token())),
        "Revocation" => Some(json!(world::revocation())),
        "Wall" => Some(json!(office())),
        "ImportLine" => Some(answers::import_line()),
        _ => None,
    }
}
