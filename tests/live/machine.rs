//! A demo in a terminal, and what of it runs on this machine.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use miharu::clock::Clock;
use rustix::process::Pid;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::terminal::Terminal;

/// Liveness deadline of what several processes have to do together, on a machine that does other things, too; some of
/// it shows in the numbers of a whole minute alone.
const PATIENCE: Duration = Duration::from_secs(240);

/// A demo and the directory that it makes its own in.
pub struct Demo {
    pub terminal: Terminal,
    home: tempfile::TempDir,
    pid: Pid,
}

/// Whether a process lives; one that only waits to be noticed by its parent does not.
pub fn alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// The process that started another one.
fn parent(pid: Pid) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.split(' ').nth(1)?.parse().ok()
}

impl Demo {
    /// The console on `script`, `speed` times as fast.
    pub fn start(name: &str, script: &str, speed: u32) -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(format!("{name}.toml"));
        fs::write(&file, script).unwrap();
        Self::on(&file.display().to_string(), home, speed)
    }

    /// The console on a scenario that comes with it.
    pub fn shipped(name: &str, speed: u32) -> Self {
        Self::on(name, tempfile::tempdir().unwrap(), speed)
    }

    fn on(scenario: &str, home: tempfile::TempDir, speed: u32) -> Self {
        let speed = speed.to_string();
        let variables = [("TMPDIR".to_owned(), home.path().display().to_string())];
        let arguments = ["demo", "--seed", "7", "--speed", &speed, "--scenario", scenario];
        let terminal = Terminal::start_with(&arguments, &variables, 160, 48);
        let pid = terminal.pid();
        terminal.shows("all fresh");
        Self { terminal, home, pid }
    }

    /// The demo's processes with `word` on their command line.
    pub fn found(&self, word: &str) -> Vec<Pid> {
        let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok().and_then(Pid::from_raw)?;
            (parent(pid)? == self.pid.as_raw_nonzero().get() && alive(pid)).then_some(pid)
        });
        let named = |pid: &Pid| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|b| *b == 0).any(|argument| argument == word.as_bytes())
        };
        all.filter(named).collect()
    }

    /// Waits until so many tasks are processes, and exactly so many.
    pub fn tasks(&self, n: usize) -> Vec<Pid> {
        self.until(&format!("{n} tasks"), |demo| Some(demo.found("hakaru")).filter(|found| found.len() == n))
    }

    /// Waits until there is what `wanted` looks for.
    pub fn until<T>(&self, what: &str, wanted: impl Fn(&Self) -> Option<T>) -> T {
        let waited = Clock::stopwatch();
        loop {
            if let Some(found) = wanted(self) {
                return found;
            }
            assert!(waited() < PATIENCE, "{what}: never; the screen is\n{}", self.terminal.text());
            sleep(Duration::from_millis(50));
        }
    }

    /// The directory of the demo, while there is one.
    pub fn directory(&self) -> Option<PathBuf> {
        let all = fs::read_dir(self.home.path()).unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        all.filter(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("miharu-demo-")))
            .find(|path| path.is_dir())
    }

    /// Requests and those that succeeded, as the load tells.
    pub fn counts(&self) -> Option<(f64, f64)> {
        let pid = u32::try_from(self.pid.as_raw_nonzero().get()).unwrap();
        let [_, b, c, d] = pid.to_be_bytes();
        let address = (Ipv4Addr::new(127, 128 | (b & 0x7f), c, d), 9091);
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let lines = text
            .lines()
            .filter_map(|l| l.strip_prefix("kakeru_requests_total{outcome=\"")?.split_once("\"} "));
        let (mut all, mut good) = (0.0, 0.0);
        for (outcome, n) in lines {
            let n: f64 = n.parse().ok()?;
            all += n;
            good += if outcome == "success" { n } else { 0.0 };
        }
        Some((all, good))
    }

    /// Rows in the event log.
    pub fn rows(&self) -> f64 {
        let file = self.directory().expect("the demo's directory").join("eventlog.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let rows: i64 = runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(file).read_only(true);
            let mut connection = options.busy_timeout(PATIENCE).connect().await.unwrap();
            sqlx::query_scalar("SELECT COUNT(*) FROM eventlog").fetch_one(&mut connection).await.unwrap()
        });
        rows as f64
    }

    /// The success ratio over so long, once there is traffic.
    pub fn ratio_over(&self, time: Duration) -> f64 {
        let traffic = |demo: &Self| demo.counts().filter(|(all, good)| *all > 0.0 && *good > 0.0);
        let before = self.until("traffic", traffic);
        sleep(time);
        self.until("more traffic", |demo| {
            let now = demo.counts()?;
            let all = now.0 - before.0;
            (all > 50.0).then(|| (now.1 - before.1) / all)
        })
    }

    /// Reads the first plan to its end and approves it.
    pub fn approve(&mut self) {
        // Keys that come together are taken for pasted ones.
        let pause = Duration::from_millis(300);
        self.terminal.press("a");
        self.terminal.until("the plan", |s| s.contains("expires in") || s.contains("read to the end"));
        sleep(pause);
        self.terminal.press("G");
        self.terminal.until("its end", |s| s.contains("expires in") && !s.contains("read to the end"));
        sleep(pause);
        self.terminal.press("a");
        self.terminal.shows("Apply this plan?");
        sleep(Duration::from_millis(2300)); // the question takes no answer before that
        self.terminal.press("Y");
    }
}
