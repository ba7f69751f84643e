//! From what the operator wants done to the effect: refusals in words, and the rules of confirmation.
//!
//! Nothing is done at one key. A question opens first, and takes its own key, another one than that which
//! opened it, only after a pause. A key that comes within the pause makes it longer, so that neither a held key
//! nor pasted text that a terminal delivers as keys ever gets an answer through.

use chrono::TimeDelta;
use serde_json::Value;

use crate::domain::journal::{Entry, EntryKind};
use crate::domain::plan::Plan;
use crate::domain::snapshot::Mode;

use super::action::Action;
use super::changes::{Answer, Asking, Changes, Question, same_substance};
use super::effect::Effect;
use super::state::{EnvironmentState, State};

/// Pause before a question takes an answer, as the operator feels it.
pub const PAUSE: TimeDelta = TimeDelta::milliseconds(500);
/// Pause after a key that came too early: longer than a held key takes to begin to repeat.
pub const LONGER: TimeDelta = TimeDelta::seconds(2);
/// Longest time a recommendation is put off, minutes.
const MOST_MINUTES: u32 = 7 * 24 * 60;

/// Opens a question about the shown environment, or says why not.
pub(super) fn ask(state: &mut State, question: Question) {
    match refusal(state, &question) {
        Some(why) => tell(state, why),
        None => {
            state.asking = Some(Asking {
                environment: state.focused,
                question,
                ready_at: state.now + state.felt(PAUSE),
                told: None,
            });
        }
    }
}

/// Leaves; while a change is applied here, only after a question. Asked once more, it leaves without an answer.
pub(super) fn quit(state: &mut State) -> Vec<Effect> {
    let applies = |env: &EnvironmentState| env.changes.in_flight.as_ref().is_some_and(|p| p.here);
    let asked = state.asking.as_ref().is_some_and(|a| a.question == Question::Quit);
    if asked || !state.environments.iter().any(applies) {
        return vec![Effect::Quit];
    }
    let ready_at = state.now + state.felt(PAUSE);
    state.asking =
        Some(Asking { environment: state.focused, question: Question::Quit, ready_at, told: None });
    Vec::new()
}

/// What an action about changes leads to.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let environment = state.focused;
    if action == Action::Disarm && !state.read_only {
        state.asking = None;
        tell(state, "auto mode is being disarmed".into());
        return vec![Effect::Disarm(environment)];
    }
    if state.read_only {
        tell(state, READ_ONLY.into());
        return Vec::new();
    }
    let Some(env) = state.environments.get_mut(environment) else { return Vec::new() };
    let changes = &mut env.changes;
    match action {
        Action::Veto => {
            let Some((title, _)) = &changes.brakes.veto else {
                tell(state, "no change waits for a veto".into());
                return Vec::new();
            };
            let words = format!("vetoed: {title}");
            tell(state, words);
            return vec![Effect::Veto(environment)];
        }
        Action::FreezeChanges if changes.brakes.frozen_by_operator => ask(state, Question::Thaw),
        Action::FreezeChanges if changes.freeze_asked => tell(state, "the freeze is on its way".into()),
        Action::FreezeChanges => {
            changes.freeze_asked = true;
            tell(state, "changes are being frozen".into());
            return vec![Effect::FreezeChanges { environment, freeze: true }];
        }
        Action::Arm => ask(state, Question::Arm),
        Action::CancelChange => match changes.in_flight.as_ref().map(|p| p.change.clone()) {
            Some(change) => ask(state, Question::CancelChange { change }),
            None => tell(state, "no change is in flight".into()),
        },
        Action::RollBack => match last_applied(changes) {
            Some(change) => ask(state, Question::RollBack { change }),
            None => tell(state, "the journal holds no change that could be taken back".into()),
        },
        Action::Confirm => tell(state, "nothing waits for a confirmation".into()),
        Action::Approve | Action::Reject | Action::Snooze => {
            tell(state, "select a recommendation on the changes screen first".into());
        }
        _ => {}
    }
    Vec::new()
}

const READ_ONLY: &str = "started with --read-only: nothing can be changed";

fn tell(state: &mut State, words: String) {
    state.notice = Some((state.now, words));
}

/// Why a question makes no sense now; asked when it opens and again when it is answered.
fn refusal(state: &State, question: &Question) -> Option<String> {
    if *question == Question::Quit {
        return None;
    }
    if state.read_only {
        return Some(READ_ONLY.into());
    }
    if state.frozen.is_some() {
        return Some("the display is frozen: thaw it first, then decide on what is true now".into());
    }
    let env = state.environments.get(state.focused)?;
    let changes = &env.changes;
    let mode = changes.brakes.mode;
    if mode == Mode::Observe && !matches!(question, Question::CancelChange { .. } | Question::Thaw) {
        return Some("mode is observe: nothing is changed".into());
    }
    if let Some(why) = &changes.journal_error {
        return Some(format!("no journal, no change: {why}"));
    }
    match question {
        Question::Approve { recommendation, plan } => {
            why_not_approved(changes, recommendation, plan, state.now >= plan.expires_at)
        }
        Question::Reject { recommendation } | Question::Snooze { recommendation } => {
            changes.proposal(recommendation).is_none().then(|| "it is not recommended any more".to_owned())
        }
        Question::Arm | Question::ArmNamed if mode != Mode::Auto => {
            Some("mode is approve: only auto mode can be armed".into())
        }
        Question::Arm | Question::ArmNamed => {
            changes.brakes.armed.then(|| "auto mode is armed already".to_owned())
        }
        Question::CancelChange { change } => changes
            .in_flight
            .as_ref()
            .is_none_or(|p| p.change != *change)
            .then(|| "the change is not in flight any more".to_owned()),
        Question::RollBack { .. } => {
            changes.in_flight.as_ref().map(|p| format!("{} is in flight: one change at a time", p.title))
        }
        Question::Quit => None,
        Question::Thaw => {
            (!changes.brakes.frozen_by_operator).then(|| "changes are not frozen any more".to_owned())
        }
    }
}

fn why_not_approved(changes: &Changes, recommendation: &str, plan: &Plan, expired: bool) -> Option<String> {
    let Some(proposal) = changes.proposal(recommendation) else {
        return Some("it is not recommended any more".into());
    };
    match &proposal.plan {
        Err(why) => return Some(format!("there is no plan any more: {why}")),
        Ok(now) if !same_substance(now, plan) => {
            return Some("the plan has changed since you read it: read it again".into());
        }
        Ok(_) => {}
    }
    if expired {
        return Some("the plan has expired: read the new one".into());
    }
    if let Some(progress) = &changes.in_flight {
        return Some(format!("{} is in flight: one change at a time", progress.title));
    }
    if let Some(held) = proposal.held_by().next() {
        return Some(format!("held back by {}: {}", held.name, held.detail));
    }
    proposal.recommendation.blocked_by.first().map(|name| format!("held back by {name}"))
}

/// Takes an answer to the open question.
pub(super) fn answer(state: &mut State, answer: &Answer) -> Vec<Effect> {
    let Some(mut asking) = state.asking.take() else { return Vec::new() };
    if *answer == Answer::Cancel {
        return Vec::new();
    }
    if let Some(why) = refusal(state, &asking.question) {
        tell(state, why);
        return Vec::new();
    }
    let early = state.now < asking.ready_at;
    let fits =
        matches!((answer, asking.question.wants_text()), (Answer::Confirm, false) | (Answer::Text(_), true));
    if early || !fits {
        asking.ready_at = asking.ready_at.max(state.now + state.felt(if early { LONGER } else { PAUSE }));
        asking.told = early.then(|| "too quick to be meant: wait a moment, then answer".to_owned());
        state.asking = Some(asking);
        return Vec::new();
    }
    let text = match answer {
        Answer::Text(text) => text.trim(),
        _ => "",
    };
    let environment = asking.environment;
    let told = match asking.question {
        Question::Approve { recommendation, plan } => {
            return vec![Effect::Approve { environment, recommendation, plan }];
        }
        Question::Quit => return vec![Effect::Quit],
        Question::CancelChange { .. } => return vec![Effect::CancelChange(environment)],
        Question::RollBack { change } => return vec![Effect::RollBack { environment, change }],
        Question::Thaw => return vec![Effect::FreezeChanges { environment, freeze: false }],
        Question::ArmNamed => return vec![Effect::Arm(environment)],
        Question::Reject { recommendation } if !text.is_empty() => {
            return vec![Effect::Reject { environment, recommendation, reason: text.to_owned() }];
        }
        Question::Reject { .. } => "a rejection needs a reason, for the journal".to_owned(),
        Question::Snooze { ref recommendation } => match text.parse::<u32>() {
            Ok(minutes) if (1..=MOST_MINUTES).contains(&minutes) => {
                let recommendation = recommendation.clone();
                return vec![Effect::Snooze { environment, recommendation, minutes }];
            }
            _ => format!("minutes from 1 to {MOST_MINUTES}"),
        },
        Question::Arm => {
            let name = state.environments.get(environment).map(|e| e.info.name.as_str());
            if name == Some(text) {
                state.asking = Some(Asking {
                    environment,
                    question: Question::ArmNamed,
                    ready_at: state.now + state.felt(PAUSE),
                    told: None,
                });
                return Vec::new();
            }
            "that is not the environment's name".to_owned()
        }
    };
    state.asking = Some(Asking { told: Some(told), ..asking });
    Vec::new()
}

/// Closes the open question if what it is about is gone or has changed, and says so.
pub(super) fn recheck(state: &mut State) {
    let Some(asking) = state.asking.take() else { return };
    match refusal(state, &asking.question) {
        _ if asking.environment != state.focused => {}
        Some(why) => tell(state, why),
        None => state.asking = Some(asking),
    }
}

/// The newest change of which a step was done, that was not taken back and whose plan says how it would be.
fn last_applied(changes: &Changes) -> Option<String> {
    let of = |change: &str, kind: EntryKind| {
        changes.journal.iter().rev().find(|e| e.change.as_deref() == Some(change) && e.event == kind)
    };
    let final_ = |change: &str| {
        let plan = of(change, EntryKind::Approved).and_then(|e| e.detail.get("plan"));
        plan.is_some_and(|plan| plan.get("rollback").is_some_and(Value::is_null))
    };
    let newest = changes.journal.iter().rev().filter(|e| e.event == EntryKind::Succeeded);
    newest
        .filter_map(|e: &Entry| e.change.as_deref())
        .find(|c| of(c, EntryKind::RolledBack).is_none() && !final_(c))
        .map(str::to_owned)
}
