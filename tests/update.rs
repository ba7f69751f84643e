//! The one function that changes the state.
#![expect(clippy::unwrap_used, reason = "a test says where by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use miharu::app::action::Action;
use miharu::app::changes::{Answer, Brakes, ENTRIES_KEPT, Progress};
use miharu::app::effect::Effect;
use miharu::app::event::Event;
use miharu::app::state::{EnvironmentInfo, State};
use miharu::app::update::update;
use miharu::domain::bench::Measured;
use miharu::domain::facts::Facts;
use miharu::domain::identity::Identity;
use miharu::domain::journal::{Entry, EntryKind};
use miharu::domain::snapshot::Mode;
use miharu::domain::source::{Failure, FailureClass, Reading, SourceId};

fn at(s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + s, 0).unwrap()
}

fn info(name: &str) -> EnvironmentInfo {
    EnvironmentInfo {
        name: name.into(),
        region: None,
        expected_account: None,
        mode: Mode::Observe,
        file_count_threshold: 100_000,
        service: None,
        file_system: None,
    }
}

fn state() -> State {
    let mut state = State::new(vec![info("one"), info("two")], at(0));
    for environment in 0..2 {
        let on = vec![(SourceId::IDENTITY, 10_000)];
        let off = vec![(SourceId::PROBE, "off".to_owned())];
        update(&mut state, Event::Prepared { environment, on, off }, at(0));
    }
    state
}

fn observed(environment: usize, t: i64, result: Result<&str, FailureClass>) -> Event {
    let result = match result {
        Ok(account) => Ok(vec![Facts::Identity(Identity {
            account: account.into(),
            arn: String::new(),
            region: String::new(),
        })]),
        Err(class) => Err(Failure::new(class, "as scripted")),
    };
    let reading = Reading {
        source: SourceId::IDENTITY,
        started_at: at(t),
        at: at(t),
        took_ms: 1,
        calls: 1,
        cost_usd: None,
        next_at: at(t + 10),
        result,
        partial: Vec::new(),
        warnings: Vec::new(),
    };
    Event::Observed { environment, reading: Box::new(reading) }
}

#[test]
fn a_reading_changes_only_the_environment_it_belongs_to() {
    let mut state = state();
    update(&mut state, observed(1, 5, Ok("222")), at(5));
    assert_eq!(state.shown().info.name, "one");
    assert!(state.shown().world.identity.is_none());
    assert_eq!(update(&mut state, Event::Focus(1), at(6)), [Effect::Focus(1)]);
    assert_eq!(state.shown().info.name, "two");
    assert_eq!(state.shown().world.identity.as_ref().unwrap().account, "222");
    assert_eq!(update(&mut state, Event::Focus(9), at(7)), []);
    assert_eq!(state.focused, 1, "an environment that is not there is not focused");
}

#[test]
fn frozen_shows_what_was_while_data_comes_in_behind() {
    let mut state = state();
    update(&mut state, observed(0, 5, Ok("1")), at(5));
    update(&mut state, Event::Action(Action::Freeze), at(6));
    update(&mut state, observed(0, 20, Ok("2")), at(20));
    assert_eq!(state.shown().world.identity.as_ref().unwrap().account, "1");
    assert_eq!(state.shown_now(), at(6));
    assert_eq!(state.environments[0].world.identity.as_ref().unwrap().account, "2");
    update(&mut state, Event::Action(Action::Freeze), at(21));
    assert_eq!(state.shown().world.identity.as_ref().unwrap().account, "2");
    assert_eq!(state.shown_now(), at(21));
}

#[test]
fn equal_failures_are_one_run_until_the_source_recovers() {
    let mut state = state();
    for t in [1, 2, 3] {
        update(&mut state, observed(0, t, Err(FailureClass::Timeout)), at(t));
    }
    update(&mut state, observed(1, 4, Err(FailureClass::Timeout)), at(4));
    update(&mut state, observed(0, 5, Err(FailureClass::Denied)), at(5));
    update(&mut state, observed(0, 6, Ok("1")), at(6));
    update(&mut state, observed(0, 7, Err(FailureClass::Timeout)), at(7));
    let runs: Vec<_> = state
        .failures
        .iter()
        .map(|f| (f.environment.as_str(), f.failure.class, f.times, f.recovered_at))
        .collect();
    assert_eq!(
        runs,
        [
            ("one", FailureClass::Timeout, 3, Some(at(6))),
            ("two", FailureClass::Timeout, 1, None),
            ("one", FailureClass::Denied, 1, Some(at(6))),
            ("one", FailureClass::Timeout, 1, None),
        ]
    );
}

#[test]
fn the_error_history_is_bounded() {
    let mut state = state();
    for t in 0..2_000 {
        let class = if t % 2 == 0 { Err(FailureClass::Timeout) } else { Ok("1") };
        update(&mut state, observed(0, t, class), at(t));
    }
    assert_eq!(state.failures.len(), 500);
    assert_eq!(state.failures.back().unwrap().last_at, at(1_998));
}

#[test]
fn time_follows_the_clock_also_backwards_and_a_notice_ends() {
    let mut state = state();
    update(&mut state, Event::Notice("copied".into()), at(10));
    update(&mut state, Event::Tick, at(3));
    assert_eq!(state.now, at(3), "a clock that was set back is believed");
    update(&mut state, observed(0, 4, Ok("1")), at(4));
    assert!(state.shown().world.identity.is_some(), "and polls are not ignored until it has caught up");
    update(&mut state, Event::Tick, at(14));
    assert!(state.notice.is_some());
    update(&mut state, Event::Tick, at(10) + TimeDelta::seconds(5));
    assert!(state.notice.is_none());
}

#[test]
fn quit_and_signals_end_and_poll_now_asks_for_the_shown_environment() {
    let mut state = state();
    assert_eq!(update(&mut state, Event::Action(Action::Quit), at(1)), [Effect::Quit]);
    assert_eq!(update(&mut state, Event::Terminate, at(1)), [Effect::Quit]);
    update(&mut state, Event::Focus(1), at(1));
    assert_eq!(update(&mut state, Event::Action(Action::PollNow), at(2)), [Effect::PollNow(1)]);
}

#[test]
fn a_source_that_is_off_says_why_and_a_dead_task_is_a_failure() {
    let mut state = state();
    assert_eq!(state.shown().world.off[&SourceId::PROBE], "off");
    update(&mut state, Event::TaskDied { name: "poller ecs".into(), why: "boom".into() }, at(1));
    let entry = state.failures.back().unwrap();
    assert!(entry.failure.text.contains("poller ecs") && entry.failure.text.contains("boom"));
}

fn entry(seq: i64, event: EntryKind, change: Option<&str>) -> Event {
    let entry = Entry {
        seq,
        at: at(seq),
        environment: "one".into(),
        change: change.map(str::to_owned),
        rule: None,
        event,
        by: "taro".into(),
        step: None,
        detail: serde_json::Value::Null,
    };
    Event::Journaled { environment: 0, entry }
}

#[test]
fn the_journal_is_in_order_holds_each_position_once_and_is_bounded() {
    let mut state = state();
    for seq in [1, 3, 2, 3, 1] {
        update(&mut state, entry(seq, EntryKind::Note, None), at(0));
    }
    let seqs =
        |state: &State| state.environments[0].changes.journal.iter().map(|e| e.seq).collect::<Vec<_>>();
    assert_eq!(seqs(&state), [1, 2, 3]);
    for seq in 4..5_000 {
        update(&mut state, entry(seq, EntryKind::Note, None), at(0));
    }
    assert_eq!(seqs(&state).len(), ENTRIES_KEPT);
    assert_eq!(state.environments[0].changes.journal.back().unwrap().seq, 4_999);
    assert!(state.environments[1].changes.journal.is_empty(), "of the other environment");
}

#[test]
fn a_journal_that_fails_is_told_until_it_works_again() {
    let mut state = state();
    update(&mut state, Event::JournalFailed { environment: 0, why: "disk full".into() }, at(1));
    assert_eq!(state.environments[0].changes.journal_error.as_deref(), Some("disk full"));
    assert!(state.failures.back().unwrap().failure.text.contains("disk full"));
    update(&mut state, entry(1, EntryKind::Note, None), at(2));
    assert_eq!(state.environments[0].changes.journal_error, None);
}

#[test]
fn a_freeze_is_at_once_and_its_end_is_asked_for() {
    let mut state = state();
    let brakes = |frozen_by_operator| {
        let brakes = Brakes { mode: Mode::Auto, frozen_by_operator, ..Brakes::default() };
        Event::Braked { environment: 0, brakes }
    };
    let freeze = || Event::Action(Action::FreezeChanges);
    update(&mut state, brakes(false), at(1));
    assert_eq!(update(&mut state, freeze(), at(2)), [Effect::FreezeChanges { environment: 0, freeze: true }]);
    assert_eq!(update(&mut state, freeze(), at(2)), [], "a held key does not thaw");
    update(&mut state, brakes(true), at(3));
    assert_eq!(update(&mut state, freeze(), at(4)), []);
    assert!(state.asking.is_some());
    update(&mut state, Event::Focus(1), at(5));
    assert!(state.asking.is_none(), "a question does not move to another environment");
}

#[test]
fn what_stops_a_change_names_it() {
    let mut state = state();
    let act = |action| Event::Action(action);
    assert_eq!(update(&mut state, act(Action::Veto), at(1)), [], "nothing to veto");
    assert_eq!(update(&mut state, act(Action::CancelChange), at(1)), []);
    assert!(state.asking.is_none(), "nothing is in flight");
    let progress = Progress {
        change: "c-1".into(),
        title: "redeploy".into(),
        step: 1,
        of: 2,
        since: at(1),
        waiting_for: String::new(),
        started_at: at(1),
        here: true,
    };
    update(&mut state, Event::Progressed { environment: 0, progress: Some(progress) }, at(1));
    update(&mut state, act(Action::CancelChange), at(2));
    assert!(state.asking.is_some());
    update(&mut state, Event::Progressed { environment: 0, progress: None }, at(3));
    assert!(state.asking.is_none(), "it ended meanwhile");
}

#[test]
fn quitting_in_the_middle_of_a_change_of_its_own_is_asked_for() {
    let mut state = state();
    let quit = || Event::Action(Action::Quit);
    let progress = |here| {
        let (change, title, waiting_for) = ("c-1".into(), "redeploy".into(), String::new());
        let (since, started_at) = (at(1), at(1));
        let progress = Progress { change, title, step: 1, of: 2, since, waiting_for, started_at, here };
        Event::Progressed { environment: 1, progress: Some(progress) }
    };
    update(&mut state, progress(false), at(1));
    assert_eq!(update(&mut state, quit(), at(2)), [Effect::Quit], "another console's goes on without us");
    update(&mut state, progress(true), at(3));
    assert_eq!(update(&mut state, quit(), at(4)), []);
    assert_eq!(update(&mut state, Event::Answer(Answer::Confirm), at(4)), [], "too quick");
    assert_eq!(update(&mut state, Event::Answer(Answer::Confirm), at(7)), [Effect::Quit]);
    assert_eq!(update(&mut state, quit(), at(8)), []);
    assert_eq!(update(&mut state, quit(), at(8)), [Effect::Quit], "who asks twice means it");
    assert_eq!(update(&mut state, Event::Terminate, at(9)), [Effect::Quit]);
}

#[test]
fn questions_wait_as_long_for_the_operator_however_fast_the_time_of_the_world_runs() {
    let mut state = state();
    state.speed = 100.0;
    let brakes = Brakes { mode: Mode::Auto, frozen_by_operator: true, ..Brakes::default() };
    update(&mut state, Event::Braked { environment: 0, brakes }, at(1));
    update(&mut state, Event::Action(Action::FreezeChanges), at(2));
    assert_eq!(update(&mut state, Event::Answer(Answer::Confirm), at(30)), [], "0.28 s for the operator");
    let thaw = Effect::FreezeChanges { environment: 0, freeze: false };
    assert_eq!(update(&mut state, Event::Answer(Answer::Confirm), at(231)), [thaw]);
}

#[test]
fn what_the_journal_measures_reaches_the_goals() {
    let (mut state, now) = (state(), at(0));
    let measured = Measured { mount_target_creation: Some((at(-60), 42.0)), ..Measured::default() };
    let before =
        |state: &State| state.environments[0].world.goals().into_iter().find(|g| g.met == Some(true));
    assert_eq!(before(&state), None);
    update(&mut state, Event::Measured { environment: 0, measured }, now);
    let goal = before(&state).unwrap();
    assert_eq!((goal.id.as_str(), goal.value), ("mount-target-creation", Some(42.0)));
    update(&mut state, Event::Measured { environment: 7, measured }, now);
}

#[test]
fn a_sign_in_is_shown_until_it_is_closed_and_what_was_closed_stays_closed() {
    use miharu::app::login::Login;
    let mut state = state();
    let login = |state: &State| state.environments[0].login.clone();
    assert_eq!(update(&mut state, Event::Action(Action::Login), at(1)), [Effect::Login(0)]);
    assert_eq!(login(&state), Some(Login::Beginning));
    assert_eq!(update(&mut state, Event::Action(Action::Login), at(2)), [], "one is under way");
    update(&mut state, Event::Login { environment: 0, login: Login::Done(at(9)) }, at(3));
    assert_eq!(login(&state), Some(Login::Done(at(9))));
    assert_eq!(update(&mut state, Event::CloseLogin, at(4)), [], "nothing is under way");
    assert_eq!(login(&state), None);
    update(&mut state, Event::Action(Action::Login), at(5));
    assert_eq!(update(&mut state, Event::CloseLogin, at(6)), [Effect::CancelLogin(0)]);
    // The answer was on its way.
    update(&mut state, Event::Login { environment: 0, login: Login::Failed("late".into()) }, at(7));
    assert_eq!(login(&state), None);
}
