//! Going through the lines of a ring: from line to line, to a time, to the next hit or error.

use super::chunk::Chunk;
use super::level::Level;
use super::line::{LineKey, LineRef, flag};
use super::ring::Ring;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To older lines.
    Back,
    /// To younger lines.
    Forth,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A match of the search.
    Hit,
    /// A line at least as bad.
    Level(Level),
    /// A mark.
    Mark,
}

/// What stands around a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Around {
    /// Shown lines behind it.
    pub shown_after: u64,
    /// Matches of the search up to it.
    pub hits_to: u64,
}

/// A search for the next line, which can be left at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Find {
    target: Target,
    direction: Direction,
    /// Everything up to here has been looked at.
    cursor: Option<LineKey>,
}

/// What a slice of a search gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// There it is.
    Here(LineKey),
    /// Not among what was looked at so far.
    NotYet,
    /// There is none that way.
    Nowhere,
}

impl Find {
    /// Looks from `from`, which is left out, or from the end that lies behind.
    pub fn new(target: Target, direction: Direction, from: Option<LineKey>) -> Self {
        Self { target, direction, cursor: from }
    }
}

impl Ring {
    /// Looks at the next lines, until it is found or about `bytes` of text have been matched for it.
    pub fn find(&mut self, find: &mut Find, bytes: usize) -> Found {
        let mut left = bytes;
        let mut c = match (find.direction, find.cursor) {
            (Direction::Forth, None) => 0,
            (Direction::Forth, Some(key)) => self.chunks.partition_point(|c| c.last_key() <= key),
            (Direction::Back, None) => self.chunks.len(),
            (Direction::Back, Some(key)) => self.chunks.partition_point(|c| c.first_key() < key),
        };
        loop {
            if find.direction == Direction::Back {
                let Some(before) = c.checked_sub(1) else { return Found::Nowhere };
                c = before;
            }
            let Some(chunk) = self.chunks.get_mut(c) else { return Found::Nowhere };
            if left == 0 {
                return Found::NotYet;
            }
            chunk.settle(&self.filters, self.sight, &mut left);
            if !chunk.settled(&self.filters) {
                return Found::NotYet;
            }
            left = left.saturating_sub(64);
            let found = look(
                chunk,
                find,
                |i| chunk.shown(i, &self.filters),
                |level| chunk.may_hold(level, &self.filters),
            );
            if let Some(key) = found {
                return Found::Here(key);
            }
            find.cursor = Some(match find.direction {
                Direction::Forth => chunk.last_key(),
                Direction::Back => chunk.first_key(),
            });
            if find.direction == Direction::Forth {
                c += 1;
            }
        }
    }

    /// The line at `key`, shown or not.
    pub fn line(&self, key: LineKey) -> Option<LineRef<'_>> {
        let c = self.chunks.partition_point(|c| c.last_key() < key);
        let chunk = self.chunks.get(c)?;
        chunk.block.line(chunk.at_or_after(key)).filter(|line| line.key == key)
    }

    /// Whether the search is known to match the line at `key`.
    pub fn is_hit(&self, key: LineKey) -> bool {
        let c = self.chunks.partition_point(|c| c.last_key() < key);
        self.chunks.get(c).is_some_and(|chunk| {
            let i = chunk.at_or_after(key);
            chunk.block.metas.get(i).is_some_and(|m| m.key() == key) && chunk.hit(i)
        })
    }

    /// Shown lines from `from` on, itself included, or from the end that lies behind.
    pub fn walk(&self, from: Option<LineKey>, direction: Direction) -> Walk<'_> {
        let (c, i) = match (from, direction) {
            (None, Direction::Forth) => (0, self.chunks.front().map_or(0, |c| c.skip)),
            (None, Direction::Back) => (self.chunks.len(), 0),
            (Some(key), _) => {
                let c = self.chunks.partition_point(|c| c.last_key() < key);
                let i = self.chunks.get(c).map_or(0, |chunk| chunk.at_or_after(key));
                let here = self.chunks.get(c).and_then(|chunk| chunk.block.metas.get(i));
                // Going back, a line that stands exactly there is the first.
                let included = direction == Direction::Back && here.is_some_and(|m| m.key() == key);
                (c, i + usize::from(included))
            }
        };
        Walk { ring: self, c, i, direction }
    }

    /// The key of the shown line at `key`, or else of the next one, or else of the last one.
    pub fn nearest(&self, key: LineKey) -> Option<LineKey> {
        let next = self.walk(Some(key), Direction::Forth).next();
        next.or_else(|| self.walk(None, Direction::Back).next()).map(|line| line.key)
    }

    /// The next shown line that way.
    pub fn beside(&self, key: LineKey, direction: Direction) -> Option<LineKey> {
        self.walk(Some(key), direction).map(|line| line.key).find(|k| *k != key)
    }

    /// Shown lines, without marks, that stand behind `key`, and how many of those at it or before it the search
    /// matches; as far as is known. Looks into one chunk only.
    pub fn around(&self, key: LineKey) -> Around {
        let mut out = Around::default();
        let c = self.chunks.partition_point(|c| c.last_key() < key);
        for (n, chunk) in self.chunks.iter().enumerate() {
            if n != c {
                let counts = &chunk.counts;
                if n < c && chunk.settled(&self.filters) {
                    out.hits_to += counts.matching.last().copied().map_or(0, u64::from);
                } else if n > c && chunk.settled(&self.filters) {
                    out.shown_after += counts.shown.iter().copied().map(u64::from).sum::<u64>();
                }
                continue;
            }
            for (i, meta) in chunk.block.metas.iter().enumerate().skip(chunk.skip) {
                let shown = !meta.has(flag::MARK) && chunk.shown(i, &self.filters);
                if shown && meta.key() > key {
                    out.shown_after += 1;
                } else if shown && chunk.hit(i) {
                    out.hits_to += 1;
                }
            }
        }
        out
    }

    /// First and last key held, shown or not.
    pub fn ends(&self) -> Option<(LineKey, LineKey)> {
        Some((self.chunks.front()?.first_key(), self.chunks.back()?.last_key()))
    }
}

fn look(
    chunk: &Chunk,
    find: &Find,
    shown: impl Fn(usize) -> bool,
    may_hold: impl Fn(Level) -> bool,
) -> Option<LineKey> {
    let possible = match find.target {
        Target::Hit => chunk.counts.matching.last().is_some_and(|n| *n > 0),
        Target::Level(level) => may_hold(level),
        Target::Mark => chunk.marks > 0,
    };
    if !possible {
        return None;
    }
    let fits = |i: &usize| {
        let Some(meta) = chunk.block.metas.get(*i) else { return false };
        let inside = match (find.direction, find.cursor) {
            (_, None) => true,
            (Direction::Forth, Some(key)) => meta.key() > key,
            (Direction::Back, Some(key)) => meta.key() < key,
        };
        let wanted = match find.target {
            Target::Hit => chunk.hit(*i) && !meta.has(flag::MARK),
            Target::Level(level) => meta.level >= level && !meta.has(flag::MARK),
            Target::Mark => meta.has(flag::MARK),
        };
        inside && wanted && shown(*i)
    };
    let mut lines = chunk.skip..chunk.len();
    let found = match find.direction {
        Direction::Forth => lines.find(fits),
        Direction::Back => lines.rev().find(fits),
    };
    found.and_then(|i| chunk.block.metas.get(i)).map(super::block::Meta::key)
}

/// Shown lines one after the other; see [`Ring::walk`].
pub struct Walk<'a> {
    ring: &'a Ring,
    c: usize,
    /// The next line going forth, the one after the next going back.
    i: usize,
    direction: Direction,
}

impl<'a> Iterator for Walk<'a> {
    type Item = LineRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let chunk = match self.direction {
                Direction::Forth => {
                    let chunk = self.ring.chunks.get(self.c)?;
                    if self.i >= chunk.len() || chunk.hides_all(&self.ring.filters) {
                        self.c += 1;
                        self.i = 0;
                        continue;
                    }
                    chunk
                }
                Direction::Back => {
                    let chunk = self.ring.chunks.get(self.c);
                    let none = |c: &Chunk| self.i <= c.skip || c.hides_all(&self.ring.filters);
                    if chunk.is_none_or(none) {
                        self.c = self.c.checked_sub(1)?;
                        self.i = self.ring.chunks.get(self.c)?.len();
                        continue;
                    }
                    self.i -= 1;
                    chunk?
                }
            };
            let at = self.i;
            if self.direction == Direction::Forth {
                self.i += 1;
            }
            if chunk.shown(at, &self.ring.filters) {
                return chunk.block.line(at);
            }
        }
    }
}
