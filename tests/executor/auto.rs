//! Auto mode: the countdown and its brakes, what it takes back, and what makes it stop by itself.

use std::sync::Arc;
use std::time::Duration;

use miharu::domain::journal::{Entry, EntryKind};
use miharu::domain::policy::Policy;
use miharu::domain::price::PriceList;
use miharu::domain::verification::Verdict;
use miharu::engine::autopilot::{Autopilot, Brakes, Turn};
use miharu::engine::executor::Outcome;
use miharu::simulated::Mishap;
use miharu::simulated::scenario::Deed;

use super::stage::{Stage, silent};

/// As `DUE`, and the former function is gone.
const FREE: &str = "title = 't'\ndescription = 'd'\n[world]\ntargets = ['ap-northeast-1a', \
    'ap-northeast-1c']\ntasks = 3\nfiles = 100_500\nlambda = false\n[[load]]\nat = '0s'\nfiles_per_s = 0\n\
    ops_per_s = 200\n";
/// Tasks run by an older list, and nothing else is due.
const CALM: &str = "title = 't'\ndescription = 'd'\n[world]\ntargets = ['ap-northeast-1a', \
    'ap-northeast-1c']\ntasks = 3\nfiles = 500\nlambda = false\n[[load]]\nat = '0s'\nfiles_per_s = 0\n\
    ops_per_s = 200\n";

fn stage(text: &str, seed: u64) -> Stage {
    let mut stage = Stage::new(text, seed);
    stage.policy = Arc::new(Policy {
        file_count_threshold: 100_000,
        agreeing: 1,
        evaluations: 1,
        verification: Duration::from_secs(300),
        ..Policy::default()
    });
    stage
}

fn pilot(stage: &Stage, headless: bool, verifies: bool) -> Autopilot {
    Autopilot::new(Arc::new(stage.executor("a")), PriceList::default(), headless, verifies)
}

fn entries(stage: &Stage, kind: EntryKind) -> Vec<Entry> {
    let all = stage.journal.entries.lock().unwrap();
    all.iter().filter(|e| e.event == kind).cloned().collect()
}

/// Waits until the journal has an entry of that kind; a run that never writes one ends with the test.
async fn written(stage: &Stage, kind: EntryKind) {
    while entries(stage, kind).is_empty() {
        stage.clock.sleep(Duration::from_secs(1)).await;
    }
}

async fn one_turn(stage: &Stage, pilot: &mut Autopilot, meanwhile: impl Future<Output = ()>) -> Turn {
    pilot.arm("op", &silent).await.unwrap();
    let limit = Duration::from_secs(24 * 3600);
    let both = async { tokio::join!(pilot.turn(&silent), meanwhile).0 };
    let turn = tokio::time::timeout(limit, both).await;
    turn.unwrap_or_else(|_| panic!("it never ends: {:?}", stage.journal.entries.lock().unwrap()))
}

#[tokio::test(start_paused = true)]
async fn the_countdown_passes_and_the_change_is_applied_in_the_name_of_auto() {
    let stage = stage(FREE, 1);
    let turn = one_turn(&stage, &mut pilot(&stage, false, false), async {}).await;
    assert!(matches!(turn, Turn::Applied { outcome: Outcome::Converged, .. }), "{turn:?}");
    let (proposed, approved) = (entries(&stage, EntryKind::Proposed), entries(&stage, EntryKind::Approved));
    let waited = approved[0].at - proposed[0].at;
    assert!(waited >= chrono::TimeDelta::seconds(30), "{waited}");
    assert_eq!((approved[0].by.as_str(), approved[0].change.as_ref()), ("auto", proposed[0].change.as_ref()));
    assert!(proposed[0].detail["veto_until"].is_string(), "{:?}", proposed[0].detail);
    assert_eq!(stage.simulated.truth().mount_targets.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_veto_ends_the_countdown_and_leaves_auto_armed_and_a_kill_disarms_it() {
    for (kills, kind) in [(false, EntryKind::Vetoed), (true, EntryKind::Cancelled)] {
        let stage = stage(FREE, 2);
        let mut pilot = pilot(&stage, false, false);
        let brakes = pilot.brakes();
        let hand = async {
            written(&stage, EntryKind::Proposed).await;
            stage.clock.sleep(Duration::from_secs(10)).await;
            if kills { brakes.kill() } else { brakes.veto() }
        };
        let turn = one_turn(&stage, &mut pilot, hand).await;
        assert_eq!(turn, if kills { Turn::Disarmed } else { Turn::Vetoed });
        assert_eq!(brakes.armed(), !kills);
        let said = entries(&stage, kind);
        assert_eq!(said.len(), 1);
        assert!(said[0].change.is_some() && said[0].detail["reason"].is_string(), "{said:?}");
        assert!(entries(&stage, EntryKind::Approved).is_empty());
        assert_eq!(stage.simulated.truth().received, []);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_applied_while_disarmed() {
    let stage = stage(FREE, 3);
    assert_eq!(pilot(&stage, true, false).turn(&silent).await, Turn::Disarmed);
    assert_eq!(stage.simulated.truth().received, []);
    let read_only = Arc::new(stage.executor_with("a", None));
    let mut pilot = Autopilot::new(read_only, PriceList::default(), true, false);
    assert!(pilot.arm("op", &silent).await.unwrap_err().contains("--read-only"));
    assert!(!Brakes::armed(&pilot.brakes()));
}

/// A task dies while the effect is watched.
async fn a_task_dies(stage: &Stage) {
    written(stage, EntryKind::Converged).await;
    stage.clock.sleep(Duration::from_secs(60)).await;
    let deed = Deed::StopTask { tasks: 1, exit_code: 1, reason: "killed".into() };
    stage.simulated.outside_change(deed).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_made_it_worse_is_taken_back_and_auto_disarms_itself() {
    let stage = stage(FREE, 4);
    let before = stage.simulated.truth().list.last().unwrap().value.clone();
    let mut pilot = pilot(&stage, true, true);
    let turn = one_turn(&stage, &mut pilot, a_task_dies(&stage)).await;
    assert_eq!(
        turn,
        Turn::Applied { outcome: Outcome::Converged, verdict: Some(Verdict::Worse), rolled_back: true }
    );
    assert_eq!(turn.exit(), 1);
    let changes = entries(&stage, EntryKind::Approved);
    let [done, back] = changes.as_slice() else { panic!("{changes:?}") };
    let undone = done.change.clone().unwrap();
    // The journal tells it from both ends.
    let all = stage.journal.entries.lock().unwrap().clone();
    let of_back: Vec<&Entry> = all.iter().filter(|e| e.change == back.change).collect();
    assert!(of_back.len() >= 6, "{of_back:?}");
    assert!(of_back.iter().all(|e| e.detail["undoes"] == undone.as_str()), "{of_back:?}");
    let rolled = entries(&stage, EntryKind::RolledBack);
    assert_eq!(rolled[0].change, done.change);
    assert_eq!(rolled[0].detail["by_change"], back.change.clone().unwrap());
    assert!(all.iter().all(|e| e.change != done.change || e.detail.get("undoes").is_none()));
    let truth = stage.simulated.truth();
    assert_eq!(truth.list.last().unwrap().value, before, "byte for byte");
    assert_eq!(truth.mount_targets.len(), 3, "deleting a target is a change of its own");
    let disarmed = entries(&stage, EntryKind::Disarmed);
    assert!(disarmed[0].detail["reason"].as_str().unwrap().contains("taken back"), "{disarmed:?}");
    assert!(!pilot.brakes().armed());
    assert_eq!(pilot.turn(&silent).await, Turn::Disarmed);
}

#[tokio::test(start_paused = true)]
async fn what_made_it_worse_and_cannot_be_taken_back_asks_a_human_and_disarms() {
    let stage = stage(CALM, 5);
    stage.simulated.outside_change(Deed::CreateMountTarget { zone: "ap-northeast-1d".into() }).unwrap();
    stage.clock.sleep(Duration::from_secs(300)).await;
    stage.simulated.outside_change(Deed::PutList { value: None }).unwrap();
    stage.clock.sleep(Duration::from_secs(60)).await;
    let mut pilot = pilot(&stage, true, true);
    let turn = one_turn(&stage, &mut pilot, a_task_dies(&stage)).await;
    assert_eq!(
        turn,
        Turn::Applied { outcome: Outcome::Converged, verdict: Some(Verdict::Worse), rolled_back: false }
    );
    let approved = entries(&stage, EntryKind::Approved);
    assert_eq!(approved.len(), 1);
    assert_eq!(approved[0].rule.as_deref(), Some("redeploy-service"));
    let asked = entries(&stage, EntryKind::NeedsHuman);
    assert_eq!(asked[0].change, approved[0].change);
    assert!(!pilot.brakes().armed());
    assert!(
        entries(&stage, EntryKind::Disarmed)[0].detail["reason"].as_str().unwrap().contains("not taken back")
    );
}

#[tokio::test(start_paused = true)]
async fn two_failures_one_after_the_other_disarm_it_and_a_success_between_them_does_not() {
    let stage = stage(FREE, 6);
    let mut pilot = pilot(&stage, true, false);
    pilot.arm("op", &silent).await.unwrap();
    stage.simulated.goes_wrong(Some("CreateMountTarget"), Mishap::Deny);
    let turn = pilot.turn(&silent).await;
    assert!(matches!(turn, Turn::Applied { outcome: Outcome::Failed { .. }, .. }), "{turn:?}");
    assert!(pilot.brakes().armed(), "one failure is none too many");
    let held = pilot.turn(&silent).await;
    assert!(
        matches!(&held, Turn::Held(Outcome::Refused { guardrail, .. }) if guardrail == "cool-down"),
        "{held:?}"
    );
    stage.clock.sleep(Duration::from_secs(1000)).await;
    stage.simulated.goes_wrong(Some("CreateMountTarget"), Mishap::Deny);
    let turn = pilot.turn(&silent).await;
    assert!(matches!(turn, Turn::Applied { outcome: Outcome::Failed { .. }, .. }), "{turn:?}");
    assert!(!pilot.brakes().armed());
    let reason = entries(&stage, EntryKind::Disarmed)[0].detail["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("2 changes failed one after the other"), "{reason}");
    assert!(reason.contains("before it is armed again"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_file_system_without_any_target_left_asks_a_human_once() {
    let stage = stage(CALM, 7);
    for zone in ["ap-northeast-1a", "ap-northeast-1c"] {
        stage.simulated.outside_change(Deed::DeleteMountTarget { zone: zone.into() }).unwrap();
    }
    stage.clock.sleep(Duration::from_secs(300)).await;
    let mut pilot = pilot(&stage, true, false);
    pilot.arm("op", &silent).await.unwrap();
    for _ in 0..2 {
        let turn = pilot.turn(&silent).await;
        assert!(
            matches!(&turn, Turn::Held(Outcome::Refused { guardrail, .. }) if guardrail == "not-available"),
            "{turn:?}"
        );
    }
    let refused = entries(&stage, EntryKind::Refused);
    assert_eq!(refused.len(), 1, "said once: {refused:?}");
    assert!(refused[0].detail["reason"].as_str().unwrap().contains("No mount target is available"));
    assert_eq!(stage.simulated.truth().received, []);
}
