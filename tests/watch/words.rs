//! Which lines a change of the state makes, and which it does not.

use chrono::TimeDelta;
use miharu::app::changes::{Progress, Proposal};
use miharu::app::state::State;
use miharu::domain::alarm::AlarmState;
use miharu::domain::ecs::MountsBy;
use miharu::domain::journal::{Entry, EntryKind};
use miharu::domain::recommendation::{Intent, Recommendation, Severity};
use miharu::domain::source::{Failure, FailureClass, SourceId};
use miharu::ui::findings::Level;
use miharu::ui::linear::{Kind, Linear, News};
use rstest::rstest;
use serde_json::json;

use crate::parts::{World, ago, alarm, deployment, info, now, observe, prepare, read, service, task};

/// All is well, the rules were asked, and the state was told.
fn told() -> (State, Linear, Vec<News>) {
    let mut state = State::new(vec![info("prod")], now());
    let mut linear = Linear::new(&state);
    assert_eq!(linear.news(&state), [], "nothing is known yet");
    prepare(&mut state, 0);
    read(&mut state, 0, &World::default());
    assert_eq!(linear.news(&state), [], "the rules were not asked yet");
    state.environments[0].changes.evaluated_at = Some(now());
    let news = linear.news(&state);
    assert!(linear.introduced());
    (state, linear, news)
}

fn texts(news: &[News]) -> Vec<&str> {
    news.iter().map(|n| n.text.as_str()).collect()
}

fn later(state: &mut State, seconds: i64) {
    state.now += TimeDelta::seconds(seconds);
}

/// As if everything were read again and again.
fn fresh(state: &mut State) {
    for source in state.environments[0].world.sources.values_mut() {
        source.at = Some(state.now);
    }
}

#[test]
fn the_state_comes_first_in_few_sentences() {
    let (mut state, mut linear, news) = told();
    assert_eq!(
        texts(&news),
        [
            "Environment prod, account 123456789012, region ap-northeast-1, as ops.",
            "File system fs-0ab1c2d3e4f567890 available, 3 mount targets available, 61 402 files of 100 000.",
            "Service file-svc steady, 6 of 6 tasks running.",
            "Data of 10 sources: all fresh.",
            "Nothing needs attention.",
        ]
    );
    assert!(news.iter().all(|n| n.event == Kind::State));
    assert_eq!(news[2].line(), "Service file-svc steady, 6 of 6 tasks running. [prod 14:02:13 UTC]");
    for _ in 0..100 {
        later(&mut state, 1);
        fresh(&mut state);
        assert_eq!(linear.news(&state), [], "nothing changes, nothing is said");
    }
}

#[test]
fn what_does_not_answer_holds_the_state_back_for_ten_seconds_only() {
    let mut state = State::new(vec![info("prod")], now());
    let mut linear = Linear::new(&state);
    later(&mut state, 9);
    assert_eq!(linear.news(&state), []);
    later(&mut state, 1);
    let news = linear.news(&state);
    assert_eq!(
        texts(&news)[..3],
        ["Environment prod, whose account is not known yet.", "File system not read.", "Service not read."]
    );
}

fn failing(state: &mut State, ids: &[SourceId]) {
    for id in ids {
        let mut failure = Failure::new(FailureClass::Throttled, "asked to slow down");
        failure.action = Some("ecs:DescribeServices".into());
        observe(state, 0, *id, 0, Err(failure));
    }
}

fn proposal(severity: Severity) -> Proposal {
    Proposal {
        recommendation: Recommendation {
            id: "add-mount-target:ap-northeast-1d".into(),
            rule: "add-mount-target".into(),
            severity,
            title: "add a mount target in 1d".into(),
            reason: "131 402 files, more than 100 000.".into(),
            evidence: vec![],
            change: None,
            requests: vec![],
            effect: String::new(),
            risk: String::new(),
            cost_usd_per_month: None,
            reversible: true,
            rollback: String::new(),
            blocked_by: vec![],
            auto_allowed: true,
            intent: Intent::Advice,
        },
        guardrails: vec![],
        plan: Err("no plan in this test".into()),
        decision: None,
    }
}

fn entry(state: &mut State, event: EntryKind, step: Option<u32>, detail: serde_json::Value) {
    let journal = &mut state.environments[0].changes.journal;
    journal.push_back(Entry {
        seq: journal.back().map_or(1, |e| e.seq + 1),
        at: now(),
        environment: "prod".into(),
        change: Some("c1".into()),
        rule: Some("add-mount-target".into()),
        event,
        by: "mio@bastion".into(),
        step,
        detail,
    });
}

/// What changes, the lines it makes, and the lines it makes when it is undone (after a minute).
#[rstest]
#[case::alarm(
    |s: &mut State| s.environments[0].world.alarms = Some(vec![alarm("cpu-high", AlarmState::Alarm, "Threshold Crossed.")]),
    &["HIGH: ALARM: cpu-high. Since 5 min. Threshold Crossed."],
    &["Over: ALARM: cpu-high."]
)]
#[case::drift(
    |s: &mut State| s.environments[0].world.published.as_mut().unwrap().as_mut().unwrap().current.value = r#"{"mount_targets":[]}"#.into(),
    &[
        "MEDIUM: drift: fsmt-0a1b2c3d4e5f60000 in ap-northeast-1a is available and not in the published list.",
        "MEDIUM: drift: fsmt-0a1b2c3d4e5f60001 in ap-northeast-1c is available and not in the published list.",
        "MEDIUM: drift: fsmt-0a1b2c3d4e5f60002 in ap-northeast-1d is available and not in the published list.",
    ],
    &[
        "Drift is over: fsmt-0a1b2c3d4e5f60000 in ap-northeast-1a is available and not in the published list.",
        "Drift is over: fsmt-0a1b2c3d4e5f60001 in ap-northeast-1c is available and not in the published list.",
        "Drift is over: fsmt-0a1b2c3d4e5f60002 in ap-northeast-1d is available and not in the published list.",
    ]
)]
#[case::failed_deployment(
    |s: &mut State| {
        let mut d = deployment("PRIMARY", "FAILED", 6, 6);
        d.reason = Some("tasks failed to start.".into());
        s.environments[0].world.service.as_mut().unwrap().deployments = vec![d];
    },
    &["HIGH: deployment FAILED: file-svc:12. tasks failed to start."],
    &["Deployment completed: file-svc:12, 6 of 6 tasks running."]
)]
#[case::fewer_tasks(
    |s: &mut State| s.environments[0].world.service.as_mut().unwrap().running = 5,
    &["HIGH: 5 of 6 tasks running. 0 on the way to RUNNING."],
    &["Over: 5 of 6 tasks running."]
)]
#[case::desired(
    |s: &mut State| *s.environments[0].world.service.as_mut().unwrap() = service(8, MountsBy::List),
    &["Desired count is now 8, it was 6."],
    &["Desired count is now 6, it was 8."]
)]
#[case::recommended(
    |s: &mut State| s.environments[0].changes.proposals = vec![proposal(Severity::High)],
    &["HIGH: recommended: add a mount target in 1d. 131 402 files, more than 100 000."],
    &["No longer recommended: add a mount target in 1d."]
)]
#[case::in_flight(
    |s: &mut State| s.environments[0].changes.in_flight = Some(Progress {
        change: "c1".into(), title: "add a mount target in 1d".into(), step: 1, of: 3, since: now(),
        waiting_for: "the mount target to be available".into(), started_at: now(), here: false,
    }),
    &["Change in flight, step 1 of 3: add a mount target in 1d. It waits for the mount target to be available."],
    &[]
)]
#[case::journal(
    |s: &mut State| s.environments[0].changes.journal_error = Some("the disk is full".into()),
    &["HIGH: the journal cannot be read: the disk is full."],
    &["The journal answers again."]
)]
#[case::frozen(
    |s: &mut State| s.environments[0].changes.brakes.frozen = Some(("mio@bastion".into(), now())),
    &["All changes are frozen by mio@bastion until 2026-11-20 14:02 UTC."],
    &["Changes are no longer frozen."]
)]
#[case::target(
    |s: &mut State| s.environments[0].world.mount_targets.as_mut().unwrap()[1].state = "error".into(),
    &[
        "MEDIUM: drift: fsmt-0a1b2c3d4e5f60001 (10.0.2.100) is published, but error.",
        "Mount target in ap-northeast-1c is error: fsmt-0a1b2c3d4e5f60001.",
    ],
    &[
        "Drift is over: fsmt-0a1b2c3d4e5f60001 (10.0.2.100) is published, but error.",
        "Mount target in ap-northeast-1c is available: fsmt-0a1b2c3d4e5f60001.",
    ]
)]
fn a_change_is_told_once_and_its_end_once(
    #[case] change: fn(&mut State),
    #[case] begins: &[&str],
    #[case] ends: &[&str],
) {
    let (mut state, mut linear, _) = told();
    let before = state.environments.clone();
    later(&mut state, 5);
    fresh(&mut state);
    change(&mut state);
    state.environments[0].world.sources.get_mut(&SourceId::SSM).unwrap().at =
        Some(state.now + TimeDelta::seconds(1));
    assert_eq!(texts(&linear.news(&state)), begins);
    for _ in 0..10 {
        later(&mut state, 1);
        fresh(&mut state);
        assert_eq!(texts(&linear.news(&state)), [""; 0], "it was told");
    }
    state.environments = before;
    let mut said = Vec::new();
    for _ in 0..60 {
        later(&mut state, 1);
        fresh(&mut state);
        said.extend(linear.news(&state));
    }
    assert_eq!(texts(&said), ends);
}

#[test]
fn sources_that_fail_for_one_cause_are_one_line_and_one_when_they_recover() {
    let (mut state, mut linear, _) = told();
    failing(&mut state, &[SourceId::ECS]);
    let said = linear.news(&state);
    assert_eq!(
        texts(&said),
        [
            "MEDIUM: failing, throttled: ecs. ecs:DescribeServices: asked to slow down. Remedy: miharu polls slower until it passes; raise the poll period if it stays."
        ]
    );
    assert_eq!(
        (said[0].event, said[0].level, said[0].key.as_str()),
        (Kind::Begins, Some(Level::Medium), "failing/throttled")
    );
    // The others follow within seconds, and are told together.
    failing(&mut state, &[SourceId::EFS, SourceId::SSM]);
    assert_eq!(linear.news(&state), []);
    state.now += TimeDelta::seconds(30);
    let said = linear.news(&state);
    assert!(
        said.iter()
            .any(|n| n.event == Kind::Changes
                && n.text.starts_with("MEDIUM: failing, throttled: ecs, efs, ssm.")),
        "{said:?}"
    );
    assert!(said.iter().any(|n| n.text.starts_with("MEDIUM: stale: ecs.")), "{said:?}");
    for id in [SourceId::ECS, SourceId::EFS, SourceId::SSM] {
        let source = state.environments[0].world.sources.get_mut(&id).unwrap();
        source.error = None;
    }
    fresh(&mut state);
    let said = linear.news(&state);
    assert_eq!(texts(&said), ["Recovered, no longer throttled: ecs, efs, ssm.", "Fresh again: ecs."]);
    assert!(said.iter().all(|n| n.event == Kind::Ends));
}

#[test]
fn what_wavers_about_its_limit_is_not_told_again_and_again() {
    let (mut state, mut linear, _) = told();
    let files = |state: &mut State, n| state.environments[0].world.file_count.as_mut().unwrap().files = n;
    let mut said = Vec::new();
    for i in 0..20 {
        later(&mut state, 5);
        fresh(&mut state);
        files(&mut state, if i % 2 == 0 { 100_001 } else { 100_000 });
        said.extend(linear.news(&state));
    }
    let said = texts(&said);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("HIGH: 100 001 files, over 100 000."), "{said:?}");
}

#[test]
fn a_task_that_stops_is_told_with_its_exit_code_and_those_of_before_are_not() {
    let (mut state, mut linear, _) = told();
    let stop = |state: &mut State, i: usize, code: Option<i32>, why: &str| {
        let mut t = task(i, i % 3, 600);
        t.status = "STOPPED".into();
        t.desired_status = "STOPPED".into();
        t.exit_code = code;
        t.stopped_at = Some(ago(1));
        t.stopped_reason = Some(why.into());
        state.environments[0].world.tasks.as_mut().unwrap().push(t);
    };
    stop(&mut state, 20, Some(137), "Essential container in task exited");
    stop(&mut state, 21, None, "Scaling activity initiated by deployment.");
    let said = linear.news(&state);
    let said: Vec<(Option<Level>, &str)> =
        said.iter().map(|n| (n.level, n.text.rsplit_once(". Task ").unwrap().0)).collect();
    assert_eq!(
        said,
        [
            (Some(Level::Medium), "Task stopped with exit code 137: Essential container in task exited"),
            (Some(Level::Low), "Task stopped: Scaling activity initiated by deployment"),
        ]
    );
    assert_eq!(linear.news(&state), []);
    // One that watches from now on does not tell the past.
    let mut other = Linear::new(&state);
    let said = other.news(&state);
    assert!(!said.iter().any(|n| n.text.contains("137")), "{said:?}");
}

#[test]
fn decisions_and_ends_of_changes_come_from_the_journal() {
    let (mut state, mut linear, _) = told();
    for (event, step, detail) in [
        (EntryKind::Approved, None, json!({})),
        (EntryKind::Started, Some(1), json!({"cli": "aws efs create-mount-target"})),
        (EntryKind::Failed, Some(1), json!({"error": "MountTargetConflict"})),
        (EntryKind::RolledBack, None, json!({"reason": "nothing was left."})),
    ] {
        entry(&mut state, event, step, detail);
    }
    assert_eq!(
        texts(&linear.news(&state)),
        [
            "Approved by mio@bastion: add-mount-target.",
            "HIGH: step 1 FAILED: add-mount-target. MountTargetConflict.",
            "HIGH: change rolled back: add-mount-target. nothing was left.",
        ]
    );
    // What was written down before this began is the past, also where the journal opens late.
    let mut old = state.clone();
    old.environments[0].changes.journal.iter_mut().for_each(|e| e.at = ago(60));
    let (mut empty, mut linear, _) = told();
    empty.environments = old.environments;
    assert_eq!(linear.news(&empty), []);
}

#[test]
fn a_heartbeat_comes_when_nothing_did_and_not_otherwise() {
    let (mut state, mut linear, _) = told();
    let every = TimeDelta::seconds(60);
    later(&mut state, 59);
    fresh(&mut state);
    assert_eq!(linear.alive(&state, every), []);
    later(&mut state, 1);
    let said = linear.alive(&state, every);
    assert_eq!(
        texts(&said),
        ["Nothing new for 1 min, data all fresh, 6 of 6 tasks running. Nothing needs attention."]
    );
    assert_eq!(said[0].event, Kind::Alive);
    later(&mut state, 30);
    fresh(&mut state);
    state.environments[0].changes.journal_error = Some("the disk is full".into());
    assert_eq!(linear.news(&state).len(), 1);
    later(&mut state, 40);
    fresh(&mut state);
    assert_eq!(linear.alive(&state, every), [], "something was told 40 s ago");
    later(&mut state, 20);
    fresh(&mut state);
    assert!(texts(&linear.alive(&state, every))[0].ends_with("1 thing needs attention."));
}

#[test]
fn text_from_outside_cannot_drive_the_terminal() {
    let (mut state, mut linear, _) = told();
    state.environments[0].world.alarms =
        Some(vec![alarm("\u{1b}]0;owned\u{7}\u{202e}x\nHIGH: forged", AlarmState::Alarm, "\u{9b}2J")]);
    let said = linear.news(&state);
    assert_eq!(said.len(), 1);
    let line = said[0].line();
    assert!(!line.chars().any(char::is_control) && !line.contains('\u{202e}'), "{line:?}");
}
