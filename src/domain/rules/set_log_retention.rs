//! `set-log-retention:<group>`: logs that are kept for ever, or longer than wanted.

use serde_json::json;

use super::look::{blank, evidence};
use super::{Input, Rule};
use crate::domain::recommendation::{Change, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;

/// The rule.
pub(super) struct SetLogRetention;

const NAME: &str = "set-log-retention";
/// The log groups of the service's tasks come with the service.
const LOGS: SourceId = SourceId::ECS;

impl Rule for SetLogRetention {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        let at = match input.read_at(LOGS) {
            Ok(at) => at,
            Err(why) => return Finding::NotEnoughEvidence(why),
        };
        let Some(groups) = &input.world.log_groups else {
            return Finding::NotEnoughEvidence("the log groups are not known".into());
        };
        let days = input.policy.log_retention_days;
        let longer = groups.iter().filter(|(_, kept)| kept.is_none_or(|kept| kept > days));
        let found: Vec<_> = longer.map(|(group, kept)| one(group, *kept, days, at)).collect();
        if found.is_empty() { Finding::Fine } else { Finding::Act(found) }
    }
}

fn one(group: &str, kept: Option<u32>, days: u32, at: chrono::DateTime<chrono::Utc>) -> Recommendation {
    let now = kept.map_or("for ever".to_owned(), |kept| format!("for {kept} days"));
    Recommendation {
        id: format!("{NAME}:{group}"),
        title: format!("keep logs of {group} for {days} days"),
        reason: format!("{group} is kept {now}; {days} days are wanted."),
        evidence: vec![evidence("retention", kept, "Days", Some(at), LOGS)],
        change: Some(Change { from: json!(kept), to: json!(days) }),
        effect: format!("CloudWatch Logs deletes events older than {days} days, now and from then on."),
        risk: "What is deleted does not come back.".into(),
        reversible: false,
        rollback: "none: deleted events do not come back; a longer retention holds for later ones".into(),
        intent: Intent::LogRetention { log_group: group.to_owned(), days },
        ..blank(NAME, Severity::Low)
    }
}
