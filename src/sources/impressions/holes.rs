//! Ids that were passed without a row: rolled back, still open, or handed out to a server that has yet to use them.
//! They are looked at again at growing intervals, and cut smaller each time, so that watching few missing ids costs
//! little however many rows lie around them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::log::Group;
use super::sql::Span;

/// Time until the first look back.
const FIRST: TimeDelta = TimeDelta::seconds(2);
/// Longest time between two looks.
const LONGEST: TimeDelta = TimeDelta::minutes(2);
/// What has not come by then is not waited for: no sound transaction is open for so long.
const GIVE_UP: TimeDelta = TimeDelta::minutes(15);
/// Parts that a hole is cut into.
const PARTS: u64 = 8;
/// Rows that are counted again in one reading.
const ROWS: u64 = 100_000;
/// Looks back in one reading.
const LOOKS: u32 = 12;
/// Blocks that are kept.
const BLOCKS: usize = 450;
/// Holes that are kept.
const HOLES: usize = 512;

/// Rows of a span by second and name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Found {
    pub(super) rows: u64,
    /// Those that bear a time.
    pub(super) groups: BTreeMap<(DateTime<Utc>, String), u64>,
}

impl Found {
    /// Of what was read in a session whose time is `offset` ahead of UTC.
    pub(super) fn of(groups: Vec<Group>, offset: TimeDelta) -> Self {
        let mut out = Self::default();
        for group in groups {
            out.rows += group.rows;
            if let Some(at) = group.at {
                *out.groups.entry(((at - offset).and_utc(), group.name)).or_default() += group.rows;
            }
        }
        out
    }

    pub(super) fn seconds(&self) -> impl DoubleEndedIterator<Item = DateTime<Utc>> {
        self.groups.keys().map(|(at, _)| *at)
    }
}

/// A span that was read, and has fewer rows than ids.
#[derive(Debug)]
pub(super) struct Block {
    span: Span,
    found: Found,
}

impl Block {
    pub(super) fn new(span: Span, found: Found) -> Self {
        Self { span, found }
    }
}

#[derive(Debug, Clone, Copy)]
struct Hole {
    span: Span,
    /// Rows that were there.
    rows: u64,
    /// The span it was read with.
    block: Span,
    since: DateTime<Utc>,
    next: DateTime<Utc>,
    wait: TimeDelta,
}

/// A look that is due.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) span: Span,
    /// Ids of a part.
    pub(super) size: u64,
    /// Rows that were there.
    pub(super) rows: u64,
    hole: Hole,
}

impl Check {
    /// The span that was read with it.
    pub(super) fn block(&self) -> Span {
        self.hole.block
    }
}

/// What was left out.
#[derive(Debug, Default)]
pub(super) struct Holes {
    blocks: VecDeque<Block>,
    open: Vec<Hole>,
    given_up: u64,
    rows: u64,
    looks: u32,
}

impl Holes {
    /// Notes a span with missing ids.
    pub(super) fn leave(&mut self, block: Block, now: DateTime<Utc>) {
        self.open.push(Hole {
            span: block.span,
            rows: block.found.rows,
            block: block.span,
            since: now,
            next: now + FIRST,
            wait: FIRST,
        });
        self.blocks.push_back(block);
        while self.blocks.len() > BLOCKS {
            self.blocks.pop_front();
        }
        while self.open.len() > HOLES {
            // The oldest is the least likely to be filled.
            let oldest = self.open.iter().enumerate().min_by_key(|(_, h)| h.since).map(|(at, _)| at);
            let Some(hole) = oldest.map(|at| self.open.swap_remove(at)) else { break };
            self.given_up += hole.span.width().saturating_sub(hole.rows);
        }
    }

    /// The next look that is due and within the bounds of a reading.
    pub(super) fn due(&mut self, now: DateTime<Utc>) -> Option<Check> {
        if self.looks >= LOOKS || self.rows >= ROWS {
            return None;
        }
        let next = self.open.iter().enumerate().filter(|(_, h)| h.next <= now).min_by_key(|(_, h)| h.next);
        let hole = next.map(|(at, _)| at).map(|at| self.open.swap_remove(at))?;
        self.looks += 1;
        self.rows += hole.rows;
        let size = hole.span.width().div_ceil(PARTS).max(1);
        Some(Check { span: hole.span, size, rows: hole.rows, hole })
    }

    /// A look that failed: later.
    pub(super) fn put_back(&mut self, check: &Check, now: DateTime<Utc>) {
        let wait = (check.hole.wait * 3).min(LONGEST);
        if now - check.hole.since < GIVE_UP {
            self.open.push(Hole { next: now + wait, wait, ..check.hole });
        }
    }

    /// Takes in how many rows each part has now.
    pub(super) fn looked(&mut self, check: &Check, parts: &[(u64, u64)], now: DateTime<Utc>) {
        let Check { span, size, hole, .. } = check;
        let rows: u64 = parts.iter().map(|p| p.1).sum();
        let came = rows > hole.rows;
        let wait = if came { FIRST } else { (hole.wait * 3).min(LONGEST) };
        if !came && now - hole.since >= GIVE_UP {
            return;
        }
        let of_part = |part: u64| {
            let after = span.after.saturating_add(part.saturating_mul(*size));
            let to = span.to.min(after.saturating_add(*size));
            let rows = parts.iter().filter(|p| p.0 == part).map(|p| p.1).sum();
            (Span { after, to }, rows)
        };
        let mut open: Vec<(Span, u64)> = (0..PARTS)
            .map(of_part)
            .filter(|(part, rows)| part.after < span.to && *rows < part.width())
            .collect();
        // Where ids are missing everywhere, cutting makes more statements and not fewer rows.
        if open.len() > 2 {
            open = if rows < span.width() { vec![(*span, rows)] } else { Vec::new() };
        }
        // Since when it is waited for counts from the last row that came.
        let since = if came { now } else { hole.since };
        self.open.extend(open.into_iter().map(|(span, rows)| Hole {
            span,
            rows,
            block: hole.block,
            since,
            next: now + wait,
            wait,
        }));
    }

    /// Says what a block holds now; what was known of it before, if it is still known.
    pub(super) fn replace(&mut self, span: Span, found: &Found) -> Option<Found> {
        let block = self.blocks.iter_mut().find(|b| b.span == span)?;
        Some(std::mem::replace(&mut block.found, found.clone()))
    }

    /// Ends a reading.
    pub(super) fn rest(&mut self) {
        (self.rows, self.looks) = (0, 0);
        let kept: BTreeSet<u64> = self.open.iter().map(|h| h.block.after).collect();
        self.blocks.retain(|block| kept.contains(&block.span.after));
    }

    /// Ids that are no longer looked at because there are too many; told once.
    pub(super) fn given_up(&mut self) -> Option<u64> {
        let ids = std::mem::take(&mut self.given_up);
        (ids > 0).then_some(ids)
    }
}
