//! The Logs screen. Its lines are held here, beside the recorded state: one [`LogDesk`] an environment, which
//! keeps lines, filters, search, bookmarks and the reader's place while other environments and screens are shown.
//!
//! Nothing that takes longer with more lines happens while a key is answered or a frame is drawn: filters, search,
//! counts, histogram, patterns and exports are worked on in slices ([`LogDesk::work`]), and a frame shows what is
//! known by then.

mod act;
mod chart;
mod copy;
mod counts;
mod detail;
mod draw;
mod export;
mod facts;
mod filters;
mod lines;
mod list;
mod prompt;
mod seek;
mod sheet;
mod when;
mod words;

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::app::effect::Effect;
use crate::config::keymap::Context;
use crate::domain::log::batch::Batch;
use crate::domain::log::block::Block;
use crate::domain::log::bookmark::Bookmarks;
use crate::domain::log::line::LineKey;
use crate::domain::log::ring::{Limits, Ring, Totals};
use crate::domain::log::seek::Direction;

use super::log_view::{LogView, Size};
use super::text::printable;

pub use act::{ABOUT_LINES, Answer, Moment};
pub use counts::{joined, parts};
pub use draw::draw;
pub use facts::FilterFact;
pub use when::Zone;
pub use words::complaint;

use chart::Span;
use export::Export;
use facts::Facts;
use prompt::Prompt;
use seek::Seek;
use sheet::Sheet;

/// Lines that wait at most while the display is frozen; older ones are taken in behind what is shown.
const HELD_LINES: usize = 100_000;

/// What a slice of work came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Work {
    /// There is more.
    pub left: bool,
    /// Something that can be seen is different.
    pub seen: bool,
    /// It is what the operator asked for and waits for.
    pub awaited: bool,
    /// What is to be done now.
    pub effect: Option<Effect>,
}

/// See the module.
pub struct LogDesk {
    ring: Ring,
    view: LogView,
    bookmarks: Bookmarks,
    /// Room for the text of lines, and bars of the histogram, at the last frame.
    size: Size,
    bars: usize,
    /// What came while the display was frozen, and how many lines that is.
    held: VecDeque<Arc<Batch>>,
    held_lines: usize,
    /// Lines that are no longer held and are to be kept elsewhere; `None`: they are not.
    dropped: Option<Vec<Block>>,
    /// Lines that were kept elsewhere, and lines that could not be.
    spilled: Option<(u64, u64)>,
    /// There may be lines that filters or search have not seen.
    unsettled: bool,
    /// What is known in numbers, and whether it may be different by now.
    facts: Facts,
    stale: bool,
    /// A time to go to as soon as its lines are there.
    wish: Option<DateTime<Utc>>,
    /// The newest line when the reader stopped following.
    stopped: Option<LineKey>,
    /// The other end of the selected lines.
    anchor: Option<LineKey>,
    zone: Zone,
    span: Span,
    prompt: Option<Prompt>,
    /// What was searched for before, the newest last.
    searches: Vec<String>,
    sheet: Option<Sheet>,
    seek: Option<Seek>,
    export: Option<Export>,
    /// What came of the last action, until the next.
    told: Option<String>,
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
            bars: 60,
            held: VecDeque::new(),
            held_lines: 0,
            dropped: None,
            spilled: None,
            unsettled: false,
            facts: Facts::default(),
            stale: true,
            wish: None,
            stopped: None,
            anchor: None,
            zone: Zone::default(),
            span: Span::default(),
            prompt: None,
            searches: Vec::new(),
            sheet: None,
            seek: None,
            export: None,
            told: None,
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

    /// From now on the lines that are no longer held can be taken away with [`LogDesk::take_dropped`].
    pub fn keep_dropped(&mut self) {
        self.ring.keep_dropped(true);
        self.dropped.get_or_insert_default();
    }

    /// Lines that are no longer held since the last time.
    pub fn take_dropped(&mut self) -> Vec<Block> {
        self.dropped.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// How many lines were kept elsewhere, and how many could not be.
    pub fn spilled(&mut self, kept: u64, lost: u64) {
        self.spilled = Some((kept, lost));
    }

    /// Takes in what came while the display was frozen.
    pub fn thaw(&mut self) {
        self.held_lines = 0;
        for batch in std::mem::take(&mut self.held) {
            self.append(&batch);
        }
    }

    fn append(&mut self, batch: &Batch) {
        let dropped = self.ring.append(batch);
        if let Some(all) = &mut self.dropped {
            all.extend(dropped);
        }
        self.unsettled = true;
        self.stale = true;
    }

    /// Goes to the first shown line at that time or after it. Where lines are still to be filtered, or to come,
    /// the reader is brought there when they are.
    pub fn go_to_time(&mut self, at: DateTime<Utc>) {
        self.told = None;
        self.sheet = None;
        self.wish = Some(at);
        self.unsettled = true;
        self.arrive(at);
    }

    fn arrive(&mut self, at: DateTime<Utc>) {
        let Some((first, _)) = self.ring.ends() else { return };
        self.view.go_to(&self.ring, self.size, LineKey::at(at));
        self.placed();
        if LineKey::at(at) < first {
            let oldest = DateTime::from_timestamp_millis(first.at_ms).unwrap_or_default();
            let today = self.zone.wall(at).date();
            self.told = Some(format!("the oldest line held is of {}", self.zone.clock(oldest, today)));
        }
    }

    /// Does a part of what waits, as much as about `bytes` of text take. `shown`: somebody looks at this desk, so
    /// its numbers are kept.
    pub fn work(&mut self, bytes: usize, shown: bool) -> Work {
        let mut work = Work::default();
        if self.unsettled {
            let near = self.wish.map(LineKey::at).or(self.view.near());
            self.unsettled = !self.ring.work(near, bytes);
            work.seen = true;
            if let Some(at) = self.wish {
                self.arrive(at);
                if !self.unsettled && self.ring.ends().is_some() {
                    self.wish = None;
                }
            }
        }
        if self.seek(bytes) {
            (work.seen, work.awaited) = (true, self.seek.is_none());
        }
        if shown && self.wants_patterns() && !self.unsettled && !self.ring.mine(bytes) {
            work.left = true;
            self.stale = true;
        }
        if shown && self.stale {
            self.stale = false;
            self.count();
            work.seen = true;
        }
        work.left |= self.unsettled || self.seek.is_some();
        if !self.unsettled && self.export.is_some() {
            work.effect = self.write_out(bytes);
            work.left |= self.export.is_some();
            (work.seen, work.awaited) = (true, true);
        }
        work
    }

    /// After the reader's place changed: remembers from when on lines are new.
    fn placed(&mut self) {
        self.stale = true;
        let newest = || self.ring.ends().map(|ends| ends.1);
        self.stopped = if self.view.follows() { None } else { self.stopped.or_else(newest) };
    }

    /// The line that actions are about: the selected one, else the last one in sight.
    fn here(&self) -> Option<LineKey> {
        self.view.selected().filter(|key| self.ring.line(*key).is_some()).or_else(|| {
            if self.view.follows() {
                return self.ring.walk(None, Direction::Back).next().map(|line| line.key);
            }
            self.view.layout(&self.ring, self.size).rows.last().map(|row| row.line.key)
        })
    }

    /// Contexts for the keymap, innermost first.
    pub fn contexts(&self) -> Vec<Context> {
        match (&self.prompt, &self.sheet) {
            (Some(_), _) => vec![Context::Input],
            (None, Some(_)) => vec![Context::LogList, Context::Logs, Context::Global],
            (None, None) => vec![Context::Logs, Context::Global],
        }
    }

    /// Whether characters without a binding are text.
    pub fn wants_text(&self) -> bool {
        self.prompt.is_some()
    }

    /// The lines.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The numbers, counted now.
    pub fn totals(&self) -> Totals {
        self.ring.totals()
    }

    /// Lines that wait because the display is frozen.
    pub fn held_lines(&self) -> usize {
        self.held_lines
    }

    /// Where the reader is.
    pub fn view(&self) -> &LogView {
        &self.view
    }

    /// The lines that someone wants to find again.
    pub fn bookmarks(&self) -> &Bookmarks {
        &self.bookmarks
    }
}
