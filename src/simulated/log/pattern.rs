//! Filter patterns for lines of text: terms and quoted phrases, each wanted, optional (`?`) or unwanted (`-`).
//! AWS also knows patterns for JSON, for columns and regular expressions; those are refused here, because a
//! filter that lets everything through is worse than none.

/// What a line must be like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::simulated) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    /// Reads a filter pattern; an empty one lets everything through. `Err`: in words of AWS, why it does not
    /// take it, or that it is of a kind that is not known here.
    pub(in crate::simulated) fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim_start();
        if let Some(kind) = rest.chars().next().filter(|c| "{[%".contains(*c)) {
            return Err(format!(
                "the simulated AWS knows terms and phrases, no pattern that begins with {kind}"
            ));
        }
        let mut pattern = Self::default();
        while !rest.is_empty() {
            let (list, after) = match rest.split_at_checked(1) {
                Some(("?", after)) => (&mut pattern.any, after),
                Some(("-", after)) => (&mut pattern.none, after),
                _ => (&mut pattern.all, rest),
            };
            let (term, after) = match after.strip_prefix('"') {
                Some(quoted) => phrase(quoted)?,
                None => word(after)?,
            };
            list.push(term);
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether a line is like that, with regard to case.
    pub(in crate::simulated) fn matches(&self, line: &str) -> bool {
        let has = |term: &String| line.contains(term.as_str());
        // Optional terms beside wanted ones are ignored.
        let wanted = if self.all.is_empty() {
            self.any.is_empty() || self.any.iter().any(has)
        } else {
            self.all.iter().all(has)
        };
        wanted && !self.none.iter().any(has)
    }
}

/// A phrase up to its closing quote, and what follows.
fn phrase(text: &str) -> Result<(String, &str), String> {
    let mut phrase = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((phrase, text.get(at + 1..).unwrap_or_default())),
            '\\' => phrase.extend(chars.next().map(|(_, escaped)| escaped)),
            other => phrase.push(other),
        }
    }
    Err("Invalid filter pattern: a quotation mark is not closed".to_owned())
}

/// A term up to the next blank, and what follows.
fn word(text: &str) -> Result<(String, &str), String> {
    let (term, after) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    if !term.is_empty() && term.chars().all(|c| c.is_alphanumeric() || c == '_') {
        Ok((term.to_owned(), after))
    } else {
        Err(format!("Invalid character(s) in term '{term}'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_and_phrases_are_found_as_aws_finds_them() {
        let line = r#"[INFO] File count result: 131402 files, "all" of them"#;
        for (pattern, expected) in [
            ("", true),
            ("  ", true),
            ("count files", true),
            ("files count", true),
            ("Files", false),
            ("count tasks", false),
            ("\"File count result:\"", true),
            ("\"count File\"", false),
            (r#""\"all\" of""#, true),
            ("?tasks ?files", true),
            ("?tasks ?targets", false),
            ("?tasks count", true),
            ("count -files", false),
            ("count -\"no such\"", true),
            ("-tasks", true),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(line), expected, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_and_not_ignored() {
        for (pattern, words) in [
            ("{ $.files > 1 }", "begins with {"),
            ("[level, text]", "begins with ["),
            ("%fil.s%", "begins with %"),
            ("result:", "Invalid character(s) in term 'result:'"),
            ("\"result", "not closed"),
            ("count ?", "Invalid character(s) in term ''"),
        ] {
            let why = Pattern::parse(pattern).unwrap_err();
            assert!(why.contains(words), "{pattern}: {why}");
        }
    }
}
