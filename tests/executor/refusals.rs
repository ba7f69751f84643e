//! What holds a change back before anything is sent: freeze, account, lease, and a rule that has changed its mind.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use miharu::domain::journal::EntryKind::{Approved, Refused, Started};
use miharu::domain::plan::Plan;
use miharu::domain::planner;
use miharu::domain::policy::{FreezeWindow, Policy};
use miharu::domain::rules::{Input, Signals, evaluate};
use miharu::engine::executor::{Executor, Outcome};
use miharu::simulated::scenario::Deed;

use super::stage::{DUE, Stage, silent};

fn with(stage: &mut Stage, policy: Policy) {
    stage.policy = Arc::new(policy);
}

fn guardrail(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused { guardrail, .. } => guardrail,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_freeze_window_and_another_account_hold_every_change_back() {
    let mut stage = Stage::new(DUE, 1);
    let plan = stage.add_target("c1").await;
    let now = stage.clock.now().time();
    let hour = TimeDelta::hours(1);
    let window = FreezeWindow { days: vec![], from: now - hour, to: now + hour };
    let free = stage.policy.as_ref().clone();
    with(&mut stage, Policy { freeze: vec![window], ..free.clone() });
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!((guardrail(&outcome), outcome.exit()), ("freeze", 4));
    assert_eq!(stage.kinds("c1"), [(Refused, None)]);

    let plan = stage.add_target("c2").await;
    with(&mut stage, Policy { expected_account: Some("999999999999".into()), ..free.clone() });
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!(guardrail(&outcome), "expected-account");
    assert!(outcome.why().contains("999999999999"), "{}", outcome.why());
    assert_eq!(stage.simulated.truth().received, []);

    let plan = stage.add_target("c3").await;
    with(&mut stage, free);
    assert_eq!(stage.executor("a").apply(&plan, "op", &silent).await, Outcome::Converged);
}

/// An executor of a process on a machine where 41 is the only one that is not alive.
fn process(stage: &Stage, holder: &str) -> Executor {
    let mut executor = stage.executor(holder);
    executor.alive = |pid| pid != 41;
    executor
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_dead_process_of_this_machine_is_taken_over_and_no_other() {
    for (holder, refused) in [
        ("op@host:41:place:00000001", false),
        ("op@host:42:place:00000001", true),
        ("op@other:41:place:00000001", true),
        ("op@host:41:elsewhere:00000001", true),
        ("op@host:41:00000001", true),
    ] {
        let stage = Stage::new(DUE, 2);
        let plan = stage.add_target("c1").await;
        let now = stage.clock.now();
        let taken = stage.executor("x").journal.lease("demo", holder, now, now + TimeDelta::hours(1)).await;
        assert!(taken.unwrap());
        let own = "op@host:43:place:00000002";
        let outcome = process(&stage, own).apply(&plan, "op", &silent).await;
        if refused {
            assert_eq!(guardrail(&outcome), "change-in-flight", "{holder}");
            assert!(outcome.why().contains(holder), "{}", outcome.why());
            assert_eq!(stage.simulated.truth().received, []);
        } else {
            assert_eq!(outcome, Outcome::Converged, "{holder}");
        }
    }
}

/// More load than three tasks should have, and then suddenly little.
fn busy(then: &str) -> String {
    format!(
        "title = 't'\ndescription = 'd'\n[world]\ntargets = ['ap-northeast-1a', 'ap-northeast-1c']\ntasks = 3\n\
         files = 500\nlambda = false\n[[load]]\nat = '0s'\nfiles_per_s = 0\nops_per_s = 2_000\n{then}"
    )
}

/// The plan of what the rule recommends.
async fn recommended(stage: &Stage, id: &str, change: &str) -> Option<Plan> {
    let world = stage.observe().await;
    let signals = Signals::default();
    let input = Input {
        world: &world,
        policy: &stage.policy,
        signals: &signals,
        environment: &stage.environment.name,
        now: stage.clock.now(),
    };
    let all = evaluate(&input, &[]);
    let rec = all.recommendations.iter().find(|r| r.id == id)?;
    Some(planner::plan(&input, rec, change.to_owned()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn what_measurements_called_for_is_asked_again_and_refused_where_they_call_no_more() {
    let stage = Stage::new(&busy(""), 3);
    stage.clock.sleep(Duration::from_secs(600)).await;
    let plan = recommended(&stage, "scale-out-service", "c1").await.unwrap();
    let executor = stage.executor("a");
    assert_eq!(executor.apply(&plan, "op", &silent).await, Outcome::Converged);
    assert!(stage.simulated.truth().service.unwrap().desired > 3);
    // Taking it back is nobody's recommendation, and is not asked for.
    assert_eq!(executor.roll_back("c1", "c2".into(), "op", &silent).await, Outcome::Converged);
    assert_eq!(stage.simulated.truth().service.unwrap().desired, 3);

    let stage = Stage::new(&busy("[[load]]\nat = '11m'\nramp = '1s'\nfiles_per_s = 0\nops_per_s = 20\n"), 3);
    stage.clock.sleep(Duration::from_secs(600)).await;
    let plan = recommended(&stage, "scale-out-service", "c1").await.unwrap();
    stage.clock.sleep(Duration::from_secs(600)).await;
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!((guardrail(&outcome), outcome.exit()), ("stale-plan", 4));
    assert!(outcome.why().contains("not recommended any more"), "{}", outcome.why());
    assert_eq!(stage.kinds("c1"), [(Refused, None)]);
    assert_eq!(stage.simulated.truth().received, []);
}

#[tokio::test(start_paused = true)]
async fn what_was_measured_must_be_readable_and_lists_need_no_measurement() {
    let fault = "[[at]]\nafter = '11m'\ndo = 'fault'\nkind = 'denied'\nservice = 'cloudwatch'\nfor = '5h'\n";
    let stage = Stage::new(&busy(fault), 4);
    stage.clock.sleep(Duration::from_secs(600)).await;
    let plan = recommended(&stage, "scale-out-service", "c1").await.unwrap();
    stage.clock.sleep(Duration::from_secs(120)).await;
    let outcome = stage.executor("a").apply(&plan, "op", &silent).await;
    assert_eq!(guardrail(&outcome), "data-freshness", "{outcome:?}");
    assert_eq!(stage.simulated.truth().received, []);
    // The list is published from what the file system and the parameter say.
    stage.simulated.outside_change(Deed::PutList { value: Some("{}".into()) }).unwrap();
    let plan = recommended(&stage, "publish-mount-targets", "c2").await.unwrap();
    assert_eq!(stage.executor("a").apply(&plan, "op", &silent).await, Outcome::Converged);
    assert_eq!(stage.kinds("c2")[..2], [(Approved, None), (Started, Some(1))]);
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_a_dead_process_left_is_asked_for_again_too() {
    let stage = Stage::new(&busy("[[load]]\nat = '11m'\nramp = '1s'\nfiles_per_s = 0\nops_per_s = 20\n"), 5);
    stage.clock.sleep(Duration::from_secs(600)).await;
    let plan = recommended(&stage, "scale-out-service", "c1").await.unwrap();
    let crash = stage.journal.crash_after(1);
    let first = stage.executor("a");
    tokio::select! {
        outcome = first.apply(&plan, "op", &silent) => panic!("{outcome:?}"),
        () = crash.cancelled() => {}
    }
    stage.clock.sleep(Duration::from_secs(600)).await;
    let recovered =
        stage.executor("b").recover(miharu::engine::recovery::Rest::Finish, "op", &silent).await.unwrap();
    assert_eq!(guardrail(&recovered[0].outcome), "stale-plan", "{recovered:?}");
    assert_eq!(stage.kinds("c1"), [(Approved, None), (Refused, None)]);
    assert_eq!(stage.simulated.truth().received, []);
}
