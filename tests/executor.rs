//! The executor against the simulated AWS under paused time: every way a change can go.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]

#[expect(dead_code, reason = "the simulation uses the rest")]
#[path = "executor/stage.rs"]
mod stage;

#[path = "executor/auto.rs"]
mod auto;
#[path = "executor/effects.rs"]
mod effects;
#[path = "executor/lost.rs"]
mod lost;
#[path = "executor/publish.rs"]
mod publish;
#[path = "executor/refusals.rs"]
mod refusals;

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use miharu::domain::journal::EntryKind::{
    self, Approved, Cancelled, Converged, Failed, NeedsHuman, Refused, Started, Succeeded, Unknown,
};
use miharu::domain::recommendation::Intent;
use miharu::engine::executor::Outcome;
use miharu::engine::recovery::Rest;
use miharu::simulated::Mishap;
use miharu::simulated::scenario::Deed;
use stage::{DUE, Stage, silent};

type Kinds = Vec<(EntryKind, Option<u32>)>;

/// The story of a change whose steps all went well at the first try.
fn straight(steps: u32) -> Kinds {
    let mut kinds = vec![(Approved, None)];
    for n in 1..=steps {
        kinds.extend([(Started, Some(n)), (Succeeded, Some(n))]);
    }
    kinds.push((Converged, None));
    kinds
}

#[tokio::test(start_paused = true)]
async fn a_mount_target_is_added_published_and_every_task_restarted() {
    let stage = Stage::new(DUE, 1);
    let before = stage.simulated.truth();
    let plan = stage.add_target("c1").await;
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!(outcome, Outcome::Converged);
    assert_eq!(stage.kinds("c1"), straight(3));
    let truth = stage.simulated.truth();
    assert_eq!(truth.applied().values().copied().collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(truth.mount_targets.len(), 3);
    let version = truth.list.last().unwrap().version;
    assert_eq!(version, before.list.last().unwrap().version + 1);
    let live: Vec<_> = truth.tasks.iter().filter(|(t, _)| !t.is_stopped()).collect();
    assert!(!live.is_empty() && live.iter().all(|(_, read)| *read == Some(version)), "{live:?}");
    assert!(stage.executor("b").journal.holder("demo", stage.clock.now()).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_read_back_for_each_write_and_nothing_is_sent_twice() {
    for (seed, operation) in [(1, "CreateMountTarget"), (2, "PutParameter"), (3, "UpdateService")] {
        for mishap in [Mishap::LoseAnswer, Mishap::ServerErrorAfterEffect] {
            let stage = Stage::new(DUE, seed);
            let plan = stage.add_target("c1").await;
            stage.simulated.goes_wrong(Some(operation), mishap);
            let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
            assert_eq!(outcome, Outcome::Converged, "{operation} {mishap:?}");
            let kinds = stage.kinds("c1");
            assert!(kinds.contains(&(Unknown, Some(u32::try_from(seed).unwrap()))), "{kinds:?}");
            let applied = stage.simulated.truth().applied();
            assert_eq!(applied.values().copied().collect::<Vec<_>>(), [1, 1, 1], "{operation}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_effect_late_is_found_and_one_that_never_does_is_told_so() {
    let stage = Stage::new(DUE, 4);
    let plan = stage.add_target("c1").await;
    stage.simulated.goes_wrong(Some("PutParameter"), Mishap::EffectLater(TimeDelta::seconds(50)));
    assert_eq!(stage.executor("a").apply(&plan, "op", &silent).await, Outcome::Converged);
    assert_eq!(stage.simulated.truth().applied().get("PutParameter"), Some(&1));

    let stage = Stage::new(DUE, 5);
    let plan = stage.add_target("c1").await;
    stage.simulated.goes_wrong(Some("PutParameter"), Mishap::ServerError);
    let began = stage.clock.now();
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    assert!(
        stage.clock.now() - began >= TimeDelta::seconds(75),
        "two looks apart, after the call could arrive"
    );
    let kinds = stage.kinds("c1");
    assert_eq!(kinds[3..], [(Started, Some(2)), (Unknown, Some(2)), (Failed, Some(2)), (Cancelled, None),]);
    // Nothing is open: the list is offered for repair, then the service.
    for (change, rule, intent) in
        [("c2", "publish-mount-targets", Intent::Publish), ("c3", "redeploy-service", Intent::Redeploy)]
    {
        let plan = stage.plan(change, rule, intent).await;
        let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
        assert_eq!(outcome, Outcome::Converged, "{change}");
    }
    assert_eq!(stage.observe().await.drift(), []);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_tried_again_only_after_reading_and_not_for_ever() {
    let stage = Stage::new(DUE, 6);
    let plan = stage.add_target("c1").await;
    stage.simulated.goes_wrong(Some("CreateMountTarget"), Mishap::Throttle);
    assert_eq!(stage.executor("a").apply(&plan, "op", &silent).await, Outcome::Converged);
    assert_eq!(
        stage.kinds("c1")[..5],
        [(Approved, None), (Started, Some(1)), (Failed, Some(1)), (Started, Some(1)), (Succeeded, Some(1)),]
    );
    let stage = Stage::new(DUE, 7);
    let plan = stage.add_target("c1").await;
    for _ in 0..20 {
        stage.simulated.goes_wrong(Some("CreateMountTarget"), Mishap::Throttle);
    }
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    assert_eq!(stage.simulated.truth().received.len(), 4);
    assert_eq!(stage.kinds("c1").last(), Some(&(Cancelled, None)));
}

#[tokio::test(start_paused = true)]
async fn a_denied_call_fails_at_once() {
    let stage = Stage::new(DUE, 8);
    let plan = stage.add_target("c1").await;
    stage.simulated.goes_wrong(None, Mishap::Deny);
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!(outcome.exit(), 1, "{outcome:?}");
    assert_eq!(
        stage.kinds("c1"),
        [(Approved, None), (Started, Some(1)), (Failed, Some(1)), (Cancelled, None)]
    );
    assert_eq!(stage.simulated.truth().mount_targets.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_plan_is_refused_with_the_differences_before_and_between_steps() {
    let stage = Stage::new(DUE, 9);
    let plan = stage.add_target("c1").await;
    stage.simulated.outside_change(Deed::PutList { value: None }).unwrap();
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    let Outcome::Refused { guardrail, why } = &outcome else { panic!("{outcome:?}") };
    assert_eq!((guardrail.as_str(), outcome.exit()), ("stale-plan", 4));
    assert!(why[0].contains("parameter version"), "{why:?}");
    assert_eq!(stage.kinds("c1"), [(Refused, None)]);
    assert_eq!(stage.simulated.truth().received, []);

    let plan = stage.add_target("c2").await;
    let between = async {
        stage.clock.sleep(Duration::from_secs(10)).await;
        stage.simulated.outside_change(Deed::PutList { value: None }).unwrap();
        std::future::pending::<()>().await;
    };
    let executor = stage.executor("a");
    let outcome = tokio::select! {
        outcome = executor.apply(&plan, "op", &silent) => outcome,
        () = between => unreachable!(),
    };
    assert!(
        matches!(&outcome, Outcome::Refused { guardrail, .. } if guardrail == "stale-plan"),
        "{outcome:?}"
    );
    assert_eq!(stage.simulated.truth().received.len(), 1, "only the creation had left");
    assert_eq!(stage.kinds("c2").last(), Some(&(Refused, None)));
}

#[tokio::test(start_paused = true)]
async fn two_executors_on_one_journal_never_apply_at_once() {
    let stage = Stage::new(DUE, 10);
    let (one, two) = (stage.add_target("c1").await, stage.add_target("c2").await);
    let (a, b) = (stage.executor("a"), stage.executor("b"));
    let (first, second) = tokio::join!(a.apply(&one, "op", &silent), b.apply(&two, "op", &silent));
    assert_eq!((first.exit(), second.exit()), (0, 4), "{second:?}");
    assert_eq!(stage.simulated.truth().received.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn read_only_and_late_approvals_change_nothing() {
    let stage = Stage::new(DUE, 11);
    let plan = stage.add_target("c1").await;
    let outcome = stage.executor_with("a", None).apply(&plan, "op", &silent).await;
    assert!(
        matches!(&outcome, Outcome::Refused { guardrail, .. } if guardrail == "read-only"),
        "{outcome:?}"
    );
    let plan = stage.add_target("c2").await;
    stage.clock.sleep(Duration::from_secs(16 * 60)).await;
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert!(matches!(&outcome, Outcome::Refused { guardrail, .. } if guardrail == "expired"), "{outcome:?}");
    assert_eq!(stage.simulated.truth().received, []);
}

#[tokio::test(start_paused = true)]
async fn a_target_that_never_comes_and_a_target_that_fails_ask_for_a_human() {
    let stage = Stage::new(DUE, 12);
    stage.simulated.creations_take(4000.0, 4000.0);
    let plan = stage.add_target("c1").await;
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!(outcome.exit(), 5, "{outcome:?}");
    assert_eq!(stage.kinds("c1").last(), Some(&(NeedsHuman, Some(1))));

    let stage = Stage::new(DUE, 13);
    stage.simulated.creations_fail(1);
    let plan = stage.add_target("c1").await;
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!(outcome.exit(), 1, "{outcome:?}");
    assert_eq!(stage.kinds("c1")[3..], [(Failed, Some(1)), (NeedsHuman, Some(1))]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_change_between_steps() {
    let stage = Stage::new(DUE, 14);
    let plan = stage.add_target("c1").await;
    let executor = Arc::new(stage.executor("a"));
    let stop = async {
        stage.clock.sleep(Duration::from_secs(12)).await;
        executor.cancel();
    };
    let (outcome, ()) = tokio::join!(executor.apply(&plan, "op", &silent), stop);
    assert_eq!(outcome, Outcome::Cancelled);
    assert_eq!(stage.kinds("c1")[2..], [(Succeeded, Some(1)), (Cancelled, None)]);
    assert_eq!(stage.simulated.truth().received.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_at_any_entry_the_change_is_read_back_and_finished_without_repeating_anything() {
    let mut crashes = 0;
    for n in 1..60 {
        let stage = Stage::new(DUE, 15);
        let plan = stage.add_target("c1").await;
        let crash = stage.journal.crash_after(n);
        let first = stage.executor("a");
        let ended = tokio::select! {
            outcome = first.apply(&plan, "op", &silent) => Some(outcome),
            () = crash.cancelled() => None,
        };
        if ended.is_some() {
            break;
        }
        crashes += 1;
        drop(first);
        let second = stage.executor("b");
        if stage.journal.entries.lock().unwrap().last().unwrap().event == Converged {
            continue;
        }
        let held = second.recover(Rest::Finish, "op", &silent).await.unwrap_err();
        assert_eq!(held.exit(), 4, "the lease of the dead process still holds");
        stage.clock.sleep(Duration::from_secs(121)).await;
        let recovered = second.recover(Rest::Finish, "op", &silent).await.unwrap();
        assert_eq!(recovered.len(), 1);
        let applied = stage.simulated.truth().applied();
        let counts: Vec<usize> = applied.values().copied().collect();
        let sent_nothing =
            stage.journal.entries.lock().unwrap()[usize::try_from(n).unwrap() - 1].event == Started;
        if sent_nothing {
            // The call never left: it is found not done, and what is left is offered.
            assert!(matches!(recovered[0].outcome, Outcome::Failed { .. }), "{n}: {recovered:?}");
            assert!(counts.iter().all(|c| *c == 1), "{n}: {applied:?}");
        } else {
            assert_eq!(recovered[0].outcome, Outcome::Converged, "after entry {n}");
            assert_eq!(counts, [1, 1, 1], "after entry {n}");
            assert_eq!(stage.observe().await.drift(), []);
        }
        assert!(second.journal.open_changes("demo").await.unwrap().is_empty());
    }
    assert!(crashes >= 8, "{crashes}");
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_left_can_be_offered_instead_of_finished() {
    let stage = Stage::new(DUE, 16);
    let plan = stage.add_target("c1").await;
    let crash = stage.journal.crash_after(3);
    let first = stage.executor("a");
    tokio::select! {
        outcome = first.apply(&plan, "op", &silent) => panic!("{outcome:?}"),
        () = crash.cancelled() => {}
    }
    stage.clock.sleep(Duration::from_secs(121)).await;
    let recovered = stage.executor("b").recover(Rest::Offer, "op", &silent).await.unwrap();
    assert!(matches!(recovered[0].outcome, Outcome::Refused { .. }), "{recovered:?}");
    let plan = stage.plan("c2", "publish-mount-targets", Intent::Publish).await;
    assert_eq!(stage.executor("b").apply(&plan, "op", &silent).await, Outcome::Converged);
}

#[tokio::test(start_paused = true)]
async fn a_scale_out_is_taken_back_by_a_plan_of_its_own() {
    let stage = Stage::new(DUE, 17);
    let plan = stage.plan("c1", "by-hand", Intent::Scale { desired: 4 }).await;
    let executor = stage.executor("a");
    assert_eq!(executor.apply(&plan, "op", &silent).await, Outcome::Converged);
    assert_eq!(executor.roll_back("c1", "c2".into(), "op", &silent).await, Outcome::Converged);
    assert_eq!(stage.simulated.truth().service.unwrap().desired, 3);
    assert_eq!(stage.kinds("c1").last(), Some(&(EntryKind::RolledBack, None)));
    let beyond = stage.plan("c3", "by-hand", Intent::Scale { desired: 40 }).await;
    let stage = Stage { policy: Arc::new(stage.policy.as_ref().clone()), ..stage };
    let mut narrow = stage.policy.as_ref().clone();
    narrow.max_tasks = 10;
    let stage = Stage { policy: Arc::new(narrow), ..stage };
    let outcome = stage.executor("a").apply(&beyond, "op", &silent).await;
    assert!(matches!(&outcome, Outcome::Refused { guardrail, .. } if guardrail == "limit"), "{outcome:?}");
}
