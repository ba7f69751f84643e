//! Which lines are shown: filters that let in and filters that keep out, each with the lines it hides; and the
//! search, which hides nothing.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use regex::{Regex, RegexBuilder};

use super::level::Level;

/// Filters at most: a line has a bit for each.
pub const FILTERS: usize = 15;
/// The bit of the search.
pub(super) const SEARCH: usize = FILTERS;
/// A compiled expression takes so much memory at most.
const EXPRESSION_BYTES: usize = 4 << 20;

/// A regular expression as lines are matched with it: case matters only if the expression has a capital letter,
/// `^` and `$` are the ends of each line of a message.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) regex: Regex,
    text: String,
    /// May be run over many lines at once.
    pub(super) bulk: bool,
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str() && self.text == other.text
    }
}

impl Query {
    /// # Errors
    /// What is wrong with the expression, in words.
    pub fn new(expression: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(expression)
            .case_insensitive(!expression.chars().any(char::is_uppercase))
            .multi_line(true)
            .size_limit(EXPRESSION_BYTES)
            .dfa_size_limit(EXPRESSION_BYTES)
            .build()
            .map_err(|error| {
                let text = error.to_string();
                text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            })?;
        Ok(Self { regex, text: expression.to_owned(), bulk: within_a_line(expression) })
    }

    /// Finds `text` as it stands.
    pub fn literal(text: &str) -> Result<Self, String> {
        Self::new(&regex::escape(text)).map(|query| Self { text: text.to_owned(), ..query })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a text has a match.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Byte ranges of the matches in a text that are not empty.
    pub fn spans<'a>(&'a self, text: &'a str) -> impl Iterator<Item = std::ops::Range<usize>> + 'a {
        self.regex.find_iter(text).map(|found| found.range()).filter(|range| !range.is_empty())
    }
}

/// Whether matches stay within a line and do not ask for the ends of the whole text. In doubt no: then each line
/// is matched by itself, which is slower and never wrong.
fn within_a_line(expression: &str) -> bool {
    !["[^", "[[:", r"\s", r"\W", r"\D", r"\P", r"\p", r"\n", r"\x", r"\v", r"\u", r"\A", r"\z", "(?"]
        .iter()
        .any(|risk| expression.contains(risk))
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The text matches.
    Text(Query),
    /// A member of a JSON line matches.
    Field {
        /// Top-level member.
        name: String,
        /// What its value has to match.
        query: Query,
    },
    /// Less bad than this.
    Below(Level),
    /// Of this log group.
    Group(Arc<str>),
    /// Of this log stream.
    Stream(Arc<str>),
    /// Logged before or after.
    Outside {
        /// First instant that is inside.
        from: DateTime<Utc>,
        /// First instant that is outside again; `None`: no end.
        until: Option<DateTime<Utc>>,
    },
}

/// What a filter does with lines that fulfil its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Shows them; with several such filters, a line needs one of them.
    Include,
    /// Hides them.
    Exclude,
}

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// What it does.
    pub effect: Effect,
    /// To which lines.
    pub condition: Condition,
    /// Off: it stays in the list and hides nothing.
    pub enabled: bool,
}

/// A filter's place in the list, which it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterId(pub(super) usize);

/// A filter of the list, with what it does at the moment.
#[derive(Debug, Clone, Copy)]
pub struct FilterRow<'a> {
    /// Its place.
    pub id: FilterId,
    /// It.
    pub filter: &'a Filter,
    /// Held lines that fulfil its condition.
    pub matching: u64,
    /// Held lines that it hides: each hidden line is counted at the first filter that hides it. Lines that no
    /// including filter lets in are counted at the first of those.
    pub hides: u64,
}

/// The filters and the search.
#[derive(Debug, Default)]
pub(super) struct Filters {
    pub(super) slots: [Option<Filter>; FILTERS],
    pub(super) search: Option<Query>,
    /// Changes with every change.
    pub(super) version: u64,
    exclude: u16,
    include: u16,
}

impl Filters {
    pub(super) fn add(&mut self, filter: Filter) -> Option<FilterId> {
        let free = self.slots.iter().position(Option::is_none)?;
        if let Some(slot) = self.slots.get_mut(free) {
            *slot = Some(filter);
        }
        self.changed();
        Some(FilterId(free))
    }

    pub(super) fn changed(&mut self) {
        self.version += 1;
        let mask = |effect: Effect| {
            self.slots.iter().enumerate().fold(0, |mask, (i, slot)| {
                let on = slot.as_ref().is_some_and(|f| f.enabled && f.effect == effect);
                mask | (u16::from(on) << i)
            })
        };
        (self.exclude, self.include) = (mask(Effect::Exclude), mask(Effect::Include));
    }

    /// Bits that decide whether a line is shown.
    pub(super) fn deciding(&self) -> u16 {
        self.exclude | self.include
    }

    /// Bits that are to be known of each line.
    pub(super) fn wanted(&self) -> u16 {
        let filters = self.slots.iter().enumerate().fold(0, |m, (i, s)| m | (u16::from(s.is_some()) << i));
        filters | (u16::from(self.search.is_some()) << SEARCH)
    }

    /// `None`: shown; else the filter that hides a line with these bits.
    pub(super) fn hidden_by(&self, mask: u16) -> Option<usize> {
        let out = mask & self.exclude;
        if out != 0 {
            return Some(out.trailing_zeros() as usize);
        }
        (self.include != 0 && mask & self.include == 0).then(|| self.include.trailing_zeros() as usize)
    }
}
