//! What of a line is shown: all of it, or without what the columns beside it say already.

use std::borrow::Cow;

use crate::domain::log::json::{self, Members};
use crate::domain::log::level::{Level, named};
use crate::domain::log::line::LineRef;
use crate::language::say;

/// What of a line is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// A JSON object by its message and its other members; another text without the time and level it begins
    /// with, as far as they are those of the line.
    #[default]
    Short,
    /// As it came.
    Whole,
}

/// Seconds by which a text's own time may differ from the line's and still say the same.
const SAME: i64 = 2;

impl Shape {
    /// The text of a line in this shape.
    pub fn of<'a>(self, line: &LineRef<'a>) -> Cow<'a, str> {
        match self {
            _ if line.mark => say(line.text),
            Self::Short if line.json => object(line.text).map_or(Cow::Borrowed(line.text), Cow::Owned),
            Self::Short => Cow::Borrowed(without_columns(line.text, line.key.at_ms, line.level)),
            Self::Whole => Cow::Borrowed(line.text),
        }
    }
}

/// Members that the columns say.
fn is_column(key: &str) -> bool {
    matches!(
        key,
        "level"
            | "severity"
            | "lvl"
            | "levelname"
            | "time"
            | "ts"
            | "timestamp"
            | "@timestamp"
            | "asctime"
            | "message"
            | "msg"
    )
}

/// `message  key=value key=value`; `None` for an object without a message.
fn object(text: &str) -> Option<String> {
    let said = ["message", "msg"].iter().find_map(|name| json::field(text, name))?;
    let mut out = said.into_owned();
    out.push(' ');
    for (key, raw) in Members::of(text).filter(|(key, _)| !is_column(key)) {
        out.push(' ');
        out.push_str(key);
        out.push('=');
        let plain = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"'));
        out.push_str(plain.filter(|p| !p.is_empty() && !p.contains(['\\', ' '])).unwrap_or(raw));
    }
    out.truncate(out.trim_end().len());
    Some(out)
}

/// The text without the time and the level that it begins with.
fn without_columns(text: &str, at_ms: i64, level: Level) -> &str {
    let begin = blank(text);
    let time = after_time(begin, at_ms).map(blank);
    let rest = time.unwrap_or(begin);
    let level = after_level(rest, level).map(blank);
    // What is indented stays so, and nothing but time and level is shown as it is.
    match level.or(time) {
        Some(rest) if !rest.trim().is_empty() => rest,
        _ => text,
    }
}

/// Without blanks and colours at the beginning.
fn blank(mut text: &str) -> &str {
    loop {
        let rest = text.trim_start_matches([' ', '\t']);
        let Some(sequence) = rest.strip_prefix("\u{1b}[") else { return rest };
        let Some(end) = sequence.find(|c: char| ('@'..='~').contains(&c)) else { return rest };
        text = sequence.get(end + 1..).unwrap_or_default();
    }
}

/// What follows a date and a time of the day, if that is the line's; its minutes and seconds tell, whatever the
/// zone.
fn after_time(text: &str, at_ms: i64) -> Option<&str> {
    let inner = text.strip_prefix('[');
    let (date, rest) = inner.unwrap_or(text).split_at_checked(10)?;
    let digits = |part: &str, at: &[usize]| {
        part.bytes()
            .enumerate()
            .all(|(i, c)| if at.contains(&i) { !c.is_ascii_alphanumeric() } else { c.is_ascii_digit() })
    };
    let (time, rest) = rest.strip_prefix(['T', ' '])?.split_at_checked(8)?;
    if !digits(date, &[4, 7]) || !digits(time, &[2, 5]) {
        return None;
    }
    let minute: i64 = time.get(3..5)?.parse().ok()?;
    let second: i64 = time.get(6..8)?.parse().ok()?;
    let apart = (minute * 60 + second - at_ms.div_euclid(1_000)).rem_euclid(3_600);
    if apart.min(3_600 - apart) > SAME {
        return None;
    }
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let rest = rest.strip_prefix('Z').or_else(|| offset(rest)).unwrap_or(rest);
    let rest = if inner.is_some() { rest.strip_prefix(']')? } else { rest };
    // a longer word is no time
    rest.starts_with([' ', '\t', '\u{1b}', ':']).then(|| rest.strip_prefix(':').unwrap_or(rest))
}

/// What follows `+09:00` or `-0500`.
fn offset(text: &str) -> Option<&str> {
    let digits = text.strip_prefix(['+', '-'])?;
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(digits.len());
    if matches!(end, 4 | 5) { digits.get(end..) } else { None }
}

/// What follows the word for this level: `INFO`, `[info]`, `info:`. In small letters and alone it is a word of the
/// sentence.
fn after_level(text: &str, level: Level) -> Option<&str> {
    let inner = text.strip_prefix('[');
    let text = inner.unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    if named(word) != Some(level) {
        return None;
    }
    let rest = if inner.is_some() { rest.strip_prefix(']')? } else { rest };
    let set_apart = inner.is_some() || rest.starts_with(':') || word.bytes().all(|c| c.is_ascii_uppercase());
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    (set_apart && rest.starts_with([' ', '\t', '\u{1b}'])).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 14:02:09.123.
    const AT: i64 = 1_795_183_329_123;

    #[test]
    fn what_the_columns_say_is_left_out() {
        for (text, level, shown) in [
            ("2026-11-20T14:02:09.123Z INFO  hakaru: listening", Level::Info, "hakaru: listening"),
            ("2026-11-20 23:02:10,9 +0900 up", Level::Unknown, "+0900 up"),
            ("2026-11-20T23:02:10+09:00 [warn] up", Level::Warn, "up"),
            ("[2026-11-20T14:02:09Z] ERROR: gone", Level::Error, "gone"),
            (
                "\u{1b}[2m2026-11-20T14:02:09Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m a::b: c",
                Level::Info,
                "a::b: c",
            ),
            ("INFO GET /", Level::Info, "GET /"),
            ("warning: low", Level::Warn, "low"),
            ("   indented", Level::Unknown, "   indented"),
            // it says something else than the columns
            ("2026-11-20T14:07:09.123Z INFO late", Level::Info, "2026-11-20T14:07:09.123Z INFO late"),
            ("INFO is not the level", Level::Error, "INFO is not the level"),
            ("information wants", Level::Info, "information wants"),
            ("2026-11-20T14:02:09.123Zebra", Level::Unknown, "2026-11-20T14:02:09.123Zebra"),
            ("INFO", Level::Info, "INFO"),
            ("2026-11-20T14:02:09Z", Level::Unknown, "2026-11-20T14:02:09Z"),
            ("", Level::Unknown, ""),
            ("日本語", Level::Unknown, "日本語"),
        ] {
            assert_eq!(without_columns(text, AT, level), shown, "{text}");
        }
    }

    #[test]
    fn an_object_is_its_message_and_its_members() {
        let text = r#"{"level":"info","msg":"counted \"all\"","files":62983,"zone":"1d","by":"a b","took":{"ms":3},"ts":1}"#;
        assert_eq!(object(text).unwrap(), r#"counted "all"  files=62983 zone=1d by="a b" took={"ms":3}"#);
        assert_eq!(object(r#"{"msg":"alone"}"#).unwrap(), "alone");
        assert_eq!(object(r#"{"files":1}"#), None);
    }
}
