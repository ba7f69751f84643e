//! Which events were handed over already: their ids, as long as their time may be read again. Bounded.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What is known of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It comes for the first time.
    New,
    /// It came before.
    Repeated,
    /// It is older than what is remembered.
    Forgotten,
}

/// See the module.
#[derive(Debug)]
pub struct Seen {
    /// Time in milliseconds, and a hash of the id: 16 bytes an event. Two events of one millisecond with one
    /// hash are one in 10¹⁹.
    ids: BTreeSet<(i64, u64)>,
    most: usize,
    floor: i64,
}

impl Seen {
    /// Remembers `most` events.
    pub fn new(most: usize) -> Self {
        Self { ids: BTreeSet::new(), most, floor: i64::MIN }
    }

    /// What is before is no longer remembered, and must not be read again.
    pub fn floor(&self) -> i64 {
        self.floor
    }

    /// Takes an event in.
    pub fn take(&mut self, at_ms: i64, id: &str) -> Known {
        if at_ms < self.floor {
            return Known::Forgotten;
        }
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        if !self.ids.insert((at_ms, hasher.finish())) {
            return Known::Repeated;
        }
        if self.ids.len() > self.most {
            self.forget_oldest(at_ms);
        }
        Known::New
    }

    /// Forgets the oldest millisecond as a whole: half of one could not be told from the other half. The one
    /// that is being read stays as long as there is an older one.
    fn forget_oldest(&mut self, reading: i64) {
        let Some((oldest, _)) = self.ids.first().copied() else { return };
        if oldest == reading && self.ids.len() <= 2 * self.most {
            return;
        }
        self.floor = self.floor.max(oldest.saturating_add(1));
        self.ids = self.ids.split_off(&(self.floor, 0));
    }
}
