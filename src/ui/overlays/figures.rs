//! The five figures that matter, large: does it work for those who use it, how much do they use it, does it fill up,
//! is enough of it running, and what is to be decided. Each is also a word, and says when it is old.

use ratatui::layout::Rect;

use crate::config::theme::Role;
use crate::domain::slo::GOAL_PER_S;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::{Canvas, Line};
use crate::ui::large::{self, Size};
use crate::ui::view::View;
use crate::ui::{figures, proposal};

/// Columns of the words beside a figure.
const WORDS: u16 = 22;

/// One of them.
struct Figure {
    label: &'static str,
    /// As it is written in large digits.
    value: String,
    role: Role,
    /// What it means.
    says: String,
    /// How old it is, where it is not fresh.
    age: Line<'static>,
}

/// All five.
fn five(view: &View<'_>) -> [Figure; 5] {
    let mut five = [success(view), rate(view), files(view), tasks(view), decisions(view)];
    for figure in &mut five {
        // what is no longer known is not well, whatever it was
        if figure.age.spans.iter().any(|(role, _)| *role == Role::Stale) {
            figure.role = Role::Stale;
        }
    }
    five
}

/// What stands where a number is missing.
fn missing(label: &'static str, (role, says): (Role, String), age: Line<'static>) -> Figure {
    Figure { label, value: "-".into(), role, says, age }
}

/// The badge of a source where it is not fresh, else nothing.
fn old(view: &View<'_>, source: SourceId) -> Line<'static> {
    if view.source(source).is_none() {
        return Line::new(); // its words say that
    }
    let badge = view.badge(&[source]);
    let fresh = badge.spans.iter().all(|(role, _)| *role == Role::Muted);
    if fresh { Line::new() } else { badge }
}

fn success(view: &View<'_>) -> Figure {
    const LABEL: &str = "success";
    let impressions = &view.world.impressions;
    let age = old(view, SourceId::IMPRESSIONS);
    let Some(measure) = impressions.success_ratio(view.now) else {
        let why =
            if impressions.is_known() { (Role::Muted, "no request, no ratio".into()) } else { unknown(view) };
        return missing(LABEL, why, age);
    };
    let objective = impressions.terms.objective.ratio();
    let (told, ago) = figures::told(view, &measure);
    let (role, says) = if told == Role::Stale {
        (Role::Stale, format!("measured {ago}"))
    } else if measure.value < objective {
        (Role::Bad, format!("below the objective of {}", figures::success(objective)))
    } else {
        (Role::Ok, format!("objective {} met", figures::success(objective)))
    };
    Figure { label: LABEL, value: figures::success(measure.value), role, says, age }
}

/// Why nothing is known of impressions.
fn unknown(view: &View<'_>) -> (Role, String) {
    match view.source(SourceId::IMPRESSIONS) {
        None => (Role::Muted, "no impression service configured".into()),
        Some(_) => figures::not_there(view, true),
    }
}

fn rate(view: &View<'_>) -> Figure {
    let impressions = &view.world.impressions;
    let age = old(view, SourceId::IMPRESSIONS);
    let recorded = impressions.recorded_per_s();
    let label = if recorded.is_some() { "recorded/s" } else { "accepted/s" };
    let Some(measure) = recorded.or_else(|| impressions.accepted_per_s(view.now)) else {
        return missing("recorded/s", unknown(view), age);
    };
    let stale = figures::told(view, &measure);
    let (role, says) = match stale {
        (Role::Stale, ago) => (Role::Stale, format!("measured {ago}")),
        _ if measure.value >= GOAL_PER_S => (Role::Ok, "goal of 30 000 reached".into()),
        _ => (Role::Text, "impressions a second".into()),
    };
    let value = figures::per_s(measure.value);
    Figure { label, value: value.trim_end_matches("/s").to_owned(), role, says, age }
}

fn files(view: &View<'_>) -> Figure {
    const LABEL: &str = "files";
    let age = old(view, SourceId::FILES);
    let Some(count) = &view.world.file_count else {
        return missing(LABEL, view.missing(SourceId::FILES), age);
    };
    let threshold = view.env.info.file_count_threshold;
    let share = count.files as f64 / threshold.max(1) as f64 * 100.0;
    let (role, says) = if count.files > threshold {
        (Role::Bad, format!("over the threshold of {}", units::thousands(threshold)))
    } else {
        (Role::Ok, format!("{share:.0} % of {}", units::thousands(threshold)))
    };
    let value = match count.files {
        n @ ..=9_999_999 => units::thousands(n),
        n => format!("{:.1} M", n as f64 / 1e6),
    };
    // seven digits with two gaps are wider than the room beside the words
    let value = if count.files > 999_999 { value.replace(' ', "") } else { value };
    Figure { label: LABEL, value, role, says, age }
}

fn tasks(view: &View<'_>) -> Figure {
    const LABEL: &str = "tasks";
    let age = old(view, SourceId::ECS);
    let Some(service) = &view.world.service else {
        return missing(LABEL, view.missing(SourceId::ECS), age);
    };
    let (role, says) = match (service.running < service.desired, service.steady()) {
        (true, _) => (Role::Bad, "fewer running than wanted"),
        (false, true) => (Role::Ok, "running of wanted, steady"),
        (false, false) => (Role::Warn, "running of wanted, not steady"),
    };
    let value = format!("{}/{}", service.running, service.desired);
    Figure { label: LABEL, value, role, says: says.into(), age }
}

fn decisions(view: &View<'_>) -> Figure {
    let changes = &view.env.changes;
    let waiting = proposal::waiting(view);
    let (role, says) = match &waiting {
        _ if changes.brakes.veto.is_some() => (Role::Bad, "AUTO IS ABOUT TO ACT".to_owned()),
        _ if changes.in_flight.is_some() => (Role::Warn, "a change is in flight".to_owned()),
        Some((_, first)) => {
            let (role, _) = proposal::severity(first.recommendation.severity);
            (role, first.recommendation.title.clone())
        }
        None if changes.evaluated_at.is_none() => (Role::Unknown, "not evaluated yet".to_owned()),
        None => (Role::Ok, "nothing waits".to_owned()),
    };
    let value = waiting.map_or(0, |(n, _)| n).to_string();
    Figure { label: "to decide", value, role, says, age: Line::new() }
}

/// The five as lines of text, for copying and where there is no room for large ones.
pub fn lines(view: &View<'_>) -> Vec<Line<'static>> {
    five(view)
        .into_iter()
        .map(|f| {
            let mut line = Line::new()
                .cell(12, Role::Title, f.label, view.look)
                .number(10, f.role, &f.value, view.look)
                .text("  ")
                .text(f.says);
            if !f.age.spans.is_empty() {
                line.push(Role::Text, "  ");
                line.spans.extend(f.age.spans);
            }
            line
        })
        .collect()
}

/// Draws them over the whole of `screen`, as large as it allows.
pub fn draw(canvas: &mut Canvas<'_>, screen: Rect, view: &View<'_>) {
    canvas.clear(screen);
    let five = five(view);
    let widest = five.iter().map(|f| large::width(&f.value)).max().unwrap_or(0);
    let inner = Rect { x: screen.x + 1, width: screen.width.saturating_sub(2), ..screen };
    if inner.width / 2 > widest && inner.height / 3 >= Size::Whole.rows() + 4 {
        pairs(canvas, inner, &five);
    } else if inner.width >= widest.saturating_add(WORDS) && inner.height / 5 >= Size::Half.rows() {
        below_each_other(canvas, inner, &five);
    } else {
        canvas.lines(inner, &lines(view));
    }
}

/// Two beside each other, what is to be decided below them: label, figure, words.
fn pairs(canvas: &mut Canvas<'_>, inner: Rect, five: &[Figure; 5]) {
    let (rows, columns) = (Size::Whole.rows(), inner.width / 2);
    let band = inner.height / 3;
    for (place, figure) in (0..).zip(five) {
        let (row, column) = (place / 2, place % 2);
        let width = if row == 2 { inner.width } else { columns - 1 };
        let x = inner.x + column * (inner.width - columns + 1);
        let cell = Rect { x, y: inner.y + row * band + (band - rows - 4) / 2, width, height: rows + 4 };
        canvas.line(cell, 0, 0, &Line::new().add(Role::Title, figure.label));
        let digits = Rect { y: cell.y + 1, height: rows, ..cell };
        large::draw(canvas, digits, figure.role, Size::Whole, &figure.value);
        says(canvas, Rect { y: digits.bottom(), height: 3, ..cell }, figure);
    }
}

/// Each in a row, the words at the left and the figure at the right.
fn below_each_other(canvas: &mut Canvas<'_>, inner: Rect, five: &[Figure; 5]) {
    let rows = if inner.height / 5 > Size::Whole.rows() { Size::Whole } else { Size::Half };
    let spare = inner.height - 5 * rows.rows();
    let gap = (spare / 5).min(2);
    let mut y = inner.y + (spare - 4 * gap) / 2;
    for figure in five {
        let row = Rect { y, height: rows.rows(), ..inner };
        let words = Rect { width: WORDS, ..row };
        canvas.line(words, 0, 0, &Line::new().add(Role::Title, figure.label));
        says(canvas, Rect { y: y + 1, height: row.height - 1, ..words }, figure);
        let width = large::width(&figure.value);
        let right = Rect { x: row.right().saturating_sub(width), width, ..row };
        large::draw(canvas, right, figure.role, rows, &figure.value);
        y += rows.rows() + gap;
    }
}

/// What a figure means and how old it is.
fn says(canvas: &mut Canvas<'_>, area: Rect, figure: &Figure) {
    let old = u16::from(!figure.age.spans.is_empty());
    let shown = Line::wrapped(figure.role, &figure.says, usize::from(area.width));
    let drawn = canvas.lines(Rect { height: area.height.saturating_sub(old), ..area }, &shown);
    if old > 0 {
        canvas.line(area, 0, drawn, &figure.age);
    }
}
