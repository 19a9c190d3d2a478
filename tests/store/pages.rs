//! Pages by cursor: with every filter and page size, following the links shows each deployment
//! once.

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{ManualClock, parse},
    deployment::{Deployment, NewDeployment},
    error::Error,
    query::{Cursor, DeploymentFilter, ListKey, Order, Page, PageRequest},
    status::Status,
    text::Name,
    tracker::Tracker,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use rstest::rstest;
use uuid::Uuid;

use crate::given::{advance, by, new, noon, with_clock};

const COMPONENTS: [&str; 3] = ["api", "web", "jobs"];
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];
const STATUSES: [Status; 3] = [Status::Pending, Status::Succeeded, Status::Failed];

/// A deployment to record: its component, environment and status, and whether the clock advances
/// before it. Without that, several deployments have the same `created_at`.
type Recorded = (usize, usize, usize, bool);
/// A query of a list: component, environment, status, version, page size and order.
type ListQuery = (
    Option<usize>,
    Option<usize>,
    Option<usize>,
    bool,
    u64,
    usize,
);

fn recorded() -> impl Strategy<Value = Vec<Recorded>> {
    proptest::collection::vec(
        (
            0..COMPONENTS.len(),
            0..ENVIRONMENTS.len(),
            0..STATUSES.len(),
            any::<bool>(),
        ),
        0..25,
    )
}

fn queries() -> impl Strategy<Value = Vec<ListQuery>> {
    let one = |count: usize| proptest::option::of(0..count);
    proptest::collection::vec(
        (
            one(COMPONENTS.len()),
            one(ENVIRONMENTS.len()),
            one(STATUSES.len()),
            any::<bool>(),
            1..9_u64,
            0..2_usize,
        ),
        12,
    )
}

fn filter((component, environment, status, version, _, order): ListQuery) -> DeploymentFilter {
    DeploymentFilter {
        component: component.map(|index| Name::new(COMPONENTS[index]).unwrap()),
        environment: environment.map(|index| Name::new(ENVIRONMENTS[index]).unwrap()),
        status: status.map(|index| STATUSES[index]),
        version: version.then(|| "v1".parse().unwrap()),
        order: Order::ALL[order],
        ..DeploymentFilter::default()
    }
}

async fn record(tracker: &Tracker, clock: &ManualClock, all: &[Recorded]) {
    for (number, (component, environment, status, moves)) in all.iter().enumerate() {
        if *moves {
            clock.advance(TimeDelta::microseconds(1));
        }
        let new = new(
            COMPONENTS[*component],
            ENVIRONMENTS[*environment],
            if number % 3 == 0 { "v2" } else { "v1" },
        );
        // Reported in another order than it happened, and several at the same time.
        let occurred_at =
            Some(noon() - TimeDelta::minutes(i64::try_from(number * 7 % 10).unwrap()));
        tracker
            .record(
                NewDeployment {
                    status: STATUSES[*status],
                    occurred_at,
                    register: true,
                    ..new
                },
                &by(),
            )
            .await
            .unwrap();
    }
}

fn ids(page: &Page<Deployment>) -> Vec<Uuid> {
    page.data.iter().map(|deployment| deployment.id).collect()
}

/// All pages from this one on, in one direction.
async fn walk(
    tracker: &Tracker,
    filter: &DeploymentFilter,
    from: PageRequest,
    on: impl Fn(&Page<Deployment>) -> Option<PageRequest>,
) -> Vec<Page<Deployment>> {
    let (mut pages, mut next) = (Vec::new(), Some(from));
    while let Some(request) = next {
        let page = tracker.list(filter, request).await.unwrap();
        next = on(&page);
        pages.push(page);
        assert!(pages.len() < 100, "a walk without end");
    }
    pages
}

/// Follows `next` to the end and `prev` back, also from the other end, and compares with the list
/// read at once.
async fn check(tracker: &Tracker, made: &[Recorded], filter: &DeploymentFilter, take: u64) {
    let case = format!("pages of {take} with {filter:?} over {made:?}");
    let first = PageRequest::new(0, take).unwrap();
    let whole = ids(&tracker
        .list(filter, PageRequest::new(0, 100).unwrap())
        .await
        .unwrap());
    let down = walk(tracker, filter, first, |page| page.links.next).await;
    assert_eq!(
        down.iter().flat_map(ids).collect::<Vec<_>>(),
        whole,
        "{case}"
    );
    assert_eq!(
        down.len() as u64,
        (whole.len() as u64).div_ceil(take).max(1),
        "no page is empty but that of an empty list: {case}"
    );
    for page in &down {
        assert_eq!(
            (page.total, page.take, page.skip),
            (whole.len() as u64, take, 0),
            "{case}"
        );
        assert_eq!(
            (page.links.first, page.links.last),
            (
                Some(first),
                PageRequest::at(Cursor::oldest(filter.order), take)
            )
        );
    }
    assert_eq!(down[0].links.prev, None);

    let bottom = down.last().unwrap();
    let back = walk(
        tracker,
        filter,
        bottom.links.prev.unwrap_or(first),
        |page| page.links.prev,
    )
    .await;
    if down.len() > 1 {
        let back: Vec<_> = back.iter().rev().flat_map(ids).chain(ids(bottom)).collect();
        assert_eq!(back, whole, "back from the last page: {case}");
    }
    let up = walk(tracker, filter, bottom.links.last.unwrap(), |page| {
        page.links.prev
    })
    .await;
    assert_eq!(
        up.iter().rev().flat_map(ids).collect::<Vec<_>>(),
        whole,
        "up: {case}"
    );
    assert_eq!(up[0].links.next, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn walking_to_the_end_and_back_shows_each_deployment_once(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    for _ in 0..6 {
        let another = database.another().await;
        let (tracker, clock) = with_clock(&another.tracker().await);
        let made = recorded().new_tree(&mut runner).unwrap().current();
        record(&tracker, &clock, &made).await;
        for asked in queries().new_tree(&mut runner).unwrap().current() {
            check(&tracker, &made, &filter(asked), asked.4).await;
        }
        check(&tracker, &made, &DeploymentFilter::default(), 1).await;
        check(
            &tracker,
            &made,
            &DeploymentFilter {
                created_after: Some(noon()),
                created_before: Some(noon()),
                ..DeploymentFilter::default()
            },
            5,
        )
        .await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_was_skipped_to_leads_on_by_key(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    record(&tracker, &clock, &[(0, 0, 0, false); 10]).await;
    let all = DeploymentFilter::default();
    let whole = ids(&tracker.list(&all, PageRequest::default()).await.unwrap());
    let page = tracker
        .list(&all, PageRequest::new(4, 3).unwrap())
        .await
        .unwrap();
    assert_eq!(
        (ids(&page), page.skip, page.total),
        (whole[4..7].to_vec(), 4, 10)
    );
    let next = tracker.list(&all, page.links.next.unwrap()).await.unwrap();
    assert_eq!(ids(&next), whole[7..]);
    assert_eq!(next.links.next, None, "the last page is exactly full");
    let prev = tracker.list(&all, page.links.prev.unwrap()).await.unwrap();
    assert_eq!(ids(&prev), whole[1..4]);
    let beyond = tracker
        .list(&all, PageRequest::new(1000, 3).unwrap())
        .await
        .unwrap();
    assert_eq!(
        (beyond.data.len(), beyond.links.next, beyond.links.prev),
        (0, None, beyond.links.last)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deployments_recorded_between_pages_neither_repeat_nor_hide_rows(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    record(&tracker, &clock, &[(0, 0, 0, true); 9]).await;
    let all = DeploymentFilter::default();
    let before = ids(&tracker.list(&all, PageRequest::default()).await.unwrap());
    let mut shown = Vec::new();
    let mut next = PageRequest::new(0, 2);
    while let Some(request) = next {
        let page = tracker.list(&all, request).await.unwrap();
        shown.extend(ids(&page));
        next = page.links.next;
        record(&tracker, &clock, &[(1, 1, 1, true); 3]).await;
    }
    assert_eq!(shown, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_that_leaves_the_filter_between_pages_hides_no_other(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    record(&tracker, &clock, &[(0, 0, 0, true); 6]).await;
    let pending = DeploymentFilter {
        status: Some(Status::Pending),
        ..DeploymentFilter::default()
    };
    let whole = tracker
        .list(&pending, PageRequest::default())
        .await
        .unwrap()
        .data;
    let first = tracker
        .list(&pending, PageRequest::new(0, 2).unwrap())
        .await
        .unwrap();
    for gone in &whole[..2] {
        advance(&tracker, gone, Status::Failed).await;
    }
    let next = tracker
        .list(&pending, first.links.next.unwrap())
        .await
        .unwrap();
    assert_eq!(
        ids(&next),
        ids(&Page {
            data: whole[2..4].to_vec(),
            ..next.clone()
        }),
        "by number, two would be left out"
    );
    assert_eq!(next.total, 4);
    // The deployments of the previous page are gone: its link leads to an empty page, which links
    // back.
    let prev = tracker
        .list(&pending, next.links.prev.unwrap())
        .await
        .unwrap();
    assert_eq!(
        (prev.data.len(), prev.links.prev, prev.links.next),
        (0, None, prev.links.first)
    );
    for gone in &whole[2..] {
        advance(&tracker, gone, Status::Failed).await;
    }
    let nothing = tracker
        .list(&pending, next.links.next.unwrap())
        .await
        .unwrap();
    assert_eq!(
        (
            nothing.data.len(),
            nothing.total,
            nothing.links.next,
            nothing.links.prev
        ),
        (0, 0, None, None)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn any_position_is_a_valid_cursor(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    record(&tracker, &clock, &[(0, 0, 0, true); 3]).await;
    for order in Order::ALL {
        let far = ListKey {
            order,
            time: parse("9999-12-31T23:59:59.999999Z").unwrap(),
            id: Uuid::max(),
        };
        let all = DeploymentFilter {
            order,
            ..DeploymentFilter::default()
        };
        let count = async |place| {
            tracker
                .list(&all, PageRequest::at(place, 20).unwrap())
                .await
                .unwrap()
                .data
                .len()
        };
        assert_eq!(count(Cursor::OlderThan(far)).await, 3);
        assert_eq!(count(Cursor::NewerThan(far)).await, 0);
        assert_eq!(count(Cursor::OlderThan(ListKey::least(order))).await, 0);
        assert_eq!(count(Cursor::oldest(order)).await, 3);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cursor_of_one_order_is_refused_in_the_other(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    record(&tracker, &clock, &[(0, 0, 0, true); 3]).await;
    for (order, other) in [
        (Order::Created, Order::Occurred),
        (Order::Occurred, Order::Created),
    ] {
        let page = PageRequest::at(Cursor::oldest(other), 20).unwrap();
        // An unknown name makes the list empty, but the cursor is still invalid.
        for component in [None, Some("nobody".parse().unwrap())] {
            let filter = DeploymentFilter {
                order,
                component,
                ..DeploymentFilter::default()
            };
            let Err(Error::Invalid(faults)) = tracker.list(&filter, page).await else {
                panic!("{filter:?} takes it")
            };
            assert!(
                faults[0].detail.contains(&format!("order={other}")),
                "{faults:?}"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn components_and_environments_are_counted_through(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    record(
        &tracker,
        &clock,
        &[(0, 0, 0, true), (1, 1, 0, true), (2, 0, 0, true)],
    )
    .await;
    let page = tracker
        .components(None, PageRequest::new(0, 2).unwrap())
        .await
        .unwrap();
    let next = tracker
        .components(None, page.links.next.unwrap())
        .await
        .unwrap();
    let names: Vec<_> = page
        .data
        .iter()
        .chain(&next.data)
        .map(|component| component.name.as_str())
        .collect();
    assert_eq!(
        (names, next.links.next, next.links.prev),
        (vec!["api", "jobs", "web"], None, page.links.first)
    );
    let refused = tracker
        .environments(
            None,
            PageRequest::at(Cursor::oldest(Order::Created), 2).unwrap(),
        )
        .await
        .unwrap_err();
    assert!(matches!(refused, Error::Invalid(_)), "{refused}");
}
