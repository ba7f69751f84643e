//! What an action means on the Logs screen.

use chrono::{DateTime, Utc};

use crate::app::action::Action;
use crate::app::effect::Effect as Deed;
use crate::domain::log::level::Level;
use crate::domain::log::seek::{Direction, Target};
use crate::ui::Reply;
use crate::ui::log_view::Shape;

use super::LogDesk;
use super::prompt::Ask;
use super::sheet::{Kind, effect};

/// Columns that one step goes sideways, and the farthest it goes.
const SIDE: usize = 16;
const SIDE_LIMIT: usize = 16_000;

/// Actions that mean something on this screen only: chosen from the palette, they show it.
pub const ABOUT_LINES: &[Action] = &[
    Action::Follow,
    Action::NextHit,
    Action::PreviousHit,
    Action::NextError,
    Action::PreviousError,
    Action::NextWarning,
    Action::PreviousWarning,
    Action::Include,
    Action::Exclude,
    Action::Filters,
    Action::MinimumLevel,
    Action::GoToTime,
    Action::LastMinutes,
    Action::FromHere,
    Action::UntilHere,
    Action::AnyTime,
    Action::LocalTime,
    Action::Earlier,
    Action::Later,
    Action::Patterns,
    Action::Bookmark,
    Action::Note,
    Action::Bookmarks,
    Action::NextBookmark,
    Action::PreviousBookmark,
    Action::SelectLines,
    Action::Wrap,
    Action::JournalAt,
    Action::TimelineAt,
    Action::Export,
];

/// When and where an action is taken.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The time that is shown.
    pub now: DateTime<Utc>,
    /// Name of the environment.
    pub environment: &'a str,
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It was for this screen.
    Used,
    /// It was not.
    Passed,
    /// This is to be done.
    Reply(Reply),
    /// Show the journal at this time.
    Journal(DateTime<Utc>),
    /// Show the timeline at this time.
    Timeline(DateTime<Utc>),
}

impl LogDesk {
    /// Takes an action.
    pub fn on(&mut self, action: Action, moment: &Moment<'_>) -> Answer {
        if self.prompt.is_some() {
            return self.answer(action, moment);
        }
        let told = self.told.take();
        let answer = match self.on_sheet(action) {
            Answer::Passed => self.on_lines(action, moment),
            answer => answer,
        };
        if answer == Answer::Passed {
            self.told = told;
        } else {
            // A key ends what was looked for, unless it is what the key began.
            self.wish = None;
        }
        answer
    }

    fn on_lines(&mut self, action: Action, moment: &Moment<'_>) -> Answer {
        if let Some(answer) = self.moved(action) {
            return answer;
        }
        if let Some((target, direction)) = sought(action) {
            self.go_to_next(target, direction);
            return Answer::Used;
        }
        self.seek = None;
        match action {
            Action::Find => self.ask(Ask::Search, ""),
            Action::Include | Action::Exclude => self.ask(Ask::Filter(effect(action)), ""),
            Action::MinimumLevel => self.next_least_level(),
            Action::GoToTime => self.ask(Ask::Time, ""),
            Action::LastMinutes => self.only_last_minutes(moment.now),
            Action::FromHere | Action::UntilHere => self.only_from_or_to_here(action == Action::FromHere),
            Action::AnyTime => self.any_time(),
            Action::LocalTime => self.zone = self.zone.other(),
            Action::ShorterSpan | Action::LongerSpan => {
                self.span.change(action == Action::LongerSpan);
                self.stale = true;
            }
            Action::Earlier => self.go_to_bar(Direction::Back),
            Action::Later => self.go_to_bar(Direction::Forth),
            Action::Open => self.open_sheet(Kind::Detail),
            Action::Raw => {
                let whole = self.view.shape() == Shape::Whole;
                self.view.set_shape(if whole { Shape::Short } else { Shape::Whole });
            }
            Action::Filters => self.open_sheet(Kind::Filters),
            Action::Patterns => self.open_sheet(Kind::Patterns),
            Action::Bookmarks => self.open_sheet(Kind::Bookmarks),
            Action::Bookmark => self.bookmark(),
            Action::Note => self.note(),
            Action::NextBookmark => self.go_to_bookmark(Direction::Forth),
            Action::PreviousBookmark => self.go_to_bookmark(Direction::Back),
            Action::SelectLines => self.select_lines(),
            Action::Copy => {
                return match self.copied() {
                    Some(text) => Answer::Reply(Reply::Effect(Deed::Copy(text))),
                    None => Answer::Used,
                };
            }
            Action::Export => {
                let name = format!("logs-{}-{}.txt", moment.environment, moment.now.format("%Y%m%dT%H%M%SZ"));
                self.ask(Ask::Export, name);
            }
            Action::JournalAt => return self.time_here().map_or(Answer::Used, Answer::Journal),
            Action::TimelineAt => return self.time_here().map_or(Answer::Used, Answer::Timeline),
            Action::Wrap => {
                let wrap = !self.view.wraps();
                self.view.set_wrap(wrap);
            }
            Action::Back => return self.back(),
            _ => return Answer::Passed,
        }
        Answer::Used
    }

    /// When the line happened that the reader is at.
    fn time_here(&self) -> Option<DateTime<Utc>> {
        self.here().and_then(|key| self.ring.line(key).map(|line| line.at()))
    }

    /// Ends, one at a time, what hides or marks something: selected lines, the selected line, the search.
    fn back(&mut self) -> Answer {
        if self.anchor.take().is_some() {
            return Answer::Used;
        }
        if self.view.selected().is_some() {
            self.view.unselect();
        } else if self.ring.query().is_some() {
            self.ring.search(None);
            self.unsettled = true;
        } else {
            return Answer::Passed;
        }
        self.stale = true;
        Answer::Used
    }

    /// Takes an action that moves the reader.
    fn moved(&mut self, action: Action) -> Option<Answer> {
        let page = isize::try_from(self.size.rows.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
        match action {
            Action::Up => self.view.select(&self.ring, self.size, Direction::Back),
            Action::Down => self.down(),
            Action::PageUp => self.scroll(-page),
            Action::PageDown => self.scroll(page),
            Action::Top => {
                self.view.home(&self.ring);
                self.view.keep_in_sight(&self.ring, self.size);
            }
            Action::Follow if self.view.follows() => self.view.freeze(&self.ring, self.size),
            Action::Bottom | Action::Follow => self.view.follow(),
            Action::Left | Action::Right if self.view.wraps() => {
                self.view.set_wrap(false);
                self.sideways(action);
            }
            Action::Left | Action::Right => self.sideways(action),
            _ => return None,
        }
        self.seek = None;
        self.placed();
        Some(Answer::Used)
    }

    /// Behind the last line there is nothing but what will come.
    fn down(&mut self) {
        let last = |key| self.ring.beside(key, Direction::Forth).is_none();
        if self.view.selected().is_none_or(last) && (self.view.follows() || self.view.selected().is_some()) {
            self.view.follow();
        } else {
            self.view.select(&self.ring, self.size, Direction::Forth);
        }
    }

    fn scroll(&mut self, rows: isize) {
        self.view.scroll(&self.ring, self.size, rows);
        if self.view.follows() {
            self.view.unselect();
        } else {
            self.view.keep_in_sight(&self.ring, self.size);
        }
    }

    fn sideways(&mut self, action: Action) {
        let now = self.view.column();
        let to = if action == Action::Left { now.saturating_sub(SIDE) } else { (now + SIDE).min(SIDE_LIMIT) };
        self.view.set_column(to);
    }

    fn bookmark(&mut self) {
        let Some(line) = self.here().and_then(|key| self.ring.line(key)) else { return };
        if !self.bookmarks.toggle(&line) {
            self.told = Some("there are as many bookmarks as there may be: delete one first".to_owned());
        }
    }

    fn note(&mut self) {
        let Some(key) = self.here() else { return };
        let note = self.bookmarks.get(key).map(|b| b.note.clone()).unwrap_or_default();
        self.ask(Ask::Note(key), note);
    }
}

/// What an action looks for, and which way.
fn sought(action: Action) -> Option<(Target, Direction)> {
    Some(match action {
        Action::NextHit => (Target::Hit, Direction::Forth),
        Action::PreviousHit => (Target::Hit, Direction::Back),
        Action::NextError => (Target::Level(Level::Error), Direction::Forth),
        Action::PreviousError => (Target::Level(Level::Error), Direction::Back),
        Action::NextWarning => (Target::Level(Level::Warn), Direction::Forth),
        Action::PreviousWarning => (Target::Level(Level::Warn), Direction::Back),
        _ => return None,
    })
}
