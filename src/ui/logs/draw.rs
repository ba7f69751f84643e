//! The frame: title and numbers, histogram, lines, the open list, and the row in which something is typed or told.

use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::config::keymap::Keymap;
use crate::config::theme::Role;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::{Canvas, Line, inset};
use crate::ui::log_view::{Shape, Shown, Size};
use crate::ui::text;
use crate::ui::view::{View, plural};

use super::lines::Columns;
use super::prompt::Ask;
use super::{LogDesk, chart, counts, filters, words};

/// Rows of the screen from which on the histogram has more than one row of bars, or is there at all.
const HIGH: u16 = 30;
const LEAST: u16 = 14;
/// Rows that the lines keep beside a list.
const LINES: u16 = 5;

/// Draws the screen into `area`. `focused`: nothing is open above it.
pub fn draw(
    desk: &mut LogDesk,
    canvas: &mut Canvas<'_>,
    area: Rect,
    view: &View<'_>,
    keymap: &Keymap,
    focused: bool,
) {
    let mut rows = Rows { area, top: area.y, bottom: area.bottom() };
    if let Some(row) = rows.top(1) {
        title(desk, canvas, row, view, focused && desk.sheet.is_none());
    }
    if let Some(row) = rows.top(1) {
        canvas.line(inset(row, 1), 0, 0, &numbers(desk, view, row.width.into()));
    }
    let status = rows.bottom(1);
    let complaint = view.env.logs.groups.values().find_map(words::complaint);
    if let Some(why) = complaint.filter(|_| desk.ring.ends().is_some() && rows.left() > 6)
        && let Some(row) = rows.bottom(1)
    {
        canvas.put(inset(row, 1), 0, 0, Role::Stale, &why);
    }
    // The histogram needs what is in sight, which needs the room that the histogram leaves.
    let bars = match area.height {
        HIGH.. => 5,
        LEAST.. => 3,
        _ => 0,
    };
    let chart_area = if desk.ring.ends().is_some() { rows.top(bars) } else { None };
    if let Some(sheet) = desk.sheet {
        let wanted = desk.sheet_height(sheet.kind, inset(area, 1).width.into(), view);
        let most = rows.left().saturating_sub(LINES).max(rows.left() / 2);
        if let Some(row) = rows.bottom(wanted.min(most)) {
            desk.draw_sheet(canvas, row, view, keymap, focused);
        }
    }
    let body = inset(rows.rest(), 1);
    let sight = draw_lines(desk, canvas, body, view, keymap);
    if let Some(area) = chart_area {
        let area = inset(area, 1);
        desk.set_bars(usize::from(area.width).saturating_sub(2 * chart::GUTTER));
        let rows = usize::from(bars).saturating_sub(2);
        let lines = chart::lines(&desk.facts.chart, rows, sight, desk.zone, view.look);
        canvas.lines(area, &lines);
    }
    if let Some(row) = status {
        bottom(desk, canvas, inset(row, 1), view, keymap);
    }
}

/// Rows that are given away from the top and the bottom.
struct Rows {
    area: Rect,
    top: u16,
    bottom: u16,
}

impl Rows {
    fn left(&self) -> u16 {
        self.bottom - self.top
    }

    fn top(&mut self, rows: u16) -> Option<Rect> {
        let height = rows.min(self.left());
        let row = Rect { y: self.top, height, ..self.area };
        self.top += height;
        (height == rows && rows > 0).then_some(row)
    }

    fn bottom(&mut self, rows: u16) -> Option<Rect> {
        let height = rows.min(self.left());
        self.bottom -= height;
        (height == rows && rows > 0).then_some(Rect { y: self.bottom, height, ..self.area })
    }

    fn rest(&self) -> Rect {
        Rect { y: self.top, height: self.left(), ..self.area }
    }
}

fn title(desk: &LogDesk, canvas: &mut Canvas<'_>, area: Rect, view: &View<'_>, focused: bool) {
    let glyphs = &view.look.glyphs;
    let (role, rule) = if focused { (Role::Focus, glyphs.rule_focus) } else { (Role::Border, glyphs.rule) };
    if focused {
        canvas.quote(area, 0, 0, Role::Focus, glyphs.cursor);
    }
    let (groups_role, groups) = words::groups(&view.env.logs);
    let mut line = Line::new().add(Role::Title, "Logs").text("  ").add(groups_role, groups).text("  ");
    match desk.facts.new {
        _ if view.state.frozen.is_some() => line.push(Role::Stale, "frozen"),
        _ if desk.ring.ends().is_none() => {}
        _ if desk.view.follows() => line.push(Role::Ok, "following"),
        0 => line.push(Role::Warn, "stopped"),
        n => {
            line.push(Role::Warn, "stopped");
            line.push(Role::Accent, format!("  {} new below", units::thousands(n)));
        }
    }
    let newest = view.env.logs.groups.values().filter_map(|g| g.newest).max();
    let badge = newest.map(|at| say(format!("newest {}", view.ago(at))).into_owned()).unwrap_or_default();
    let end = area.width.saturating_sub(1);
    let after = canvas.line(Rect { width: end, ..area }, 1, 0, &line);
    let badge_width = u16::try_from(text::width(&badge)).unwrap_or(0);
    let right = end.saturating_sub(if badge_width > 0 { badge_width + 1 } else { 0 });
    if badge_width > 0 && after + 3 < right {
        canvas.line_right(Rect { width: end, ..area }, 0, &Line::new().quote(Role::Muted, badge));
        canvas.fill(area, after + 1, right, 0, role, rule);
    } else {
        canvas.fill(area, after + 1, end, 0, role, rule);
    }
}

/// `shown 12 412  hidden 3 201  late 2  lost 0`, and what else there is to know, as far as there is room.
fn numbers(desk: &LogDesk, view: &View<'_>, width: usize) -> Line<'static> {
    let totals = &desk.facts.totals;
    let mut parts = counts::parts(totals, view);
    let mut number =
        |name: &'static str, role: Role, n: u64| parts.push(counts::part(name, role, units::thousands(n)));
    if desk.held_lines > 0 {
        number("waiting", Role::Stale, desk.held_lines as u64);
    }
    if totals.dropped > 0 {
        number("no longer held", Role::Text, totals.dropped);
        if let Some((kept, lost)) = desk.spilled {
            number("in the file", Role::Text, kept);
            if lost > 0 {
                number("not in the file", Role::Bad, lost);
            }
        }
    }
    counts::joined(parts, width.saturating_sub(2))
}

/// Draws the lines, or what is said in their place; gives the first and the last instant in sight.
fn draw_lines(
    desk: &mut LogDesk,
    canvas: &mut Canvas<'_>,
    area: Rect,
    view: &View<'_>,
    keymap: &Keymap,
) -> Option<(i64, i64)> {
    let today = desk.zone.wall(view.now).date();
    let (width, rows) = (usize::from(area.width), usize::from(area.height));
    let size = |columns: &Columns| Size { columns: width.saturating_sub(columns.width()).max(1), rows };
    let mut columns = Columns::new(width, view.env.logs.groups.keys(), desk.zone);
    let mut shown = desk.view.layout(&desk.ring, size(&columns));
    if desk.other_days(&shown, today) {
        columns.date = true;
        shown = desk.view.layout(&desk.ring, size(&columns));
    }
    let sight = sight(&shown);
    desk.draw_rows(canvas, area, &columns, &shown);
    // marks stay where everything else is hidden
    if shown.rows.iter().all(|row| row.line.mark) {
        let undo = undo(keymap);
        let mut y = u16::try_from(shown.rows.len()).unwrap_or(u16::MAX).saturating_add(1);
        for (role, said) in desk.nothing(view, &undo) {
            for line in Line::wrapped(role, &said, width) {
                canvas.line(area, 0, y, &line);
                y = y.saturating_add(1);
            }
        }
    }
    desk.size = size(&columns);
    sight
}

fn sight(shown: &Shown<'_>) -> Option<(i64, i64)> {
    Some((shown.rows.first()?.line.key.at_ms, shown.rows.last()?.line.key.at_ms))
}

fn undo(keymap: &Keymap) -> String {
    let key = |action| keymap.keys_of(action).into_iter().next().unwrap_or_default();
    format!(
        "{} lists the filters, {} there switches one off, {} deletes it",
        key(Action::Filters),
        key(Action::Toggle),
        key(Action::Delete)
    )
}

/// The last row: what is typed, what is told, what is searched for and hidden, else what can be done.
fn bottom(desk: &LogDesk, canvas: &mut Canvas<'_>, area: Rect, view: &View<'_>, keymap: &Keymap) {
    if let Some(prompt) = &desk.prompt {
        let typed = Line::new()
            .add(Role::Key, prompt.label())
            .quote(Role::Text, prompt.field.text.clone())
            .quote(Role::Accent, view.look.glyphs.caret);
        let end = canvas.line(area, 0, 0, &typed);
        let side = match (&prompt.wrong, &prompt.ask) {
            (Some(why), _) => Line::new().add(Role::Bad, why.clone()),
            (None, Ask::Search) if desk.ring.query().is_some() => Line::new().muted(plural(
                usize::try_from(desk.facts.totals.hits).unwrap_or(usize::MAX),
                "match",
                "matches",
            )),
            _ => Line::new().muted(prompt.hint()),
        };
        let room = usize::from(area.width).saturating_sub(usize::from(end) + 2);
        if side.width() <= room {
            canvas.line_right(area, 0, &side);
        } else if prompt.wrong.is_some() {
            let rest = Rect { x: area.x + end + 2, width: u16::try_from(room).unwrap_or(0), ..area };
            canvas.line(rest, 0, 0, &side);
        }
        return;
    }
    if let Some(told) = &desk.told {
        canvas.put(area, 0, 0, Role::Accent, told);
        return;
    }
    let end = canvas.line(area, 0, 0, &set(desk, view));
    let keys = hints(keymap, usize::from(area.width).saturating_sub(usize::from(end) + 2));
    if end == 0 {
        canvas.line(area, 0, 0, &keys);
    } else {
        canvas.line_right(area, 0, &keys);
    }
}

/// What is searched for and what hides lines.
fn set(desk: &LogDesk, view: &View<'_>) -> Line<'static> {
    let mut line = Line::new();
    let mut part = |spans: Line<'static>| {
        if !line.spans.is_empty() {
            line.push(Role::Text, "   ");
        }
        line.spans.extend(spans.spans);
    };
    if desk.seek.is_some() {
        part(Line::new().add(Role::Accent, "looking"));
    }
    if let Some(query) = desk.ring.query() {
        let hits = units::thousands(desk.facts.totals.hits);
        let at = units::thousands(desk.facts.hits_to);
        part(
            Line::new()
                .quote(Role::Accent, query.text().to_owned())
                .quote(Role::Text, format!(" {at}/{hits}")),
        );
    }
    if desk.anchor.is_some() {
        part(Line::new().add(Role::Accent, "selecting"));
    }
    let on = || desk.facts.filters.iter().filter(|f| f.filter.enabled);
    match (on().count(), on().next()) {
        (0, _) => {}
        (1, Some(one)) => {
            let words = filters::in_words(&one.filter.condition, desk.zone, view.now);
            part(Line::new().add(Role::Warn, filters::verb(one.filter.effect)).quote(Role::Warn, words));
        }
        (n, _) => part(Line::new().add(Role::Warn, format!("{n} filters"))),
    }
    if !desk.view.wraps() {
        part(Line::new().muted(format!("from column {}", desk.view.column() + 1)));
    }
    if desk.view.shape() == Shape::Whole {
        part(Line::new().muted("lines as they came"));
    }
    if desk.zone != super::Zone::Utc {
        part(Line::new().muted(format!("times in {}", desk.zone.name(view.now))));
    }
    line
}

/// The keys that are most wanted here, as many as there is room for.
fn hints(keymap: &Keymap, room: usize) -> Line<'static> {
    const WANTED: &[(Action, &str)] = &[
        (Action::Find, "search"),
        (Action::Include, "only"),
        (Action::Exclude, "hide"),
        (Action::NextError, "error"),
        (Action::Filters, "filters"),
        (Action::Patterns, "patterns"),
        (Action::Open, "detail"),
        (Action::Follow, "follow"),
        (Action::GoToTime, "time"),
        (Action::Bookmark, "bookmark"),
        (Action::MinimumLevel, "level"),
        (Action::Export, "to file"),
    ];
    let mut line = Line::new();
    for (action, word) in WANTED {
        let Some(key) = keymap.keys_of(*action).into_iter().next() else { continue };
        let gap = if line.spans.is_empty() { "" } else { "  " };
        let part = Line::new().muted(gap).add(Role::Key, key).muted(format!(" {word}"));
        if line.width() + part.width() > room {
            break;
        }
        line.spans.extend(part.spans);
    }
    line
}
