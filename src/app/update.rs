//! The one function that changes the state.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::log::batch::{GroupStatus, TailCounts, TailState};
use crate::domain::source::{Failure, FailureClass};

use super::action::Action;
use super::decide;
use super::effect::Effect;
use super::event::Event;
use super::login::Login;
use super::state::{Frozen, State};

/// How long a notice stays.
const NOTICE: TimeDelta = TimeDelta::seconds(5);

/// Takes `event`, which happened at `now`, into `state` and says what is to be done.
pub fn update(state: &mut State, event: Event, now: DateTime<Utc>) -> Vec<Effect> {
    state.now = now;
    if state.notice.as_ref().is_some_and(|(at, _)| state.now - *at >= state.felt(NOTICE)) {
        state.notice = None;
    }
    match event {
        Event::Action(action) => return act(state, action),
        Event::Focus(index) if index < state.environments.len() => {
            state.focused = index;
            decide::recheck(state);
            return vec![Effect::Focus(index)];
        }
        Event::Focus(_) | Event::Tick => {}
        Event::Prepared { environment, on, off } => {
            if let Some(env) = state.environments.get_mut(environment) {
                env.world.prepare(&on, &off);
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
                    state.note_recovery(environment, reading.source, &reading.warnings);
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
        Event::Measured { environment, measured } => {
            if let Some(env) = state.environments.get_mut(environment) {
                env.world.measured = measured;
            }
        }
        Event::Tailed { .. } | Event::Logged { .. } => logged(state, event),
        Event::Login { environment, login } => {
            // What was closed stays closed.
            if let Some(env) = state.environments.get_mut(environment).filter(|e| e.login.is_some()) {
                env.login = Some(login);
            }
        }
        Event::CloseLogin => return close_login(state),
        Event::Ask(question) => decide::ask(state, question),
        Event::Answer(answer) => return decide::answer(state, &answer),
        Event::Proposed { .. }
        | Event::Journaled { .. }
        | Event::Progressed { .. }
        | Event::Braked { .. }
        | Event::JournalAnswers { .. }
        | Event::JournalFailed { .. } => changed(state, event),
        Event::Notice(text) => state.notice = Some((state.now, text)),
        Event::Terminate => return vec![Effect::Quit],
    }
    Vec::new()
}

/// Takes what is told about log groups into the state.
fn logged(state: &mut State, event: Event) {
    match event {
        Event::Tailed { environment, groups } => {
            let now = state.now;
            let Some(env) = state.environments.get_mut(environment) else { return };
            let (groups, none) = match groups {
                Ok(groups) => (groups, None),
                Err(why) => (Vec::new(), Some(why)),
            };
            env.logs.none = none;
            env.logs.groups.retain(|group, _| groups.contains(group));
            for group in groups {
                env.logs.groups.entry(Arc::clone(&group)).or_insert_with(|| GroupStatus {
                    group,
                    at: now,
                    state: TailState::Starting,
                    newest: None,
                    read_until: now,
                    delay_ms: None,
                    live: None,
                    counts: TailCounts::default(),
                });
            }
        }
        Event::Logged { environment, batch } => {
            let Some(env) = state.environments.get_mut(environment) else { return };
            for status in &batch.status {
                env.logs.groups.insert(Arc::clone(&status.group), status.clone());
            }
        }
        _ => {}
    }
}

/// Takes what is told about changes into the state.
fn changed(state: &mut State, event: Event) {
    let now = state.now;
    let environment = match &event {
        Event::Proposed { environment, .. }
        | Event::Journaled { environment, .. }
        | Event::Progressed { environment, .. }
        | Event::Braked { environment, .. }
        | Event::JournalAnswers { environment }
        | Event::JournalFailed { environment, .. } => *environment,
        _ => return,
    };
    let Some(env) = state.environments.get_mut(environment) else { return };
    let changes = &mut env.changes;
    match event {
        Event::Proposed { proposals, not_enough, .. } => {
            changes.proposals = proposals;
            changes.not_enough = not_enough;
            changes.evaluated_at = Some(now);
        }
        Event::Journaled { entry, .. } => {
            changes.journaled(entry);
            changes.journal_error = None;
        }
        Event::JournalAnswers { .. } => changes.journal_error = None,
        Event::Progressed { progress, .. } => changes.in_flight = progress,
        Event::Braked { brakes, .. } => {
            changes.brakes = brakes;
            changes.freeze_asked = false;
        }
        Event::JournalFailed { why, .. } => {
            let text = format!("the journal: {why}; nothing is applied without it");
            changes.journal_error = Some(why);
            state.note_failure(environment, None, &Failure::new(FailureClass::Other, text));
        }
        _ => {}
    }
    decide::recheck(state);
}

/// Signs in in the shown environment; one that is under way goes on.
fn begin_login(state: &mut State) -> Vec<Effect> {
    let focused = state.focused;
    match state.environments.get_mut(focused) {
        Some(env) if !env.login.as_ref().is_some_and(Login::under_way) => {
            env.login = Some(Login::Beginning);
            vec![Effect::Login(focused)]
        }
        _ => Vec::new(),
    }
}

fn close_login(state: &mut State) -> Vec<Effect> {
    let focused = state.focused;
    let login = state.environments.get_mut(focused).and_then(|env| env.login.take());
    if login.is_some_and(|l| l.under_way()) { vec![Effect::CancelLogin(focused)] } else { Vec::new() }
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => decide::quit(state),
        Action::Freeze => {
            state.frozen = match state.frozen.take() {
                Some(_) => None,
                None => Some(Frozen { at: state.now, environments: state.environments.clone() }),
            };
            Vec::new()
        }
        Action::PollNow => vec![Effect::PollNow(state.focused)],
        Action::Login => begin_login(state),
        Action::Approve
        | Action::Reject
        | Action::Snooze
        | Action::Confirm
        | Action::Arm
        | Action::Disarm
        | Action::Veto
        | Action::CancelChange
        | Action::RollBack
        | Action::FreezeChanges => decide::act(state, action),
        _ => Vec::new(),
    }
}
