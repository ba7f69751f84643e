//! Calls whose answer was lost while somebody else was at work on the same thing: what the journal may say.

use std::time::Duration;

use miharu::domain::journal::Entry;
use miharu::domain::journal::EntryKind::{
    self, Cancelled, Converged, Failed, NeedsHuman, Succeeded, Unknown,
};
use miharu::domain::recommendation::Intent;
use miharu::domain::request::{Operation, published_text};
use miharu::engine::executor::Outcome;
use miharu::engine::recovery::Rest;
use miharu::simulated::Mishap;
use miharu::simulated::scenario::Deed;

use super::stage::{DUE, Stage, silent};

fn last(stage: &Stage, kind: EntryKind) -> Entry {
    let entries = stage.journal.entries.lock().unwrap();
    let found = entries.iter().rev().find(|e| e.event == kind).cloned();
    found.unwrap_or_else(|| panic!("no {kind:?}: {entries:?}"))
}

/// A while after the call left, somebody does something.
async fn after(stage: &Stage, s: u64, deed: Deed) {
    stage.clock.sleep(Duration::from_secs(s)).await;
    stage.simulated.outside_change(deed).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_redeployment_found_soon_after_the_call_is_done_and_nobody_claims_it() {
    // Ours took effect; it did not, and somebody else's did. Nothing that can be read tells them apart.
    for (mishap, other) in [(Mishap::LoseAnswer, false), (Mishap::ServerError, true)] {
        let stage = Stage::new(DUE, 1);
        let plan = stage.plan("c1", "redeploy-service", Intent::Redeploy).await;
        stage.simulated.goes_wrong(Some("UpdateService"), mishap);
        let executor = stage.executor("a");
        let meanwhile = async {
            if other {
                after(&stage, 20, Deed::ForceDeployment).await;
            }
        };
        let (outcome, ()) = tokio::join!(executor.apply(&plan, "op", &silent), meanwhile);
        assert_eq!(outcome, Outcome::Converged, "every task is new, whoever did it");
        let said = last(&stage, Succeeded);
        assert_eq!(said.detail["found_by_reading"], true);
        assert_eq!(said.detail["whose"], "not told by what can be read", "{said:?}");
        assert_eq!(stage.simulated.truth().received.len(), 1, "sent once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redeployment_of_a_time_at_which_ours_cannot_have_arrived_is_anothers() {
    let stage = Stage::new(DUE, 2);
    let plan = stage.plan("c1", "redeploy-service", Intent::Redeploy).await;
    stage.simulated.goes_wrong(Some("UpdateService"), Mishap::ServerError);
    let crash = stage.journal.crash_after(3);
    let first = stage.executor("a");
    tokio::select! {
        outcome = first.apply(&plan, "op", &silent) => panic!("{outcome:?}"),
        () = crash.cancelled() => {}
    }
    assert_eq!(stage.kinds("c1").last(), Some(&(Unknown, Some(1))));
    after(&stage, 300, Deed::ForceDeployment).await;
    let recovered = stage.executor("b").recover(Rest::Finish, "op", &silent).await.unwrap();
    assert_eq!(recovered[0].outcome, Outcome::Converged);
    assert_eq!(last(&stage, Succeeded).detail["whose"], "another's");
    assert_eq!(stage.simulated.truth().received.len(), 1, "not done once more on top of it");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_effect_beside_somebody_who_did_something_else_is_told_to_have_failed() {
    let stage = Stage::new(DUE, 3);
    let plan = stage.plan("c1", "redeploy-service", Intent::Redeploy).await;
    stage.simulated.goes_wrong(Some("UpdateService"), Mishap::ServerError);
    let executor = stage.executor("a");
    let other = after(&stage, 20, Deed::UpdateService { tasks: Some(4), zones: None });
    let (outcome, ()) = tokio::join!(executor.apply(&plan, "op", &silent), other);
    assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    assert_eq!(stage.kinds("c1")[2..], [(Unknown, Some(1)), (Failed, Some(1)), (Cancelled, None)]);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_overwrote_asks_a_human_soon_whether_the_call_took_effect_or_not() {
    for mishap in [Mishap::LoseAnswer, Mishap::ServerError] {
        let stage = Stage::new(DUE, 4);
        let plan = stage.plan("c1", "by-hand", Intent::Scale { desired: 5 }).await;
        stage.simulated.goes_wrong(Some("UpdateService"), mishap);
        let crash = stage.journal.crash_after(3);
        let first = stage.executor("a");
        tokio::select! {
            outcome = first.apply(&plan, "op", &silent) => panic!("{outcome:?}"),
            () = crash.cancelled() => {}
        }
        after(&stage, 200, Deed::UpdateService { tasks: Some(2), zones: None }).await;
        let began = stage.clock.now();
        let recovered = stage.executor("b").recover(Rest::Finish, "op", &silent).await.unwrap();
        let Outcome::Unknown { why } = &recovered[0].outcome else { panic!("{recovered:?}") };
        assert!(why.contains("neither as before nor as asked"), "{why}");
        assert_eq!(recovered[0].outcome.exit(), 5);
        assert_eq!(stage.kinds("c1").last(), Some(&(NeedsHuman, Some(1))));
        assert!(stage.clock.now() - began < chrono::TimeDelta::seconds(60), "waiting tells no more");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_somebody_else_made_in_the_subnet_serves_as_well_as_ours() {
    let stage = Stage::new(DUE, 5);
    let plan = stage.add_target("c1").await;
    stage.simulated.goes_wrong(Some("CreateMountTarget"), Mishap::ServerError);
    let executor = stage.executor("a");
    let other = after(&stage, 20, Deed::CreateMountTarget { zone: "ap-northeast-1d".into() });
    let (outcome, ()) = tokio::join!(executor.apply(&plan, "op", &silent), other);
    assert_eq!(outcome, Outcome::Converged);
    let truth = stage.simulated.truth();
    assert_eq!((truth.mount_targets.len(), truth.most_targets["ap-northeast-1d"]), (3, 1));
    let kinds = stage.kinds("c1");
    assert_eq!(kinds.last(), Some(&(Converged, None)), "{kinds:?}");
    assert_eq!(stage.observe().await.drift(), []);
}

#[tokio::test(start_paused = true)]
async fn a_text_is_found_among_the_versions_also_where_a_later_one_stands() {
    // The former function writes the same text; somebody else another one right after.
    let stage = Stage::new(DUE, 6);
    stage.simulated.outside_change(Deed::PutList { value: Some("{}".into()) }).unwrap();
    let plan = stage.plan("c1", "publish-mount-targets", Intent::Publish).await;
    let Operation::PutParameter { entries, .. } = &plan.steps[0].operation else { panic!("{plan:?}") };
    let text = published_text(entries);
    stage.simulated.goes_wrong(Some("PutParameter"), Mishap::ServerError);
    let executor = stage.executor("a");
    let others = async {
        after(&stage, 2, Deed::PutList { value: Some(text.clone()) }).await;
        stage.simulated.outside_change(Deed::PutList { value: Some("{ }".into()) }).unwrap();
    };
    let (outcome, ()) = tokio::join!(executor.apply(&plan, "op", &silent), others);
    assert_eq!(outcome, Outcome::Converged, "what was to be written was written");
    let said = last(&stage, Succeeded);
    let list = stage.simulated.truth().list;
    let version: i64 = said.detail["outputs"]["version"].as_str().unwrap().parse().unwrap();
    assert_eq!(list.iter().find(|v| v.version == version).unwrap().value, text);
    assert_eq!(list.last().unwrap().value, "{ }", "which the next plan will repair");
    assert_eq!(said.detail["whose"], "not told by what can be read");
}

#[tokio::test(start_paused = true)]
async fn a_lost_registration_is_found_behind_revisions_of_others() {
    for (seed, mishap) in [(7, Mishap::LoseAnswer), (8, Mishap::ServerError)] {
        let stage = Stage::new(DUE, seed);
        // Revision 2 exits at once, and the circuit breaker goes back to revision 1.
        after(&stage, 60, Deed::DeployBadImage { exit_code: 1 }).await;
        stage.clock.sleep(Duration::from_secs(1800)).await;
        let intent = Intent::ResizeTask { cpu: "1024".into(), memory: "4096".into() };
        let plan = stage.plan("c1", "by-hand", intent).await;
        stage.simulated.goes_wrong(Some("RegisterTaskDefinition"), mishap);
        let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
        if mishap == Mishap::LoseAnswer {
            assert_eq!(outcome, Outcome::Converged);
            let arn = stage.simulated.truth().service.unwrap().task_definition;
            assert!(arn.ends_with(":3"), "{arn}");
            assert_eq!(stage.simulated.truth().applied().get("RegisterTaskDefinition"), Some(&1));
        } else {
            assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
            assert!(outcome.why().contains(":3 does not exist"), "{}", outcome.why());
        }
    }
}
