//! History is never rewritten, not even by hand.

use deploytrack_tests::on_both;

use crate::*;

on_both! {
    async fn the_history_refuses_update_and_delete(database) {
        let tracker = database.tracker().await;
        let deployment = succeeded(&tracker, "v1").await;
        let before = tracker.history(deployment.id).await.unwrap();
        for sql in ["update history set attempt = 7", "delete from history", "delete from deployments"] {
            assert!(database.execute(sql).await.is_err(), "{sql}");
        }
        assert_eq!(tracker.history(deployment.id).await.unwrap(), before);
    }
}
