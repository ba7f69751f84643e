//! Recommendations, plans and journal entries for the scenes.

use std::time::Duration;

use chrono::TimeDelta;
use miharu::app::changes::{Brakes, Progress, Proposal};
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::domain::guardrail::{Binds, Guardrail, name};
use miharu::domain::journal::{Entry, EntryKind};
use miharu::domain::plan::{Fingerprint, Plan, Step, Until};
use miharu::domain::recommendation::{Change, Evidence, Intent, Recommendation, Severity};
use miharu::domain::request::{ListEntry, Operation, Request, Value};
use miharu::domain::snapshot::Mode;
use serde_json::json;

use crate::parts::{ago, now};
use crate::scenes;

pub const ADD: &str = "add-mount-target:ap-northeast-1d";

fn step(n: u32, title: &str, operation: Operation, request: Request, until: Until) -> Step {
    Step { n, title: title.into(), operation, request, until, deadline: Duration::from_secs(300) }
}

fn create() -> Step {
    let operation = Operation::CreateMountTarget {
        file_system_id: "fs-0a1b2c3d4e5f60718".into(),
        subnet_id: "subnet-0a1b2c3d4e5f60002".into(),
        security_groups: vec!["sg-0123456789abcdef0".into()],
    };
    let request = Request {
        service: "efs".into(),
        operation: "CreateMountTarget".into(),
        input: json!({"FileSystemId": "fs-0a1b2c3d4e5f60718", "SubnetId": "subnet-0a1b2c3d4e5f60002",
            "SecurityGroups": ["sg-0123456789abcdef0"]}),
        cli: "aws efs create-mount-target --file-system-id fs-0a1b2c3d4e5f60718 --subnet-id subnet-0a1b2c3d4e5f60002 --security-groups sg-0123456789abcdef0".into(),
    };
    step(1, "create a mount target in 1d", operation, request, Until::MountTargetAvailable)
}

fn publish(n: u32, title: &str) -> Step {
    let born = |output: &str| Value::Born { step: 1, output: output.into() };
    let entries = vec![ListEntry {
        mount_target_id: born("mount_target_id"),
        ip_address: born("ip_address"),
        availability_zone: "ap-northeast-1d".into(),
        subnet_id: "subnet-0a1b2c3d4e5f60002".into(),
    }];
    let value = r#"{"mount_targets":[{"mount_target_id":"<mount_target_id of step 1>","ip_address":"<ip_address of step 1>","availability_zone":"ap-northeast-1d","subnet_id":"subnet-0a1b2c3d4e5f60002"}]}"#;
    let request = Request {
        service: "ssm".into(),
        operation: "PutParameter".into(),
        input: json!({"Name": "/efs-mount-autoscaling/mount-targets", "Value": value, "Type": "String", "Overwrite": true}),
        cli: format!(
            "aws ssm put-parameter --name /efs-mount-autoscaling/mount-targets --value '{value}' --type String --overwrite"
        ),
    };
    let operation =
        Operation::PutParameter { name: "/efs-mount-autoscaling/mount-targets".into(), entries, text: None };
    step(n, title, operation, request, Until::Answered)
}

fn redeploy(n: u32) -> Step {
    let operation = Operation::ForceNewDeployment { cluster: "files".into(), service: "file-svc".into() };
    let request = Request {
        service: "ecs".into(),
        operation: "UpdateService".into(),
        input: json!({"cluster": "files", "service": "file-svc", "forceNewDeployment": true}),
        cli: "aws ecs update-service --cluster files --service file-svc --force-new-deployment".into(),
    };
    step(n, "redeploy file-svc", operation, request, Until::Converged)
}

pub fn plan(change: &str) -> Plan {
    Plan {
        change: change.into(),
        environment: "prod".into(),
        recommendation: ADD.into(),
        rule: "add-mount-target".into(),
        title: "add a mount target in 1d".into(),
        steps: vec![create(), publish(2, "publish the list with it"), redeploy(3)],
        fingerprint: Fingerprint {
            mount_targets: Some(vec![
                "fsmt-0a1b2c3d4e5f60000 available".into(),
                "fsmt-0a1b2c3d4e5f60001 available".into(),
            ]),
            parameter_version: Some(7),
            primary_deployment: Some("ecs-svc/PRIMARY".into()),
            ..Fingerprint::default()
        },
        created_at: ago(20),
        expires_at: now() + TimeDelta::minutes(15) - TimeDelta::seconds(20),
        rollback: Some(vec![publish(1, "publish the list as it was"), redeploy(2)]),
        restart_only: false,
        undoes: None,
    }
}

fn guardrail(name: &str, holds: bool, binds: Binds, detail: &str, minutes: i64) -> Guardrail {
    let until = (minutes > 0).then(|| now() + TimeDelta::minutes(minutes) + TimeDelta::seconds(10));
    Guardrail { name: name.into(), holds, binds, detail: detail.into(), until }
}

fn recommendation(id: &str, severity: Severity, title: &str) -> Recommendation {
    let evidence = |name: &str, value, unit: &str, source: &str, seconds| Evidence {
        name: name.into(),
        value,
        unit: unit.into(),
        at: Some(ago(seconds)),
        source: source.into(),
    };
    Recommendation {
        id: id.into(),
        rule: id.split(':').next().unwrap().into(),
        severity,
        title: title.into(),
        reason: "131 402 files are above the threshold of 100 000, and zone 1d has 2 tasks and no mount target.".into(),
        evidence: vec![
            evidence("files", json!(131_402), "Count", "count", 42),
            evidence("zones with a mount target", json!("1a, 1c"), "", "efs", 8),
        ],
        change: Some(Change { from: json!("1a, 1c"), to: json!("1a, 1c, 1d") }),
        requests: Vec::new(),
        effect: "The 2 tasks in 1d read locally. 33 % of all paths will be routed to another mount target. It does not make the file system itself faster; no further zone is left after it.".into(),
        risk: "Tasks restart once; caches of the paths that move are cold.".into(),
        cost_usd_per_month: Some(0.0),
        reversible: true,
        rollback: "The list is published as it was and the service redeployed; the mount target stays.".into(),
        blocked_by: Vec::new(),
        auto_allowed: true,
        intent: Intent::Advice,
    }
}

/// The one that can be approved.
pub fn add(change: &str) -> Proposal {
    Proposal {
        recommendation: recommendation(ADD, Severity::High, "add a mount target in 1d"),
        guardrails: vec![
            guardrail(name::DATA_FRESHNESS, false, Binds::All, "efs, ecs, ssm and count are fresh", 0),
            guardrail(
                name::COOL_DOWN,
                true,
                Binds::Auto,
                "the change before was verified 55 s ago; 5 min between two that add",
                4,
            ),
        ],
        plan: Ok(plan(change)),
        decision: None,
    }
}

/// Held back, and without a plan.
pub fn others() -> Vec<Proposal> {
    let mut scale = Proposal {
        recommendation: recommendation("scale-out-service", Severity::Medium, "run 8 tasks rather than 6"),
        guardrails: vec![guardrail(
            name::DEPLOYMENT_IN_PROGRESS,
            true,
            Binds::All,
            "the PRIMARY deployment of file-svc is IN_PROGRESS, 4 of 6 tasks run",
            0,
        )],
        plan: Ok(plan("scale-1")),
        decision: None,
    };
    scale.recommendation.blocked_by = vec![name::DEPLOYMENT_IN_PROGRESS.into()];
    scale.recommendation.cost_usd_per_month = Some(72.08);
    let mut advice = Proposal {
        recommendation: recommendation("resize-lambda:counter", Severity::Low, "give the counter 512 MB"),
        guardrails: Vec::new(),
        plan: Err("it is advice: miharu does not carry it out".into()),
        decision: None,
    };
    advice.recommendation.change = None;
    advice.recommendation.cost_usd_per_month = None;
    vec![scale, advice]
}

pub fn propose(state: &mut State, proposals: Vec<Proposal>) {
    let not_enough =
        vec![("raise-throughput".to_owned(), "PercentIOLimit has no data point within 3 min".to_owned())];
    let at = state.now;
    update(state, Event::Proposed { environment: 0, proposals, not_enough }, at);
}

pub fn brake(state: &mut State, mode: Mode, armed: bool) {
    let why_not_armed = (!armed).then(|| "auto mode is disarmed at every start".to_owned());
    let brakes = Brakes { mode, armed, why_not_armed, ..Brakes::default() };
    let at = state.now;
    update(state, Event::Braked { environment: 0, brakes }, at);
}

pub fn journal(state: &mut State) {
    let entries = [
        (EntryKind::Note, None, None, "taro@bastion", json!({"text": "started, nothing was in flight"})),
        (EntryKind::Proposed, Some("c-41"), None, "miharu", json!({"plan": {"title": "redeploy file-svc"}})),
        (EntryKind::Approved, Some("c-41"), None, "taro@bastion", json!({})),
        (
            EntryKind::Started,
            Some("c-41"),
            Some(1),
            "miharu",
            json!({"request": {"cli": "aws ecs update-service --force-new-deployment"}}),
        ),
        (EntryKind::Succeeded, Some("c-41"), Some(1), "miharu", json!({"deployment_id": "ecs-svc/PRIMARY"})),
        (EntryKind::Verified, Some("c-41"), None, "miharu", json!({"verdict": "better"})),
        (
            EntryKind::Proposed,
            Some("c-42"),
            None,
            "miharu",
            json!({"plan": {"title": "add a mount target in 1d"}}),
        ),
        (
            EntryKind::Refused,
            Some("c-42"),
            None,
            "miharu",
            json!({"guardrail": "cool-down", "reason": "4 min left"}),
        ),
    ];
    let all = i64::try_from(entries.len()).unwrap();
    for (i, (event, change, step, by, detail)) in (1i64..).zip(entries) {
        let entry = Entry {
            seq: i,
            at: ago((all - i) * 61),
            environment: "prod".into(),
            change: change.map(str::to_owned),
            rule: change
                .map(|c| if c == "c-41" { "redeploy-service" } else { "add-mount-target" }.to_owned()),
            event,
            by: by.into(),
            step,
            detail,
        };
        let at = state.now;
        update(state, Event::Journaled { environment: 0, entry }, at);
    }
}

/// Something waits for a decision.
pub fn deciding() -> State {
    let mut state = scenes::over();
    brake(&mut state, Mode::Approve, false);
    let mut proposals = vec![add("c-42")];
    proposals.extend(others());
    propose(&mut state, proposals);
    journal(&mut state);
    state
}

/// Auto mode is armed and about to act, while another change is under way.
pub fn acting() -> State {
    let mut state = deciding();
    let brakes = Brakes {
        mode: Mode::Auto,
        armed: true,
        veto: Some(("add a mount target in 1d".into(), now() + TimeDelta::seconds(23))),
        failures: 1,
        ..Brakes::default()
    };
    update(&mut state, Event::Braked { environment: 0, brakes }, now());
    let progress = Progress {
        change: "c-41".into(),
        title: "redeploy file-svc".into(),
        step: 2,
        of: 3,
        since: ago(80),
        waiting_for: "the rollout, 4 of 6 tasks by the new list".into(),
        started_at: ago(200),
        here: true,
    };
    update(&mut state, Event::Progressed { environment: 0, progress: Some(progress) }, now());
    state
}

/// No journal, frozen by an operator.
pub fn braked() -> State {
    let mut state = deciding();
    let brakes = Brakes {
        mode: Mode::Auto,
        why_not_armed: Some("two failures in a row".into()),
        frozen_by_operator: true,
        failures: 2,
        ..Brakes::default()
    };
    update(&mut state, Event::Braked { environment: 0, brakes }, now());
    let why = "database is locked; close the other console or point `journal` elsewhere".into();
    update(&mut state, Event::JournalFailed { environment: 0, why }, now());
    state
}

/// Text that tries to leave its cell, in everything that a plan shows.
pub fn nasty() -> State {
    let nasty =
        "\u{1b}[2J\u{1b}]0;owned\u{7}evil\u{202e}txt\u{200b}\r\nsecond 日本語 👩\u{200d}👩\u{200d}👧 ";
    let long = nasty.repeat(12);
    let mut state = scenes::calm();
    brake(&mut state, Mode::Approve, false);
    let mut p = add(nasty);
    for text in [&mut p.recommendation.title, &mut p.recommendation.reason, &mut p.recommendation.effect] {
        text.clone_from(&long);
    }
    for text in [&mut p.recommendation.risk, &mut p.recommendation.rollback] {
        text.clone_from(&long);
    }
    p.recommendation.evidence[0].value = json!(long);
    p.recommendation.evidence[0].name = nasty.into();
    p.guardrails[1].name = nasty.into();
    p.guardrails[1].detail.clone_from(&long);
    let plan = p.plan.as_mut().unwrap();
    plan.title.clone_from(&long);
    for step in &mut plan.steps {
        step.title = nasty.into();
        step.request.cli = format!("aws {long}");
        step.request.input = json!({ nasty: long, "list": [nasty, {"deep": long}] });
    }
    plan.fingerprint.mount_targets = Some(vec![long.clone()]);
    propose(&mut state, vec![p]);
    let entry = Entry {
        seq: 1,
        at: now(),
        environment: nasty.into(),
        change: Some(long.clone()),
        rule: Some(long.clone()),
        event: EntryKind::Failed,
        by: nasty.into(),
        step: Some(1),
        detail: json!({ "reason": long }),
    };
    update(&mut state, Event::Journaled { environment: 0, entry }, now());
    let brakes = Brakes {
        mode: Mode::Approve,
        veto: Some((long.clone(), now() + TimeDelta::seconds(9))),
        why_not_armed: Some(long),
        ..Brakes::default()
    };
    update(&mut state, Event::Braked { environment: 0, brakes }, now());
    state
}
