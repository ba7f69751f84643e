//! The error budget: what is left of it, how fast it goes by window, and how often and how long the service failed.

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::theme::Role;
use crate::domain::burn::Urgency;
use crate::domain::downtime::Downtime;
use crate::domain::ecs::Deployment;
use crate::domain::slo::TimeLeft;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::figures;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::service_level::Burning;
use crate::ui::text;
use crate::ui::timeline::{Axis, window};
use crate::ui::view::{View, moment, plural, revision};

use super::{Panel, Room};

/// The panel.
pub struct ErrorBudget;

impl Panel for ErrorBudget {
    fn id(&self) -> PanelId {
        "budget"
    }
    fn title(&self) -> &'static str {
        "Error budget"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let terms = view.world.impressions.terms;
        Line::new().muted(format!("{} of {}", terms.objective, window(terms.window())))
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::IMPRESSIONS, SourceId::CLOUDWATCH]
    }
    fn wanted(&self, view: &View<'_>) -> bool {
        view.world.impressions.is_known()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let level = &view.derived.level;
        let Some(budget) = level.budget else {
            let none = (Role::Unknown, "no request was measured: no budget, and not 100 %".to_owned());
            let mut out = figures::wrapped("", none, room.width);
            if view.world.impressions.flow.last.is_none() {
                out.extend(figures::wrapped("", figures::not_there(view, false), room.width));
            }
            return out;
        };
        let role = match budget.spent {
            s if s >= 1.0 => Role::Bad,
            _ if level.alarm.is_some() => Role::Warn,
            _ => Role::Ok,
        };
        let left = if budget.left() < -9.99 {
            "<-999 %".to_owned()
        } else {
            format!("{:.0} %", (budget.left() * 100.0).floor())
        };
        let (full, spent) = bar(view, budget.left(), room.width.saturating_sub(14).min(60));
        let mut out = vec![
            Line::new()
                .cell(5, Role::Muted, "left", view.look)
                .number(7, role, &left, view.look)
                .text("  ")
                .add(role, full)
                .muted(spent),
            outlook(view, room.width),
        ];
        let heads = [(6, "long"), (6, "burn"), (7, "short"), (5, "burn"), (5, "from")];
        out.push(heads.into_iter().fold(Line::new().text(" ".repeat(7)), |line, (columns, name)| {
            line.number(columns, Role::Muted, name, view.look)
        }));
        out.extend(level.burning.iter().map(|b| row(view, b)));
        out.push(failures(view));
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        record(view)
    }
}

/// What is left as full columns, and what is spent.
fn bar(view: &View<'_>, left: f64, columns: usize) -> (String, String) {
    let g = &view.look.glyphs;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the number of columns")]
    let full = (left.clamp(0.0, 1.0) * columns as f64).round() as usize;
    let block = g.bars.last().copied().unwrap_or("#");
    (block.repeat(full), g.mark.repeat(columns - full.min(columns)))
}

/// When it is gone, and how much of the window was measured.
fn outlook<'v>(view: &View<'_>, width: usize) -> Line<'v> {
    let level = &view.derived.level;
    let mut line = Line::new();
    if let (Some(left), Some(first)) = (level.time_left, level.burning.first()) {
        let (role, words) = figures::time_left(left, view.world.impressions.terms.window());
        line = line.add(role, words);
        if width >= 48 && matches!(left, TimeLeft::In(_)) {
            line = line.muted(format!(" by the last {}", window(first.rule.long)));
        }
    }
    if let Some(budget) = level.budget.filter(|b| b.measured < b.period) {
        let known = TimeDelta::seconds(budget.measured.num_seconds());
        let gap = if line.spans.is_empty() { "" } else { "  " };
        line = line.muted(format!("{gap}measured {}", moment(known, "seconds")));
    }
    line
}

fn urgency(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Page => "page",
        Urgency::Ticket => "ticket",
    }
}

fn row<'v>(view: &View<'_>, burning: &Burning) -> Line<'v> {
    let (look, rule) = (view.look, burning.rule);
    let rate = |line: Line<'v>, columns: usize, rate: Option<f64>| match rate {
        Some(r) => {
            let role = if r < rule.threshold { Role::Text } else { Role::Bad };
            line.number(columns, role, &figures::burn(r), look)
        }
        None => line.number(columns, Role::Muted, "-", look),
    };
    // Upper case says without a colour that it holds.
    let name = urgency(rule.urgency);
    let line = Line::new();
    let line = if burning.holds() {
        line.cell(7, Role::Bad, &name.to_uppercase(), look)
    } else {
        line.cell(7, Role::Muted, name, look)
    };
    let line = rate(line.number(6, Role::Muted, &window(rule.long), look), 6, burning.long);
    let line = rate(line.number(7, Role::Muted, &window(rule.short), look), 5, burning.short);
    line.number(5, Role::Muted, &figures::burn(rule.threshold), look)
}

fn failures<'v>(view: &View<'_>) -> Line<'v> {
    let Some(outages) = &view.derived.level.outages else { return Line::new() };
    let (Some(between), Some(repair)) = (outages.mtbf(), outages.mttr()) else {
        return Line::new().add(Role::Ok, "no failure").muted(" in what was measured");
    };
    let line = Line::new().muted("MTBF ").text(brief(between)).muted("  MTTR ").text(brief(repair));
    if outages.list.last().is_some_and(|o| o.lasts) {
        return line.add(Role::Bad, "  failing");
    }
    line.muted(format!("  {}", plural(outages.list.len(), "failure", "failures")))
}

/// In one unit: `15 s`, `19 min`, `3 h`.
fn brief(time: TimeDelta) -> String {
    match time.num_seconds() {
        s @ 0..100 => format!("{s} s"),
        s @ 100..6000 => format!("{} min", s / 60),
        s @ 6000..172_800 => format!("{} h", s / 3600),
        s => format!("{} d", s / 86_400),
    }
}

/// The newest deployment with its downtime, where that was measured.
pub(super) fn deployment<'v>(view: &View<'v>) -> Option<(&'v Deployment, Option<Downtime>)> {
    let newest = view.world.service.as_ref()?.deployments.iter().max_by_key(|d| d.created_at)?;
    let (from, until) = stretch(view, newest)?;
    Some((newest, view.world.impressions.downtime(view.now, from, until)))
}

/// From the creation of a deployment to the end of its rollout, by the service's clock.
fn stretch(view: &View<'_>, deployment: &Deployment) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let axis = Axis::new(view, 1);
    let rolling = deployment.rollout_state.as_deref() == Some("IN_PROGRESS");
    let until = deployment.updated_at.filter(|_| !rolling).unwrap_or(view.now);
    Some((axis.service_time(deployment.created_at?), axis.service_time(until)))
}

fn record(view: &View<'_>) -> Option<Record> {
    let impressions = &view.world.impressions;
    let slo = impressions.slo(view.now)?;
    let level = &view.derived.level;
    let budget = level.budget?;
    let origin = impressions.series(view.now)?.0;
    let count = units::thousands;
    let mut record = Record::new("Error budget", "error-budget", &slo)
        .pair("objective", format!("{} of {}", impressions.terms.objective, window(budget.period)))
        .pair("left", format!("{:.2} %", budget.left() * 100.0))
        .pair(
            "requests",
            format!("{} succeeded, {} failed", count(budget.counts.good), count(budget.counts.bad)),
        )
        .pair("told by", origin.words())
        .pair(
            "measured",
            format!(
                "{} of {}; the rest is taken to be as busy and without a failure",
                units::duration(TimeDelta::seconds(budget.measured.num_seconds())),
                window(budget.period)
            ),
        )
        .maybe("outlook", level.time_left.map(|t| figures::time_left(t, budget.period).1))
        .head("burn rates: 1 spends all of the budget in its window; a rule holds where both windows burn");
    for b in &level.burning {
        let rate = |r: Option<f64>| r.map_or_else(|| "no request".to_owned(), figures::burn);
        let role = if b.holds() { Role::Bad } else { Role::Text };
        let words = format!(
            "{} over {}, {} over {}; holds from {}",
            rate(b.long),
            window(b.rule.long),
            rate(b.short),
            window(b.rule.short),
            figures::burn(b.rule.threshold)
        );
        let name = text::padded(&say(urgency(b.rule.urgency)), 7);
        record = record.quote(role, format!("{name} {}", say(words)));
    }
    if let Some((d, down)) = deployment(view) {
        let words = down.map_or_else(
            || "not measured from its beginning on".to_owned(),
            |d| {
                format!(
                    "{}, measured in steps of {}; {} of {} requests failed",
                    units::duration(d.down),
                    units::duration(d.within),
                    count(d.counts.bad),
                    count(d.counts.total())
                )
            },
        );
        record = record
            .head("last deployment")
            .quoted("what", revision(&d.task_definition))
            .maybe("created", d.created_at.map(|at| view.exact(at)))
            .pair("downtime", words);
    }
    if let Some(outages) = level.outages.as_ref().filter(|o| !o.list.is_empty()) {
        record = record.head("failures, the newest first").maybe("MTBF", outages.mtbf().map(units::duration));
        record = record.maybe("MTTR", outages.mttr().map(units::duration));
        for o in outages.list.iter().rev().take(20) {
            let lasts = if o.lasts { ", lasts" } else { "" };
            record = record.say(
                Role::Text,
                format!(
                    "{} UTC for {}{lasts}: {} of {} failed",
                    o.from.format("%m-%d %H:%M:%S"),
                    units::duration(o.until - o.from),
                    count(o.counts.bad),
                    count(o.counts.total())
                ),
            );
        }
    }
    Some(record)
}
