//! `miharu history`: what the journal holds.

use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use color_eyre::eyre;
use serde_json::json;

use crate::clock::Clock;
use crate::config::model::Config;
use crate::domain::journal::Entry;
use crate::language::say;
use crate::store::{Journal, JournalError, Query};
use crate::ui::text::printable;

use super::teller;

/// Entries that are read at a time.
const PAGE: u32 = 2000;

/// Since when: a time, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// A time.
    At(DateTime<Utc>),
    /// So long ago.
    Ago(TimeDelta),
}

/// Reads `2h`, `90m`, `2026-11-21T03:00:00Z`.
///
/// # Errors
/// It is neither.
pub fn since(text: &str) -> Result<Since, String> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Since::At(at.to_utc()));
    }
    humantime::parse_duration(text)
        .ok()
        .and_then(|d| TimeDelta::from_std(d).ok())
        .map(Since::Ago)
        .ok_or_else(|| "a duration such as 2h or a time such as 2026-11-21T03:00:00Z is expected".to_owned())
}

/// Prints the journal, of one environment or of all.
pub fn run(
    config: &Config,
    environment: Option<&str>,
    from: Option<Since>,
    json: bool,
) -> eyre::Result<ExitCode> {
    let now = Clock::system().now();
    let since = from.map(|from| match from {
        Since::At(at) => at,
        Since::Ago(ago) => now.checked_sub_signed(ago).unwrap_or(DateTime::UNIX_EPOCH),
    });
    let query =
        Query { environment: environment.map(str::to_owned), since, limit: Some(PAGE), ..Query::default() };
    let runtime = super::async_runtime()?;
    let printed = runtime.block_on(async {
        let Some(journal) = super::acting::journal_to_read(config).await.map_err(Failed::Journal)? else {
            if !json {
                super::out(&say(format!(
                    "nothing was written down yet: there is no journal {}",
                    config.journal
                )))
                .map_err(Failed::Output)?;
            }
            return Ok(());
        };
        print(journal.as_ref(), query, environment.is_none(), json).await
    });
    runtime.shutdown_background();
    match printed {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Failed::Output(report)) => Err(report),
        Err(Failed::Journal(error)) => {
            super::say(&format!("miharu: {error}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

enum Failed {
    Journal(JournalError),
    Output(eyre::Report),
}

async fn print(journal: &dyn Journal, mut query: Query, all: bool, json: bool) -> Result<(), Failed> {
    // From a position, so that pages go forward.
    query.after = Some(0);
    loop {
        let entries = journal.read(&query).await.map_err(Failed::Journal)?;
        let Some(last) = entries.last() else { return Ok(()) };
        query.after = Some(last.seq);
        let lines: Vec<String> =
            entries.iter().map(|e| if json { json!(e).to_string() } else { line(e, all) }).collect();
        super::out(&lines.join("\n")).map_err(Failed::Output)?;
    }
}

/// An entry in a line, with its environment where there may be several.
fn line(entry: &Entry, all: bool) -> String {
    let environment = if all { format!("{:<10} ", printable(&entry.environment)) } else { String::new() };
    let change = entry.change.as_deref().unwrap_or("-");
    format!("{:>6} {environment}{change:<28} {}", entry.seq, teller::line(entry, "%Y-%m-%d %H:%M:%SZ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_time_or_a_while_ago() {
        assert_eq!(since("2h"), Ok(Since::Ago(TimeDelta::hours(2))));
        assert_eq!(since("1h 30m"), Ok(Since::Ago(TimeDelta::minutes(90))));
        let at: DateTime<Utc> = "2026-11-21T03:00:00Z".parse().unwrap();
        assert_eq!(since("2026-11-21T12:00:00+09:00"), Ok(Since::At(at)));
        for wrong in ["", "2", "yesterday", "2026-11-21", "-2h"] {
            assert!(since(wrong).unwrap_err().contains("such as 2h"), "{wrong}");
        }
    }
}
