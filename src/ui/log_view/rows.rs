//! The rows of one line.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::log::filter::Query;
use crate::ui::text::{cells, printable};

/// Characters of a part of a line that are drawn; what follows is said to be cut.
const CHARS: usize = 16_000;
/// Rows of a line.
const ROWS: usize = 2_000;

/// A row of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    /// What stands there: harmless, and no wider than the columns there are.
    pub text: String,
    /// Where the search matches, in bytes of the text.
    pub spans: Vec<Range<usize>>,
    /// Characters after this row that are not drawn at all, because there are too many.
    pub cut: usize,
    /// The text goes on to the right of the last column.
    pub more: bool,
}

/// The rows of a line: one at least, for each line end in it another. `from`: the first column if lines are cut;
/// `None` wraps them, at any character, because a log's spaces mean something.
pub fn pieces(text: &str, columns: usize, from: Option<usize>, query: Option<&Query>) -> Vec<Piece> {
    let columns = columns.max(1);
    let mut out = Vec::new();
    let mut parts = text.trim_end_matches(['\n', '\r']).split('\n');
    for part in parts.by_ref() {
        let (part, cut) = head(part.trim_end_matches('\r'));
        let seen = printable(part);
        let spans: Vec<Range<usize>> = query.map(|q| q.spans(&seen).collect()).unwrap_or_default();
        match from {
            Some(from) => out.push(window(&seen, from, columns, &spans)),
            None => wrap(&seen, columns, &spans, &mut out),
        }
        if let Some(last) = out.last_mut() {
            last.cut = cut;
        }
        if out.len() >= ROWS {
            break;
        }
    }
    let left: usize = parts.map(|part| part.chars().count() + 1).sum();
    if let Some(last) = out.last_mut() {
        last.cut += left;
    }
    out
}

/// The part that is drawn, and how many characters are not.
fn head(part: &str) -> (&str, usize) {
    if part.len() <= CHARS {
        return (part, 0);
    }
    match part.char_indices().nth(CHARS) {
        Some((end, _)) => {
            let (head, rest) = part.split_at(end);
            (head, rest.chars().count())
        }
        None => (part, 0),
    }
}

fn wrap(seen: &str, columns: usize, spans: &[Range<usize>], out: &mut Vec<Piece>) {
    let mut begin = 0;
    let mut used = 0;
    let mut row = |range: Range<usize>| {
        let text = seen.get(range.clone()).unwrap_or_default().to_owned();
        out.push(Piece { text, spans: within(spans, &range, range.start, 0), ..Piece::default() });
    };
    if seen.is_ascii() {
        // One column a byte.
        while seen.len() - begin > columns {
            row(begin..begin + columns);
            begin += columns;
        }
    } else {
        for (at, grapheme) in seen.grapheme_indices(true) {
            let width = cells(grapheme);
            if used + width > columns && used > 0 {
                row(begin..at);
                (begin, used) = (at, 0);
            }
            used += width;
        }
    }
    row(begin..seen.len());
}

/// The columns from `from` on. A wide character across an end is left out; at the left a space stands for it.
fn window(seen: &str, from: usize, columns: usize, spans: &[Range<usize>]) -> Piece {
    let mut at = 0;
    let mut text = String::new();
    let mut range: Option<Range<usize>> = None;
    let mut pad = 0;
    let mut more = false;
    for (byte, grapheme) in seen.grapheme_indices(true) {
        let next = at + cells(grapheme);
        if next > from + columns {
            more = true;
            break;
        }
        if at >= from {
            text.push_str(grapheme);
            let begin = range.as_ref().map_or(byte, |r| r.start);
            range = Some(begin..byte + grapheme.len());
        } else if next > from {
            text.push(' ');
            pad = 1;
        }
        at = next;
    }
    let range = range.unwrap_or(0..0);
    let spans = within(spans, &range, range.start, pad);
    Piece { text, spans, more, ..Piece::default() }
}

/// The parts of `spans` that lie in `range`, counted from `origin`, `pad` bytes further.
fn within(spans: &[Range<usize>], range: &Range<usize>, origin: usize, pad: usize) -> Vec<Range<usize>> {
    let first = spans.partition_point(|s| s.end <= range.start);
    let here = spans.iter().skip(first).take_while(|s| s.start < range.end);
    here.map(|s| s.start.max(range.start) - origin + pad..s.end.min(range.end) - origin + pad).collect()
}
