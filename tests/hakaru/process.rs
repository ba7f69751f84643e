//! A hakaru of a test's own, and what can be asked of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longest that anything may take that comes in its own time.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running process. It is killed when dropped.
pub struct Hakaru {
    child: Child,
    pub address: SocketAddr,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub status: u16,
    /// The head as it came.
    pub head: String,
    pub body: String,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.lines().find(|l| l.to_lowercase().starts_with(&format!("{name}:")));
        found.and_then(|l| l.split_once(": ")).map(|(_, value)| value)
    }
}

impl Hakaru {
    /// Starts one on a free port, recording into `database`.
    pub fn start(database: &str, arguments: &[&str]) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_miharu")), database, arguments)
    }

    /// The same by another command that ends in running it.
    pub fn start_by(mut command: Command, database: &str, arguments: &[&str]) -> Self {
        command
            .args(["hakaru", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HAKARU_DATASOURCENAME", database)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut first = String::new();
        let address = loop {
            let Some(line) = lines.next() else { panic!("hakaru did not start: {first}") };
            first.push_str(&line.unwrap());
            first.push('\n');
            if let Some((_, rest)) = first.split_once("listening on http://") {
                break rest.split(',').next().unwrap().parse().unwrap();
            }
        };
        let said = Arc::new(Mutex::new(first));
        let keep = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut said = keep.lock().unwrap();
                said.push_str(&line);
                said.push('\n');
            }
        });
        Self { child, address, said, reader: Some(reader) }
    }

    /// Waits until it is well.
    pub fn ready(self) -> Self {
        self.until("/ok is ok", || self.get("/ok").status == 200);
        self
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits for something to become true.
    pub fn until(&self, what: &str, mut check: impl FnMut() -> bool) {
        let start = Instant::now();
        while !check() {
            assert!(start.elapsed() < PATIENCE, "{what}: never\n{}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks on a connection of its own.
    pub fn get(&self, uri: &str) -> Reply {
        self.ask(&format!("GET {uri} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
    }

    /// Sends bytes and reads the answer to the end of the connection.
    pub fn ask(&self, request: &str) -> Reply {
        let mut stream = self.connect();
        // The answer may come before the end of the request.
        _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        stream
            .read_to_end(&mut bytes)
            .unwrap_or_else(|e| panic!("{e} after {:?}", String::from_utf8_lossy(&bytes)));
        parse(&bytes)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// A sample of `/metrics`.
    pub fn count(&self, name: &str) -> u64 {
        let page = self.get("/metrics").body;
        let line = page.lines().find(|l| l.rsplit_once(' ').is_some_and(|(n, _)| n == name));
        line.unwrap_or_else(|| panic!("{name} is missing:\n{page}"))
            .rsplit_once(' ')
            .unwrap()
            .1
            .parse()
            .unwrap()
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// SIGTERM, and what comes of it.
    pub fn stop(mut self) -> (ExitStatus, String) {
        self.terminate();
        let status = self.ended();
        // It ends with the pipe.
        self.reader.take().unwrap().join().unwrap();
        (status, format!("{}{status}", self.said()))
    }

    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "hakaru does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Hakaru {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

pub fn parse(bytes: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}

/// A SQLite file's URL.
pub fn sqlite(dir: &Path) -> String {
    format!("sqlite://{}", dir.join("log.db").display())
}
