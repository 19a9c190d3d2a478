//! Views that are read in parts equal the result of one statement.

use deploytrack_core::{
    clock::parse,
    matrix::Matrix,
    query::MatrixFilter,
    text::Name,
    tracker::{Pages, Tracker},
};
use deploytrack_tests::{
    data_set::DataSet,
    database::DatabaseKind::{self, Postgres, Sqlite},
};
use rstest::rstest;

/// The parts of a matrix.
async fn pages(tracker: &Tracker, filter: &MatrixFilter) -> Vec<Matrix> {
    let (mut reader, mut all) = (tracker.matrix_pages(filter.clone()), Vec::new());
    while let Some(page) = reader.next().await.unwrap() {
        all.push(page);
    }
    all
}

/// The matrix of one component.
async fn alone(tracker: &Tracker, name: &Name, filter: &MatrixFilter) -> Matrix {
    tracker
        .matrix(&MatrixFilter {
            components: vec![name.clone()],
            ..filter.clone()
        })
        .await
        .unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_component_is_cut_in_two(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::cells(1000, 20).insert(&database).await;
    let tracker = database.tracker().await;
    for at in [None, Some(parse("2026-01-01T00:00:00Z").unwrap())] {
        let filter = MatrixFilter {
            at,
            ..MatrixFilter::default()
        };
        let pages = pages(&tracker, &filter).await;
        assert_eq!(
            pages.iter().map(Vec::len).collect::<Vec<_>>(),
            [409, 409, 182],
            "8,192 cells at most"
        );
        for page in &pages {
            assert!(page.iter().all(|row| row.environments.iter().count() == 20));
            for row in [&page[0], &page[page.len() - 1]] {
                assert_eq!(
                    alone(&tracker, &row.component_name, &filter).await,
                    std::slice::from_ref(row)
                );
            }
        }
        assert_eq!(pages.concat(), tracker.matrix(&filter).await.unwrap());
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_component_with_more_cells_than_a_page_is_a_page(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::cells(2, 9000).insert(&database).await;
    let tracker = database.tracker().await;
    let pages = pages(&tracker, &MatrixFilter::default()).await;
    assert_eq!(
        pages
            .iter()
            .map(|page| page
                .iter()
                .map(|row| row.environments.iter().count())
                .collect::<Vec<_>>())
            .collect::<Vec<_>>(),
        [[9000], [9000]]
    );
    let names: Vec<_> = pages[0][0]
        .environments
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(names.is_sorted());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unsettled_is_in_the_order_of_the_matrix(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet {
        status: "failed",
        bytes: 3000,
        ..DataSet::cells(30, 12)
    }
    .insert(&database)
    .await;
    let tracker = database.tracker().await;
    let (mut reader, mut sizes, mut all) = (
        tracker.unsettled_pages(MatrixFilter::default()),
        Vec::new(),
        Vec::new(),
    );
    while let Some(page) = reader.next().await.unwrap() {
        sizes.push(page.len());
        all.extend(page);
    }
    assert!(
        sizes.len() > 3 && sizes.iter().all(|size| *size < 100),
        "{sizes:?}"
    );
    let order: Vec<_> = all
        .iter()
        .map(|attempt| {
            (
                attempt.component_name.as_str(),
                attempt.environment_name.as_str(),
            )
        })
        .collect();
    assert!(order.len() == 360 && order.is_sorted());
    let environment = order[5].1.parse().unwrap();
    let column = tracker
        .unsettled(&MatrixFilter {
            environments: vec![environment],
            ..MatrixFilter::default()
        })
        .await
        .unwrap();
    assert_eq!(
        column,
        all.iter()
            .filter(|attempt| attempt.environment_name == all[5].environment_name)
            .cloned()
            .collect::<Vec<_>>()
    );
}
