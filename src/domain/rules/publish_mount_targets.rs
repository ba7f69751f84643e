//! `publish-mount-targets`: the published list is not that of the available mount targets, or cannot be read.

use std::collections::BTreeSet;

use serde_json::json;

use super::look::{blank, evidence, plural};
use super::{Input, Rule};
use crate::domain::ecs::MountsBy;
use crate::domain::guardrail::name;
use crate::domain::recommendation::{Change, Evidence, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;

/// The rule.
pub(super) struct PublishMountTargets;

const NAME: &str = "publish-mount-targets";

impl Rule for PublishMountTargets {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        judge(input).unwrap_or_else(Finding::NotEnoughEvidence)
    }
}

/// The ids that are published: in order, or why the text cannot be read; `None`: there is no parameter.
type Listed = Option<Result<Vec<String>, String>>;

fn judge(input: &Input<'_>) -> Result<Finding, String> {
    let world = input.world;
    let listed_at = input.read_at(SourceId::SSM)?;
    let targets_at = input.read_at(SourceId::EFS)?;
    let targets = world.mount_targets.as_ref().ok_or("the mount targets are not known")?;
    let published = world.published.as_ref().ok_or("the published list is not known")?;
    let listed: Listed = published
        .as_ref()
        .map(|p| p.list().map(|l| l.mount_targets.into_iter().map(|e| e.mount_target_id).collect()));
    let available: Vec<&str> =
        targets.iter().filter(|t| t.is_available()).map(|t| t.mount_target_id.as_str()).collect();
    let by = input.mounts_by();
    if listed.is_none() {
        match by {
            MountsBy::Volume => return Ok(Finding::Fine),
            MountsBy::Unknown => {
                return Err("there is no published list, and whether tasks mount by one is not known".into());
            }
            MountsBy::List => {}
        }
    }
    let before: Vec<String> = listed.clone().and_then(Result::ok).unwrap_or_default();
    if matches!(listed, Some(Ok(_))) && same(&before, &available) {
        return Ok(Finding::Fine);
    }
    if available.is_empty()
        && let Some(target) = targets.iter().find(|t| t.state == "creating")
    {
        return Err(format!("no mount target is available yet; {} is creating", target.mount_target_id));
    }
    // A target that only changes is about to be available again: it keeps its place.
    if let Some(changing) = targets
        .iter()
        .find(|t| matches!(t.state.as_str(), "creating" | "updating") && before.contains(&t.mount_target_id))
    {
        return Err(format!(
            "{} is {}; the list is compared after that",
            changing.mount_target_id, changing.state
        ));
    }
    let current = published.as_ref().map(|p| &p.current);
    let evidence = vec![
        evidence("available mount targets", available.join(" "), "", Some(targets_at), SourceId::EFS),
        evidence("published", before.join(" "), "", Some(listed_at), SourceId::SSM),
        evidence("parameter version", current.map(|c| c.version), "", Some(listed_at), SourceId::SSM),
    ];
    if available.is_empty() {
        return Ok(Finding::Act(vec![nothing_to_publish(evidence)]));
    }
    let after = after(&before, &available);
    Ok(Finding::Act(vec![Recommendation {
        title: "publish the mount targets that are available".into(),
        reason: reason(published.as_ref().map(|p| p.parameter.as_str()), listed.as_ref(), &before, &available),
        evidence,
        effect: effect(by, listed.as_ref(), &before, &after),
        change: Some(Change { from: json!(listed.and_then(Result::ok)), to: json!(after) }),
        risk: "Somebody else may write the parameter at the same time: it has no compare-and-set, so the version is \
               compared right before and after."
            .into(),
        cost_usd_per_month: Some(0.0),
        rollback: "write the text before again".into(),
        reversible: current.is_some(),
        intent: Intent::Publish,
        ..blank(NAME, Severity::High)
    }]))
}

/// No target is left. An empty list would leave tasks that read it nothing to mount, and which targets the file
/// system should have is a human's to say: somebody took the last one away.
fn nothing_to_publish(evidence: Vec<Evidence>) -> Recommendation {
    Recommendation {
        title: "no mount target is available: tasks have no storage".into(),
        reason:
            "No mount target is available, and an empty list would leave tasks nothing to mount: create one \
                 where the tasks run, then the list is published."
                .into(),
        evidence,
        effect: "Nothing is changed before a mount target is available.".into(),
        risk: "none: nothing is changed".into(),
        cost_usd_per_month: Some(0.0),
        rollback: "nothing to take back".into(),
        blocked_by: vec![name::NOT_AVAILABLE.to_owned()],
        ..blank(NAME, Severity::High)
    }
}

/// The order is no difference; an entry twice is.
fn same(listed: &[String], available: &[&str]) -> bool {
    let set: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    set.len() == listed.len() && set == available.iter().copied().collect()
}

/// The entries that stay in their order, then the new ones.
fn after(before: &[String], available: &[&str]) -> Vec<String> {
    let mut after: Vec<String> = Vec::new();
    for id in
        before.iter().map(String::as_str).filter(|id| available.contains(id)).chain(available.iter().copied())
    {
        if !after.iter().any(|known| known == id) {
            after.push(id.to_owned());
        }
    }
    after
}

fn reason(
    parameter: Option<&str>,
    listed: Option<&Result<Vec<String>, String>>,
    before: &[String],
    available: &[&str],
) -> String {
    match (parameter, listed) {
        (Some(parameter), Some(Err(why))) => {
            format!(
                "{parameter} is {why}; {} available.",
                plural(available.len(), "mount target is", "mount targets are")
            )
        }
        (Some(parameter), _) => {
            let missing: Vec<&str> =
                available.iter().copied().filter(|id| !before.iter().any(|b| b == id)).collect();
            let gone: Vec<&str> =
                before.iter().map(String::as_str).filter(|id| !available.contains(id)).collect();
            let mut said = Vec::new();
            if !missing.is_empty() {
                said.push(format!(
                    "does not name {}, which {} available",
                    missing.join(", "),
                    are(missing.len())
                ));
            }
            if !gone.is_empty() {
                said.push(format!("names {}, which {} not available", gone.join(", "), are(gone.len())));
            }
            if said.is_empty() {
                said.push("names a mount target twice".to_owned());
            }
            format!(
                "{parameter} names {} and {} available: it {}.",
                plural(before.len(), "mount target", "mount targets"),
                plural(available.len(), "is", "are"),
                said.join(" and ")
            )
        }
        (None, _) => format!(
            "Tasks mount by the published list, which does not exist; {} available.",
            plural(available.len(), "mount target is", "mount targets are")
        ),
    }
}

fn are(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn effect(
    by: MountsBy,
    listed: Option<&Result<Vec<String>, String>>,
    before: &[String],
    after: &[String],
) -> String {
    let order = if matches!(listed, Some(Ok(_))) {
        "Entries that stay keep their order, new ones are appended."
    } else {
        "The order before cannot be known, so paths may be routed anew."
    };
    let routed = match by {
        MountsBy::Volume => {
            " Tasks mount by volume: the list does not route, other readers of it are served.".to_owned()
        }
        _ if matches!(listed, Some(Ok(_))) && before.len() != after.len() => format!(
            " Tasks read it when they start: those that run go on by the old one until they are redeployed, then the \
             number of entries goes from {} to {} and most paths are routed to another target.",
            before.len(),
            after.len()
        ),
        _ => " Tasks read it when they start: those that run go on as they are until they are redeployed."
            .to_owned(),
    };
    format!("{order}{routed}")
}
