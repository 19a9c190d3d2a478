use std::net::Ipv4Addr;

use futures_util::FutureExt as _;

use super::*;

fn limits(connections: usize, per_address: usize) -> Arc<Connections> {
    Connections::new(ConnectionLimits {
        connections,
        per_address,
    })
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

/// Until connections that have just come may be evicted.
async fn grow_old() {
    tokio::time::sleep(Duration::from_millis(60)).await;
}

/// A connection that has sent nothing.
async fn open(connections: &Arc<Connections>, from: u8) -> Option<Connection> {
    let connection = connections.admit(Some(address(from))).await?;
    connection.waited();
    Some(connection)
}

/// Ends a connection as its task does.
fn served(connection: Connection) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { connection.evicted().await })
}

fn is_evicted(connection: &Connection) -> bool {
    connection.evicted().now_or_never().is_some()
}

#[test]
fn one_address_gets_a_quarter_by_default() {
    let per_address = |connections| ConnectionLimits::of(connections).per_address;
    assert_eq!(
        [1, 8, 16, 64, 100, 768].map(per_address),
        [1, 8, 16, 16, 25, 192]
    );
}

#[tokio::test]
async fn the_longest_silent_connection_of_an_address_is_evicted_at_its_limit() {
    let connections = limits(10, 2);
    let (first, second) = (
        open(&connections, 1).await.unwrap(),
        open(&connections, 1).await.unwrap(),
    );
    let other = open(&connections, 2).await.unwrap();
    std::thread::sleep(Duration::from_millis(2));
    second.received();
    let third = open(&connections, 1).await.unwrap();
    assert!(
        is_evicted(&first) && !is_evicted(&second) && !is_evicted(&third) && !is_evicted(&other)
    );
}

#[tokio::test]
async fn a_connection_whose_first_bytes_were_not_read_yet_is_not_evicted() {
    let connections = limits(2, 2);
    let new = connections.admit(Some(address(1))).await.unwrap();
    let silent = open(&connections, 1).await.unwrap();
    open(&connections, 1).await.unwrap();
    assert!(is_evicted(&silent) && !is_evicted(&new));
}

#[tokio::test]
async fn an_authenticated_connection_neither_counts_for_its_address_nor_is_evicted_for_it() {
    let connections = limits(100, 2);
    let mut authenticated = Vec::new();
    for _ in 0..50 {
        let connection = open(&connections, 1).await.unwrap();
        assert!(connection.begin_request());
        connection.authenticated();
        connection.authenticated();
        connection.begin_answer();
        connection.buffered_answer();
        connection.flushed();
        authenticated.push(connection);
    }
    let strangers = [
        open(&connections, 1).await.unwrap(),
        open(&connections, 1).await.unwrap(),
        open(&connections, 1).await.unwrap(),
    ];
    assert!(is_evicted(&strangers[0]) && !is_evicted(&strangers[1]) && !is_evicted(&strangers[2]));
    assert!(
        authenticated
            .iter()
            .all(|connection| !is_evicted(connection))
    );
    drop(authenticated);
    drop(strangers);
    assert!(
        connections.open().connections.is_empty() && connections.open().unauthenticated.is_empty()
    );
}

#[tokio::test]
async fn an_address_at_its_limit_costs_no_other_address_a_connection() {
    let connections = limits(4, 2);
    let others = [
        open(&connections, 2).await.unwrap(),
        open(&connections, 3).await.unwrap(),
    ];
    grow_old().await;
    let mut tasks = Vec::new();
    for _ in 0..10 {
        tasks.push(served(open(&connections, 1).await.unwrap()));
    }
    assert!(others.iter().all(|connection| !is_evicted(connection)));
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn an_address_whose_connections_are_all_busy_is_refused() {
    let connections = limits(10, 2);
    let busy = [
        open(&connections, 1).await.unwrap(),
        open(&connections, 1).await.unwrap(),
    ];
    assert!(busy.iter().all(Connection::begin_request));
    assert!(open(&connections, 1).await.is_none());
    assert!(open(&connections, 2).await.is_some());
    busy[0].authenticated();
    assert!(open(&connections, 1).await.is_some());
}

#[tokio::test]
async fn at_the_limit_a_new_connection_gets_the_place_of_an_evicted_one() {
    let connections = limits(4, 100);
    let mut tasks = Vec::new();
    for from in 1..=20 {
        let connection = open(&connections, from).await.unwrap();
        assert!(connection.has_place(), "{from}");
        tasks.push(served(connection));
        grow_old().await;
    }
    assert_eq!(tasks.iter().filter(|task| !task.is_finished()).count(), 4);
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_request_in_progress_is_never_evicted_and_an_evicted_connection_begins_none() {
    let connections = limits(2, 100);
    let (busy, silent) = (
        open(&connections, 1).await.unwrap(),
        open(&connections, 2).await.unwrap(),
    );
    assert!(busy.begin_request());
    grow_old().await;
    let third = open(&connections, 3).await.unwrap();
    assert!(is_evicted(&silent) && !is_evicted(&busy) && !is_evicted(&third));
    assert!(!silent.begin_request());
    assert!(!third.has_place(), "the evicted one has not ended yet");
    drop(silent);
    assert!(third.take_place().await);
}

#[tokio::test]
async fn while_all_are_busy_the_reserve_answers_and_a_request_waits_for_a_place() {
    let connections = limits(8, 100);
    let mut busy = Vec::new();
    for from in 0..8 {
        let connection = open(&connections, from).await.unwrap();
        assert!(connection.begin_request());
        busy.push(connection);
    }
    let (first, second) = (
        open(&connections, 9).await.unwrap(),
        open(&connections, 10).await.unwrap(),
    );
    assert!(first.begin_request() && second.begin_request());
    assert!(!first.has_place() && !second.has_place());
    assert!(
        timeout(2 * PAUSE, open(&connections, 11)).await.is_err(),
        "further connections wait in the system's queue"
    );

    let waits = tokio::spawn(async move { (first.take_place().await, first) });
    while connections.waiting.available_permits() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!second.take_place().await, "half of the reserve may wait");
    drop(busy.pop());
    let (taken, first) = waits.await.unwrap();
    assert!(taken && first.has_place());
}

#[tokio::test]
async fn when_all_idle_connections_are_authenticated_the_longest_idle_one_is_evicted() {
    let connections = limits(2, 100);
    let idle = [
        open(&connections, 1).await.unwrap(),
        open(&connections, 2).await.unwrap(),
    ];
    for connection in &idle {
        assert!(connection.begin_request());
        connection.authenticated();
        connection.begin_answer();
        connection.buffered_answer();
        connection.flushed();
        std::thread::sleep(Duration::from_millis(2));
    }
    grow_old().await;
    open(&connections, 3).await.unwrap();
    assert!(is_evicted(&idle[0]) && !is_evicted(&idle[1]));
}

#[tokio::test]
async fn requests_through_a_trusted_proxy_count_for_their_clients() {
    let connections = limits(10, 1);
    let mut proxied = Vec::new();
    for _ in 0..4 {
        let connection = connections.admit(None).await.unwrap();
        assert!(connection.begin_request());
        proxied.push(connection);
    }
    assert!(proxied[0].count_for(address(1)));
    assert!(!proxied[1].count_for(address(1)));
    assert!(proxied[1].count_for(address(2)));
    assert!(
        open(&connections, 1).await.is_none(),
        "the address is the same without the proxy"
    );
    proxied[0].begin_answer();
    assert!(!proxied[2].count_for(address(1)));
    proxied[0].buffered_answer();
    assert!(!proxied[2].count_for(address(1)));
    proxied[0].flushed();
    assert!(proxied[2].count_for(address(1)));
    drop(proxied);
    assert!(connections.open().unauthenticated.is_empty());
}
