//! Several processes, and several handles, at one journal; and a process that is killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;
use miharu::store::Query;

/// What a child is to do, and where. It is this test program again, with only the test `child` chosen.
const TASK: &str = "STORE_TEST_TASK";
const PLACE: &str = "STORE_TEST_PLACE";
/// Leases that are fought for.
const ROUNDS: usize = 40;
/// Entries that each competitor appends.
const ENTRIES: usize = 60;

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn start(task: &str, place: &str) -> Ended {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "competition::child", "--nocapture", "--test-threads=1"])
        .envs([(TASK, task), (PLACE, place)])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    Ended(child)
}

/// What a child printed after its marker, until its end.
fn lines(child: &mut Ended) -> Vec<String> {
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.filter_map(|l| l.split_once("> ").map(|(_, said)| said.to_owned())).collect();
    assert!(child.0.wait().unwrap().success());
    said
}

fn location(place: &str) -> Location {
    if place.starts_with("mysql:") { server(place) } else { file(Path::new(place)) }
}

/// The other side of the tests below; by itself it has nothing to do.
#[tokio::test]
async fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let journal = open(&location(&std::env::var(PLACE).unwrap())).await;
    let me = std::process::id().to_string();
    match task.as_str() {
        "compete" => compete(&journal, &me).await,
        "append" => {
            for n in 0.. {
                println!("> {}", journal.append(note(n, "prod")).await.unwrap().seq);
            }
        }
        other => panic!("{other}"),
    }
}

/// Fights for leases and for one step of a change, and appends its own.
async fn compete(journal: &Arc<dyn Journal>, me: &str) {
    for round in 0..ROUNDS {
        if journal.lease(&format!("e{round}"), me, at(0), at(10)).await.unwrap() {
            println!("> lease {round}");
        }
        let mut started = entry(EntryKind::Started, &format!("c{round}"), Some(1));
        started.by = me.to_owned();
        match journal.append(started).await {
            Ok(_) => println!("> started {round}"),
            Err(error) => assert!(error.conflict, "{error}"),
        }
    }
    for n in 0..ENTRIES {
        journal.append(note(i64::try_from(n).unwrap(), me)).await.unwrap();
    }
}

async fn three_processes(place: &str) {
    let journal = open(&location(place)).await;
    for round in 0..ROUNDS {
        for event in [EntryKind::Proposed, EntryKind::Approved] {
            journal.append(entry(event, &format!("c{round}"), None)).await.unwrap();
        }
    }
    let mut children = [(); 3].map(|()| start("compete", place));
    let mut said: Vec<String> = children.iter_mut().flat_map(lines).collect();
    said.sort();
    let once = |what: &str| (0..ROUNDS).map(|n| format!("{what} {n}")).collect::<Vec<_>>();
    let mut wanted = [once("lease"), once("started")].concat();
    wanted.sort();
    assert_eq!(said, wanted, "each lease and each step once");
    let all = journal.read(&Query::default()).await.unwrap();
    let positions: Vec<usize> = all.iter().map(|e| usize::try_from(e.seq).unwrap()).collect();
    assert_eq!(positions, (1..=3 * ROUNDS + 3 * ENTRIES).collect::<Vec<_>>());
    assert_eq!(journal.open_changes("prod").await.unwrap().len(), ROUNDS);
}

#[tokio::test]
async fn processes_on_sqlite_share_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    three_processes(home.path().join("journal.db").to_str().unwrap()).await;
}

#[tokio::test]
async fn processes_on_mariadb_share_nothing_twice() {
    let mariadb = mariadb::MariaDb::start();
    three_processes(&mariadb.url()).await;
}

/// A new journal is made once, by however many at once.
#[tokio::test]
async fn handles_that_open_a_new_journal_at_once() {
    let home = tempfile::tempdir().unwrap();
    let mariadb = mariadb::MariaDb::start();
    for location in [file(&home.path().join("journal.db")), server(&mariadb.url())] {
        let (a, b, c, d) = tokio::join!(open(&location), open(&location), open(&location), open(&location));
        for (n, journal) in [a, b, c, d].into_iter().enumerate() {
            let seq = journal.append(note(0, "prod")).await.unwrap().seq;
            assert_eq!(seq, i64::try_from(n).unwrap() + 1);
        }
    }
}

/// Readers never see a position before the ones below it.
#[tokio::test(flavor = "multi_thread")]
async fn positions_become_visible_in_order() {
    let home = tempfile::tempdir().unwrap();
    let mariadb = mariadb::MariaDb::start();
    for location in [file(&home.path().join("journal.db")), server(&mariadb.url())] {
        let (one, other, reader) = (open(&location).await, open(&location).await, open(&location).await);
        let append = async |journal: &Arc<dyn Journal>| {
            for n in 0..100 {
                journal.append(note(n, "prod")).await.unwrap();
            }
        };
        let follow = async {
            let mut seen = 0;
            while seen < 200 {
                let query = Query { after: Some(seen), ..Query::default() };
                for entry in reader.read(&query).await.unwrap() {
                    seen += 1;
                    assert_eq!(entry.seq, seen, "a gap that was filled later");
                }
            }
        };
        tokio::join!(append(&one), append(&other), follow);
    }
}

#[tokio::test]
async fn what_was_appended_survives_a_kill() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    let mut killed = start("append", path.to_str().unwrap());
    let mut output = BufReader::new(killed.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let promised = output.by_ref().find_map(|l| {
        let seq: i64 = l.split_once("> ")?.1.parse().ok()?;
        (seq >= 50).then_some(seq)
    });
    killed.0.kill().unwrap();
    killed.0.wait().unwrap();
    // What it said before the signal reached it counts too; its last line may be cut.
    let promised = output.filter_map(|l| l.split_once("> ")?.1.parse().ok()).last().or(promised).unwrap();
    let journal = open(&file(&path)).await;
    let all = journal.read(&Query::default()).await.unwrap();
    let last = all.last().unwrap().seq;
    assert!(last == promised || last == promised + 1, "{promised} were promised, {last} are there");
    assert_eq!(i64::try_from(all.len()).unwrap(), last);
    assert_eq!(journal.append(note(0, "prod")).await.unwrap().seq, last + 1);
}
