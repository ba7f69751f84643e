//! What is wrong with a scenario, so that its author finds the place and the word: every mistake of the file, as
//! the configuration says its own.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::config::document::Document;
use crate::config::error::{any_of, nearest, redacted};
use crate::config::{Mistake, Origin};

/// A scenario that cannot be used: at least one mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError {
    /// In the order of the file.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mistakes.len() {
            1 => f.write_str("1 mistake in the scenario")?,
            n => write!(f, "{n} mistakes in the scenario")?,
        }
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n\n{mistake}"))
    }
}

impl std::error::Error for ScenarioError {}

impl From<Mistake> for ScenarioError {
    fn from(mistake: Mistake) -> Self {
        Self { mistakes: vec![mistake] }
    }
}

impl ScenarioError {
    /// Neither a known name nor a readable file.
    pub(super) fn unknown(name: &str, names: &[&str], why: &std::io::Error) -> Self {
        let nearest = nearest(name, names.iter().copied());
        let other = nearest.as_deref().or(names.first().copied()).unwrap_or_default().to_owned();
        Mistake {
            at: Origin::File { path: PathBuf::from(name), position: None },
            key: String::new(),
            value: None,
            expected: format!("{}, or a file that can be read ({why})", any_of(names.iter().copied())),
            remedy: format!("miharu demo --scenario {other}"),
            nearest,
        }
        .into()
    }

    /// All that was found, in the order of the file.
    pub(super) fn of(found: Vec<Mistake>) -> Self {
        let mut mistakes = found;
        mistakes.sort_by_key(|m| match m.at {
            Origin::File { position, .. } => position,
            _ => None,
        });
        Self { mistakes }
    }
}

/// That a mistake was noted; what it is stands in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noted;

/// Where mistakes of one table are noted.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) document: &'a Document,
    pub(super) text: &'a str,
    /// Path of the table, with its final dot: `world.`.
    pub(super) table: &'static str,
    pub(super) found: &'a RefCell<Vec<Mistake>>,
}

impl Place<'_> {
    /// The same file, another table.
    pub(super) fn below(self, table: &'static str) -> Self {
        Self { table, ..self }
    }

    /// Another value was expected.
    pub(super) fn wrong(self, span: &Range<usize>, key: &str, expected: impl Into<String>) -> Noted {
        let remedy = "correct the value, or remove the line to use the default".to_owned();
        self.note(span, key, (expected.into(), None, remedy))
    }

    /// A word is none of `candidates`.
    pub(super) fn unknown(self, span: &Range<usize>, key: &str, word: &str, candidates: &[&str]) -> Noted {
        let nearest = nearest(word, candidates.iter().copied());
        let remedy = match &nearest {
            Some(nearest) => format!("write \"{nearest}\""),
            None => "write one of them".into(),
        };
        self.note(span, key, (any_of(candidates.iter().copied()), nearest, remedy))
    }

    /// A key that is needed here is not there; `span` is what needs it.
    pub(super) fn missing(self, span: &Range<usize>, key: &str, expected: &str, example: &str) -> Noted {
        self.note(span, key, (expected.to_owned(), None, format!("add {key} = {example}")))
    }

    fn note(
        self,
        span: &Range<usize>,
        key: &str,
        (expected, nearest, remedy): (String, Option<String>, String),
    ) -> Noted {
        self.found.borrow_mut().push(Mistake {
            at: self.document.at(Some(span.clone())),
            key: format!("{}{key}", self.table),
            value: self.text.get(span.clone()).filter(|v| !v.is_empty()).map(redacted),
            expected,
            nearest,
            remedy,
        });
        Noted
    }
}
