//! What lasts: each thing that is told when it begins, when it is another and when it ends.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::app::changes::Proposal;
use crate::domain::ecs::Deployment;
use crate::domain::freshness::{Freshness, SourceState};
use crate::domain::guardrail::name;
use crate::domain::recommendation::Severity;
use crate::domain::source::FailureClass;
use crate::ui::findings::{Finding, Level};
use crate::ui::proposal::{held_by, severity};
use crate::ui::view::{View, plural, revision};

/// What wavers about its limit is over only after this time.
const SETTLE: TimeDelta = TimeDelta::seconds(30);
/// Sources that fail one after the other for one cause are told together, at most this often.
const PACE: TimeDelta = TimeDelta::seconds(30);

/// Something that lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// The same as long as it lasts.
    pub key: String,
    pub level: Level,
    /// It is told again when this is another.
    pub mark: String,
    pub says: String,
    /// What its end says; empty: that is no news.
    pub over: String,
    /// How long it has to be gone before its end is told, in an operator's time.
    pub settle: TimeDelta,
    /// How long after it was told it may be told again, in an operator's time.
    pub pace: TimeDelta,
    /// At the start the summary tells it well enough.
    pub usual: bool,
}

impl Standing {
    fn new(key: impl Into<String>, level: Level, mark: impl Into<String>, says: String) -> Self {
        Self {
            key: key.into(),
            level,
            mark: mark.into(),
            says,
            over: String::new(),
            settle: TimeDelta::zero(),
            pace: TimeDelta::zero(),
            usual: false,
        }
    }
}

/// All that lasts now, the most urgent first.
pub(super) fn all(view: &View<'_>) -> Vec<Standing> {
    let mut out: Vec<Standing> = view.findings().iter().filter_map(found).collect();
    failing(view, &mut out);
    stale(view, &mut out);
    out.extend(view.derived.drift.iter().map(|drift| {
        let key = format!("drift/{}", drift.detail);
        Standing {
            over: format!("Drift is over: {}.", drift.detail),
            ..Standing::new(key, Level::Medium, "", format!("MEDIUM: drift: {}.", drift.detail))
        }
    }));
    let service = view.world.service.iter();
    out.extend(service.flat_map(|s| &s.deployments).filter_map(deployment));
    out.extend(view.env.changes.proposals.iter().map(|p| proposed(p, view)));
    changes(view, &mut out);
    out.sort_by_key(|s| s.level);
    out
}

/// How urgent, as it is said.
fn word(level: Level) -> &'static str {
    match level {
        Level::High => "HIGH",
        Level::Medium => "MEDIUM",
        Level::Low => "LOW",
    }
}

/// A finding, unless it is told in more detail here.
fn found(finding: &Finding) -> Option<Standing> {
    let Finding { level, key, title, detail, .. } = finding;
    let level = *level;
    let begins = |parts: &[&str]| parts.iter().any(|part| key.starts_with(part));
    if begins(&["source/", "rollout/", "stopped", "drift/", "target/"]) {
        return None;
    }
    // Where the numbers of the title are the news, and not only what they grow to.
    let counted = begins(&["running", "unhealthy", "hakaru/", "probe/"]);
    let wavers = begins(&["load/", "loss", "burn", "files"]);
    let says = match detail.trim() {
        "" => format!("{}: {title}.", word(level)),
        detail => format!("{}: {title}. {}.", word(level), detail.trim_end_matches('.')),
    };
    let mark = if counted { title.clone() } else { word(level).to_owned() };
    Some(Standing {
        over: format!("Over: {title}."),
        settle: if wavers { SETTLE } else { TimeDelta::zero() },
        ..Standing::new(key, level, mark, says)
    })
}

/// Names of sources: `efs, ecs`.
fn names(sources: &[&SourceState]) -> String {
    sources.iter().map(|s| s.id.0).collect::<Vec<_>>().join(", ")
}

/// One cause often stops many sources: they are one thing.
fn failing(view: &View<'_>, out: &mut Vec<Standing>) {
    let mut groups: BTreeMap<&'static str, (FailureClass, Vec<&SourceState>)> = BTreeMap::new();
    for source in view.world.sources.values() {
        if let Some(error) = &source.error {
            groups.entry(error.class.word()).or_insert((error.class, Vec::new())).1.push(source);
        }
    }
    for (class_word, (class, members)) in groups {
        let Some(error) = members.first().and_then(|s| s.error.as_ref()) else { continue };
        let never = members.iter().any(|s| s.at.is_none());
        let level = match class {
            FailureClass::Credentials => Level::High,
            FailureClass::Denied if never => Level::High,
            _ => Level::Medium,
        };
        let who = names(&members);
        let (urgent, why, remedy) = (word(level), error.line(), error.remedy());
        let why = why.trim_end_matches('.');
        let says = format!("{urgent}: failing, {class_word}: {who}. {why}. Remedy: {remedy}.");
        out.push(Standing {
            over: format!("Recovered, no longer {class_word}: {who}."),
            pace: PACE,
            ..Standing::new(format!("failing/{class_word}"), level, who, says)
        });
    }
}

fn stale(view: &View<'_>, out: &mut Vec<Standing>) {
    let old: Vec<&SourceState> =
        view.world.sources.values().filter(|s| s.freshness(view.now) == Freshness::Stale).collect();
    if old.is_empty() {
        return;
    }
    let who = names(&old);
    let says = format!("MEDIUM: stale: {who}. What was read last stays; nothing may be decided on it.");
    out.push(Standing {
        over: format!("Fresh again: {who}."),
        pace: PACE,
        ..Standing::new("stale", Level::Medium, who, says)
    });
}

/// A deployment, unless ECS keeps it only for the record.
fn deployment(d: &Deployment) -> Option<Standing> {
    let state = d.rollout_state.as_deref().unwrap_or_default();
    let (name, reason) = (revision(&d.task_definition), d.reason.as_deref().unwrap_or_default());
    let (running, desired) = (d.running, d.desired);
    let reason = reason.trim_end_matches('.');
    let (level, says) = match state {
        "FAILED" => (Level::High, format!("HIGH: deployment FAILED: {name}. {reason}.")),
        "IN_PROGRESS" if d.failed > 0 => {
            let failed = plural(d.failed as usize, "task", "tasks");
            (Level::High, format!("HIGH: deployment in trouble: {name}, {failed} failed to start. {reason}."))
        }
        "IN_PROGRESS" => {
            (Level::Low, format!("Deployment in progress: {name}, {running} of {desired} tasks running."))
        }
        "COMPLETED" if d.status == "PRIMARY" => {
            (Level::Low, format!("Deployment completed: {name}, {running} of {desired} tasks running."))
        }
        _ => return None,
    };
    let mark = format!("{state} {}", d.failed > 0);
    let usual = state == "COMPLETED";
    Some(Standing { usual, ..Standing::new(format!("deployment/{}", d.id), level, mark, says) })
}

/// A recommendation. What watches here is read-only, which holds back nothing elsewhere.
fn proposed(proposal: &Proposal, view: &View<'_>) -> Standing {
    let rec = &proposal.recommendation;
    let level = match rec.severity {
        Severity::High => Level::High,
        Severity::Medium => Level::Medium,
        Severity::Low => Level::Low,
    };
    let held: Vec<&str> = held_by(proposal).into_iter().filter(|n| *n != name::READ_ONLY).collect();
    let (id, what, reason) = (&rec.id, &rec.title, rec.reason.trim_end_matches('.'));
    let word = severity(rec.severity).1;
    let says = if !held.is_empty() {
        let held = held.join(", ");
        format!("{word}: recommended, but held back by {held}: {what}. {reason}.")
    } else if proposal.plan.is_ok() && view.state.demo.is_none() {
        format!("{word}: recommended: {what}. {reason}. To apply it: miharu apply {id}.")
    } else {
        format!("{word}: recommended: {what}. {reason}.")
    };
    Standing {
        over: format!("No longer recommended: {what}."),
        settle: SETTLE,
        ..Standing::new(format!("recommended/{}", rec.id), level, word, says)
    }
}

/// The change in flight, the journal, a freeze.
fn changes(view: &View<'_>, out: &mut Vec<Standing>) {
    let changes = &view.env.changes;
    if let Some(progress) = &changes.in_flight {
        let (title, step, of, waits) = (&progress.title, progress.step, progress.of, &progress.waiting_for);
        let says = if waits.is_empty() {
            format!("Change in flight, step {step} of {of}: {title}.")
        } else {
            format!("Change in flight, step {step} of {of}: {title}. It waits for {waits}.")
        };
        // What a step waits for is told with every poll of it; that it waits, once.
        let mark = format!("{step} {}", waits.is_empty());
        out.push(Standing::new(format!("change/{}", progress.change), Level::Medium, mark, says));
    }
    if let Some(why) = &changes.journal_error {
        let says = format!("HIGH: the journal cannot be read: {}.", why.trim_end_matches('.'));
        out.push(Standing {
            over: "The journal answers again.".to_owned(),
            ..Standing::new("journal", Level::High, why, says)
        });
    }
    if let Some((by, until)) = &changes.brakes.frozen {
        let until = until.format("%Y-%m-%d %H:%M UTC");
        let says = format!("All changes are frozen by {by} until {until}.");
        out.push(Standing {
            over: "Changes are no longer frozen.".to_owned(),
            ..Standing::new("changes/frozen", Level::Medium, by, says)
        });
    }
}
