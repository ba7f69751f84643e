//! SDK values to domain values.

use aws_smithy_types::DateTime as SdkDateTime;
use chrono::{DateTime, Utc};

/// An instant, to the millisecond: AWS is not more precise, and JSON's floating-point seconds add noise below
/// it. `None` for one outside chrono's range.
pub(super) fn instant(at: &SdkDateTime) -> Option<DateTime<Utc>> {
    let nanoseconds = at.as_nanos();
    DateTime::from_timestamp_millis(i64::try_from((nanoseconds + 500_000).div_euclid(1_000_000)).ok()?)
}

/// An optional instant.
pub(super) fn maybe_instant(at: Option<&SdkDateTime>) -> Option<DateTime<Utc>> {
    at.and_then(instant)
}

/// A count, which AWS sends signed.
pub(super) fn count(n: i32) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

/// The last part of an ARN or path: `miharu` of `arn:aws:ecs:…:cluster/miharu`.
pub(super) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_rounded_to_milliseconds() {
        for (seconds, nanoseconds, expected) in [
            (1_800_000_000, 266_000_032, 1_800_000_000_266),
            (1_800_000_000, 265_999_985, 1_800_000_000_266),
            (1_800_000_000, 999_999_999, 1_800_000_001_000),
            (-1, 0, -1_000),
        ] {
            let at = instant(&SdkDateTime::from_secs_and_nanos(seconds, nanoseconds)).unwrap();
            assert_eq!(at.timestamp_millis(), expected);
            assert_eq!(at.timestamp_subsec_nanos() % 1_000_000, 0);
        }
    }
}
