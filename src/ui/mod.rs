//! Floor 4: `&State` to a frame.
//!
//! [`Ui`] keeps only what belongs to the screen: which one is shown, what is focused, selected, scrolled,
//! filtered, open. What the program knows comes in as [`State`] and is never changed here. The layers below:
//! `screens.rs` says as data which panels a screen has, `layout.rs` places them, `pane.rs` draws title, age,
//! table and complaint of each, `panels/` says what is in it, `overlays/` what opens above; `canvas.rs` is
//! the one way onto the screen, `text.rs` the one door for foreign text, `styles.rs` the one maker of colours.

mod audience;
pub mod canvas;
pub mod chart;
pub mod chrome;
mod decide;
pub mod derived;
mod desks;
pub mod field;
pub mod figures;
pub mod filter;
pub mod findings;
pub mod glyphs;
pub mod grid;
pub mod history;
mod large;
pub mod layout;
pub mod linear;
pub mod log_view;
pub mod logs;
pub mod manner;
pub mod mask;
pub mod overlays;
pub mod pane;
pub mod panels;
pub mod picture;
pub mod proposal;
pub mod record;
pub mod screens;
pub mod service_level;
pub mod styles;
pub mod table;
pub mod text;
pub mod timeline;
mod title;
pub mod trend;
pub mod view;
pub mod which_key;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::{Action, TextEdit};
use crate::app::effect::Effect;
use crate::app::event::Event;
use crate::app::state::State;
use crate::config::keymap::{Context, Keymap};
use crate::config::theme::{Role, Theme};
use crate::language::{self, Language};

use audience::Audience;
pub use audience::Saved;
use canvas::{Canvas, Line, Look};
use derived::Derived;
use glyphs::Glyphs;
use layout::PanelId;
use logs::LogDesk;
use overlays::{Choices, Kind, Outcome, Overlay, Pick, Shelf};
use pane::Pane;
use panels::PANELS;
use screens::SCREENS;
use styles::Styles;
use view::View;
use which_key::Pending;

/// Fewest columns and rows in which the screens make sense.
pub const LEAST: (u16, u16) = (40, 10);

/// What the runtime is to forward.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// To `app::update`.
    Event(Event),
    /// To whoever carries out effects.
    Effect(Effect),
}

/// The screens and what the operator did to them.
pub struct Ui {
    theme: String,
    look: Look,
    language: Language,
    keymap: Keymap,
    themes: Vec<(String, String)>,
    screen: usize,
    /// Focused panel of each screen.
    focus: Vec<PanelId>,
    /// Panels of the last frame in reading order, those that did not fit too.
    order: Vec<PanelId>,
    panes: Vec<Pane>,
    overlays: Vec<Overlay>,
    pending: Pending,
    derived: Derived,
    /// Lines, filters and place of the reader in each environment.
    desks: Vec<LogDesk>,
    audience: Audience,
}

impl Ui {
    /// The first screen, with nothing done to it.
    pub fn new(theme: &Theme, keymap: Keymap, glyphs: Glyphs) -> Self {
        Self {
            theme: theme.name.clone(),
            look: Look { styles: Styles::new(theme), glyphs },
            language: Language::ENGLISH,
            keymap,
            themes: Vec::new(),
            screen: 0,
            focus: SCREENS.iter().map(|s| s.focus).collect(),
            order: Vec::new(),
            panes: PANELS.iter().map(|p| Pane::new(*p)).collect(),
            overlays: Vec::new(),
            pending: Pending::default(),
            derived: Derived::default(),
            desks: Vec::new(),
            audience: Audience::new(theme.light),
        }
    }

    /// Themes to choose from: name and description.
    pub fn set_themes(&mut self, themes: Vec<(String, String)>) {
        self.themes = themes;
    }

    /// Takes another language; at first it is English.
    pub fn set_language(&mut self, language: Language) {
        self.language = language;
    }

    /// Takes another theme.
    pub fn set_theme(&mut self, theme: &Theme) {
        theme.name.clone_into(&mut self.theme);
        self.audience.light = theme.light;
        self.look.styles = Styles::new(theme);
    }

    /// Shows the chords typed so far of a longer binding, and how it may go on.
    pub fn set_pending(&mut self, pending: Pending) {
        self.pending = pending;
    }

    /// The look in use.
    pub fn look(&self) -> &Look {
        &self.look
    }

    fn focused(&self) -> PanelId {
        let wanted = self.focus.get(self.screen).copied().unwrap_or_default();
        if self.order.is_empty() || self.order.contains(&wanted) {
            return wanted;
        }
        self.order.first().copied().unwrap_or(wanted)
    }

    /// The panel that keys go to.
    pub fn focused_panel(&self) -> PanelId {
        self.focused()
    }

    fn pane(&self) -> Option<&Pane> {
        let id = self.focused();
        self.panes.iter().find(|p| p.panel.id() == id)
    }

    /// Contexts for the keymap, innermost first.
    pub fn contexts(&self, state: &State) -> Vec<Context> {
        if let Some(asking) = &state.asking {
            let typed = asking.question.wants_text();
            return if typed { vec![Context::Input] } else { vec![Context::Overlay, Context::Global] };
        }
        if let Some(overlay) = self.overlays.last() {
            return overlay.contexts();
        }
        if let Some(desk) = self.desks.get(state.focused).filter(|_| self.logs_shown()) {
            return desk.contexts();
        }
        if self.wants_text(state) { vec![Context::Input] } else { vec![Context::Table, Context::Global] }
    }

    /// Whether characters without a binding are text.
    pub fn wants_text(&self, state: &State) -> bool {
        match self.overlays.last() {
            Some(overlay) => overlay.wants_text(),
            None if self.logs_shown() => self.desks.get(state.focused).is_some_and(LogDesk::wants_text),
            None => self.pane().is_some_and(Pane::editing),
        }
    }

    /// Takes an edit of the text field that is open.
    pub fn edit(&mut self, edit: &TextEdit, state: &State) {
        language::within(self.language, || self.edited(edit, state));
    }

    fn edited(&mut self, edit: &TextEdit, state: &State) {
        self.derived.refresh(state);
        self.follow(state);
        let id = self.focused();
        let view = View::new(state, &self.look, &self.derived).with(self.desks.get(state.focused));
        if let Some(overlay) = self.overlays.last_mut() {
            overlay.edit(edit, &view);
        } else if SCREENS.get(self.screen).is_some_and(|s| s.action == Action::Logs) {
            self.desk(state.focused).edit(edit);
        } else if let Some(pane) = self.panes.iter_mut().find(|p| p.panel.id() == id && p.editing()) {
            pane.edit(edit, &view);
        }
    }

    /// Takes an action; what concerns more than the screen is returned.
    pub fn on(&mut self, action: Action, state: &State) -> Option<Reply> {
        language::within(self.language, || self.acted(action, state))
    }

    fn acted(&mut self, action: Action, state: &State) -> Option<Reply> {
        let _manner = self.audience.manner.enter();
        let reply = self.audience.on(action).or_else(|| self.take(action, state))?;
        Some(self.audience.masked(reply))
    }

    fn take(&mut self, action: Action, state: &State) -> Option<Reply> {
        self.derived.refresh(state);
        self.follow(state);
        if let Some(asking) = &state.asking {
            return Some(self.answer(action, &asking.question));
        }
        if self.overlays.is_empty()
            && let ControlFlow::Break(used) = self.on_logs(action, state)
        {
            return used;
        }
        if decide::is_about_changes(action) {
            return self.decide(action, state);
        }
        let id = self.focused();
        let view = View::new(state, &self.look, &self.derived).with(self.desks.get(state.focused));
        if let Some(overlay) = self.overlays.last_mut() {
            let shelf = Shelf { keymap: &self.keymap, themes: &self.themes, theme: &self.theme };
            match overlay.on(action, &view, &shelf) {
                Outcome::Used => return None,
                Outcome::Close => {
                    let closed = self.overlays.pop()?;
                    return (closed.kind == Kind::Login).then_some(Reply::Event(Event::CloseLogin));
                }
                Outcome::Chosen(pick) => {
                    self.overlays.clear();
                    return self.pick(pick, state);
                }
                Outcome::Open(kind) => {
                    self.overlays.push(Overlay::new(kind));
                    return None;
                }
                Outcome::Copy(text) => return Some(Reply::Effect(Effect::Copy(text))),
                Outcome::Passed => {}
            }
        } else if let Some(pane) = self.panes.iter_mut().find(|p| p.panel.id() == id)
            && pane.on(action, &view)
        {
            return None;
        }
        self.run(action, state)
    }

    fn pick(&mut self, pick: Pick, state: &State) -> Option<Reply> {
        match pick {
            Pick::Action(action) => self.audience.on(action).or_else(|| self.take(action, state)),
            Pick::Environment(index) => Some(Reply::Event(Event::Focus(index))),
            Pick::Theme(name) => Some(Reply::Effect(Effect::Theme(name))),
        }
    }

    /// What an action means wherever one is.
    fn run(&mut self, action: Action, state: &State) -> Option<Reply> {
        match action {
            Action::Quit | Action::Freeze | Action::PollNow => {
                return Some(Reply::Event(Event::Action(action)));
            }
            Action::Overview
            | Action::Storage
            | Action::Tasks
            | Action::Impressions
            | Action::Logs
            | Action::Changes
            | Action::Journal => {
                let screen = SCREENS.iter().position(|s| s.action == action);
                self.show(screen.unwrap_or(self.screen));
            }
            Action::NextScreen => self.show((self.screen + 1) % SCREENS.len()),
            Action::PreviousScreen => self.show((self.screen + SCREENS.len() - 1) % SCREENS.len()),
            Action::ShorterSpan => self.derived.zoom = self.derived.zoom.shorter(),
            Action::LongerSpan => self.derived.zoom = self.derived.zoom.longer(),
            Action::LogsAt => return self.logs_at(state),
            Action::Errors => self.open(Kind::Errors),
            Action::Login => {
                self.open(Kind::Login);
                return Some(Reply::Event(Event::Action(action)));
            }
            Action::Help => self.open(Kind::Help),
            Action::Sources => self.open(Kind::Sources),
            Action::ServiceEvents => self.open(Kind::Events),
            Action::Figures => self.open(Kind::Figures),
            Action::Palette => self.open(Kind::Pick(Choices::Palette)),
            Action::Environments => self.open(Kind::Pick(Choices::Environments)),
            Action::Themes => self.open(Kind::Pick(Choices::Themes)),
            action if logs::ABOUT_LINES.contains(&action) => {
                self.show(SCREENS.iter().position(|s| s.action == Action::Logs).unwrap_or(self.screen));
                return self.on_logs(action, state).break_value().flatten();
            }
            _ if !self.overlays.is_empty() => {}
            Action::FocusNext | Action::Right => self.move_focus(1),
            Action::FocusPrevious | Action::Left => self.move_focus(self.order.len().saturating_sub(1)),
            Action::Open | Action::Raw | Action::Copy => return self.look_closer(action, state),
            _ => {}
        }
        None
    }

    fn show(&mut self, screen: usize) {
        self.overlays.clear();
        if screen != self.screen {
            self.screen = screen;
            self.order.clear();
        }
    }

    fn open(&mut self, kind: Kind) {
        self.overlays.retain(|o| o.kind != kind);
        self.overlays.push(Overlay::new(kind));
    }

    fn move_focus(&mut self, by: usize) {
        let now = self.focused();
        let place = self.order.iter().position(|id| *id == now).unwrap_or(0);
        let to = (place + by) % self.order.len().max(1);
        if let (Some(id), Some(slot)) = (self.order.get(to).copied(), self.focus.get_mut(self.screen)) {
            *slot = id;
        }
    }

    fn look_closer(&mut self, action: Action, state: &State) -> Option<Reply> {
        let view = View::new(state, &self.look, &self.derived).with(self.desks.get(state.focused));
        let pane = self.pane()?;
        let panel = pane.panel;
        if action == Action::Open
            && let Some(screen) = panel.leads_to()
        {
            return self.run(screen, state);
        }
        let record = pane.record(&view)?;
        if action == Action::Copy {
            return Some(Reply::Effect(Effect::Copy(record.id)));
        }
        let key = pane.key(&view);
        if action == Action::Open && panel.proposes() {
            self.open(Kind::Plan(key));
            return None;
        }
        self.open(Kind::Record { panel: Some(panel.id()), key, raw: action == Action::Raw });
        None
    }

    /// Draws everything.
    pub fn draw(&mut self, state: &State, frame: &mut Frame<'_>) {
        self.paint(state, frame.buffer_mut(), true);
    }

    /// Draws everything into a buffer, with or without the keys that were pressed.
    fn paint(&mut self, state: &State, buf: &mut Buffer, keys: bool) {
        let _manner = self.audience.manner.enter();
        language::within(self.language, || self.compose(state, buf, keys));
        if self.audience.manner.masked {
            mask::frame(buf);
        }
    }

    fn compose(&mut self, state: &State, buf: &mut Buffer, keys: bool) {
        self.derived.refresh(state);
        self.follow(state);
        let logs = self.logs_shown();
        self.desk(state.focused);
        let area = buf.area;
        let look = self.look.clone();
        let mut canvas = Canvas { buf, look: &look };
        canvas.clear(area);
        if area.width < LEAST.0 || area.height < LEAST.1 {
            too_small(&mut canvas, area);
            return;
        }
        let view = View::new(state, &look, &self.derived).with(self.desks.get(state.focused));
        let mut body = Rect { y: area.y + 1, height: area.height - 2, ..area };
        if keys && self.audience.shows_keys() {
            body.height -= 1;
            self.audience.keys(&mut canvas, Rect { y: body.bottom(), height: 1, ..area }, state);
        }
        let wishes: RefCell<HashMap<(PanelId, u16), u16>> = RefCell::default();
        let wish = |id: PanelId, width: u16| {
            let ask = || {
                panels::panel(id).map_or(0, |p| {
                    let complaint = u16::from(view.complaint(p.sources(), &[]).is_some());
                    p.height(&view, width.saturating_sub(2)).saturating_add(2 + complaint)
                })
            };
            // Parts within parts are asked again and again, and some draw themselves to know.
            *wishes.borrow_mut().entry((id, width)).or_insert_with(ask)
        };
        let layouts = SCREENS.get(self.screen).map_or(&[][..], |s| s.layouts);
        let absent: Vec<PanelId> = PANELS.iter().filter(|p| !p.wanted(&view)).map(|p| p.id()).collect();
        let placed = layout::place(layouts, body, self.focused(), &absent, &wish);
        self.order.clone_from(&placed.order);
        let focused = self.focused();
        chrome::bar(&mut canvas, Rect { height: 1, ..area }, &view);
        let mut said = Vec::new();
        for (id, rect) in &placed.panels {
            if let Some(pane) = self.panes.iter_mut().find(|p| p.panel.id() == *id) {
                pane.draw(&mut canvas, *rect, &view, *id == focused && self.overlays.is_empty(), &mut said);
            }
        }
        let foot = chrome::Foot {
            screen: self.screen,
            keymap: &self.keymap,
            pending: &self.pending.typed,
            hidden: &placed.hidden,
        };
        chrome::foot(&mut canvas, Rect { y: area.bottom() - 1, height: 1, ..area }, &view, &foot);
        let view = View::new(state, &look, &self.derived);
        if let Some(desk) = self.desks.get_mut(state.focused).filter(|_| logs) {
            logs::draw(desk, &mut canvas, body, &view, &self.keymap, self.overlays.is_empty());
        }
        let view = view.with(self.desks.get(state.focused));
        let shelf = Shelf { keymap: &self.keymap, themes: &self.themes, theme: &self.theme };
        // a question leaves what it is about on the screen
        let asking = usize::from(self.overlays.last().is_some_and(|o| o.kind == Kind::Ask));
        let from = self.overlays.len().saturating_sub(1 + asking);
        for overlay in self.overlays.iter_mut().skip(from) {
            overlay.draw(&mut canvas, body, &view, &shelf);
        }
        which_key::draw(&mut canvas, body, &self.pending, state.now);
    }
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let words =
        format!("terminal too small: {}x{} needed, it is {}x{}", LEAST.0, LEAST.1, area.width, area.height);
    canvas.lines(area, &Line::wrapped(Role::Warn, &words, area.width.into()));
}
