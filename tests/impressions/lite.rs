//! On SQLite.

use std::path::Path;
use std::time::{Duration, Instant};

use miharu::domain::source::FailureClass;
use miharu::sources::impressions::sql::{self, Dialect, Span};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::eye::{Eye, failure, readings};

const TABLE: &str = "CREATE TABLE eventlog (id INTEGER PRIMARY KEY AUTOINCREMENT, \
    at datetime DEFAULT NULL, name varchar(255) NOT NULL, value int unsigned)";

async fn file(path: &Path, mode: SqliteJournalMode) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).journal_mode(mode);
    let mut connection = options.busy_timeout(Duration::ZERO).connect().await.unwrap();
    sqlx::raw_sql(TABLE).execute(&mut connection).await.unwrap();
    connection
}

async fn insert(connection: &mut SqliteConnection, rows: usize) {
    let values = vec!["(datetime('now'),'open',0)"; rows].join(",");
    let sql = format!("INSERT INTO eventlog(at,name,value) VALUES {values}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn under_20_000_rows_a_second_every_row_is_counted_and_no_writer_waits() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("hakaru.db");
    let mut writer = file(&path, SqliteJournalMode::Wal).await;
    let url = format!("sqlite://{}", path.display());
    let written = tokio::spawn(async move {
        let (start, mut batches) = (Instant::now(), 0_u32);
        while start.elapsed() < Duration::from_secs(7) {
            // Without patience: a reader in the way would fail it.
            insert(&mut writer, 500).await;
            batches += 1;
            tokio::time::sleep((Duration::from_millis(25) * batches).saturating_sub(start.elapsed())).await;
        }
        u64::from(batches) * 500
    });
    let mut eye = Eye::on(Some(&url), &[]);
    let mut all = readings(&eye.look().await);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        all.extend(readings(&eye.look().await));
    }
    let rate = eye.world.impressions.recorded_per_s().unwrap().value;
    let (first, newest) = (&all[0], all.last().unwrap());
    // Its only writer leaves no gap: the difference of the ids is the count.
    let seconds = (newest.database_now - first.database_now).num_milliseconds() as f64 / 1000.0;
    let own = (newest.watermark - first.watermark) as f64 / seconds;
    assert!((rate / own - 1.0).abs() < 0.01, "{rate} by the console, {own} by the ids");
    let written = written.await.unwrap();
    eye.until("everything is counted", |i, _| i.recorded.last.as_ref().unwrap().total == written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_scans_the_table() {
    let home = tempfile::tempdir().unwrap();
    let mut connection = file(&home.path().join("a.db"), SqliteJournalMode::Wal).await;
    insert(&mut connection, 2000).await;
    let span = Span { after: 1000, to: 1100 };
    for statement in [
        sql::head(Dialect::Sqlite, 50),
        sql::mark(Dialect::Sqlite, 50),
        sql::groups(span),
        sql::counts(Dialect::Sqlite, span, 13),
        sql::next_id(100),
    ] {
        let plan = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for row in plan {
            let detail: String = row.try_get_unchecked("detail").unwrap();
            let max = detail == "SEARCH eventlog";
            assert!(!detail.contains("SCAN eventlog"), "{statement}\n{detail}");
            if detail.contains("eventlog") && !max {
                assert!(detail.contains("USING INTEGER PRIMARY KEY"), "{statement}\n{detail}");
            }
        }
    }
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_has_open_and_one_that_is_none() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    for mode in [SqliteJournalMode::Delete, SqliteJournalMode::Wal] {
        _ = std::fs::remove_file(&path);
        let mut connection = file(&path, mode).await;
        insert(&mut connection, 10).await;
        connection.close().await.unwrap();
        let mut eye = Eye::on(Some(&format!("sqlite://{}", path.display())), &[]);
        eye.look().await;
        assert_eq!(eye.recorded().total, 10, "{mode:?}");
    }
    let mut eye = Eye::on(Some(&format!("sqlite://{}/none.db", home.path().display())), &[]);
    assert_eq!(failure(&eye.look().await).class, FailureClass::NotFound);
    assert!(!home.path().join("none.db").exists(), "looking makes no file");
    std::fs::write(&path, "this is no database, whatever its name says, and long enough to be asked")
        .unwrap();
    _ = std::fs::remove_file(home.path().join("a.db-wal"));
    _ = std::fs::remove_file(home.path().join("a.db-shm"));
    let mut eye = Eye::on(Some(&format!("sqlite://{}", path.display())), &[]);
    assert_eq!(failure(&eye.look().await).class, FailureClass::Malformed);
}
