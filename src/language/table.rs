//! The messages of a language: an English text to its translation.

use std::borrow::Cow;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::heard;
use super::template::{FEW, Template, Translation};

/// Messages within messages that are followed.
const DEPTH: usize = 6;
/// Between two sentences.
const SENTENCE: &str = ". ";
/// What separates texts that stand side by side, the widest apart first, and how the translations are joined.
const BETWEEN: &[(&str, &str)] =
    &[("\n", "\n"), ("  ", "  "), (". ", "。"), ("; ", "; "), (": ", ": "), (" (", " ("), (", ", "、")];

/// How well a text must fit a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// What is filled in is no message, or one that is known, and no sentence.
    Short,
    /// It may be sentences.
    Long,
    /// It may be anything.
    Any,
}

/// Whether there are words of the language that the program is written in: two in a row.
fn english(text: &str) -> bool {
    let word = |w: &str| w.len() > 1 && w.bytes().all(|b| b.is_ascii_lowercase());
    let words: Vec<&str> = text.split(' ').collect();
    let last = |w: &str| word(w.trim_end_matches(['.', ',', ';', ':', ')']));
    // names of a list have a comma between them
    words.iter().zip(words.iter().skip(1)).any(|(a, b)| word(a) && last(b))
}

/// A text without what stands in parentheses: commands and names, whatever the language.
fn bare(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|c| {
            depth += usize::from(*c == '(');
            let inside = depth > 0;
            depth = depth.saturating_sub(usize::from(*c == ')'));
            !inside
        })
        .collect()
}

/// A message with its translation.
struct Entry {
    key: String,
    message: Template,
    translation: Translation,
}

/// All messages of one language.
pub struct Table {
    fixed: HashMap<String, String>,
    /// With holes, those of most letters first.
    entries: Vec<Entry>,
    /// Finds the longest literal of each entry.
    finder: Option<AhoCorasick>,
    /// What is wrong with the table, in words.
    wrong: Vec<String>,
}

impl Table {
    /// Reads TOML files: each key an English text, each value its translation. What is wrong is left out and
    /// told by [`Table::wrong`].
    pub fn parse<'f>(files: impl IntoIterator<Item = &'f str>) -> Self {
        let mut table = Self { fixed: HashMap::new(), entries: Vec::new(), finder: None, wrong: Vec::new() };
        for file in files {
            match toml::from_str::<toml::Table>(file) {
                Ok(file) => {
                    for (key, value) in &file {
                        table.add(key, value.as_str().unwrap_or_default());
                    }
                }
                Err(e) => table.wrong.push(e.to_string()),
            }
        }
        table.entries.sort_by(|a, b| (b.message.weight(), &a.key).cmp(&(a.message.weight(), &b.key)));
        let longest = table.entries.iter().map(|e| e.message.longest());
        match AhoCorasick::builder().match_kind(MatchKind::Standard).build(longest) {
            Ok(finder) => table.finder = Some(finder),
            Err(e) => table.wrong.push(e.to_string()),
        }
        table
    }

    fn add(&mut self, key: &str, value: &str) {
        let read = Template::parse(key).and_then(|message| {
            let translation = Translation::parse(value, &message)?;
            Ok((message, translation))
        });
        match read {
            Err(why) => self.wrong.push(format!("{key:?}: {why}")),
            Ok(_) if value.trim().is_empty() => self.wrong.push(format!("{key:?} has no translation")),
            Ok((message, translation)) => {
                let twice = if let Some(text) = message.fixed() {
                    let text = text.trim().to_owned();
                    let value = translation.with(&[], &mut Cow::Borrowed);
                    self.fixed.insert(text, value).is_some()
                } else {
                    let twice = self.entries.iter().any(|e| e.key == key);
                    if message.letters() == 0 {
                        self.wrong.push(format!("{key:?} has no word of its own"));
                    } else {
                        self.entries.push(Entry { key: key.to_owned(), message, translation });
                    }
                    twice
                };
                if twice {
                    self.wrong.push(format!("{key:?} stands in two places"));
                }
            }
        }
    }

    /// What is wrong with the file.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// The keys, as they stand in the file (without blanks around them where nothing is filled in).
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.fixed.keys().map(String::as_str).chain(self.entries.iter().map(|e| e.key.as_str()))
    }

    /// Whether `text` is a whole message, or the translation of one, in which nothing is filled in.
    pub fn is_fixed(&self, text: &str) -> bool {
        self.fixed.contains_key(text.trim()) || self.fixed.values().any(|v| v == text.trim())
    }

    /// The translation of `text`; `None`: there is nothing to translate.
    pub(super) fn say(&self, text: &str) -> Option<String> {
        self.any(text, DEPTH)
    }

    fn any(&self, text: &str, depth: usize) -> Option<String> {
        let core = text.trim_matches(' ');
        if depth == 0 || !core.bytes().any(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let said = self
            .whole(core, depth, Fit::Short)
            .or_else(|| self.labelled(core, depth))
            .or_else(|| self.sentences(core, depth))
            .or_else(|| self.whole(core, depth, Fit::Long))
            .or_else(|| self.peeled(core, depth, Fit::Long))
            .or_else(|| self.whole(core, depth, Fit::Any))
            .or_else(|| self.peeled(core, depth, Fit::Any))
            .or_else(|| self.parts(core, depth));
        let Some(said) = said else {
            heard::untranslated(core);
            return None;
        };
        let before = text.len() - text.trim_start_matches(' ').len();
        let after = text.len() - text.trim_end_matches(' ').len();
        Some(format!("{}{said}{}", " ".repeat(before), " ".repeat(after)))
    }

    /// As one message.
    fn whole(&self, text: &str, depth: usize, fit: Fit) -> Option<String> {
        if let Some(said) = self.fixed.get(text) {
            heard::used(text);
            return Some(said.clone());
        }
        let mut found: Vec<usize> =
            self.finder.as_ref()?.find_overlapping_iter(text).map(|m| m.pattern().as_usize()).collect();
        found.sort_unstable();
        found.dedup();
        let fitting: Vec<(&Entry, Vec<&str>)> = found
            .into_iter()
            .filter_map(|i| self.entries.get(i))
            .filter_map(|entry| Some((entry, entry.message.holes_of(text)?)))
            .filter(|(_, values)| fit != Fit::Short || !values.iter().any(|v| v.contains(SENTENCE)))
            .collect();
        let (entry, values) = fitting.iter().find(|(entry, values)| match fit {
            Fit::Short | Fit::Long => self.clean(entry, values, depth),
            Fit::Any => entry.message.letters() >= FEW,
        })?;
        heard::used(&entry.key);
        for (i, value) in values.iter().enumerate().filter(|(i, _)| entry.translation.keeps(*i)) {
            heard::hole(&entry.key, i, value);
        }
        let mut say = |value| self.any(value, depth - 1).map_or(Cow::Borrowed(value), Cow::Owned);
        let said = entry.translation.with(values, &mut say);
        if values.iter().all(|value| !value.contains(char::is_alphabetic)) {
            heard::label(&said);
        }
        Some(said)
    }

    /// Whether nothing in the holes looks like words of another message.
    fn clean(&self, entry: &Entry, values: &[&str], depth: usize) -> bool {
        let several = |v: &str| v.contains(": ") || v.contains("; ") || v.ends_with('.');
        heard::quietly(|| {
            values.iter().enumerate().all(|(i, value)| {
                if entry.translation.is_foreign(i) {
                    true
                } else if entry.translation.keeps(i) {
                    !several(value) && !english(value)
                } else {
                    !english(value) || self.any(value, depth - 1).is_some_and(|said| !english(&bare(&said)))
                }
            })
        })
    }

    /// After a word that says what kind of message it is: `HIGH: …`.
    fn labelled(&self, text: &str, depth: usize) -> Option<String> {
        let (label, rest) = text.split_once(": ")?;
        let label = self.fixed.get(label)?;
        heard::quietly(|| self.any(rest, depth - 1))?;
        Some(format!("{label}: {}", self.any(rest, depth - 1)?))
    }

    /// As messages one after the other, each a sentence or several.
    fn sentences(&self, text: &str, depth: usize) -> Option<String> {
        text.match_indices(SENTENCE).find_map(|(at, _)| {
            let (first, rest) = text.split_at(at + 1);
            let first = self.whole(first, depth, Fit::Long).or_else(|| {
                let said = self.whole(first.strip_suffix('.')?, depth, Fit::Long)?;
                Some(format!("{}。", said.trim_end_matches('。')))
            })?;
            Some(format!("{first}{}", self.any(rest.trim_start(), depth)?))
        })
    }

    /// Without the shapes before it and the full stop after it; or with the full stop that it lost where it was
    /// put into another message.
    fn peeled(&self, text: &str, depth: usize, fit: Fit) -> Option<String> {
        let edge = |c: char| !c.is_alphanumeric();
        let inner = text.trim_start_matches(edge);
        let before = text.get(..text.len() - inner.len()).unwrap_or_default();
        let core = inner.trim_end_matches(['.', ':', ',', ';', '!', '?', ')', '…', '"', '\'']);
        let after = inner.get(core.len()..).unwrap_or_default();
        if after.is_empty()
            && let Some(said) = self.whole(&format!("{core}."), depth, fit)
        {
            return Some(format!("{before}{}", said.trim_end_matches('。')));
        }
        if before.is_empty() && after.is_empty() {
            return None;
        }
        if let Some(said) = self.whole(inner, depth, fit) {
            return Some(format!("{before}{said}"));
        }
        let said = self.whole(core, depth, fit)?;
        let after = if after == "." { if said.ends_with('。') { "" } else { "。" } } else { after };
        Some(format!("{before}{said}{after}"))
    }

    /// As several messages side by side.
    fn parts(&self, text: &str, depth: usize) -> Option<String> {
        for (between, joint) in BETWEEN {
            let Some((first, rest)) = text.split_once(between) else { continue };
            let (a, b) = (self.any(first, depth - 1), self.any(rest, depth - 1));
            if a.is_none() && b.is_none() {
                continue;
            }
            let joint = if a.is_some() && b.is_some() { joint } else { between };
            let a = a.as_deref().unwrap_or(first);
            let joint = if *joint == "。" && a.ends_with('。') { "" } else { joint };
            return Some(format!("{a}{joint}{}", b.as_deref().unwrap_or(rest)));
        }
        None
    }
}
