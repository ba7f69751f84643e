//! What cannot be recorded is refused, in time and with a word about when to come again.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::database::{assert_recorded, fresh, server, sqlite_values, values};
use super::load::Load;
use super::process::{Hakaru, PATIENCE, sqlite};

#[test]
fn a_database_that_is_away_is_said_at_once_and_bridged_for_a_moment() {
    let server = &server();
    let url = fresh(server, "away", "utf8mb4");
    let hakaru = Hakaru::start(&url.replace("/away", "/not_there"), &["--patience", "300"]);
    let ok = hakaru.get("/ok");
    assert_eq!(ok.status, 503, "{ok:?}");
    hakaru.until("impressions are refused", || {
        let reply = hakaru.get("/hakaru?name=open&value=1");
        assert_eq!(reply.status, 503);
        assert!(reply.header("retry-after").is_some_and(|s| s.parse::<u32>().is_ok()), "{reply:?}");
        reply.body.contains("at the moment")
    });
    let start = Instant::now();
    assert_eq!(hakaru.get("/hakaru?name=open&value=1").status, 503);
    assert!(start.elapsed() < Duration::from_secs(10), "it is said at once");
    server.sql("create database not_there; grant all on not_there.* to 'm'@'127.0.0.1'");
    let hakaru = hakaru.ready();
    assert_eq!(hakaru.get("/hakaru?name=open&value=2").status, 200);
    assert!(hakaru.stop().0.success());
    assert_eq!(values(server, "not_there"), [2]);
}

#[test]
fn a_stalled_database_fills_the_queue_and_no_more() {
    let server = &server();
    let url = fresh(server, "stalled", "utf8mb4");
    let hakaru = Hakaru::start(&url, &["--queue", "4", "--writers", "1", "--patience", "1000"]).ready();
    assert_eq!(hakaru.get("/hakaru?name=open&value=1").status, 200);
    server.sql("create trigger stalled.slow before insert on stalled.eventlog for each row do sleep(2)");
    let seen = Load::start(&[hakaru.address], 20).on(1500);
    hakaru.until("/ok fails", || hakaru.get("/ok").status == 503);
    hakaru.until("the queue is full", || {
        let reply = hakaru.get("/hakaru?name=open&value=3");
        reply.status == 503 && reply.body.contains("full") && reply.header("retry-after") == Some("1")
    });
    assert!(hakaru.count("hakaru_queue_length") <= 4);
    server.sql("drop trigger stalled.slow");
    let seen = seen.stop();
    let hakaru = hakaru.ready();
    assert_eq!(hakaru.get("/hakaru?name=open&value=2").status, 200);
    assert!(hakaru.stop().0.success());
    assert!(seen.refused.iter().all(|s| *s == 503) && !seen.refused.is_empty(), "{seen:?}");
    let recorded: Vec<u32> = values(server, "stalled").into_iter().filter(|v| *v > 3).collect();
    // Value 0 of client 0 and its first few are below.
    let acknowledged: Vec<Vec<u32>> =
        seen.acknowledged.iter().map(|c| c.iter().copied().filter(|v| *v > 3).collect()).collect();
    assert_recorded(&acknowledged, &recorded);
}

/// A disk of 64 MiB of hakaru's own; outside it is seen through `/proc`.
fn on_a_small_disk(home: &std::path::Path, database: &str, arguments: &[&str]) -> (Hakaru, PathBuf) {
    let disk = home.join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c"]);
    command.arg(format!("mount -t tmpfs -o size=64m none {} && exec \"$@\"", disk.display()));
    command.args(["sh", env!("CARGO_BIN_EXE_miharu")]);
    let hakaru = Hakaru::start_by(command, database, arguments);
    let seen = PathBuf::from(format!("/proc/{}/root{}", hakaru.pid().as_raw_nonzero(), disk.display()));
    (hakaru, seen)
}

fn fill(disk: &std::path::Path) {
    let error = std::fs::write(disk.join("filler"), vec![0; 80 << 20]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (hakaru, disk) = on_a_small_disk(home.path(), &sqlite(&home.path().join("disk")), &[]);
    let hakaru = hakaru.ready();
    let load = Load::start(&[hakaru.address], 8).on(300);
    fill(&disk);
    hakaru.until("/ok fails", || hakaru.get("/ok").status == 503);
    let load = load.on(500);
    std::fs::remove_file(disk.join("filler")).unwrap();
    hakaru.until("/ok is ok again", || hakaru.get("/ok").status == 200);
    let committed = hakaru.count("hakaru_committed_total");
    hakaru.until("it records again", || hakaru.count("hakaru_committed_total") > committed);
    let seen = load.stop();
    assert!(seen.refused.contains(&503) && seen.refused.iter().all(|s| *s == 503), "{:?}", seen.refused);
    assert!(seen.broken.is_empty(), "{:#?}", seen.broken);
    // SQLite would look for the file where the link leads outside.
    for file in ["log.db", "log.db-wal"] {
        std::fs::copy(disk.join(file), home.path().join(file)).unwrap();
    }
    let recorded = sqlite_values(&home.path().join("log.db"));
    assert_recorded(&seen.acknowledged, &recorded);
    assert_eq!(recorded.len(), seen.count(), "recorded == acknowledged, also with the disk full");
    assert!(hakaru.stop().0.success());
}

#[test]
fn a_full_disk_of_the_spool_refuses_and_loses_nothing() {
    let server = &server();
    let home = tempfile::tempdir().unwrap();
    let url = fresh(server, "spool_full", "utf8mb4");
    let spool = home.path().join("disk/spool");
    let away = url.replace("/spool_full", "/spool_away");
    let (hakaru, disk) = on_a_small_disk(home.path(), &away, &["--spool", spool.to_str().unwrap()]);
    let hakaru = hakaru.ready();
    let load = Load::start(&[hakaru.address], 8).on(300);
    fill(&disk);
    hakaru.until("/ok fails", || hakaru.get("/ok").status == 503);
    let load = load.on(300);
    std::fs::remove_file(disk.join("filler")).unwrap();
    let before = hakaru.count("hakaru_spooled_total");
    hakaru.until("it goes on", || {
        hakaru.count("hakaru_spooled_total") > before && hakaru.get("/ok").status == 200
    });
    let seen = load.stop();
    server.sql("create database spool_away; grant all on spool_away.* to 'm'@'127.0.0.1'");
    let start = Instant::now();
    while hakaru.count("hakaru_spool_bytes") > 0 {
        assert!(start.elapsed() < PATIENCE, "{}", hakaru.said());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(hakaru.stop().0.success());
    assert!(seen.refused.contains(&503) && seen.refused.iter().all(|s| *s == 503), "{:?}", seen.refused);
    let recorded = values(server, "spool_away");
    assert_recorded(&seen.acknowledged, &recorded);
    assert_eq!(recorded.len(), seen.count());
}
