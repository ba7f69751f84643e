//! The real binary in a pseudo-terminal.

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use miharu::clock::Clock;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Liveness deadline of one expectation; ten times what a slow machine needs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program in a terminal of its own.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    seen: Arc<Mutex<Seen>>,
    stalled: Arc<AtomicBool>,
    before: String,
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
        let sink = Arc::clone(&seen);
        let stalled = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stalled);
        std::thread::spawn(move || {
            let mut bytes = vec![0_u8; 65_536];
            while let Ok(n) = reader.read(&mut bytes) {
                if n == 0 {
                    break;
                }
                while stop.load(Ordering::SeqCst) {
                    sleep(Duration::from_millis(5));
                }
                let mut seen = sink.lock().unwrap();
                seen.raw.extend_from_slice(&bytes[..n]);
                seen.screen.process(&bytes[..n]);
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        Self { master: pair.master, child, keys, seen, stalled, before }
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
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
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
        self.stalled.store(true, Ordering::SeqCst);
    }

    /// Another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.seen.lock().unwrap().screen.screen_mut().set_size(cells(rows), cells(cols));
        self.master.resize(size(cols, rows)).expect("resize");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.process_id().expect("running")).expect("a pid");
        let pid = rustix::process::Pid::from_raw(id).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("the signal is sent");
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
        assert_eq!(termios(&*self.master), self.before, "line discipline");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.stalled.store(false, Ordering::SeqCst);
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
