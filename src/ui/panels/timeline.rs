//! Deployments, changes, alarms, errors in the logs and the burning of the budget under one another, on one axis, and
//! a list of them with a cursor that stands on both.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::theme::Role;
use crate::domain::log::histogram::Burst;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::figures;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::timeline::{Axis, Kind, Mark, Rows as AxisRows, rows, story, window};
use crate::ui::trend::{self, Scale};
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Timeline;

/// Columns left of the axis.
const GUTTER: usize = 13;
/// Columns right of it, where there is room.
const RIGHT: usize = 16;
/// Most columns of the axis.
const MOST: usize = 240;

const COLUMNS: &[Column] =
    &[Column::text("time", 14, 0), Column::text("kind", 11, 1), Column::wide("what", 30, 0).quoted()];

struct Rows<'v> {
    marks: Vec<Mark>,
    view: &'v View<'v>,
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.marks.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.marks.get(row).map_or("", |mark| &mark.key).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(mark) = self.marks.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (Role::Muted, self.view.clock(mark.at).into()),
            1 => (Role::Muted, mark.kind.word().into()),
            _ => (mark.role, mark.words.as_str().into()),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        match (column, self.marks.get(row)) {
            (0, Some(mark)) => SortKey::Number(mark.at.timestamp_millis() as f64),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.marks.get(row).is_some_and(|mark| mark.role == Role::Bad)
    }
}

impl Panel for Timeline {
    fn id(&self) -> PanelId {
        "timeline"
    }
    fn title(&self) -> &'static str {
        "Timeline"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        Line::new().muted(format!("of {}", window(view.zoom.span())))
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn height(&self, view: &View<'_>, _width: u16) -> u16 {
        // always the same, so that what happens moves nothing
        // the axis, the heading and a row of the list
        u16::try_from(kinds(view).count() + 3).unwrap_or(u16::MAX)
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        self.lines_at(view, room, None)
    }
    fn lines_at<'v>(&self, view: &'v View<'_>, room: Room, selected: Option<&str>) -> Vec<Line<'v>> {
        let right = if room.width >= 70 { RIGHT } else { 0 };
        let gutter = Line::label(GUTTER, &Kind::ALL.map(label));
        let columns = room.width.saturating_sub(gutter + right).clamp(1, MOST);
        let axis = Axis::new(view, columns);
        let marks = story(view);
        let rows = rows(view, &axis);
        let chosen = marks.iter().find(|mark| Some(mark.key.as_str()) == selected);
        let mut out: Vec<Line<'v>> = kinds(view)
            .map(|kind| {
                let mut line = Line::new().cell(gutter, Role::Muted, label(kind), view.look);
                match kind {
                    Kind::Errors => errors(view, &axis, &rows, &mut line),
                    Kind::Burn => burn(view, &rows, &mut line),
                    _ => shapes(view, &axis, marks.iter().filter(|m| m.kind == kind), chosen, &mut line),
                }
                if right > 0 {
                    let (role, words) = told(kind, &marks, &rows);
                    line.push(Role::Text, "  ");
                    line.push(role, words);
                }
                line
            })
            .collect();
        out.push(base(view, &axis, chosen, (gutter, right > 0)));
        if marks.is_empty() {
            out.push(Line::new().muted("nothing happened in this time"));
        }
        out
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let mut marks = story(view);
        marks.reverse();
        (!marks.is_empty()).then(|| Box::new(Rows { marks, view }) as Box<dyn Records>)
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        #[derive(Serialize)]
        struct Told<'m> {
            at: DateTime<Utc>,
            kind: Kind,
            what: &'m str,
        }
        let mark = story(view).into_iter().find(|mark| mark.key == key)?;
        let told = Told { at: mark.at, kind: mark.kind, what: &mark.words };
        let mut record = Record::new("Timeline", key, &told)
            .pair("at", view.exact(mark.at))
            .pair("kind", mark.kind.word())
            .quoted_role("what", mark.role, mark.words.clone());
        if mark.kind == Kind::Alarm {
            let change = view.world.alarm_history.iter().find(|c| c.at == mark.at && key.ends_with(&c.name));
            if let Some(change) = change.filter(|change| !change.reason.is_empty()) {
                record = record.quoted("reason", change.reason.clone());
            }
        }
        Some(record)
    }
    fn instant(&self, view: &View<'_>, key: &str) -> Option<DateTime<Utc>> {
        story(view).into_iter().find(|mark| mark.key == key).map(|mark| mark.at)
    }
}

/// The rows there are: what nobody measures has none.
fn kinds(view: &View<'_>) -> impl Iterator<Item = Kind> {
    let logs = view.source(SourceId::LOGS).is_some();
    let impressions = view.world.impressions.is_known();
    Kind::ALL.into_iter().filter(move |kind| match kind {
        Kind::Errors => logs,
        Kind::Burn => impressions,
        _ => true,
    })
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Deployment => "deployments",
        Kind::Change => "changes",
        Kind::Alarm => "alarms",
        Kind::Errors => "log errors",
        Kind::Burn => "budget burn",
    }
}

/// Marks as shapes; where several stand in one column, the worst, and the chosen one in any case.
fn shapes<'m>(
    view: &View<'_>,
    axis: &Axis,
    marks: impl Iterator<Item = &'m Mark>,
    chosen: Option<&Mark>,
    line: &mut Line<'_>,
) {
    let glyphs = &view.look.glyphs;
    let shape = |role| match role {
        Role::Ok => glyphs.ok,
        Role::Warn => glyphs.busy,
        Role::Bad => glyphs.bad,
        Role::Unknown => glyphs.unknown,
        _ => glyphs.none,
    };
    let mut cells: Vec<Option<(Role, &str)>> = vec![None; axis.len];
    for mark in marks {
        let is_chosen = chosen.is_some_and(|chosen| chosen.key == mark.key);
        let place = axis.place(axis.service_time(mark.at));
        let Some(cell) = place.and_then(|column| cells.get_mut(column)) else { continue };
        if is_chosen {
            *cell = Some((Role::Focus, shape(mark.role)));
        } else if cell.is_none_or(|(role, _)| role != Role::Focus && role != Role::Bad) {
            *cell = Some((mark.role, shape(mark.role)));
        }
    }
    for run in cells.chunk_by(|a, b| a == b) {
        match run.first() {
            Some(Some((role, shape))) => line.spans.push((*role, shape.repeat(run.len()).into())),
            _ => line.spans.push((Role::Text, " ".repeat(run.len()).into())),
        }
    }
}

fn errors(view: &View<'_>, axis: &Axis, rows: &AxisRows, line: &mut Line<'_>) {
    let Some(logs) = &rows.logs else {
        line.push(Role::Muted, " ".repeat(axis.len));
        return;
    };
    // A slot without any is a blank: a bar of nothing would look like one.
    let bad = |b: &Burst| if b.errors > 0 { b.errors } else { b.warnings };
    let slots: Vec<Option<f64>> = logs.iter().map(|b| (bad(b) > 0).then(|| bad(b) as f64)).collect();
    let most = slots.iter().flatten().copied().fold(1.0, f64::max);
    let role = |b: &Burst| if b.errors > 0 { Role::Bad } else { Role::Warn };
    let bars = trend::bars(&slots, Scale::Upto(most), &view.look.glyphs);
    coloured(line, bars.chars().zip(logs.iter().map(role)));
}

/// Adds bars, each in its role.
fn coloured(line: &mut Line<'_>, bars: impl Iterator<Item = (char, Role)>) {
    let mut run: Option<(Role, String)> = None;
    for (bar, role) in bars {
        match &mut run {
            Some((last, text)) if *last == role => text.push(bar),
            _ => line.spans.extend(run.replace((role, bar.to_string())).map(|(r, t)| (r, t.into()))),
        }
    }
    line.spans.extend(run.map(|(role, text)| (role, text.into())));
}

fn burn(view: &View<'_>, rows: &AxisRows, line: &mut Line<'_>) {
    // As high as the budget may burn, or as it did.
    let most = rows.burn.iter().flatten().copied().fold(1.0, f64::max);
    let bars = trend::bars(&rows.burn, Scale::Upto(most), &view.look.glyphs);
    let role = |rate: &Option<f64>| if rate.is_some_and(|r| r > 1.0) { Role::Bad } else { Role::Muted };
    coloured(line, bars.chars().zip(rows.burn.iter().map(role)));
}

/// What a row comes to.
fn told(kind: Kind, marks: &[Mark], rows: &AxisRows) -> (Role, String) {
    let n = marks.iter().filter(|mark| mark.kind == kind).count();
    match kind {
        Kind::Errors => {
            let Some(logs) = &rows.logs else { return (Role::Unknown, "no line held".to_owned()) };
            let sum = |n: fn(&Burst) -> u64| logs.iter().map(n).sum::<u64>();
            match (sum(|b| b.errors), sum(|b| b.warnings)) {
                (0, 0) => (Role::Muted, "none".to_owned()),
                (0, 1) => (Role::Warn, "1 warning".to_owned()),
                (0, n) => (Role::Warn, format!("{} warnings", units::thousands(n))),
                (1, _) => (Role::Bad, "1 error".to_owned()),
                (n, _) => (Role::Bad, format!("{} errors", units::thousands(n))),
            }
        }
        Kind::Burn => match rows.burn.iter().flatten().next_back() {
            None => (Role::Unknown, "no request".to_owned()),
            Some(rate) => {
                let role = if *rate > 1.0 { Role::Bad } else { Role::Muted };
                (role, format!("{} now", figures::burn(*rate)))
            }
        },
        _ if n == 0 => (Role::Muted, "none".to_owned()),
        _ => (Role::Text, n.to_string()),
    }
}

/// The axis itself, with an arrow under what is chosen.
fn base<'v>(view: &View<'_>, axis: &Axis, chosen: Option<&Mark>, (gutter, right): (usize, bool)) -> Line<'v> {
    let look = view.look;
    let back = format!("{} ago", window(view.zoom.span()));
    let mut line = Line::new().cell(gutter, Role::Muted, &back, look);
    let place = chosen.and_then(|mark| axis.place(axis.service_time(mark.at)));
    let rule = |n: usize| look.glyphs.rule.repeat(n);
    match place {
        Some(column) => {
            line.push(Role::Border, rule(column));
            line.push(Role::Focus, look.glyphs.order[0]);
            line.push(Role::Border, rule(axis.len.saturating_sub(column + 1)));
        }
        None => line.push(Role::Border, rule(axis.len)),
    }
    if right { line.muted("  now") } else { line }
}
