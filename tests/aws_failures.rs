//! What goes wrong with AWS, against an endpoint on loopback: each fault is said in words, with class and IAM
//! action, and passes when the endpoint recovers; nothing but reads leaves.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::time::Duration;

use miharu::aws::meter::metered;
use miharu::aws::sdk::allow::{READS, ReadsOnly};
use miharu::aws::sdk::{Limits, Options, SdkAws};
use miharu::aws::{Efs, Sts};
use miharu::clock::Clock;
use miharu::config::model::Environment;
use miharu::domain::source::{Failure, FailureClass, SourceId};
use miharu::sources::{Setup, registry};
use serde_json::{Value, json};
use support::peer::Peer;
use support::sources::{Credentials, KEY, limits, poll, setup, source};
use support::world::World;

/// One source for each protocol and service, and the IAM action of its first call.
const ASKED: &[(SourceId, &str)] = &[
    (SourceId::EFS, "elasticfilesystem:DescribeFileSystems"), // REST and JSON
    (SourceId::ECS, "ecs:DescribeServices"),                  // JSON 1.1
    (SourceId::SSM, "ssm:GetParameter"),
    (SourceId::SUBNETS, "ec2:DescribeSubnets"), // Query and XML, signed by hand
    (SourceId::CLOUDWATCH, "cloudwatch:GetMetricData"), // CBOR
    (SourceId::ALARMS, "cloudwatch:DescribeAlarms"),
    (SourceId::IDENTITY, "sts:GetCallerIdentity"), // Query and XML, by the SDK
    (SourceId::AUTOSCALING, "application-autoscaling:DescribeScalableTargets"),
];

/// A watched world whose VPC is known, so that the source of subnets asks for nothing else.
fn watched(region: &str, credentials: &Credentials, limits: Limits) -> Setup {
    let peer = Peer::shared();
    let world = World::create(peer, region, &[]);
    let environment = Environment { vpc_id: Some(world.vpc.clone()), ..world.environment(peer) };
    setup(environment, credentials, limits)
}

async fn failures(setup: &Setup) -> Vec<(SourceId, &'static str, Failure)> {
    let polls = ASKED.iter().map(|(id, action)| async move {
        match poll(&mut source(setup, *id)).await {
            Ok(seen) => panic!("{id} succeeded: {seen:?}"),
            Err(failure) => (*id, *action, failure),
        }
    });
    futures_util::future::join_all(polls).await
}

async fn all_succeed(setup: &Setup) {
    for (id, _) in ASKED {
        poll(&mut source(setup, *id)).await.unwrap_or_else(|f| panic!("{id}: {f:?}"));
    }
}

/// Sets a fault without end on everything in `region`, and expects it of every source, and then recovery.
async fn each_source_says(region: &str, fault: Value, limits: Limits, class: FailureClass, words: &str) {
    let credentials = Credentials::of(KEY);
    let setup = watched(region, &credentials, limits);
    let mut fault = fault;
    fault["times"] = json!(1000);
    Peer::shared().faults(region, &json!({ "*": fault }));
    for (id, action, failure) in failures(&setup).await {
        assert_eq!(failure.class, class, "{id}: {failure:?}");
        assert!(failure.text.contains(words), "{id}: {failure:?}");
        assert!(!failure.text.starts_with(char::is_uppercase), "{id}: {failure:?}");
        if id != SourceId::EFS && id != SourceId::ECS {
            assert_eq!(failure.action.as_deref(), Some(action), "{id}");
        } else {
            // Two calls at once: either may fail first.
            let service = action.split(':').next().unwrap();
            assert!(failure.action.as_deref().unwrap().starts_with(service), "{failure:?}");
        }
    }
    Peer::shared().faults(region, &json!({}));
    all_succeed(&setup).await;
}

#[tokio::test]
async fn throttled() {
    let fault = json!({"status": 400, "code": "ThrottlingException"});
    let words = "rate exceeded (ThrottlingException)";
    each_source_says("eu-west-1", fault, limits(), FailureClass::Throttled, words).await;
}

#[tokio::test]
async fn denied() {
    let fault = json!({"status": 403, "code": "AccessDeniedException", "message": "User is not authorized"});
    let words = "access denied (AccessDeniedException)";
    each_source_says("eu-west-2", fault, limits(), FailureClass::Denied, words).await;
}

#[tokio::test]
async fn a_server_error() {
    let fault = json!({"status": 500, "code": "InternalFailure"});
    let words = "the service failed with status 500";
    each_source_says("eu-west-3", fault, limits(), FailureClass::Server, words).await;
}

#[tokio::test]
async fn garbage_with_success() {
    let words = "the answer is a web page (status 200)";
    each_source_says("ap-south-1", json!({"garbage": true}), limits(), FailureClass::Malformed, words).await;
}

#[tokio::test]
async fn garbage_with_403_of_a_proxy() {
    let fault = json!({"garbage": true, "status": 403});
    let words = "the answer is a web page (status 403)";
    each_source_says("ap-northeast-1", fault, limits(), FailureClass::Malformed, words).await;
}

#[tokio::test]
async fn garbage_with_502_of_a_balancer() {
    let fault = json!({"garbage": true, "status": 502});
    let words = "the service failed with status 502";
    each_source_says("ap-northeast-2", fault, limits(), FailureClass::Server, words).await;
}

#[tokio::test]
async fn cut_in_the_middle() {
    let words = "the connection was dropped in the middle of the answer";
    each_source_says("ca-central-1", json!({"cut": true}), limits(), FailureClass::Unreachable, words).await;
}

#[tokio::test]
async fn lost_before_the_answer() {
    let words = "dropped the connection before it answered";
    each_source_says("us-west-2", json!({"lose": true}), limits(), FailureClass::Unreachable, words).await;
}

#[tokio::test]
async fn hanging() {
    // Long enough for a busy machine to answer, once it answers.
    let limits = Limits { attempt: Duration::from_millis(1500), attempts: 1, ..limits() };
    let words = "no answer within 1.5 s";
    each_source_says("ap-southeast-2", json!({"delay": 4}), limits, FailureClass::Timeout, words).await;
}

#[tokio::test]
async fn a_call_that_hangs_ends_with_its_own_action_however_often_it_is_repeated() {
    let limits = Limits {
        attempt: Duration::from_millis(1200),
        overall: Duration::from_millis(2000),
        attempts: 3,
        ..limits()
    };
    let words = "no answer within 2 s";
    each_source_says("ap-southeast-1", json!({"delay": 4}), limits, FailureClass::Timeout, words).await;
    let usual = Limits::default();
    assert!(usual.overall < miharu::config::model::DEADLINE, "before the poll gives up without a name");
}

#[tokio::test]
async fn a_profile_that_is_in_no_file_is_named() {
    let credentials = Credentials::of(KEY);
    let environment = Environment {
        region: Some("eu-west-1".into()),
        endpoint_url: Some("http://127.0.0.1:1".into()),
        profile: Some("defualt".into()),
        vpc_id: Some("vpc-1".into()),
        ..Environment::named("t")
    };
    let setup = setup(environment, &credentials, limits());
    for id in [SourceId::IDENTITY, SourceId::SUBNETS] {
        let failure = poll(&mut source(&setup, id)).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::NotFound, "{failure:?}");
        let words =
            "the AWS configuration has no profile \"defualt\", did you mean \"default\"? (it has default)";
        assert_eq!(failure.text, words);
        assert!(failure.remedy().contains("check the name"), "{}", failure.remedy());
    }
    std::fs::write(
        credentials.path(),
        format!("[defualt]\naws_access_key_id = {KEY}\naws_secret_access_key = secret\n"),
    )
    .unwrap();
    let failure = poll(&mut source(&setup, SourceId::IDENTITY)).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable, "it is there now: {failure:?}");
}

#[tokio::test]
async fn nobody_listens() {
    let credentials = Credentials::of(KEY);
    let environment = Environment {
        region: Some("eu-west-1".into()),
        endpoint_url: Some("http://127.0.0.1:1".into()),
        file_system_id: Some("fs-1".into()),
        vpc_id: Some("vpc-1".into()),
        cluster: Some("c".into()),
        service: Some("s".into()),
        load_balancer: Some("app/l/1".into()),
        target_group: Some("targetgroup/t/1".into()),
        ..Environment::named("t")
    };
    for (id, _, failure) in failures(&setup(environment, &credentials, limits())).await {
        assert_eq!(failure.class, FailureClass::Unreachable, "{id}");
        assert_eq!(failure.text, "connection refused by 127.0.0.1:1", "{id}");
    }
}

#[tokio::test]
async fn a_short_fault_is_repeated_away_and_every_request_is_counted() {
    let credentials = Credentials::of(KEY);
    let region = "us-east-1";
    let setup = watched(region, &credentials, Limits { attempts: 3, ..limits() });
    for (name, id) in
        [("sts.GetCallerIdentity", SourceId::IDENTITY), ("ec2.DescribeSubnets", SourceId::SUBNETS)]
    {
        let fault = json!({"status": 503, "code": "ServiceUnavailable", "times": 2});
        Peer::shared().faults(region, &json!({ name: fault }));
        let (seen, meter) = metered(poll(&mut source(&setup, id))).await;
        seen.unwrap_or_else(|f| panic!("{id}: {f:?}"));
        assert_eq!(meter.calls, 3, "{id}");
    }
}

#[tokio::test]
async fn expired_credentials_are_said_and_new_ones_picked_up() {
    let credentials = Credentials::of("AKIAEXPIRED");
    let setup = watched("eu-central-1", &credentials, limits());
    Peer::shared().ask("POST", "/_peer/keys", Some(&json!({"expired": ["AKIAEXPIRED"]})));
    for (id, _, failure) in failures(&setup).await {
        assert_eq!(failure.class, FailureClass::Credentials, "{id}: {failure:?}");
        let words = if id == SourceId::SUBNETS {
            "the credentials have expired"
        } else {
            "the security token is expired"
        };
        assert!(failure.text.contains(words), "{id}: {failure:?}");
    }
    credentials.change("AKIARENEWED");
    all_succeed(&setup).await;
    let keys = Peer::shared().calls("eu-central-1").into_iter().filter_map(|c| c.key);
    assert!(keys.into_iter().any(|k| k == "AKIARENEWED"));
}

#[tokio::test]
async fn clients_are_not_replaced_more_often_than_allowed() {
    let peer = Peer::shared();
    let environment = Environment {
        region: Some("us-west-1".into()),
        endpoint_url: Some(peer.url()),
        ..Environment::named("t")
    };
    let credentials = Credentials::of("AKIASPENT");
    let expired = json!({"status": 403, "code": "ExpiredTokenException", "times": 1000});
    peer.faults("us-west-1", &json!({ "*": expired }));
    let options = Options {
        credentials_file: Some(credentials.path()),
        limits: limits(),
        renew_every: Some(Duration::from_millis(500)),
        ..Options::from(&environment)
    };
    let aws = SdkAws::new(options, Clock::system());
    aws.file_system("fs-1").await.unwrap_err();
    credentials.change("AKIAFRESH");
    let key =
        || peer.calls("us-west-1").into_iter().rfind(|c| c.service == "efs").and_then(|c| c.key).unwrap();
    aws.file_system("fs-1").await.unwrap_err();
    assert_eq!(key(), "AKIASPENT", "too early for new clients");
    tokio::time::sleep(Duration::from_millis(600)).await;
    aws.file_system("fs-1").await.unwrap_err();
    aws.file_system("fs-1").await.unwrap_err();
    assert_eq!(key(), "AKIAFRESH");
}

#[tokio::test]
async fn a_credentials_provider_that_hangs_is_said() {
    let credentials = Credentials::of(KEY);
    std::fs::write(credentials.path(), "[default]\ncredential_process = /bin/sleep 7\n").unwrap();
    let environment = Environment {
        region: Some("eu-west-1".into()),
        endpoint_url: Some("http://127.0.0.1:1".into()),
        vpc_id: Some("vpc-1".into()),
        ..Environment::named("t")
    };
    let setup = setup(environment, &credentials, limits());
    let (mut identity, mut subnets) = (source(&setup, SourceId::IDENTITY), source(&setup, SourceId::SUBNETS));
    let (by_sdk, by_hand) = tokio::join!(poll(&mut identity), poll(&mut subnets));
    for failure in [by_sdk.unwrap_err(), by_hand.unwrap_err()] {
        assert_eq!(failure.class, FailureClass::Credentials, "{failure:?}");
        assert_eq!(failure.text, "the credentials provider gave no answer within 5 s");
    }
}

#[tokio::test]
async fn no_credentials_at_all() {
    let credentials = Credentials::of(KEY);
    std::fs::write(credentials.path(), "").unwrap();
    let environment = Environment {
        region: Some("eu-west-1".into()),
        endpoint_url: Some("http://127.0.0.1:1".into()),
        ..Environment::named("t")
    };
    let setup = setup(environment, &credentials, limits());
    let failure = poll(&mut source(&setup, SourceId::IDENTITY)).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Credentials, "{failure:?}");
    credentials.change(KEY);
    let failure = poll(&mut source(&setup, SourceId::IDENTITY)).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable, "credentials are there now: {failure:?}");
}

#[tokio::test]
async fn only_reads_reach_the_wire() {
    let region = "us-east-2";
    let credentials = Credentials::of("AKIAREADER");
    let setup = watched(region, &credentials, limits());
    for (id, build) in registry() {
        if let Ok(mut source) = build(&setup) {
            poll(&mut source).await.unwrap_or_else(|f| panic!("{id}: {f:?}"));
        }
    }
    let ours = || Peer::shared().calls(region).into_iter().filter(|c| c.key.as_deref() == Some("AKIAREADER"));
    let others: Vec<_> = ours().filter(|c| READS.iter().all(|r| r.operation != c.operation)).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(
        ours().any(|c| c.service == "ec2" && c.operation == "DescribeSubnets"),
        "signed by hand, same endpoint"
    );
    let before = ours().count();
    assert!(before >= ASKED.len());

    // A client with the interceptor, asked to change something.
    let provider = aws_credential_types::Credentials::new("AKIAREADER", "secret", None, None, "test");
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(aws_smithy_http_client::tls::Provider::Rustls(
            aws_smithy_http_client::tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    let config = aws_sdk_ecs::Config::builder()
        .behavior_version(aws_sdk_ecs::config::BehaviorVersion::latest())
        .region(aws_sdk_ecs::config::Region::new(region))
        .endpoint_url(Peer::shared().url())
        .credentials_provider(provider)
        .http_client(http)
        .interceptor(ReadsOnly)
        .build();
    let ecs = aws_sdk_ecs::Client::from_conf(config);
    let cluster = setup.environment.cluster.clone().unwrap();
    let refused =
        ecs.update_service().cluster(&cluster).service("s").desired_count(0).send().await.unwrap_err();
    let mut words = String::new();
    let mut cause: Option<&dyn std::error::Error> = Some(&refused);
    while let Some(error) = cause {
        words.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(words.contains("ECS UpdateService is not on the list of reads"), "{words}");
    assert_eq!(ours().count(), before, "nothing left");
    ecs.describe_clusters().clusters(&cluster).send().await.expect_err("a read, but not one of ours");
    assert_eq!(ours().count(), before);
}

/// Variables cannot be set in a process with threads, so the test runs itself again with them.
#[test]
fn endpoints_and_region_of_the_environment_govern_every_call() {
    let name = "endpoints_and_region_of_the_environment_govern_every_call";
    if std::env::var_os("MIHARU_TEST_CHILD").is_some() {
        tokio::runtime::Runtime::new().unwrap().block_on(with_variables());
        return;
    }
    let peer = Peer::shared();
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env("MIHARU_TEST_CHILD", "1")
        .env("AWS_ENDPOINT_URL", peer.url())
        .env("AWS_ENDPOINT_URL_EFS", "http://127.0.0.1:1")
        .env("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:2")
        .env("AWS_REGION", "sa-east-1")
        .env("AWS_ACCESS_KEY_ID", "AKIAVARIABLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env_remove("AWS_PROFILE")
        .status()
        .unwrap();
    assert!(status.success());
    let calls = peer.calls("sa-east-1");
    assert!(calls.iter().any(|c| c.operation == "GetCallerIdentity"), "{calls:?}");
}

async fn with_variables() {
    use miharu::aws::{Ec2, SubnetFilter};
    let aws = SdkAws::new(&Environment::named("t"), Clock::system());
    assert_eq!(aws.caller_identity().await.unwrap().region, "sa-east-1");
    assert_eq!(aws.file_system("fs-1").await.unwrap_err().text, "connection refused by 127.0.0.1:1");
    let subnets = aws.subnets(&SubnetFilter::Vpc("vpc-1".into()), None).await;
    assert_eq!(subnets.unwrap_err().text, "connection refused by 127.0.0.1:2");
    let explicit = Environment { endpoint_url: Some("http://127.0.0.1:3".into()), ..Environment::named("t") };
    let aws = SdkAws::new(&explicit, Clock::system());
    let subnets = aws.subnets(&SubnetFilter::Ids(vec!["subnet-1".into()]), None).await;
    assert_eq!(
        subnets.unwrap_err().text,
        "connection refused by 127.0.0.1:3",
        "the flag wins over variables"
    );
    assert_eq!(aws.caller_identity().await.unwrap_err().text, "connection refused by 127.0.0.1:3");
}
