//! Starts `tests/awspeer` and talks to its own door.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// How much faster than life the peers' ECS and EFS run: states of seconds pass in milliseconds.
const SPEED: &str = "1000";

/// A running AWS endpoint on loopback. It ends when it is dropped, and when this process ends.
pub struct Peer {
    child: Child,
    port: u16,
}

impl Peer {
    /// A peer of its own.
    pub fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new("python3")
            .arg(file("awspeer"))
            .args(["--port", "0", "--until-stdin-closes"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("ready ").and_then(|p| p.parse().ok());
        assert!(port.is_some(), "the peer said {line:?}");
        Self { port: port.unwrap(), child }
    }

    /// The peer that all tests of this process share. A region keeps their state apart.
    pub fn shared() -> &'static Self {
        static PEER: OnceLock<Peer> = OnceLock::new();
        PEER.get_or_init(|| Self::start(&["--speed", SPEED]))
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sets the faults of a region; `{}` ends them. See `tests/awspeer/__main__.py` for what there is.
    pub fn faults(&self, region: &str, faults: &Value) {
        self.ask("POST", &format!("/_peer/faults?region={region}"), Some(faults));
    }

    /// Every call that reached a region, oldest first.
    pub fn calls(&self, region: &str) -> Vec<Call> {
        let calls = self.ask("GET", &format!("/_peer/calls?region={region}"), None);
        serde_json::from_value(calls).expect("a list of calls")
    }

    /// One request at the peer's own door.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the peer listens");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: peer\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.starts_with("HTTP/1.1 200"), "{method} {path}: {answer}");
        serde_json::from_str(body).expect("JSON")
    }

    /// Runs a script of `tests/support` in the peer's Python and gives the JSON that it prints.
    pub fn python(&self, script: &str, arguments: &[String]) -> Value {
        let output = Command::new(python())
            .arg(file("support").join(script))
            .args(["--endpoint", &self.url()])
            .args(arguments)
            .stderr(Stdio::inherit())
            .output()
            .expect("the peer's Python is there");
        assert!(output.status.success(), "{script} failed");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One line of the peer's record.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Call {
    /// `efs`, `ecs`, `cloudwatch`, …
    pub service: String,
    /// `DescribeFileSystems`, …
    pub operation: String,
    /// HTTP status, or the fault.
    pub status: Option<String>,
    /// Access key that signed it.
    pub key: Option<String>,
    /// Members of the request, where it is JSON.
    pub input: Option<Value>,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The Python that the peer has installed moto and boto3 for.
#[expect(clippy::disallowed_methods, reason = "a test asks where its tools are")]
fn python() -> PathBuf {
    let venv = std::env::var("AWSPEER_VENV").map_or_else(
        |_| PathBuf::from(std::env::var("HOME").unwrap_or_default()).join(".cache/awspeer-venv"),
        PathBuf::from,
    );
    venv.join("bin/python3")
}
