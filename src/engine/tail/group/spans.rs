//! What is left for later, and what is missing: spans of time, with their marks among the lines.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::log::mark::{Mark, MarkChange, MarkKind, NeverRead};
use crate::engine::tail::audit::Findings;

use super::{GroupTail, instant};

/// Marks of missed lines whose numbers are remembered.
const MISSED: usize = 500;

/// A span of time that is still to be read, milliseconds, the end included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) until: i64,
    /// The number of its mark; a search for lines that may not be there has none.
    pub(super) mark: Option<u64>,
}

impl GroupTail {
    /// Puts a span off, with a mark among the lines.
    pub(super) fn leave_behind(&mut self, from: i64, until: i64) {
        if until <= from {
            return;
        }
        self.head_floor = until;
        if let Some(last) =
            self.spans.back_mut().filter(|s| s.mark.is_some() && s.until >= from && s.from <= from)
        {
            last.until = last.until.max(until);
            let last = *last;
            self.say_pending(last);
            return;
        }
        let span = Span { from, until, mark: Some(self.mark_number()) };
        self.say_pending(span);
        self.enqueue(span);
    }

    fn enqueue(&mut self, span: Span) {
        self.spans.push_back(span);
        while self.spans.len() > self.settings.spans
            && let Some(oldest) = self.spans.pop_front()
        {
            self.give_up(oldest, NeverRead::Queue);
        }
    }

    /// What is no longer remembered cannot be read: it could not be told from what was shown.
    pub(super) fn trim_spans(&mut self) {
        let floor = self.seen.floor();
        while let Some(first) = self.spans.front_mut() {
            if first.from >= floor {
                return;
            }
            let lost = Span { until: first.until.min(floor - 1), ..*first };
            let gone = first.until < floor;
            if gone {
                self.spans.pop_front();
            } else {
                first.from = floor;
                if first.mark.is_some() {
                    self.next_mark += 1;
                    first.mark = Some(self.next_mark);
                    let rest = *first;
                    self.say_pending(rest);
                }
            }
            self.give_up(lost, NeverRead::Memory);
            if !gone {
                return;
            }
        }
    }

    pub(super) fn give_up(&mut self, span: Span, why: NeverRead) {
        let Some(id) = span.mark else { return };
        self.counts.spans_never_read += 1;
        let kind = MarkKind::NeverRead { until: instant(span.until), why };
        self.put(id, instant(span.from), kind);
    }

    fn say_pending(&mut self, span: Span) {
        if let Some(id) = span.mark {
            self.put(id, instant(span.from), MarkKind::Pending { until: instant(span.until) });
        }
    }

    fn put(&mut self, id: u64, at: DateTime<Utc>, kind: MarkKind) {
        self.marks.push(MarkChange::Put(Mark { id, group: Arc::clone(&self.group), at, kind }));
    }

    /// CloudWatch has said how many lines it took in, minute by minute in `[from, to)`.
    pub fn audited(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, numbers: &[(DateTime<Utc>, u64)]) {
        let Some(audit) = &mut self.audit else { return };
        let Findings { changed, search } = audit.incoming(from, to, numbers);
        for (at, lines) in changed {
            let known = self.missed.iter().find(|(minute, _)| *minute == at).map(|(_, id)| *id);
            let id = known.unwrap_or_else(|| {
                self.next_mark += 1;
                self.missed.push((at, self.next_mark));
                self.next_mark
            });
            if lines > 0 {
                self.put(id, at, MarkKind::Missed { lines });
            } else {
                self.marks.push(MarkChange::Remove(id));
            }
        }
        if self.missed.len() > MISSED {
            self.missed.remove(0);
        }
        if let Some((from, until)) = search {
            let from = from.max(self.seen.floor());
            if from <= until {
                self.enqueue(Span { from, until, mark: None });
            }
        }
    }

    pub(super) fn mark_number(&mut self) -> u64 {
        self.next_mark += 1;
        self.next_mark
    }
}
