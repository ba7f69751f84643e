//! A thing in full: facts in words, and the raw record behind them.

use serde::Serialize;

use crate::config::theme::Role;
use crate::language::say;

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
    /// A label with a value from outside.
    Quoted(&'static str, Role, String),
    /// A sentence.
    Text(Role, String),
    /// A text from outside.
    Quote(Role, String),
}

impl Fact {
    fn label(&self) -> Option<&'static str> {
        match self {
            Self::Pair(label, ..) | Self::Quoted(label, ..) => Some(label),
            _ => None,
        }
    }
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

    /// Adds a label with a value from outside.
    #[must_use]
    pub fn quoted(self, label: &'static str, value: impl Into<String>) -> Self {
        self.quoted_role(label, Role::Text, value)
    }

    /// Adds a label with a value from outside, in a role.
    #[must_use]
    pub fn quoted_role(mut self, label: &'static str, role: Role, value: impl Into<String>) -> Self {
        self.facts.push(Fact::Quoted(label, role, value.into()));
        self
    }

    /// Adds a label with a value from outside, if there is one.
    #[must_use]
    pub fn maybe_quoted(self, label: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.quoted(label, value),
            None => self,
        }
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

    /// Adds a text from outside.
    #[must_use]
    pub fn quote(mut self, role: Role, text: impl Into<String>) -> Self {
        self.facts.push(Fact::Quote(role, text.into()));
        self
    }

    /// The facts as lines of at most `width` columns.
    pub fn lines(&self, width: usize, look: &Look) -> Vec<Line<'static>> {
        lines(&self.facts, width, look)
    }

    /// The facts as plain text, for the clipboard.
    pub fn plain(&self) -> String {
        let mut out = say(self.title.as_str()).into_owned();
        for fact in &self.facts {
            out.push('\n');
            match fact {
                Fact::Head(text) | Fact::Text(_, text) => out.push_str(&say(text.as_str())),
                Fact::Quote(_, text) => out.push_str(text),
                Fact::Pair(label, _, value) => {
                    out.extend([say(*label), ": ".into(), say(value.as_str())]);
                }
                Fact::Quoted(label, _, value) => {
                    out.extend([say(*label), ": ".into(), value.as_str().into()]);
                }
            }
        }
        out
    }
}

/// Facts as lines of at most `width` columns; values hang beside their labels where there is room for it.
pub fn lines(facts: &[Fact], width: usize, look: &Look) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let widest = facts.iter().filter_map(Fact::label).map(|l| text::width(&say(l)) + 1).max().unwrap_or(0);
    let label = widest.max(LABEL);
    let label = if width >= label * 2 { label } else { 0 };
    for fact in facts {
        match fact {
            Fact::Head(text) => {
                if !out.is_empty() {
                    out.push(Line::new());
                }
                out.push(Line::new().add(Role::Title, text.clone()));
            }
            Fact::Text(role, text) => out.extend(Line::wrapped(*role, text, width)),
            Fact::Quote(role, text) => out.extend(Line::quoted(*role, text, width)),
            Fact::Pair(name, role, value) => {
                pair(&mut out, name, label, Line::wrapped(*role, value, width - label), look);
            }
            Fact::Quoted(name, role, value) => {
                pair(&mut out, name, label, Line::quoted(*role, value, width - label), look);
            }
        }
    }
    out
}

/// A label of `columns`, or on a line of its own, and its value.
fn pair(
    out: &mut Vec<Line<'static>>,
    name: &'static str,
    columns: usize,
    value: Vec<Line<'static>>,
    look: &Look,
) {
    if columns == 0 {
        out.push(Line::new().muted(name));
        out.extend(value);
        return;
    }
    for (i, part) in value.into_iter().enumerate() {
        let mut line = Line::new().cell(columns, Role::Muted, if i == 0 { name } else { "" }, look);
        line.spans.extend(part.spans);
        out.push(line);
    }
}
