//! `miharu recommend`: what should be scaled and why. Reads only; nothing is applied.

use std::fmt::Write;
use std::process::ExitCode;

use color_eyre::eyre;
use serde_json::{Value, json};

use crate::config::model::Config;
use crate::domain::guardrail::{blocked_by, guardrails};
use crate::domain::planner;
use crate::domain::recommendation::{Recommendation, Severity};
use crate::domain::rules::{Input, Signals, evaluate};
use crate::domain::snapshot::Mode;
use crate::ui::text::printable;

/// Exit code when something of severity medium or high is to be done.
const SOMETHING_TO_DO: u8 = 3;

/// Evaluates every rule on a fresh reading and prints what they say.
pub fn run(config: &Config, json: bool) -> eyre::Result<ExitCode> {
    let Some(environment) = config.environments.first() else { return Ok(ExitCode::FAILURE) };
    let runtime = super::async_runtime()?;
    let (world, now) = runtime.block_on(super::snapshot::observe(config, environment));
    runtime.shutdown_background();
    let region = world.identity.as_ref().map(|i| i.region.clone()).unwrap_or_default();
    let policy = super::acting::policy(config, environment, &region);
    let signals = Signals::default();
    let input =
        Input { world: &world, policy: &policy, signals: &signals, environment: &environment.name, now };
    let mut found = evaluate(&input, &[]);
    for rec in &mut found.recommendations {
        let rails = guardrails(&input, rec, &[], Mode::Auto);
        for name in blocked_by(&rails, Mode::Auto) {
            if !rec.blocked_by.contains(&name) {
                rec.blocked_by.push(name);
            }
        }
        if rec.change.is_some()
            && let Ok(plan) = planner::plan(&input, rec, "preview".into())
        {
            rec.requests = planner::requests(&plan.steps);
        }
    }
    if json {
        let all: Vec<Value> = found.recommendations.iter().map(contract).collect();
        super::out(&serde_json::to_string_pretty(&json!({ "recommendations": all }))?)?;
    } else {
        super::out(text(&found.recommendations, &found.not_enough).trim_end())?;
    }
    let due = found.recommendations.iter().any(|r| r.severity >= Severity::Medium && r.change.is_some());
    let unread = world.sources.values().any(|s| s.at.is_none());
    Ok(match (due, unread && !found.not_enough.is_empty()) {
        (true, _) => ExitCode::from(SOMETHING_TO_DO),
        (false, true) => ExitCode::FAILURE,
        (false, false) => ExitCode::SUCCESS,
    })
}

/// The fields of DESIGN §2, in its order.
fn contract(r: &Recommendation) -> Value {
    json!({
        "id": r.id, "rule": r.rule, "severity": r.severity, "title": r.title, "reason": r.reason,
        "evidence": r.evidence, "change": r.change, "requests": r.requests, "effect": r.effect,
        "cost_usd_per_month": r.cost_usd_per_month, "reversible": r.reversible, "rollback": r.rollback,
        "blocked_by": r.blocked_by, "auto_allowed": r.auto_allowed,
    })
}

fn text(recommendations: &[Recommendation], not_enough: &[(&'static str, String)]) -> String {
    let mut out = String::new();
    if recommendations.is_empty() {
        out.push_str("nothing is to be done\n");
    }
    for r in recommendations {
        let _ = writeln!(out, "{:<6} {}  ({})", r.severity.word(), printable(&r.title), printable(&r.id));
        let _ = writeln!(out, "       {}", printable(&r.reason));
        let _ = writeln!(out, "       effect: {}", printable(&r.effect));
        if !r.blocked_by.is_empty() {
            let _ = writeln!(out, "       blocked by: {}", r.blocked_by.join(", "));
        }
        for request in &r.requests {
            let _ = writeln!(out, "       $ {}", printable(&request.cli));
        }
    }
    for (rule, why) in not_enough {
        let _ = writeln!(out, "?      {rule}: {}", printable(why));
    }
    out
}
