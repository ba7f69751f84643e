//! Lines in one piece: their text end to end, one small record each. No allocation a line.

use std::sync::Arc;

use super::level::Level;
use super::line::{LineKey, LineRef, Origin, flag};

/// What is known about a line beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) at_ms: i64,
    pub(super) seq: u64,
    /// Where its text ends in the block; the next begins one byte (a line end) further.
    pub(super) end: u32,
    pub(super) delay_ms: i32,
    /// Index into the origins of the block.
    pub(super) origin: u16,
    /// A bit for each filter it matches.
    pub(super) mask: u16,
    pub(super) level: Level,
    pub(super) flags: u8,
}

impl Meta {
    pub(super) fn key(&self) -> LineKey {
        LineKey { at_ms: self.at_ms, seq: self.seq }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Lines with their text in one piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    pub(super) text: String,
    pub(super) metas: Vec<Meta>,
    pub(super) origins: Vec<Arc<Origin>>,
}

impl Block {
    /// Number of lines.
    pub fn len(&self) -> usize {
        self.metas.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.metas.is_empty()
    }

    /// Bytes of its text.
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Bytes it takes, room to grow included.
    pub(super) fn resident(&self) -> usize {
        self.text.capacity() + self.metas.capacity() * size_of::<Meta>() + self.origins.capacity() * 8
    }

    /// Line `index`.
    pub fn line(&self, index: usize) -> Option<LineRef<'_>> {
        let meta = self.metas.get(index)?;
        Some(LineRef {
            key: meta.key(),
            origin: self.origins.get(usize::from(meta.origin))?,
            level: meta.level,
            text: self.text(index),
            delay_ms: (!meta.has(flag::MARK)).then_some(meta.delay_ms),
            late: meta.has(flag::LATE),
            mark: meta.has(flag::MARK),
            json: meta.has(flag::JSON),
            redacted: meta.has(flag::REDACTED),
        })
    }

    /// Every line.
    pub fn lines(&self) -> impl Iterator<Item = LineRef<'_>> {
        (0..self.len()).filter_map(|i| self.line(i))
    }

    /// The same lines in blocks of at most `lines`.
    pub fn split(&self, lines: usize) -> impl Iterator<Item = Self> {
        (0..self.len()).step_by(lines.max(1)).map(move |from| {
            let mut block = Self::default();
            block.extend(self, from..(from + lines).min(self.len()), None);
            block
        })
    }

    /// Where the text of line `index` begins.
    pub(super) fn start(&self, index: usize) -> usize {
        index.checked_sub(1).and_then(|before| self.metas.get(before)).map_or(0, |m| m.end as usize + 1)
    }

    pub(super) fn end(&self, index: usize) -> usize {
        self.metas.get(index).map_or(self.text.len(), |m| m.end as usize)
    }

    /// Text of line `index`; empty where there is none.
    pub(super) fn text(&self, index: usize) -> &str {
        self.text.get(self.start(index)..self.end(index)).unwrap_or_default()
    }

    /// The line that holds byte `offset` of the text, at `from` or later.
    pub(super) fn line_of(&self, offset: usize, from: usize) -> usize {
        let later = self.metas.get(from..).unwrap_or_default();
        // Hits are near each other more often than not.
        for (i, meta) in later.iter().take(4).enumerate() {
            if meta.end as usize >= offset {
                return from + i;
            }
        }
        from + later.partition_point(|m| (m.end as usize) < offset)
    }

    /// Adds a line. Texts of a block stay below 4 GiB: blocks are cut long before.
    pub(super) fn push(&mut self, text: &str, mut meta: Meta) {
        self.text.push_str(text);
        meta.end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push('\n');
        self.metas.push(meta);
    }

    /// The index of an origin, added if it is new; the last one used is found first.
    pub(super) fn origin(&mut self, origin: &Arc<Origin>) -> u16 {
        let known = self.origins.iter().rposition(|o| Arc::ptr_eq(o, origin) || o == origin);
        let index = known.unwrap_or_else(|| {
            self.origins.push(Arc::clone(origin));
            self.origins.len() - 1
        });
        u16::try_from(index).unwrap_or(u16::MAX)
    }

    /// Appends lines `range` of `other`, numbered from `seq` on if they have no number yet. Their text is copied
    /// in one piece.
    pub(super) fn extend(&mut self, other: &Self, range: std::ops::Range<usize>, seq: Option<u64>) {
        let (from, to) = (other.start(range.start), other.start(range.end));
        let (Some(text), Some(metas)) = (other.text.get(from..to), other.metas.get(range)) else { return };
        let base = self.text.len();
        self.text.push_str(text);
        self.metas.reserve(metas.len());
        let mut last: Option<(u16, u16)> = None;
        let mut next = seq;
        for meta in metas {
            let origin = match last {
                Some((theirs, ours)) if theirs == meta.origin => ours,
                _ => {
                    let ours = other.origins.get(usize::from(meta.origin)).map_or(0, |o| self.origin(o));
                    last = Some((meta.origin, ours));
                    ours
                }
            };
            let end = u32::try_from(meta.end as usize - from + base).unwrap_or(u32::MAX);
            let mut meta = Meta { end, origin, ..*meta };
            if let Some(seq) = &mut next {
                (meta.seq, meta.mask) = (*seq, 0);
                *seq += 1;
            }
            self.metas.push(meta);
        }
    }

    /// Gives back room that will not be used.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.metas.shrink_to_fit();
        self.origins.shrink_to_fit();
    }
}
