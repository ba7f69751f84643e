//! What changes something, against an AWS endpoint on loopback: each call is one request whatever becomes of it,
//! and doubt is never called success or refusal.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::time::Duration;

use miharu::actuators::sdk::SdkActuator;
use miharu::actuators::sdk::allow::{ListedOnly, WRITES};
use miharu::actuators::{Actuator, Sent};
use miharu::aws::sdk::{Limits, Options};
use miharu::clock::Clock;
use miharu::config::model::Environment;
use miharu::domain::request::{ListEntry, Operation, Value};
use miharu::domain::source::{Failure, FailureClass};
use serde_json::{Value as Json, json};
use support::peer::{Call, Peer};
use support::sources::{Credentials, KEY, actuator, limits, setup};
use support::world::World;

/// An environment in a region, with a zone that is free.
struct Stage {
    world: World,
    credentials: Credentials,
    actuator: SdkActuator,
}

impl Stage {
    fn new(region: &str, limits: Limits) -> Self {
        let world = World::create(Peer::shared(), region, &[]);
        let credentials = Credentials::of(KEY);
        let actuator = actuator(&world.environment(Peer::shared()), &credentials, limits);
        Self { world, credentials, actuator }
    }

    fn create(&self) -> Operation {
        Operation::CreateMountTarget {
            file_system_id: self.world.file_system.clone(),
            subnet_id: self.world.subnets[2].id.clone(),
            security_groups: vec![self.world.security_group.clone()],
        }
    }

    /// Requests of the tests' key for an operation, oldest first.
    fn requests(&self, operation: &str) -> Vec<Call> {
        let calls = Peer::shared().calls(&self.world.region).into_iter();
        calls.filter(|c| c.key.as_deref() == Some(KEY) && c.operation == operation).collect()
    }

    fn all_requests(&self) -> usize {
        let calls = Peer::shared().calls(&self.world.region).into_iter();
        calls.filter(|c| c.key.as_deref() == Some(KEY)).count()
    }

    async fn targets(&self) -> usize {
        let environment = self.world.environment(Peer::shared());
        let aws = setup(environment, &self.credentials, limits()).outside.aws;
        aws.mount_targets(&self.world.file_system, None).await.unwrap().items.len()
    }

    /// One of each operation, with the API's name and the IAM action.
    fn operations(&self) -> Vec<(Operation, &'static str, &'static str)> {
        let w = &self.world;
        let (cluster, service) = (w.cluster.clone(), w.service.clone());
        let file_system_id = w.file_system.clone();
        let definition = Value::Known(w.task_definition.clone());
        let update = ("UpdateService", "ecs:UpdateService");
        let with = |operation, (name, action)| (operation, name, action);
        let of = || (cluster.clone(), service.clone());
        let force = {
            let (cluster, service) = of();
            Operation::ForceNewDeployment { cluster, service }
        };
        let count = {
            let (cluster, service) = of();
            Operation::UpdateDesiredCount { cluster, service, desired_count: 3 }
        };
        let roll = {
            let (cluster, service) = of();
            Operation::UpdateTaskDefinition { cluster, service, task_definition: definition }
        };
        let spot = {
            let (cluster, service) = of();
            Operation::UpdateCapacityProviders { cluster, service, fargate_base: 1, spot_weight: 1 }
        };
        let (from, cpu, memory) = (w.task_definition.clone(), "512".into(), "1024".into());
        let policies = vec![("TransitionToIA".to_owned(), "AFTER_30_DAYS".to_owned())];
        vec![
            (self.create(), "CreateMountTarget", "elasticfilesystem:CreateMountTarget"),
            (
                Operation::PutParameter {
                    name: w.parameter.clone(),
                    entries: vec![self.entry()],
                    text: None,
                },
                "PutParameter",
                "ssm:PutParameter",
            ),
            with(force, update),
            with(count, update),
            with(roll, update),
            with(spot, update),
            (
                Operation::RegisterTaskDefinition { from, cpu, memory },
                "RegisterTaskDefinition",
                "ecs:RegisterTaskDefinition",
            ),
            (
                Operation::RegisterScalableTarget { cluster, service, min_capacity: 1, max_capacity: 4 },
                "RegisterScalableTarget",
                "application-autoscaling:RegisterScalableTarget",
            ),
            (
                Operation::UpdateFileSystem {
                    file_system_id: file_system_id.clone(),
                    throughput_mode: "provisioned".into(),
                    provisioned_mibps: Some(64.0),
                },
                "UpdateFileSystem",
                "elasticfilesystem:UpdateFileSystem",
            ),
            (
                Operation::PutLifecycleConfiguration { file_system_id, policies },
                "PutLifecycleConfiguration",
                "elasticfilesystem:PutLifecycleConfiguration",
            ),
            (
                Operation::PutRetentionPolicy { log_group: w.log_group.clone(), days: 7 },
                "PutRetentionPolicy",
                "logs:PutRetentionPolicy",
            ),
            (
                Operation::PutMetricData {
                    namespace: "EFSMountAutoscaling".into(),
                    name: "FileCount".into(),
                    value: 7.0,
                    unit: "Count".into(),
                    at: Clock::system().now(),
                },
                "PutMetricData",
                "cloudwatch:PutMetricData",
            ),
            (
                Operation::DeleteMountTarget { mount_target_id: w.mount_targets[0].mount_target_id.clone() },
                "DeleteMountTarget",
                "elasticfilesystem:DeleteMountTarget",
            ),
        ]
    }

    fn entry(&self) -> ListEntry {
        let target = self.world.mount_targets[0].clone();
        ListEntry {
            mount_target_id: Value::Known(target.mount_target_id),
            ip_address: Value::Known(target.ip_address),
            availability_zone: target.availability_zone,
            subnet_id: target.subnet_id,
        }
    }

    /// Sends one of each operation under a fault; gives how each ended. Each is one request.
    async fn under(&self, fault: &Json) -> Vec<(&'static str, Sent)> {
        let mut ended = Vec::new();
        for (operation, name, action) in self.operations() {
            let before = self.requests(name).len();
            let names = ["efs", "ecs", "ssm", "logs", "cloudwatch", "application-autoscaling"];
            let mut fault = fault.clone();
            fault["times"] = json!(1000);
            let faults: serde_json::Map<_, _> =
                names.iter().map(|service| (format!("{service}.{name}"), fault.clone())).collect();
            Peer::shared().faults(&self.world.region, &Json::Object(faults));
            ended.push((action, self.actuator.send(&operation).await));
            assert_eq!(self.requests(name).len(), before + 1, "{name} under {fault}");
        }
        Peer::shared().faults(&self.world.region, &json!({}));
        ended
    }
}

fn refused(sent: Sent, why: &str) -> Failure {
    match sent {
        Sent::Refused(failure) => failure,
        other => panic!("{why}: {other:?}"),
    }
}

fn unknown(sent: Sent, why: &str) -> Failure {
    match sent {
        Sent::Unknown(failure) => failure,
        other => panic!("{why}: {other:?}"),
    }
}

#[tokio::test]
async fn each_operation_is_one_request_and_says_what_it_gave() {
    let stage = Stage::new("eu-west-1", limits());
    for (operation, name, _) in stage.operations() {
        let before = stage.requests(name).len();
        let outputs = match stage.actuator.send(&operation).await {
            Sent::Done(outputs) => outputs,
            other => panic!("{operation:?}: {other:?}"),
        };
        let names: Vec<_> = outputs.keys().map(String::as_str).collect();
        let expected: &[&str] = match name {
            "CreateMountTarget" => &["availability_zone", "ip_address", "mount_target_id"],
            "PutParameter" => &["version"],
            "UpdateService" => &["deployment_id"],
            "RegisterTaskDefinition" => &["task_definition_arn"],
            _ => &[],
        };
        assert_eq!(names, expected, "{name}");
        let requests = stage.requests(name);
        assert_eq!(requests.len(), before + 1, "{name}");
        let input = requests.last().unwrap().input.clone().unwrap_or_default();
        let w = &stage.world;
        match operation {
            Operation::CreateMountTarget { .. } => {
                assert_eq!(input["SecurityGroups"], json!([w.security_group]));
            }
            Operation::PutParameter { .. } => {
                assert_eq!((&input["Overwrite"], &input["Type"]), (&json!(true), &json!("String")));
                let value = input["Value"].as_str().unwrap();
                assert!(value.starts_with(r#"{"mount_targets": [{"mount_target_id": "fsmt-"#), "{value}");
            }
            Operation::ForceNewDeployment { .. } => assert_eq!(
                input,
                json!({"cluster": w.cluster, "service": w.service, "forceNewDeployment": true}),
                "nothing else changes"
            ),
            Operation::UpdateDesiredCount { .. } => assert_eq!(
                input,
                json!({"cluster": w.cluster, "service": w.service, "desiredCount": 3}),
                "nothing else changes"
            ),
            Operation::RegisterTaskDefinition { .. } => {
                assert_eq!((&input["cpu"], &input["memory"]), (&json!("512"), &json!("1024")));
                let container = &input["containerDefinitions"][0];
                assert_eq!(container["logConfiguration"]["options"]["awslogs-group"], json!(w.log_group));
                assert_eq!(input["requiresCompatibilities"], json!(["FARGATE"]));
            }
            _ => {}
        }
    }
    assert_eq!(stage.requests("DescribeTaskDefinition").len(), 1, "read to be copied");
}

#[tokio::test]
async fn a_throttled_call_is_refused_and_not_repeated() {
    let stage = Stage::new("eu-west-2", Limits { attempts: 5, ..limits() });
    for fault in [
        json!({"status": 400, "code": "ThrottlingException"}),
        json!({"status": 429, "code": "TooManyRequestsException"}),
        json!({"status": 503, "code": "RequestLimitExceeded"}),
    ] {
        for (action, sent) in stage.under(&fault).await {
            let failure = refused(sent, action);
            assert_eq!((failure.class, failure.action.as_deref()), (FailureClass::Throttled, Some(action)));
        }
    }
    assert_eq!(stage.targets().await, 2);
}

#[tokio::test]
async fn a_denied_call_is_refused_with_its_action() {
    let stage = Stage::new("eu-west-3", limits());
    let fault = json!({"status": 403, "code": "AccessDeniedException", "message": "User is not authorized"});
    for (action, sent) in stage.under(&fault).await {
        let failure = refused(sent, action);
        assert_eq!((failure.class, failure.action.as_deref()), (FailureClass::Denied, Some(action)));
        assert!(failure.line().contains(&format!("missing IAM action {action}")), "{failure:?}");
    }
}

#[tokio::test]
async fn a_server_error_leaves_doubt() {
    let stage = Stage::new("us-east-1", Limits { attempts: 5, ..limits() });
    for fault in [
        json!({"status": 500, "code": "InternalFailure"}),
        json!({"status": 503, "code": "ServiceUnavailable"}),
        json!({"status": 400, "code": "ServerException"}),
    ] {
        for (action, sent) in stage.under(&fault).await {
            assert_eq!(unknown(sent, action).class, FailureClass::Server, "{fault}");
        }
    }
}

#[tokio::test]
async fn an_answer_of_somebody_else_leaves_doubt() {
    let stage = Stage::new("us-east-2", limits());
    for status in [200, 403, 502] {
        for (action, sent) in stage.under(&json!({"garbage": true, "status": status})).await {
            unknown(sent, &format!("{action} {status}"));
        }
    }
}

#[tokio::test]
async fn a_lost_answer_leaves_doubt_and_the_effect_stands() {
    let stage = Stage::new("eu-central-1", Limits { attempts: 5, ..limits() });
    for (action, sent) in stage.under(&json!({"lose": true})).await {
        let failure = unknown(sent, action);
        assert_eq!(failure.class, FailureClass::Unreachable, "{action}");
        assert!(failure.text.contains("dropped the connection before it answered"), "{failure:?}");
        assert_eq!(failure.action.as_deref(), Some(action));
    }
    let made = stage.requests("CreateMountTarget").pop().unwrap().status.unwrap();
    assert!(made.starts_with("lost after 200"), "{made}");
    let conflict = refused(stage.actuator.send(&stage.create()).await, "it stands already");
    assert_eq!(conflict.code.as_deref(), Some("MountTargetConflict"));
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_doubt() {
    let stage = Stage::new("us-west-2", limits());
    Peer::shared().faults("us-west-2", &json!({"efs.CreateMountTarget": {"cut": true}}));
    let failure = unknown(stage.actuator.send(&stage.create()).await, "cut");
    assert_eq!(failure.text, "the connection was dropped in the middle of the answer");
    assert_eq!(stage.requests("CreateMountTarget").len(), 1);
}

#[tokio::test]
async fn no_answer_in_time_leaves_doubt() {
    let limits = Limits { attempt: Duration::from_millis(1500), attempts: 5, ..limits() };
    let stage = Stage::new("ap-southeast-1", limits);
    Peer::shared().faults("ap-southeast-1", &json!({"efs.CreateMountTarget": {"delay": 4}}));
    let failure = unknown(stage.actuator.send(&stage.create()).await, "hangs");
    assert_eq!((failure.class, failure.text.as_str()), (FailureClass::Timeout, "no answer within 1.5 s"));
    assert_eq!(stage.requests("CreateMountTarget").len(), 1);
}

#[tokio::test]
async fn what_never_left_is_refused() {
    let stage = Stage::new("ap-southeast-2", limits());
    let at =
        |url: &str| Environment { endpoint_url: Some(url.into()), ..stage.world.environment(Peer::shared()) };
    for (url, class, words) in [
        ("http://127.0.0.1:1", FailureClass::Unreachable, "connection refused by 127.0.0.1:1"),
        ("http://nobody.invalid", FailureClass::Unreachable, "cannot be resolved"),
        // Speaks no TLS: the handshake fails before anything is asked.
        (&Peer::shared().url().replace("http", "https"), FailureClass::Unreachable, "no connection"),
    ] {
        let failure =
            refused(actuator(&at(url), &stage.credentials, limits()).send(&stage.create()).await, url);
        assert_eq!(failure.class, class, "{failure:?}");
        assert!(failure.text.contains(words), "{failure:?}");
    }

    let empty = tempfile::tempdir().unwrap();
    let options = Options {
        credentials_file: Some(empty.path().join("credentials")),
        ..Options::from(&stage.world.environment(Peer::shared()))
    };
    let nobody = SdkActuator::new(options, Clock::system());
    let failure = refused(nobody.send(&stage.create()).await, "nothing to sign with");
    assert_eq!(failure.class, FailureClass::Credentials);
    assert_eq!(stage.all_requests(), 0, "nothing arrived");
}

#[tokio::test]
async fn expired_credentials_are_refused_and_new_ones_picked_up() {
    let stage = Stage::new("ca-central-1", limits());
    stage.credentials.change("AKIAEXPIREDWRITER");
    Peer::shared().ask("POST", "/_peer/keys", Some(&json!({"expired": ["AKIAEXPIREDWRITER"]})));
    let failure = refused(stage.actuator.send(&stage.create()).await, "expired");
    assert_eq!(failure.class, FailureClass::Credentials);
    stage.credentials.change(KEY);
    assert!(matches!(stage.actuator.send(&stage.create()).await, Sent::Done(_)));
}

#[tokio::test]
async fn what_is_not_filled_or_not_known_does_not_leave() {
    let stage = Stage::new("sa-east-1", limits());
    let (cluster, service) = (stage.world.cluster.clone(), stage.world.service.clone());
    let born = |output: &str| Value::Born { step: 1, output: output.into() };
    let entry = ListEntry { ip_address: born("ip_address"), ..stage.entry() };
    let name = stage.world.parameter.clone();
    let file_system_id = stage.world.file_system.clone();
    let policies = vec![("TransitionToTheMoon".to_owned(), "AFTER_30_DAYS".to_owned())];
    for operation in [
        Operation::PutParameter { name, entries: vec![stage.entry(), entry], text: None },
        Operation::UpdateTaskDefinition { cluster, service, task_definition: born("task_definition_arn") },
        Operation::PutLifecycleConfiguration { file_system_id, policies },
    ] {
        let failure = refused(stage.actuator.send(&operation).await, "unborn");
        assert_eq!(failure.class, FailureClass::Refused, "{failure:?}");
        assert!(failure.text.ends_with("so the call was not made"), "{failure:?}");
    }
    assert_eq!(stage.all_requests(), 0);
}

#[tokio::test]
async fn a_definition_that_cannot_be_read_is_not_copied() {
    let stage = Stage::new("eu-north-1", limits());
    let register = Operation::RegisterTaskDefinition {
        from: stage.world.task_definition.clone(),
        cpu: "512".into(),
        memory: "1024".into(),
    };
    for fault in [json!({"lose": true}), json!({"status": 500}), json!({"garbage": true})] {
        Peer::shared().faults("eu-north-1", &json!({ "ecs.DescribeTaskDefinition": fault }));
        let failure = refused(stage.actuator.send(&register).await, "not read");
        assert_eq!(failure.action.as_deref(), Some("ecs:DescribeTaskDefinition"));
    }
    assert_eq!(stage.requests("RegisterTaskDefinition").len(), 0);
}

#[tokio::test]
async fn a_client_of_an_actuator_lets_only_listed_changes_pass() {
    let stage = Stage::new("eu-south-1", limits());
    let provider = aws_credential_types::Credentials::new(KEY, "secret", None, None, "test");
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = aws_sdk_efs::Config::builder()
        .behavior_version(aws_sdk_efs::config::BehaviorVersion::latest())
        .region(aws_sdk_efs::config::Region::new("eu-south-1"))
        .endpoint_url(Peer::shared().url())
        .credentials_provider(provider)
        .http_client(http)
        .interceptor(ListedOnly)
        .build();
    let efs = aws_sdk_efs::Client::from_conf(config);
    let id = &stage.world.file_system;
    let refused = efs.delete_file_system().file_system_id(id).send().await.unwrap_err();
    let words = format!("{refused:?}");
    assert!(words.contains("DeleteFileSystem"), "{words}");
    efs.describe_file_systems().file_system_id(id).send().await.unwrap_err();
    assert_eq!(stage.all_requests(), 0);
    assert_eq!(WRITES.len(), 10);
}
