use super::{super::on, anchor::LATE, pools::READERS, *};

/// A database file that is removed at the end, with the files that SQLite creates beside it.
struct Scratch(std::path::PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        for beside in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{beside}", self.0.display()));
        }
    }
}

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("deploytrack-{}.db", uuid::Uuid::now_v7())))
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.0.display())
    }
}

/// Writes 64 KiB, in a statement with many steps.
async fn write(store: &Store) -> Result<(), Error> {
    let mut write = store.write().await?;
    let sql = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 64)
        insert into idempotency_keys select hex(randomblob(8)), hex(randomblob(8)), zeroblob(1), hex(zeroblob(512)), 0 from n";
    on!(Transaction, write.unflushed(), |open| sqlx::raw_sql(sql)
        .execute(&mut **open)
        .await
        .map(drop))
    .map_err(sqlx_error::unexpected)?;
    write.commit().await
}

async fn run(store: &Store, sql: &'static str) {
    on!(Pool, &store.writes, |pool| sqlx::raw_sql(sql)
        .execute(pool)
        .await
        .map(drop))
    .unwrap();
}

/// SQLite rolls back on its own when a write is interrupted, and a full database refuses the
/// statement.
#[tokio::test]
async fn the_writer_works_after_a_failed_write() {
    let scratch = Scratch::new();
    for url in [scratch.url(), "sqlite::memory:".into()] {
        let store = open(&url, User::Program).await.unwrap();
        for round in 0..10 {
            run(&store, "pragma max_page_count = 1").await;
            let refusal = write(&store).await.unwrap_err();
            assert!(
                matches!(refusal, Error::Unavailable(_)),
                "{url}, round {round}: {refusal:?}"
            );
            run(&store, "pragma max_page_count = 100000").await;
            write(&store).await.unwrap();
            interrupt_next(&store, true).await;
            let refusal = write(&store).await.unwrap_err();
            assert!(
                matches!(refusal, Error::Unavailable(_)),
                "{url}, round {round}: {refusal:?}"
            );
            if url.contains("memory") {
                interrupt_next(&store, false).await;
            }
            write(&store).await.unwrap();
            store.ready().await.unwrap();
        }
        store.close().await;
    }
}

/// Interrupts the writer's statements that take many steps.
async fn interrupt_next(store: &Store, interrupt: bool) {
    let Pool::Sqlite(pool) = &store.writes else {
        return;
    };
    let mut connection = pool.acquire().await.unwrap();
    connection
        .lock_handle()
        .await
        .unwrap()
        .set_progress_handler(500, move || !interrupt);
}

#[tokio::test]
async fn readers_are_replaced_after_a_read_error() {
    let scratch = Scratch::new();
    let store = open(&scratch.url(), User::Program).await.unwrap();
    let Pool::Sqlite(reads) = &store.reads else {
        return;
    };
    for _ in 0..READERS {
        sqlx::query("create temp table old(x)")
            .execute(reads)
            .await
            .unwrap_or_default();
    }
    assert!(sqlx_error::sqlite::is_away(266), "SQLITE_IOERR_READ");
    let old: i64 = sqlx::query_scalar("select count(*) from temp.sqlite_schema")
        .fetch_one(reads)
        .await
        .unwrap();
    assert_eq!(
        old, 0,
        "a connection that was opened before the failure is no longer used"
    );
    store.close().await;
}

#[tokio::test]
async fn a_long_read_does_not_block_closing() {
    let scratch = Scratch::new();
    let store = open(&scratch.url(), User::Program).await.unwrap();
    let Pool::Sqlite(reads) = store.reads.clone() else {
        return;
    };
    let endless =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let read = tokio::spawn(async move {
        sqlx::query_scalar::<_, i64>(endless)
            .fetch_one(&reads)
            .await
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::time::timeout(LATE * 3, store.close()).await.unwrap();
    read.await.unwrap().unwrap_err();
    assert!(!std::path::Path::new(&format!("{}-wal", scratch.0.display())).exists());
}

#[tokio::test]
async fn commits_are_synced_and_foreign_keys_are_checked() {
    let scratch = Scratch::new();
    let store = open(&scratch.url(), User::Program).await.unwrap();
    let number = async |pragma: &'static str| -> i64 {
        on!(Pool, &store.writes, |pool| sqlx::query_scalar(pragma)
            .fetch_one(pool)
            .await)
        .unwrap()
    };
    let (synchronous, foreign_keys) = (
        number("pragma synchronous").await,
        number("pragma foreign_keys").await,
    );
    let journal: String = on!(Pool, &store.writes, |pool| sqlx::query_scalar(
        "pragma journal_mode"
    )
    .fetch_one(pool)
    .await)
    .unwrap();
    assert_eq!(
        (synchronous, foreign_keys, journal.as_str()),
        (2, 1, "wal"),
        "2 is FULL"
    );
    store.close().await;
}
