//! How it ends: what was acknowledged is recorded.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::database::{assert_recorded, fresh, server, sqlite_values, values};
use super::load::{Load, answer};
use super::process::{Hakaru, sqlite};

/// Clients of a load.
const CLIENTS: u32 = 16;
/// A disk that others keep busy is not what is tested: nobody is refused for it.
const PATIENT: [&str; 4] = ["--patience", "60000", "--drain", "120"];

#[test]
fn sigterm_under_load_loses_and_refuses_nothing() {
    let server = &server();
    let home = tempfile::tempdir().unwrap();
    for engine in ["mysql", "sqlite"] {
        let url = if engine == "mysql" { fresh(server, "sigterm", "utf8mb4") } else { sqlite(home.path()) };
        let hakaru = Hakaru::start(&url, &PATIENT).ready();
        let load = Load::start(&[hakaru.address], CLIENTS).on(1000);
        let (status, said) = hakaru.stop();
        let seen = load.stop();
        assert!(status.success() && said.contains("stopped"), "{engine}: {status}, said:\n{said}{seen:?}");
        seen.assert_all_answered(&said);
        let recorded = if engine == "mysql" {
            values(server, "sigterm")
        } else {
            sqlite_values(&home.path().join("log.db"))
        };
        assert_recorded(&seen.acknowledged, &recorded);
        assert_eq!(recorded.len(), seen.count(), "{engine}: recorded == acknowledged; hakaru said:\n{said}");
        assert!(seen.count() > 100, "{engine}: there was a load: {}", seen.count());
    }
}

fn ask(stream: &mut TcpStream, value: u32) {
    write!(stream, "GET /hakaru?name=open&value={value} HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
}

/// The signal is there first, and who has connected meanwhile has only been seen by the kernel.
#[test]
fn who_has_connected_before_sigterm_is_seen_is_answered() {
    const MANY: u32 = 200;
    let home = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&sqlite(home.path()), &PATIENT).ready();
    let mut kept = hakaru.connect();
    ask(&mut kept, 0);
    assert_eq!(answer(&mut kept).unwrap().status, 200);
    kill_process(hakaru.pid(), Signal::STOP).unwrap();
    let mut clients: Vec<TcpStream> = (1..MANY).map(|_| hakaru.connect()).collect();
    clients.insert(0, kept);
    for (value, client) in (MANY..).zip(&mut clients) {
        ask(client, value);
    }
    hakaru.terminate();
    kill_process(hakaru.pid(), Signal::CONT).unwrap();
    for (n, client) in clients.iter_mut().enumerate() {
        let reply =
            answer(client).unwrap_or_else(|e| panic!("client {n}: {e}; hakaru said:\n{}", hakaru.said()));
        assert_eq!(reply.status, 200, "client {n}: {reply:?}");
    }
    let (status, said) = hakaru.stop();
    assert!(status.success(), "{said}");
    assert_eq!(sqlite_values(&home.path().join("log.db")).len(), MANY as usize + 1);
}

/// Idle connections are closed a second after the signal. Requests that have come by then, of which the process has
/// not heard yet, are answered all the same.
#[test]
fn a_request_that_came_before_its_idle_connection_is_closed_is_answered() {
    const MANY: u32 = 200;
    // The process has to be held within that second, which a busy machine may miss.
    for attempt in 1..=10 {
        let home = tempfile::tempdir().unwrap();
        let hakaru = Hakaru::start(&sqlite(home.path()), &PATIENT).ready();
        let mut clients: Vec<TcpStream> = (0..MANY).map(|_| hakaru.connect()).collect();
        for (value, client) in (0..).zip(&mut clients) {
            ask(client, value);
            assert_eq!(answer(client).unwrap().status, 200);
        }
        hakaru.terminate();
        hakaru.until("nobody listens any more", || TcpStream::connect(hakaru.address).is_err());
        kill_process(hakaru.pid(), Signal::STOP).unwrap();
        let closed = |client: &TcpStream| {
            client.set_nonblocking(true).unwrap();
            let seen = client.peek(&mut [0]).is_ok();
            client.set_nonblocking(false).unwrap();
            seen
        };
        let late = clients.iter().any(closed);
        if !late {
            for (value, client) in (MANY..).zip(&mut clients) {
                ask(client, value);
            }
        }
        std::thread::sleep(Duration::from_millis(1500));
        kill_process(hakaru.pid(), Signal::CONT).unwrap();
        if late {
            assert!(attempt < 10, "this machine is too busy: hakaru could never be held in time");
            continue;
        }
        for (n, client) in clients.iter_mut().enumerate() {
            let reply =
                answer(client).unwrap_or_else(|e| panic!("client {n}: {e}; hakaru said:\n{}", hakaru.said()));
            assert_eq!((reply.status, reply.header("connection")), (200, Some("close")), "client {n}");
        }
        let (status, said) = hakaru.stop();
        assert!(status.success(), "{said}");
        assert_eq!(sqlite_values(&home.path().join("log.db")).len(), 2 * MANY as usize);
        return;
    }
}

#[test]
fn sigkill_under_load_loses_nothing_that_was_acknowledged() {
    let server = &server();
    let home = tempfile::tempdir().unwrap();
    for engine in ["mysql", "sqlite"] {
        let url = if engine == "mysql" { fresh(server, "sigkill", "utf8mb4") } else { sqlite(home.path()) };
        let hakaru = Hakaru::start(&url, &PATIENT).ready();
        let load = Load::start(&[hakaru.address], CLIENTS).on(700);
        hakaru.kill();
        let seen = load.stop();
        // The server goes on with what it was given last.
        let settled = Hakaru::start(&url, &[]).ready();
        assert!(settled.stop().0.success());
        let recorded = if engine == "mysql" {
            values(server, "sigkill")
        } else {
            sqlite_values(&home.path().join("log.db"))
        };
        assert_recorded(&seen.acknowledged, &recorded);
        assert!(recorded.len() <= seen.count() + CLIENTS as usize, "{engine}: more than was under way");
        assert!(seen.count() > 100, "there was a load: {}", seen.count());
    }
}

#[test]
fn two_instances_share_a_database() {
    let server = &server();
    let home = tempfile::tempdir().unwrap();
    for engine in ["mysql", "sqlite"] {
        let url = if engine == "mysql" { fresh(server, "two", "utf8mb4") } else { sqlite(home.path()) };
        // Both may make the table.
        let pair = [Hakaru::start(&url, &PATIENT), Hakaru::start(&url, &PATIENT)].map(Hakaru::ready);
        let seen = Load::start(&pair.each_ref().map(|h| h.address), CLIENTS).on(700).stop();
        let said = pair.map(|hakaru| {
            let (status, said) = hakaru.stop();
            assert!(status.success(), "{said}");
            said
        });
        seen.assert_all_answered(&said.join("\n"));
        let recorded = if engine == "mysql" {
            values(server, "two")
        } else {
            sqlite_values(&home.path().join("log.db"))
        };
        assert_recorded(&seen.acknowledged, &recorded);
        assert_eq!(recorded.len(), seen.count(), "{engine}");
    }
}
