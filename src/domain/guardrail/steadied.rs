//! What steadies noisy signals: several evaluations must agree, and on the way down the largest answer counts.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Binds, Guardrail, name};
use crate::domain::recommendation::Recommendation;
use crate::domain::rules::Input;
use crate::domain::units::{delta, duration};

/// Evaluations further back say nothing of now.
const OLD: TimeDelta = TimeDelta::minutes(15);

pub(super) fn rails(input: &Input<'_>, rec: &Recommendation) -> Vec<Guardrail> {
    let Some(service) = &input.world.service else { return Vec::new() };
    match rec.rule.as_str() {
        // Fewer tasks than the policy's minimum is no noisy signal.
        "scale-out-service" if service.desired < input.policy.min_tasks => Vec::new(),
        "scale-out-service" => vec![agreement(input, &|asked| asked > service.desired)],
        "scale-in-service" => {
            vec![agreement(input, &|asked| asked < service.desired), stabilisation(input, service.desired)]
        }
        _ => Vec::new(),
    }
}

/// Evaluations before this one, newest first. The caller may have noted this one already.
fn before<'a>(input: &Input<'a>) -> impl Iterator<Item = (DateTime<Utc>, u32)> + 'a {
    let now = input.now;
    input.signals.desired.iter().rev().copied().filter(move |(at, _)| *at < now)
}

/// This evaluation agrees, else there were no recommendation.
fn agreement(input: &Input<'_>, test: &dyn Fn(u32) -> bool) -> Guardrail {
    let looked_at = input.policy.evaluations.max(1) as usize;
    let recent: Vec<u32> = before(input)
        .take(looked_at - 1)
        .take_while(|(at, _)| input.now - *at <= OLD)
        .map(|(_, asked)| asked)
        .collect();
    let agreeing = 1 + recent.iter().filter(|asked| test(**asked)).count();
    let needed = input.policy.agreeing as usize;
    let detail = format!(
        "{agreeing} of the last {} evaluations agree, {needed} of {looked_at} needed",
        recent.len() + 1
    );
    Guardrail::new(name::EVALUATIONS, Binds::Auto, agreeing < needed, detail)
}

fn stabilisation(input: &Input<'_>, desired: u32) -> Guardrail {
    let window = delta(input.policy.stabilisation);
    let since = input.now.checked_sub_signed(window).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let largest = before(input)
        .take_while(|(at, _)| *at > since)
        .filter(|(_, asked)| *asked >= desired)
        .max_by_key(|(at, _)| *at);
    let oldest = before(input).last().map_or(input.now, |(at, _)| at);
    let words = duration(window);
    if let Some((at, asked)) = largest {
        let until = at + window;
        let detail = format!(
            "held at {desired} by the {words} maximum: {asked} were asked for {} ago",
            duration(input.now - at)
        );
        return Guardrail::new(name::STABILISATION, Binds::Auto, true, detail).until(Some(until));
    }
    // Whoever has just begun to look does not know what was asked for before.
    if oldest > since {
        let detail = format!("evaluated only for {}, {words} needed", duration(input.now - oldest));
        return Guardrail::new(name::STABILISATION, Binds::Auto, true, detail).until(Some(oldest + window));
    }
    let detail = format!("no evaluation of the last {words} asked for {desired} or more");
    Guardrail::new(name::STABILISATION, Binds::Auto, false, detail)
}
