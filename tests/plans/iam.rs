//! The policies against what the code can call.

use std::collections::BTreeSet;

use miharu::aws::sdk::allow::READS;
use miharu::domain::iam::{ACTIONS, Resources, policy, policy_for};
use miharu::domain::plan::Step;
use miharu::domain::recommendation::Intent;
use serde_json::{Value as Json, json};

use super::scene::{add, plan, world};

fn actions(policy: &Json) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap();
    let all: Vec<String> = statements
        .iter()
        .flat_map(|s| s["Action"].as_array().unwrap())
        .map(|a| a.as_str().unwrap().to_owned())
        .collect();
    let set: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(set.len(), all.len(), "an action stands twice");
    set
}

/// The action of an operation as the planner names it.
fn action_of(step: &Step) -> String {
    let (service, operation) = step.operation.api();
    let prefix = if service == "efs" { "elasticfilesystem" } else { service };
    format!("{prefix}:{operation}")
}

/// Every kind of plan, so that every operation a plan can hold is among their steps.
fn writes() -> BTreeSet<String> {
    let mut world = world();
    world.scalable = Some(Some(miharu::domain::scalable::ScalableTarget {
        resource_id: "r".into(),
        min: 2,
        max: 6,
        suspended: false,
    }));
    let intents = [
        add(true),
        Intent::RemoveMountTarget { mount_target_id: "fsmt-a".into() },
        Intent::Scale { desired: 3 },
        Intent::ScaleBounds { min: 3, max: 6 },
        Intent::ResizeTask { cpu: "4096".into(), memory: "8192".into() },
        Intent::Throughput { mode: "elastic".into(), provisioned_mibps: None },
        Intent::Lifecycle,
        Intent::LogRetention { log_group: "/ecs/files".into(), days: 7 },
        Intent::FargateSpot,
    ];
    intents
        .into_iter()
        .flat_map(|intent| plan(&world, "rule", intent).unwrap().steps)
        .map(|s| action_of(&s))
        .collect()
}

/// What AWS asks for beside the calls, in either policy.
fn beside() -> BTreeSet<String> {
    ACTIONS.iter().filter(|a| a.because.is_some()).map(|a| a.action.to_owned()).collect()
}

fn called(policy: &Json) -> BTreeSet<String> {
    actions(policy).difference(&beside()).cloned().collect()
}

#[test]
fn the_read_only_policy_is_the_list_of_reads() {
    let reads: BTreeSet<String> = READS.iter().map(|r| r.action.to_owned()).collect();
    assert_eq!(called(&policy(true)), reads, "src/domain/iam.rs and src/aws/sdk/allow.rs differ");
}

#[test]
fn the_operators_policy_adds_what_plans_call() {
    let (watch, operate) = (called(&policy(true)), called(&policy(false)));
    let mut calls = writes();
    // What is published belongs to no plan.
    calls.insert("cloudwatch:PutMetricData".to_owned());
    assert_eq!(operate.difference(&watch).cloned().collect::<BTreeSet<_>>(), calls);
    assert!(watch.is_subset(&operate));
}

#[test]
fn what_aws_asks_for_beside_a_call_goes_with_that_call() {
    for (read_only, policy) in [(true, policy(true)), (false, policy(false))] {
        let present = actions(&policy);
        for action in ACTIONS.iter().filter(|a| a.because.is_some()) {
            let by = action.because.unwrap();
            assert_eq!(
                present.contains(by),
                present.contains(action.action),
                "{read_only} {}",
                action.action
            );
        }
    }
}

#[test]
fn roles_are_passed_to_tasks_only_and_only_by_operators() {
    assert!(!actions(&policy(true)).contains("iam:PassRole"));
    let full = policy(false);
    let pass: Vec<&Json> = full["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|s| s["Action"].as_array().unwrap().contains(&json!("iam:PassRole")))
        .collect();
    assert_eq!(pass.len(), 1);
    assert_eq!(pass[0]["Action"], json!(["iam:PassRole"]));
    assert_eq!(
        pass[0]["Condition"],
        json!({ "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } })
    );
}

#[test]
fn known_names_narrow_the_resources() {
    let resources = Resources {
        file_system_id: Some("fs-1".into()),
        parameters: vec!["/efs/targets".into(), "count".into()],
        service: Some(("files".into(), "svc".into())),
        log_groups: vec!["/ecs/files".into()],
        region: Some("ap-northeast-1".into()),
        account: Some("123456789012".into()),
        task_roles: vec!["arn:aws:iam::123456789012:role/task".into()],
    };
    let policy = policy_for(false, &resources);
    assert_eq!(policy["Version"], "2012-10-17");
    let of = |action: &str| {
        let statements = policy["Statement"].as_array().unwrap();
        let found = statements.iter().find(|s| s["Action"].as_array().unwrap().contains(&json!(action)));
        found.unwrap_or_else(|| panic!("{action}"))["Resource"].clone()
    };
    let arn = |rest: &str| json!([format!("arn:aws:{rest}")]);
    assert_eq!(
        of("elasticfilesystem:CreateMountTarget"),
        arn("elasticfilesystem:ap-northeast-1:123456789012:file-system/fs-1")
    );
    assert_eq!(of("ecs:UpdateService"), arn("ecs:ap-northeast-1:123456789012:service/files/svc"));
    assert_eq!(
        of("ssm:PutParameter"),
        json!([
            "arn:aws:ssm:ap-northeast-1:123456789012:parameter/efs/targets",
            "arn:aws:ssm:ap-northeast-1:123456789012:parameter/count",
        ])
    );
    assert_eq!(of("logs:PutRetentionPolicy"), arn("logs:ap-northeast-1:123456789012:log-group:/ecs/files:*"));
    assert_eq!(of("iam:PassRole"), arn("iam::123456789012:role/task"));
    let sids: Vec<&str> =
        policy["Statement"].as_array().unwrap().iter().map(|s| s["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len());
    assert!(sids.iter().all(|s| s.chars().all(|c| c.is_ascii_alphanumeric())), "{sids:?}");
}
