//! Which lines are selected, and copying them.

use crate::domain::log::line::LineKey;
use crate::domain::log::seek::Direction;

use super::LogDesk;
use super::export::write;

/// Bytes that are copied at most: more than that, terminals leave out without a word.
const MOST: usize = 74_000;

impl LogDesk {
    /// First and last of the selected lines.
    pub(super) fn selected_lines(&self) -> Option<(LineKey, LineKey)> {
        let (anchor, here) = (self.anchor?, self.view.selected()?);
        Some((anchor.min(here), anchor.max(here)))
    }

    /// Begins a selection at the reader's line, or ends it.
    pub(super) fn select_lines(&mut self) {
        if self.anchor.take().is_some() {
            return;
        }
        let Some(here) = self.here() else { return };
        self.view.go_to(&self.ring, self.size, here);
        self.placed();
        self.anchor = Some(here);
        self.told = Some("selecting: move, then copy or write to a file".to_owned());
    }

    /// The selected lines as text, else the reader's line, else all in sight.
    pub(super) fn copied(&mut self) -> Option<String> {
        let mut out = String::new();
        let range = self.selected_lines().or_else(|| self.view.selected().map(|key| (key, key)));
        let range = range.or_else(|| {
            let shown = self.view.layout(&self.ring, self.size);
            Some((shown.rows.first()?.line.key, shown.rows.last()?.line.key))
        })?;
        for line in self.ring.walk(Some(range.0), Direction::Forth).take_while(|l| l.key <= range.1) {
            let before = out.len();
            write(&line, &mut out);
            if out.len() > MOST {
                out.truncate(before);
                self.told =
                    Some("only the first part is copied: a clipboard takes no more, a file does".to_owned());
                break;
            }
        }
        self.anchor = None;
        out.pop();
        (!out.is_empty()).then_some(out)
    }
}
