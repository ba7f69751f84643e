//! The real binary in a pseudo-terminal.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use miharu::clock::Clock;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Liveness deadline of one expectation; ten times what a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program in a terminal of its own.
pub struct Terminal {
    /// `None`: closed.
    master: Option<Box<dyn MasterPty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Arc<Mutex<Seen>>,
    line: Arc<Line>,
    reads: JoinHandle<()>,
    before: String,
}

/// The line between program and terminal.
#[derive(Default)]
struct Line {
    /// Nothing is read any more.
    stalled: AtomicBool,
    /// The terminal is being closed.
    closing: AtomicBool,
    /// East Asian ambiguous characters take two columns, as it tells when it is asked for the first time.
    wide: AtomicBool,
    /// What the line carries, in bytes a second; 0: no limit. Its buffers take everything at once, as SSH's do.
    rate: AtomicUsize,
    /// What waits in those buffers.
    waiting: Mutex<VecDeque<u8>>,
}

impl Line {
    /// What arrives within `time`: a busy machine makes the steps longer, and not the line slower.
    fn carry(&self, time: Duration) -> Vec<u8> {
        let mut waiting = self.waiting.lock().unwrap();
        let some = match self.rate.load(Ordering::SeqCst) {
            0 => waiting.len(),
            rate => rate * time.as_millis() as usize / 1_000,
        };
        let some = some.min(waiting.len());
        waiting.drain(..some).collect()
    }
}

/// The grain of a slow line.
const STEP: Duration = Duration::from_millis(10);

/// How often `what` ends within `new`, when it may have begun in `old`.
fn ends_in(old: &[u8], new: &[u8], what: &[u8]) -> usize {
    let before = old.len().min(what.len() - 1);
    let both = [&old[old.len() - before..], new].concat();
    both.windows(what.len()).filter(|w| *w == what).count()
}

/// What the program wrote: raw, and as a screen.
pub struct Seen {
    pub raw: Vec<u8>,
    pub screen: vt100::Parser,
}

impl Terminal {
    /// Starts the binary with `args` in a terminal of `cols` × `rows`. Settings of the user are not seen.
    pub fn start(args: &[&str], cols: u16, rows: u16) -> Self {
        Self::start_with(args, &[], cols, rows)
    }

    /// As [`Terminal::start`], with more variables.
    pub fn start_with(args: &[&str], variables: &[(String, String)], cols: u16, rows: u16) -> Self {
        Self::start_on(Line::default(), args, variables, cols, rows)
    }

    /// As [`Terminal::start`], on a terminal whose East Asian ambiguous characters take two columns.
    pub fn start_wide(args: &[&str], cols: u16, rows: u16) -> Self {
        let line = Line { wide: AtomicBool::new(true), ..Line::default() };
        Self::start_on(line, args, &[], cols, rows)
    }

    fn start_on(line: Line, args: &[&str], variables: &[(String, String)], cols: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(cols, rows)).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_miharu"));
        command.args(args);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", env!("CARGO_TARGET_TMPDIR"));
        command.env("PATH", "/usr/bin:/bin");
        for (name, value) in variables {
            command.env(name, value);
        }
        let before = termios(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the binary starts");
        drop(pair.slave);
        let seen = Arc::new(Mutex::new(Seen {
            raw: Vec::new(),
            screen: vt100::Parser::new(cells(rows), cells(cols), 0),
        }));
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let line = Arc::new(line);
        let keys = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let to = Arc::clone(&line);
        let reads = std::thread::spawn(move || {
            let mut bytes = vec![0_u8; 65_536];
            while let Ok(n) = reader.read(&mut bytes) {
                if n == 0 || to.closing.load(Ordering::SeqCst) {
                    break;
                }
                while to.stalled.load(Ordering::SeqCst) {
                    sleep(Duration::from_millis(5));
                }
                to.waiting.lock().unwrap().extend(&bytes[..n]);
            }
        });
        let (from, sink, answers) = (Arc::downgrade(&line), Arc::clone(&seen), Arc::clone(&keys));
        std::thread::spawn(move || {
            let mut first = true;
            let clock = Clock::stopwatch();
            let mut carried = Duration::ZERO;
            while let Some(line) = from.upgrade() {
                let step = clock().saturating_sub(carried);
                let bytes = line.carry(step);
                carried += Duration::from_millis(u64::try_from(step.as_millis()).unwrap()); // the rest counts next time
                let wide = line.wide.load(Ordering::SeqCst);
                drop(line);
                let mut seen = sink.lock().unwrap();
                let asked = ends_in(&seen.raw, &bytes, b"\x1b[6n");
                seen.raw.extend_from_slice(&bytes);
                seen.screen.process(&bytes);
                drop(seen);
                for _ in 0..asked {
                    // the first question is where one such character has left the cursor
                    let answer: &[u8] = match std::mem::take(&mut first) {
                        true if wide => b"\x1b[1;3R",
                        true => b"\x1b[1;2R",
                        false => b"\x1b[1;1R",
                    };
                    let _ = answers.lock().unwrap().write_all(answer);
                }
                sleep(STEP);
            }
        });
        Self { master: Some(pair.master), child, keys, seen, line, reads, before }
    }

    /// The screen as text.
    pub fn text(&self) -> String {
        self.seen.lock().unwrap().screen.screen().contents()
    }

    /// Bytes written so far.
    pub fn written(&self) -> usize {
        self.seen.lock().unwrap().raw.len()
    }

    /// The raw bytes so far.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().raw).into_owned()
    }

    /// Types bytes.
    pub fn press(&mut self, keys: &str) {
        let mut typed = self.keys.lock().unwrap();
        typed.write_all(keys.as_bytes()).expect("the terminal takes keys");
        typed.flush().expect("the terminal takes keys");
    }

    /// Closes what lies over the screen, whether one thing or several. A key right behind an escape would be one
    /// chord with it, also when a busy machine reads both at once: so each escape has its time, and what is not
    /// open takes none.
    pub fn closes(&mut self) {
        let waited = Clock::stopwatch();
        while self.text().contains('╭') {
            assert!(waited() < PATIENCE, "still open:\n{}", self.text());
            self.press("\x1b");
            let pressed = Clock::stopwatch();
            while pressed() < Duration::from_secs(2) && self.text().contains('╭') {
                sleep(Duration::from_millis(20));
            }
            sleep(Duration::from_millis(500));
        }
    }

    /// Waits until the screen fulfils `wanted`.
    pub fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) {
        let waited = Clock::stopwatch();
        while !wanted(&self.text()) {
            assert!(waited() < PATIENCE, "{what}: never; the screen is\n{}", self.text());
            sleep(Duration::from_millis(20));
        }
    }

    /// Waits until `text` is on the screen.
    pub fn shows(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Reads nothing more of what the program writes, as a stalled line does.
    pub fn stall(&self) {
        self.line.stalled.store(true, Ordering::SeqCst);
    }

    /// From now on the line carries so many bytes a second, and takes everything at once all the same.
    pub fn slow(&self, bytes_per_s: usize) {
        self.line.rate.store(bytes_per_s, Ordering::SeqCst);
    }

    /// Bytes that the program wrote and the terminal has not seen yet.
    pub fn waiting(&self) -> usize {
        self.line.waiting.lock().unwrap().len()
    }

    /// Waits until the process is in a state of `ps` (T: stopped).
    pub fn is_in_state(&self, state: char) {
        let path = format!("/proc/{}/stat", self.child.process_id().expect("running"));
        let waited = Clock::stopwatch();
        loop {
            let stat = std::fs::read_to_string(&path).expect("running");
            let now = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
            if now == Some(state) {
                return;
            }
            assert!(waited() < PATIENCE, "the process is in state {now:?}, not {state}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.seen.lock().unwrap().screen.screen_mut().set_size(cells(rows), cells(cols));
        self.master.as_ref().expect("open").resize(size(cols, rows)).expect("resize");
    }

    /// Closes the terminal, as a window that is closed or a connection that is lost: nobody holds its other side.
    pub fn close(&mut self) {
        self.line.closing.store(true, Ordering::SeqCst);
        self.press("?"); // what is drawn wakes the reader, which ends
        let waited = Clock::stopwatch();
        while !self.reads.is_finished() {
            assert!(waited() < PATIENCE, "the terminal cannot be closed");
            sleep(Duration::from_millis(5));
        }
        *self.keys.lock().unwrap() = Box::new(std::io::sink());
        self.master = None;
    }

    /// Seconds of a processor that the program has used so far.
    pub fn processor_s(&self) -> f64 {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.pid().as_raw_nonzero())).expect("running");
        let after = stat.rsplit(") ").next().unwrap_or_default();
        let ticks = |n: usize| after.split(' ').nth(n).and_then(|t| t.parse::<f64>().ok()).expect("ticks");
        (ticks(11) + ticks(12)) / rustix::param::clock_ticks_per_second() as f64
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).expect("the signal is sent");
    }

    /// The program's process.
    pub fn pid(&self) -> rustix::process::Pid {
        let id = i32::try_from(self.child.process_id().expect("running")).expect("a pid");
        rustix::process::Pid::from_raw(id).expect("a pid")
    }

    /// Waits for the end.
    pub fn ends(&mut self) -> ExitStatus {
        let waited = Clock::stopwatch();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                sleep(Duration::from_millis(100)); // the reader takes the last bytes
                return status;
            }
            assert!(waited() < PATIENCE, "it does not end; the screen is\n{}", self.text());
            sleep(Duration::from_millis(20));
        }
    }

    /// Asserts that the terminal is as it was: modes, screen, cursor, line discipline.
    pub fn is_restored(&self) {
        let raw = self.raw();
        for (on, off, what) in [
            ("\x1b[?1049h", "\x1b[?1049l", "alternate screen"),
            ("\x1b[?2004h", "\x1b[?2004l", "bracketed paste"),
            ("\x1b[?25l", "\x1b[?25h", "hidden cursor"),
        ] {
            let (last_on, last_off) = (raw.rfind(on), raw.rfind(off));
            assert!(last_on.is_some(), "{what} was never taken");
            assert!(last_off > last_on, "{what} is left behind");
        }
        assert_eq!(
            raw.matches("\x1b[?2026h").count(),
            raw.matches("\x1b[?2026l").count(),
            "a synchronized update is left open"
        );
        for mouse in ["\x1b[?1000h", "\x1b[?1002h", "\x1b[?1003h", "\x1b[?1006h", "\x1b[?1015h", "\x1b[?9h"] {
            assert!(!raw.contains(mouse), "the mouse was taken: text could not be selected any more");
        }
        let (put_aside, taken_out) = (raw.rfind("\x1b[22;0t"), raw.rfind("\x1b[23;0t"));
        assert!(put_aside.is_some() && taken_out > put_aside, "the title is left behind");
        assert!(!raw[taken_out.unwrap_or(0)..].contains("\x1b]0;"), "the title is set after all");
        let master = self.master.as_ref().expect("open");
        assert_eq!(termios(&**master), self.before, "line discipline");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.line.stalled.store(false, Ordering::SeqCst);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn termios(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("termios"))
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).expect("a terminal has at least one cell")
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}
