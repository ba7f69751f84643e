//! Which entry may follow in which phase of a change.
//!
//! ```text
//!            ┌────────── snoozed ◀──┐
//!            ▼                      │
//! (none) ─▶ proposed ─▶ approved ─▶ in step 1 ─▶ after step 1 ─▶ in step 2 ─▶ … ─▶ converged ─▶ verified
//!               │           │          │  ▲            │                               │           │
//!               └─▶ over ◀──┘          ▼  │            └─▶ failed ──▶ over             └─▶ rolled back
//!                                  unknown, failed ─▶ needs a human ─▶ over
//! ```

use super::{EntryKind, NewEntry, Phase};

/// The phase after an entry.
///
/// # Errors
/// A sentence: the entry belongs to no change, names no step or the wrong one, or the phase does not allow it.
pub fn advance(phase: Option<Phase>, entry: &NewEntry) -> Result<Phase, String> {
    next(phase, entry.change.as_deref(), entry.event, entry.step)
}

/// As [`advance`], of an entry's parts.
pub(super) fn next(
    phase: Option<Phase>,
    change: Option<&str>,
    event: EntryKind,
    step: Option<u32>,
) -> Result<Phase, String> {
    use EntryKind as E;
    let Some(change) = change else {
        return Err(format!("{:?} belongs to no change", event.word()));
    };
    let illegal = || match phase {
        None => format!("change {change} cannot begin with {:?}", event.word()),
        Some(phase) => format!("change {change} is {phase}; {:?} cannot follow", event.word()),
    };
    match event {
        E::Armed | E::Disarmed => {
            return Err(format!("{:?} is about an environment, not about change {change}", event.word()));
        }
        E::Note => return phase.ok_or_else(illegal),
        E::Started | E::Succeeded | E::Failed | E::Unknown => {
            let Some(step) = step.filter(|step| *step > 0) else {
                return Err(format!("{:?} of change {change} names no step", event.word()));
            };
            return of_step(phase, event, step).ok_or_else(|| format!("{} (step {step})", illegal()));
        }
        _ => {}
    }
    of_change(phase, event).ok_or_else(illegal)
}

/// Entries about a step.
fn of_step(phase: Option<Phase>, event: EntryKind, step: u32) -> Option<Phase> {
    use EntryKind as E;
    let allowed = match (phase?, event) {
        (Phase::Approved, E::Started) => step == 1,
        (Phase::Between(n), E::Started) => step == n + 1,
        // A refused call may be sent again once the world has been read; one under way or answered never.
        // What was not there at first may be found done by a later reading.
        (Phase::Failed(n), E::Started | E::Succeeded)
        // It was answered, and what it was to bring about did not come.
        | (Phase::Between(n), E::Failed)
        | (Phase::InStep(n) | Phase::Unknown(n), E::Succeeded | E::Failed | E::Unknown) => step == n,
        _ => false,
    };
    allowed.then_some(match event {
        E::Started => Phase::InStep(step),
        E::Succeeded => Phase::Between(step),
        E::Failed => Phase::Failed(step),
        _ => Phase::Unknown(step),
    })
}

/// Entries about the change as a whole.
#[expect(clippy::match_same_arms, reason = "arms stand apart where their reasons are")]
fn of_change(phase: Option<Phase>, event: EntryKind) -> Option<Phase> {
    use EntryKind as E;
    let Some(phase) = phase else {
        return match event {
            E::Proposed => Some(Phase::Proposed),
            // A plan made and approved in one go; an attempt that a guardrail refuses.
            E::Approved => Some(Phase::Approved),
            E::Refused => Some(Phase::Ended(E::Refused)),
            _ => None,
        };
    };
    let over = Some(Phase::Ended(event));
    match (phase, event) {
        (Phase::Proposed | Phase::Snoozed, E::Approved) => Some(Phase::Approved),
        (Phase::Proposed | Phase::Snoozed, E::Snoozed) => Some(Phase::Snoozed),
        (Phase::Snoozed, E::Proposed) => Some(Phase::Proposed),
        (Phase::Proposed | Phase::Snoozed, E::Rejected) => over,
        // Nothing has left yet.
        (
            Phase::Proposed | Phase::Snoozed | Phase::Approved,
            E::Expired | E::Vetoed | E::Cancelled | E::Refused,
        ) => over,
        // Between steps, or after a refused call: some of it may have been done, and the rest is not begun.
        (Phase::Between(_) | Phase::Failed(_), E::Cancelled | E::Refused | E::RolledBack) => over,
        (Phase::Between(_), E::Converged) => Some(Phase::Converged),
        (Phase::Converged, E::Verified | E::RolledBack) => over,
        (
            Phase::Approved | Phase::InStep(_) | Phase::Between(_) | Phase::Unknown(_) | Phase::Failed(_)
            | Phase::Converged
            // The verdict was "worse", and there is nothing to return to.
            | Phase::Ended(E::Verified),
            E::NeedsHuman,
        ) => Some(Phase::NeedsHuman),
        // A later reading finds all targets reached, or the human closes it.
        (Phase::NeedsHuman, E::Converged) => Some(Phase::Converged),
        (Phase::NeedsHuman, E::Cancelled | E::RolledBack) => over,
        // Taking back is a plan of its own; this entry closes the change it took back.
        (Phase::Ended(E::Verified | E::Cancelled), E::RolledBack) => over,
        _ => None,
    }
}
