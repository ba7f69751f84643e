//! Clients that are slow, many, or too early.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use super::process::{Hakaru, PATIENCE, sqlite};

#[test]
fn a_slow_head_ends_and_a_quiet_connection_stays() {
    let home = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&sqlite(home.path()), &[]).ready();
    let mut quiet = hakaru.connect();
    let mut slow = hakaru.connect();
    slow.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let start = Instant::now();
    let mut sent = 0;
    loop {
        assert!(start.elapsed() < PATIENCE, "a slow head is waited for for ever");
        // A write to a closed connection fails, at the latest the second one.
        let wrote = slow.write_all(&b"GET /hakaru?name=open&value=1 HTTP/1.1\r\nX: "[sent % 40..=sent % 40]);
        sent += 1;
        match (wrote, slow.read(&mut [0; 1])) {
            (Err(_), _) | (_, Ok(0)) => break,
            (_, Err(e))
                if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            (_, Err(_)) => break,
            (_, Ok(_)) => panic!("an answer to half a request"),
        }
    }
    assert!(start.elapsed() > Duration::from_secs(9), "closed after {:?}", start.elapsed());
    assert_eq!(hakaru.count("hakaru_slow_connections_total"), 1);
    quiet
        .write_all(b"GET /hakaru?name=open&value=1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    quiet.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn ten_thousand_quiet_connections_are_in_nobodys_way() {
    const MANY: usize = 10_000;
    raise_files();
    let home = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&sqlite(home.path()), &[]).ready();
    let quiet: Vec<_> = (0..MANY).map(|_| hakaru.connect()).collect();
    hakaru.until("all are connected", || hakaru.count("hakaru_connections") >= MANY as u64);
    for value in 0..20 {
        assert_eq!(hakaru.get(&format!("/hakaru?name=open&value={value}")).status, 200);
    }
    let memory = hakaru.count("process_resident_memory_bytes");
    assert!(memory < 300_000_000, "{memory} bytes");
    // Every one of them is still served.
    for mut stream in quiet.into_iter().step_by(1000) {
        stream.write_all(b"GET /ok HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let (status, said) = hakaru.stop();
    assert!(status.success(), "{said}");
}

fn raise_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    assert!(
        maximum.is_none_or(|m| m > 11_000),
        "this machine allows a process {maximum:?} files: ulimit -Hn 20000"
    );
}

#[test]
fn an_access_log_has_a_line_of_json_a_request() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("out");
    let mut command = std::process::Command::new("sh");
    command.args([
        "-c",
        &format!("exec \"$@\" --log >{}", out.display()),
        "sh",
        env!("CARGO_BIN_EXE_miharu"),
    ]);
    let hakaru = Hakaru::start_by(command, &sqlite(home.path()), &[]).ready();
    assert_eq!(hakaru.get("/hakaru?name=%1B%5B2J&value=1").status, 200);
    assert_eq!(hakaru.get("/hakaru?name=open&value=x").status, 400);
    let (status, said) = hakaru.stop();
    assert!(status.success(), "{said}");
    let text = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let found = |uri: &str| lines.iter().find(|l| l["uri"] == uri).unwrap_or_else(|| panic!("{uri}: {text}"));
    assert_eq!(found("/hakaru?name=%1B%5B2J&value=1")["code"], 200);
    let refused = found("/hakaru?name=open&value=x");
    assert_eq!(refused["reason"], "value is not a whole number from 0 to 4294967295");
}

#[test]
fn what_cannot_be_started_says_why_and_not_the_password() {
    let run = |database: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_miharu"));
        let command =
            command.arg("hakaru").args(arguments).env_clear().env("HAKARU_DATASOURCENAME", database);
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run("m:hunter2@udp(127.0.0.1:1)/h", &[]);
    assert!(
        code == 2 && said.contains("HAKARU_DATASOURCENAME") && !said.contains("hunter2"),
        "{code} {said}"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, said) = run("m:hunter2@tcp(127.0.0.1:1)/h", &["--listen", &address]);
    assert!(
        code == 1 && said.contains("cannot be listened on") && !said.contains("hunter2"),
        "{code} {said}"
    );
}
