//! A part of the ring: some thousand lines in one piece, with what is known and counted of them.

use super::block::Block;
use super::filter::{Condition, Filters, SEARCH};
use super::level::{LEVELS, Level};
use super::line::{LineKey, flag};
use super::matching::{Sight, matching, text};

/// Lines of a full chunk.
pub(super) const CHUNK_LINES: usize = 1_024;
/// Bytes of text of a full chunk. Matching a filter against it is the smallest piece of work there is, so it must
/// not take long with a slow expression either.
pub(super) const CHUNK_BYTES: usize = 64 << 10;

/// Lines counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Lines that are no marks.
    pub(super) lines: u32,
    pub(super) marks: u32,
    pub(super) levels: [u32; LEVELS],
    pub(super) shown: [u32; LEVELS],
    /// Lines whose text fulfils a filter's condition; the last one is the search's, of shown lines only.
    pub(super) matching: [u32; SEARCH + 1],
    /// Lines hidden by each filter.
    pub(super) hidden: [u32; SEARCH],
}

#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) block: Block,
    /// Lines before this one have been dropped.
    pub(super) skip: usize,
    /// Lines before this one are known to match each filter, or not.
    matched_to: [u32; SEARCH + 1],
    counted_to: usize,
    /// Marks among the lines that are left.
    pub(super) marks: u32,
    version: u64,
    pub(super) counts: Counts,
    /// Pattern of each line from the first on, as far as they have been looked at; see `pattern`.
    pub(super) patterns: Vec<u32>,
}

impl Chunk {
    pub(super) fn of(block: Block) -> Self {
        let marks = marks_of(&block, 0);
        Self { block, marks, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.block.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.block.len() >= CHUNK_LINES || self.block.bytes() >= CHUNK_BYTES
    }

    pub(super) fn first_key(&self) -> LineKey {
        self.block.metas.get(self.skip).map_or(LineKey { at_ms: i64::MAX, seq: 0 }, super::block::Meta::key)
    }

    pub(super) fn last_key(&self) -> LineKey {
        self.block.metas.last().map_or(LineKey { at_ms: i64::MIN, seq: 0 }, super::block::Meta::key)
    }

    /// The first line that does not stand before `key`.
    pub(super) fn at_or_after(&self, key: LineKey) -> usize {
        self.block.metas.partition_point(|m| m.key() < key).max(self.skip)
    }

    /// Whether line `index` is shown. What is not known yet is not shown.
    pub(super) fn shown(&self, index: usize, filters: &Filters) -> bool {
        let deciding = filters.deciding();
        let Some(meta) = self.block.metas.get(index).filter(|_| index >= self.skip) else { return false };
        if deciding == 0 || meta.has(flag::MARK) {
            return true;
        }
        index < self.known_to(deciding) && filters.hidden_by(meta.mask).is_none()
    }

    /// Lines before this one are known to all of these filters.
    fn known_to(&self, mut bits: u16) -> usize {
        let mut to = self.len();
        while bits != 0 {
            to = to.min(self.matched_to(bits.trailing_zeros() as usize));
            bits &= bits - 1;
        }
        to
    }

    fn matched_to(&self, slot: usize) -> usize {
        self.matched_to.get(slot).map_or(0, |to| *to as usize)
    }

    /// Whether the search matches line `index`, as far as is known.
    pub(super) fn hit(&self, index: usize) -> bool {
        index < self.matched_to(SEARCH)
            && self.block.metas.get(index).is_some_and(|m| m.mask & (1 << SEARCH) != 0)
    }

    /// Whether everything the filters ask for is known and counted. Every change of a filter is a new version.
    pub(super) fn settled(&self, filters: &Filters) -> bool {
        self.version == filters.version && self.counted_to == self.len()
    }

    /// Whether none of its lines is shown, because all are hidden or nothing is known of them.
    pub(super) fn hides_all(&self, filters: &Filters) -> bool {
        if self.marks > 0 {
            return false;
        }
        if self.settled(filters) {
            return self.counts.shown.iter().all(|n| *n == 0);
        }
        let deciding = filters.deciding();
        deciding != 0 && self.known_to(deciding) <= self.skip
    }

    /// Forgets what is known about a filter's place.
    pub(super) fn forget(&mut self, slot: usize) {
        if let Some(to) = self.matched_to.get_mut(slot) {
            *to = 0;
        }
    }

    /// Lines before `index` are dropped.
    pub(super) fn drop_to(&mut self, index: usize) {
        self.skip = index;
        self.counted_to = 0;
        if self.marks > 0 {
            self.marks = marks_of(&self.block, index);
        }
    }

    /// Lines that are left, without marks.
    pub(super) fn live(&self) -> usize {
        (self.len() - self.skip).saturating_sub(self.marks as usize)
    }

    /// Finds out what the filters ask for, one after the other, until nothing of `left` bytes of text is left.
    pub(super) fn settle(&mut self, filters: &Filters, sight: Sight, left: &mut usize) {
        if self.settled(filters) {
            return;
        }
        let wanted = filters.wanted();
        let (skip, len) = (self.skip, self.len());
        for slot in (0..=SEARCH).filter(|slot| wanted & (1 << slot) != 0) {
            let from = self.matched_to(slot).max(skip);
            if from >= len {
                continue;
            }
            if *left == 0 {
                return;
            }
            let cost = self.block.text.len().saturating_sub(self.block.start(from));
            *left = left.saturating_sub(cost.max(len - from));
            self.match_slot(slot, from, filters, sight);
            if let Some(to) = self.matched_to.get_mut(slot) {
                *to = u32::try_from(len).unwrap_or(u32::MAX);
            }
        }
        if self.version != filters.version || self.counted_to < skip {
            self.counts = Counts::default();
            self.counted_to = skip;
        }
        self.count(filters);
        self.version = filters.version;
    }

    fn match_slot(&mut self, slot: usize, from: usize, filters: &Filters, sight: Sight) {
        let bit = 1_u16 << slot;
        for meta in self.block.metas.iter_mut().skip(from) {
            meta.mask &= !bit;
        }
        let mut hits: Vec<u32> = Vec::new();
        let mut hit = |i: usize| hits.push(u32::try_from(i).unwrap_or(u32::MAX));
        if slot == SEARCH {
            if let Some(query) = &filters.search {
                text(&self.block, from, query, sight, &mut hit);
            }
        } else if let Some(Some(filter)) = filters.slots.get(slot) {
            match &filter.condition {
                Condition::Text(query) => text(&self.block, from, query, sight, &mut hit),
                other => matching(&self.block, from, other, sight, &mut hit),
            }
        }
        for i in hits {
            if let Some(meta) = self.block.metas.get_mut(i as usize) {
                meta.mask |= bit;
            }
        }
    }

    fn count(&mut self, filters: &Filters) {
        let counts = &mut self.counts;
        for meta in self.block.metas.iter().skip(self.counted_to) {
            if meta.has(flag::MARK) {
                counts.marks += 1;
                continue;
            }
            counts.lines += 1;
            let level = meta.level as usize;
            bump(&mut counts.levels, level);
            let mut bits = meta.mask & !(1 << SEARCH);
            while bits != 0 {
                bump(&mut counts.matching, bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
            if let Some(slot) = filters.hidden_by(meta.mask) {
                bump(&mut counts.hidden, slot);
            } else {
                bump(&mut counts.shown, level);
                if meta.mask & (1 << SEARCH) != 0 {
                    bump(&mut counts.matching, SEARCH);
                }
            }
        }
        self.counted_to = self.block.metas.len();
    }

    /// Whether a shown line at least as bad as `level` may be in it.
    pub(super) fn may_hold(&self, level: Level, filters: &Filters) -> bool {
        !self.settled(filters)
            || Level::ALL.iter().zip(&self.counts.shown).any(|(l, n)| *n > 0 && *l >= level)
    }
}

/// Marks among the lines from `from` on.
pub(super) fn marks_of(block: &Block, from: usize) -> u32 {
    let marks = block.metas.iter().skip(from).filter(|m| m.has(flag::MARK)).count();
    u32::try_from(marks).unwrap_or(u32::MAX)
}

fn bump(counts: &mut [u32], index: usize) {
    if let Some(n) = counts.get_mut(index) {
        *n += 1;
    }
}
