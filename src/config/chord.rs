//! Key chords: read from keymap files, made from what the terminal sends, in one canonical spelling.

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyModifiers};

use super::keymap::Chord;

/// Names of keys that are not characters, canonical spelling first in what [`Chord::parse`] understands.
const NAMES: &[(KeyCode, &str)] = &[
    (KeyCode::Esc, "esc"),
    (KeyCode::Enter, "enter"),
    (KeyCode::Tab, "tab"),
    (KeyCode::Backspace, "backspace"),
    (KeyCode::Left, "left"),
    (KeyCode::Right, "right"),
    (KeyCode::Up, "up"),
    (KeyCode::Down, "down"),
    (KeyCode::Home, "home"),
    (KeyCode::End, "end"),
    (KeyCode::PageUp, "pgup"),
    (KeyCode::PageDown, "pgdn"),
    (KeyCode::Delete, "del"),
    (KeyCode::Insert, "ins"),
];

/// Chords that never arrive, or that mean something to what stands between the keyboard and miharu.
const TAKEN: &[(&str, &str)] = &[
    ("ctrl-a", "GNU screen takes it"),
    ("ctrl-b", "tmux takes it"),
    ("ctrl-s", "the terminal's flow control takes it"),
    ("ctrl-q", "the terminal's flow control takes it"),
    ("ctrl-z", "it suspends programs"),
    ("ctrl-\\", "it aborts programs"),
    ("ctrl-i", "terminals send it as tab"),
    ("ctrl-m", "terminals send it as enter"),
    ("ctrl-[", "terminals send it as esc"),
];

impl Chord {
    /// Reads a chord in any usual spelling (`Ctrl-X`, `shift-g`, `PageDown`); `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::empty();
        let mut key = text;
        while let Some((modifier, rest)) = modifier(key) {
            modifiers |= modifier;
            key = rest;
        }
        let mut letters = key.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(c), None) if !c.is_whitespace() && !c.is_control() => KeyCode::Char(c),
            _ => named(&key.to_ascii_lowercase())?,
        };
        Self::of(KeyCombination::one_key(code, modifiers))
    }

    /// The chord of what the terminal sent; `None` for keys that miharu does not know (media keys, several keys
    /// at once).
    pub fn of(keys: KeyCombination) -> Option<Self> {
        let crokey::OneToThree::One(code) = keys.codes else { return None };
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        if !known.contains(keys.modifiers) {
            return None;
        }
        let ctrl = keys.modifiers.contains(KeyModifiers::CONTROL);
        let mut shift = keys.modifiers.contains(KeyModifiers::SHIFT);
        let name = match code {
            KeyCode::Char(' ') | KeyCode::Null => {
                shift = false;
                "space".to_owned()
            }
            // Terminals send the same byte for ctrl-x and ctrl-X, so the letter's case says nothing there.
            KeyCode::Char(c) if ctrl && c.is_alphabetic() => one(c.to_lowercase(), c).to_string(),
            KeyCode::Char(c) => {
                let upper = shift && c.is_alphabetic();
                shift = false;
                if upper { one(c.to_uppercase(), c).to_string() } else { c.to_string() }
            }
            KeyCode::BackTab => {
                shift = true;
                "tab".to_owned()
            }
            KeyCode::F(n) => format!("f{n}"),
            other => NAMES.iter().find(|(code, _)| *code == other).map(|(_, name)| (*name).to_owned())?,
        };
        let mut chord = String::new();
        for (on, prefix) in [
            (ctrl || code == KeyCode::Null, "ctrl-"),
            (keys.modifiers.contains(KeyModifiers::ALT), "alt-"),
            (shift, "shift-"),
        ] {
            if on {
                chord.push_str(prefix);
            }
        }
        chord.push_str(&name);
        Some(Self(chord))
    }

    /// Why the chord must not be bound, if so.
    pub(super) fn taken(&self) -> Option<&'static str> {
        TAKEN.iter().find(|(chord, _)| *chord == self.0).map(|(_, why)| *why)
    }
}

fn modifier(key: &str) -> Option<(KeyModifiers, &str)> {
    let (name, rest) = key.split_once('-')?;
    if rest.is_empty() {
        return None;
    }
    let modifier = match name.to_ascii_lowercase().as_str() {
        "ctrl" => KeyModifiers::CONTROL,
        "alt" => KeyModifiers::ALT,
        "shift" => KeyModifiers::SHIFT,
        _ => return None,
    };
    Some((modifier, rest))
}

/// The other case of `c`, unless that is several characters (`ß`).
fn one(mut case: impl Iterator<Item = char>, c: char) -> char {
    case.next().filter(|_| case.next().is_none()).unwrap_or(c)
}

fn named(name: &str) -> Option<KeyCode> {
    let name = match name {
        "escape" => "esc",
        "return" => "enter",
        "page-up" => "pgup",
        "page-down" => "pgdn",
        _ => name,
    };
    let own = NAMES.iter().find(|(_, own)| *own == name).map(|(code, _)| *code);
    own.or_else(|| crokey::parse_key_code(name, false).ok())
}

/// What an unreadable chord was most likely meant to be: letters without a space, or a name with a slip.
pub(super) fn nearest(word: &str) -> Option<String> {
    let letters = word.chars().count() <= 3 && word.chars().all(char::is_alphanumeric);
    if letters && word.len() > 1 && !word.starts_with(['f', 'F']) {
        return Some(word.chars().map(String::from).collect::<Vec<_>>().join(" "));
    }
    let modifiers = ["ctrl-", "alt-", "shift-"];
    let names = NAMES.iter().map(|(_, name)| *name).chain(["space"]).chain(modifiers);
    super::error::nearest(word, names)
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("q", "q")]
    #[case("G", "G")]
    #[case("shift-g", "G")]
    #[case("Ctrl-X", "ctrl-x")]
    #[case("ctrl-shift-x", "ctrl-shift-x")]
    #[case("alt-shift-ctrl-f5", "ctrl-alt-shift-f5")]
    #[case("PageDown", "pgdn")]
    #[case("pgdn", "pgdn")]
    #[case("Escape", "esc")]
    #[case("ESC", "esc")]
    #[case("backtab", "shift-tab")]
    #[case("shift-tab", "shift-tab")]
    #[case("space", "space")]
    #[case("?", "?")]
    #[case("shift-?", "?")]
    #[case("-", "-")]
    #[case("ctrl--", "ctrl--")]
    #[case("minus", "-")]
    #[case("é", "é")]
    #[case("delete", "del")]
    #[case("alt-j", "alt-j")]
    #[case("ctrl-", "")]
    #[case("cmd-x", "")]
    #[case("", "")]
    #[case("gg", "")]
    #[case("a-b", "")]
    fn spellings_become_one(#[case] given: &str, #[case] expected: &str) {
        let chord = Chord::parse(given).map_or_else(String::new, |c| c.0);
        assert_eq!(chord, expected);
        if let Some(again) = Chord::parse(&chord) {
            assert_eq!(again.0, chord, "a canonical chord reads as itself");
        }
    }

    proptest! {
        #[test]
        fn a_chord_reads_as_it_is_spelled(text in "((ctrl|alt|shift|Ctrl)-){0,3}(\\PC|[a-zA-Z0-9]{1,6})") {
            if let Some(chord) = Chord::parse(&text) {
                prop_assert_eq!(Chord::parse(&chord.0), Some(chord));
            }
        }

        #[test]
        fn what_is_sent_can_be_written(c: char, modifiers in 0_u8..8) {
            let event = KeyEvent::new(KeyCode::Char(c), KeyModifiers::from_bits_truncate(modifiers));
            if let Some(chord) = Chord::of(event.into())
                && !c.is_control()
                && !c.is_whitespace()
            {
                prop_assert_eq!(Chord::parse(&chord.0), Some(chord));
            }
        }
    }

    #[test]
    fn what_is_taken_is_spelled_as_it_arrives() {
        for (chord, _) in TAKEN {
            let parsed = Chord::parse(chord).unwrap();
            assert_eq!(parsed.0, *chord);
            assert!(parsed.taken().is_some());
            assert!(Chord::parse(&chord.to_uppercase()).unwrap().taken().is_some());
        }
    }

    /// Terminals differ in whether they add SHIFT to what needs it; the chord is the same.
    #[rstest]
    #[case(KeyCode::Char('G'), KeyModifiers::NONE, "G")]
    #[case(KeyCode::Char('G'), KeyModifiers::SHIFT, "G")]
    #[case(KeyCode::Char('g'), KeyModifiers::SHIFT, "G")]
    #[case(KeyCode::Char('?'), KeyModifiers::SHIFT, "?")]
    #[case(KeyCode::Char('?'), KeyModifiers::NONE, "?")]
    #[case(KeyCode::Char('c'), KeyModifiers::CONTROL, "ctrl-c")]
    #[case(KeyCode::Char(' '), KeyModifiers::NONE, "space")]
    #[case(KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab")]
    #[case(KeyCode::Tab, KeyModifiers::NONE, "tab")]
    #[case(KeyCode::PageUp, KeyModifiers::NONE, "pgup")]
    fn what_the_terminal_sends_is_what_the_file_says(
        #[case] code: KeyCode,
        #[case] modifiers: KeyModifiers,
        #[case] expected: &str,
    ) {
        let sent = Chord::of(KeyEvent::new(code, modifiers).into()).unwrap();
        assert_eq!(sent.0, expected);
        assert_eq!(Chord::parse(expected), Some(sent));
    }
}
