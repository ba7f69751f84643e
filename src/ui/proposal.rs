//! Words about proposals and changes that more than one panel uses.

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::changes::{Brakes, Proposal};
use crate::config::theme::Role;
use crate::domain::recommendation::Severity;
use crate::domain::snapshot::Mode;
use crate::domain::units;
use crate::language::say;

use super::view::View;

/// Word and role of a severity.
pub fn severity(severity: Severity) -> (Role, &'static str) {
    match severity {
        Severity::High => (Role::Bad, "HIGH"),
        Severity::Medium => (Role::Warn, "MEDIUM"),
        Severity::Low => (Role::Muted, "LOW"),
    }
}

/// Word, role and meaning of the mode with its arming.
pub fn mode(brakes: &Brakes) -> (Role, &'static str, &'static str) {
    match (brakes.mode, brakes.armed) {
        (Mode::Observe, _) => (Role::Bar, "OBSERVE", "shows, changes nothing"),
        (Mode::Approve, _) => (Role::Bar, "APPROVE", "applies what you approve"),
        (Mode::Auto, false) => (Role::Warn, "AUTO disarmed", "applies nothing by itself"),
        (Mode::Auto, true) => (Role::Bad, "AUTO ARMED", "applies inside the guardrails"),
    }
}

/// What holds a proposal back, by name, each once.
pub fn held_by(proposal: &Proposal) -> Vec<&str> {
    let mut names: Vec<&str> = proposal.held_by().map(|g| g.name.as_str()).collect();
    for name in &proposal.recommendation.blocked_by {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// What a proposal waits for, in a word or two.
pub fn standing(proposal: &Proposal, view: &View<'_>) -> (Role, String) {
    let held = held_by(proposal);
    if !held.is_empty() {
        return (Role::Warn, format!("held: {}", held.join(", ")));
    }
    if let Some(decision) = &proposal.decision {
        return match &decision.rejected {
            Some(reason) => (Role::Muted, format!("rejected: {reason}")),
            None => (Role::Muted, format!("put off, again {}", countdown(decision.until, view.now))),
        };
    }
    if proposal.plan.is_ok()
        && let Some(guardrail) = proposal.settling().next()
    {
        return (Role::Muted, format!("settling: {}", guardrail.name));
    }
    if by_itself(proposal, view) {
        let held = proposal.guardrails.iter().find(|g| g.stops(Mode::Auto));
        return match held {
            Some(guardrail) => (Role::Warn, format!("auto waits: {}", guardrail.name)),
            None => (Role::Bad, "auto mode applies it".into()),
        };
    }
    match (&proposal.plan, view.env.changes.brakes.mode) {
        (Err(_), _) => (Role::Muted, "no plan".into()),
        (Ok(_), Mode::Observe) => (Role::Muted, "only observed".into()),
        (Ok(_), _) if proposal.recommendation.severity == Severity::Low => {
            (Role::Text, "may be approved".into())
        }
        (Ok(_), _) => (Role::Accent, "waits for a decision".into()),
    }
}

/// Whether auto mode is armed and may apply it.
fn by_itself(proposal: &Proposal, view: &View<'_>) -> bool {
    let brakes = &view.env.changes.brakes;
    brakes.mode == Mode::Auto && brakes.armed && proposal.recommendation.auto_allowed && proposal.plan.is_ok()
}

/// How many that matter wait for a decision, and the most severe of them. Advice on cost and size does not alarm.
pub fn waiting<'v>(view: &View<'v>) -> Option<(usize, &'v Proposal)> {
    if view.env.changes.brakes.mode == Mode::Observe {
        return None;
    }
    let mut all = view
        .env
        .changes
        .proposals
        .iter()
        .filter(|p| p.waits() && !by_itself(p, view) && p.recommendation.severity >= Severity::Medium);
    let first = all.clone().max_by(|a, b| {
        // of equals the first, which max_by would give last
        a.recommendation.severity.cmp(&b.recommendation.severity).then(std::cmp::Ordering::Greater)
    })?;
    Some((all.by_ref().count(), first))
}

/// `in 4 min 10 s`, `over`.
pub fn countdown(until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = TimeDelta::seconds((until - now).num_seconds());
    if left > TimeDelta::zero() { format!("in {}", units::duration(left)) } else { "over".into() }
}

/// A JSON value as a person reads it: text without quotes, numbers with spaces between thousands, members by name.
pub fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "none".into(),
        serde_json::Value::String(text) if text.is_empty() => "none".into(),
        serde_json::Value::Array(list) if list.is_empty() => "none".into(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(n) => n.as_u64().map_or_else(|| n.to_string(), units::thousands),
        serde_json::Value::Bool(yes) => if *yes { "yes" } else { "no" }.into(),
        serde_json::Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        serde_json::Value::Object(members) => {
            let member = |(name, value): (&String, &serde_json::Value)| {
                format!("{} {}", say(name.replace('_', " ")), plain(value))
            };
            members.iter().map(member).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Dollars a month, more or less.
pub fn cost(usd: Option<f64>) -> String {
    match usd {
        None => "not known: a price is missing".into(),
        Some(usd) if usd.abs() < 0.005 => "no difference".into(),
        Some(usd) if usd < 0.0 => format!("${:.2} a month less", -usd),
        Some(usd) => format!("${usd:.2} a month more"),
    }
}
