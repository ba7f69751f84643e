//! What is for an audience: keys shown as they are pressed, ids hidden, the screen saved.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::app::state::State;
use crate::config::theme::Role;

use super::canvas::{Canvas, Line};
use super::glyphs::Glyphs;
use super::manner::Manner;
use super::{Reply, Ui, mask, picture};

/// How long a key stays.
const KEY_STAYS: TimeDelta = TimeDelta::seconds(4);
/// Keys that are shown at most.
const KEYS: usize = 6;

/// A screen as it is written to files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// As text.
    pub text: String,
    /// As a picture.
    pub svg: String,
}

/// What an audience sees and does not see.
pub(super) struct Audience {
    /// How text is put on the terminal.
    pub(super) manner: Manner,
    /// Whether the theme is for a light terminal.
    pub(super) light: bool,
    shows_keys: bool,
    /// Keys with what they did, newest last.
    pressed: VecDeque<(DateTime<Utc>, String, Option<Action>)>,
}

impl Audience {
    pub(super) fn new(light: bool) -> Self {
        Self { manner: Manner::default(), light, shows_keys: false, pressed: VecDeque::new() }
    }

    /// Takes an action that is for the audience.
    pub(super) fn on(&mut self, action: Action) -> Option<Reply> {
        let said = match action {
            Action::SaveScreen => return Some(Reply::Effect(Effect::SaveScreen)),
            Action::Mask => {
                self.manner.masked = !self.manner.masked;
                if self.manner.masked {
                    "account, addresses, ids, ARNs hidden: screen, copies, saved screens"
                } else {
                    "account, addresses, ids and ARNs are shown"
                }
            }
            Action::ShowKeys => {
                self.shows_keys = !self.shows_keys;
                self.pressed.clear();
                if self.shows_keys {
                    "keys are shown, but not what is typed as text"
                } else {
                    "keys are not shown"
                }
            }
            _ => return None,
        };
        Some(Reply::Event(Event::Notice(said.to_owned())))
    }

    /// A reply without what must not be seen: copies go where an audience may see them too.
    pub(super) fn masked(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Effect(Effect::Copy(text)) if self.manner.masked => {
                Reply::Effect(Effect::Copy(mask::text(&text).into_owned()))
            }
            other => other,
        }
    }

    pub(super) fn shows_keys(&self) -> bool {
        self.shows_keys
    }

    /// Draws the keys of the last seconds into a row.
    pub(super) fn keys(&self, canvas: &mut Canvas<'_>, row: Rect, state: &State) {
        let stays = state.felt(KEY_STAYS);
        let mut line = Line::new();
        for (_, key, action) in self.pressed.iter().rev().filter(|(at, ..)| state.now - *at < stays) {
            let mut next = Line::new().add(Role::Selection, format!(" {key} "));
            if let Some(action) = action {
                next = next.add(Role::Text, " ").add(Role::Accent, action.description());
            }
            next.push(Role::Text, "   ");
            if line.width() + next.width() > usize::from(row.width) {
                break;
            }
            next.spans.append(&mut line.spans);
            line = next;
        }
        canvas.line(row, 1, 0, &line);
    }
}

impl Ui {
    /// East Asian ambiguous characters take two columns on this terminal, or one.
    pub fn set_ambiguous(&mut self, wide: bool) {
        self.audience.manner.wide = wide;
        self.look.glyphs = match (self.look.glyphs.name, wide) {
            ("unicode", true) => Glyphs::NARROW,
            ("narrow", false) => Glyphs::UNICODE,
            _ => return,
        };
    }

    /// Whether they are taken to have two.
    pub fn ambiguous_is_wide(&self) -> bool {
        self.audience.manner.wide
    }

    /// Hides account, addresses, ids and ARNs, or not.
    pub fn set_masked(&mut self, masked: bool) {
        self.audience.manner.masked = masked;
    }

    /// Takes notice of a key, or of the keys of one binding, for the audience. What is typed as text must not be
    /// told: it stands in its field, unless it is a secret.
    pub fn pressed(&mut self, keys: &str, action: Option<Action>, now: DateTime<Utc>) {
        if !self.audience.shows_keys {
            return;
        }
        self.audience.pressed.push_back((now, keys.to_owned(), action));
        if self.audience.pressed.len() > KEYS {
            self.audience.pressed.pop_front();
        }
    }

    /// The screen as it would be written to files, at a size of columns and rows.
    pub fn saved(&mut self, state: &State, (columns, rows): (u16, u16)) -> Saved {
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        self.paint(state, &mut buffer, false);
        Saved { text: picture::text(&buffer), svg: picture::svg(&buffer, self.audience.light) }
    }
}
