//! The tail of an environment's log groups: `[environment.logs]`.

use std::path::PathBuf;
use std::time::Duration;

use super::field::Field::{Decimal, Expressions, Flag, Number, Path, Span, Texts};
use super::field::Setting;
use super::forms;
use super::model::Environment;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// How the log groups are tailed.
#[derive(Debug, Clone, PartialEq)]
pub struct Logs {
    /// Whether they are.
    pub enabled: bool,
    /// Names; empty: those of the service's task definition.
    pub groups: Vec<String>,
    /// How far back the first read goes.
    pub lookback: Duration,
    /// How far before the newest line is read again each time, at least.
    pub overlap: Duration,
    /// Most calls of `FilterLogEvents` a second, of all environments of one account together.
    pub calls_per_s: f64,
    /// Whether lines come by Live Tail first.
    pub live: bool,
    /// Lines that are held.
    pub lines: u64,
    /// Mebibytes that they may take.
    pub megabytes: u64,
    /// Directory of a file with the lines that are no longer held.
    pub spill: Option<PathBuf>,
    /// Mebibytes of that file at most.
    pub spill_megabytes: u64,
    /// Regular expressions of what is a secret here, beside what is known to be one.
    pub secrets: Vec<String>,
}

impl Default for Logs {
    fn default() -> Self {
        Self {
            enabled: true,
            groups: Vec::new(),
            lookback: Duration::from_secs(10 * MINUTE),
            overlap: Duration::from_secs(MINUTE),
            calls_per_s: 3.0,
            live: false,
            lines: 1_000_000,
            megabytes: 256,
            spill: None,
            spill_megabytes: 1024,
            secrets: Vec::new(),
        }
    }
}

/// The settings.
pub(super) fn logs() -> impl Iterator<Item = Setting<Environment>> {
    reading().into_iter().chain(holding())
}

fn reading() -> Vec<Setting<Environment>> {
    vec![
        Setting::new(
            "logs.enabled",
            "Follow the log groups; false: no log line is read.",
            Flag(|e| &mut e.logs.enabled),
        ),
        Setting::new(
            "logs.groups",
            "Log groups that are followed; else those of the service's task definition.",
            Texts(&forms::LOG_GROUP, |e| &mut e.logs.groups),
        ),
        Setting::new(
            "logs.lookback",
            "How far back the first look at a log group goes.",
            Span(MINUTE..=24 * HOUR, |e| &mut e.logs.lookback),
        ),
        Setting::new(
            "logs.overlap",
            "How far before the newest line is read again each time, at least: lines come late and out of order.",
            Span(5..=HOUR, |e| &mut e.logs.overlap),
        ),
        Setting::new(
            "logs.calls_per_s",
            "Most calls of FilterLogEvents a second; AWS throttles all users of an account together.",
            Decimal(0.1..=25.0, |e| &mut e.logs.calls_per_s),
        ),
        Setting::new(
            "logs.live",
            "Show lines by Live Tail first (costs money by the minute); what it leaves out is read all the same.",
            Flag(|e| &mut e.logs.live),
        ),
        Setting::new(
            "logs.secrets",
            "Regular expressions of what is a secret here; it is taken out of a line before the line is held.",
            Expressions(|e| &mut e.logs.secrets),
        ),
    ]
}

fn holding() -> Vec<Setting<Environment>> {
    vec![
        Setting::new(
            "logs.lines",
            "Lines that are held; the oldest go first.",
            Number(1_000..=20_000_000, |e| &mut e.logs.lines),
        ),
        Setting::new(
            "logs.megabytes",
            "Mebibytes of memory that they may take.",
            Number(4..=65_536, |e| &mut e.logs.megabytes),
        ),
        Setting::new(
            "logs.spill",
            "Directory of a file (readable by nobody else) with the lines that are no longer held; none without it.",
            Path("/var/tmp", |e| &mut e.logs.spill),
        ),
        Setting::new(
            "logs.spill_megabytes",
            "Mebibytes of that file at most; lines beyond are counted as lost.",
            Number(1..=1_048_576, |e| &mut e.logs.spill_megabytes),
        ),
    ]
}
