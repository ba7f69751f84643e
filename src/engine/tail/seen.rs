//! Which events were handed over already: their ids, as long as their time may be read again. Bounded.

use std::collections::VecDeque;
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

/// Time in milliseconds, and a hash of the id: 16 bytes an event. Two events of one millisecond with one hash are one
/// in 10¹⁹.
type Key = (i64, u64);

/// Events out of their order that are kept apart, so that finding the place of one does not move all that are younger.
const APART: usize = 1_024;

/// See the module. Two pieces of memory for all events, the larger of which is touched only as far as it is used:
/// nothing small stays behind among the pages that come and go.
#[derive(Debug)]
pub struct Seen {
    /// In order.
    ids: VecDeque<Key>,
    /// In order too; each stands before the last of `ids`.
    apart: Vec<Key>,
    most: usize,
    floor: i64,
}

impl Seen {
    /// Remembers `most` events.
    pub fn new(most: usize) -> Self {
        let (ids, apart) = (VecDeque::with_capacity(most + APART), Vec::with_capacity(APART));
        Self { ids, apart, most, floor: i64::MIN }
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
        if !self.insert((at_ms, hasher.finish())) {
            return Known::Repeated;
        }
        if self.ids.len() + self.apart.len() > self.most {
            self.forget_oldest(at_ms);
        }
        Known::New
    }

    /// `false`: it was there.
    fn insert(&mut self, key: Key) -> bool {
        if self.ids.back().is_none_or(|last| *last < key) {
            self.ids.push_back(key);
            return true;
        }
        if self.ids.binary_search(&key).is_ok() {
            return false;
        }
        let Err(place) = self.apart.binary_search(&key) else { return false };
        self.apart.insert(place, key);
        if self.apart.len() >= APART {
            self.join();
        }
        true
    }

    /// Puts what was kept apart into its places, from the youngest on: what is older than all of it is not moved.
    fn join(&mut self) {
        let mut left = self.ids.len();
        self.ids.extend(&self.apart);
        let mut to = self.ids.len();
        while let Some(key) = self.apart.pop() {
            while left > 0 && self.ids.get(left - 1).is_some_and(|id| *id > key) {
                (left, to) = (left - 1, to - 1);
                self.ids.swap(left, to);
            }
            to -= 1;
            if let Some(place) = self.ids.get_mut(to) {
                *place = key;
            }
        }
    }

    /// Forgets the oldest millisecond as a whole: half of one could not be told from the other half. The one
    /// that is being read stays as long as there is an older one.
    fn forget_oldest(&mut self, reading: i64) {
        let Some(oldest) = self.ids.front().min(self.apart.first().or(self.ids.front())) else { return };
        let oldest = oldest.0;
        if oldest == reading && self.ids.len() + self.apart.len() <= 2 * self.most {
            return;
        }
        self.floor = self.floor.max(oldest.saturating_add(1));
        let before = |(at, _): &Key| *at < self.floor;
        self.ids.drain(..self.ids.partition_point(before));
        self.apart.drain(..self.apart.partition_point(before));
    }
}
