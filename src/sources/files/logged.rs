//! The count that the former function wrote into its log.

use chrono::{DateTime, TimeDelta, Utc};

use super::elsewhere::{AHEAD, counted};
use crate::aws::{Answer, Aws, EventQuery, all_pages};
use crate::domain::count::{CountSource, FileCount};
use crate::domain::log::LogEvent;
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units;
use crate::sources::PAGES;

/// The function counts every five minutes: a line older than two of them is of a function that counts no more.
const VALID: TimeDelta = TimeDelta::minutes(10);
/// An older line is looked for this far back, to say how old it is.
const BACK: TimeDelta = TimeDelta::hours(1);
/// What stands before the number, and behind it.
const BEFORE: &str = "File count result: ";
const BEHIND: &str = " files";

/// The log group of a function.
pub(super) fn group(function: &str) -> String {
    format!("/aws/lambda/{function}")
}

/// The newest `File count result: N files` of a log group, while it is valid.
pub(super) async fn from_log(aws: &dyn Aws, group: &str, now: DateTime<Utc>) -> Answer<FileCount> {
    if let Some((files, at)) = newest(aws, group, now - VALID, None).await? {
        if at - now > AHEAD {
            let ahead = units::duration(at - now);
            let text = format!("the count in the log {group} is dated {ahead} in the future");
            return Err(Failure::new(FailureClass::Malformed, text));
        }
        return Ok(counted(files, CountSource::Logs, at));
    }
    let text = match newest(aws, group, now - BACK, Some(now - VALID)).await? {
        Some((_, at)) => format!("the newest count in the log {group} is {} old", units::duration(now - at)),
        None => format!("no line {BEFORE:?} in the log {group} within an hour"),
    };
    Err(Failure::new(FailureClass::NotFound, text))
}

async fn newest(
    aws: &dyn Aws,
    group: &str,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
) -> Answer<Option<(u64, DateTime<Utc>)>> {
    let query = EventQuery { from, until, pattern: Some(format!("\"{}\"", BEFORE.trim_end())) };
    let events = all_pages(PAGES, |token| aws.events(group, &query, token)).await?;
    let read = |e: &LogEvent| Some((read(&e.message)?, e.at));
    match events.iter().filter_map(read).max_by_key(|(_, at)| *at) {
        Some(found) => Ok(Some(found)),
        None if events.is_empty() => Ok(None),
        None => {
            let text = format!("the log {group} has {BEFORE:?} without a number of files behind it");
            Err(Failure::new(FailureClass::Malformed, text))
        }
    }
}

/// The count in a line, or in the last of several.
fn read(message: &str) -> Option<u64> {
    message.rsplit(BEFORE).map_while(|rest| (rest.len() < message.len()).then_some(rest)).find_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, behind) = rest.split_at(end);
        behind.starts_with(BEHIND).then(|| digits.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_whatever_stands_around_it() {
        for (line, files) in [
            ("File count result: 131402 files", Some(131_402)),
            ("[INFO]\t2026-11-21T00:00:00.1Z\tid\tFile count result: 0 files\n", Some(0)),
            ("File count result: 1 files\nFile count result: 2 files\n", Some(2)),
            ("File count result: many files", None),
            ("File count result: 12", None),
            ("File count result: 12 directories", None),
            ("File count result: 99999999999999999999 files", None),
            ("12 files", None),
            ("", None),
        ] {
            assert_eq!(read(line), files, "{line:?}");
        }
    }
}
