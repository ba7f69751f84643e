//! What is wrong with a scenario, so that its author finds the place and the word.

use std::fmt::Write;
use std::ops::Range;

/// A scenario that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct ScenarioError {
    /// File, or the name that was asked for.
    pub file: String,
    /// Line, from 1.
    pub line: Option<usize>,
    /// The key or word in question.
    pub key: Option<String>,
    /// What is wrong, what was expected.
    pub text: String,
    /// The nearest valid spelling.
    pub nearest: Option<String>,
}

/// The candidate most like `word`, if any is like it.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|c| (strsim::jaro_winkler(word, c), c))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c.to_owned())
}

impl ScenarioError {
    fn sentence(&self) -> String {
        let mut out = self.file.clone();
        if let Some(line) = self.line {
            let _ = write!(out, ":{line}");
        }
        out.push_str(": ");
        if let Some(key) = &self.key {
            let _ = write!(out, "{key}: ");
        }
        out.push_str(&self.text);
        if let Some(nearest) = &self.nearest {
            let _ = write!(out, "; did you mean {nearest}?");
        }
        out
    }

    pub(super) fn unknown(name: &str, names: &[&str], why: &std::io::Error) -> Self {
        Self {
            file: name.to_owned(),
            line: None,
            key: None,
            text: format!(
                "neither a scenario that comes with miharu ({}) nor a file that can be read ({why})",
                names.join(", ")
            ),
            nearest: nearest(name, names.iter().copied()),
        }
    }
}

/// Where errors are reported to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub file: &'a str,
    pub text: &'a str,
}

impl Place<'_> {
    /// An error about a key at a place in the text.
    pub(super) fn wrong(&self, span: &Range<usize>, key: &str, text: impl Into<String>) -> ScenarioError {
        ScenarioError {
            file: self.file.to_owned(),
            line: Some(self.line(span)),
            key: Some(key.to_owned()),
            text: text.into(),
            nearest: None,
        }
    }

    /// An error about a word that is none of `candidates`.
    pub(super) fn unknown(
        &self,
        span: &Range<usize>,
        key: &str,
        word: &str,
        candidates: &[&str],
    ) -> ScenarioError {
        let text = format!("unknown {word:?}, expected one of {}", candidates.join(", "));
        ScenarioError { nearest: nearest(word, candidates.iter().copied()), ..self.wrong(span, key, text) }
    }

    fn line(&self, span: &Range<usize>) -> usize {
        self.text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1)
    }

    /// An error of the TOML reader. Its words name unknown keys and what is expected in backticks.
    pub(super) fn toml(&self, error: &toml::de::Error) -> ScenarioError {
        let message = error.message();
        let mut quoted = message.split('`').skip(1).step_by(2);
        let unknown = message.starts_with("unknown field").then(|| quoted.next()).flatten();
        ScenarioError {
            file: self.file.to_owned(),
            line: error.span().map(|span| self.line(&span)),
            key: unknown.map(str::to_owned).or_else(|| error.span().and_then(|s| self.key_at(&s))),
            text: message.replace('\n', " ").replace('`', ""),
            nearest: unknown.and_then(|word| nearest(word, quoted)),
        }
    }

    /// The key of the line in which a value stands.
    fn key_at(&self, span: &Range<usize>) -> Option<String> {
        let start = self.text.get(..span.start)?.rfind('\n').map_or(0, |i| i + 1);
        let (key, _) = self.text.get(start..)?.lines().next()?.split_once('=')?;
        Some(key.trim().to_owned())
    }
}
