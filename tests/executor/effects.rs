//! The verdict on a change's effect, from what the real sources say of the simulated AWS.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use miharu::domain::journal::EntryKind;
use miharu::domain::plan::Plan;
use miharu::domain::policy::Policy;
use miharu::domain::price::PriceList;
use miharu::domain::recommendation::Intent;
use miharu::domain::verification::{Check, Verdict, Verification};
use miharu::domain::world::World;
use miharu::engine::executor::Outcome;
use miharu::engine::eyes::OneShot;
use miharu::engine::verify::Effect;
use miharu::simulated::scenario::Deed;

use super::stage::{DUE, Stage, silent};

fn stage(text: &str, seed: u64) -> Stage {
    let mut stage = Stage::new(text, seed);
    let window = Duration::from_secs(300);
    stage.policy = Arc::new(Policy { verification: window, ..stage.policy.as_ref().clone() });
    stage
}

/// Applies a plan and watches its effect, while something happens.
async fn watch(
    stage: &Stage,
    before: &World,
    plan: &Plan,
    meanwhile: impl Future<Output = ()>,
) -> Verification {
    let executor = stage.executor("a");
    assert_eq!(executor.apply(plan, "op", &silent).await, Outcome::Converged);
    let began = stage.clock.now();
    let eyes = OneShot { setup: executor.setup(), clock: stage.clock.clone(), prices: PriceList::default() };
    let effect = Effect { plan, before, eyes: &eyes };
    let (verification, ()) = tokio::join!(executor.verify(effect, "op", &silent), meanwhile);
    let verification = verification.unwrap();
    assert!(verification.from == began && verification.to - began >= TimeDelta::seconds(300));
    let entries = stage.journal.entries.lock().unwrap();
    let said = entries.iter().find(|e| e.event == EntryKind::Verified).unwrap();
    let told: Verification = serde_json::from_value(said.detail["verification"].clone()).unwrap();
    assert_eq!(told, verification, "the journal tells the same");
    verification
}

fn check<'a>(verification: &'a Verification, name: &str) -> &'a Check {
    let found = verification.checks.iter().find(|c| c.name == name);
    found.unwrap_or_else(|| panic!("no {name}: {:?}", verification.checks))
}

#[tokio::test(start_paused = true)]
async fn one_more_published_target_and_nothing_suffers_is_better() {
    let stage = stage(DUE, 1);
    let before = stage.observe().await;
    let plan = stage.add_target("c1").await;
    let told = watch(&stage, &before, &plan, async {}).await;
    assert_eq!(told.verdict, Verdict::Better, "{told:?}");
    let goal = check(&told, "published mount targets");
    assert_eq!((goal.before, goal.after, goal.goal), (Some(2.0), Some(3.0), true));
    assert!(check(&told, "CPUUtilization").after.is_some(), "by CloudWatch: {told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_nothing_called_for_leaves_it_the_same() {
    let stage = stage(DUE, 2);
    let before = stage.observe().await;
    let plan = stage.plan("c1", "redeploy-service", Intent::Redeploy).await;
    let told = watch(&stage, &before, &plan, async {}).await;
    assert_eq!(told.verdict, Verdict::Same, "{told:?}");
    assert_eq!(check(&told, "tasks on an older list").after, Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_dies_after_the_change_makes_it_worse() {
    let stage = stage(DUE, 3);
    let before = stage.observe().await;
    let plan = stage.add_target("c1").await;
    let dies = async {
        stage.clock.sleep(Duration::from_secs(60)).await;
        let deed = Deed::StopTask { tasks: 1, exit_code: 137, reason: "out of memory".into() };
        stage.simulated.outside_change(deed).unwrap();
    };
    let told = watch(&stage, &before, &plan, dies).await;
    assert_eq!(told.verdict, Verdict::Worse, "{told:?}");
    assert_eq!(check(&told, "failed tasks").after, Some(1.0));
    assert!(!stage.kinds("c1").contains(&(EntryKind::NeedsHuman, None)), "it can be taken back");
}

#[tokio::test(start_paused = true)]
async fn a_metric_that_breaks_its_limit_makes_it_worse_and_a_restart_asks_a_human() {
    let text = format!("{DUE}[[load]]\nat = '150s'\nramp = '10s'\nfiles_per_s = 0\nops_per_s = 20_000\n");
    let stage = stage(&text, 4);
    let before = stage.observe().await;
    let plan = stage.plan("c1", "redeploy-service", Intent::Redeploy).await;
    let told = watch(&stage, &before, &plan, async {}).await;
    assert_eq!(told.verdict, Verdict::Worse, "{told:?}");
    let cpu = check(&told, "CPUUtilization");
    assert!(cpu.before.unwrap() <= cpu.limit && cpu.after.unwrap() > cpu.limit, "{cpu:?}");
    let (kind, step) = *stage.kinds("c1").last().unwrap();
    assert_eq!((kind, step), (EntryKind::NeedsHuman, None), "a restart has nothing to return to");
}

#[tokio::test(start_paused = true)]
async fn without_metrics_nobody_can_tell() {
    let text = format!(
        "{DUE}[[at]]\nafter = '5m'\ndo = 'fault'\nkind = 'denied'\nservice = 'cloudwatch'\nfor = '1h'\n"
    );
    let stage = stage(&text, 5);
    let before = stage.observe().await;
    let plan = stage.add_target("c1").await;
    let told = watch(&stage, &before, &plan, async {}).await;
    assert_eq!(told.verdict, Verdict::CannotTell, "{told:?}");
    assert_eq!(check(&told, "CPUUtilization").after, None);
    assert_eq!(check(&told, "published mount targets").after, Some(3.0), "what is known is told");
}
