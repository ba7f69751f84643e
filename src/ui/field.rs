//! A one-line text being typed.

use unicode_segmentation::UnicodeSegmentation;

use crate::app::action::TextEdit;

/// Longest text that is kept, in bytes.
const LONGEST: usize = 400;

/// The text; the cursor is always at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// What was typed.
    pub text: String,
}

impl Field {
    /// Takes an edit in. Pasted line ends become spaces.
    pub fn edit(&mut self, edit: &TextEdit) {
        match edit {
            TextEdit::Insert(c) => self.insert(*c),
            TextEdit::Paste(pasted) => pasted.chars().for_each(|c| self.insert(c)),
            TextEdit::Backspace => {
                let end = self.text.grapheme_indices(true).next_back().map_or(0, |(i, _)| i);
                self.text.truncate(end);
            }
            TextEdit::DeleteWord => {
                let kept = self.text.trim_end();
                let end = kept.rfind(char::is_whitespace).map_or(0, |i| i + 1);
                self.text.truncate(end);
            }
            TextEdit::Clear => self.text.clear(),
        }
    }

    fn insert(&mut self, c: char) {
        if self.text.len() + c.len_utf8() <= LONGEST {
            self.text.push(if c.is_whitespace() { ' ' } else { c });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits() {
        let mut field = Field::default();
        field.edit(&TextEdit::Paste("zone:1a\n!stopped".into()));
        assert_eq!(field.text, "zone:1a !stopped");
        field.edit(&TextEdit::Backspace);
        field.edit(&TextEdit::Insert('e'));
        field.edit(&TextEdit::DeleteWord);
        assert_eq!(field.text, "zone:1a ");
        field.edit(&TextEdit::DeleteWord);
        assert_eq!(field.text, "");
        field.edit(&TextEdit::Paste("か\u{3099}".into()));
        field.edit(&TextEdit::Backspace);
        assert_eq!(field.text, "", "a cluster goes as a whole");
        field.edit(&TextEdit::Paste("x".repeat(9999)));
        assert_eq!(field.text.len(), LONGEST);
    }
}
