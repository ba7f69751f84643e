//! Lines and errors over time.

use chrono::{DateTime, Utc};

use super::chunk::{Chunk, Counts};
use super::level::Level;
use super::line::flag;
use super::ring::Ring;

/// Lines of one part of the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Lines, hidden ones too.
    pub lines: u64,
    /// Lines that are shown.
    pub shown: u64,
    /// Shown lines that are warnings.
    pub warnings: u64,
    /// Shown lines that are errors or worse.
    pub errors: u64,
}

/// Lines over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Where the first bucket begins.
    pub from: DateTime<Utc>,
    /// Milliseconds of a bucket.
    pub step_ms: i64,
    /// One after the other.
    pub buckets: Vec<Bucket>,
}

/// Lines of a part of the time that say that something is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Burst {
    /// All lines.
    pub lines: u64,
    /// Warnings.
    pub warnings: u64,
    /// Errors or worse.
    pub errors: u64,
}

impl Burst {
    fn add(&mut self, level: Level, n: u64) {
        self.lines += n;
        match level {
            Level::Warn => self.warnings += n,
            Level::Error | Level::Fatal => self.errors += n,
            _ => {}
        }
    }
}

impl Bucket {
    fn add(&mut self, counts: &Counts) {
        self.lines += u64::from(counts.lines);
        for (level, n) in Level::ALL.iter().zip(counts.shown) {
            self.one(*level, u64::from(n));
        }
    }

    fn one(&mut self, level: Level, n: u64) {
        self.shown += n;
        match level {
            Level::Warn => self.warnings += n,
            Level::Error | Level::Fatal => self.errors += n,
            _ => {}
        }
    }
}

impl Ring {
    /// Lines from `from` until before `until` in as many buckets. Chunks that lie in one bucket are not looked
    /// into.
    pub fn histogram(&self, from: DateTime<Utc>, until: DateTime<Utc>, buckets: usize) -> Histogram {
        let (start, end) = (from.timestamp_millis(), until.timestamp_millis());
        let n = i64::try_from(buckets.max(1)).unwrap_or(1);
        let span = end.saturating_sub(start).max(1);
        let step_ms = span / n + i64::from(span % n != 0);
        let mut out = Histogram { from, step_ms, buckets: vec![Bucket::default(); buckets.max(1)] };
        let place = |at: i64| {
            let inside = (start..end).contains(&at);
            inside.then(|| usize::try_from((at - start) / step_ms).unwrap_or_default())
        };
        let first = self.chunks.partition_point(|c| c.last_key().at_ms < start);
        for chunk in self.chunks.iter().skip(first).take_while(|c| c.first_key().at_ms < end) {
            let (a, b) = (place(chunk.first_key().at_ms), place(chunk.last_key().at_ms));
            match a {
                Some(index) if a == b && chunk.settled(&self.filters) => {
                    if let Some(bucket) = out.buckets.get_mut(index) {
                        bucket.add(&chunk.counts);
                    }
                }
                Some(index) if a == b && chunk.hides_all(&self.filters) => {
                    if let Some(bucket) = out.buckets.get_mut(index) {
                        bucket.lines += chunk.live() as u64;
                    }
                }
                _ => self.look_into(chunk, place, &mut out.buckets),
            }
        }
        out
    }

    /// Warnings and errors (or worse) from `from` until before `until` in as many slots, hidden lines too: what
    /// happened does not depend on what is read.
    pub fn bursts(&self, from: DateTime<Utc>, until: DateTime<Utc>, slots: usize) -> Vec<Burst> {
        let (start, end) = (from.timestamp_millis(), until.timestamp_millis());
        let n = i64::try_from(slots.max(1)).unwrap_or(1);
        let span = end.saturating_sub(start).max(1);
        let mut out = vec![Burst::default(); slots.max(1)];
        let place = |at: i64| {
            let inside = (start..end).contains(&at);
            inside.then(|| usize::try_from((at - start).saturating_mul(n) / span).unwrap_or_default())
        };
        let first = self.chunks.partition_point(|c| c.last_key().at_ms < start);
        for chunk in self.chunks.iter().skip(first).take_while(|c| c.first_key().at_ms < end) {
            let (a, b) = (place(chunk.first_key().at_ms), place(chunk.last_key().at_ms));
            if a.is_some() && a == b && chunk.settled(&self.filters) {
                let levels = Level::ALL.iter().zip(chunk.counts.levels);
                if let Some(slot) = a.and_then(|slot| out.get_mut(slot)) {
                    levels.for_each(|(level, n)| slot.add(*level, u64::from(n)));
                }
                continue;
            }
            for meta in chunk.block.metas.iter().skip(chunk.skip).filter(|meta| !meta.has(flag::MARK)) {
                if let Some(slot) = place(meta.at_ms).and_then(|slot| out.get_mut(slot)) {
                    slot.add(meta.level, 1);
                }
            }
        }
        out
    }

    fn look_into(&self, chunk: &Chunk, place: impl Fn(i64) -> Option<usize>, buckets: &mut [Bucket]) {
        for (i, meta) in chunk.block.metas.iter().enumerate().skip(chunk.skip) {
            let bucket = place(meta.at_ms).and_then(|b| buckets.get_mut(b));
            let Some(bucket) = bucket.filter(|_| !meta.has(flag::MARK)) else { continue };
            bucket.lines += 1;
            if chunk.shown(i, &self.filters) {
                bucket.one(meta.level, 1);
            }
        }
    }
}
