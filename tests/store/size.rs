//! A long journal opens and pages without delay. `tests/bench/journal.sh` runs it with a million entries.

use std::time::{Duration, Instant};

use super::*;
use miharu::store::Query;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// How many entries, where there should be more than a test waits for.
const ENTRIES: &str = "JOURNAL_ENTRIES";
/// Nobody notices a page that takes less, on a machine that does other things too.
const WITHOUT_DELAY: Duration = Duration::from_millis(500);

#[tokio::test]
async fn a_long_journal_on_sqlite() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    drop(open(&file(&path)).await);
    let entries = entries();
    let mut connection = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    // A change in 100 entries, one environment rare, a second from entry to entry.
    sqlx::query(
        "INSERT INTO journal_entries \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
         SELECT i, ?2 + i * 1000000000, ?2 + i * 1000000000, CASE WHEN i % 1000 = 0 THEN 'rare' ELSE 'prod' END, \
         'c' || (i / 100), 'add-mount-target', 'note', 'ops@bastion', NULL, \
         '{\"text\":\"' || hex(zeroblob(200)) || '\"}' FROM n",
    )
    .bind(entries)
    .bind(at(0).timestamp_nanos_opt())
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("UPDATE journal_head SET seq = ?").bind(entries).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    pages(&file(&path), entries).await;
}

#[tokio::test]
async fn a_long_journal_on_mariadb() {
    let mariadb = mariadb::MariaDb::start();
    let location = server(&mariadb.url());
    drop(open(&location).await);
    let entries = entries();
    mariadb.sql(&format!(
        "use miharu; insert into journal_entries select seq, {0} + seq * 1000000000, {0} + seq * 1000000000, \
         if(seq % 1000 = 0, 'rare', 'prod'), concat('c', seq div 100), 'add-mount-target', 'note', \
         'ops@bastion', null, concat('{{\"text\":\"', repeat('0', 400), '\"}}') from seq_1_to_{entries}; \
         update journal_head set seq = {entries}",
        at(0).timestamp_nanos_opt().unwrap()
    ));
    pages(&location, entries).await;
}

fn entries() -> i64 {
    std::env::var(ENTRIES).map_or(20_000, |n| n.parse().unwrap())
}

async fn pages(location: &Location, entries: i64) {
    let mut slow = Vec::new();
    let mut note_time = |what: &str, took: Duration| {
        println!("{entries} entries, {location}: {what} {took:?}");
        if took > WITHOUT_DELAY {
            slow.push(format!("{what} took {took:?}"));
        }
    };
    let start = Instant::now();
    let journal = open(location).await;
    note_time("open", start.elapsed());
    let base = Query { limit: Some(100), ..Query::default() };
    let prod = Query { environment: Some("prod".into()), ..base.clone() };
    let middle = Some(entries / 2);
    let cases = [
        ("the newest page", base.clone(), 100),
        ("an older page", Query { before: middle, ..prod.clone() }, 100),
        ("a newer page", Query { after: middle, ..prod.clone() }, 100),
        (
            "a rare environment",
            Query { environment: Some("rare".into()), limit: Some(20), ..base.clone() },
            20,
        ),
        ("no such environment", Query { environment: Some("none".into()), ..base.clone() }, 0),
        ("a change", Query { change: Some(format!("c{}", entries / 200)), ..base.clone() }, 100),
        (
            "a change of prod",
            Query { change: Some(format!("c{}", entries / 200)), limit: None, ..prod.clone() },
            99,
        ),
        ("the last hour", Query { since: Some(at(entries - 3599)), limit: None, ..base.clone() }, 3600),
        ("a page since the begin", Query { since: Some(at(0)), ..prod.clone() }, 100),
        ("since tomorrow", Query { since: Some(at(entries + 1)), ..prod.clone() }, 0),
    ];
    for (what, query, wanted) in cases {
        let start = Instant::now();
        let found = journal.read(&query).await.unwrap().len();
        note_time(what, start.elapsed());
        assert_eq!(found, wanted, "{what}");
    }
    let start = Instant::now();
    journal.append(entry(EntryKind::Proposed, "new", None)).await.unwrap();
    note_time("append", start.elapsed());
    let start = Instant::now();
    assert!(journal.open_changes("prod").await.unwrap().is_empty());
    note_time("open changes", start.elapsed());
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
