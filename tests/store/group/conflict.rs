//! Groups that lose a conflict in the database.

use deploytrack_tests::database::Database;

use super::{block_writers, record, registered_tracker, terms, total};
use crate::given::new;

/// Fails every statement that adds more rows of history than one request has.
fn refuse_groups(code: &str) -> String {
    format!(
        "create function refuse_groups() returns trigger language plpgsql as $$ begin
             if (select count(*) from added) > 1 then raise exception 'a conflict' using errcode = '{code}'; end if;
             return null;
         end $$;
         create trigger refuse_groups after insert on history referencing new table as added
             for each statement execute function refuse_groups()"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_requests_of_a_group_that_lost_a_conflict_are_carried_out_one_by_one() {
    // A serialization failure, and a deadlock.
    for code in ["40001", "40P01"] {
        let Some(database) = Database::postgres().await else {
            return;
        };
        let tracker = registered_tracker(&database).await;
        database.execute(&refuse_groups(code)).await.unwrap();
        let hold = database.block_writes().await;
        let first = block_writers(&tracker, &database).await;
        let mut waiting = Vec::new();
        for number in 0..20 {
            let version = format!("v{number}");
            waiting.push(record(&tracker, new("api", "production", &version), terms()).await);
        }
        hold.release().await;
        for reply in first.into_iter().chain(waiting) {
            reply.await.unwrap().unwrap();
        }
        assert_eq!(total(&tracker).await, 23, "{code}");
        let found = tracker.verify().await.unwrap();
        assert!(found.ok, "{found}");
    }
}
