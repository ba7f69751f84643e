//! Lines that someone wants to find again, with a note. They outlive the line.

use std::collections::BTreeMap;

use super::line::{LineKey, LineRef};
use super::seek::Direction;

/// Bookmarks at most.
const BOOKMARKS: usize = 500;
/// Bytes of the line, and of the note, that are kept.
const KEPT: usize = 400;

/// A bookmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// What someone wrote about it; may be empty.
    pub note: String,
    /// Log group of the line.
    pub group: String,
    /// The beginning of the line.
    pub text: String,
}

/// All bookmarks, by their line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bookmarks(BTreeMap<LineKey, Bookmark>);

impl Bookmarks {
    /// Marks a line, or takes its mark away. `false`: there is no room for another.
    pub fn toggle(&mut self, line: &LineRef<'_>) -> bool {
        if self.0.remove(&line.key).is_some() {
            return true;
        }
        self.note(line, "")
    }

    /// Marks a line with a note, or changes the note. `false`: there is no room for another.
    pub fn note(&mut self, line: &LineRef<'_>, note: &str) -> bool {
        if !self.0.contains_key(&line.key) && self.0.len() >= BOOKMARKS {
            return false;
        }
        let bookmark = Bookmark {
            note: beginning(note),
            group: line.origin.group.to_string(),
            text: beginning(line.text),
        };
        self.0.insert(line.key, bookmark);
        true
    }

    /// Takes a bookmark away; whether there was one.
    pub fn remove(&mut self, key: LineKey) -> bool {
        self.0.remove(&key).is_some()
    }

    /// The bookmark of a line.
    pub fn get(&self, key: LineKey) -> Option<&Bookmark> {
        self.0.get(&key)
    }

    /// The next one that way.
    pub fn beside(&self, key: LineKey, direction: Direction) -> Option<LineKey> {
        match direction {
            Direction::Forth => self
                .0
                .range((std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded))
                .next()
                .map(|(k, _)| *k),
            Direction::Back => self.0.range(..key).next_back().map(|(k, _)| *k),
        }
    }

    /// All, the oldest line first.
    pub fn iter(&self) -> impl Iterator<Item = (LineKey, &Bookmark)> {
        self.0.iter().map(|(key, bookmark)| (*key, bookmark))
    }
}

fn beginning(text: &str) -> String {
    let mut end = text.len().min(KEPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
