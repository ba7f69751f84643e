//! What the lines have in common: "412 × mount target … timed out". Words that hold digits are taken for
//! variable at once; lines of as many words that agree in at least half of them become one pattern, and the
//! words in which they differ become variable too (the idea of Drain, He et al. 2017). Bounded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::chunk::Chunk;
use super::filter::Query;
use super::json;
use super::level::Level;
use super::line::flag;
use super::matching::Sight;
use super::ring::Ring;

/// Patterns at most; what fits none of them is counted as other.
const PATTERNS: usize = 1_000;
/// Words of a line that are looked at.
const WORDS: usize = 48;
/// Bytes of a line that are looked at.
const BYTES: usize = 1_024;
/// Patterns that a line is compared with.
const COMPARED: usize = 64;
/// Forms of lines remembered with their pattern.
const FORMS: usize = 20_000;
/// Stands for what is variable within a word.
const VARIABLE: char = '\u{fffc}';

/// Not looked at, or a mark.
const NONE: u32 = 0;
/// Fits no pattern, and there is no room for another.
const OTHER: u32 = 1;
/// Number of the first pattern.
const FIRST: usize = 2;

/// A pattern, with the held lines that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Its words; `None`: variable. Empty: all lines that fit no pattern.
    pub words: Vec<Option<String>>,
    /// Held lines.
    pub lines: u64,
    /// The worst level among lines that had it.
    pub worst: Level,
}

impl Pattern {
    /// In words, with `variable` for what varies; neighbours that vary are one.
    pub fn text(&self, variable: &str) -> String {
        let mut out = String::new();
        let mut varied = false;
        for word in &self.words {
            if word.is_none() && varied {
                continue;
            }
            push_word(&mut out, &word.as_deref().map_or(variable.into(), |w| w.replace(VARIABLE, variable)));
            varied = word.as_deref().is_none_or(|w| w.chars().eq([VARIABLE]));
        }
        out
    }

    /// Finds its lines, for a filter.
    ///
    /// # Errors
    /// In words, should the pattern be too long for an expression.
    pub fn query(&self) -> Result<Query, String> {
        let words: Vec<String> = self
            .words
            .iter()
            .map(|word| match word {
                None => r"\S+".to_owned(),
                Some(word) => {
                    let parts: Vec<String> = word.split(VARIABLE).map(regex::escape).collect();
                    parts.join(r"[\w.:/-]*")
                }
            })
            .collect();
        // Case matters: the words are as they were logged.
        Query::new(&format!("(?-i:{})", words.join("[ \\t]+")))
    }
}

fn push_word(out: &mut String, word: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(word);
}

#[derive(Debug)]
struct Cluster {
    words: Vec<Option<Box<str>>>,
    lines: u64,
    worst: Level,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Miner {
    clusters: Vec<Cluster>,
    /// By number of words and first word.
    places: HashMap<(usize, u64), Vec<u32>>,
    forms: HashMap<u64, u32>,
    others: u64,
    form: String,
}

impl Miner {
    fn number(&mut self, text: &str, level: Level) -> u32 {
        let mut form = std::mem::take(&mut self.form);
        masked(text, &mut form);
        let hash = hashed(&form);
        let number = if let Some(number) = self.forms.get(&hash) {
            *number
        } else {
            let number = self.place(&form, level);
            if self.forms.len() >= FORMS {
                self.forms.clear();
            }
            self.forms.insert(hash, number);
            number
        };
        self.form = form;
        match (number as usize).checked_sub(FIRST).and_then(|i| self.clusters.get_mut(i)) {
            Some(cluster) => {
                cluster.lines += 1;
                cluster.worst = cluster.worst.max(level);
            }
            None => self.others += 1,
        }
        number
    }

    fn place(&mut self, form: &str, level: Level) -> u32 {
        let words: Vec<&str> = form.split(' ').collect();
        let place = (words.len(), hashed(words.first().copied().unwrap_or_default()));
        let here = self.places.entry(place).or_default();
        let mut best: Option<(usize, u32)> = None;
        for number in here.iter().rev().take(COMPARED) {
            let Some(cluster) = self.clusters.get(*number as usize - FIRST) else { continue };
            let same = cluster.words.iter().zip(&words).filter(|(a, b)| a.as_deref() == Some(**b)).count();
            if best.is_none_or(|(most, _)| same > most) {
                best = Some((same, *number));
            }
        }
        // A word that varied before is no word in common; half of all words must be.
        if let Some((same, number)) = best
            && same * 2 >= words.len()
            && let Some(cluster) = self.clusters.get_mut(number as usize - FIRST)
        {
            for (known, word) in cluster.words.iter_mut().zip(&words) {
                if known.as_deref() != Some(*word) {
                    *known = None;
                }
            }
            return number;
        }
        if self.clusters.len() >= PATTERNS {
            return OTHER;
        }
        let number = u32::try_from(self.clusters.len() + FIRST).unwrap_or(OTHER);
        here.push(number);
        let words = words.iter().map(|w| Some(Box::from(*w))).collect();
        self.clusters.push(Cluster { words, lines: 0, worst: level });
        number
    }

    /// Lines with these numbers, from `skip` on, are no longer held.
    pub(super) fn forget(&mut self, numbers: &[u32], skip: usize) {
        for number in numbers.get(skip..).unwrap_or_default() {
            match (*number as usize).checked_sub(FIRST).and_then(|i| self.clusters.get_mut(i)) {
                Some(cluster) => cluster.lines = cluster.lines.saturating_sub(1),
                None if *number == OTHER => self.others = self.others.saturating_sub(1),
                None => {}
            }
        }
    }

    fn look(&mut self, chunk: &mut Chunk, sight: Sight) -> usize {
        let from = chunk.patterns.len();
        let cost = chunk.block.text.len().saturating_sub(chunk.block.start(from));
        for i in from..chunk.len() {
            let Some(meta) = chunk.block.metas.get(i) else { break };
            let number = if i < chunk.skip || meta.has(flag::MARK) {
                NONE
            } else {
                let text = chunk.block.text(i);
                let said = if meta.has(flag::JSON) { json::message(text) } else { None };
                let said = said.as_deref().unwrap_or(text);
                // what is not seen, such as colours, is no word
                let seen = if meta.has(flag::ODD) { sight(said) } else { Cow::Borrowed(said) };
                self.number(&seen, meta.level)
            };
            chunk.patterns.push(number);
        }
        cost
    }
}

impl Ring {
    /// Finds the patterns of lines not looked at yet, the youngest first, until about `bytes` of text have been
    /// read. `true`: nothing is left.
    pub fn mine(&mut self, bytes: usize) -> bool {
        let mut left = bytes;
        for chunk in self.chunks.iter_mut().rev().filter(|c| c.patterns.len() < c.len()) {
            if left == 0 {
                return false;
            }
            left = left.saturating_sub(self.miner.look(chunk, self.sight).max(1));
        }
        true
    }

    /// Patterns of held lines, the most frequent first, as far as [`Ring::mine`] has looked.
    pub fn patterns(&self) -> Vec<Pattern> {
        let known = self.miner.clusters.iter().filter(|c| c.lines > 0).map(|c| Pattern {
            words: c.words.iter().map(|w| w.as_deref().map(str::to_owned)).collect(),
            lines: c.lines,
            worst: c.worst,
        });
        let mut out: Vec<Pattern> = known.collect();
        out.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.words.cmp(&b.words)));
        if self.miner.others > 0 {
            out.push(Pattern { words: Vec::new(), lines: self.miner.others, worst: Level::Unknown });
        }
        out
    }
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Writes the form of a line: its words, one space between them, each run of letters and digits that has a
/// digit as [`VARIABLE`], and numbers that are joined by punctuation (`10.0.1.100`, `12:30:01`) as one.
fn masked(text: &str, out: &mut String) {
    out.clear();
    let mut end = text.len().min(BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    for word in text.split_ascii_whitespace().take(WORDS) {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.bytes().any(|c| c.is_ascii_digit()) {
            mask_word(word, out);
        } else {
            out.push_str(word);
        }
    }
}

fn mask_word(word: &str, out: &mut String) {
    let begin = out.len();
    let mut rest = word;
    while !rest.is_empty() {
        let run = rest.bytes().position(|c| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(run);
        if piece.bytes().any(|c| c.is_ascii_digit()) {
            let joined = out.get(begin..).and_then(|w| w.strip_suffix(['.', ':', '-', '_', '/', ',', '+']));
            if joined.is_some_and(|w| w.ends_with(VARIABLE)) {
                out.pop();
            } else {
                out.push(VARIABLE);
            }
        } else {
            out.push_str(piece);
        }
        let Some(c) = after.chars().next() else { break };
        out.push(c);
        rest = after.get(c.len_utf8()..).unwrap_or_default();
    }
}
