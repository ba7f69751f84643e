//! The Logs screen. Its lines are held here, beside the recorded state: one [`LogDesk`] an environment, which
//! keeps lines, filters, search, bookmarks and the reader's place while other environments and screens are shown.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::log::batch::Batch;
use crate::domain::log::bookmark::Bookmarks;
use crate::domain::log::line::LineKey;
use crate::domain::log::ring::{Limits, Ring};

use super::log_view::{LogView, Size};
use super::text::printable;

/// Lines that wait at most while the display is frozen; older ones are taken in behind what is shown.
const HELD_LINES: usize = 100_000;

/// What a slice of work came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// There is more.
    pub left: bool,
    /// Something that can be seen is different.
    pub seen: bool,
}

/// See the module.
pub struct LogDesk {
    ring: Ring,
    view: LogView,
    bookmarks: Bookmarks,
    /// Room for the text of lines at the last frame.
    size: Size,
    /// What came while the display was frozen, and how many lines that is.
    held: VecDeque<Arc<Batch>>,
    held_lines: usize,
    /// There may be lines that filters or search have not seen.
    unsettled: bool,
}

impl Default for LogDesk {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl LogDesk {
    /// A desk without lines.
    pub fn new(limits: Limits) -> Self {
        Self {
            ring: Ring::new(limits, printable),
            view: LogView::default(),
            bookmarks: Bookmarks::default(),
            size: Size { columns: 80, rows: 20 },
            held: VecDeque::new(),
            held_lines: 0,
            unsettled: false,
        }
    }

    /// Takes a batch in. While the display is frozen it waits, so that what is shown stays as it is; when too
    /// much waits, the oldest is taken in all the same, and the reader's place stays.
    pub fn take(&mut self, batch: &Arc<Batch>, frozen: bool) {
        if !frozen {
            self.thaw();
            self.append(batch);
            return;
        }
        self.held_lines += batch.lines.len();
        self.held.push_back(Arc::clone(batch));
        while self.held_lines > HELD_LINES
            && let Some(oldest) = self.held.pop_front()
        {
            self.held_lines -= oldest.lines.len();
            self.view.freeze(&self.ring, self.size);
            self.append(&oldest);
        }
    }

    /// Takes in what came while the display was frozen.
    pub fn thaw(&mut self) {
        self.held_lines = 0;
        for batch in std::mem::take(&mut self.held) {
            self.append(&batch);
        }
    }

    fn append(&mut self, batch: &Batch) {
        self.ring.append(batch);
        self.unsettled = true;
    }

    /// Goes to the first line at that time or after it.
    pub fn go_to_time(&mut self, at: DateTime<Utc>) {
        self.view.go_to(&self.ring, self.size, LineKey::at(at));
    }

    /// Does a part of what waits, as much as about `bytes` of text take.
    pub fn work(&mut self, bytes: usize) -> Work {
        if !self.unsettled {
            return Work::default();
        }
        self.unsettled = !self.ring.work(self.view.near(), bytes);
        Work { left: self.unsettled, seen: true }
    }

    /// The lines.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The lines that someone wants to find again.
    pub fn bookmarks(&self) -> &Bookmarks {
        &self.bookmarks
    }
}
