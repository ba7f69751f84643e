//! The journal's machine: every pair of phase and entry, and histories of any length.

use miharu::domain::journal::{Entry, EntryKind, NewEntry, Phase, advance, fold};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::scene::{add, at, plan, world};
use EntryKind as E;

fn entry(event: EntryKind, step: Option<u32>) -> NewEntry {
    NewEntry {
        at: at(0),
        environment: "prod".into(),
        change: Some("c-1".into()),
        rule: Some("add-mount-target".into()),
        event,
        by: "ops@bastion".into(),
        step,
        detail: Json::Null,
    }
}

fn written(entries: &[(EntryKind, Option<u32>, Json)]) -> Vec<Entry> {
    entries
        .iter()
        .zip(0_i64..)
        .map(|((event, step, detail), i)| {
            let new = entry(*event, *step);
            Entry {
                seq: i + 1,
                at: at(i),
                environment: new.environment,
                change: new.change,
                rule: new.rule,
                event: new.event,
                by: new.by,
                step: new.step,
                detail: detail.clone(),
            }
        })
        .collect()
}

/// Every phase there is, in steps 1 and 2.
fn phases() -> Vec<Option<Phase>> {
    let mut all = vec![None, Some(Phase::Proposed), Some(Phase::Snoozed), Some(Phase::Approved)];
    for n in 1..=2 {
        all.extend([Phase::InStep(n), Phase::Between(n), Phase::Unknown(n), Phase::Failed(n)].map(Some));
    }
    all.extend([Phase::Converged, Phase::NeedsHuman].map(Some));
    all.extend(E::ALL.map(|kind| Some(Phase::Ended(kind))));
    all
}

fn name(phase: Option<Phase>) -> String {
    match phase {
        None => "none".into(),
        Some(Phase::Ended(kind)) => format!("ended:{}", kind.word()),
        Some(phase) => format!("{phase:?}").to_lowercase(),
    }
}

/// What is allowed: phase, entry (with its step), phase after it. Everything that is not here is refused.
const TABLE: &str = "
none: proposed>proposed approved>approved refused>ended:refused
proposed: approved>approved rejected>ended:rejected snoozed>snoozed expired>ended:expired refused>ended:refused vetoed>ended:vetoed cancelled>ended:cancelled
snoozed: proposed>proposed approved>approved rejected>ended:rejected snoozed>snoozed expired>ended:expired refused>ended:refused vetoed>ended:vetoed cancelled>ended:cancelled
approved: expired>ended:expired refused>ended:refused vetoed>ended:vetoed cancelled>ended:cancelled started1>instep(1) needs_human>needshuman
instep(1): succeeded1>between(1) failed1>failed(1) unknown1>unknown(1) needs_human>needshuman
instep(2): succeeded2>between(2) failed2>failed(2) unknown2>unknown(2) needs_human>needshuman
between(1): started2>instep(2) failed1>failed(1) converged>converged cancelled>ended:cancelled refused>ended:refused rolled_back>ended:rolled_back needs_human>needshuman
between(2): started3>instep(3) failed2>failed(2) converged>converged cancelled>ended:cancelled refused>ended:refused rolled_back>ended:rolled_back needs_human>needshuman
unknown(1): succeeded1>between(1) failed1>failed(1) unknown1>unknown(1) needs_human>needshuman
unknown(2): succeeded2>between(2) failed2>failed(2) unknown2>unknown(2) needs_human>needshuman
failed(1): started1>instep(1) succeeded1>between(1) cancelled>ended:cancelled refused>ended:refused rolled_back>ended:rolled_back needs_human>needshuman
failed(2): started2>instep(2) succeeded2>between(2) cancelled>ended:cancelled refused>ended:refused rolled_back>ended:rolled_back needs_human>needshuman
converged: verified>ended:verified rolled_back>ended:rolled_back needs_human>needshuman
needshuman: converged>converged cancelled>ended:cancelled rolled_back>ended:rolled_back
ended:verified: rolled_back>ended:rolled_back needs_human>needshuman
ended:cancelled: rolled_back>ended:rolled_back
";

#[test]
fn every_pair_of_phase_and_entry() {
    let mut allowed = 0;
    for phase in phases() {
        let name_now = name(phase);
        let row = TABLE.lines().find_map(|l| l.strip_prefix(&format!("{name_now}: "))).unwrap_or_default();
        for kind in E::ALL {
            let with_step = matches!(kind, E::Started | E::Succeeded | E::Failed | E::Unknown);
            let steps: Vec<Option<u32>> =
                if with_step { vec![None, Some(0), Some(1), Some(2), Some(3)] } else { vec![None] };
            for step in steps {
                let key = format!("{}{}>", kind.word(), step.map(|s| s.to_string()).unwrap_or_default());
                let wanted = row.split(' ').find_map(|cell| cell.strip_prefix(&key)).map(str::to_owned);
                let wanted = if kind == E::Note { phase.map(|p| name(Some(p))) } else { wanted };
                let got = advance(phase, &entry(kind, step));
                allowed += usize::from(got.is_ok() && kind != E::Note);
                match (&got, wanted) {
                    (Ok(next), Some(wanted)) => assert_eq!(name(Some(*next)), wanted, "{name_now} {key}"),
                    (Err(why), None) => assert!(why.contains(kind.word()) && why.contains("c-1"), "{why}"),
                    (got, wanted) => panic!("{name_now} {key} {step:?}: {got:?}, wanted {wanted:?}"),
                }
            }
        }
    }
    assert_eq!(allowed, TABLE.matches('>').count(), "every line of the table was reached");
}

#[test]
fn an_entry_of_no_change_moves_none() {
    let mut armed = entry(E::Armed, None);
    assert!(advance(None, &armed).is_err());
    armed.change = None;
    assert!(advance(None, &armed).unwrap_err().contains("no change"));
}

#[test]
fn words_are_those_of_the_contract() {
    for kind in E::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
    }
}

#[test]
fn a_change_is_told_step_by_step() {
    let plan = plan(&world(), "add-mount-target", add(true)).unwrap();
    let filled = plan.steps[0].operation.clone();
    let mut entries = written(&[
        (E::Proposed, None, json!({ "plan": plan })),
        (E::Snoozed, None, json!({ "until": at(600) })),
        (E::Approved, None, json!({ "reason": "go" })),
        (E::Started, Some(1), json!({ "operation": filled, "request": plan.steps[0].request })),
        (E::Failed, Some(1), json!({ "reason": "throttled" })),
        (E::Started, Some(1), json!({ "operation": filled })),
        (E::Unknown, Some(1), json!({ "reason": "no answer" })),
        (
            E::Succeeded,
            Some(1),
            json!({ "outputs": { "mount_target_id": "fsmt-d", "ip_address": "10.0.3.100" } }),
        ),
    ]);
    let state = &fold(&entries)["c-1"];
    assert_eq!((state.phase, state.plan.as_ref()), (Phase::Between(1), Some(&plan)));
    assert_eq!((state.approved_by.as_deref(), state.approved_at), (Some("ops@bastion"), Some(at(2))));
    assert_eq!((state.snoozed_until, state.reason.as_deref()), (None, Some("no answer")));
    let step = &state.steps[&1];
    assert_eq!(
        (step.attempts, step.outcome, step.operation.as_ref()),
        (2, Some(E::Succeeded), Some(&filled))
    );
    assert_eq!((step.started_at, step.ended_at), (Some(at(5)), Some(at(7))));
    plan.steps[1].operation.fill(&state.outputs()).unwrap();

    entries.extend(
        written(&[
            (E::Started, Some(2), Json::Null),
            (E::Succeeded, Some(2), json!({ "outputs": { "version": "7" } })),
            (E::Converged, None, Json::Null),
            (E::Verified, None, json!({ "from": at(0), "to": at(1), "checks": [], "verdict": "better" })),
            (E::Started, Some(3), Json::Null),
        ])
        .into_iter()
        .map(|e| Entry { seq: e.seq + 8, at: at(e.seq + 7), ..e }),
    );
    let state = &fold(&entries)["c-1"];
    assert_eq!(state.phase, Phase::Ended(E::Verified));
    assert_eq!(serde_json::to_value(state.verdict).unwrap(), "better");
    assert_eq!((state.converged_at, state.verified_at), (Some(at(10)), Some(at(11))));
    assert_eq!(state.misfits.len(), 1, "an entry after the end moves nothing: {:?}", state.misfits);
    assert_eq!((state.last_seq, state.outputs()[&2]["version"].as_str()), (12, "7"));
}

#[test]
fn a_change_whose_beginning_is_not_there_is_left_out() {
    let entries = written(&[(E::Succeeded, Some(1), Json::Null), (E::Converged, None, Json::Null)]);
    assert!(fold(&entries).is_empty());
}

proptest! {
    /// Random entries, of which only the legal ones are written: the phase found one by one is the phase of the
    /// whole history, and of each part of it.
    #[test]
    fn a_history_folds_to_the_same_phase_at_once_and_one_by_one(
        draws in prop::collection::vec((0_usize..19, 1_u32..4), 0..200),
    ) {
        let mut phase = None;
        let mut legal = Vec::new();
        for (kind, step) in draws {
            let kind = E::ALL[kind];
            let step = matches!(kind, E::Started | E::Succeeded | E::Failed | E::Unknown).then_some(step);
            if let Ok(next) = advance(phase, &entry(kind, step)) {
                phase = Some(next);
                legal.push((kind, step, Json::Null));
                let folded = fold(&written(&legal));
                prop_assert_eq!(folded["c-1"].phase, next);
                prop_assert!(folded["c-1"].misfits.is_empty());
            }
        }
        prop_assert_eq!(fold(&written(&legal)).get("c-1").map(|s| s.phase), phase);
        // A step is never started again while its outcome is not known, nor after it took effect.
        let mut done = std::collections::BTreeSet::new();
        for (kind, step, _) in &legal {
            match kind {
                E::Started => prop_assert!(!done.contains(step)),
                E::Succeeded => { done.insert(*step); }
                E::Failed => { done.remove(step); }
                _ => {}
            }
        }
    }
}
