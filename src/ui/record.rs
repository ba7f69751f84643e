//! A thing in full: facts in words, and the raw record behind them.

use serde::Serialize;

use crate::config::theme::Role;

use super::canvas::{Line, Look};
use super::text;

/// Columns of the labels.
const LABEL: usize = 16;

/// One line of a detail view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// A heading.
    Head(String),
    /// A label with its value.
    Pair(&'static str, Role, String),
    /// A sentence.
    Text(Role, String),
}

/// Everything known about one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is, for the title.
    pub title: String,
    /// What `copy` takes.
    pub id: String,
    /// In words.
    pub facts: Vec<Fact>,
    /// As it was read, pretty JSON.
    pub raw: String,
}

impl Record {
    /// A record of `value` without facts yet.
    pub fn new(title: impl Into<String>, id: impl Into<String>, value: &impl Serialize) -> Self {
        let raw = serde_json::to_string_pretty(value)
            .unwrap_or_else(|e| format!("this record cannot be written as JSON: {e}"));
        Self { title: title.into(), id: id.into(), facts: Vec::new(), raw }
    }

    /// Adds a label with its value.
    #[must_use]
    pub fn pair(self, label: &'static str, value: impl Into<String>) -> Self {
        self.role(label, Role::Text, value)
    }

    /// Adds a label with a value in a role.
    #[must_use]
    pub fn role(mut self, label: &'static str, role: Role, value: impl Into<String>) -> Self {
        self.facts.push(Fact::Pair(label, role, value.into()));
        self
    }

    /// Adds a label with its value, if there is one.
    #[must_use]
    pub fn maybe(self, label: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.pair(label, value),
            None => self,
        }
    }

    /// Adds a heading.
    #[must_use]
    pub fn head(mut self, text: &str) -> Self {
        self.facts.push(Fact::Head(text.to_owned()));
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn say(mut self, role: Role, text: impl Into<String>) -> Self {
        self.facts.push(Fact::Text(role, text.into()));
        self
    }

    /// The facts as lines of at most `width` columns.
    pub fn lines(&self, width: usize, look: &Look) -> Vec<Line<'static>> {
        lines(&self.facts, width, look)
    }

    /// The facts as plain text, for the clipboard.
    pub fn plain(&self) -> String {
        let mut out = self.title.clone();
        for fact in &self.facts {
            out.push('\n');
            match fact {
                Fact::Head(text) | Fact::Text(_, text) => out.push_str(text),
                Fact::Pair(label, _, value) => {
                    out.push_str(label);
                    out.push_str(": ");
                    out.push_str(value);
                }
            }
        }
        out
    }
}

/// Facts as lines of at most `width` columns; values hang beside their labels where there is room for it.
pub fn lines(facts: &[Fact], width: usize, look: &Look) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let label = if width >= LABEL * 2 { LABEL } else { 0 };
    for fact in facts {
        match fact {
            Fact::Head(text) => {
                if !out.is_empty() {
                    out.push(Line::new());
                }
                out.push(Line::new().add(Role::Title, text.clone()));
            }
            Fact::Text(role, text) => {
                out.extend(text::wrap(text, width).into_iter().map(|l| Line::new().add(*role, l)));
            }
            Fact::Pair(name, role, value) if label > 0 => {
                for (i, part) in text::wrap(value, width - label).into_iter().enumerate() {
                    let name = if i == 0 { name } else { "" };
                    out.push(Line::new().cell(label, Role::Muted, name, look).add(*role, part));
                }
            }
            Fact::Pair(name, role, value) => {
                out.push(Line::new().muted(*name));
                out.extend(text::wrap(value, width).into_iter().map(|l| Line::new().add(*role, l)));
            }
        }
    }
    out
}
