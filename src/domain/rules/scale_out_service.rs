//! `scale-out-service`: the load asks for more tasks.

use super::load::{Load, Way, with_note};
use super::look::{blank, evidence, plural};
use super::{Input, Rule, cost};
use crate::domain::ecs::Service;
use crate::domain::guardrail::name;
use crate::domain::recommendation::{Evidence, Finding, Recommendation, Severity};
use crate::domain::source::SourceId;

/// The rule.
pub(super) struct ScaleOutService;

const NAME: &str = "scale-out-service";

impl Rule for ScaleOutService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        let (at, service) = match input.service() {
            Ok(known) => known,
            Err(why) => return Finding::NotEnoughEvidence(why),
        };
        // Nothing wanted is a decision of somebody, not a shortage.
        if service.desired == 0 {
            return Finding::Fine;
        }
        let load = Load::of(input);
        let (asked, reason, facts) = match &load {
            _ if service.desired < input.policy.min_tasks => {
                let least = plural(input.policy.min_tasks as usize, "task", "tasks");
                let reason = format!("{} of at least {least} wanted", service.desired);
                let facts = vec![evidence("desired", service.desired, "Count", Some(at), SourceId::ECS)];
                (input.policy.min_tasks.max(load.as_ref().map_or(0, Load::answer)), reason, facts)
            }
            Err(why) => return Finding::NotEnoughEvidence(why.clone()),
            Ok(load) => (load.answer(), load.words(), load.evidence()),
        };
        if asked <= service.desired {
            return Finding::Fine;
        }
        act(input, service, asked, &reason, facts)
    }
}

/// The most tasks a step may lead to: a share of them more, at least one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
fn step(input: &Input<'_>, desired: u32) -> u32 {
    let more = (f64::from(desired) * input.policy.max_step_ratio.clamp(0.0, 1.0)).floor() as u32;
    desired.saturating_add(more.max(1))
}

/// Addresses left in the service's subnets; each task needs one. `None` where a subnet's are not known.
fn free_addresses(input: &Input<'_>, service: &Service) -> Option<u32> {
    input.read_at(SourceId::SUBNETS).ok()?;
    let subnets = input.world.subnets.as_ref()?;
    service
        .subnets
        .iter()
        .map(|id| subnets.iter().find(|s| s.id == *id)?.free_addresses)
        .try_fold(0_u32, |sum, free| Some(sum.saturating_add(free?)))
        .filter(|_| !service.subnets.is_empty())
}

fn act(input: &Input<'_>, service: &Service, asked: u32, reason: &str, facts: Vec<Evidence>) -> Finding {
    let from = service.desired;
    let room = free_addresses(input, service).map_or(u32::MAX, |free| from.saturating_add(free));
    let to = asked.min(step(input, from)).min(input.policy.max_tasks).min(room);
    let rec = Recommendation { evidence: facts, ..blank(NAME, Severity::High) };
    if to <= from {
        let why = if room <= from {
            "no subnet of the service has a free address".to_owned()
        } else {
            format!(
                "{} is the limit (scaling.max_tasks)",
                plural(input.policy.max_tasks as usize, "task", "tasks")
            )
        };
        return Finding::Act(vec![Recommendation {
            severity: Severity::Low,
            title: "more tasks are needed, but the limit is reached".into(),
            reason: format!("{reason}: {asked} tasks instead of {from}, but {why}."),
            effect: "What helps: a higher limit, bigger tasks (resize-task), or more subnets.".into(),
            risk: "none: nothing is changed".into(),
            cost_usd_per_month: Some(0.0),
            rollback: "nothing to take back".into(),
            blocked_by: vec![name::LIMIT.to_owned()],
            ..rec
        }]);
    }
    let Way::Change { intent, change, note } = Way::of(input, service, to) else { return Finding::Fine };
    let stepped = if to < asked { format!(" One step leads to {to}.") } else { String::new() };
    Finding::Act(vec![Recommendation {
        title: format!("run {} instead of {from}", plural(to as usize, "task", "tasks")),
        reason: format!("{reason}: {asked} instead of {from}.{stepped}"),
        effect: with_note(
            format!(
                "{} more; the load of each falls to about {:.0} % of what it is.",
                plural((to - from) as usize, "task", "tasks"),
                100.0 * f64::from(from) / f64::from(to)
            ),
            &note,
        ),
        risk: "A load that no number of tasks relieves (the file system, a database) stays.".into(),
        change: Some(change),
        cost_usd_per_month: cost::tasks(input, service, i64::from(to) - i64::from(from)),
        rollback: format!("back to {from}"),
        intent,
        ..rec
    }])
}
