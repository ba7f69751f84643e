//! The one function that changes the state.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::freshness::SourceState;
use crate::domain::source::{Failure, FailureClass};

use super::action::Action;
use super::effect::Effect;
use super::event::Event;
use super::state::{Frozen, State};

/// How long a notice stays.
const NOTICE: TimeDelta = TimeDelta::seconds(5);

/// Takes `event`, which happened at `now`, into `state` and says what is to be done.
pub fn update(state: &mut State, event: Event, now: DateTime<Utc>) -> Vec<Effect> {
    state.now = now;
    if state.notice.as_ref().is_some_and(|(at, _)| state.now - *at >= NOTICE) {
        state.notice = None;
    }
    match event {
        Event::Action(action) => return act(state, action),
        Event::Focus(index) if index < state.environments.len() => {
            state.focused = index;
            return vec![Effect::Focus(index)];
        }
        Event::Focus(_) | Event::Tick => {}
        Event::Prepared { environment, on, off } => {
            if let Some(env) = state.environments.get_mut(environment) {
                for (id, every_ms) in on {
                    let every = TimeDelta::milliseconds(i64::try_from(every_ms).unwrap_or(i64::MAX));
                    env.world.sources.entry(id).or_insert_with(|| SourceState::new(id, every)).every = every;
                    env.world.off.remove(&id);
                }
                env.world.off.extend(off);
            }
        }
        Event::Polling { environment, source } => {
            let now = state.now;
            if let Some(env) = state.environments.get_mut(environment)
                && let Some(source) = env.world.sources.get_mut(&source)
            {
                source.polling_since = Some(now);
            }
        }
        Event::Observed { environment, reading } => {
            if let Some(env) = state.environments.get_mut(environment) {
                env.world.merge(&reading);
            }
            match &reading.result {
                Ok(_) => {
                    state.note_recovery(environment, reading.source);
                    for warning in &reading.warnings {
                        state.note_failure(environment, Some(reading.source), warning);
                    }
                }
                Err(failure) => state.note_failure(environment, Some(reading.source), failure),
            }
        }
        Event::TaskDied { name, why } => {
            let text =
                format!("{name} ended: {why}; what it showed goes stale, restart miharu to get it back");
            state.note_failure(state.focused, None, &Failure::new(FailureClass::Other, text));
        }
        Event::Notice(text) => state.notice = Some((state.now, text)),
        Event::Terminate => return vec![Effect::Quit],
    }
    Vec::new()
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => vec![Effect::Quit],
        Action::Freeze => {
            state.frozen = match state.frozen.take() {
                Some(_) => None,
                None => Some(Frozen { at: state.now, environments: state.environments.clone() }),
            };
            Vec::new()
        }
        Action::PollNow => vec![Effect::PollNow(state.focused)],
        _ => Vec::new(),
    }
}
