//! What happens to a change, as it happens: one line an entry of the journal, for people or as JSON.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::domain::journal::{Entry, EntryKind};
use crate::language::say;
use crate::ui::history::{kind, summary};
use crate::ui::text::{padded, printable};

use super::ending::Ended;

/// Where the change stands that was told of last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is under way.
    Idle,
    /// Calls may have left.
    UnderWay,
    /// Everything is done, and its effect is watched.
    Watched,
}

/// Prints entries and remembers how far the change is.
pub struct Teller {
    json: bool,
    stage: Mutex<Stage>,
    change: Mutex<Option<String>>,
}

impl Teller {
    /// Prints as JSON, or for people.
    pub fn new(json: bool) -> Self {
        Self { json, stage: Mutex::new(Stage::Idle), change: Mutex::default() }
    }

    /// Where the change stands.
    pub fn stage(&self) -> Stage {
        *self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The change that was told of last.
    pub fn change(&self) -> Option<String> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Prints an entry.
    pub fn tell(&self, entry: &Entry) {
        if let Some(change) = &entry.change {
            *self.change.lock().unwrap_or_else(PoisonError::into_inner) = Some(change.clone());
            let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
            *stage = match entry.event {
                EntryKind::Note => *stage,
                EntryKind::Converged => Stage::Watched,
                EntryKind::Approved
                | EntryKind::Started
                | EntryKind::Succeeded
                | EntryKind::Failed
                | EntryKind::Unknown => Stage::UnderWay,
                _ => Stage::Idle,
            };
        }
        if self.json {
            put(&json!(entry).to_string());
        } else {
            put(&line(entry, "%H:%M:%SZ"));
        }
    }

    /// Prints the last line: how it ended.
    pub fn ended(&self, ended: &Ended) {
        if self.json {
            put(&json!({ "change": ended.change, "outcome": ended.outcome, "exit": ended.exit }).to_string());
        } else if ended.exit == 0 {
            put(&say(format!("{}{}", ended.outcome, ended.because())));
        }
        if ended.exit != 0 {
            super::say(&format!("miharu: {}{}", ended.outcome, ended.because()));
        }
    }
}

/// Whoever reads it may be gone; the change goes on.
pub fn put(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// An entry in a line; `time` is the form of its time.
pub fn line(entry: &Entry, time: &str) -> String {
    let step = entry.step.map_or_else(String::new, |n| format!("step {n}"));
    let words = words(entry);
    let (kind, step) = (padded(&say(kind(entry.event).1), 12), padded(&say(step), 7));
    let line = format!("{}  {kind} {step} {words}", entry.at.format(time));
    printable(line.trim_end()).into_owned()
}

/// What an entry says.
pub fn words(entry: &Entry) -> String {
    let detail = &entry.detail;
    let text = |path: &str| detail.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let told = match entry.event {
        EntryKind::Started => return text("/request/cli").unwrap_or_else(|| summary(entry)),
        EntryKind::Succeeded => return outputs(detail),
        EntryKind::Note => text("/progress"),
        EntryKind::Proposed | EntryKind::Approved => text("/plan/title")
            .zip(text("/plan/recommendation"))
            .map(|(title, id)| format!("{title} ({id}) by {}", entry.by)),
        EntryKind::Verified => {
            text("/verification/verdict").map(|verdict| format!("verdict: {}", verdict.replace('-', " ")))
        }
        EntryKind::Converged => detail
            .get("steps")
            .and_then(Value::as_u64)
            .map(|n| format!("{n} of {n} steps, every target is reached")),
        EntryKind::Armed => Some(format!("by {}", entry.by)),
        EntryKind::Refused | EntryKind::Expired => {
            let guardrails = match detail.get("guardrails").or_else(|| detail.get("guardrail")) {
                Some(Value::Array(names)) => {
                    names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
                }
                Some(Value::String(name)) => name.clone(),
                _ => String::new(),
            };
            let reason = text("/reason").unwrap_or_default();
            // Some reasons name their guardrail themselves.
            Some(if reason.starts_with(&guardrails) { reason } else { format!("{guardrails}: {reason}") })
        }
        _ => None,
    };
    told.map_or_else(|| summary(entry), |words| say(words).into_owned())
}

/// What a step gave.
fn outputs(detail: &Value) -> String {
    let given = detail.get("outputs").and_then(Value::as_object);
    let mut out: Vec<String> = given
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or_default()))
        .collect();
    if detail.get("found_by_reading").and_then(Value::as_bool) == Some(true) {
        out.push(say("found by reading").into_owned());
    }
    out.join(", ")
}

/// SIGINT and SIGTERM.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// What a signal is to bring about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// What is under way comes to a good end first.
    Finish,
    /// The end, now.
    End,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    ///
    /// # Errors
    /// The system does not deliver them.
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Does `work`; a first signal asks `first` what it means, a second one ends it. `None`: it was ended.
    pub async fn during<T>(&mut self, work: impl Future<Output = T>, first: impl Fn() -> Wish) -> Option<T> {
        let mut work = Box::pin(work);
        tokio::select! {
            done = &mut work => return Some(done),
            () = self.next() => {}
        }
        if first() == Wish::End {
            return None;
        }
        tokio::select! {
            done = &mut work => Some(done),
            () = self.next() => None,
        }
    }
}
