//! Regular expressions as settings.

use regex::Regex;

use super::error::Wrong;

/// What is expected.
pub(super) const EXPECTED: &str = "a list of regular expressions such as [\"sess-[0-9a-f]{32}\"]";
/// A valid one.
pub(super) const EXAMPLE: &str = "sess-[0-9a-f]{32}";

/// Takes those that can be compiled, and match something.
pub(super) fn read(texts: &[&str]) -> Result<Vec<String>, Wrong> {
    for text in texts {
        match Regex::new(text) {
            Ok(expression) if !expression.is_match("") => {}
            Ok(_) => {
                let expected = format!("expressions that match no empty text (\"{text}\" does)");
                return Err(Wrong::new(expected).remedy("say at least one character of it"));
            }
            Err(error) => {
                // The last line says why; those before draw where.
                let text = error.to_string();
                let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                return Err(Wrong::new(format!("{EXPECTED} ({why})")));
            }
        }
    }
    Ok(texts.iter().map(|text| (*text).to_owned()).collect())
}
