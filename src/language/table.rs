//! The messages of a language: an English text to its translation.

use std::borrow::Cow;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::heard;
use super::template::{Template, Translation};

/// Messages within messages that are followed.
const DEPTH: usize = 6;
/// What separates texts that stand side by side, the widest apart first, and how the translations are joined.
const BETWEEN: &[(&str, &str)] =
    &[("\n", "\n"), ("  ", "  "), ("; ", "; "), (". ", "。"), (": ", ": "), (" (", " ("), (", ", "、")];

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
                let twice = match message.fixed() {
                    Some(text) => {
                        let text = text.trim().to_owned();
                        let value = translation.with(&[], &mut Cow::Borrowed);
                        self.fixed.insert(text, value).is_some()
                    }
                    None => {
                        let twice = self.entries.iter().any(|e| e.key == key);
                        if message.letters() == 0 {
                            self.wrong.push(format!("{key:?} has no word of its own"));
                        } else {
                            self.entries.push(Entry { key: key.to_owned(), message, translation });
                        }
                        twice
                    }
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
        let said = self.whole(core, depth).or_else(|| self.peeled(core, depth)).or_else(|| {
            let parts = self.parts(core, depth);
            if parts.is_none() {
                heard::untranslated(core);
            }
            parts
        })?;
        let before = text.len() - text.trim_start_matches(' ').len();
        let after = text.len() - text.trim_end_matches(' ').len();
        Some(format!("{}{said}{}", " ".repeat(before), " ".repeat(after)))
    }

    /// As one message.
    fn whole(&self, text: &str, depth: usize) -> Option<String> {
        if let Some(said) = self.fixed.get(text) {
            heard::used(text);
            return Some(said.clone());
        }
        let mut found: Vec<usize> =
            self.finder.as_ref()?.find_overlapping_iter(text).map(|m| m.pattern().as_usize()).collect();
        found.sort_unstable();
        found.dedup();
        for entry in found.into_iter().filter_map(|i| self.entries.get(i)) {
            let Some(values) = entry.message.holes_of(text) else { continue };
            heard::used(&entry.key);
            for (i, value) in values.iter().enumerate().filter(|(i, _)| !entry.translation.says(*i)) {
                heard::hole(&entry.key, i, value);
            }
            let mut say = |value| self.any(value, depth - 1).map_or(Cow::Borrowed(value), Cow::Owned);
            return Some(entry.translation.with(&values, &mut say));
        }
        None
    }

    /// Without the shapes before it and the full stop after it.
    fn peeled(&self, text: &str, depth: usize) -> Option<String> {
        let edge = |c: char| !c.is_alphanumeric();
        let inner = text.trim_start_matches(edge);
        let before = text.get(..text.len() - inner.len()).unwrap_or_default();
        let core = inner.trim_end_matches(['.', ':', ',', ';', '!', '?', ')', '…', '"', '\'']);
        let after = inner.get(core.len()..).unwrap_or_default();
        if before.is_empty() && after.is_empty() {
            return None;
        }
        let said = self.whole(core, depth)?;
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
