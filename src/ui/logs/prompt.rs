//! The line in which something is typed: a search, a filter, a time, a note, a file's name.

use crate::app::action::{Action, TextEdit};
use crate::domain::log::filter::{Condition, Effect, Filter, FilterId, Query};
use crate::domain::log::line::LineKey;
use crate::domain::log::seek::{Direction, Target};
use crate::ui::field::Field;

use super::LogDesk;
use super::act::{Answer, Moment};
use super::when;

/// Searches that are remembered.
const SEARCHES: usize = 50;

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    Search,
    Filter(Effect),
    /// Another expression for a filter.
    Edit(FilterId, Effect),
    Time,
    Note(LineKey),
    /// The name of a file.
    Export,
}

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub(super) ask: Ask,
    pub(super) field: Field,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<String>,
    /// What was searched for before, should the prompt be left.
    before: Option<Query>,
    /// Place in the searches before.
    recalled: usize,
}

impl Prompt {
    pub(super) fn new(ask: Ask, text: impl Into<String>) -> Self {
        Self { ask, field: Field { text: text.into() }, wrong: None, before: None, recalled: 0 }
    }

    /// What stands before the text.
    pub(super) fn label(&self) -> &'static str {
        match self.ask {
            Ask::Search => "search ",
            Ask::Filter(Effect::Include) | Ask::Edit(_, Effect::Include) => "show only lines with ",
            Ask::Filter(Effect::Exclude) | Ask::Edit(_, Effect::Exclude) => "hide lines with ",
            Ask::Time => "go to ",
            Ask::Note(_) => "note ",
            Ask::Export => "write to ",
        }
    }

    /// What may be typed.
    pub(super) fn hint(&self) -> &'static str {
        match self.ask {
            Ask::Search | Ask::Filter(_) | Ask::Edit(..) => {
                "regular expression; a capital letter makes case matter"
            }
            Ask::Time => when::FORMS,
            Ask::Note(_) => "what this line is about; may be empty",
            Ask::Export => "a name in miharu's state folder, or a path; never overwrites",
        }
    }
}

impl LogDesk {
    pub(super) fn ask(&mut self, ask: Ask, text: impl Into<String>) {
        let mut prompt = Prompt::new(ask, text);
        prompt.before = self.ring.query().cloned();
        self.prompt = Some(prompt);
    }

    /// Takes an edit of the text that is typed. A search is followed while it is typed.
    pub fn edit(&mut self, edit: &TextEdit) {
        let Some(prompt) = &mut self.prompt else { return };
        prompt.field.edit(edit);
        self.typed();
    }

    /// Looks at what is typed so far.
    fn typed(&mut self) {
        let Some(prompt) = &mut self.prompt else { return };
        prompt.wrong = None;
        let text = prompt.field.text.as_str();
        match prompt.ask {
            Ask::Search | Ask::Filter(_) | Ask::Edit(..) => match Query::new(text) {
                Ok(query) if prompt.ask == Ask::Search => {
                    self.ring.search((!text.is_empty()).then_some(query));
                    self.unsettled = true;
                    self.stale = true;
                }
                Ok(_) => {}
                Err(why) => prompt.wrong = Some(why),
            },
            Ask::Time | Ask::Note(_) | Ask::Export => {}
        }
    }

    /// Takes an action while something is typed.
    pub(super) fn answer(&mut self, action: Action, moment: &Moment<'_>) -> Answer {
        match action {
            Action::Open => return self.submit(moment),
            Action::Back => {
                if let Some(prompt) = self.prompt.take().filter(|p| p.ask == Ask::Search) {
                    self.ring.search(prompt.before);
                    self.unsettled = true;
                    self.stale = true;
                }
            }
            Action::Up | Action::Down => self.recall(action == Action::Up),
            // Only what holds everywhere; nothing else may happen while text is typed.
            Action::Quit | Action::Disarm => return Answer::Passed,
            _ => {}
        }
        Answer::Used
    }

    /// Puts an earlier search into the line.
    fn recall(&mut self, earlier: bool) {
        let Some(prompt) = self.prompt.as_mut().filter(|p| p.ask == Ask::Search) else { return };
        let n = self.searches.len();
        prompt.recalled =
            if earlier { (prompt.recalled + 1).min(n) } else { prompt.recalled.saturating_sub(1) };
        let text = prompt.recalled.checked_sub(1).and_then(|back| self.searches.iter().rev().nth(back));
        prompt.field.text = text.cloned().unwrap_or_default();
        self.typed();
    }

    fn submit(&mut self, moment: &Moment<'_>) -> Answer {
        let Some(prompt) = self.prompt.take() else { return Answer::Used };
        match self.act_on(&prompt, moment) {
            Ok(()) => {}
            Err(why) => self.prompt = Some(Prompt { wrong: Some(why), ..prompt }),
        }
        Answer::Used
    }

    fn act_on(&mut self, prompt: &Prompt, moment: &Moment<'_>) -> Result<(), String> {
        let text = prompt.field.text.as_str();
        match &prompt.ask {
            Ask::Search if text.is_empty() => {
                self.ring.search(None);
                self.stale = true;
            }
            Ask::Search => {
                self.ring.search(Some(Query::new(text)?));
                self.unsettled = true;
                self.searches.retain(|old| old != text);
                self.searches.push(text.to_owned());
                if self.searches.len() > SEARCHES {
                    self.searches.remove(0);
                }
                self.first_hit();
            }
            Ask::Filter(_) if text.is_empty() => {}
            Ask::Filter(effect) => self.add(*effect, Condition::Text(Query::new(text)?)),
            Ask::Edit(id, _) if text.is_empty() => self.delete_filter(*id),
            Ask::Edit(id, effect) => {
                let condition = Condition::Text(Query::new(text)?);
                self.ring.replace_filter(*id, Filter { effect: *effect, condition, enabled: true });
                self.filtered();
            }
            Ask::Time => {
                let at = when::parse(text, self.zone, moment.now)?;
                self.go_to_time(at);
            }
            Ask::Note(key) => {
                let Some(line) = self.ring.line(*key) else { return Ok(()) };
                if !self.bookmarks.note(&line, text) {
                    return Err("there are as many bookmarks as there may be: delete one first".to_owned());
                }
            }
            Ask::Export if text.is_empty() => return Err("the file needs a name".to_owned()),
            Ask::Export => self.begin_export(text),
        }
        Ok(())
    }

    /// Who follows wants to see the newest match, who has stopped the next one.
    fn first_hit(&mut self) {
        if self.view.follows() {
            self.look_for(Target::Hit, Direction::Back, None);
            return;
        }
        let top = self.view.layout(&self.ring, self.size).rows.first().map(|row| row.line.key);
        let before = top.and_then(|key| self.ring.beside(key, Direction::Back));
        self.look_for(Target::Hit, Direction::Forth, before);
    }
}
