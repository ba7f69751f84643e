//! A change before it is applied: reason, evidence, guardrails, exact requests, effect, risk, cost, rollback; as text
//! or as JSON.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::domain::guardrail::{Binds, Guardrail};
use crate::domain::plan::{Plan, Step, Until};
use crate::domain::recommendation::{Evidence, Recommendation};
use crate::domain::units;
use crate::language::say;
use crate::ui::proposal::{cost, plain};
use crate::ui::text::printable;

/// What would be done and why.
pub struct Proposal<'a> {
    /// What is recommended.
    pub recommendation: &'a Recommendation,
    /// What holds it back, or could.
    pub guardrails: &'a [Guardrail],
    /// How it would be done; else why it cannot be.
    pub plan: Result<&'a Plan, &'a str>,
    /// When this was evaluated.
    pub now: DateTime<Utc>,
}

/// The fields of a recommendation in DESIGN §2, in its order.
pub fn contract(r: &Recommendation) -> Value {
    json!({
        "id": r.id, "rule": r.rule, "severity": r.severity, "title": r.title, "reason": r.reason,
        "evidence": r.evidence, "change": r.change, "requests": r.requests, "effect": r.effect,
        "cost_usd_per_month": r.cost_usd_per_month, "reversible": r.reversible, "rollback": r.rollback,
        "blocked_by": r.blocked_by, "auto_allowed": r.auto_allowed,
    })
}

impl Proposal<'_> {
    /// One JSON object.
    pub fn json(&self) -> Value {
        let mut recommendation = contract(self.recommendation);
        if let Some(members) = recommendation.as_object_mut() {
            members.insert("risk".into(), json!(self.recommendation.risk));
        }
        json!({
            "recommendation": recommendation,
            "guardrails": self.guardrails,
            "plan": self.plan.ok(),
            "why_no_plan": self.plan.err(),
        })
    }

    /// Lines of text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let r = self.recommendation;
        let (title, severity) = (say(r.title.as_str()), say(r.severity.word()));
        quote(&mut out, 0, &format!("{title}  ({}, {severity})", r.id));
        line(&mut out, 2, &r.reason);
        line(&mut out, 0, "evidence");
        for evidence in &r.evidence {
            quote(&mut out, 2, &self.evidence(evidence));
        }
        line(&mut out, 0, "guardrails");
        for guardrail in self.guardrails {
            quote(&mut out, 2, &self.guardrail(guardrail));
        }
        if self.guardrails.is_empty() {
            line(&mut out, 2, "none concerns it");
        }
        line(&mut out, 0, &format!("effect: {}", r.effect));
        line(&mut out, 0, &format!("risk: {}", r.risk));
        line(&mut out, 0, &format!("cost: {}", cost(r.cost_usd_per_month)));
        match self.plan {
            Err(why) => line(&mut out, 0, &format!("no plan: {why}")),
            Ok(plan) => {
                line(
                    &mut out,
                    0,
                    &format!("plan, to be begun before {}", plan.expires_at.format("%H:%M:%SZ")),
                );
                steps(&mut out, &plan.steps);
                line(&mut out, 0, &format!("rollback: {}", r.rollback));
                match plan.rollback.as_deref() {
                    Some(back) => steps(&mut out, back),
                    None if plan.restart_only => line(&mut out, 2, "restart only: nothing to return to"),
                    None => line(&mut out, 2, "there is no plan that takes it back"),
                }
            }
        }
        out
    }

    fn evidence(&self, e: &Evidence) -> String {
        let unit = if e.unit.is_empty() { String::new() } else { format!(" {}", e.unit) };
        let age = e.at.map_or_else(
            || "time not known".to_owned(),
            |at| format!("{} ago", units::duration(TimeDelta::seconds((self.now - at).num_seconds().max(0)))),
        );
        format!("{} {}{unit}  ({}, {})", say(e.name.as_str()), say(plain(&e.value)), e.source, say(age))
    }

    fn guardrail(&self, g: &Guardrail) -> String {
        let word = match (g.holds, g.binds) {
            (false, _) => "free",
            (true, Binds::All) => "HOLDS",
            (true, Binds::Auto) => "holds auto mode only",
        };
        let ends = g.until.filter(|_| g.holds).map_or_else(String::new, |until| {
            format!(", ends in {}", units::duration(TimeDelta::seconds((until - self.now).num_seconds())))
        });
        format!("{}: {}{}; {}", g.name, say(word), say(ends), say(g.detail.as_str()))
    }
}

fn line(out: &mut String, margin: usize, text: &str) {
    quote(out, margin, &say(text));
}

/// A line that is said already.
fn quote(out: &mut String, margin: usize, text: &str) {
    let _ = writeln!(out, "{:margin$}{}", "", printable(text));
}

fn steps(out: &mut String, steps: &[Step]) {
    for step in steps {
        let (title, waits) = (say(step.title.as_str()), waits_for(&step.until));
        let within = format!(", within {}", humantime::format_duration(step.deadline));
        quote(out, 2, &format!("{}. {title}; {}{}", step.n, say(waits), say(within)));
        quote(out, 5, &format!("{} {} {}", step.request.service, step.request.operation, step.request.input));
        quote(out, 5, &format!("$ {}", step.request.cli));
    }
}

fn waits_for(until: &Until) -> String {
    match until {
        Until::Answered => "the answer is enough".into(),
        Until::MountTargetAvailable => "until the mount target is available".into(),
        Until::MountTargetGone { mount_target_id } => format!("until {mount_target_id} is gone"),
        Until::Converged => "until the service is steady and no task runs by an older list".into(),
        Until::ThroughputSet => "until the throughput is as asked".into(),
    }
}
