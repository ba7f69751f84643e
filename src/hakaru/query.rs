//! An impression as a query string names it, and why one cannot be recorded.

use std::borrow::Cow;

/// Characters that `name varchar(255)` takes.
pub const NAME_CHARACTERS: usize = 255;

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impression {
    /// At most [`NAME_CHARACTERS`] characters, any of them, also none.
    pub name: Box<str>,
    /// As the column: `int unsigned`.
    pub value: u32,
}

/// Reads `name=…&value=…` as a form: `+` is a space, `%xx` a byte; the first of several counts, other keys are
/// ignored.
///
/// # Errors
/// The reason, for the one who asked.
pub fn read(query: &str) -> Result<Impression, String> {
    let (mut name, mut value) = (None, None);
    for pair in query.as_bytes().split(|b| *b == b'&') {
        let (key, text) = match pair.iter().position(|b| *b == b'=') {
            Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
            None => (pair, &[][..]),
        };
        match decode(key).as_deref() {
            Some(b"name") if name.is_none() => name = Some(text),
            Some(b"value") if value.is_none() => value = Some(text),
            _ => {}
        }
    }
    let name = name_of(name.ok_or("name is missing")?)?;
    let value = value_of(value.ok_or("value is missing")?)?;
    Ok(Impression { name, value })
}

fn name_of(text: &[u8]) -> Result<Box<str>, String> {
    let bytes = decode(text).ok_or("name is not percent-encoded: % is followed by two hexadecimal digits")?;
    let name = std::str::from_utf8(&bytes).map_err(|_| "name is not UTF-8")?;
    // As many bytes are never more characters.
    let characters = if name.len() > NAME_CHARACTERS { name.chars().count() } else { 0 };
    if characters > NAME_CHARACTERS {
        return Err(format!("name has {characters} characters; at most {NAME_CHARACTERS} can be recorded"));
    }
    Ok(name.into())
}

fn value_of(text: &[u8]) -> Result<u32, String> {
    const EXPECTED: &str = "value is not a whole number from 0 to 4294967295";
    let bytes = decode(text).ok_or(EXPECTED)?;
    if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(EXPECTED.into());
    }
    std::str::from_utf8(&bytes).ok().and_then(|digits| digits.parse().ok()).ok_or_else(|| EXPECTED.into())
}

/// `None` where a `%` is not followed by two hexadecimal digits.
fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.iter().any(|b| matches!(b, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => digit(*rest.next()?)? << 4 | digit(*rest.next()?)?,
            other => *other,
        });
    }
    Some(Cow::Owned(out))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(query: &str) -> (String, u32) {
        let read = read(query).unwrap();
        (read.name.into(), read.value)
    }

    #[test]
    fn what_can_be_recorded() {
        assert_eq!(ok("name=open&value=0"), ("open".into(), 0));
        assert_eq!(ok("value=4294967295&x=1&name=a+b%20c"), ("a b c".into(), u32::MAX));
        assert_eq!(ok("name=1&name=2&value=007&value=x"), ("1".into(), 7), "the first of several");
        assert_eq!(ok("name=&value=1"), (String::new(), 1));
        assert_eq!(ok("n%61me=%E8%A8%88%00%27&value=%31"), ("計\0'".into(), 1));
        assert_eq!(ok(&format!("name={}&value=1", "%F0%9F%98%80".repeat(255))).0.chars().count(), 255);
    }

    #[test]
    fn what_cannot_says_why() {
        let long = format!("name={}&value=1", "%F0%9F%98%80".repeat(256));
        for (query, reason) in [
            ("", "name is missing"),
            ("value=1", "name is missing"),
            ("name=open", "value is missing"),
            ("name=open&value=", "value is not a whole number"),
            ("name=open&value=abc", "value is not a whole number"),
            ("name=open&value=-1", "value is not a whole number"),
            ("name=open&value=+1", "value is not a whole number"),
            ("name=open&value=1.5", "value is not a whole number"),
            ("name=open&value=4294967296", "from 0 to 4294967295"),
            ("name=open&value=99999999999999999999999999", "from 0 to 4294967295"),
            ("name=%&value=1", "percent-encoded"),
            ("name=%zz&value=1", "percent-encoded"),
            ("name=%ff&value=1", "not UTF-8"),
            (&long, "name has 256 characters"),
        ] {
            let why = read(query).unwrap_err();
            assert!(why.contains(reason), "{query}: {why}");
        }
    }
}
