//! The filter of a table. Words are combined with *and*; each is
//! `word` (in any cell), `!word` (in no cell), `column:word` (in that column) or `~regex` (any cell).

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

/// Explains the language in help.
pub const HELP: &[(&str, &str)] = &[
    ("word", "in any column"),
    ("!word", "not in any column"),
    ("column:word", "in that column, such as zone:1a"),
    ("~regex", "regular expression, in any column"),
];

enum Term {
    With(String),
    Without(String),
    Column(usize, String),
    Regex(Regex),
}

/// A filter that has been read.
pub struct Filter {
    terms: Vec<Term>,
    error: Option<String>,
}

impl Filter {
    /// Reads a filter for a table with these columns, which may be given once more by other names. What cannot be read is left out and told by [`Filter::error`].
    pub fn parse(text: &str, columns: &[&str]) -> Self {
        let mut terms = Vec::new();
        let mut error = None;
        for word in text.split_whitespace() {
            match term(word, columns) {
                Ok(Some(term)) => terms.push(term),
                Ok(None) => {}
                Err(why) => error = Some(why),
            }
        }
        Self { terms, error }
    }

    /// What could not be read, in a line.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Whether a row with these cells stays.
    pub fn matches(&self, cells: &[String]) -> bool {
        self.terms.iter().all(|term| match term {
            Term::With(word) => cells.iter().any(|cell| contains(cell, word)),
            Term::Without(word) => !cells.iter().any(|cell| contains(cell, word)),
            Term::Column(i, word) => {
                cells.get(i % cells.len().max(1)).is_some_and(|cell| contains(cell, word))
            }
            Term::Regex(regex) => cells.iter().any(|cell| regex.is_match(cell)),
        })
    }
}

fn term(word: &str, columns: &[&str]) -> Result<Option<Term>, String> {
    if let Some(rest) = word.strip_prefix('!') {
        return Ok((!rest.is_empty()).then(|| Term::Without(rest.to_lowercase())));
    }
    if let Some(rest) = word.strip_prefix('~') {
        return match RegexBuilder::new(rest).case_insensitive(true).size_limit(1 << 20).build() {
            Ok(regex) => Ok((!rest.is_empty()).then_some(Term::Regex(regex))),
            Err(e) => {
                let text = e.to_string();
                Err(format!(
                    "~{rest}: {}",
                    text.lines().last().unwrap_or_default().trim_start_matches("error: ")
                ))
            }
        };
    }
    if let Some((name, rest)) = word.split_once(':')
        && let Some(i) = columns.iter().position(|c| c.eq_ignore_ascii_case(name))
    {
        return Ok((!rest.is_empty()).then(|| Term::Column(i, rest.to_lowercase())));
    }
    Ok(Some(Term::With(word.to_lowercase())))
}

fn contains(cell: &str, lower: &str) -> bool {
    cell.to_lowercase().contains(lower)
}

/// A fuzzy pattern that ignores case.
pub fn fuzzy(text: &str) -> Pattern {
    Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy)
}

/// How well `text` matches; `None` if it does not.
pub fn score(pattern: &Pattern, text: &str, matcher: &mut Matcher, scratch: &mut Vec<char>) -> Option<u32> {
    pattern.score(Utf32Str::new(text, scratch), matcher)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        let columns = ["task", "zone", "status"];
        let row = ["4f1c".to_owned(), "1a".to_owned(), "RUNNING".to_owned()];
        for (filter, stays) in [
            ("", true),
            ("rnn", false),
            ("nning", true),
            ("xyz", false),
            ("run 1a", true),
            ("!running", false),
            ("!stopped", true),
            ("zone:1a", true),
            ("zone:1c", false),
            ("ZONE:1A", true),
            ("zone:", true),
            ("nosuch:1a", false),
            ("~^4f", true),
            ("~^f", false),
            ("!", true),
        ] {
            assert_eq!(Filter::parse(filter, &columns).matches(&row), stays, "{filter}");
        }
    }

    #[test]
    fn an_unfinished_regex_is_told_and_hides_nothing() {
        let filter = Filter::parse("~(a", &["x"]);
        assert!(filter.error().unwrap().contains("unclosed group"), "{:?}", filter.error());
        assert!(filter.matches(&["b".to_owned()]));
    }
}
