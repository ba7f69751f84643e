//! Work that waits until there is time for it, such as matching a filter against a million lines, is done in slices
//! between two messages. A slice takes in as much as fits into its time, so that no key waits for it.

use std::time::Duration;

use crate::app::effect::Effect;
use crate::clock::Clock;

use super::core::{Change, Core};

/// The time of a slice. With a batch of lines and a frame, a key waits less than 16 ms.
const SLICE: Duration = Duration::from_millis(2);
/// Bytes of text in a slice: at first, at least, at most.
const FIRST: usize = 128 << 10;
const LEAST: usize = 4 << 10;
const MOST: usize = 8 << 20;

/// See the module.
pub struct Slices {
    bytes: usize,
    left: bool,
}

impl Default for Slices {
    fn default() -> Self {
        Self { bytes: FIRST, left: false }
    }
}

impl Slices {
    /// Whether something was left at the last slice.
    pub fn left(&self) -> bool {
        self.left
    }

    /// Does a slice; gives what changed on the screen and what is to be done now.
    pub fn run(&mut self, core: &mut Core) -> (Change, Vec<Effect>) {
        let watch = Clock::stopwatch();
        let worked = core.work(self.bytes);
        self.adapt(watch(), worked.left);
        (worked.change, worked.effects)
    }

    fn adapt(&mut self, took: Duration, left: bool) {
        self.left = left;
        if took > SLICE {
            self.bytes = (self.bytes / 2).max(LEAST);
        } else if left && took < SLICE / 2 {
            self.bytes = (self.bytes * 2).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_fit_into_their_time() {
        let mut slices = Slices::default();
        let speed = |bytes: usize, per_ms: usize| Duration::from_micros((bytes * 1000 / per_ms) as u64);
        for per_ms in [1 << 20, 8 << 10, 256 << 10] {
            for _ in 0..20 {
                slices.adapt(speed(slices.bytes, per_ms), true);
            }
            let took = speed(slices.bytes, per_ms);
            assert!(took <= SLICE * 2 && took >= SLICE / 4, "{per_ms} bytes a ms: {took:?}");
        }
        slices.adapt(Duration::ZERO, false);
        assert!(!slices.left());
    }
}
