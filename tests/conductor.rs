//! The conductor of a console, under paused time: what is recommended, decided, applied and told.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]

#[path = "conductor/console.rs"]
mod console;

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use console::{ADD, DUE, Scene};
use miharu::app::action::Action;
use miharu::app::changes::Proposal;
use miharu::domain::journal::EntryKind::{
    self, Cancelled, Disarmed, Proposed, Refused, Rejected, Snoozed, Verified, Vetoed,
};
use miharu::domain::snapshot::Mode;
use miharu::engine::conductor::Command;

fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

#[tokio::test(start_paused = true)]
async fn what_is_approved_is_applied_step_by_step_and_its_effect_is_judged() {
    let scene = Scene::new(DUE, 1);
    let mut console = scene.console("mio@bastion", Mode::Approve);
    console.waits().await;
    let plan = console.plan();
    console.approve();
    console.until("verified", |c| c.changes().journal.back().is_some_and(|e| e.event == Verified)).await;
    assert_eq!(scene.simulated.truth().mount_targets.len(), 3);
    let entries = scene.entries().await;
    assert!(entries.iter().all(|e| e.by == "mio@bastion" && e.change.as_deref() == Some(&plan.change)));
    assert_eq!(console.changes().journal.iter().cloned().collect::<Vec<_>>(), entries, "each once, in order");
    console.steps.dedup();
    let mut steps: Vec<u32> = console.steps.iter().map(|(n, _)| *n).collect();
    steps.dedup();
    assert_eq!(steps, [1, 2, 3], "the progress that was shown");
    assert!(console.changes().in_flight.is_none());
    assert!(
        console.notices.iter().any(|n| n.starts_with("done: add a mount target")),
        "{:?}",
        console.notices
    );
    console.until("the recommendation is gone", |c| c.add().is_none()).await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_keeps_its_id_while_it_says_the_same_and_gets_a_new_one_before_it_expires() {
    let scene = Scene::new(DUE, 2);
    let mut console = scene.console("op", Mode::Approve);
    console.waits().await;
    let first = console.plan();
    console.pass(minutes(8)).await;
    assert_eq!(console.plan(), first);
    console.pass(minutes(30)).await;
    let later = console.plan();
    assert_ne!(later.change, first.change);
    assert!(later.expires_at - scene.clock.now() > TimeDelta::minutes(4), "there is time to read it");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_and_a_snooze_hold_after_a_restart_and_a_snooze_ends() {
    let scene = Scene::new(DUE, 3);
    let mut console = scene.console("op", Mode::Approve);
    console.waits().await;
    console.give(Command::Snooze { recommendation: ADD.to_owned(), minutes: 30 });
    console.until("put off", |c| c.add().is_some_and(|p| p.decision.is_some())).await;
    console.dies().await;

    let mut console = scene.console("other", Mode::Approve);
    console.until("it is told", |c| c.add().is_some_and(|p| p.decision.is_some())).await;
    assert!(!console.add().is_some_and(Proposal::waits));
    console.pass(minutes(31)).await;
    console.waits().await;
    let reason = "the job that writes them ends tonight".to_owned();
    console.give(Command::Reject { recommendation: ADD.to_owned(), reason: reason.clone() });
    console
        .until("rejected", |c| {
            let decision = c.add().and_then(|p| p.decision.as_ref());
            decision.is_some_and(|d| d.rejected.as_ref() == Some(&reason) && d.by == "other")
        })
        .await;
    assert_eq!(scene.kinds().await, [Proposed, Snoozed, Proposed, Rejected]);
    // An operator may change their mind.
    console.approve();
    console.says("done: add a mount target").await;
}

#[tokio::test(start_paused = true)]
async fn a_freeze_holds_for_every_console_on_the_journal_until_it_is_ended() {
    let scene = Scene::new(DUE, 4);
    let (mut one, mut two) = (scene.console("one", Mode::Approve), scene.console("two", Mode::Approve));
    one.waits().await;
    two.waits().await;
    one.give(Command::Freeze { freeze: true });
    two.until("frozen", |c| c.changes().brakes.frozen.as_ref().is_some_and(|(by, _)| by == "one")).await;
    two.until("the guardrail holds", |c| c.add().is_some_and(|p| p.held_by().any(|g| g.name == "freeze")))
        .await;
    two.approve();
    two.says("refused: freeze").await;
    assert_eq!(scene.kinds().await, [Refused]);
    assert_eq!(scene.simulated.truth().mount_targets.len(), 2);
    two.give(Command::Freeze { freeze: false });
    two.waits().await;
    two.approve();
    two.says("done: add a mount target").await;
}

#[tokio::test(start_paused = true)]
async fn auto_mode_announces_what_it_will_do_and_a_veto_or_the_kill_key_stops_it() {
    for (command, ends, armed) in [(Command::Veto, Vetoed, true), (Command::Disarm, Cancelled, false)] {
        let scene = Scene::new(DUE, 5);
        let mut console = scene.console("op", Mode::Auto);
        console.waits().await;
        assert!(!console.changes().brakes.armed, "disarmed at the start");
        console.give(Command::Arm);
        console.until("announced", |c| c.changes().brakes.veto.is_some()).await;
        console.give(command.clone());
        console.until("stopped", |c| c.changes().journal.iter().any(|e| e.event == ends)).await;
        console.until("nothing is announced", |c| c.changes().brakes.veto.is_none()).await;
        console.until("the brake is told", |c| c.changes().brakes.armed == armed).await;
        assert!(scene.simulated.truth().applied().is_empty(), "{command:?}: nothing was sent");
        if !armed {
            let disarmed = scene.kinds().await.iter().filter(|k| **k == Disarmed).count();
            assert_eq!(disarmed, 1);
            assert_eq!(console.changes().brakes.why_not_armed.as_deref(), Some("disarmed by op"));
            console.pass(minutes(10)).await;
            assert!(scene.simulated.truth().applied().is_empty(), "and nothing is later");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn armed_it_applies_by_itself_what_nobody_vetoes() {
    let scene = Scene::new(DUE, 6);
    let mut console = scene.console("op", Mode::Auto);
    console.waits().await;
    console.give(Command::Arm);
    console.until("verified", |c| c.changes().journal.iter().any(|e| e.event == Verified)).await;
    let entries = scene.entries().await;
    let applied: Vec<_> = entries.iter().filter(|e| e.event == EntryKind::Approved).collect();
    assert_eq!(applied.iter().map(|e| e.by.as_str()).collect::<Vec<_>>(), ["auto"]);
    assert!(console.changes().brakes.armed);
}

#[tokio::test(start_paused = true)]
async fn without_a_journal_nothing_is_applied_and_the_console_runs_on() {
    let scene = Scene::new(DUE, 7);
    scene.journal.broken.store(true, Ordering::SeqCst);
    let mut console = scene.console("op", Mode::Approve);
    console
        .until("told", |c| c.changes().journal_error.as_deref() == Some("the disk is full; make room"))
        .await;
    console.until("proposed", |c| c.add().is_some()).await;
    assert!(console.add().unwrap().held_by().any(|g| g.name == "journal"));
    console.approve();
    console.says("no journal, no change").await;
    assert!(scene.simulated.truth().applied().is_empty());
    scene.journal.broken.store(false, Ordering::SeqCst);
    console.until("it answers", |c| c.changes().journal_error.is_none()).await;
    console.waits().await;
    // It fails again in the middle: what was begun is read back when it answers.
    console.approve();
    console.until("begun", |c| c.changes().in_flight.is_some()).await;
    scene.journal.broken.store(true, Ordering::SeqCst);
    console.until("told again", |c| c.changes().journal_error.is_some()).await;
    console.pass(minutes(5)).await;
    scene.journal.broken.store(false, Ordering::SeqCst);
    console.says("left open").await;
    console.until("nothing is in flight", |c| c.changes().in_flight.is_none()).await;
    let truth = scene.simulated.truth();
    assert!(truth.applied().values().all(|n| *n <= 1), "{:?}", truth.applied());
}

#[tokio::test(start_paused = true)]
async fn the_entries_of_another_console_appear_and_one_change_at_a_time_is_applied() {
    let scene = Scene::new(DUE, 8);
    let (mut one, mut two) = (scene.console("one", Mode::Approve), scene.console("two", Mode::Approve));
    one.waits().await;
    two.waits().await;
    one.approve();
    two.until("seen", |c| c.changes().in_flight.is_some()).await;
    let before = scene.entries().await.iter().filter(|e| e.by == "two").count();
    assert_eq!(before, 0);
    two.until("held", |c| c.add().is_some_and(|p| p.held_by().any(|g| g.name == "change-in-flight"))).await;
    two.approve();
    two.says("refused: change-in-flight").await;
    two.give(Command::CancelChange);
    two.says("another console's change").await;
    one.approve();
    one.says("one at a time").await;
    one.says("done: add a mount target").await;
    assert_eq!(scene.simulated.truth().mount_targets.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_change_in_flight_is_stopped_between_steps() {
    let scene = Scene::new(DUE, 9);
    let mut console = scene.console("op", Mode::Approve);
    console.waits().await;
    console.approve();
    console.until("begun", |c| c.changes().in_flight.as_ref().is_some_and(|p| p.step == 1)).await;
    console.give(Command::CancelChange);
    console.says("stopped: add a mount target").await;
    assert!(scene.kinds().await.contains(&Cancelled));
    let truth = scene.simulated.truth();
    assert_eq!(truth.applied().len(), 1, "what was sent stays sent: {:?}", truth.applied());
}

#[tokio::test(start_paused = true)]
async fn what_a_console_left_open_is_read_back_by_the_next_and_what_is_left_is_offered() {
    let scene = Scene::new(DUE, 10);
    let mut console = scene.console("op", Mode::Approve);
    console.waits().await;
    console.approve();
    console.until("created", |c| c.changes().journal.iter().any(|e| e.event == EntryKind::Succeeded)).await;
    console.dies().await;
    let mut console = scene.console("next", Mode::Approve);
    console.says("left open").await;
    console.until("nothing is in flight", |c| c.changes().in_flight.is_none()).await;
    console
        .until("the rest is offered", |c| {
            c.changes()
                .proposals
                .iter()
                .any(|p| p.recommendation.rule == "publish-mount-targets" && p.waits())
        })
        .await;
    assert!(scene.simulated.truth().applied().values().all(|n| *n == 1));
}

#[tokio::test(start_paused = true)]
async fn an_observing_or_read_only_console_changes_nothing_and_says_so() {
    let scene = Scene::new(DUE, 11);
    let mut observing = scene.console("op", Mode::Observe);
    observing.until("proposed", |c| c.add().is_some_and(|p| p.plan.is_ok())).await;
    observing.approve();
    observing.says("mode is observe").await;
    let mut reading = scene.console_with("op", Mode::Observe, None);
    reading.until("proposed", |c| c.add().is_some_and(|p| p.plan.is_ok())).await;
    for command in [Command::Freeze { freeze: true }, Command::Arm] {
        reading.give(command);
    }
    reading.says("started with --read-only").await;
    assert_eq!(scene.entries().await, []);
    assert!(scene.simulated.truth().applied().is_empty());
}

#[tokio::test(start_paused = true)]
async fn too_many_commands_are_refused_in_words() {
    let scene = Scene::new(DUE, 12);
    let mut console = scene.console("op", Mode::Approve);
    console.waits().await;
    let refused = (0..100).find_map(|_| console.hand.give(Command::Freeze { freeze: true }).err());
    assert!(refused.is_some_and(|why| why.contains("not done")));
    console.pass(minutes(1)).await;
    console.give(Command::Freeze { freeze: false });
    console.says("the freeze is over").await;
    let hand = std::sync::Arc::clone(&console.hand);
    console.dies().await;
    assert!(hand.give(Command::Arm).unwrap_err().contains("has ended"));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_taken_back_by_a_change_of_its_own_and_not_while_all_are_frozen() {
    let scene = Scene::new(DUE, 13);
    let before = scene.simulated.truth().list.last().unwrap().value.clone();
    let mut console = scene.console("op", Mode::Approve);
    console.waits().await;
    let change = console.plan().change;
    console.approve();
    console.says("done: add a mount target").await;
    console.give(Command::Freeze { freeze: true });
    console.give(Command::RollBack { change: change.clone() });
    console.says("op froze all changes").await;
    console.give(Command::Freeze { freeze: false });
    console.says("the freeze is over").await;
    console.give(Command::RollBack { change: change.clone() });
    console.says("done: taking the change back").await;
    let truth = scene.simulated.truth();
    assert_eq!(truth.list.last().unwrap().value, before, "the list as it was, byte for byte");
    let entries = scene.entries().await;
    assert!(entries.iter().any(|e| e.event == EntryKind::RolledBack && e.change.as_ref() == Some(&change)));
    let asked = console.asks(Action::RollBack);
    assert_eq!(asked, None, "what took it back cannot be taken back, and the change was");
}
