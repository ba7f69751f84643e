//! The text format of Prometheus, as much of it as pages of counters need: `name{label="value"} number`
//! (`prometheus.io/docs/instrumenting/exposition_formats`). What is not understood is skipped, never guessed.

use std::collections::BTreeMap;

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// Samples of a page, at most: a page of another service may have any number.
const SAMPLES: usize = 20_000;

/// All samples of a page.
pub(super) fn parse(page: &str) -> Vec<Sample> {
    page.lines().filter_map(sample).take(SAMPLES).collect()
}

fn sample(line: &str) -> Option<Sample> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    // A timestamp may follow.
    let value = rest.split_ascii_whitespace().next()?;
    let value = match value {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    (!name.is_empty()).then(|| Sample { name: name.to_owned(), labels, value })
}

/// Labels up to the closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut out = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((out, after));
        }
        let (name, value) = rest.split_once("=\"")?;
        let mut text = String::new();
        let mut chars = value.char_indices();
        let end = loop {
            match chars.next()? {
                (at, '"') => break at + 1,
                (_, '\\') => match chars.next()?.1 {
                    'n' => text.push('\n'),
                    c => text.push(c),
                },
                (_, c) => text.push(c),
            }
        };
        out.insert(name.trim().to_owned(), text);
        rest = value.get(end..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_samples() {
        let page = "# HELP a b\n# TYPE a counter\na 1\nb{} 2.5 1700000000\n\
                    c{x=\"1\",le=\"+Inf\"} +Inf\n d { } 4\ne{x=\"a\\\"b\\\\c\\n}\",} 5e3\n";
        let all = parse(page);
        let brief: Vec<_> = all.iter().map(|s| (s.name.as_str(), s.labels.len(), s.value)).collect();
        assert_eq!(
            brief,
            [("a", 0, 1.0), ("b", 0, 2.5), ("c", 2, f64::INFINITY), ("e", 1, 5000.0)],
            "{all:?}"
        );
        assert_eq!(all[3].labels["x"], "a\"b\\c\n}");
    }

    #[test]
    fn nonsense_is_skipped() {
        for line in ["", "#", "a", "a b", "a{", "a{x} 1", "a{x=\"1} 1", "{} 1", "a{x=\"\\", "<html>", "é 1"]
        {
            assert_eq!(parse(line), [], "{line}");
        }
    }
}
