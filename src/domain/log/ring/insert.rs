//! Lines find their place: at the end as a rule, between others when they come late or from several groups.

use std::ops::Range;

use super::super::block::{Block, Meta};
use super::super::chunk::{CHUNK_BYTES, CHUNK_LINES, Chunk};
use super::super::line::flag;
use super::Ring;

impl Ring {
    /// Puts lines, the oldest first, where their time says; behind those of the same instant.
    pub(super) fn insert(&mut self, lines: &Block) {
        let mut i = 0;
        while let Some(first) = lines.metas.get(i) {
            let at = first.at_ms;
            let last = self.chunks.len().saturating_sub(1);
            let c = self.chunks.partition_point(|c| c.first_key().at_ms <= at).saturating_sub(1);
            let newest = self.chunks.get(c).map_or(i64::MIN, |chunk| chunk.last_key().at_ms);
            if c == last && at >= newest {
                self.extend(lines, i..lines.len());
                return;
            }
            // What belongs into this chunk: before the next one begins, or before the end of the last one.
            let bound = self.chunks.get(c + 1).map_or(newest, |next| next.first_key().at_ms);
            let run = lines.metas.get(i..).unwrap_or_default().partition_point(|m| m.at_ms < bound).max(1);
            self.merge(c, lines, i..i + run);
            i += run;
        }
    }

    /// Appends at the end.
    fn extend(&mut self, lines: &Block, range: Range<usize>) {
        let mut i = range.start;
        while i < range.end {
            if self.chunks.back().is_none_or(Chunk::is_full) {
                if let Some(full) = self.chunks.back_mut() {
                    full.block.shrink();
                }
                self.chunks.push_back(Chunk::default());
            }
            let Some(chunk) = self.chunks.back_mut() else { return };
            let room = CHUNK_LINES.saturating_sub(chunk.len()).max(1);
            let space = lines.start(i) + CHUNK_BYTES.saturating_sub(chunk.block.bytes());
            let fits = lines.metas.get(i..range.end).unwrap_or_default();
            let fits = fits.partition_point(|m| (m.end as usize) < space).max(1);
            let n = room.min(fits);
            let new = lines.metas.get(i..i + n).unwrap_or_default();
            let marks = u32::try_from(new.iter().filter(|m| m.has(flag::MARK)).count()).unwrap_or(u32::MAX);
            chunk.block.extend(lines, i..i + n, Some(self.seq));
            chunk.marks += marks;
            self.seq += n as u64;
            self.grow(lines, i..i + n);
            i += n;
        }
    }

    fn grow(&mut self, lines: &Block, range: Range<usize>) {
        self.lines += range.len();
        self.bytes += lines.start(range.end) - lines.start(range.start) + range.len() * size_of::<Meta>();
    }

    /// Puts lines between those of a chunk.
    fn merge(&mut self, c: usize, lines: &Block, range: Range<usize>) {
        let Some(chunk) = self.chunks.get_mut(c) else { return };
        let old = std::mem::take(chunk);
        self.miner.forget(&old.patterns, old.skip);
        let mut merged = Block::default();
        merged.text.reserve_exact(old.block.bytes() + lines.start(range.end) - lines.start(range.start));
        merged.metas.reserve_exact(old.len() + range.len());
        let (mut a, mut b) = (old.skip, range.start);
        while b < range.end {
            let Some(new) = lines.metas.get(b) else { break };
            let before =
                old.block.metas.get(a..).unwrap_or_default().partition_point(|m| m.at_ms <= new.at_ms);
            if before > 0 {
                merged.extend(&old.block, a..a + before, None);
                a += before;
            }
            let until = old.block.metas.get(a).map_or(i64::MAX, |m| m.at_ms);
            let rest = lines.metas.get(b..range.end).unwrap_or_default();
            let run = rest.partition_point(|m| m.at_ms < until || until == i64::MAX).max(1);
            merged.extend(lines, b..b + run, Some(self.seq));
            self.seq += run as u64;
            b += run;
        }
        merged.extend(&old.block, a..old.len(), None);
        self.grow(lines, range);
        self.replace(c, merged);
    }

    /// Puts a block in place of a chunk, cut into several if it has become too large.
    fn replace(&mut self, c: usize, block: Block) {
        if block.len() <= 2 * CHUNK_LINES && block.bytes() <= 2 * CHUNK_BYTES {
            if let Some(chunk) = self.chunks.get_mut(c) {
                *chunk = Chunk::of(block);
            }
            return;
        }
        let mut at = c;
        let mut i = 0;
        while i < block.len() {
            let space = block.start(i) + CHUNK_BYTES;
            let fits = block.metas.get(i..).unwrap_or_default();
            let n = fits.partition_point(|m| (m.end as usize) < space).clamp(1, CHUNK_LINES);
            let n = n.min(block.len() - i);
            let mut piece = Block::default();
            piece.extend(&block, i..i + n, None);
            piece.shrink();
            if i == 0 {
                if let Some(chunk) = self.chunks.get_mut(at) {
                    *chunk = Chunk::of(piece);
                }
            } else {
                self.chunks.insert(at, Chunk::of(piece));
            }
            at += 1;
            i += n;
        }
    }
}
