//! POST /api/v1/deployments/import

use crate::*;

fn lines(count: usize) -> String {
    let line = |n: usize| {
        json!({
            "component": "api", "environment": "production", "version": format!("v{n}"), "status": "succeeded",
            "occurredAt": format!("2025-06-01T12:{:02}:{:02}Z", n / 60 % 60, n % 60), "commitSha": "ed52224"
        })
    };
    (0..count).map(|n| format!("{}\n", line(n))).collect::<Vec<_>>().concat()
}

on_both! {
    async fn the_same_lines_twice_add_nothing(database) {
        let server = Server::start(&database).await;
        assert_eq!(server.admin().import(lines(50)).await.expect(200), json!({"recorded": 50, "skipped": 0}));
        assert_eq!(server.admin().import(lines(60)).await.expect(200), json!({"recorded": 10, "skipped": 50}));
        assert_eq!(server.admin().import(lines(60)).await.expect(200), json!({"recorded": 0, "skipped": 60}));
        assert_eq!(server.reader().total().await, 60);
    }

    async fn one_bad_line_refuses_all_and_is_named(database) {
        let server = Server::start(&database).await;
        let bad = format!("{}{{\"component\": \"api\", \"version\": \"\"}}\n{}[1]\nnot json\n", lines(2), lines(1));
        let answer = server.admin().import(bad).await;
        snapshot!("import_bad_lines", answer.whole());
        assert_eq!(server.reader().total().await, 0);
    }

    async fn a_line_that_the_tracker_refuses_refuses_all(database) {
        let server = Server::start(&database).await;
        let unknown = json!({"componentId": "00000000-0000-4000-8000-000000000000", "environment": "production", "version": "v1"});
        let answer = server.admin().import(format!("{}{unknown}\n", lines(3))).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains("\"line\":4"), "{}", answer.body);
        assert_eq!(server.reader().total().await, 0);
    }

    async fn a_thousand_lines_are_taken_and_one_more_refused(database) {
        let server = Server::start(&database).await;
        let answer = server.admin().import(lines(1001)).await;
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert_eq!(server.reader().total().await, 0);
        assert_eq!(server.admin().import(lines(1000)).await.expect(200)["recorded"], 1000);
    }

    async fn an_empty_import_changes_nothing(database) {
        let server = Server::start(&database).await;
        let answer = server.admin().import("\n\n").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(server.reader().total().await, 0);
    }

    async fn a_reader_may_not_import(database) {
        let server = Server::start(&database).await;
        assert_eq!(server.reader().import(lines(1)).await.status, 403);
    }
}
