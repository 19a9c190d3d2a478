//! GET /api/v1/deployments/daily

use chrono::{FixedOffset, TimeDelta};
use deploytrack_core::{
    client::{Certificates, Client, ClientSettings},
    clock,
    daily::DailyFilter,
};
use deploytrack_tests::{
    caller::Caller,
    contract::Contract,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::json;

use crate::given::succeeded;

const DAILY: &str = "/api/v1/deployments/daily";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_day_is_in_the_answer_and_the_last_one_is_today(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let contract = Contract::of(&server).await;
    // The day may change while this runs: the deployment is of yesterday.
    let yesterday = server.tracker().clock().now() - TimeDelta::days(1);
    succeeded(&server, "v1", &clock::format(&yesterday)).await;

    let answer = server.reader().get(&format!("{DAILY}?days=3")).await;
    contract.check("GET", DAILY, &answer);
    let days = answer.expect(200);
    let days = days.as_array().unwrap();
    let dates: Vec<_> = days
        .iter()
        .map(|day| day["date"].as_str().unwrap())
        .collect();
    assert!(dates.len() == 3 && dates.is_sorted(), "{dates:?}");
    let date = yesterday.date_naive().to_string();
    let counted = json!({"date": date, "succeeded": 1, "failed": 0, "rolledBack": 0});
    assert_eq!(days.iter().find(|day| day["date"] == date), Some(&counted));
    let all = server.reader().get(DAILY).await;
    contract.check("GET", DAILY, &all);
    assert_eq!(all.expect(200).as_array().unwrap().len(), 14);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_parameters_choose_the_offset_and_the_deployments(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let yesterday = server.tracker().clock().now() - TimeDelta::days(1);
    succeeded(&server, "v1", &clock::format(&yesterday)).await;
    for (query, count) in [
        ("component=api&environment=production&type=production", 1),
        ("component=web", 0),
        ("environment=staging", 0),
        ("type=staging", 0),
    ] {
        let days = server.reader().get(&format!("{DAILY}?{query}")).await;
        let days = days.expect(200);
        let counts = days.as_array().unwrap().iter();
        let counts: u64 = counts.map(|day| day["succeeded"].as_u64().unwrap()).sum();
        assert_eq!(counts, count, "{query}");
    }
    for (offset, hours) in [("%2B12:00", 12), ("-12:00", -12)] {
        let path = format!("{DAILY}?utcOffset={offset}");
        let days = server.reader().get(&path).await.expect(200);
        let there = yesterday.with_timezone(&FixedOffset::east_opt(hours * 3600).unwrap());
        let day = days.as_array().unwrap().iter();
        let mut day = day.filter(|day| day["succeeded"] == 1);
        let date = day.next().unwrap()["date"].as_str().unwrap();
        assert_eq!(date, there.date_naive().to_string(), "{offset}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bad_parameter_is_400_and_named(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (query, parameter) in [
        ("days=0", "days"),
        ("days=91", "days"),
        ("days=x", "days"),
        ("days=1&days=2", "days"),
        ("utcOffset=+02:00", "utcOffset"),
        ("utcOffset=2", "utcOffset"),
        ("utcOffset=%2B24:00", "utcOffset"),
        ("type=prod", "type"),
        ("component=%00x", "component"),
        ("status=failed", "status"),
    ] {
        let answer = server.reader().get(&format!("{DAILY}?{query}")).await;
        let answer = answer.expect(400);
        assert_eq!(answer["errors"][0]["parameter"], parameter, "{answer}");
    }
    assert_eq!(server.anonymous().get(DAILY).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_reads_what_an_embedder_reads() {
    let Some(database) = Sqlite.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let yesterday = server.tracker().clock().now() - TimeDelta::days(1);
    succeeded(&server, "v1", &clock::format(&yesterday)).await;
    let settings = ClientSettings {
        url: server.url(),
        token: Some(Caller::admin_token()),
        timeout: std::time::Duration::from_secs(10),
        user_agent: "test".to_owned(),
        certificates: Certificates::default(),
        proxy: None,
    };
    let filter = DailyFilter {
        days: "90".parse().unwrap(),
        utc_offset: "+05:30".parse().unwrap(),
        component: Some("api".parse().unwrap()),
        environment: Some("production".parse().unwrap()),
        environment_type: Some("production".parse().unwrap()),
    };
    let client = Client::new(settings).unwrap();
    let days = client.daily(&filter).await.unwrap().value;
    assert_eq!(days, server.tracker().daily(&filter).await.unwrap());
    assert_eq!(days.iter().map(|day| day.succeeded).sum::<u64>(), 1);
}
