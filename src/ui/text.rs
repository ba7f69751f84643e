//! The one door for text from outside. Whatever is drawn goes through [`printable`]: names, tags, reasons and
//! error texts come from AWS and from whoever can write there, and may hold escape sequences, control and
//! bidi characters. Nothing of that reaches a cell of the screen.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::manner::Manner;
use super::mask;

/// Stands for a character that was taken out.
const REPLACEMENT: char = '\u{fffd}';
/// Combining marks kept on one base character; more is decoration that leaves the line.
const MARKS_KEPT: usize = 2;
/// Characters of one text that are looked at. Longer than any screen is wide, short enough to stay quick.
const CHARS_KEPT: usize = 16_384;

/// `text` as it may stand on a screen: without escape sequences, one visible replacement for each control,
/// bidi or other invisible character, line ends as a space; and masked, where that is wanted.
pub fn printable(text: &str) -> Cow<'_, str> {
    let text = harmless(text);
    if !Manner::now().masked {
        return text;
    }
    match mask::text(&text) {
        Cow::Owned(masked) => Cow::Owned(masked),
        Cow::Borrowed(_) => text,
    }
}

fn harmless(text: &str) -> Cow<'_, str> {
    if text.len() <= CHARS_KEPT && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let stripped: Cow<'_, str> = if text.contains('\u{1b}') || text.contains('\u{9b}') {
        Cow::Owned(anstream::adapter::strip_str(text).collect())
    } else {
        Cow::Borrowed(text)
    };
    let kept = stripped.char_indices().nth(CHARS_KEPT).map_or(stripped.len(), |(end, _)| end);
    let mut rest = stripped.get(..kept).unwrap_or_default();
    let mut out = String::with_capacity(rest.len());
    let mut marks = 0;
    loop {
        let (plain, other) = rest.split_at(rest.find(|c| !is_plain(c)).unwrap_or(rest.len()));
        if !plain.is_empty() {
            marks = 0;
            out.push_str(plain);
        }
        let mut chars = other.chars();
        let Some(c) = chars.next() else { break };
        rest = chars.as_str();
        match kind(c) {
            Kind::Visible => {
                marks = 0;
                out.push(c);
            }
            Kind::Space => {
                marks = 0;
                out.push(' ');
            }
            Kind::Mark => {
                marks += 1;
                if marks <= MARKS_KEPT && out.chars().next_back().is_some_and(|b| b != ' ') {
                    out.push(c);
                }
            }
            Kind::Harmful => {
                marks = 0;
                if !out.ends_with(REPLACEMENT) {
                    out.push(REPLACEMENT);
                }
            }
            Kind::Silent => {}
        }
    }
    Cow::Owned(out)
}

/// What most texts are made of, and is visible.
fn is_plain(c: char) -> bool {
    matches!(c,
        ' '..='~'
        // dashes and dots, arrows, lines, blocks and shapes
        | '\u{2010}'..='\u{2027}' | '\u{2190}'..='\u{21ff}' | '\u{2500}'..='\u{25ff}'
        // Japanese: punctuation, kana, kanji, full width
        | '\u{3000}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{30a0}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ff01}'..='\u{ff60}')
}

enum Kind {
    Visible,
    Space,
    Mark,
    Harmful,
    Silent,
}

/// Characters that would be invisible, turn the line round, or be drawn as nobody knows what.
const HARMFUL: &[std::ops::RangeInclusive<char>] = &[
    // soft hyphen
    '\u{ad}'..='\u{ad}',
    // bidi marks, embeddings, overrides and isolates; zero-width space; invisible operators
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    // conjoining vowels and finals: no width of their own, and not that of a mark either
    '\u{1160}'..='\u{11ff}',
    '\u{d7b0}'..='\u{d7fb}',
    // planes in which nothing is assigned, and that of tags
    '\u{40000}'..='\u{effff}',
    // private use
    '\u{e000}'..='\u{f8ff}',
    '\u{f0000}'..='\u{10ffff}',
    // regional indicators, skin tones: they merge with their neighbours in some terminals only
    '\u{1f1e6}'..='\u{1f1ff}',
    '\u{1f3fb}'..='\u{1f3ff}',
];

fn kind(c: char) -> Kind {
    match c {
        '\n' | '\r' | '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' => {
            Kind::Space
        }
        // joiners and variation selectors change the width of what stands before them, and no two terminals
        // agree by how much
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => Kind::Silent,
        c if c.is_control() || HARMFUL.iter().any(|range| range.contains(&c)) => Kind::Harmful,
        // halfwidth voiced marks
        '\u{ff9e}' | '\u{ff9f}' => Kind::Visible,
        c if c.width().unwrap_or(0) == 0 => Kind::Mark,
        _ => Kind::Visible,
    }
}

/// Columns that `text` takes on the screen.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(columns).sum() }
}

/// Columns that a grapheme cluster takes on the screen: those of its characters. What Unicode would have drawn as
/// one, such as conjuncts, terminals draw one by one.
pub fn cells(grapheme: &str) -> usize {
    if grapheme.len() == 1 { 1 } else { grapheme.chars().map(columns).sum() }
}

fn columns(c: char) -> usize {
    match c {
        // halfwidth voiced marks extend a character and yet have a column of their own
        ' '..='~' | '\u{ff9e}' | '\u{ff9f}' => 1,
        c if Manner::now().wide => c.width_cjk().unwrap_or(0),
        c => c.width().unwrap_or(0),
    }
}

/// What stands in one cell each, or in two that belong together: a character with its marks, and its columns. Marks
/// without a character have none.
pub fn units(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        // Most have no marks.
        if let [b' '..=b'~', after @ ..] = rest.as_bytes()
            && after.first().is_none_or(u8::is_ascii)
        {
            let (unit, after) = rest.split_at(1);
            rest = after;
            return Some((unit, 1));
        }
        let width = columns(rest.chars().next()?);
        let end = rest.char_indices().skip(1).find(|(_, c)| columns(*c) > 0).map_or(rest.len(), |(at, _)| at);
        let (unit, after) = rest.split_at(end);
        rest = after;
        Some((unit, width))
    })
}

/// `text`, filled up with blanks to `columns`.
pub fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text`, made printable and cut to `columns` on a grapheme border; a cut ends with `ellipsis`.
pub fn fit<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    let text = printable(text);
    if width(&text) <= columns {
        return text;
    }
    crate::language::cut(&text, columns);
    let mark = width(ellipsis);
    if columns < mark {
        return Cow::Borrowed("");
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = cells(grapheme);
        if used + w + mark > columns {
            break;
        }
        used += w;
        out.push_str(grapheme);
    }
    out.push_str(ellipsis);
    Cow::Owned(out)
}

/// `text`, made printable and without its first `columns`; a wide character across the border is a space.
pub fn from_column(text: &str, columns: usize) -> String {
    let text = printable(text);
    let mut out = String::new();
    let mut at = 0;
    for grapheme in text.graphemes(true) {
        let next = at + cells(grapheme);
        if at >= columns {
            out.push_str(grapheme);
        } else if next > columns {
            out.push(' ');
        }
        at = next;
    }
    out
}

/// Characters that do not begin a line, and those that do not end one.
const NOT_FIRST: &str =
    "、。，．・：；？！）］｝」』】〉》〕ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;!?)]}";
const NOT_LAST: &str = "（［｛「『【〈《〔([{";

/// `text`, made printable and broken into lines of at most `columns`: at spaces where there are any, and
/// between the characters of a script that is written without.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let text = printable(text);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for part in unbroken(&text) {
        // the space after a word may hang over the border
        let w = width(part);
        if used + width(part.trim_end_matches(' ')) <= columns {
            line.push_str(part);
            used += w;
            continue;
        }
        if used > 0 {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0;
        }
        for grapheme in part.graphemes(true) {
            let g = cells(grapheme);
            if used + g > columns && used > 0 && grapheme != " " {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            if g <= columns {
                line.push_str(grapheme);
                used += g;
            }
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// The parts of a text that stay on one line where they fit: words with the space after them, and single wide
/// characters with the punctuation that belongs to them.
fn unbroken(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for word in text.split_inclusive(' ') {
        if word.is_ascii() {
            out.push(word);
            continue;
        }
        let (mut from, mut before) = (0, None::<&str>);
        for (at, grapheme) in word.grapheme_indices(true) {
            let wide = |g: &str| cells(g) > 1;
            if let Some(last) = before
                && (wide(last) || wide(grapheme))
                && grapheme != " "
                && !NOT_FIRST.contains(grapheme)
                && !NOT_LAST.contains(last)
            {
                out.push(word.get(from..at).unwrap_or_default());
                from = at;
            }
            before = Some(grapheme);
        }
        out.push(word.get(from..).unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What must never be in a cell: controls, bidi and everything that takes no column of its own.
    fn harmless(text: &str) -> bool {
        !text.chars().any(|c| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
        })
    }

    #[test]
    fn escape_sequences_vanish_and_controls_are_seen() {
        for (nasty, clean) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]52;c;aGk=\u{7}clip", "clip"),
            ("a\u{7}b", "a\u{fffd}b"),
            ("a\u{0}\u{1}\u{2}b", "a\u{fffd}b"),
            ("one\r\ntwo", "one  two"),
            ("evil\u{202e}txt", "evil\u{fffd}txt"),
            ("zero\u{200b}width", "zero\u{fffd}width"),
            ("ファイル", "ファイル"),
            ("e\u{301}\u{301}\u{301}\u{301}", "e\u{301}\u{301}"),
        ] {
            assert_eq!(printable(nasty), clean, "{nasty:?}");
        }
    }

    #[test]
    fn what_is_plain_is_visible() {
        for c in ('\0'..=char::MAX).filter(|c| is_plain(*c)) {
            assert!(matches!(kind(c), Kind::Visible) && columns(c) > 0, "{c:?} U+{:04x}", u32::from(c));
        }
    }

    #[test]
    fn cuts_on_borders_of_graphemes() {
        assert_eq!(fit("abcdef", 4, "…"), "abc…");
        assert_eq!(fit("abcd", 4, "…"), "abcd");
        assert_eq!(fit("日本語です", 5, "…"), "日本…");
        assert_eq!(fit("日本語です", 4, "…"), "日…");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(from_column("abcdef", 2), "cdef");
        assert_eq!(from_column("日本語", 3), " 語");
        assert_eq!(from_column("abc", 9), "");
    }

    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            "[ -~]{0,8}",
            "\\PC{0,6}",
            Just("\u{1b}[2J".to_owned()),
            Just("\u{1b}]8;;http://x\u{1b}\\".to_owned()),
            Just("\u{9b}31m".to_owned()),
            Just("\u{202e}".to_owned()),
            Just("日本\u{3099}".to_owned()),
            Just("👩\u{200d}👩\u{200d}👧".to_owned()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|v| v.concat())
    }

    proptest! {
        #[test]
        fn is_harmless_and_fits(text in nasty(), columns in 0usize..40) {
            let clean = printable(&text);
            prop_assert!(harmless(&clean), "{clean:?}");
            let again = printable(&clean).into_owned();
            prop_assert_eq!(clean.as_ref(), again.as_str());
            prop_assert!(width(&fit(&text, columns, "…")) <= columns);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns.max(1));
                prop_assert!(harmless(&line));
            }
        }
    }
}
