//! Makes lines of events: level, secrets, JSON, order. Costs the most of all that is done with a line, so it
//! happens where lines are read, not where they are drawn.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::LogEvent;
use super::batch::{BATCH_BYTES, BATCH_LINES};
use super::block::{Block, Meta};
use super::json;
use super::level;
use super::line::{Origin, flag};
use super::redact::{REDACTED, Redactor, closes_key, opens_key};

/// Origins remembered between batches.
const ORIGINS: usize = 4_096;
/// Lines of a private key that began in an earlier event: the longest in use has 100.
const KEY_LINES: u8 = 120;

/// An event, and what the tail knows about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The event.
    pub event: LogEvent,
    /// It came after younger ones of its group had been handed over.
    pub late: bool,
}

/// See the module.
#[derive(Default)]
pub struct Intake {
    redactor: Redactor,
    origins: HashMap<Arc<str>, HashMap<Arc<str>, Arc<Origin>>>,
    known: usize,
    /// Streams that are in the midst of a private key, and for how many lines at most.
    keys: HashMap<Arc<Origin>, u8>,
}

impl Intake {
    /// Takes out what `redactor` finds.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, ..Self::default() }
    }

    /// Lines of `events`, in blocks that are small enough for a batch, the oldest first in each.
    pub fn blocks(&mut self, mut events: Vec<Arrived>) -> Vec<Block> {
        // Stable: what came in one millisecond stays as it came.
        events.sort_by_key(|arrived| arrived.event.at);
        let mut out = Vec::new();
        let mut block = Block::default();
        let mut indices: HashMap<*const Origin, u16> = HashMap::new();
        // Each is dropped once its line is written, so that a page is in memory once.
        for arrived in events {
            if block.len() >= BATCH_LINES || block.bytes() >= BATCH_BYTES {
                out.push(std::mem::take(&mut block));
                indices.clear();
            }
            let origin = self.origin(&arrived.event.group, &arrived.event.stream);
            let index = *indices.entry(Arc::as_ptr(&origin)).or_insert_with(|| block.origin(&origin));
            self.line(&arrived, &origin, index, &mut block);
        }
        if !block.is_empty() {
            out.push(block);
        }
        out
    }

    fn line(&mut self, arrived: &Arrived, origin: &Arc<Origin>, index: u16, block: &mut Block) {
        let event = &arrived.event;
        let is_json = json::looks_like(&event.message);
        let text = self.without_secrets(&event.message, origin);
        let mut flags = 0;
        for (set, flag) in [
            (arrived.late, flag::LATE),
            (is_json, flag::JSON),
            (matches!(text, Cow::Owned(_)), flag::REDACTED),
            (is_odd(&text), flag::ODD),
        ] {
            if set {
                flags |= flag;
            }
        }
        let delay = (event.ingested_at - event.at).num_milliseconds();
        let meta = Meta {
            at_ms: event.at.timestamp_millis(),
            seq: 0,
            end: 0,
            delay_ms: i32::try_from(delay).unwrap_or(if delay < 0 { i32::MIN } else { i32::MAX }),
            origin: index,
            mask: 0,
            level: level::detect(&text, is_json),
            flags,
        };
        block.push(&text, meta);
    }

    fn without_secrets<'a>(&mut self, text: &'a str, origin: &Arc<Origin>) -> Cow<'a, str> {
        let inside = !self.keys.is_empty() && self.keys.contains_key(origin);
        if inside {
            let left = self.keys.get_mut(origin).map_or(0, |left| {
                *left = left.saturating_sub(1);
                *left
            });
            if closes_key(text) || left == 0 {
                self.keys.remove(origin);
            }
            return Cow::Owned(REDACTED.to_owned());
        }
        let clean = self.redactor.redact(text);
        if matches!(clean, Cow::Owned(_)) && opens_key(text) && self.keys.len() < ORIGINS {
            self.keys.insert(Arc::clone(origin), KEY_LINES);
        }
        clean
    }

    fn origin(&mut self, group: &str, stream: &str) -> Arc<Origin> {
        if let Some(origin) = self.origins.get(group).and_then(|streams| streams.get(stream)) {
            return Arc::clone(origin);
        }
        if self.known >= ORIGINS {
            self.origins.clear();
            self.known = 0;
        }
        let group =
            self.origins.get_key_value(group).map_or_else(|| Arc::from(group), |(g, _)| Arc::clone(g));
        let stream: Arc<str> = Arc::from(stream);
        let origin = Arc::new(Origin { group: Arc::clone(&group), stream: Arc::clone(&stream) });
        self.origins.entry(group).or_default().insert(stream, Arc::clone(&origin));
        self.known += 1;
        origin
    }
}

/// Whether what is seen of a text may differ from what it holds. Says yes when in doubt.
pub(super) fn is_odd(text: &str) -> bool {
    let plain_byte = |b: &u8| matches!(b, 0x20..0x7f | b'\t' | b'\n' | b'\r');
    if text.as_bytes().iter().all(plain_byte) {
        return false;
    }
    !text.chars().all(|c| {
        matches!(c,
            '\u{20}'..='\u{7e}' | '\t' | '\n' | '\r'
            // Latin, Greek, Cyrillic letters; punctuation, arrows, boxes
            | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{48a}'..='\u{52f}'
            | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{2190}'..='\u{2bff}'
            // Kana, kanji, hangul, full and half width
            | '\u{3000}'..='\u{3029}' | '\u{3030}'..='\u{3098}' | '\u{309b}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}' | '\u{ff01}'..='\u{ff9d}')
    })
}
