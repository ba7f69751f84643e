//! What of the impressions needs attention: the burning budget, loss that no status code shows, and instances
//! that cannot record.

use chrono::TimeDelta;

use crate::domain::burn::Urgency;
use crate::domain::impressions::{Instance, Kind, Loss};
use crate::domain::slo::Objective;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::figures;
use crate::ui::timeline::window;
use crate::ui::view::{View, plural};

use super::{Finding, Level, New};

/// Comparisons that ended longer ago say nothing of now.
const OLD: TimeDelta = TimeDelta::minutes(2);

pub(super) fn add(view: &View<'_>, out: &mut Vec<Finding>) {
    if !view.world.impressions.is_known() {
        return;
    }
    let source = view.world.impressions.series(view.now).map_or(SourceId::IMPRESSIONS, |s| s.0.source());
    let mut new = New(out, source);
    budget(view, &mut new);
    loss(view, &mut new);
    instances(view, &mut New(out, SourceId::IMPRESSIONS));
}

fn budget(view: &View<'_>, new: &mut New<'_>) {
    let level = &view.derived.level;
    let Some(budget) = level.budget else { return };
    let left = format!("{:.0} % of the budget left", budget.left() * 100.0);
    if let Some(burning) = &level.alarm {
        let (rule, rate) = (burning.rule, |r: Option<f64>| r.map_or_else(String::new, figures::burn));
        let page = rule.urgency == Urgency::Page;
        let left = match level.time_left.map(|t| figures::time_left(t, budget.period).1) {
            Some(gone) => format!("{}, {}", say(left.as_str()), say(gone)),
            None => left.clone(),
        };
        new.add(
            if page { Level::High } else { Level::Medium },
            "burn",
            format!("error budget burns {} times too fast", rate(burning.long)),
            format!(
                "{} over {}, {} over {}; {} is the limit. {left}.",
                rate(burning.long),
                window(rule.long),
                rate(burning.short),
                window(rule.short),
                figures::burn(rule.threshold)
            ),
        );
    }
    if budget.spent >= 1.0 {
        new.add(
            Level::Medium,
            "budget",
            "the error budget is spent".to_owned(),
            format!("Objective {} of {}: {left}.", objective(view), window(budget.period)),
        );
    }
}

fn objective(view: &View<'_>) -> Objective {
    view.world.impressions.terms.objective
}

fn loss(view: &View<'_>, new: &mut New<'_>) {
    let Some(loss) = view.derived.level.loss.filter(Loss::certain) else { return };
    if view.world.impressions.service_now(view.now) - loss.to > OLD + TimeDelta::minutes(3) {
        return;
    }
    let ratio = loss.ratio().unwrap_or(0.0);
    let level = if ratio > objective(view).allowed() { Level::High } else { Level::Medium };
    new.add(
        level,
        "loss",
        format!("{} of the accepted impressions are lost", figures::small(ratio)),
        format!(
            "{} accepted by {} in {}, {} recorded: answered with success and not in the event log.",
            units::thousands(loss.accepted),
            loss.origin,
            units::duration(TimeDelta::seconds((loss.to - loss.from).num_seconds())),
            units::thousands(loss.recorded)
        ),
    );
}

fn instances(view: &View<'_>, new: &mut New<'_>) {
    let all = || {
        let last = view.world.impressions.flow.last.iter();
        last.flat_map(|f| &f.instances).filter(|i| i.kind == Kind::Hakaru && i.error.is_none())
    };
    let mut tell = |key, what, bad: Vec<&Instance>, why: &str| {
        let Some(first) = bad.first() else { return };
        let title = format!("{} {what}", plural(bad.len(), "hakaru", "hakarus"));
        new.add(Level::High, key, title, format!("{}: {why}", first.name));
    };
    tell(
        "hakaru/database",
        "without a database",
        all().filter(|i| i.database_up == Some(false)).collect(),
        "its database takes no impressions; see its log and the database.",
    );
    tell(
        "hakaru/health",
        "unhealthy",
        all().filter(|i| i.healthy == Some(false) && i.database_up != Some(false)).collect(),
        "its health check fails, so the balancer takes it out.",
    );
}
