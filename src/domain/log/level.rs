//! How bad a line says it is.

use super::json;

/// Severity, from what the line itself says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum Level {
    /// The line says nothing.
    #[default]
    Unknown,
    /// Trace.
    Trace,
    /// Debug.
    Debug,
    /// Info, notice.
    Info,
    /// Warning.
    Warn,
    /// Error.
    Error,
    /// Fatal, critical, emergency, panic.
    Fatal,
}

/// How many there are.
pub const LEVELS: usize = 7;

impl Level {
    /// All, the mildest first.
    pub const ALL: [Self; LEVELS] =
        [Self::Unknown, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Five columns at most; empty where the line says nothing.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// Whether it is at least as bad as `other`; a line that says nothing counts as information.
    pub fn at_least(self, other: Self) -> bool {
        (if self == Self::Unknown { Self::Info } else { self }) >= other
    }
}

/// A level's name in any case, and the numbers of bunyan and pino.
pub fn named(word: &str) -> Option<Level> {
    const NAMES: &[(&str, Level)] = &[
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("info", Level::Info),
        ("debug", Level::Debug),
        ("warning", Level::Warn),
        ("err", Level::Error),
        ("eror", Level::Error),
        ("fatal", Level::Fatal),
        ("critical", Level::Fatal),
        ("crit", Level::Fatal),
        ("emerg", Level::Fatal),
        ("emergency", Level::Fatal),
        ("alert", Level::Fatal),
        ("panic", Level::Fatal),
        ("severe", Level::Error),
        ("notice", Level::Info),
        ("information", Level::Info),
        ("trace", Level::Trace),
        ("verbose", Level::Debug),
        ("10", Level::Trace),
        ("20", Level::Debug),
        ("30", Level::Info),
        ("40", Level::Warn),
        ("50", Level::Error),
        ("60", Level::Fatal),
    ];
    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, level)| *level)
}

/// Only so much of a line's beginning is looked at for its level.
const HEAD: usize = 200;

/// Phrases without a level of their own that say enough.
const PHRASES: &[(&str, Level)] = &[
    ("Task timed out after", Level::Error),
    ("Traceback (most recent call last)", Level::Error),
    ("Process exited before completing request", Level::Error),
    ("Runtime exited with error", Level::Error),
    ("Unhandled exception", Level::Error),
    ("Out of memory", Level::Error),
    ("' panicked at ", Level::Fatal),
    ("panic: ", Level::Fatal),
];

/// The level of a line: the JSON member that names one, else the first word of its beginning that is a level
/// written as levels are (`ERROR`, `[warn]`, `level=info`, `error:`), else a phrase that says enough.
pub fn detect(text: &str, is_json: bool) -> Level {
    if is_json && let Some(level) = json::level(text) {
        return level;
    }
    let head = text.as_bytes().get(..HEAD).unwrap_or(text.as_bytes());
    words(head).or_else(|| phrase(text)).unwrap_or_default()
}

fn phrase(text: &str) -> Option<Level> {
    let mut cut = text.len().min(HEAD);
    while !text.is_char_boundary(cut) {
        cut -= 1;
    }
    let head = text.get(..cut)?;
    // Each phrase has a space; most short lines have none of their first letters.
    PHRASES.iter().find(|(phrase, _)| head.contains(phrase)).map(|(_, level)| *level)
}

fn words(head: &[u8]) -> Option<Level> {
    let mut i = 0;
    let mut first = true;
    while let Some(&c) = head.get(i) {
        if c == 0x1b && head.get(i + 1) == Some(&b'[') {
            // a colour: it ends with its letter
            let end = head.iter().skip(i + 2).position(|c| (0x40..0x7f).contains(c));
            i = end.map_or(head.len(), |n| i + n + 3);
            continue;
        }
        if !c.is_ascii_alphabetic() {
            // A letter outside ASCII ends the chance of `error: …` at the beginning.
            first &= c < 0x80;
            i += 1;
            continue;
        }
        let rest = head.get(i..).unwrap_or_default();
        let len = rest.iter().position(|c| !c.is_ascii_alphanumeric() && *c != b'_').unwrap_or(rest.len());
        if (3..=11).contains(&len) && starts_like_a_level(c) {
            let word = rest.get(..len).and_then(|w| std::str::from_utf8(w).ok()).unwrap_or_default();
            if let Some(level) = named(word)
                && written_as_a_level(word, before(head, i), rest.get(len).copied(), first)
            {
                return Some(level);
            }
        }
        first = false;
        i += len;
    }
    klog(head)
}

fn before(head: &[u8], i: usize) -> Option<u8> {
    i.checked_sub(1).and_then(|b| head.get(b)).copied()
}

fn starts_like_a_level(c: u8) -> bool {
    matches!(c | 0x20, b'e' | b'w' | b'i' | b'd' | b'f' | b'c' | b'a' | b'p' | b's' | b'n' | b't' | b'v')
}

fn written_as_a_level(word: &str, before: Option<u8>, after: Option<u8>, first: bool) -> bool {
    let part_of_a_name =
        matches!(before, Some(b'-' | b'/' | b'.' | b'_')) || matches!(after, Some(b'-' | b'/' | b'.'));
    if word.bytes().all(|c| c.is_ascii_uppercase()) {
        return !part_of_a_name;
    }
    match (before, after) {
        // `level=warn`, `lvl="warn"`, `[warn]`, and what is like it
        (Some(b'='), _) | (Some(b'['), Some(b']')) | (Some(b'<'), Some(b'>')) | (Some(b'"'), Some(b'"')) => {
            true
        }
        _ => first && after == Some(b':'),
    }
}

/// `E0821 14:02:09.123456 …`, as Kubernetes' components write it.
fn klog(head: &[u8]) -> Option<Level> {
    let level = match head.first()? {
        b'I' => Level::Info,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'F' => Level::Fatal,
        _ => return None,
    };
    let digits = head.get(1..5)?.iter().all(u8::is_ascii_digit);
    (digits && head.get(5) == Some(&b' ')).then_some(level)
}
