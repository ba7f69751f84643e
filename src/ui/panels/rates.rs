//! Rates of impressions, their success and latency as graphs over one time axis, on which deployments and changes
//! are marked.

use crate::config::theme::Role;
use crate::domain::impressions::{Measure, Origin};
use crate::domain::slo::GOAL_PER_S;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::chart::{Chart, GUTTER};
use crate::ui::figures;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::text;
use crate::ui::timeline::{self, Axis, Mark, window};
use crate::ui::trend::{self, Scale};
use crate::ui::view::View;

use super::{Panel, Room, budget};

/// The panel.
pub struct Rates;

/// Columns right of the bars: who told.
const RIGHT: usize = 15;
/// Height of a tall graph, as a multiple of its threshold.
const TALL: f64 = 1.6;
/// Most rows of one graph.
const MOST: usize = 7;
/// Legend lines of marks, where there is room.
const LEGEND: usize = 2;

impl Panel for Rates {
    fn id(&self) -> PanelId {
        "rates"
    }
    fn title(&self) -> &'static str {
        "Rates"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        Line::new().muted(format!("of {}", window(view.zoom.span())))
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::IMPRESSIONS, SourceId::CLOUDWATCH]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.impressions.is_known() || view.world.off.contains_key(&SourceId::IMPRESSIONS)
    }
    fn height(&self, _view: &View<'_>, _width: u16) -> u16 {
        7
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        if !view.world.impressions.is_known() {
            return remedy(view, room.width);
        }
        let right = if room.width >= 60 { RIGHT } else { 0 };
        let columns = room.width.saturating_sub(GUTTER + right).clamp(1, 240);
        let axis = Axis::new(view, columns);
        let marks = shown(view, &axis);
        let legend = if room.height >= 13 { LEGEND } else { 1 };
        let rows = rows(room.height.saturating_sub(2 + legend));
        let mut out = vec![headline(view)];
        for (graph, rows) in graphs(view, &axis, rows[0] >= 3).iter().zip(rows) {
            out.extend(graph.lines(view, &axis, rows, right > 0));
        }
        out.push(base(view, &axis, &marks, right > 0));
        out.extend(legends(view, &marks, room.width, legend));
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        record(view)
    }
}

/// What to write into the configuration.
const EXAMPLE: [(&str, &str); 2] = [
    (
        "a variable with the event log, user:password@tcp(host:3306)/hakaru:",
        "hakaru.datasource_env = \"HAKARU_DATASOURCENAME\"",
    ),
    ("the counters of all hakaru and kakeru:", "hakaru.metrics = [\"http://10.0.1.20:8081/metrics\"]"),
];

/// Why nothing is read, and how to change that.
fn remedy<'v>(view: &View<'_>, width: usize) -> Vec<Line<'v>> {
    let mut out = figures::wrapped("", view.missing(SourceId::IMPRESSIONS), width);
    out.push(Line::new());
    out.push(Line::new().text("In the environment's table of the configuration file, one of these or both:"));
    for (what, line) in EXAMPLE {
        out.push(Line::new());
        out.push(Line::new().muted(format!("# {what}")));
        out.push(Line::new().quote(Role::Text, line));
    }
    out
}

/// Graphs that share the axis.
const GRAPHS: usize = 4;

/// Rows of each graph where there are `all`; what cannot be shared evenly goes to the first ones.
fn rows(all: usize) -> [usize; GRAPHS] {
    let (each, surplus) = (all / GRAPHS, all % GRAPHS);
    if each < 2 {
        return [1; GRAPHS];
    }
    std::array::from_fn(|i| (each + usize::from(i < surplus)).min(MOST))
}

/// Everything about the rates.
pub(super) fn record(view: &View<'_>) -> Option<Record> {
    let impressions = &view.world.impressions;
    let out = impressions.out(view.now)?;
    let mut record = Record::new("Impressions", "impressions", &out);
    for (label, measure, write) in [
        ("recorded", impressions.recorded_per_s(), figures::per_s as fn(f64) -> String),
        ("accepted", impressions.accepted_per_s(view.now), figures::per_s),
        ("success", impressions.success_ratio(view.now), figures::success),
    ] {
        record = match measure {
            Some(m) => record.pair(label, write(m.value)).pair("", figures::exactly(view, &m)),
            None if label == "success" => record.pair(label, "no request in the last minute"),
            None => record.pair(label, figures::not_there(view, label == "recorded").1),
        };
    }
    record = record
        .pair("goal", format!("{} at {}", figures::per_s(GOAL_PER_S), impressions.terms.objective))
        .maybe(
            "report lag",
            impressions.lag_s().map(|s| format!("{}, from the newest row to now", figures::seconds(s))),
        );
    let marks = timeline::marks(view);
    if !marks.is_empty() {
        record = record.head("deployments and changes");
    }
    for mark in marks.iter().rev() {
        record = record.quote(mark.role, format!("{}  {}", view.clock(mark.at), mark.words));
    }
    Some(record)
}

/// One graph.
struct Graph {
    label: &'static str,
    role: Role,
    value: (Role, String),
    told: (Role, String),
    slots: Vec<Option<f64>>,
    top: f64,
    mark: (f64, String),
}

impl Graph {
    fn lines<'v>(&self, view: &View<'_>, axis: &Axis, rows: usize, told: bool) -> Vec<Line<'v>> {
        let look = view.look;
        let head = Line::new()
            .cell(9, Role::Muted, self.label, look)
            .number(8, self.value.0, &self.value.1, look)
            .text("   ");
        let mut out = if rows > 1 {
            let chart = Chart {
                slots: &self.slots,
                every: axis.slot(),
                top: self.top,
                mark: self.mark.clone(),
                role: self.role,
            };
            chart.bars(head, rows, look)
        } else {
            vec![head.add(self.role, trend::bars(&self.slots, Scale::Upto(self.top), &look.glyphs))]
        };
        if let (Some(first), true) = (out.first_mut(), told) {
            first.push(Role::Text, "  ");
            first.push(self.told.0, self.told.1.clone());
        }
        out
    }
}

/// The graphs. Where they are `tall`, their threshold lies below the top row, which has no room for its name.
fn graphs(view: &View<'_>, axis: &Axis, tall: bool) -> [Graph; GRAPHS] {
    let headroom = if tall { TALL } else { 1.1 };
    let impressions = &view.world.impressions;
    let per_s = |told: &[timeline::Stretch]| axis.fill(told).iter().map(|s| s.per_s()).collect::<Vec<_>>();
    let answered = timeline::accepted(view, axis);
    let rates = [per_s(&timeline::recorded(view, axis)), per_s(&answered)];
    let highest = rates.iter().flatten().flatten().copied().fold(0.0, f64::max);
    // The goal is a line of the graph once it is in sight.
    let (top, mark) = if highest >= GOAL_PER_S / 4.0 {
        (highest.max(GOAL_PER_S * headroom), (GOAL_PER_S, "goal 30 000".to_owned()))
    } else {
        (highest * headroom.max(1.25), (highest, figures::per_s(highest)))
    };
    let value = |m: Option<Measure>, of_log: bool| match m {
        Some(m) => {
            let told = figures::told(view, &m);
            let role = if told.0 == Role::Stale { Role::Stale } else { Role::Text };
            ((role, figures::per_s(m.value)), told)
        }
        None => ((Role::Muted, "no data".to_owned()), figures::not_there(view, of_log)),
    };
    let rate = |label, role, slots, now| {
        let (value, told) = value(now, label == "recorded");
        Graph { label, role, value, told, slots, top, mark: mark.clone() }
    };
    let [recorded, accepted] = rates;
    let ratios = axis.fill(&answered).iter().map(|s| s.success()).collect();
    [
        rate("recorded", Role::Series1, recorded, impressions.recorded_per_s()),
        rate("accepted", Role::Series2, accepted, impressions.accepted_per_s(view.now)),
        success(view, ratios, if tall { TALL } else { 1.0 }),
        latency(view, timeline::slowest(view, axis), headroom.max(1.25)),
    ]
}

/// Success is drawn above a floor, else a dip below the objective could not be seen.
fn success(view: &View<'_>, ratios: Vec<Option<f64>>, headroom: f64) -> Graph {
    let objective = view.world.impressions.terms.objective;
    let now = view.world.impressions.success_ratio(view.now);
    let floor = (1.0 - objective.allowed().max(1e-6) * 10.0).max(0.0);
    let above = |ratio: f64| (ratio - floor).max(0.0);
    let (value, told) = match now {
        Some(m) => {
            let told = figures::told(view, &m);
            let missed = m.value < objective.ratio();
            let role = match told.0 {
                Role::Stale => Role::Stale,
                _ if missed => Role::Bad,
                _ => Role::Text,
            };
            ((role, figures::success(m.value)), told)
        }
        None => ((Role::Muted, "no data".to_owned()), (Role::Muted, "no request".to_owned())),
    };
    Graph {
        label: "success",
        role: Role::Series3,
        value,
        told,
        slots: ratios.into_iter().map(|r| r.map(above)).collect(),
        top: (1.0 - floor) * headroom,
        mark: (above(objective.ratio()), objective.to_string()),
    }
}

fn latency(view: &View<'_>, slots: Vec<Option<f64>>, headroom: f64) -> Graph {
    let newest = view.world.impressions.flow.points.back();
    let highest = slots.iter().flatten().copied().fold(0.0, f64::max);
    let value = newest.and_then(|p| p.p99).map(figures::quantile);
    let origin = newest.map_or(Origin::Service, |p| p.origin);
    let at = newest.map(|p| view.world.impressions.environment_time(p.at));
    let told = match at {
        Some(at) => {
            let over = chrono::TimeDelta::seconds(2);
            figures::told(view, &Measure { value: 0.0, origin, at, over })
        }
        None => (Role::Muted, String::new()),
    };
    let role = if told.0 == Role::Stale { Role::Stale } else { Role::Text };
    Graph {
        label: "p99",
        role: Role::Series1,
        value: value.map_or((Role::Muted, "no data".to_owned()), |v| (role, v)),
        told,
        slots,
        top: highest * headroom,
        mark: (highest, figures::seconds(highest)),
    }
}

/// How far the goal is, and whether the objective is met.
fn headline<'v>(view: &View<'_>) -> Line<'v> {
    let impressions = &view.world.impressions;
    let objective = impressions.terms.objective;
    let rate = impressions.recorded_per_s().or_else(|| impressions.accepted_per_s(view.now));
    let mut line =
        Line::new().cell(9, Role::Muted, "goal", view.look).number(8, Role::Text, "30 000/s", view.look);
    line = line.text("   ");
    line = match rate {
        Some(r) if r.value >= GOAL_PER_S => line.add(Role::Ok, format!("{} reached", view.look.glyphs.ok)),
        Some(r) => line.text(format!("{:.0} % of it", (r.value / GOAL_PER_S * 100.0).floor())),
        None => line.add(Role::Unknown, "no rate"),
    };
    line = line.muted("   objective ").text(objective.to_string());
    match impressions.success_ratio(view.now).map(|m| m.value >= objective.ratio()) {
        Some(true) => line.add(Role::Ok, "  met"),
        Some(false) => line.add(Role::Bad, "  MISSED"),
        None => line.add(Role::Unknown, "  no request"),
    }
}

/// Marks that lie on the axis with their columns, oldest first, numbered from 1; the newest ones where there are
/// more than digits.
fn shown(view: &View<'_>, axis: &Axis) -> Vec<(usize, Mark)> {
    let place = |mark: Mark| Some((axis.place(axis.service_time(mark.at))?, mark));
    let mut out: Vec<_> = timeline::marks(view).into_iter().filter_map(place).collect();
    let surplus = out.len().saturating_sub(9);
    out.drain(..surplus);
    out
}

/// The axis itself, with the numbers of the marks.
fn base<'v>(view: &View<'_>, axis: &Axis, marks: &[(usize, Mark)], right: bool) -> Line<'v> {
    let look = view.look;
    let back = format!("{} ago", window(view.zoom.span()));
    let mut line = Line::new().number(GUTTER - 2, Role::Muted, &back, look).text("  ");
    let mut at = 0;
    for (n, (column, mark)) in marks.iter().enumerate() {
        // Of two marks in one column the newer one stands there.
        if *column < at || marks.get(n + 1).is_some_and(|next| next.0 == *column) {
            continue;
        }
        line.push(Role::Border, look.glyphs.rule.repeat(column - at));
        line.push(mark.role, (n + 1).to_string());
        at = column + 1;
    }
    line.push(Role::Border, look.glyphs.rule.repeat(axis.len.saturating_sub(at)));
    if right { line.muted("  now") } else { line }
}

/// What the numbers stand for, the newest first, as many as fit.
fn legends<'v>(view: &View<'_>, marks: &[(usize, Mark)], width: usize, most: usize) -> Vec<Line<'v>> {
    let look = view.look;
    if marks.is_empty() {
        return vec![
            Line::new().cell(GUTTER, Role::Muted, "", look).muted("no deployment or change in this time"),
        ];
    }
    let mut out = vec![Line::new()];
    let down = budget::deployment(view).and_then(|(d, down)| Some((d.created_at?, down?.down)));
    for (n, (_, mark)) in marks.iter().enumerate().rev() {
        let number = (n + 1).to_string();
        let down = down.filter(|(at, _)| mark.kind == timeline::Kind::Deployment && *at == mark.at);
        let down = down.map_or_else(String::new, |(_, d)| format!(", down {}", units::duration(d)));
        let words = format!(" {} {}{}  ", view.clock(mark.at), mark.words, say(down));
        let used = out.last().map_or(0, Line::width);
        if used > 0 && used + number.len() + text::width(&words) > width {
            if out.len() == most {
                break;
            }
            out.push(Line::new());
        }
        if let Some(line) = out.last_mut() {
            *line = std::mem::take(line).quote(mark.role, number).quote(Role::Muted, words);
        }
    }
    out
}
