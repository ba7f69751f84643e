//! `scale-in-service`: all signals agree that fewer tasks are enough.

use super::load::{Load, Way, with_note};
use super::look::{blank, plural};
use super::{Input, Rule, cost};
use crate::domain::recommendation::{Finding, Recommendation, Severity};

/// The rule.
pub(super) struct ScaleInService;

const NAME: &str = "scale-in-service";

impl Rule for ScaleInService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        let load = match Load::of(input) {
            Ok(load) => load,
            Err(why) => return Finding::NotEnoughEvidence(why),
        };
        let service = load.service;
        let from = service.desired;
        if !load.missing.is_empty() {
            let missing = load.missing.join(" and ");
            return Finding::NotEnoughEvidence(format!(
                "{missing} unknown: missing data never takes tasks away"
            ));
        }
        if load.answer() >= from || from <= input.policy.min_tasks.max(1) {
            return Finding::Fine;
        }
        let to = from - 1;
        let Way::Change { intent, change, note } = Way::of(input, service, to) else { return Finding::Fine };
        Finding::Act(vec![Recommendation {
            title: format!("run {} instead of {from}", plural(to as usize, "task", "tasks")),
            reason: format!("{}: {} would be enough for all of them; one at a time.", load.words(), load.answer().max(1)),
            evidence: load.evidence(),
            effect: with_note(
                format!("One task fewer; the load of each rises to about {:.0} % of what it is.", 100.0 * f64::from(from) / f64::from(to)),
                &note,
            ),
            risk: "Requests of the task that stops are cut off unless it drains; a wave of load meets fewer tasks.".into(),
            change: Some(change),
            cost_usd_per_month: cost::tasks(input, service, -1),
            rollback: format!("back to {from}"),
            intent,
            ..blank(NAME, Severity::Medium)
        }])
    }
}
