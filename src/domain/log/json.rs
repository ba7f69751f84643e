//! Lines that are JSON objects: found quickly, read exactly only when looked at.

use std::borrow::Cow;

use super::level::{Level, named};

/// Members of an object that are looked at: what has more is data, not a log line.
const MEMBERS: usize = 64;

/// Whether a text looks like one JSON object. Reading it all would cost more than everything else that is done
/// with a line, so braces decide; [`fields`] is exact.
pub fn looks_like(text: &str) -> bool {
    let text = text.trim_ascii();
    text.starts_with("{\"") && text.ends_with('}')
}

/// The level an object names in a member of its own.
pub fn level(text: &str) -> Option<Level> {
    Members::of(text).find_map(|(key, value)| {
        let says = matches!(
            key,
            "level"
                | "severity"
                | "lvl"
                | "log_level"
                | "loglevel"
                | "levelname"
                | "log.level"
                | "Level"
                | "Severity"
        );
        if says { named(value.trim_matches('"')) } else { None }
    })
}

/// Top-level keys and raw values, without allocation, as far as the text is JSON.
pub struct Members<'a> {
    rest: &'a str,
    left: usize,
}

impl<'a> Members<'a> {
    /// Of the object that `text` looks like.
    pub fn of(text: &'a str) -> Self {
        Self { rest: text.trim_ascii().strip_prefix('{').unwrap_or_default(), left: MEMBERS }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let rest = self.rest.trim_ascii_start();
        let rest = rest.strip_prefix(',').unwrap_or(rest).trim_ascii_start();
        let end = string_end(rest)?;
        let key = rest.get(1..end - 1)?;
        let rest = rest.get(end..)?.trim_ascii_start().strip_prefix(':')?.trim_ascii_start();
        let end = value_end(rest)?;
        let value = rest.get(..end)?.trim_ascii_end();
        self.rest = rest.get(end..)?;
        Some((key, value))
    }
}

/// Where a string literal at the beginning of `text` ends.
fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut i = 1;
    while let Some(c) = bytes.get(i) {
        match c {
            b'\\' => i += 2,
            b'"' => return Some(i + 1),
            _ => i += 1,
        }
    }
    None
}

fn value_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut i = 0;
    while let Some(c) = bytes.get(i) {
        match c {
            b'"' => {
                i += string_end(text.get(i..)?)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return Some(i),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        i += 1;
    }
    None
}

/// The members of a JSON line in their order, nested ones with their path (`a.b`), values as they would be
/// written; `None` if the text is no JSON object.
pub fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text.trim_ascii()).ok()?;
    let mut out = Vec::new();
    flatten("", object, 0, &mut out);
    Some(out)
}

fn flatten(
    at: &str,
    object: serde_json::Map<String, serde_json::Value>,
    depth: usize,
    out: &mut Vec<(String, String)>,
) {
    for (key, value) in object {
        let name = if at.is_empty() { key } else { format!("{at}.{key}") };
        match value {
            serde_json::Value::Object(inner) if depth < 4 && !inner.is_empty() => {
                flatten(&name, inner, depth + 1, out);
            }
            serde_json::Value::String(text) => out.push((name, text)),
            other => out.push((name, other.to_string())),
        }
    }
}

/// The value of one top-level member, a string without its quotes and escapes.
pub fn field<'a>(text: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let (_, raw) = Members::of(text).find(|(key, _)| *key == name)?;
    if raw.starts_with('"') {
        match raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
            _ => serde_json::from_str(raw).ok().map(Cow::Owned),
        }
    } else {
        Some(Cow::Borrowed(raw))
    }
}

/// What a JSON line says in words: its `message` or what it is called elsewhere.
pub fn message(text: &str) -> Option<Cow<'_, str>> {
    ["message", "msg", "log", "error"].iter().find_map(|name| field(text, name))
}
