//! The lines that are held: in the order of their time, bounded by number and bytes, the oldest dropped first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::batch::{Batch, GroupStatus};
use super::block::{Block, Meta};
use super::chunk::Chunk;
use super::filter::{Filter, FilterId, FilterRow, Filters, Query, SEARCH};
use super::level::{LEVELS, Level};
use super::line::{LineKey, Origin, flag};
use super::mark::{Mark, MarkChange};
use super::matching::Sight;
use super::pattern::Miner;

mod insert;

/// Marks at most; the oldest go first.
const MARKS: usize = 1_000;

/// How much is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Lines.
    pub lines: usize,
    /// Bytes of text and of what is known about each line.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lines: 1_000_000, bytes: 256 << 20 }
    }
}

/// What is held, in numbers. Lines are no marks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines taken in since the beginning.
    pub taken: u64,
    /// Lines held: shown, hidden and not settled.
    pub held: u64,
    /// Shown.
    pub shown: u64,
    /// Hidden by filters.
    pub hidden: u64,
    /// Held lines of which the filters are not known yet; [`Ring::work`] finds out.
    pub unsettled: u64,
    /// Lines dropped because the ring was full.
    pub dropped: u64,
    /// Shown lines that the search matches.
    pub hits: u64,
    /// Shown lines of each level, the mildest first.
    pub levels: [u64; LEVELS],
    /// Marks held.
    pub marks: u64,
}

/// See the module.
pub struct Ring {
    limits: Limits,
    pub(super) sight: Sight,
    pub(super) chunks: VecDeque<Chunk>,
    pub(super) filters: Filters,
    pub(super) miner: Miner,
    seq: u64,
    taken: u64,
    dropped: u64,
    lines: usize,
    bytes: usize,
    marks: BTreeMap<u64, (LineKey, Mark)>,
    status: BTreeMap<Arc<str>, GroupStatus>,
    keep_dropped: bool,
}

impl Ring {
    /// An empty ring. `sight` gives what is seen of a text on the screen, so that a search finds what is seen.
    pub fn new(limits: Limits, sight: Sight) -> Self {
        Self {
            limits,
            sight,
            chunks: VecDeque::new(),
            filters: Filters::default(),
            miner: Miner::default(),
            seq: 1,
            taken: 0,
            dropped: 0,
            lines: 0,
            bytes: 0,
            marks: BTreeMap::new(),
            status: BTreeMap::new(),
            keep_dropped: false,
        }
    }

    /// From now on [`Ring::append`] gives the lines it drops, for a spill file.
    pub fn keep_dropped(&mut self, keep: bool) {
        self.keep_dropped = keep;
    }

    /// Takes a batch in, each line in its place. Gives what was dropped for it, if that is wanted.
    pub fn append(&mut self, batch: &Batch) -> Vec<Block> {
        self.taken += batch.lines.len() as u64;
        self.insert(&batch.lines);
        for change in &batch.marks {
            match change {
                MarkChange::Put(mark) => self.put_mark(mark),
                MarkChange::Remove(id) => self.remove_mark(*id),
            }
        }
        for status in &batch.status {
            self.status.insert(Arc::clone(&status.group), status.clone());
        }
        self.trim()
    }

    /// How each group's tail is doing.
    pub fn status(&self) -> impl Iterator<Item = &GroupStatus> {
        self.status.values()
    }

    /// Bytes that the lines take, with room to grow.
    pub fn resident(&self) -> usize {
        self.chunks.iter().map(|c| c.block.resident() + c.patterns.capacity() * 4 + size_of::<Chunk>()).sum()
    }

    /// Bytes of text held.
    pub fn text_bytes(&self) -> usize {
        self.chunks.iter().map(|c| c.block.bytes() - c.block.start(c.skip)).sum()
    }

    fn put_mark(&mut self, mark: &Mark) {
        self.remove_mark(mark.id);
        let mut block = Block::default();
        let origin =
            block.origin(&Arc::new(Origin { group: Arc::clone(&mark.group), stream: Arc::from("") }));
        let meta = Meta {
            at_ms: mark.at.timestamp_millis(),
            seq: 0,
            end: 0,
            delay_ms: 0,
            origin,
            mask: 0,
            level: Level::Warn,
            flags: flag::MARK,
        };
        block.push(&mark.to_string(), meta);
        let key = LineKey { at_ms: meta.at_ms, seq: self.seq };
        self.insert(&block);
        self.marks.insert(mark.id, (key, mark.clone()));
        if self.marks.len() > MARKS
            && let Some(oldest) = self.marks.keys().next().copied()
        {
            self.remove_mark(oldest);
        }
    }

    fn remove_mark(&mut self, id: u64) {
        let Some((key, _)) = self.marks.remove(&id) else { return };
        let c = self.chunks.partition_point(|c| c.last_key() < key);
        let Some(chunk) = self.chunks.get_mut(c) else { return };
        let i = chunk.at_or_after(key);
        if chunk.block.metas.get(i).is_none_or(|m| m.key() != key) {
            return;
        }
        let old = std::mem::take(chunk);
        self.miner.forget(&old.patterns, old.skip);
        self.lines -= 1;
        self.bytes -= old.block.start(i + 1) - old.block.start(i) + size_of::<Meta>();
        let mut block = Block::default();
        block.extend(&old.block, old.skip..i, None);
        block.extend(&old.block, i + 1..old.len(), None);
        if block.is_empty() {
            self.chunks.remove(c);
        } else {
            *chunk = Chunk::of(block);
        }
    }

    /// The mark that stands at `key`, for those who want to say it in their own words.
    pub fn mark(&self, key: LineKey) -> Option<&Mark> {
        self.marks.values().find(|(at, _)| *at == key).map(|(_, mark)| mark)
    }

    /// Drops the oldest lines until the limits are kept.
    fn trim(&mut self) -> Vec<Block> {
        let mut out = Vec::new();
        while self.lines > self.limits.lines || self.bytes > self.limits.bytes {
            let Some(chunk) = self.chunks.front() else { break };
            let (skip, len) = (chunk.skip, chunk.len());
            let over = self.lines.saturating_sub(self.limits.lines);
            let heavy = self.bytes.saturating_sub(self.limits.bytes);
            let base = chunk.block.start(skip);
            let weight = |i: usize| chunk.block.start(i) - base + (i - skip) * size_of::<Meta>();
            let mut to = (skip + over).min(len);
            while to < len && weight(to) < heavy {
                to += 1;
            }
            let freed = weight(to);
            let metas = chunk.block.metas.get(skip..to).unwrap_or_default();
            let marks = metas.iter().filter(|m| m.has(flag::MARK)).count();
            self.miner.forget(chunk.patterns.get(..to.min(chunk.patterns.len())).unwrap_or_default(), skip);
            if marks > 0 {
                let last = metas.last().map(Meta::key);
                self.marks.retain(|_, (key, _)| Some(*key) > last);
            }
            if self.keep_dropped {
                let mut block = Block::default();
                block.extend(&chunk.block, skip..to, None);
                out.push(block);
            }
            self.lines -= to - skip;
            self.bytes -= freed;
            self.dropped += (to - skip - marks) as u64;
            if to == len {
                self.chunks.pop_front();
            } else if let Some(chunk) = self.chunks.front_mut() {
                chunk.drop_to(to);
            }
        }
        out
    }

    /// Adds a filter; `None` when there is no room for another.
    pub fn add_filter(&mut self, filter: Filter) -> Option<FilterId> {
        let id = self.filters.add(filter)?;
        self.chunks.iter_mut().for_each(|c| c.forget(id.0));
        Some(id)
    }

    /// Takes a filter away.
    pub fn remove_filter(&mut self, id: FilterId) {
        if let Some(slot) = self.filters.slots.get_mut(id.0) {
            *slot = None;
            self.filters.changed();
            self.chunks.iter_mut().for_each(|c| c.forget(id.0));
        }
    }

    /// Puts another filter in a filter's place.
    pub fn replace_filter(&mut self, id: FilterId, filter: Filter) {
        if let Some(slot @ Some(_)) = self.filters.slots.get_mut(id.0) {
            *slot = Some(filter);
            self.filters.changed();
            self.chunks.iter_mut().for_each(|c| c.forget(id.0));
        }
    }

    /// Switches a filter on or off. What it matches is known already.
    pub fn enable_filter(&mut self, id: FilterId, enabled: bool) {
        if let Some(Some(filter)) = self.filters.slots.get_mut(id.0) {
            filter.enabled = enabled;
            self.filters.changed();
        }
    }

    /// The filters with what each matches and hides. Exact when nothing is unsettled.
    pub fn filters(&self) -> Vec<FilterRow<'_>> {
        let sum =
            |f: &dyn Fn(&Chunk) -> Option<u32>| self.chunks.iter().filter_map(f).map(u64::from).sum::<u64>();
        let rows = self.filters.slots.iter().enumerate().filter_map(|(i, slot)| {
            slot.as_ref().map(|filter| FilterRow {
                id: FilterId(i),
                filter,
                matching: sum(&|c| c.counts.matching.get(i).copied()),
                hides: sum(&|c| c.counts.hidden.get(i).copied()),
            })
        });
        rows.collect()
    }

    /// Searches for something else, or for nothing. Hides nothing.
    pub fn search(&mut self, query: Option<Query>) {
        if self.filters.search != query {
            self.filters.search = query;
            self.filters.changed();
            self.chunks.iter_mut().for_each(|c| c.forget(SEARCH));
        }
    }

    /// What is searched for.
    pub fn query(&self) -> Option<&Query> {
        self.filters.search.as_ref()
    }

    /// Finds out about lines that filters or the search have not seen yet, nearest to `near` first, older ones
    /// before younger ones, until about `bytes` of text have been matched. `true`: nothing is left.
    pub fn work(&mut self, near: Option<LineKey>, bytes: usize) -> bool {
        let here = near.map_or(self.chunks.len(), |key| self.chunks.partition_point(|c| c.last_key() < key));
        let here = here.min(self.chunks.len().saturating_sub(1));
        let mut left = bytes;
        for c in (0..=here).rev().chain(here + 1..self.chunks.len()) {
            let Some(chunk) = self.chunks.get_mut(c) else { break };
            if chunk.settled(&self.filters) {
                continue;
            }
            if left == 0 {
                return false;
            }
            chunk.settle(&self.filters, self.sight, &mut left);
            if !chunk.settled(&self.filters) {
                return false;
            }
        }
        true
    }

    /// The numbers.
    pub fn totals(&self) -> Totals {
        let mut t = Totals { taken: self.taken, dropped: self.dropped, ..Totals::default() };
        for chunk in &self.chunks {
            if !chunk.settled(&self.filters) {
                t.marks += u64::from(chunk.marks);
                t.unsettled += chunk.live() as u64;
                t.held += chunk.live() as u64;
                continue;
            }
            let counts = &chunk.counts;
            t.held += u64::from(counts.lines);
            t.marks += u64::from(counts.marks);
            t.hidden += counts.hidden.iter().copied().map(u64::from).sum::<u64>();
            t.hits += counts.matching.last().copied().map_or(0, u64::from);
            for (sum, n) in t.levels.iter_mut().zip(counts.shown) {
                *sum += u64::from(n);
                t.shown += u64::from(n);
            }
        }
        t
    }
}
