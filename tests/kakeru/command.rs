//! The command: its contract of flags, JSON and exit codes.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::server::{Answer, Server};

fn miharu(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_miharu")).arg("kakeru").args(args).stdin(Stdio::null()).output().unwrap()
}

/// A load that a busy machine cannot spoil.
fn load(args: &[&str]) -> Output {
    miharu(&[args, &["--timeout", "60s", "--max-lag", "60s"]].concat())
}

fn words(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

#[test]
fn json_is_one_object_of_the_contract_and_nothing_else_is_on_standard_output() {
    let server = Server::start(|_| Answer::Status(200));
    let output =
        miharu(&[&server.url(), "--rate", "100", "--duration", "1s", "--json", "--objective", "0.999"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = json(&output);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&report),
        "target rate_per_s sent succeeded failed success_ratio latency_ms offered_exactly took_s histogram"
    );
    assert_eq!(keys(&report["latency_ms"]), "p50 p90 p99 p999 max");
    assert_eq!((&report["sent"], &report["offered_exactly"]), (&100.into(), &true.into()));
    assert_eq!(words(&output.stdout).lines().count(), 1);
    let said = words(&output.stderr);
    assert!(said.starts_with("kakeru: ") && said.contains("100/s for 1 s"), "{said}");
    assert!(!said.contains('\r') && !said.contains('\x1b'), "no progress into a pipe: {said:?}");
}

#[test]
fn a_missed_objective_is_exit_1_and_said() {
    let server = Server::start(|n| Answer::Status(if n % 50 == 0 { 503 } else { 200 }));
    let with = |objective: &str| {
        miharu(&[
            &server.url(),
            "--rate",
            "100",
            "--duration",
            "1s",
            "--keep-alive",
            "--objective",
            objective,
        ])
    };
    let missed = with("99.9%");
    assert_eq!(missed.status.code(), Some(1), "{missed:?}");
    let text = words(&missed.stdout);
    assert!(text.contains("objective 99.90 % MISSED") && text.contains("status 503: 2"), "{text}");
    let met = with("0.98");
    assert_eq!(met.status.code(), Some(0), "{met:?}");
    assert!(words(&met.stdout).contains("objective 98.00 % met"), "{met:?}");
}

#[test]
fn reports_of_files_are_added() {
    let server = Server::start(|_| Answer::Status(200));
    let folder = tempfile::tempdir().unwrap();
    let files = ["a", "b"].map(|name| {
        let output = load(&[&server.url(), "--rate", "50", "--duration", "1s", "--json"]);
        let path = folder.path().join(name);
        std::fs::write(&path, &output.stdout).unwrap();
        path.display().to_string()
    });
    let output = miharu(&["merge", &files[0], &files[1], "--objective", "1"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let sum = json(&output);
    assert_eq!((&sum["sent"], &sum["rate_per_s"]), (&100.into(), &100.0.into()));
    assert!(words(&output.stderr).contains("succeeded  100 = 100.000 %"), "{output:?}");

    let broken = folder.path().join("c").display().to_string();
    std::fs::File::create(&broken).unwrap().write_all(b"{}").unwrap();
    let output = miharu(&["merge", "--json", &files[0], &broken]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(words(&output.stderr).contains("is no report of kakeru"), "{output:?}");
}

#[test]
fn wrong_usage_is_exit_2() {
    for args in [
        &["http://127.0.0.1:1"][..],
        &["--rate", "1", "--duration", "1s"],
        &["http://127.0.0.1:1", "--rate", "1"],
        &["http://127.0.0.1:1", "--scenario", "9"],
        &["http://127.0.0.1:1", "--scenario", "1", "--rate", "5", "--duration", "1s"],
        &["http://127.0.0.1:1", "--rate", "0", "--duration", "1s"],
        &["http://127.0.0.1:1", "--rate", "1", "--duration", "never"],
        &["http://127.0.0.1:1", "--rate", "1", "--duration", "1s", "--objective", "99.9"],
        &["https://127.0.0.1:1", "--rate", "1", "--duration", "1s"],
        &["merge"],
        &["merge", "/no/such/file"],
    ] {
        let output = miharu(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
    }
}

#[test]
fn much_load_on_another_machine_needs_consent() {
    // An address for documentation: nobody is there, and nothing is sent.
    let output = miharu(&["http://192.0.2.1", "--rate", "201", "--duration", "1s"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let said = words(&output.stderr);
    assert!(said.contains("at 192.0.2.1:80") && said.contains("--yes"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn interrupted_it_reports_what_was_done() {
    let server = Server::start(|_| Answer::Status(200));
    let child = Command::new(env!("CARGO_BIN_EXE_miharu"))
        .args(["kakeru", &server.url(), "--rate", "50", "--duration", "1h", "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while server.requests() < 20 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = json(&output);
    assert_eq!((&report["sent"], &report["offered_exactly"]), (&server.requests().into(), &false.into()));
    assert!(words(&output.stderr).contains("stopped before its end"), "{output:?}");
}

#[test]
fn metrics_are_served_while_it_runs() {
    use std::io::Read;
    let server = Server::start(|_| Answer::Status(200));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut child = Command::new(env!("CARGO_BIN_EXE_miharu"))
        .args(["kakeru", &server.url(), "--rate", "50", "--duration", "1h", "--metrics", &free])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut text = String::new();
    let mut tries = 0;
    while !text.contains("kakeru_requests_total{outcome=\"success\"}") && tries < 600 {
        tries += 1;
        std::thread::sleep(Duration::from_millis(100));
        text.clear();
        let Ok(mut reader) = std::net::TcpStream::connect(&free) else { continue };
        let asked = reader.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        if asked.is_ok() {
            let _ = reader.read_to_string(&mut text);
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    for name in
        ["kakeru_offered_rate 50", "kakeru_request_duration_seconds_count", "kakeru_requests_in_flight"]
    {
        assert!(text.contains(name), "{name}: {text}");
    }
}
