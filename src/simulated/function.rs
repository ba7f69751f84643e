//! The former function, where it still runs: every five minutes it counts the files and says so in its log.

use chrono::{DateTime, TimeDelta, Utc};

use super::activity::Minute;
use super::ids;
use super::seeded::{dice, millis};
use super::world::World;
use super::{FUNCTION_LOG, LAMBDA};

/// Minutes from one run to the next.
const EVERY: i64 = 5;
/// Memory that the function has, in MiB.
const MEMORY: u32 = 512;

/// Milliseconds of a run: starting and the calls to AWS, then the walk over the files.
pub(super) fn took_ms(minute: &Minute) -> f64 {
    (900.0 + minute.files as f64 * 0.21) * minute.wobble.lambda
}

impl World {
    /// Whether the function ran in the minute that began at `start`.
    pub(super) fn function_ran(&self, start: DateTime<Utc>) -> bool {
        self.settings.lambda && (start.timestamp() / 60) % EVERY == 0
    }

    /// The function runs, if it is its time, and logs what a function in Python logs. That its end is written
    /// down already does not show: nobody sees a line before its time.
    pub(super) fn run_function(&mut self) {
        if !self.function_ran(self.now) {
            return;
        }
        let start = self.now;
        let minute = self.minute_from_now();
        let n = u64::try_from(start.timestamp() / 60).unwrap_or(0);
        let request = ids::uuid(&mut dice(self.seed, LAMBDA, n));
        // An instance that is idle for five minutes lives for some hours.
        let instance =
            ids::hex(&mut dice(self.seed, "function instance", n / (EVERY.unsigned_abs() * 24)), 32);
        let stream = format!("{}/[$LATEST]{instance}", start.format("%Y/%m/%d"));
        let ms = took_ms(&minute);
        let counted = start + millis(ms);
        let told = counted.format("%Y-%m-%dT%H:%M:%S%.3fZ");
        let files = minute.files;
        let billed = ms.ceil();
        for (at, text) in [
            (start, format!("START RequestId: {request} Version: $LATEST\n")),
            (counted, format!("[INFO]\t{told}\t{request}\tFile count result: {files} files\n")),
            (counted, format!("END RequestId: {request}\n")),
            (
                counted,
                format!(
                    "REPORT RequestId: {request}\tDuration: {ms:.2} ms\tBilled Duration: {billed} ms\t\
                     Memory Size: {MEMORY} MB\tMax Memory Used: 118 MB\t\n"
                ),
            ),
        ] {
            self.log(FUNCTION_LOG, &stream, (at, at + TimeDelta::milliseconds(300)), text);
        }
    }
}
