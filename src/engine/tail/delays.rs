//! How long CloudWatch takes to get lines, of the latest ones.

/// Lines looked at.
const LATEST: usize = 512;

/// See the module. Milliseconds.
#[derive(Debug, Default)]
pub struct Delays {
    latest: Vec<i64>,
    next: usize,
}

impl Delays {
    /// A line came.
    pub fn add(&mut self, ms: i64) {
        if self.latest.len() < LATEST {
            self.latest.push(ms);
        } else if let Some(oldest) = self.latest.get_mut(self.next) {
            *oldest = ms;
        }
        self.next = (self.next + 1) % LATEST;
    }

    /// As many took longer as took less.
    pub fn median(&self) -> Option<i64> {
        let mut sorted = self.latest.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }

    /// The longest but for one in a hundred: a single line that someone sent a day late says nothing about the
    /// others.
    pub fn longest(&self) -> Option<i64> {
        let mut sorted = self.latest.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        sorted.get(last - last / 100).copied()
    }
}
