//! The numbers of rows of history on PostgreSQL, which must rise from call to call.

use deploytrack_core::error::Error;
use deploytrack_tests::database::Database;

use crate::given::{by, new, shown, succeeded};

const CACHED: &str = "alter sequence history_sequence_seq cache 100";
const NOT_CACHED: &str = "alter sequence history_sequence_seq cache 1";

/// Each connection takes a hundred numbers for itself, as with the defaults of `YugabyteDB`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_number_below_that_of_an_earlier_row_fails_the_write() {
    let Some(database) = Database::postgres().await else {
        return;
    };
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    tracker.close().await;
    database.execute(CACHED).await.unwrap();
    let (one, other) = (database.tracker().await, database.tracker().await);
    succeeded(&one, "v2").await;
    succeeded(&other, "v3").await;
    let refusal = one
        .record(new("api", "production", "v4"), &by())
        .await
        .unwrap_err();
    assert!(matches!(refusal, Error::Unavailable(_)), "{refusal:?}");
    let cause = std::error::Error::source(&refusal).unwrap().to_string();
    for part in ["history_sequence_seq", "cache", "out of order"] {
        assert!(cause.contains(part), "{cause}");
    }
    assert_eq!(shown(&other).await.as_deref(), Some("v3"));
    // The later block of the other connection still rises.
    succeeded(&other, "v5").await;
    one.close().await;
    other.close().await;

    database.execute(NOT_CACHED).await.unwrap();
    let tracker = database.tracker().await;
    succeeded(&tracker, "v6").await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v6"));
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
}
