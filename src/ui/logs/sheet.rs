//! The lists below the lines: filters, patterns, bookmarks, the facts of a line. The lines stay in sight, so that it
//! is seen at once what a filter does.

use crate::app::action::Action;
use crate::app::effect::Effect as Deed;
use crate::domain::log::filter::{Condition, Effect};
use crate::ui::Reply;

use super::LogDesk;
use super::act::Answer;
use super::detail::{self, Field};
use super::prompt::Ask;

/// What is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Detail,
    Filters,
    Patterns,
    Bookmarks,
}

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) kind: Kind,
    /// The selected entry.
    pub(super) place: usize,
    /// The first row of the list in sight.
    pub(super) offset: usize,
    /// Rows that fitted at the last frame.
    pub(super) page: usize,
}

impl Sheet {
    fn opened_by(&self) -> Action {
        match self.kind {
            Kind::Detail => Action::Open,
            Kind::Filters => Action::Filters,
            Kind::Patterns => Action::Patterns,
            Kind::Bookmarks => Action::Bookmarks,
        }
    }
}

impl LogDesk {
    pub(super) fn open_sheet(&mut self, kind: Kind) {
        if kind == Kind::Detail {
            let Some(here) = self.here() else {
                self.told = Some("there is no line to look at".to_owned());
                return;
            };
            self.view.go_to(&self.ring, self.size, here);
            self.placed();
        }
        self.sheet = Some(Sheet { kind, place: 0, offset: 0, page: 5 });
        self.stale = true;
    }

    /// Entries of the open list.
    fn entries(&self, kind: Kind) -> usize {
        match kind {
            Kind::Detail => self.fields().len(),
            Kind::Filters => self.facts.filters.len(),
            Kind::Patterns => self.facts.patterns.len(),
            Kind::Bookmarks => self.bookmarks.iter().count(),
        }
    }

    /// The facts of the reader's line.
    pub(super) fn fields(&self) -> Vec<Field> {
        let line = self.here().and_then(|key| self.ring.line(key));
        line.map(|line| detail::fields(&line, &self.bookmarks, self.zone)).unwrap_or_default()
    }

    /// Takes an action that is about the open list.
    pub(super) fn on_sheet(&mut self, action: Action) -> Answer {
        let Some(mut sheet) = self.sheet else { return Answer::Passed };
        let last = self.entries(sheet.kind).saturating_sub(1);
        let place = sheet.place.min(last);
        let page = sheet.page.saturating_sub(1).max(1);
        sheet.place = match action {
            Action::Up => place.saturating_sub(1),
            Action::Down => (place + 1).min(last),
            Action::PageUp => place.saturating_sub(page),
            Action::PageDown => (place + page).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Back => {
                self.sheet = None;
                return Answer::Used;
            }
            action => {
                sheet.place = place;
                self.sheet = Some(sheet);
                let answer = self.do_with(action, sheet);
                if answer == Answer::Passed && action == sheet.opened_by() {
                    self.sheet = None;
                    return Answer::Used;
                }
                return answer;
            }
        };
        self.sheet = Some(sheet);
        Answer::Used
    }

    /// Does something with the selected entry.
    fn do_with(&mut self, action: Action, sheet: Sheet) -> Answer {
        match sheet.kind {
            Kind::Detail => self.with_field(action, sheet.place),
            Kind::Filters => self.with_filter(action, sheet.place),
            Kind::Patterns => self.with_pattern(action, sheet.place),
            Kind::Bookmarks => self.with_bookmark(action, sheet.place),
        }
    }

    fn with_field(&mut self, action: Action, place: usize) -> Answer {
        let Some(field) = self.fields().into_iter().nth(place) else { return Answer::Passed };
        match action {
            Action::Include | Action::Exclude => match field.alike {
                Some(condition) => self.add(effect(action), condition),
                None => {
                    self.told =
                        Some("lines are not filtered by this; a level or a time has its own keys".into());
                }
            },
            Action::Copy => return copy(&field.value),
            _ => return Answer::Passed,
        }
        Answer::Used
    }

    fn with_filter(&mut self, action: Action, place: usize) -> Answer {
        let Some(fact) = self.facts.filters.get(place).cloned() else { return Answer::Passed };
        match action {
            Action::Toggle => self.toggle_filter(fact.id),
            Action::Delete => self.delete_filter(fact.id),
            Action::Open => match &fact.filter.condition {
                Condition::Text(query) => self.ask(Ask::Edit(fact.id, fact.filter.effect), query.text()),
                Condition::Below(_) => self.next_least_level(),
                _ => self.toggle_filter(fact.id),
            },
            _ => return Answer::Passed,
        }
        Answer::Used
    }

    fn with_pattern(&mut self, action: Action, place: usize) -> Answer {
        let Some(pattern) = self.facts.patterns.get(place) else { return Answer::Passed };
        match action {
            Action::Open | Action::Include | Action::Exclude => {
                if pattern.words.is_empty() {
                    self.told = Some("these lines have nothing in common that a filter could ask for".into());
                    return Answer::Used;
                }
                match pattern.query() {
                    Ok(query) => {
                        self.sheet = None;
                        self.add(effect(action), Condition::Text(query));
                    }
                    Err(why) => self.told = Some(why),
                }
            }
            Action::Copy => return copy(&pattern.text("…")),
            _ => return Answer::Passed,
        }
        Answer::Used
    }

    fn with_bookmark(&mut self, action: Action, place: usize) -> Answer {
        let Some((key, bookmark)) = self.bookmarks.iter().nth(place) else { return Answer::Passed };
        match action {
            Action::Open => {
                self.sheet = None;
                self.go_to_line(key);
            }
            Action::Delete => {
                self.bookmarks.remove(key);
            }
            Action::Note => {
                let note = bookmark.note.clone();
                self.ask(Ask::Note(key), note);
            }
            Action::Copy => return copy(&bookmark.text),
            _ => return Answer::Passed,
        }
        Answer::Used
    }
}

/// What a key that shows or hides asks for.
pub(super) fn effect(action: Action) -> Effect {
    if action == Action::Exclude { Effect::Exclude } else { Effect::Include }
}

fn copy(text: &str) -> Answer {
    Answer::Reply(Reply::Effect(Deed::Copy(crate::ui::text::printable(text).into_owned())))
}
