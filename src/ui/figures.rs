//! Numbers of impressions as they are written, with who told them.

use chrono::TimeDelta;

use crate::config::theme::Role;
use crate::domain::impressions::{Kind, Loss, Measure, Origin, Quantile};
use crate::domain::price::HOURS_A_MONTH;
use crate::domain::rules::cost;
use crate::domain::slo::{GOAL_PER_S, Objective, TimeLeft};
use crate::domain::source::{Failure, SourceId};
use crate::domain::units;
use crate::language::say;

use super::canvas::Line;
use super::text;
use super::timeline::window;
use super::view::View;

/// Values older than this are said to be.
const OLD: TimeDelta = TimeDelta::seconds(20);

/// CloudWatch is that late as a rule.
const OLD_OF_BALANCER: TimeDelta = TimeDelta::minutes(4);

/// Fractions that stand for so many percent digits.
const MILLI: f64 = 1e5;

/// `28 940/s`, `4.2/s`, `1.2 M/s`: eight columns at most.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
pub fn per_s(rate: f64) -> String {
    match rate {
        r if r < 9.95 && r.fract().abs() >= 0.05 => format!("{r:.1}/s"),
        r if r < 99_999.5 => format!("{}/s", units::thousands(r.max(0.0).round() as u64)),
        r if r < 999_500.0 => format!("{:.0} k/s", r / 1e3),
        r => format!("{:.1} M/s", r / 1e6),
    }
}

/// A share of successes: `99.962 %`. It never rounds up to all.
pub fn success(ratio: f64) -> String {
    if ratio >= 1.0 { "100 %".to_owned() } else { format!("{:.3} %", (ratio * MILLI).floor() / 1e3) }
}

/// A share that should be small: `0.038 %`, `12 %`; never rounds down to none.
pub fn small(ratio: f64) -> String {
    match ratio * 100.0 {
        p if p <= 0.0 => "0 %".to_owned(),
        p if p < 0.001 => "<0.001 %".to_owned(),
        p if p < 1.0 => format!("{p:.3} %"),
        p if p < 9.95 => format!("{p:.1} %"),
        p => format!("{p:.0} %"),
    }
}

/// `12.3 ms`, `1.25 s`.
pub fn seconds(s: f64) -> String {
    match s {
        s if s < 0.01 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 100.0 => format!("{s:.1} s"),
        s => format!("{s:.0} s"),
    }
}

/// A percentile: `12 ms`, `> 10.0 s` where the histogram ends.
pub fn quantile(q: Quantile) -> String {
    match q {
        Quantile::Within(s) => seconds(s),
        Quantile::Above(s) => format!("> {}", seconds(s)),
    }
}

/// A burn rate: `0.42`, `14.4`, `120`.
pub fn burn(rate: f64) -> String {
    match rate {
        0.0 => "0".to_owned(),
        r if r < 9.995 => format!("{r:.2}"),
        r if r < 99.95 => format!("{r:.1}"),
        r => format!("{r:.0}"),
    }
}

/// Who told a number; how old it is once that matters.
pub fn told(view: &View<'_>, measure: &Measure) -> (Role, String) {
    let usual = if measure.origin == Origin::Balancer { OLD_OF_BALANCER } else { OLD };
    if view.age(measure.at) > usual {
        return (Role::Stale, view.ago(measure.at));
    }
    (Role::Muted, measure.origin.words().to_owned())
}

/// Who told a number, over which time and when, for details.
pub fn exactly(view: &View<'_>, measure: &Measure) -> String {
    let exact = view.exact(measure.at);
    format!("{}, over {}, {}", measure.origin, units::duration(measure.over), say(exact))
}

/// Why a part of the impressions is not there although their source was read: what to configure.
pub fn not_there(view: &View<'_>, of_log: bool) -> (Role, String) {
    match view.source(SourceId::IMPRESSIONS) {
        Some(source) if source.at.is_some() && source.warnings.is_empty() && source.error.is_none() => {
            let set = if of_log {
                "no event log configured: set hakaru.datasource or HAKARU_DATASOURCENAME"
            } else {
                "no counters configured: set hakaru.metrics to the /metrics of hakaru and kakeru"
            };
            (Role::Muted, set.to_owned())
        }
        Some(source) if source.at.is_some() && source.error.is_none() => {
            let failure = source.warnings.first();
            let words = |f: &Failure| format!("{}: {}", say(f.class.word()), say(f.line()));
            (Role::Stale, failure.map_or_else(String::new, words))
        }
        _ => view.missing(SourceId::IMPRESSIONS),
    }
}

/// Words after a label, on as many lines as they take.
pub fn wrapped<'v>(label: &str, (role, words): (Role, String), width: usize) -> Vec<Line<'v>> {
    let label = say(label);
    let lines = text::wrap(&format!("{label}{}", say(words)), width);
    let mut first = true;
    lines
        .into_iter()
        .map(|line| match line.strip_prefix(label.as_ref()).filter(|_| std::mem::take(&mut first)) {
            Some(rest) => Line::new().quote(Role::Muted, label.to_string()).quote(role, rest.to_owned()),
            None => Line::new().quote(role, line),
        })
        .collect()
}

/// What is lost in words, with its uncertainty, and how bad that is.
pub fn lost(loss: &Loss, objective: Objective) -> (Role, String) {
    let count = |n: u64| units::thousands(n);
    let Some(ratio) = loss.ratio() else { return (Role::Unknown, "nothing came".to_owned()) };
    if loss.certain() {
        let role = if ratio > objective.allowed() { Role::Bad } else { Role::Warn };
        return (role, format!("{} ({})", count(loss.lost.unsigned_abs()), small(ratio)));
    }
    match loss.ratio_plus_minus().unwrap_or(1.0) {
        limit if limit >= 1.0 => (Role::Unknown, "too few to tell".to_owned()),
        limit if limit > 0.0 => (Role::Ok, format!("none above {}", small(limit))),
        _ => (Role::Ok, "none".to_owned()),
    }
}

/// When the budget is gone, of the window `period`. What lasts longer than that never is: old failures leave it.
pub fn time_left(left: TimeLeft, period: TimeDelta) -> (Role, String) {
    match left {
        TimeLeft::Gone => (Role::Bad, "the budget is gone".to_owned()),
        TimeLeft::In(time) if time >= period => (Role::Ok, format!("lasts {}", window(period))),
        TimeLeft::In(time) => {
            let role = if time < TimeDelta::days(1) { Role::Warn } else { Role::Text };
            (role, format!("gone in {}", units::duration(TimeDelta::seconds(time.num_seconds()))))
        }
        TimeLeft::Never => (Role::Ok, "nothing fails".to_owned()),
    }
}

/// What the goal takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Need {
    /// Instances that are enough for the goal if each takes what one was seen to take.
    pub instances: u64,
    /// Instances of hakaru that answer now.
    pub answering: u64,
    /// Dollars a month of the missing ones as tasks of the service's size; `None` where a price is unknown.
    pub cost_usd_per_month: Option<f64>,
}

/// How many instances the goal takes; `None` before a capacity was measured.
pub fn need(view: &View<'_>) -> Option<Need> {
    let impressions = &view.world.impressions;
    let instances = impressions.instances_for(GOAL_PER_S)?;
    let known = impressions.flow.last.iter().flat_map(|f| &f.instances);
    let answering = known.filter(|i| i.kind == Kind::Hakaru && i.error.is_none()).count() as u64;
    let missing = instances.saturating_sub(answering);
    Some(Need { instances, answering, cost_usd_per_month: task_month(view).map(|usd| usd * missing as f64) })
}

/// A month of one task of the service's size.
fn task_month(view: &View<'_>) -> Option<f64> {
    let service = view.world.service.as_ref()?;
    // Where some tasks run on Spot, which ones come or go is not known.
    if service.capacity_providers.iter().any(|(name, ..)| name != "FARGATE") {
        return None;
    }
    let size = cost::size(service.task_cpu.as_deref()?, service.task_memory.as_deref()?)?;
    let region =
        view.world.identity.as_ref().map(|i| i.region.as_str()).or(view.env.info.region.as_deref())?;
    cost::fargate(view.state.prices.get(region)?, size)
}

/// What a task costs that price, for details.
pub fn task_size(view: &View<'_>) -> Option<String> {
    let service = view.world.service.as_ref()?;
    let (cpu, memory) = (service.task_cpu.as_deref()?, service.task_memory.as_deref()?);
    let month = task_month(view)?;
    Some(format!(
        "a task of {}: {cpu} CPU units, {memory} MiB, ${:.2} a month of {HOURS_A_MONTH:.0} h on Fargate on demand",
        service.name, month
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_columns() {
        for (rate, words) in [
            (0.0, "0/s"),
            (4.25, "4.2/s"),
            (28_940.4, "28 940/s"),
            (99_999.4, "99 999/s"),
            (128_900.0, "129 k/s"),
            (1_234_567.0, "1.2 M/s"),
        ] {
            assert_eq!(per_s(rate), words);
            assert!(words.len() <= 8);
        }
        assert_eq!([0.999_999_9, 1.0, 0.999_62].map(success), ["99.999 %", "100 %", "99.962 %"]);
        assert_eq!([0.0, 1e-7, 0.000_38, 0.1234].map(small), ["0 %", "<0.001 %", "0.038 %", "12 %"]);
        assert_eq!([0.0012, 0.012, 1.25, 120.0].map(seconds), ["1.2 ms", "12 ms", "1.2 s", "120 s"]);
        assert_eq!([0.0, 0.4, 14.4, 120.4].map(burn), ["0", "0.40", "14.4", "120"]);
    }
}
