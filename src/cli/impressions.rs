//! The impressions of a snapshot as lines of text.

use chrono::{DateTime, Utc};

use crate::domain::impressions::{Impressions, Measure};
use crate::domain::slo::TimeLeft;
use crate::domain::units::{self, duration};

/// Lines, and whether each is a title. Nothing where impressions are not measured.
pub(super) fn lines(impressions: &Impressions, now: DateTime<Utc>) -> Vec<(String, bool)> {
    if !impressions.is_known() {
        return Vec::new();
    }
    let mut out = vec![(head(impressions, now), true)];
    let mut line = |text: String| out.push((text, false));
    if let Some(last) = &impressions.recorded.last {
        let lag = impressions.lag_s().map(|s| format!(", newest row {s:.0} s old")).unwrap_or_default();
        let behind =
            if last.behind > 0 { format!(", {} ids left to read", last.behind) } else { String::new() };
        line(format!(
            "event log on {}{lag}{behind}; read by {} statements over {} rows in {} ms",
            last.database,
            last.cost.statements,
            units::thousands(last.cost.rows),
            last.cost.took_ms
        ));
        last.notes.iter().for_each(|note| line(format!("note: {note}")));
    }
    for (name, per_s) in impressions.recorded.by_name() {
        line(format!("{name}: {per_s:.1}/s"));
    }
    if let Some(loss) = impressions.loss(now) {
        let ratio = |r: Option<f64>| r.map_or_else(|| "-".to_owned(), |r| format!("{:.3} %", r * 100.0));
        line(format!(
            "loss {} (± {}): {} accepted ({}), {} recorded, {} waiting, over {}",
            ratio(loss.ratio()),
            ratio(loss.ratio_plus_minus()),
            units::thousands(loss.accepted),
            loss.origin,
            units::thousands(loss.recorded),
            loss.waiting,
            duration(loss.to - loss.from)
        ));
    }
    if let Some(budget) = impressions.budget(now) {
        let burn = impressions.burn(now, chrono::TimeDelta::hours(1));
        let gone = match burn.map(|burn| budget.time_left(burn)) {
            Some(TimeLeft::Gone) => ", gone".to_owned(),
            Some(TimeLeft::In(time)) => format!(", gone in {} at this rate", duration(time)),
            Some(TimeLeft::Never) | None => String::new(),
        };
        line(format!(
            "objective {}: {:.1} % of the budget of {} left{gone} ({} of it measured)",
            impressions.terms.objective,
            budget.left() * 100.0,
            duration(budget.period),
            duration(budget.measured)
        ));
    }
    out
}

fn head(impressions: &Impressions, now: DateTime<Utc>) -> String {
    let said = |name: &str, measure: Option<Measure>, show: &dyn Fn(f64) -> String| match measure {
        Some(m) => {
            let age = duration((now - m.at).max(chrono::TimeDelta::zero()));
            format!("{name} {} ({}, {age} ago)", show(m.value), m.origin)
        }
        None => format!("{name} unknown"),
    };
    let per_s = |value: f64| format!("{value:.1}/s");
    format!(
        "Impressions: {}, {}, {}",
        said("recorded", impressions.recorded_per_s(), &per_s),
        said("accepted", impressions.accepted_per_s(now), &per_s),
        said("success", impressions.success_ratio(now), &|ratio| format!("{:.3} %", ratio * 100.0)),
    )
}
