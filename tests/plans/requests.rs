//! Requests as they are read and as they are sent.

use std::process::Command;

use miharu::domain::request::{ListEntry, Operation, StepOutputs, Value, published_text, render};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::scene::OLD;

fn entry(id: Value, ip: Value, zone: &str) -> ListEntry {
    let availability_zone = format!("ap-northeast-1{zone}");
    ListEntry { mount_target_id: id, ip_address: ip, availability_zone, subnet_id: format!("subnet-{zone}") }
}

fn known(text: &str) -> Value {
    Value::Known(text.into())
}

fn born(step: u32, output: &str) -> Value {
    Value::Born { step, output: output.into() }
}

/// The words a shell makes of the command line, `aws` itself left out.
fn words(cli: &str) -> Vec<String> {
    // A pipe inside a command substitution is replaced by what it would print.
    let script = format!("jq() {{ printf JSON; }}; aws() {{ printf '%s\\0' \"$@\"; }}; {cli}");
    let out = Command::new("sh").arg("-c").arg(script).output().unwrap();
    assert!(out.status.success(), "{cli}\n{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn python(script: &str, argument: &str) -> String {
    let out = Command::new("python3").args(["-c", script, argument]).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn every_operation_shows_the_api_members_and_an_equal_command_line() {
    let service = |rest: Json| {
        let mut all = json!({ "cluster": "c 1", "service": "s'1" });
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        all
    };
    let of = ("c 1".to_owned(), "s'1".to_owned());
    let table: Vec<(Operation, &str, Json, Vec<&str>)> = vec![
        (
            Operation::CreateMountTarget {
                file_system_id: "fs-1".into(),
                subnet_id: "subnet-d".into(),
                security_groups: vec!["sg-1".into(), "sg-2".into()],
            },
            "efs CreateMountTarget",
            json!({ "FileSystemId": "fs-1", "SubnetId": "subnet-d", "SecurityGroups": ["sg-1", "sg-2"] }),
            vec!["--file-system-id", "fs-1", "--subnet-id", "subnet-d", "--security-groups", "sg-1", "sg-2"],
        ),
        (
            Operation::DeleteMountTarget { mount_target_id: "fsmt-1".into() },
            "efs DeleteMountTarget",
            json!({ "MountTargetId": "fsmt-1" }),
            vec!["--mount-target-id", "fsmt-1"],
        ),
        (
            Operation::PutParameter { name: "/p".into(), entries: vec![], text: Some(OLD.into()) },
            "ssm PutParameter",
            json!({ "Name": "/p", "Type": "String", "Value": OLD, "Overwrite": true }),
            vec!["--name", "/p", "--type", "String", "--value", OLD, "--overwrite"],
        ),
        (
            Operation::ForceNewDeployment { cluster: of.0.clone(), service: of.1.clone() },
            "ecs UpdateService",
            service(json!({ "forceNewDeployment": true })),
            vec!["--cluster", "c 1", "--service", "s'1", "--force-new-deployment"],
        ),
        (
            Operation::UpdateDesiredCount { cluster: of.0.clone(), service: of.1.clone(), desired_count: 0 },
            "ecs UpdateService",
            service(json!({ "desiredCount": 0 })),
            vec!["--cluster", "c 1", "--service", "s'1", "--desired-count", "0"],
        ),
        (
            Operation::UpdateTaskDefinition {
                cluster: of.0.clone(),
                service: of.1.clone(),
                task_definition: born(1, "task_definition_arn"),
            },
            "ecs UpdateService",
            service(json!({ "taskDefinition": "<task_definition_arn of step 1>" })),
            vec![
                "--cluster",
                "c 1",
                "--service",
                "s'1",
                "--task-definition",
                "<task_definition_arn of step 1>",
            ],
        ),
        (
            Operation::UpdateCapacityProviders {
                cluster: of.0.clone(),
                service: of.1.clone(),
                fargate_base: 1,
                spot_weight: 1,
            },
            "ecs UpdateService",
            service(json!({
                "capacityProviderStrategy": [
                    { "capacityProvider": "FARGATE", "base": 1, "weight": 0 },
                    { "capacityProvider": "FARGATE_SPOT", "base": 0, "weight": 1 },
                ],
                "forceNewDeployment": true,
            })),
            vec![
                "--cluster",
                "c 1",
                "--service",
                "s'1",
                "--capacity-provider-strategy",
                "capacityProvider=FARGATE,base=1,weight=0",
                "capacityProvider=FARGATE_SPOT,base=0,weight=1",
                "--force-new-deployment",
            ],
        ),
        (
            Operation::RegisterScalableTarget {
                cluster: of.0.clone(),
                service: of.1.clone(),
                min_capacity: 2,
                max_capacity: 9,
            },
            "application-autoscaling RegisterScalableTarget",
            json!({
                "ServiceNamespace": "ecs", "ResourceId": "service/c 1/s'1",
                "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 2, "MaxCapacity": 9,
            }),
            vec![
                "--service-namespace",
                "ecs",
                "--resource-id",
                "service/c 1/s'1",
                "--scalable-dimension",
                "ecs:service:DesiredCount",
                "--min-capacity",
                "2",
                "--max-capacity",
                "9",
            ],
        ),
        (
            Operation::UpdateFileSystem {
                file_system_id: "fs-1".into(),
                throughput_mode: "provisioned".into(),
                provisioned_mibps: Some(128.5),
            },
            "efs UpdateFileSystem",
            json!({ "FileSystemId": "fs-1", "ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 128.5 }),
            vec![
                "--file-system-id",
                "fs-1",
                "--throughput-mode",
                "provisioned",
                "--provisioned-throughput-in-mibps",
                "128.5",
            ],
        ),
        (
            Operation::PutLifecycleConfiguration {
                file_system_id: "fs-1".into(),
                policies: vec![
                    ("TransitionToIA".into(), "AFTER_30_DAYS".into()),
                    ("TransitionToPrimaryStorageClass".into(), "AFTER_1_ACCESS".into()),
                ],
            },
            "efs PutLifecycleConfiguration",
            json!({ "FileSystemId": "fs-1", "LifecyclePolicies": [
                { "TransitionToIA": "AFTER_30_DAYS" }, { "TransitionToPrimaryStorageClass": "AFTER_1_ACCESS" },
            ] }),
            vec![
                "--file-system-id",
                "fs-1",
                "--lifecycle-policies",
                "TransitionToIA=AFTER_30_DAYS",
                "TransitionToPrimaryStorageClass=AFTER_1_ACCESS",
            ],
        ),
        (
            Operation::PutMetricData {
                namespace: "EFSMountAutoscaling".into(),
                name: "FileCount".into(),
                value: 131_402.0,
                unit: "Count".into(),
                at: "2026-01-01T00:00:00Z".parse().unwrap(),
            },
            "cloudwatch PutMetricData",
            json!({
                "Namespace": "EFSMountAutoscaling",
                "MetricData": [{
                    "MetricName": "FileCount", "Timestamp": "2026-01-01T00:00:00.000Z", "Value": 131_402.0,
                    "Unit": "Count",
                }],
            }),
            vec![
                "--namespace",
                "EFSMountAutoscaling",
                "--metric-data",
                "MetricName=FileCount,Timestamp=2026-01-01T00:00:00.000Z,Value=131402.0,Unit=Count",
            ],
        ),
        (
            Operation::PutRetentionPolicy { log_group: "/ecs/x y".into(), days: 7 },
            "logs PutRetentionPolicy",
            json!({ "logGroupName": "/ecs/x y", "retentionInDays": 7 }),
            vec!["--log-group-name", "/ecs/x y", "--retention-in-days", "7"],
        ),
    ];
    for (operation, name, input, options) in table {
        let request = render(&operation);
        assert_eq!(format!("{} {}", request.service, request.operation), name);
        assert_eq!(request.input, input, "{name}");
        let words = words(&request.cli);
        assert_eq!(words[0], request.service);
        let called: String = words[1].split('-').map(|w| w[..1].to_uppercase() + &w[1..]).collect();
        assert_eq!(called, request.operation);
        assert_eq!(words[2..], options, "{}", request.cli);
    }
}

#[test]
fn a_new_revision_is_registered_from_the_one_before() {
    let from = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/files:7".to_owned();
    let request =
        render(&Operation::RegisterTaskDefinition { from, cpu: "4096".into(), memory: "8192".into() });
    assert_eq!(request.input["family"], "files");
    assert_eq!((&request.input["cpu"], &request.input["memory"]), (&json!("4096"), &json!("8192")));
    assert_eq!(
        words(&request.cli),
        ["ecs", "register-task-definition", "--cli-input-json", "JSON", "--cpu", "4096", "--memory", "8192"]
    );
    assert!(request.cli.contains("aws ecs describe-task-definition --task-definition arn:aws:ecs:"));
}

#[test]
fn an_empty_lifecycle_configuration_is_an_empty_list() {
    let operation = Operation::PutLifecycleConfiguration { file_system_id: "fs-1".into(), policies: vec![] };
    assert_eq!(words(&render(&operation).cli)[4..], ["--lifecycle-policies", "[]"]);
}

#[test]
fn the_published_text_is_what_python_has_always_written() {
    let entries = vec![
        entry(known("fsmt-c"), known("10.0.2.100"), "c"),
        entry(known("fsmt-a"), known("10.0.1.100"), "a"),
    ];
    assert_eq!(published_text(&entries), OLD);
    let shown = published_text(&[entry(born(1, "mount_target_id"), born(1, "ip_address"), "d")]);
    assert!(shown.contains(
        r#""mount_target_id": "<mount_target_id of step 1>", "ip_address": "<ip_address of step 1>""#
    ));
    assert_eq!(published_text(&[]), r#"{"mount_targets": []}"#);
}

#[test]
fn born_values_are_filled_from_outputs_and_never_guessed() {
    let operation = Operation::PutParameter {
        name: "/p".into(),
        entries: vec![entry(born(1, "mount_target_id"), born(1, "ip_address"), "d")],
        text: None,
    };
    assert_eq!(operation.fill(&StepOutputs::new()).unwrap_err(), "step 1 gave no mount_target_id");
    let mut outputs = StepOutputs::new();
    outputs.entry(1).or_default().insert("mount_target_id".into(), "fsmt-d".into());
    assert_eq!(operation.fill(&outputs).unwrap_err(), "step 1 gave no ip_address");
    outputs.entry(1).or_default().insert("ip_address".into(), "10.0.3.7".into());
    let Operation::PutParameter { entries, .. } = operation.fill(&outputs).unwrap() else { panic!() };
    assert_eq!(entries, [entry(known("fsmt-d"), known("10.0.3.7"), "d")]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_survives_the_shell(name in "[^\\x00]{0,20}", value in "[^\\x00]{0,40}") {
        let operation =
            Operation::PutParameter { name: name.clone(), entries: vec![], text: Some(value.clone()) };
        let words = words(&render(&operation).cli);
        prop_assert_eq!(&words[3], &name);
        prop_assert_eq!(&words[7], &value);
    }

    #[test]
    fn any_list_is_written_as_json_dumps_does(ids in prop::collection::vec("\\PC{0,8}|[\\x00-\\x7f\u{80}-\u{2ff}\u{1F600}]{0,8}", 0..4)) {
        let entries: Vec<_> = ids.iter().map(|id| entry(known(id), known("10.0.0.1"), "a")).collect();
        let text = published_text(&entries);
        let again = python("import json, sys; sys.stdout.write(json.dumps(json.loads(sys.argv[1])))", &text);
        prop_assert_eq!(again, text);
    }
}
