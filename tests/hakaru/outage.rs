//! The database goes away under load and comes back; the spool bridges it.

use rustix::process::{Pid, Signal, kill_process};

use super::database::{assert_recorded, dsn, fresh, server, values};
use super::load::Load;
use super::mariadb::MariaDb;
use super::process::Hakaru;

const CLIENTS: u32 = 8;

/// Ids follow the order in which each client was answered.
fn assert_in_order(recorded: &[u32]) {
    let mut last = vec![0; CLIENTS as usize];
    for value in recorded {
        let client = (value / 1_000_000) as usize;
        assert!(*value >= last[client], "client {client}: {value} stands behind {}", last[client]);
        last[client] = *value;
    }
}

fn stop_and_check(server: &MariaDb, name: &str, hakaru: Hakaru, load: Load) {
    let seen = load.stop();
    hakaru.until("the spool is empty", || hakaru.count("hakaru_spool_bytes") == 0);
    assert_eq!(hakaru.count("hakaru_exactly_once"), 1);
    assert!(hakaru.count("hakaru_spooled_total") > 0, "the spool was used");
    let (status, said) = hakaru.stop();
    assert!(status.success(), "{said}");
    seen.assert_all_answered(&said);
    let recorded = values(server, name);
    assert_recorded(&seen.acknowledged, &recorded);
    assert_eq!(recorded.len(), seen.count(), "recorded == acknowledged");
    assert_in_order(&recorded);
}

#[test]
fn a_killed_database_loses_and_doubles_nothing() {
    let mut server = MariaDb::start();
    let spool = tempfile::tempdir().unwrap();
    // Nobody has reached the database yet, and it is not needed to begin.
    server.kill();
    let hakaru = Hakaru::start(&dsn(&server, "miharu"), &["--spool", spool.path().to_str().unwrap()]).ready();
    let load = Load::start(&[hakaru.address], CLIENTS).on(300);
    server.restart();
    hakaru.until("the database is back", || hakaru.count("hakaru_committed_total") > 0);
    let load = load.on(300);
    let killed = server.sql("select now()");
    server.kill();
    let load = load.on(2500);
    server.restart();
    let back = server.sql("select now()");
    hakaru.until("the database is back", || hakaru.count("hakaru_database_up") == 1);
    let load = load.on(300);
    hakaru.until("the spool is empty", || hakaru.count("hakaru_spool_bytes") == 0);
    let meanwhile = format!("at > '{}' and at < '{}'", killed.trim(), back.trim());
    let replayed = server.sql(&format!("select count(*) from miharu.eventlog where {meanwhile}"));
    assert_ne!(replayed.trim(), "0", "the time is that of the acceptance, while there was no database");
    stop_and_check(&server, "miharu", hakaru, load);
}

/// Each instance has a spool of its own, and both know in the one database which of their batches are recorded.
#[test]
fn a_killed_database_of_two_instances_loses_and_doubles_nothing() {
    let mut server = MariaDb::start();
    let spools = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let url = dsn(&server, "miharu");
    let pair = spools.each_ref().map(|spool| {
        Hakaru::start(&url, &["--spool", spool.path().to_str().unwrap(), "--patience", "10000"]).ready()
    });
    let load = Load::start(&pair.each_ref().map(|hakaru| hakaru.address), CLIENTS);
    for hakaru in &pair {
        hakaru.until("it records", || hakaru.count("hakaru_committed_total") > 0);
    }
    server.kill();
    for hakaru in &pair {
        hakaru.until("it spools", || hakaru.count("hakaru_spooled_total") > 0);
    }
    let load = load.on(500);
    server.restart();
    for hakaru in &pair {
        hakaru.until("the spool is empty", || hakaru.count("hakaru_spool_bytes") == 0);
    }
    let seen = load.on(300).stop();
    let said = pair.map(|hakaru| {
        hakaru.until("the spool is empty", || hakaru.count("hakaru_spool_bytes") == 0);
        assert_eq!(hakaru.count("hakaru_exactly_once"), 1);
        let (status, said) = hakaru.stop();
        assert!(status.success(), "{said}");
        said
    });
    seen.assert_all_answered(&said.join("\n"));
    let recorded = values(&server, "miharu");
    assert_recorded(&seen.acknowledged, &recorded);
    assert_eq!(recorded.len(), seen.count(), "recorded == acknowledged");
    assert_in_order(&recorded);
}

/// A server that stops in the middle of everything executes, when it goes on, what its clients have given up since.
#[test]
fn a_frozen_database_loses_and_doubles_nothing() {
    let server = MariaDb::start();
    let spool = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&dsn(&server, "miharu"), &["--spool", spool.path().to_str().unwrap()]).ready();
    hakaru.until("the database is there", || {
        hakaru.get("/hakaru?name=x&value=4000000000").status == 200
            && hakaru.count("hakaru_committed_total") > 0
    });
    server.sql("delete from miharu.eventlog");
    let load = Load::start(&[hakaru.address], CLIENTS).on(300);
    let pid = server.sql("select @@pid_file");
    let pid: i32 = std::fs::read_to_string(pid.trim()).unwrap().trim().parse().unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let load = load.on(3500);
    kill_process(pid, Signal::CONT).unwrap();
    hakaru.until("the spool is empty again", || hakaru.count("hakaru_spool_bytes") == 0);
    let load = load.on(300);
    stop_and_check(&server, "miharu", hakaru, load);
}

#[test]
fn a_killed_hakaru_replays_what_it_had_acknowledged() {
    let server = &server();
    let spool = tempfile::tempdir().unwrap();
    let url = fresh(server, "replay", "utf8mb4");
    let arguments = ["--spool", spool.path().to_str().unwrap()];
    // Without the right to write the database is as good as away.
    server.sql("create table replay.eventlog (id bigint unsigned not null auto_increment primary key, at datetime, \
                name varchar(255) not null, value int unsigned); \
                create trigger replay.no before insert on replay.eventlog for each row signal sqlstate 'HY000'");
    let hakaru = Hakaru::start(&url, &arguments).ready();
    let load = Load::start(&[hakaru.address], CLIENTS).on(700);
    hakaru.kill();
    let seen = load.stop();
    assert!(seen.count() > 20, "there was a load: {}", seen.count());
    assert_eq!(values(server, "replay"), Vec::<u32>::new(), "everything is in the spool");
    server.sql("drop trigger replay.no");
    let hakaru = Hakaru::start(&url, &arguments).ready();
    hakaru.until("the spool is empty", || hakaru.count("hakaru_spool_bytes") == 0);
    assert!(hakaru.stop().0.success());
    let recorded = values(server, "replay");
    assert_recorded(&seen.acknowledged, &recorded);
    assert!(recorded.len() <= seen.count() + CLIENTS as usize);
    assert_in_order(&recorded);
}

#[test]
fn without_the_right_to_a_second_table_it_says_at_least_once() {
    let server = &server();
    let spool = tempfile::tempdir().unwrap();
    let url = fresh(server, "least", "utf8mb4");
    assert!(Hakaru::start(&url, &[]).ready().stop().0.success());
    server.sql("create user 'few'@'127.0.0.1' identified by 'hunter2'; grant select, insert on least.eventlog to 'few'@'127.0.0.1'");
    let url = url.replacen("m:", "few:", 1);
    let hakaru = Hakaru::start(&url, &["--spool", spool.path().to_str().unwrap()]).ready();
    assert_eq!(hakaru.get("/hakaru?name=open&value=1").status, 200);
    hakaru.until("the database was reached", || hakaru.said().contains("recording into"));
    assert!(hakaru.said().contains("at least once"), "{}", hakaru.said());
    assert_eq!(hakaru.count("hakaru_exactly_once"), 0);
    assert!(hakaru.stop().0.success());
    assert_eq!(values(server, "least"), [1]);
}

#[test]
fn an_impression_of_the_spool_that_is_refused_is_kept_for_people() {
    let server = &server();
    let spool = tempfile::tempdir().unwrap();
    let url = fresh(server, "kept", "latin1");
    assert!(Hakaru::start(&url, &[]).ready().stop().0.success());
    server.sql("rename table kept.eventlog to kept.away; create view kept.eventlog as select 1 as one");
    let hakaru = Hakaru::start(&url, &["--spool", spool.path().to_str().unwrap()]).ready();
    for (name, value) in [("a", 1), ("%F0%9F%98%80", 2), ("b", 3)] {
        assert_eq!(hakaru.get(&format!("/hakaru?name={name}&value={value}")).status, 200);
    }
    server.sql("rename table kept.eventlog to kept.gone, kept.away to kept.eventlog");
    hakaru.until("the spool is empty", || hakaru.count("hakaru_spool_bytes") == 0);
    assert_eq!(hakaru.count("hakaru_replay_refused_total"), 1);
    assert!(hakaru.stop().0.success());
    assert_eq!(values(server, "kept"), [1, 3]);
    let kept = std::fs::read_to_string(spool.path().join("refused.jsonl")).unwrap();
    let kept: serde_json::Value = serde_json::from_str(kept.trim()).unwrap();
    assert_eq!((kept["name"].as_str(), kept["value"].as_u64()), (Some("😀"), Some(2)));
    assert!(kept["reason"].as_str().unwrap().contains("Incorrect string value"), "{kept}");
}
