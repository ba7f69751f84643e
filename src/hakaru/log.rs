//! What hakaru says: a few lines about itself, and, where asked for, a line a request. Writing never holds up a
//! request: lines go to a thread of their own over a bounded queue, and what has no room is counted.

use std::io::{BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::clock::Clock;

/// Lines that may wait.
const LINES: usize = 10_000;

/// Where lines go.
pub type Out = Box<dyn Write + Send>;

/// A request and its answer.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// From where.
    pub from: &'a str,
    /// Method.
    pub method: &'a str,
    /// Path and query as they came; a JSON string, so no control character reaches the terminal.
    pub uri: &'a str,
    /// Status.
    pub code: u16,
    /// From its head to its answer, milliseconds.
    pub ms: f64,
    /// Why it was not recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

/// See the module.
pub struct Log {
    clock: Clock,
    events: Mutex<Out>,
    lines: Option<SyncSender<Vec<u8>>>,
}

impl Log {
    /// Events go to `events`, lines about requests to `lines`, if at all. The thread ends when the log is gone.
    pub fn start(clock: Clock, events: Out, lines: Option<Out>) -> (Self, Option<JoinHandle<()>>) {
        let (lines, thread) = lines
            .map(|out| {
                let (lines, taken) = sync_channel(LINES);
                (lines, std::thread::spawn(move || write(&taken, out)))
            })
            .unzip();
        (Self { clock, events: Mutex::new(events), lines }, thread)
    }

    /// Says something about hakaru itself.
    pub fn say(&self, level: &str, text: &str) {
        let at = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let text = text.replace(char::is_control, "\u{fffd}");
        let mut out = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody may be listening, and that is no reason to stop.
        _ = writeln!(out, "{at} {level:<5} hakaru: {text}").and_then(|()| out.flush());
    }

    /// Whether requests are logged.
    pub fn requests(&self) -> bool {
        self.lines.is_some()
    }

    /// Writes a line about a request; `false` if there was no room for it.
    pub fn line(&self, line: &Line<'_>) -> bool {
        let Some(lines) = &self.lines else { return true };
        let Ok(mut text) = serde_json::to_vec(line) else { return false };
        text.push(b'\n');
        lines.try_send(text).is_ok()
    }

    /// What time it is.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

fn write(lines: &Receiver<Vec<u8>>, out: Out) {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    loop {
        let line = match lines.try_recv() {
            Ok(line) => Some(line),
            Err(TryRecvError::Empty) => {
                // Nothing more at the moment: what there is gets out.
                _ = out.flush();
                lines.recv().ok()
            }
            Err(TryRecvError::Disconnected) => None,
        };
        let Some(line) = line else { break };
        if out.write_all(&line).is_err() {
            break;
        }
    }
    _ = out.flush();
}
