//! The history cannot be changed, not even by SQL.

use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use crate::given::succeeded;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_history_refuses_update_and_delete(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let deployment = succeeded(&tracker, "v1").await;
    let before = tracker.history(deployment.id).await.unwrap();
    for sql in [
        "update history set attempt = 7",
        "delete from history",
        "delete from deployments",
    ] {
        assert!(database.execute(sql).await.is_err(), "{sql}");
    }
    assert_eq!(tracker.history(deployment.id).await.unwrap(), before);
}
