//! The real binary: no byte of terminal control, ends with its reader and by signals, tells what an AWS endpoint
//! does.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use miharu::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::peer::Peer;
use crate::support::sources::KEY;
use crate::support::world::World;

/// Ten times what a busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

struct Watching {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_miharu"));
    command
        .args(args)
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn read(stdout: ChildStdout) -> Receiver<String> {
    let (sender, lines) = sync_channel(1000);
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Watching {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = read(child.stdout.take().unwrap());
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line with all of `parts`.
    fn says(&mut self, parts: &[&str]) -> String {
        let waited = Clock::stopwatch();
        while waited() < PATIENCE {
            match self.lines.recv_timeout(PATIENCE.saturating_sub(waited())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if parts.iter().all(|p| line.contains(p)) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        panic!("no line with {parts:?} in\n{}", self.seen.join("\n"))
    }

    /// Waits for the end and gives the exit code; `None`: killed by a signal.
    fn ends(&mut self) -> Option<i32> {
        let waited = Clock::stopwatch();
        while waited() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end; it said\n{}", self.seen.join("\n"))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn in_a_pipe_it_writes_lines_of_plain_text_and_ends_when_its_time_is_over() {
    let output = command(&["demo", "--watch", "--for", "0s"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("Environment demo, account "), "{text}");
    assert!(
        text.contains("Service efs-mount-autoscaling-fargate-service steady, 6 of 6 tasks running. [demo "),
        "{text}"
    );
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(!text.contains("miharu apply"), "the demo's changes cannot be applied from elsewhere: {text}");
}

#[test]
fn json_is_one_object_a_line() {
    let output = command(&["demo", "--watch", "--for", "0s", "--json"]).output().unwrap();
    let lines: Vec<Value> = output
        .stdout
        .split(|b| *b == b'\n')
        .filter(|l| !l.is_empty())
        .map(|l| serde_json::from_slice(l).unwrap())
        .collect();
    assert!(lines.len() >= 5, "{lines:?}");
    for line in &lines {
        assert_eq!(line["environment"], "demo");
        assert_eq!(line["event"], "state");
        assert!(line["at"].as_str().unwrap().ends_with('Z') && !line["text"].as_str().unwrap().is_empty());
    }
    let low: Vec<&Value> = lines.iter().filter(|l| l["level"] == "low").collect();
    assert!(low.iter().any(|l| l["key"] == "recommended/use-fargate-spot"), "{lines:?}");
}

#[test]
fn flags_of_lines_without_lines_are_bad_usage() {
    let output = command(&["demo", "--for", "5s"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("go with --watch"));
}

#[test]
fn signals_end_it_well_and_so_does_a_reader_that_is_gone() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut watching = Watching::start(command(&["demo", "--watch"]));
        watching.says(&["Environment demo"]);
        watching.signal(signal);
        assert_eq!(watching.ends(), Some(0), "{signal:?}");
    }
    // While nothing is to be written, too.
    let mut child = command(&["demo", "--watch", "--heartbeat", "0s"]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    drop(stdout);
    let (_, lines) = sync_channel(0);
    assert_eq!(Watching { child, lines, seen: Vec::new() }.ends(), Some(0));
}

#[test]
fn a_reader_that_reads_nothing_does_not_keep_it_from_ending() {
    let mut child = command(&["demo", "--watch", "--heartbeat", "1ms"]).spawn().unwrap();
    let stdout = child.stdout.take();
    std::thread::sleep(Duration::from_secs(2));
    let (_, lines) = sync_channel(0);
    let mut watching = Watching { child, lines, seen: Vec::new() };
    watching.signal(Signal::TERM);
    assert_eq!(watching.ends(), Some(0));
    drop(stdout);
}

#[test]
fn it_tells_what_an_endpoint_does_and_sends_nothing_but_reads() {
    let peer = Peer::shared();
    let world = World::create(peer, "eu-central-2", &[]);
    let mut command = command(&["watch", "--heartbeat", "2s"]);
    command.envs([
        ("EFS_FILE_SYSTEM_ID", world.file_system.as_str()),
        ("ECS_CLUSTER_NAME", &world.cluster),
        ("ECS_SERVICE_NAME", &world.service),
        ("AWS_REGION", &world.region),
        ("AWS_ENDPOINT_URL", &peer.url()),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("MIHARU_POLL__EFS", "2s"),
        ("MIHARU_POLL__ECS", "2s"),
    ]);
    let mut watching = Watching::start(command);
    watching.says(&["Environment default, account "]);
    watching.says(&[&world.file_system]);
    watching.says(&["Nothing new for 2 s"]);
    let fault = json!({"status": 400, "code": "ThrottlingException", "times": 100_000});
    peer.faults(&world.region, &json!({"ecs.*": fault}));
    watching.says(&["MEDIUM: failing, throttled: ecs."]);
    peer.faults(&world.region, &json!({}));
    watching.says(&["Recovered, no longer throttled: ecs."]);
    watching.signal(Signal::TERM);
    assert_eq!(watching.ends(), Some(0));
    let mine = peer.calls(&world.region).into_iter().filter(|c| c.key.as_deref() == Some(KEY));
    for call in mine {
        let read = miharu::aws::sdk::allow::READS.iter().any(|r| r.operation == call.operation);
        assert!(read, "{}:{} is not a read", call.service, call.operation);
    }
}
