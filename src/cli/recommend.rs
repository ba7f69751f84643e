//! `miharu recommend`: what should be scaled and why. Reads only; nothing is applied.

use std::fmt::Write;
use std::process::ExitCode;

use color_eyre::eyre;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::guardrail::{blocked_by, guardrails};
use crate::domain::journal::Entry;
use crate::domain::planner;
use crate::domain::recommendation::{Recommendation, Severity};
use crate::domain::rules::{Evaluated, Input, Signals, evaluate};
use crate::domain::snapshot::Mode;
use crate::domain::source::SourceId;
use crate::domain::world::World;
use crate::language::say;
use crate::store::{JournalError, Query};
use crate::ui::text::{padded, printable};

use super::apply::HISTORY;

/// Sources that rules reason from; what the others see is only shown.
const NEEDED: [SourceId; 7] = [
    SourceId::EFS,
    SourceId::ECS,
    SourceId::SSM,
    SourceId::SUBNETS,
    SourceId::CLOUDWATCH,
    SourceId::AUTOSCALING,
    SourceId::FILES,
];
/// Exit code when something of severity medium or high is to be done.
const SOMETHING_TO_DO: u8 = 3;

/// Evaluates every rule on a fresh reading and prints what they say.
pub fn run(config: &Config, json: bool) -> eyre::Result<ExitCode> {
    let Some(environment) = config.environments.first() else { return Ok(ExitCode::FAILURE) };
    let runtime = super::async_runtime()?;
    let ((world, now), past) = runtime.block_on(async {
        tokio::join!(super::snapshot::observe(config, environment), past(config, environment))
    });
    runtime.shutdown_background();
    let history = past.unwrap_or_else(|error| {
        super::say(&format!("miharu: without the journal no earlier change is known: {error}"));
        Vec::new()
    });
    let region = world.identity.as_ref().map(|i| i.region.clone()).unwrap_or_default();
    let policy = super::acting::policy(config, environment, &region);
    let signals = Signals::default();
    let input =
        Input { world: &world, policy: &policy, signals: &signals, environment: &environment.name, now };
    let mut found = evaluate(&input, &history);
    for rec in &mut found.recommendations {
        let rails = guardrails(&input, rec, &history, Mode::Auto);
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
        let all: Vec<Value> = found.recommendations.iter().map(super::proposal::contract).collect();
        super::out(&serde_json::to_string_pretty(&json!({ "recommendations": all }))?)?;
    } else {
        super::out(text(&found.recommendations, &found.not_enough).trim_end())?;
    }
    Ok(ExitCode::from(code(&world, &found)))
}

/// Exit code: what is to be done comes before what could not be told.
fn code(world: &World, found: &Evaluated) -> u8 {
    let due = found.recommendations.iter().any(|r| r.severity >= Severity::Medium);
    let unread = || NEEDED.iter().filter_map(|id| world.sources.get(id)).any(|s| s.error.is_some());
    match due {
        true => SOMETHING_TO_DO,
        false if !found.not_enough.is_empty() && unread() => 1,
        false => 0,
    }
}

/// What the journal tells of the last day; nothing where there is none, and none is made.
async fn past(config: &Config, environment: &Environment) -> Result<Vec<Entry>, JournalError> {
    let Some(journal) = super::acting::journal_to_read(config).await? else { return Ok(Vec::new()) };
    let since = Some(Clock::system().now() - HISTORY);
    let query = Query { environment: Some(environment.name.clone()), since, ..Query::default() };
    journal.read(&query).await
}

fn text(recommendations: &[Recommendation], not_enough: &[(&'static str, String)]) -> String {
    let mut out = String::new();
    if recommendations.is_empty() {
        let _ = writeln!(out, "{}", say("nothing is to be done"));
    }
    for r in recommendations {
        let severity = padded(&say(r.severity.word()), 6);
        let _ = writeln!(out, "{severity} {}  ({})", printable(&say(r.title.as_str())), printable(&r.id));
        let _ = writeln!(out, "       {}", printable(&say(r.reason.as_str())));
        let _ = writeln!(out, "       {}", printable(&say(format!("effect: {}", r.effect))));
        if !r.blocked_by.is_empty() {
            let held = format!("blocked by: {}", r.blocked_by.join(", "));
            let _ = writeln!(out, "       {}", say(held));
        }
        for request in &r.requests {
            let _ = writeln!(out, "       $ {}", printable(&request.cli));
        }
    }
    for (rule, why) in not_enough {
        let _ = writeln!(out, "?      {rule}: {}", printable(&say(why.as_str())));
    }
    out
}
