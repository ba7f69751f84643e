//! What one instance can take, how many the goal needs, and the instances themselves.

use std::borrow::Cow;

use crate::config::theme::Role;
use crate::domain::impressions::{Flow, Instance, Kind};
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::figures;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::{View, percent, plural};

use super::{Panel, Room};

/// The panel.
pub struct CapacityPanel;

const COLUMNS: &[Column] = &[
    Column::wide("instance", 15, 0).quoted(),
    Column::number("good", 8, 0),
    Column::number("failed", 8, 1),
    Column::number("queue", 6, 3),
    Column::number("CPU", 6, 2),
    Column::wide("state", 10, 0),
];

struct Rows<'v>(&'v Flow, &'v View<'v>);

fn rate(n: u64, flow: &Flow) -> f64 {
    n as f64 * 1000.0 / flow.over_ms.max(1) as f64
}

fn state<'i>(instance: &'i Instance, view: &View<'_>) -> (Role, Cow<'i, str>) {
    let g = &view.look.glyphs;
    match instance {
        Instance { error: Some(error), .. } => (Role::Warn, format!("{} {error}", g.bad).into()),
        Instance { database_up: Some(false), .. } => (Role::Bad, format!("{} no database", g.bad).into()),
        Instance { healthy: Some(false), .. } => (Role::Bad, format!("{} unhealthy", g.bad).into()),
        Instance { kind: Kind::Kakeru, .. } => (Role::Muted, format!("{} kakeru", g.ok).into()),
        Instance { kind: Kind::Hakaru, .. } => (Role::Ok, format!("{} hakaru", g.ok).into()),
        Instance { kind: Kind::Unknown, .. } => (Role::Unknown, format!("{} not read", g.unknown).into()),
    }
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.0.instances.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.0.instances.get(row).map_or("", |i| &i.name).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(i) = self.0.instances.get(row) else { return (Role::Text, "".into()) };
        let counted = |n: Option<u64>| n.map_or_else(String::new, |n| figures::per_s(rate(n, self.0)));
        match column {
            0 => (Role::Text, i.name.as_str().into()),
            1 => (Role::Text, counted(i.counts.map(|c| c.good)).into()),
            2 => {
                let bad = i.counts.map(|c| c.bad);
                let role = if bad.unwrap_or(0) > 0 { Role::Bad } else { Role::Muted };
                (role, counted(bad).into())
            }
            3 => {
                let share = i.queue.zip(i.queue_limit).filter(|(_, limit)| *limit > 0.0).map(|(q, l)| q / l);
                let role = if share.unwrap_or(0.0) > 0.8 { Role::Warn } else { Role::Muted };
                (role, share.map_or_else(String::new, percent).into())
            }
            4 => {
                let role = if i.processor.unwrap_or(0.0) > 0.8 { Role::Warn } else { Role::Text };
                (role, i.processor.map_or_else(String::new, percent).into())
            }
            _ => state(i, self.1),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        let number = |n: Option<f64>| n.map_or(SortKey::Missing, SortKey::Number);
        let Some(i) = self.0.instances.get(row) else { return SortKey::Missing };
        match column {
            1 => number(i.counts.map(|c| c.good as f64)),
            2 => number(i.counts.map(|c| c.bad as f64)),
            3 => number(i.queue),
            4 => number(i.processor),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.0
            .instances
            .get(row)
            .is_some_and(|i| i.error.is_some() || i.database_up == Some(false) || i.healthy == Some(false))
    }
}

impl Panel for CapacityPanel {
    fn id(&self) -> PanelId {
        "capacity"
    }
    fn title(&self) -> &'static str {
        "Capacity"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let last = view.world.impressions.flow.last.iter();
        let hakarus = last.flat_map(|f| &f.instances).filter(|i| i.kind == Kind::Hakaru);
        let (all, up) = hakarus.fold((0, 0), |(all, up), i| (all + 1, up + usize::from(i.error.is_none())));
        if all == 0 { Line::new() } else { Line::new().muted(format!("{up} of {all} hakaru answer")) }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::IMPRESSIONS]
    }
    fn wanted(&self, view: &View<'_>) -> bool {
        view.world.impressions.is_known()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let flow = &view.world.impressions.flow;
        if flow.last.is_none() {
            return figures::wrapped("capacity: ", figures::not_there(view, false), room.width);
        }
        let (Some(capacity), Some(need)) = (flow.capacity, figures::need(view)) else {
            return vec![
                Line::new().muted("one instance  ").add(Role::Unknown, "not measured yet"),
                Line::new().muted("30 000/s: needs 10 s of load to tell"),
            ];
        };
        // What was not its limit is the least that it takes, and what follows from it the most that is needed.
        let [at_most, at_least] = view.look.glyphs.limits.map(|glyph| format!("{glyph} "));
        let (least, most) = if capacity.limit { (String::new(), String::new()) } else { (at_least, at_most) };
        let seen = view.ago(view.world.impressions.environment_time(capacity.at));
        let mut out = vec![
            Line::new()
                .muted("one instance  ")
                .text(format!("{least}{}", figures::per_s(capacity.per_s)))
                .muted(format!("  {seen}")),
        ];
        let line = if room.width < 48 {
            Line::new().muted("30 000/s: ").text(format!("{most}{}", need.instances))
        } else {
            Line::new().muted("30 000/s takes ").text(format!("{most}{}", need.instances)).muted(" instances")
        };
        out.push(missing(line, &need));
        out
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let flow = view.world.impressions.flow.last.as_ref()?;
        (!flow.instances.is_empty()).then(|| Box::new(Rows(flow, view)) as Box<dyn Records>)
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        record(view, key)
    }
}

/// How many more that are, and what they cost.
fn missing<'v>(line: Line<'v>, need: &figures::Need) -> Line<'v> {
    let more = need.instances.saturating_sub(need.answering);
    if more == 0 {
        return line.muted(", ").add(Role::Ok, format!("{} are there", need.answering));
    }
    let line = line.muted(", ").text(format!("{more} more"));
    match need.cost_usd_per_month {
        Some(usd) => line.muted(", ").text(format!("+${}/month", dollars(usd))),
        None => line.muted(", cost unknown"),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "dollars of a month")]
fn dollars(usd: f64) -> String {
    units::thousands(usd.max(0.0).round() as u64)
}

fn record(view: &View<'_>, key: &str) -> Option<Record> {
    let impressions = &view.world.impressions;
    let flow = impressions.flow.last.as_ref()?;
    let i = flow.instances.iter().find(|i| i.name == key)?;
    let (role, word) = state(i, view);
    let share = |n: f64| format!("{:.0} %", n * 100.0);
    let mut record = Record::new(format!("Instance {}", i.name), i.name.clone(), i)
        .role("state", role, word.into_owned())
        .pair("read", view.exact(impressions.environment_time(flow.at)))
        .maybe("succeeded", i.counts.map(|c| figures::per_s(rate(c.good, flow))))
        .maybe("failed", i.counts.map(|c| figures::per_s(rate(c.bad, flow))))
        .maybe("queue", i.queue.zip(i.queue_limit).map(|(q, l)| format!("{q:.0} of {l:.0}")))
        .maybe("processor", i.processor.map(|p| format!("{} of one", share(p))))
        .maybe("database", i.database_up.map(|up| if up { "takes impressions" } else { "takes none" }))
        .maybe("health check", i.healthy.map(|ok| if ok { "passes" } else { "fails" }))
        .maybe("started", i.started_at.map(|at| view.exact(impressions.environment_time(at))))
        .maybe("error", i.error.clone());
    if let (Some(capacity), Some(need)) = (impressions.flow.capacity, figures::need(view)) {
        let bound = if capacity.limit { "it failed to take more" } else { "it was not at its limit" };
        record = record
            .head("what the goal of 30 000/s takes")
            .pair(
                "one instance",
                format!("{} within the objective, held for 10 s; {bound}", figures::per_s(capacity.per_s)),
            )
            .pair("seen", view.exact(impressions.environment_time(capacity.at)))
            .pair(
                "needed",
                format!(
                    "{}, {} answer now",
                    plural(usize::try_from(need.instances).unwrap_or(usize::MAX), "instance", "instances"),
                    units::thousands(need.answering)
                ),
            )
            .maybe(
                "more cost",
                need.cost_usd_per_month
                    .map(|usd| format!("${usd:.2} a month, if each is a task of the service")),
            )
            .maybe("price", figures::task_size(view))
            .say(Role::Muted, "That the database and the load balancer take the whole is not said by it.");
    }
    Some(record)
}
