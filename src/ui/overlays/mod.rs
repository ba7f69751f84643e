//! What opens above a screen. Each kind is a file; the box, scrolling and copying are the same for all.

mod ask;
mod errors;
mod events;
mod figures;
mod help;
mod login;
mod picker;
mod plan;

use ratatui::layout::Rect;

use crate::app::action::{Action, TextEdit};
use crate::config::keymap::{Context, Keymap};
use crate::config::theme::Role;

use super::canvas::{Canvas, Line};
use super::layout::PanelId;
use super::pane;
use super::panels::{self, SourceRecords};
use super::record::Record;
use super::table::Table;
use super::text;
use super::view::View;

pub use ask::Ask;
pub use picker::{Choice, Choices, Pick};
pub use plan::Reading;

/// Columns that one step moves a raw record sideways, and the farthest it goes.
const SIDE: usize = 16;
const SIDE_LIMIT: usize = 4096;

/// What an overlay shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Keys and words.
    Help,
    /// Failures of this session.
    Errors,
    /// The service's own event log.
    Events,
    /// A sign-in, with page and code.
    Login,
    /// Age, calls and cost of the sources.
    Sources,
    /// The five figures that matter, over the whole screen.
    Figures,
    /// Everything about one row of a panel; `None`: of the source table.
    Record {
        /// The panel.
        panel: Option<PanelId>,
        /// The row.
        key: String,
        /// As JSON rather than in words.
        raw: bool,
    },
    /// A list to choose from.
    Pick(Choices),
    /// A recommendation in full, by its id.
    Plan(String),
    /// The question that is open in the state.
    Ask,
}

/// What came of an action.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// It was for the overlay.
    Used,
    /// It was not.
    Passed,
    /// Close the overlay.
    Close,
    /// Close it and do this.
    Chosen(Pick),
    /// Open this above it.
    Open(Kind),
    /// Put this on the clipboard.
    Copy(String),
}

/// An open overlay.
pub struct Overlay {
    /// What it shows.
    pub kind: Kind,
    scroll: usize,
    /// Columns by which a raw record is moved to the left; above zero its lines are not broken.
    side: usize,
    beyond: usize,
    page: usize,
    table: Table,
    picker: picker::Picker,
    /// The record as it was last seen, should its row vanish.
    last: Option<Record>,
    /// Whether it has vanished.
    gone: bool,
    /// The proposal that is read.
    pub(super) reading: Reading,
    /// What is typed into a question.
    pub(super) ask: Ask,
}

/// What an overlay needs beside the view.
pub struct Shelf<'a> {
    /// The keys.
    pub keymap: &'a Keymap,
    /// Themes to choose from, name and description.
    pub themes: &'a [(String, String)],
    /// Name of the theme in use.
    pub theme: &'a str,
}

impl Overlay {
    /// Opens one.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            scroll: 0,
            side: 0,
            beyond: 0,
            page: 0,
            table: Table::default(),
            picker: picker::Picker::default(),
            last: None,
            gone: false,
            reading: Reading::default(),
            ask: Ask::default(),
        }
    }

    /// Contexts for the keymap, innermost first.
    pub fn contexts(&self) -> Vec<Context> {
        match self.kind {
            Kind::Pick(_) => vec![Context::Input],
            Kind::Sources if self.table.editing() => vec![Context::Input],
            Kind::Sources => vec![Context::Overlay, Context::Table, Context::Global],
            _ => vec![Context::Overlay, Context::Global],
        }
    }

    /// Whether typed characters are text here.
    pub fn wants_text(&self) -> bool {
        matches!(self.kind, Kind::Pick(_))
            || self.table.editing()
            || (self.kind == Kind::Ask && self.ask.wants_text)
    }

    /// Takes an edit.
    pub fn edit(&mut self, edit: &TextEdit, view: &View<'_>) {
        match self.kind {
            Kind::Pick(_) => self.picker.edit(edit),
            Kind::Sources => self.table.edit(edit, &SourceRecords::new(view)),
            Kind::Ask => self.ask.edit(edit, view.state.asking.as_ref().map(|a| &a.question)),
            _ => {}
        }
    }

    /// Takes an action.
    pub fn on(&mut self, action: Action, view: &View<'_>, shelf: &Shelf<'_>) -> Outcome {
        match &self.kind {
            Kind::Pick(choices) => return self.picker.on(action, &choices.list(view, shelf)),
            Kind::Sources => {
                if self.table.on(action, &SourceRecords::new(view)) {
                    return Outcome::Used;
                }
                let key = self.table.selected().unwrap_or_default().to_owned();
                match action {
                    Action::Open | Action::Raw => {
                        return Outcome::Open(Kind::Record { panel: None, key, raw: action == Action::Raw });
                    }
                    Action::Copy => return Outcome::Copy(key),
                    _ => {}
                }
            }
            Kind::Record { panel, key, raw } => match action {
                Action::Raw | Action::Open => {
                    let kind = Kind::Record { panel: *panel, key: key.clone(), raw: !raw };
                    self.scroll = 0;
                    self.kind = kind;
                    return Outcome::Used;
                }
                Action::Copy => {
                    return self.last.as_ref().map_or(Outcome::Used, |r| {
                        Outcome::Copy(if *raw { r.raw.clone() } else { r.plain() })
                    });
                }
                Action::Left if *raw => {
                    self.side = self.side.saturating_sub(SIDE);
                    return Outcome::Used;
                }
                Action::Right if *raw => {
                    self.side = (self.side + SIDE).min(SIDE_LIMIT);
                    return Outcome::Used;
                }
                _ => {}
            },
            Kind::Login if action == Action::Copy => {
                return login::address(view).map_or(Outcome::Used, Outcome::Copy);
            }
            Kind::Help | Kind::Errors | Kind::Events | Kind::Plan(_) | Kind::Figures
                if action == Action::Copy =>
            {
                let lines = self.lines(view, shelf, 100);
                return Outcome::Copy(lines.iter().map(plain).collect::<Vec<_>>().join("\n"));
            }
            Kind::Plan(id) if action == Action::Raw => {
                return Outcome::Open(Kind::Record { panel: Some("proposals"), key: id.clone(), raw: true });
            }
            Kind::Help
            | Kind::Errors
            | Kind::Events
            | Kind::Login
            | Kind::Plan(_)
            | Kind::Ask
            | Kind::Figures => {}
        }
        if action == Action::Back || self.opened_by() == Some(action) {
            return Outcome::Close;
        }
        match pane::scroll(self.scroll.min(self.beyond), action, self.page, self.beyond) {
            Some(to) => {
                self.scroll = to;
                Outcome::Used
            }
            None => Outcome::Passed,
        }
    }

    /// The action that opened it closes it again.
    fn opened_by(&self) -> Option<Action> {
        match self.kind {
            Kind::Help => Some(Action::Help),
            Kind::Errors => Some(Action::Errors),
            Kind::Events => Some(Action::ServiceEvents),
            Kind::Figures => Some(Action::Figures),
            Kind::Sources => Some(Action::Sources),
            Kind::Login => Some(Action::Login),
            Kind::Record { .. } | Kind::Pick(_) | Kind::Plan(_) | Kind::Ask => None,
        }
    }

    fn title(&self, view: &View<'_>) -> String {
        match &self.kind {
            Kind::Help => "Help".to_owned(),
            Kind::Errors => "Error history".to_owned(),
            Kind::Events => "Service events".to_owned(),
            Kind::Figures => "Figures".to_owned(),
            Kind::Sources => "Sources".to_owned(),
            Kind::Login => "Sign in".to_owned(),
            Kind::Record { raw, .. } => {
                let what = self.last.as_ref().map_or("Record", |r| &r.title);
                if *raw { format!("{what}, raw") } else { what.to_owned() }
            }
            Kind::Pick(choices) => choices.title().to_owned(),
            Kind::Plan(id) => self.reading.shown.as_ref().map_or(id, |p| &p.recommendation.title).clone(),
            Kind::Ask => view.state.asking.as_ref().map_or("", |a| Ask::title(&a.question)).to_owned(),
        }
    }

    fn hint(&self) -> &'static [(Action, &'static str)] {
        match self.kind {
            Kind::Record { raw: false, .. } => {
                &[(Action::Raw, "raw"), (Action::Copy, "copy"), (Action::Back, "close")]
            }
            Kind::Record { raw: true, .. } => {
                &[(Action::Raw, "in words"), (Action::Copy, "copy"), (Action::Back, "close")]
            }
            Kind::Sources => &[(Action::Open, "detail"), (Action::Sort, "sort"), (Action::Back, "close")],
            Kind::Plan(_) if self.reading.not_yet().is_some() => {
                &[(Action::Reject, "reject"), (Action::Snooze, "put off"), (Action::Back, "close")]
            }
            Kind::Plan(_) => {
                &[(Action::Approve, "approve"), (Action::Reject, "reject"), (Action::Back, "close")]
            }
            Kind::Ask => &[],
            Kind::Login => &[(Action::Copy, "copy the address"), (Action::Back, "close")],
            Kind::Pick(_) => &[(Action::Open, "choose"), (Action::Back, "close")],
            _ => &[(Action::Copy, "copy"), (Action::Back, "close")],
        }
    }

    /// Draws it over `screen`.
    pub fn draw(&mut self, canvas: &mut Canvas<'_>, screen: Rect, view: &View<'_>, shelf: &Shelf<'_>) {
        if self.kind == Kind::Figures {
            return figures::draw(canvas, screen, view);
        }
        if let Kind::Plan(id) = &self.kind
            && !self.reading.refresh(view.env.changes.proposal(id))
        {
            self.scroll = 0;
        }
        if let Kind::Record { panel, key, .. } = &self.kind {
            let now = match panel {
                Some(id) => panels::panel(id).and_then(|p| p.record(view, key)),
                None => SourceRecords::record(view, key),
            };
            match (now, &mut self.last) {
                (Some(record), _) => {
                    self.gone = false;
                    self.last = Some(record);
                }
                (None, Some(last)) if !self.gone => {
                    self.gone = true;
                    last.title = format!("{}, now gone", last.title);
                }
                (None, _) => {}
            }
        }
        let width = match self.kind {
            Kind::Pick(_) | Kind::Ask => 64,
            Kind::Sources => 140,
            Kind::Help => 84,
            _ => 100,
        };
        let inner_width = usize::from(fit(screen, width, 1).width.saturating_sub(4));
        let lines = match self.kind {
            Kind::Pick(_) | Kind::Sources => Vec::new(),
            _ => self.lines(view, shelf, inner_width),
        };
        let height = match &self.kind {
            Kind::Pick(_) => 18,
            Kind::Sources => view.world.sources.len() + view.world.off.len() + 4,
            _ => lines.len() + 2,
        };
        let area = fit(screen, width, u16::try_from(height).unwrap_or(u16::MAX));
        let inner = self.frame(canvas, area, view, shelf.keymap);
        match &self.kind {
            Kind::Pick(choices) => {
                let list = choices.list(view, shelf);
                self.picker.draw(canvas, inner, &list);
            }
            Kind::Sources => {
                let table = Rect { x: inner.x.saturating_sub(1), width: inner.width + 1, ..inner };
                self.table.draw(canvas, table, &SourceRecords::new(view), true);
            }
            _ => {
                self.page = usize::from(inner.height);
                self.beyond = lines.len().saturating_sub(self.page);
                self.scroll = self.scroll.min(self.beyond);
                canvas.lines(inner, lines.get(self.scroll..).unwrap_or_default());
                if let Kind::Plan(_) = self.kind {
                    let bottom = Rect { y: inner.bottom(), height: 1, ..inner };
                    self.bottom_of_plan(canvas, bottom, lines.len());
                } else if self.beyond > 0 {
                    let bottom = Rect { y: inner.bottom(), height: 1, ..inner };
                    pane::more(canvas, bottom, self.scroll, self.page, lines.len());
                }
            }
        }
    }

    /// The last row of a plan: what keeps it from being approved, and how far it is read.
    fn bottom_of_plan(&mut self, canvas: &mut Canvas<'_>, bottom: Rect, all: usize) {
        self.reading.seen |= self.page > 0 && self.scroll >= self.beyond;
        if let Some(why) = self.reading.not_yet() {
            canvas.line(bottom, 0, 0, &Line::new().add(Role::Warn, format!(" {why} ")));
        }
        let last = (self.scroll + self.page).min(all);
        canvas.line_right(bottom, 0, &Line::new().muted(format!("  line {last} of {all} ")));
    }

    fn lines(&self, view: &View<'_>, shelf: &Shelf<'_>, width: usize) -> Vec<Line<'static>> {
        match &self.kind {
            Kind::Help => help::lines(shelf.keymap, width, view.look),
            Kind::Errors => errors::lines(view, width),
            Kind::Events => events::lines(view, width),
            Kind::Login => login::lines(view, width),
            Kind::Figures => figures::lines(view),
            Kind::Record { raw, .. } => match &self.last {
                None => vec![Line::new().muted("there is nothing to show")],
                Some(record) if *raw && self.side > 0 => {
                    let moved = |l| Line::new().quote(Role::Text, text::from_column(l, self.side));
                    record.raw.lines().map(moved).collect()
                }
                Some(record) if *raw => record.raw.lines().flat_map(|l| indented(l, width)).collect(),
                Some(record) => record.lines(width, view.look),
            },
            Kind::Plan(_) => self.reading.lines(view, width),
            Kind::Ask => match &view.state.asking {
                Some(asking) => self.ask.lines(asking, view, shelf, width),
                None => Vec::new(),
            },
            Kind::Sources | Kind::Pick(_) => Vec::new(),
        }
    }

    /// Draws the box and returns what is inside.
    fn frame(&self, canvas: &mut Canvas<'_>, area: Rect, view: &View<'_>, keymap: &Keymap) -> Rect {
        canvas.clear(area);
        let [tl, tr, bl, br, h, v] = canvas.look.glyphs.frame;
        let (right, bottom) = (area.width.saturating_sub(1), area.height.saturating_sub(1));
        for (y, left_corner, right_corner) in [(0, tl, tr), (bottom, bl, br)] {
            canvas.put(area, 0, y, Role::Focus, left_corner);
            canvas.fill(area, 1, right, y, Role::Focus, h);
            canvas.fill(area, right, right + 1, y, Role::Focus, right_corner);
        }
        for y in 1..bottom {
            canvas.put(area, 0, y, Role::Focus, v);
            canvas.fill(area, right, right + 1, y, Role::Focus, v);
        }
        let top = Rect { width: area.width.saturating_sub(1), ..area };
        let title = Line::new().add(Role::Title, format!(" {} ", self.title(view)));
        let end = canvas.line(top, 1, 0, &title);
        let mut hints = Line::new().text(" ");
        for (action, word) in self.hint() {
            if let Some(key) = keymap.keys_of(*action).into_iter().next() {
                hints = hints.quote(Role::Key, key);
                hints.push(Role::Muted, format!(" {word} "));
            }
        }
        if usize::from(end) + hints.width() + 2 < usize::from(area.width) {
            canvas.line_right(top, 0, &hints);
        }
        Rect {
            x: area.x + 2.min(area.width),
            y: area.y + 1.min(area.height),
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(2),
        }
    }
}

/// A line of JSON, broken where it is too long, the rest under its beginning.
fn indented(line: &str, width: usize) -> Vec<Line<'static>> {
    let rest = line.trim_start();
    let indent = (line.len() - rest.len()).min(width / 2);
    let mut out = Vec::new();
    for (i, part) in text::wrap(rest, width.saturating_sub(indent + 2)).into_iter().enumerate() {
        let margin = if i == 0 { indent } else { indent + 2 };
        out.push(Line::new().text(" ".repeat(margin)).quote(Role::Text, part));
    }
    out
}

/// A rectangle of that size in the middle of `screen`, or all of it.
fn fit(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(screen.width);
    let height = height.max(3).min(screen.height);
    let x = screen.x + (screen.width - width) / 2;
    let y = screen.y + (screen.height - height) / 3;
    Rect { x, y, width, height }
}

fn plain(line: &Line<'_>) -> String {
    line.spans.iter().map(|(_, t)| t.as_ref()).collect::<String>().trim_end().to_owned()
}
