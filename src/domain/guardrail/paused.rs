//! What pauses changes: another one in flight, the time since the last ones, freezes.

use chrono::{DateTime, TimeDelta, Utc};

use super::kind::{Direction, Thing};
use super::past::Past;
use super::{Binds, Guardrail, name};
use crate::domain::recommendation::{Intent, Recommendation};
use crate::domain::rules::Input;
use crate::domain::units::{delta, duration};

/// Longest pause after failures.
const LONGEST: TimeDelta = TimeDelta::hours(1);
/// Within this, the number of tasks is not doubled and direction changes are counted as the next constant says.
const DOUBLING: TimeDelta = TimeDelta::minutes(15);
/// Time that the flap budget is for.
const FLAPS: TimeDelta = TimeDelta::hours(1);

pub(super) fn rails(input: &Input<'_>, rec: &Recommendation, past: &Past) -> Vec<Guardrail> {
    let mut out = in_flight(past);
    out.push(freeze(input, past));
    out.extend(decided(input, rec, past));
    let direction = Direction::of(&rec.rule);
    if direction != Direction::Repair {
        out.push(cool_down(input, direction, past));
    }
    if let Some(thing) = Thing::of(&rec.rule) {
        out.push(flaps(input, thing, direction, past));
    }
    out.extend(doubling(input, rec, past));
    out
}

fn in_flight(past: &Past) -> Vec<Guardrail> {
    let flight = past.in_flight();
    let detail = match flight {
        Some(c) => format!("{} ({}) is in flight: one change at a time", c.id, c.rule),
        None => "no other change is in flight".to_owned(),
    };
    let mut out = vec![Guardrail::new(name::CHANGE_IN_FLIGHT, Binds::All, flight.is_some(), detail)];
    // An operator who applies something is the human that is waited for.
    if let Some(c) = past.needs_human() {
        let detail = format!("{} ({}) needs a human; auto waits until a person has settled it", c.id, c.rule);
        out.push(Guardrail::new(name::CHANGE_IN_FLIGHT, Binds::Auto, true, detail));
    }
    out
}

pub(super) fn freeze(input: &Input<'_>, past: &Past) -> Guardrail {
    if let Some(frozen) = past.frozen(input.now) {
        let detail = format!("{} froze all changes at {}", frozen.by, frozen.at.format("%H:%M:%S UTC"));
        return Guardrail::new(name::FREEZE, Binds::All, true, detail).until(Some(frozen.until));
    }
    // Windows that touch or overlap are one freeze.
    let mut until = None;
    let mut at = input.now;
    for _ in 0..=input.policy.freeze.len() * 8 {
        let Some(end) = input.policy.freeze.iter().filter_map(|w| w.until(at)).max() else { break };
        (until, at) = (Some(end), end);
    }
    let detail = match until {
        Some(_) => "a freeze window holds: nothing is changed",
        None if input.policy.freeze.is_empty() => "no freeze window is configured",
        None => "no freeze window holds",
    };
    Guardrail::new(name::FREEZE, Binds::All, until.is_some(), detail).until(until)
}

/// What an operator said no to, or not now: auto mode does not say yes. An operator may.
fn decided(input: &Input<'_>, rec: &Recommendation, past: &Past) -> Option<Guardrail> {
    let decision = past.decision(rec, input.now)?;
    let detail = match &decision.rejected {
        Some(reason) => format!("{} rejected it: {reason}", decision.by),
        None => format!("{} put it off", decision.by),
    };
    Some(Guardrail::new(name::DECIDED, Binds::Auto, true, detail).until(Some(decision.until)))
}

fn after(at: DateTime<Utc>, pause: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(pause).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Counted from verified, else converged. What adds waits for what added; what takes away waits for both.
fn cool_down(input: &Input<'_>, direction: Direction, past: &Past) -> Guardrail {
    let policy = input.policy;
    let pause = delta(if direction == Direction::Down { policy.cool_down_down } else { policy.cool_down_up });
    let counts = |d: Direction| match direction {
        Direction::Up => d == Direction::Up,
        _ => d != Direction::Repair,
    };
    let newest = past.newest(|c| counts(c.direction()));
    let mut ends = Vec::new();
    if let Some((change, at)) = newest {
        let since = if change.verified.is_some() { "verified" } else { "converged" };
        ends.push((after(at, pause), format!("{} after {} was {since}", duration(pause), change.rule)));
    }
    let (failures, at) = past.failures();
    if let Some(at) = at {
        let doubled =
            policy.cool_down_failed.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        let pause = delta(doubled).min(LONGEST);
        let n = if failures == 1 {
            "a failed change".to_owned()
        } else {
            format!("{failures} failed changes in a row")
        };
        ends.push((after(at, pause), format!("{} after {n}", duration(pause))));
    }
    match ends.into_iter().filter(|(end, _)| *end > input.now).max_by_key(|(end, _)| *end) {
        Some((end, why)) => Guardrail::new(
            name::COOL_DOWN,
            Binds::Auto,
            true,
            format!("cool-down of {why}; {} left", duration(end - input.now)),
        )
        .until(Some(end)),
        None => Guardrail::new(
            name::COOL_DOWN,
            Binds::Auto,
            false,
            format!("cool-down of {} is over", duration(pause)),
        ),
    }
}

fn flaps(input: &Input<'_>, thing: Thing, direction: Direction, past: &Past) -> Guardrail {
    let budget = input.policy.flap_budget as usize;
    let mut moves = past.moves(thing, input.now - FLAPS);
    moves.push((input.now, direction));
    let turns: Vec<DateTime<Utc>> = moves.windows(2).filter(|w| w[0].1 != w[1].1).map(|w| w[0].0).collect();
    let holds = turns.len() > budget;
    // It ends when the oldest move of the turns too many is an hour ago.
    let until = turns.len().checked_sub(budget + 1).and_then(|i| turns.get(i)).map(|at| *at + FLAPS);
    let detail =
        format!("{} changes of direction within an hour with this one, {budget} allowed", turns.len());
    Guardrail::new(name::FLAP_BUDGET, Binds::Auto, holds, detail).until(until.filter(|_| holds))
}

/// Steps that follow each other quickly must not double the tasks; from one task to two is a step.
fn doubling(input: &Input<'_>, rec: &Recommendation, past: &Past) -> Option<Guardrail> {
    let to = match rec.intent {
        Intent::Scale { desired } => desired,
        Intent::ScaleBounds { min, .. } => min,
        _ => return None,
    };
    if Direction::of(&rec.rule) != Direction::Up {
        return None;
    }
    let recent = past.changes.iter().filter(|c| c.rule == rec.rule && c.done().is_some());
    let recent =
        recent.filter_map(|c| Some((c.last_at, c.desired?))).filter(|(at, _)| input.now - *at < DOUBLING);
    let (at, from) = recent.min_by_key(|(_, from)| *from)?;
    let most = from.saturating_mul(2).max(from + 1);
    let detail = format!("{to} tasks, {from} before the steps of the last 15 min: at most {most}");
    let until = (to > most).then_some(at + DOUBLING);
    Some(Guardrail::new(name::LIMIT, Binds::Auto, to > most, detail).until(until))
}
