//! The log tail: what is read, held, hidden, found and shown of log lines.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]

#[path = "logs/console.rs"]
mod console;
#[path = "logs/fake.rs"]
mod fake;
#[path = "logs/group.rs"]
mod group;
#[path = "logs/lines.rs"]
mod lines;
#[path = "logs/live.rs"]
mod live;
#[path = "logs/patterns.rs"]
mod patterns;
#[path = "logs/ring.rs"]
mod ring;
#[path = "logs/seen.rs"]
mod seen;
#[path = "logs/spill.rs"]
mod spill;
#[path = "logs/tail.rs"]
mod tail;
#[path = "logs/view.rs"]
mod view;

use std::borrow::Cow;
use std::cell::RefCell;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::domain::log::LogEvent;
use miharu::domain::log::batch::Batch;
use miharu::domain::log::intake::{Arrived, Intake};

thread_local! {
    /// Its expressions take longer to compile than all else that is done with a small batch.
    static INTAKE: RefCell<Intake> = RefCell::default();
}

/// What is seen is what came.
fn as_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// `ms` milliseconds after a certain instant.
fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_000 + ms).unwrap()
}

fn event(id: usize, group: &str, at: DateTime<Utc>, message: impl Into<String>) -> LogEvent {
    LogEvent {
        id: format!("{id:056}"),
        group: group.into(),
        stream: format!("stream/{}", id % 3),
        at,
        ingested_at: at + TimeDelta::seconds(1),
        message: message.into(),
    }
}

/// A batch of lines, at so many milliseconds each.
fn batch(lines: &[(i64, &str)]) -> Batch {
    let events =
        lines.iter().enumerate().map(|(i, (ms, text))| event(i, "/group", instant(*ms), *text)).collect();
    batch_of(events)
}

fn batch_of(events: Vec<LogEvent>) -> Batch {
    let arrived = events.into_iter().map(|event| Arrived { event, late: false }).collect();
    let mut blocks = INTAKE.with_borrow_mut(|intake| intake.blocks(arrived));
    assert!(blocks.len() <= 1, "small batches only");
    Batch { lines: blocks.pop().unwrap_or_default(), ..Batch::default() }
}
