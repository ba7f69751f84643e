//! What the world itself holds back: data that is not fresh, another account, a deployment under way, a resource
//! that is not ready, the former Lambda function.

use chrono::{DateTime, TimeDelta, Utc};

use super::kind::{touches_file_system, touches_service};
use super::{Binds, Guardrail, name};
use crate::domain::burn::Urgency;
use crate::domain::freshness::Freshness;
use crate::domain::recommendation::{Intent, Recommendation};
use crate::domain::rules::Input;
use crate::domain::source::SourceId;
use crate::domain::units::{delta, duration};

/// Time in which the former function, which runs every five minutes, would have run.
const LAMBDA: TimeDelta = TimeDelta::minutes(10);

pub(super) fn rails(input: &Input<'_>, rec: &Recommendation) -> Vec<Guardrail> {
    let mut out = vec![freshness(input, rec)];
    out.extend(account(input));
    if touches_service(&rec.intent) {
        out.push(deployment(input, &rec.intent));
    }
    if touches_file_system(&rec.intent) {
        out.push(file_system(input));
    }
    out.extend(limit(input, rec));
    out.push(former_lambda(input));
    out.push(error_budget(input, rec));
    out
}

/// Every source that the recommendation rests on is fresh.
fn freshness(input: &Input<'_>, rec: &Recommendation) -> Guardrail {
    let mut late: Vec<String> = Vec::new();
    let mut next: Option<DateTime<Utc>> = None;
    for state in input.world.sources.values() {
        if !rec.evidence.iter().any(|e| e.source == state.id.0) {
            continue;
        }
        if state.freshness(input.now) != Freshness::Fresh {
            let age =
                state.age(input.now).map_or("never read".to_owned(), |a| format!("{} old", duration(a)));
            late.push(format!("{} is {age}", state.id));
            next = next.max(state.next_at.filter(|at| *at > input.now));
        }
    }
    let detail = if late.is_empty() { "all it rests on is fresh".to_owned() } else { late.join(", ") };
    Guardrail::new(name::DATA_FRESHNESS, Binds::All, !late.is_empty(), detail).until(next)
}

/// Below this share of the error budget only an operator changes something.
const LITTLE: f64 = 0.1;
/// What brings a burning service relief: capacity.
const REMEDY: &str = "scale-out-service";

/// A budget that burns fast, or is nearly gone, is no time for changes that nobody looks at, but for the remedy.
fn error_budget(input: &Input<'_>, rec: &Recommendation) -> Guardrail {
    let rail = |holds, detail: String| Guardrail::new(name::ERROR_BUDGET, Binds::Auto, holds, detail);
    let impressions = &input.world.impressions;
    let (Some((origin, ..)), Some(budget)) = (impressions.series(input.now), impressions.budget(input.now))
    else {
        return rail(false, "the error budget is not measured yet, so it holds nothing back".into());
    };
    let left = format!("{:.1} % of the error budget is left", budget.left() * 100.0);
    let state = input.world.sources.get(&origin.source());
    if state.is_none_or(|s| s.freshness(input.now) > Freshness::Late) {
        let detail = format!("{left}, as far as is known: {} is not read now", origin.source());
        return rail(true, detail);
    }
    let burning = impressions.alarm(input.now).filter(|rule| rule.urgency == Urgency::Page);
    let holds = burning.is_some() || budget.left() < LITTLE;
    let mut detail = match burning {
        Some(rule) => format!(
            "the error budget burns {:.1} times as fast as it may (over {}; {:.1} is the limit), {left}",
            impressions.burn(input.now, rule.long).unwrap_or_default(),
            duration(rule.long),
            rule.threshold,
        ),
        None => format!("{left} (changes without an operator end below {:.0} %)", LITTLE * 100.0),
    };
    let remedy = holds && rec.rule == REMEDY;
    if remedy {
        detail.push_str("; more tasks are the remedy, so this does not hold them back");
    }
    rail(holds && !remedy, detail)
}

pub(super) fn account(input: &Input<'_>) -> Option<Guardrail> {
    let expected = input.policy.expected_account.as_ref()?;
    let identity = input.world.identity.as_ref();
    let (holds, detail) = match identity {
        Some(known) if known.account == *expected => {
            (false, format!("the account is {expected}, as expected"))
        }
        Some(known) => (true, format!("the account is {}, expected {expected}", known.account)),
        None => (true, format!("the account is not known, expected {expected}")),
    };
    Some(Guardrail::new(name::EXPECTED_ACCOUNT, Binds::All, holds, detail))
}

/// A deployment that still runs is waited for; one that has run longer than a rollout may take will not end by
/// itself, and an operator may step in.
fn deployment(input: &Input<'_>, intent: &Intent) -> Guardrail {
    let Some(service) = &input.world.service else {
        // A target can be created and published without a service; what needs one cannot be planned either.
        let detail = "the service is not known";
        return Guardrail::new(
            name::DEPLOYMENT_IN_PROGRESS,
            Binds::All,
            !matches!(intent, Intent::AddMountTarget { .. }),
            detail,
        );
    };
    let primary = service.primary();
    let running = service.rollout_state() == Some("IN_PROGRESS") || service.deployments.len() > 1;
    if !running {
        return Guardrail::new(
            name::DEPLOYMENT_IN_PROGRESS,
            Binds::All,
            false,
            "no deployment is in progress",
        );
    }
    let patience = delta(input.policy.rollout_deadline);
    let since = primary.and_then(|d| d.created_at);
    let overdue = since.is_some_and(|at| input.now - at > patience);
    let age = since.map_or(String::new(), |at| format!(" for {}", duration(input.now - at)));
    let id = primary.map_or("a deployment", |d| d.id.as_str());
    let (binds, until) =
        if overdue { (Binds::Auto, None) } else { (Binds::All, since.map(|at| at + patience)) };
    let stuck = if overdue { ": longer than a rollout may take, so an operator may step in" } else { "" };
    let tasks = format!("{} of {} tasks", service.running, service.desired);
    Guardrail::new(
        name::DEPLOYMENT_IN_PROGRESS,
        binds,
        true,
        format!("{id} is in progress{age} ({tasks}){stuck}"),
    )
    .until(until)
}

fn file_system(input: &Input<'_>) -> Guardrail {
    let (holds, detail) = match &input.world.file_system {
        Some(fs) if fs.lifecycle_state == "available" => (false, format!("{} is available", fs.id)),
        Some(fs) => (true, format!("{} is {}, not available", fs.id, fs.lifecycle_state)),
        None => (true, "the file system is not known".to_owned()),
    };
    Guardrail::new(name::NOT_AVAILABLE, Binds::All, holds, detail)
}

/// The policy's limits of tasks; rules stay inside, and a policy may have changed since.
fn limit(input: &Input<'_>, rec: &Recommendation) -> Option<Guardrail> {
    let to = match rec.intent {
        Intent::Scale { desired } => desired,
        Intent::ScaleBounds { min, .. } => min,
        _ => return None,
    };
    let (least, most) = (input.policy.min_tasks, input.policy.max_tasks);
    let down = rec.rule == "scale-in-service";
    let holds = to > most && !down || to < least && down;
    Some(Guardrail::new(
        name::LIMIT,
        Binds::All,
        holds,
        format!("{to} tasks; at least {least}, at most {most}"),
    ))
}

pub(super) fn former_lambda(input: &Input<'_>) -> Guardrail {
    let since = input.now - LAMBDA;
    let series = input.world.metric("AWS/Lambda", "Invocations", "Sum");
    let recent = series.map(|s| {
        let period = TimeDelta::seconds(i64::from(s.period_s));
        s.points.iter().filter(|(at, n)| *at + period > since && *n > 0.0).copied().collect::<Vec<_>>()
    });
    let read = input.world.sources.get(&SourceId::CLOUDWATCH).is_some_and(|s| s.at.is_some());
    match recent {
        Some(points) if !points.is_empty() => {
            let runs: f64 = points.iter().map(|(_, n)| n).sum();
            let function =
                series.and_then(|s| s.key.dimensions.get("FunctionName")).map_or("", String::as_str);
            let until = points.last().map(|(at, _)| *at + TimeDelta::seconds(60) + LAMBDA);
            let detail = format!(
                "the former Lambda function {function} ran {runs:.0} times in the last 10 min and would act beside \
                 miharu: disable its rule (aws events disable-rule --name <its EventBridge rule>)"
            );
            Guardrail::new(name::FORMER_LAMBDA, Binds::Auto, true, detail).until(until)
        }
        Some(_) => Guardrail::new(
            name::FORMER_LAMBDA,
            Binds::Auto,
            false,
            "the former Lambda function has not run in the last 10 min",
        ),
        None if read => {
            let detail = "the former Lambda function has no data points: it does not run";
            Guardrail::new(name::FORMER_LAMBDA, Binds::Auto, false, detail)
        }
        None => {
            let detail = "whether the former Lambda function runs is not known: its metric has not been read";
            Guardrail::new(name::FORMER_LAMBDA, Binds::Auto, false, detail)
        }
    }
}
