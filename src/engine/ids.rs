//! The ids of changes.

use chrono::{DateTime, Utc};

/// Ids that no other change has: time, process, number.
pub(super) struct Ids {
    process: u32,
    mark: &'static str,
    given: u32,
}

impl Ids {
    /// Of the process that holds the lease as `holder`; `mark` tells apart who gives ids in it.
    pub(super) fn of(holder: &str, mark: &'static str) -> Self {
        // FNV-1a: the same everywhere.
        let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        Self { process: holder.bytes().fold(0x811c_9dc5, step), mark, given: 0 }
    }

    /// The next one.
    pub(super) fn next(&mut self, at: DateTime<Utc>) -> String {
        self.given += 1;
        format!("{}-{:08x}-{}{}", at.format("%Y%m%dT%H%M%S%3f"), self.process, self.mark, self.given)
    }
}
