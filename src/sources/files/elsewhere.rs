//! Counts that somebody else made: the custom metric and the cached JSON of the former function.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::aws::{Answer, Aws, MetricQuery, all_pages};
use crate::domain::count::{CountSource, FileCount};
use crate::domain::metric::MetricKey;
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units;
use crate::sources::PAGES;
use crate::sources::cloudwatch::catalog::{FILE_COUNT, FILE_SERVICE};
use crate::sources::cloudwatch::window;

/// A cached count is valid for this long.
const CACHE_VALID: TimeDelta = TimeDelta::minutes(5);
/// Clocks may differ by this much.
pub(super) const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// A count that somebody else made.
pub(super) fn counted(files: u64, source: CountSource, at: DateTime<Utc>) -> FileCount {
    FileCount {
        files,
        directories: None,
        recursive: None,
        took_ms: None,
        source,
        at,
        largest: Vec::new(),
        calls: None,
    }
}

/// The newest point of `EFSMountAutoscaling/FileCount`.
pub(super) async fn from_metric(aws: &dyn Aws, now: DateTime<Utc>) -> Answer<FileCount> {
    let query = MetricQuery {
        key: MetricKey {
            namespace: FILE_SERVICE.to_owned(),
            name: FILE_COUNT.to_owned(),
            statistic: "Maximum".to_owned(),
            dimensions: BTreeMap::new(),
        },
        period_s: 60,
    };
    let (from, to) = window(query.period_s, now);
    let queries = [query];
    let parts = all_pages(PAGES, |token| aws.metric_data(&queries, from, to, token)).await?;
    let newest = parts.into_iter().flat_map(|p| p.points).max_by_key(|(at, _)| *at);
    match newest {
        Some((at, value)) => match whole(value) {
            Some(files) => Ok(counted(files, CountSource::Cloudwatch, at)),
            None => Err(Failure::new(FailureClass::Malformed, format!("{FILE_COUNT} is {value}"))),
        },
        None => Err(Failure::new(
            FailureClass::NotFound,
            format!("no point of {FILE_SERVICE}/{FILE_COUNT} within an hour"),
        )),
    }
}

/// A count that a metric carries as a floating-point number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "finite, not negative, below 2^53"
)]
fn whole(value: f64) -> Option<u64> {
    (0.0..9_007_199_254_740_992.0).contains(&value).then_some(value.round() as u64)
}

/// `{"file_count": 123, "timestamp": "2026-01-01T00:00:00"}`; the time is UTC where it has no offset.
#[derive(Debug, Deserialize)]
struct Cached {
    file_count: u64,
    timestamp: String,
}

/// The count in the cache parameter, while it is valid.
pub(super) async fn from_cache(aws: &dyn Aws, parameter: &str, now: DateTime<Utc>) -> Answer<FileCount> {
    let text = aws.parameter(parameter).await?.value;
    let (files, at) = read_cache(&text).map_err(|why| {
        Failure::new(FailureClass::Malformed, format!("{parameter} is not a cached count: {why}"))
    })?;
    let age = now - at;
    if age > CACHE_VALID {
        let age = units::duration(age);
        return Err(Failure::new(FailureClass::NotFound, format!("the count in {parameter} is {age} old")));
    }
    if age < -AHEAD {
        let ahead = units::duration(-age);
        return Err(Failure::new(
            FailureClass::Malformed,
            format!("the count in {parameter} is dated {ahead} in the future"),
        ));
    }
    Ok(counted(files, CountSource::Ssm, at))
}

fn read_cache(text: &str) -> Result<(u64, DateTime<Utc>), String> {
    let cached: Cached = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let at = DateTime::parse_from_rfc3339(&cached.timestamp)
        .map(|t| t.with_timezone(&Utc))
        .or_else(|_| {
            NaiveDateTime::parse_from_str(&cached.timestamp, "%Y-%m-%dT%H:%M:%S%.f").map(|t| t.and_utc())
        })
        .map_err(|e| format!("timestamp {:?}: {e}", cached.timestamp))?;
    Ok((cached.file_count, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_without_offset_is_utc() {
        let midnight: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        for (text, at) in [
            (r#"{"file_count": 123, "timestamp": "2026-01-01T00:00:00"}"#, midnight),
            (r#"{"timestamp": "2026-01-01T09:00:00+09:00", "file_count": 123}"#, midnight),
            (
                r#"{"timestamp": "2026-01-01T00:00:00.500", "file_count": 123}"#,
                midnight + TimeDelta::milliseconds(500),
            ),
        ] {
            assert_eq!(read_cache(text), Ok((123, at)));
        }
    }

    #[test]
    fn what_is_no_count_is_said() {
        for (text, words) in [
            ("", "EOF"),
            (r#"{"file_count": -1, "timestamp": "2026-01-01T00:00:00"}"#, "invalid value"),
            (r#"{"file_count": 1, "timestamp": "yesterday"}"#, "yesterday"),
        ] {
            let why = read_cache(text).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        assert_eq!(whole(f64::NAN), None);
        assert_eq!(whole(-1.0), None);
        assert_eq!(whole(131_402.0), Some(131_402));
    }
}
