//! The tail in brief: what is shown, hidden, late and lost, how long lines take, and the last lines that matter.

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::domain::log::batch::TailState;
use crate::domain::log::level::Level;
use crate::domain::log::line::LineRef;
use crate::domain::log::seek::Direction;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::log_view::Shape;
use crate::ui::logs::{complaint, joined, parts};
use crate::ui::text;
use crate::ui::view::{View, plural};

use super::{Panel, Room};

/// The panel.
pub struct LogsBrief;

/// Lines looked at for those that matter, and how old these may be.
const LOOKED_AT: usize = 2_000;
const RECENT: chrono::TimeDelta = chrono::TimeDelta::minutes(30);
/// Rows it would like.
const LINES: u16 = 3;
/// Columns of the group's name.
const GROUP: usize = 22;

impl Panel for LogsBrief {
    fn id(&self) -> PanelId {
        "logs-brief"
    }
    fn title(&self) -> &'static str {
        "Logs"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let groups = view.env.logs.groups.len();
        if groups == 0 {
            return Line::new();
        }
        let mut line = Line::new().text(plural(groups, "group", "groups"));
        if let Some(desk) = view.desk {
            line.push(Role::Text, "  ");
            line.spans.extend(joined(parts(&desk.totals(), view), usize::MAX).spans);
        }
        line
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::LOGS]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        !view.env.logs.groups.is_empty()
    }
    fn wanted(&self, view: &View<'_>) -> bool {
        view.source(SourceId::LOGS).is_some()
    }
    fn height(&self, _view: &View<'_>, _width: u16) -> u16 {
        // always the same, so that a line moves nothing
        LINES
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let failing = view.env.logs.groups.values().filter_map(complaint);
        let mut out: Vec<Line<'v>> = failing.take(1).map(|why| Line::new().add(Role::Stale, why)).collect();
        let rows = room.height.saturating_sub(out.len());
        let lines = interesting(view, rows);
        if lines.is_empty() && rows > 0 {
            let reading = view.env.logs.groups.values().any(|g| matches!(g.state, TailState::Starting));
            out.push(if reading {
                Line::new().add(Role::Unknown, format!("waiting for lines{}", view.look.glyphs.ellipsis))
            } else {
                Line::new().muted("no line so far; new ones show here as they come")
            });
        }
        out.extend(lines.into_iter().map(|line| row(view, &line, room.width)));
        out
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::Logs)
    }
}

/// The newest warnings and errors; where there are too few, the newest others beside them. Oldest first.
fn interesting<'v>(view: &View<'v>, rows: usize) -> Vec<LineRef<'v>> {
    let Some(desk) = view.desk else { return Vec::new() };
    let (mut bad, mut others) = (Vec::new(), Vec::new());
    for line in desk.ring().walk(None, Direction::Back).take(LOOKED_AT) {
        if bad.len() >= rows || (view.now - line.at() > RECENT && others.len() >= rows) {
            break;
        }
        if line.level >= Level::Warn && view.now - line.at() <= RECENT {
            bad.push(line);
        } else if others.len() < rows {
            others.push(line);
        }
    }
    let room = rows - bad.len().min(rows);
    bad.extend(others.into_iter().take(room));
    bad.sort_by_key(|line| line.key);
    bad
}

fn row(view: &View<'_>, line: &LineRef<'_>, width: usize) -> Line<'static> {
    let (role, word) = match line.level {
        Level::Fatal | Level::Error => (Role::Bad, line.level.word()),
        Level::Warn => (Role::Warn, line.level.word()),
        level => (Role::Muted, level.word()),
    };
    let mut out = Line::new().muted(format!("{}  ", view.clock(line.at()))).cell(
        7,
        role,
        &word.to_uppercase(),
        view.look,
    );
    if width >= 90 {
        // Of a long name the end tells more.
        let group = crate::ui::view::tail(&line.origin.group, GROUP, view.look);
        out = out.quote_cell(GROUP + 2, Role::Muted, &group, view.look);
    }
    // As on the screen of the logs: what the columns say is not said again.
    let shown = Shape::Short.of(line);
    let first = shown.lines().next().unwrap_or_default();
    out.quote(Role::Text, text::printable(first).into_owned())
}
