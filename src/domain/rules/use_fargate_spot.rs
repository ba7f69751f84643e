//! `use-fargate-spot`: all tasks but the first on Fargate Spot.

use serde_json::json;

use super::look::{blank, evidence};
use super::{Input, Rule, cost};
use crate::domain::recommendation::{Change, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;

/// The rule.
pub(super) struct UseFargateSpot;

const NAME: &str = "use-fargate-spot";

impl Rule for UseFargateSpot {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        let (at, service) = match input.service() {
            Ok(known) => known,
            Err(why) => return Finding::NotEnoughEvidence(why),
        };
        // Anything but on-demand Fargate is another decision: Spot already, or instances of one's own.
        if service.capacity_providers.iter().any(|(name, ..)| name != "FARGATE") || service.desired < 2 {
            return Finding::Fine;
        }
        let size = service.task_cpu.as_deref().zip(service.task_memory.as_deref());
        let Some(size) = size.and_then(|(cpu, memory)| cost::size(cpu, memory)) else {
            return Finding::NotEnoughEvidence("the size of the task definition is not known".into());
        };
        let spot = service.desired - 1;
        let prices = &input.policy.prices;
        let each = cost::spot(prices, size).zip(cost::fargate(prices, size)).map(|(spot, full)| spot - full);
        Finding::Act(vec![Recommendation {
            title: format!("run {spot} of {} tasks on Fargate Spot", service.desired),
            reason: format!("All {} tasks are on demand; one on demand as a base is enough for tasks that may be interrupted.", service.desired),
            evidence: vec![
                evidence("desired", service.desired, "Count", Some(at), SourceId::ECS),
                evidence("capacity providers", json!(service.capacity_providers), "", Some(at), SourceId::ECS),
            ],
            change: Some(Change { from: json!("all on demand"), to: json!("on-demand base 1, Spot weight 1") }),
            effect: "Spot costs up to 70 % less than on demand.".into(),
            risk: "AWS takes Spot tasks back with two minutes' notice, several at once when capacity is short, and may \
                   not give new ones. The cluster must have the FARGATE and FARGATE_SPOT capacity providers. All \
                   tasks restart."
                .into(),
            cost_usd_per_month: each.map(|each| each * f64::from(spot)),
            rollback: "the capacity provider strategy before".into(),
            intent: Intent::FargateSpot,
            ..blank(NAME, Severity::Low)
        }])
    }
}
