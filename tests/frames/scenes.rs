//! States to draw, built through `app::update` as the running program builds them.

use chrono::TimeDelta;
use miharu::app::action::Action;
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::domain::alarm::AlarmState;
use miharu::domain::ecs::{MountsBy, ServiceEvent, Task};
use miharu::domain::facts::Facts;
use miharu::domain::source::{Failure, FailureClass, SourceId};

use crate::load;
use crate::parts::{
    SOURCES, TASK_DEFINITION, World, ago, alarm, deployment, info, now, observe, prepare, read, read_service,
    service, task,
};

/// Nothing has been read.
pub fn unread() -> State {
    let mut state = State::new(vec![info("prod")], now());
    prepare(&mut state, 0);
    state
}

fn of(world: &World) -> State {
    let mut state = unread();
    read(&mut state, 0, world);
    state
}

/// All is well.
pub fn calm() -> State {
    of(&World::default())
}

/// Too many files, one zone without a target, tasks on an old list, an alarm.
pub fn over() -> State {
    of(&World {
        targets: vec![0, 1],
        files: 131_402,
        growth: 1_310,
        old_tasks: 2,
        cpu: 61.0,
        alarms: vec![
            alarm(
                "file-count-high",
                AlarmState::Alarm,
                "Threshold Crossed: 1 datapoint [131402.0] was greater than the threshold (100000.0).",
            ),
            alarm("service-cpu-high", AlarmState::Ok, ""),
            alarm("lambda-errors", AlarmState::InsufficientData, "Unchecked: Initial alarm creation"),
        ],
        ..World::default()
    })
}

/// A rollout whose new tasks fail to start.
pub fn failing() -> State {
    let mut state = calm();
    let mut bad = deployment("PRIMARY", "IN_PROGRESS", 6, 0);
    bad.task_definition = TASK_DEFINITION.replace(":12", ":13");
    bad.failed = 4;
    bad.pending = 2;
    bad.created_at = Some(ago(240));
    bad.updated_at = Some(ago(20));
    bad.reason = Some("ECS deployment ecs-svc/PRIMARY in progress.".into());
    let mut service = service(6, MountsBy::List);
    service.deployments = vec![bad, deployment("ACTIVE", "COMPLETED", 6, 5)];
    service.running = 5;
    service.pending = 2;
    let mut tasks: Vec<Task> = (0..5).map(|i| task(i, i % 3, 3 * 3600)).collect();
    for (i, status) in ["PENDING", "PROVISIONING"].iter().enumerate() {
        let mut t = task(10 + i, i, 30);
        t.status = (*status).into();
        t.started_at = None;
        t.health = Some("UNKNOWN".into());
        tasks.push(t);
    }
    tasks[4].health = Some("UNHEALTHY".into());
    for (i, seconds) in (0..4).zip(0i64..) {
        let mut t = task(20 + i, i % 3, 200 - seconds * 30);
        t.status = "STOPPED".into();
        t.desired_status = "STOPPED".into();
        t.stopped_at = Some(ago(120 - seconds * 25));
        t.stop_code = Some(if i == 0 { "TaskFailedToStart" } else { "EssentialContainerExited" }.into());
        t.exit_code = (i > 0).then_some(1);
        t.stopped_reason = Some(
            if i == 0 { "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: mount.nfs4: Connection timed out" } else { "Essential container in task exited" }.into(),
        );
        tasks.push(t);
    }
    read_service(&mut state, 0, service, tasks);
    state
}

fn failure(class: FailureClass, action: &str, code: &str, text: &str) -> Failure {
    Failure {
        class,
        action: Some(action.into()),
        code: (!code.is_empty()).then(|| code.into()),
        text: text.into(),
        request_id: Some("5f3c2a9e-7d1b-4c55-9a0e-1f2d3c4b5a69".into()),
    }
}

/// Throttled, denied, stale and late sources; the values stay.
pub fn troubled() -> State {
    let mut state = of(&World { growth: 900, ..World::default() });
    let later = now() + TimeDelta::seconds(65);
    for n in 0..4 {
        let throttled =
            failure(FailureClass::Throttled, "ecs:DescribeServices", "ThrottlingException", "rate exceeded");
        observe(&mut state, 0, SourceId::ECS, -20 - 10 * n, Err(throttled));
    }
    let denied = failure(
        FailureClass::Denied,
        "elasticfilesystem:DescribeMountTargets",
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/ops/taro is not authorized",
    );
    observe(&mut state, 0, SourceId::EFS, -60, Err(denied));
    observe(
        &mut state,
        0,
        SourceId::SSM,
        -66,
        Err(failure(FailureClass::Timeout, "ssm:GetParameter", "", "no answer within 20 s")),
    );
    update(&mut state, Event::Tick, later);
    state
}

/// Credentials that were never good: nothing is read, and why.
pub fn denied() -> State {
    let mut state = unread();
    for (source, _) in SOURCES {
        let failure = failure(
            FailureClass::Credentials,
            "sts:GetCallerIdentity",
            "ExpiredToken",
            "the security token included in the request is expired",
        );
        observe(&mut state, 0, source, 1, Err(failure));
    }
    state
}

/// Text that tries to leave its cell.
pub fn hostile() -> State {
    let mut state = calm();
    let nasty = "\u{1b}[2J\u{1b}]0;owned\u{7}evil\u{202e}txt\u{200b}\r\nsecond 日本語のとても長い名前 e\u{301}\u{301}\u{301}\u{301} 👩\u{200d}👩\u{200d}👧 ";
    let long = nasty.repeat(40);
    let mut service = service(6, MountsBy::List);
    service.name.clone_from(&long);
    service.cluster.clone_from(&long);
    service.events = vec![ServiceEvent { id: long.clone(), at: ago(5), message: long.clone() }];
    service.deployments[0].reason = Some(long.clone());
    service.deployments[0].rollout_state = Some(nasty.into());
    let mut tasks: Vec<Task> = (0..6).map(|i| task(i, i % 3, 3 * 3600)).collect();
    for t in &mut tasks {
        t.id = nasty.into();
        t.arn = format!("{nasty}{}", t.arn);
        t.status = nasty.into();
        t.health = Some(long.clone());
        t.availability_zone = Some(nasty.into());
        t.stopped_reason = Some(long.clone());
    }
    read_service(&mut state, 0, service, tasks);
    observe(
        &mut state,
        0,
        SourceId::ALARMS,
        1,
        Ok(vec![Facts::Alarms(vec![alarm(&long, AlarmState::Alarm, &long)])]),
    );
    observe(&mut state, 0, SourceId::EFS, 0, Err(failure(FailureClass::Other, nasty, nasty, &long)));
    state.environments[0].info.name = long;
    update(&mut state, Event::Notice(nasty.into()), now());
    state
}

/// 300 tasks in six zones, 400 metrics.
pub fn many() -> State {
    of(&World {
        zones: 6,
        targets: vec![0, 1, 2, 3, 4],
        tasks: 300,
        old_tasks: 40,
        extra_metrics: 392,
        ..World::default()
    })
}

/// Two environments, the second focused, read-only, in the demo.
pub fn two() -> State {
    let mut state = State::new(vec![info("prod"), info("staging")], now());
    state.read_only = true;
    state.demo = Some("calm, 10 times as fast".into());
    prepare(&mut state, 0);
    prepare(&mut state, 1);
    read(&mut state, 0, &World::default());
    read(
        &mut state,
        1,
        &World { tasks: 2, zones: 2, targets: vec![0, 1], mounts_by: MountsBy::Volume, ..World::default() },
    );
    update(&mut state, Event::Focus(1), now());
    state
}

/// Frozen while data keeps coming in.
pub fn frozen() -> State {
    let mut state = calm();
    update(&mut state, Event::Action(Action::Freeze), now());
    read(&mut state, 0, &World { files: 250_000, ..World::default() });
    update(&mut state, Event::Tick, now() + TimeDelta::seconds(400));
    state
}

/// A scene.
pub type Scene = fn() -> State;

/// All scenes by name.
pub const ALL: &[(&str, Scene)] = &[
    ("unread", unread),
    ("calm", calm),
    ("over", over),
    ("failing", failing),
    ("troubled", troubled),
    ("denied", denied),
    ("hostile", hostile),
    ("many", many),
    ("two", two),
    ("frozen", frozen),
    ("impressions-healthy", load::healthy),
    ("impressions-burning", load::burning),
    ("impressions-lossy", load::lossy),
    ("impressions-nobody", load::nobody),
    ("impressions-failed", load::source_failed),
    ("impressions-unread", load::never_read),
    ("impressions-counters", load::counters_only),
    ("impressions-balancer", load::log_and_balancer),
    ("impressions-unconfigured", load::unconfigured),
    ("impressions-hostile", load::hostile_names),
];
