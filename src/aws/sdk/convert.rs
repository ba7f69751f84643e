//! SDK values to domain values.

use aws_smithy_types::DateTime as SdkDateTime;
use chrono::{DateTime, Utc};

/// An instant; `None` for one outside chrono's range.
pub(super) fn instant(at: &SdkDateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.secs(), at.subsec_nanos())
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
