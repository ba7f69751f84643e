//! Going to the next match, error, warning or bookmark, however far away: what cannot be found at once is looked
//! for in slices, and can be left with any key.

use crate::domain::log::level::Level;
use crate::domain::log::line::LineKey;
use crate::domain::log::seek::{Direction, Find, Found, Target};

use super::LogDesk;

/// Bytes of text that are looked at before the key is answered.
const AT_ONCE: usize = 128 << 10;

/// A search that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seek {
    find: Find,
    target: Target,
    direction: Direction,
}

impl LogDesk {
    /// Goes to the next one that way, from the reader's line.
    pub(super) fn go_to_next(&mut self, target: Target, direction: Direction) {
        if target == Target::Hit && self.ring.query().is_none() {
            self.told = Some("nothing is searched for".to_owned());
            return;
        }
        // Who follows has seen the last line; going back finds it too.
        let from = if self.view.follows() && self.view.selected().is_none() {
            if direction == Direction::Forth { self.ring.ends().map(|ends| ends.1) } else { None }
        } else {
            self.here()
        };
        self.look_for(target, direction, from);
    }

    /// Looks from `from`, which is left out, or from the end that lies behind.
    pub(super) fn look_for(&mut self, target: Target, direction: Direction, from: Option<LineKey>) {
        self.seek = Some(Seek { find: Find::new(target, direction, from), target, direction });
        self.seek(AT_ONCE);
    }

    /// Looks on; whether anything was looked for.
    pub(super) fn seek(&mut self, bytes: usize) -> bool {
        let Some(mut seek) = self.seek.take() else { return false };
        self.stale = true;
        match self.ring.find(&mut seek.find, bytes) {
            Found::NotYet => self.seek = Some(seek),
            Found::Nowhere => self.told = Some(nowhere(seek.target, seek.direction).to_owned()),
            Found::Here(key) => {
                self.view.go_to(&self.ring, self.size, key);
                self.placed();
            }
        }
        true
    }

    /// Goes to the next bookmark that way.
    pub(super) fn go_to_bookmark(&mut self, direction: Direction) {
        let Some(from) = self.here() else { return };
        if let Some(key) = self.bookmarks.beside(from, direction) {
            self.go_to_line(key);
            return;
        }
        let words = match direction {
            Direction::Forth => "no bookmark further on",
            Direction::Back => "no bookmark before",
        };
        self.told = Some(words.to_owned());
    }

    /// Goes to a line, or says why not.
    pub(super) fn go_to_line(&mut self, key: LineKey) {
        let held = self.ring.line(key).is_some();
        self.view.go_to(&self.ring, self.size, key);
        self.placed();
        if !held {
            self.told = Some("that line is no longer held; this is the next one that is".to_owned());
        } else if self.view.selected() != Some(key) {
            self.told = Some("a filter hides that line; this is the next one that is shown".to_owned());
        }
    }
}

fn nowhere(target: Target, direction: Direction) -> &'static str {
    match (target, direction) {
        (Target::Hit, Direction::Forth) => "no match further on",
        (Target::Hit, Direction::Back) => "no match before",
        (Target::Level(Level::Warn), Direction::Forth) => "no warning or error further on",
        (Target::Level(Level::Warn), Direction::Back) => "no warning or error before",
        (Target::Level(_), Direction::Forth) => "no error further on",
        (Target::Level(_), Direction::Back) => "no error before",
        (Target::Mark, Direction::Forth) => "no gap further on",
        (Target::Mark, Direction::Back) => "no gap before",
    }
}
