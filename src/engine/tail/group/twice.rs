//! Lines that come by two ways: by Live Tail without an id, and by reading with one. Each is handed over once, whatever
//! way it came first; lines that are alike in everything are as many as one of the ways says.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::log::LogEvent;

/// See the module. Bounded: the oldest lines are forgotten.
#[derive(Debug)]
pub(super) struct Twice {
    /// By time and hash of stream and text: how many more came live than were read.
    ahead: BTreeMap<(i64, u64), i32>,
    most: usize,
}

impl Twice {
    /// Remembers `most` lines.
    pub(super) fn new(most: usize) -> Self {
        Self { ahead: BTreeMap::new(), most }
    }

    /// A line came live; `false`: reading has given it already.
    pub(super) fn live(&mut self, event: &LogEvent) -> bool {
        self.change(event, 1) > 0
    }

    /// A line was read; `false`: it came live already.
    pub(super) fn read(&mut self, event: &LogEvent) -> bool {
        self.change(event, -1) < 0
    }

    /// How far the one way is ahead of the other after this line.
    fn change(&mut self, event: &LogEvent, by: i32) -> i32 {
        let mut hasher = DefaultHasher::new();
        (&event.stream, &event.message).hash(&mut hasher);
        let key = (event.at.timestamp_millis(), hasher.finish());
        let ahead = self.ahead.entry(key).or_default();
        *ahead += by;
        let now = *ahead;
        if now == 0 {
            self.ahead.remove(&key);
        } else if self.ahead.len() > self.most {
            self.ahead.pop_first();
        }
        now
    }
}
