//! Log lines for the scenes of the Logs screen, made into batches as the tail makes them.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::domain::log::LogEvent;
use miharu::domain::log::batch::{Batch, GroupStatus, TailCounts, TailState};
use miharu::domain::log::intake::{Arrived, Intake};
use miharu::domain::log::mark::{Mark, MarkChange, MarkKind, NeverRead};
use miharu::domain::source::Failure;
use miharu::ui::Ui;

use crate::parts::{ago, info, now, prepare};

pub const SERVICE: &str = "/ecs/efs-mount-autoscaling-fargate";
pub const MONITOR: &str = "/aws/lambda/efs-mount-autoscaling-file-monitor";

const TASKS: [&str; 3] = [
    "4f1c9e2a7b3d55668899aabbccddeeff",
    "a07be13399c144d2b1f07788deadbeef",
    "c93d0f5512ab4c77a1b2c3d4e5f60718",
];

/// What the service says in `n` turns, the oldest first, about ten lines a second until now.
fn said(n: usize, of: usize) -> (&'static str, String, String) {
    let stream = format!("ecs/file-svc/{}", TASKS[n % 3]);
    let text = match n % 40 {
        7 => format!("WARN mount target 10.0.{}.100 timed out after {} ms, skipped", n % 3 + 1, 2_000 + n % 700),
        19 => "ERROR publish failed: token=abcdef0123456789 was refused by the parameter store".to_owned(),
        23 => format!("{{\"level\":\"info\",\"msg\":\"counted\",\"files\":{},\"zone\":\"1d\",\"took\":{{\"ms\":{}}}}}", 61_000 + n, n % 90),
        29 => "DEBUG ファイル数を数えました（対象 /mnt/efs、3 ゾーン）".to_owned(),
        31 => "\u{1b}[32mINFO\u{1b}[0m colour that a terminal must never see \u{202e}nor this".to_owned(),
        37 if n + 60 > of => {
            "ERROR request failed\nTraceback (most recent call last):\n  File \"/app/serve.py\", line 118, in read\n    raise TimeoutError(path)\nTimeoutError: /mnt/efs/in/2026/11/20/0017".to_owned()
        }
        13 => {
            let text = format!("INFO START RequestId: 8f1d{n:04}-22aa-4c19-9d52-0f5a6b7c8d9e Version: $LATEST");
            return (MONITOR, "2026/11/20/[$LATEST]5b1f0c9d".to_owned(), text);
        }
        _ => format!("INFO GET /files/in/{:04} 200 {} ms {} bytes", n % 9_000, 3 + n % 41, 512 + n * 37 % 90_000),
    };
    (SERVICE, stream, text)
}

pub fn event(n: usize, at: DateTime<Utc>, group: &str, stream: String, message: String) -> LogEvent {
    LogEvent {
        id: format!("{n:056}"),
        group: group.into(),
        stream,
        at,
        ingested_at: at + TimeDelta::milliseconds(1_240),
        message,
    }
}

/// Batches of `n` lines, the last of them a few seconds old.
pub fn batches(n: usize) -> Vec<Batch> {
    // in waves, as load comes: between 40 and 360 ms from line to line
    let gap = |i: usize| 40 + i64::try_from((i / 150) * 37 % 5).unwrap() * 80;
    let begin = now() - TimeDelta::milliseconds((0..n).map(gap).sum::<i64>() + 2_000);
    let mut at = begin;
    let arrived = (0..n).map(|i| {
        let (group, stream, text) = said(i, n);
        at += TimeDelta::milliseconds(gap(i));
        Arrived { event: event(i, at, group, stream, text), late: i % 97 == 96 }
    });
    let blocks = Intake::default().blocks(arrived.collect());
    blocks.into_iter().map(|lines| Batch { lines, ..Batch::default() }).collect()
}

pub fn status(group: &str, state: TailState, late: u64, lost: Option<u64>) -> GroupStatus {
    GroupStatus {
        group: Arc::from(group),
        at: now(),
        state,
        newest: Some(ago(2)),
        read_until: ago(2),
        delay_ms: Some((1_240, 4_900)),
        live: None,
        counts: TailCounts { late, lost, calls: 812, ..TailCounts::default() },
    }
}

pub fn mark(id: u64, at: DateTime<Utc>, kind: MarkKind) -> MarkChange {
    MarkChange::Put(Mark { id, group: Arc::from(SERVICE), at, kind })
}

/// Gives a batch to state and desk, as the running program does.
pub fn log(state: &mut State, ui: &mut Ui, batch: Batch) {
    let batch = Arc::new(batch);
    ui.desk(0).take(&batch, state.frozen.is_some());
    let now = state.now;
    update(state, Event::Logged { environment: 0, batch }, now);
}

/// An environment of two groups that are followed.
pub fn followed() -> State {
    let mut state = State::new(vec![info("prod")], now());
    prepare(&mut state, 0);
    let groups = Ok(vec![Arc::from(SERVICE), Arc::from(MONITOR)]);
    update(&mut state, Event::Tailed { environment: 0, groups }, now());
    state
}

/// Lines, late ones, gaps and a loss.
pub fn lines(state: &mut State, ui: &mut Ui, n: usize) {
    for batch in batches(n) {
        log(state, ui, batch);
    }
    let never = MarkKind::NeverRead { until: ago(7), why: NeverRead::Queue };
    let marks = vec![mark(1, ago(9), never), mark(2, ago(5), MarkKind::Missed { lines: 3 })];
    let status = vec![
        status(SERVICE, TailState::Following, u64::try_from(n / 97).unwrap(), Some(3)),
        status(MONITOR, TailState::Following, 0, Some(0)),
    ];
    log(state, ui, Batch { marks, status, ..Batch::default() });
}

/// The tail of the service's group fails.
pub fn failing(failure: Failure) -> Batch {
    let state =
        TailState::Failing { failure, since: ago(40), failures: 4, again: now() + TimeDelta::seconds(20) };
    Batch {
        status: vec![GroupStatus { newest: None, delay_ms: None, ..status(SERVICE, state, 0, None) }],
        ..Batch::default()
    }
}
