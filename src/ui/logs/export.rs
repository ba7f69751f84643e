//! Lines as text: for the clipboard and for a file. Without secrets, which are out of the lines when they are held,
//! and without what a terminal would take for a command.

use std::fmt::Write as _;

use chrono::SecondsFormat;

use crate::app::effect::Effect;
use crate::domain::log::line::{LineKey, LineRef};
use crate::domain::log::seek::Direction;
use crate::ui::text::printable;

use super::LogDesk;

/// Bytes of a file at most.
const MOST: usize = 64 << 20;

/// Lines on their way into a file.
#[derive(Debug)]
pub(super) struct Export {
    name: String,
    /// Everything up to here is in the text.
    next: Option<LineKey>,
    /// The last line that is wanted.
    until: Option<LineKey>,
    text: String,
    lines: u64,
}

/// Writes a line as one line for each of its own: time, level, group, stream, text, between them a tab.
pub(super) fn write(line: &LineRef<'_>, out: &mut String) {
    let mut rows = line.text.trim_end_matches(['\n', '\r']).split('\n');
    let time = line.at().to_rfc3339_opts(SecondsFormat::Millis, true);
    let level = if line.mark { "" } else { line.level.word() };
    let (group, stream) = (printable(&line.origin.group), printable(&line.origin.stream));
    let first = printable(rows.next().unwrap_or_default());
    let _ = writeln!(out, "{time}\t{level}\t{group}\t{stream}\t{first}");
    for row in rows {
        let _ = writeln!(out, "\t\t\t\t{}", printable(row));
    }
}

impl LogDesk {
    /// Begins to collect what is shown: the selected lines, else all.
    pub(super) fn begin_export(&mut self, name: &str) {
        let selected = self.selected_lines();
        self.export = Some(Export {
            name: name.to_owned(),
            next: selected.map(|s| s.0),
            until: selected.map(|s| s.1).or_else(|| self.ring.ends().map(|ends| ends.1)),
            text: String::new(),
            lines: 0,
        });
        self.told = Some("collecting lines for the file".to_owned());
    }

    /// Collects about `bytes` more; the effect when all is there.
    pub(super) fn write_out(&mut self, bytes: usize) -> Option<Effect> {
        let mut export = self.export.take()?;
        let end = export.text.len() + bytes;
        let from = export.next;
        for line in self.ring.walk(from, Direction::Forth) {
            if export.until.is_none_or(|until| line.key > until) || export.text.len() > MOST {
                break;
            }
            if export.text.len() > end {
                export.next = Some(line.key);
                self.export = Some(export);
                return None;
            }
            write(&line, &mut export.text);
            export.lines += u64::from(!line.mark);
        }
        self.told = None;
        let cut = export.text.len() > MOST;
        Some(Effect::Export { name: export.name, text: export.text, lines: export.lines, cut })
    }
}
