//! `miharu snapshot --json` of the real binary against an AWS endpoint: the contract of DESIGN §2, field by field,
//! in an environment that boto3 made.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says where by panicking")]
#![expect(clippy::disallowed_methods, reason = "a test asks where its tools are")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use support::peer::Peer;
use support::world::World;

fn variables(world: &World, peer: &Peer) -> Vec<(String, String)> {
    [
        ("EFS_FILE_SYSTEM_ID", world.file_system.as_str()),
        ("ECS_CLUSTER_NAME", &world.cluster),
        ("ECS_SERVICE_NAME", &world.service),
        ("SSM_PARAMETER_NAME", &world.parameter),
        ("AWS_REGION", &world.region),
        ("AWS_ENDPOINT_URL", &peer.url()),
        ("AWS_ACCESS_KEY_ID", support::sources::KEY),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("HOME", env!("CARGO_TARGET_TMPDIR")),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .to_vec()
}

fn miharu(args: &[&str], variables: &[(String, String)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_miharu"))
        .args(args)
        .env_clear()
        .envs(variables.iter().cloned())
        .output()
        .unwrap()
}

fn snapshot(world: &World, peer: &Peer) -> Value {
    let output = miharu(&["snapshot", "--json"], &variables(world, peer));
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// An NFS server that answers NULL calls (RFC 5531: accepted, success) on the mount target's loopback address.
fn answer_null_calls(address: &str) {
    let server = TcpListener::bind((address, 2049)).expect("port 2049 of a loopback address is free");
    std::thread::spawn(move || {
        for stream in server.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0_u8; 8]; // record mark, xid
            if stream.read_exact(&mut head).is_ok() {
                let mut reply = vec![0x80, 0, 0, 24];
                reply.extend_from_slice(&head[4..]);
                reply.extend_from_slice(&[0, 0, 0, 1]);
                reply.extend_from_slice(&[0; 16]);
                let _ = stream.write_all(&reply);
            }
        }
    });
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn instant(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().expect("a time");
    assert!(text.ends_with('Z'), "UTC: {text}");
    text.parse().expect("RFC 3339")
}

#[test]
fn every_field_of_the_contract_is_there() {
    let peer = Peer::shared();
    let world = World::create(peer, "ap-northeast-1", &[]);
    answer_null_calls(&world.mount_targets[0].ip_address);
    let s = snapshot(&world, peer);
    assert_eq!(
        keys(&s),
        "environment at mode identity file_system zones mount_targets published drift service tasks file_count \
         impressions slo goals metrics alarms sources"
            .split_whitespace()
            .collect::<Vec<_>>()
    );
    assert_eq!((&s["environment"], &s["mode"]), (&json!("default"), &json!("observe")));
    assert!((Utc::now() - instant(&s["at"])).num_seconds().abs() < 60);

    assert_eq!(keys(&s["identity"]), ["account", "arn", "region"]);
    assert_eq!(
        (&s["identity"]["account"], &s["identity"]["region"]),
        (&json!("123456789012"), &json!("ap-northeast-1"))
    );

    let fs = &s["file_system"];
    assert_eq!(
        keys(fs),
        ["id", "lifecycle_state", "performance_mode", "throughput_mode", "size_bytes", "one_zone"]
    );
    assert_eq!(fs["id"], json!(world.file_system));
    assert_eq!((&fs["lifecycle_state"], &fs["throughput_mode"]), (&json!("available"), &json!("elastic")));
    assert!(fs["size_bytes"].is_u64() && fs["one_zone"].is_null());

    let targets = s["mount_targets"].as_array().unwrap();
    assert_eq!(targets.len(), world.mount_targets.len());
    for (shown, made) in targets.iter().zip(&world.mount_targets) {
        assert_eq!(
            keys(shown),
            ["mount_target_id", "ip_address", "availability_zone", "subnet_id", "state", "probe_ms"]
        );
        assert_eq!(shown["mount_target_id"], json!(made.mount_target_id));
        assert_eq!(shown["ip_address"], json!(made.ip_address));
        assert_eq!(shown["availability_zone"], json!(made.availability_zone));
        assert_eq!(shown["subnet_id"], json!(made.subnet_id));
        assert_eq!(shown["state"], json!("available"));
    }

    assert!(targets[0]["probe_ms"].as_f64().unwrap() < 1000.0, "it answers");
    assert!(targets[1]["probe_ms"].is_null(), "nobody listens there");
    let probe = s["sources"].as_array().unwrap().iter().find(|x| x["source"] == json!("probe")).unwrap();
    let why = probe["error"].as_str().unwrap();
    assert!(why.contains(&world.mount_targets[1].ip_address) && why.contains("connection refused"), "{why}");

    let zones = s["zones"].as_array().unwrap();
    assert_eq!(
        zones.iter().map(|z| z["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]
    );
    assert_eq!(keys(&zones[0]), ["name", "subnets", "mount_target_id", "tasks", "local_io_ratio"]);
    for (zone, subnet) in zones.iter().zip(&world.subnets) {
        assert_eq!(zone["subnets"], json!([subnet.id]));
        let target = world.mount_targets.iter().find(|m| m.availability_zone == subnet.zone);
        assert_eq!(zone["mount_target_id"], json!(target.map(|t| &t.mount_target_id)));
    }
    assert_eq!(zones.iter().map(|z| z["tasks"].as_u64().unwrap()).sum::<u64>(), 2);

    let published = &s["published"];
    assert_eq!(keys(published), ["parameter", "version", "changed_at", "mount_targets"]);
    assert_eq!((&published["parameter"], &published["version"]), (&json!(world.parameter), &json!(1)));
    instant(&published["changed_at"]);
    assert_eq!(
        keys(&published["mount_targets"][0]),
        ["mount_target_id", "ip_address", "availability_zone", "subnet_id"]
    );
    assert_eq!(published["mount_targets"].as_array().unwrap().len(), 2);
    assert_eq!(s["drift"], json!([]));

    assert!(s["impressions"].is_null() && s["slo"].is_null(), "not landed yet");
    for goal in s["goals"].as_array().unwrap() {
        assert_eq!(keys(goal), ["id", "target", "unit", "value", "at", "met"]);
    }
}

#[test]
fn service_tasks_metrics_alarms_and_sources_are_complete() {
    let peer = Peer::shared();
    let world = World::create(peer, "eu-central-1", &[]);
    let s = snapshot(&world, peer);
    let service = &s["service"];
    assert_eq!(
        keys(service),
        "cluster name desired running pending task_definition rollout_state steady deployments autoscaled mounts_by"
            .split_whitespace()
            .collect::<Vec<_>>()
    );
    assert_eq!((&service["cluster"], &service["name"]), (&json!(world.cluster), &json!(world.service)));
    assert_eq!(
        (&service["desired"], &service["running"], &service["pending"]),
        (&json!(2), &json!(2), &json!(0))
    );
    assert_eq!((&service["rollout_state"], &service["steady"]), (&json!("COMPLETED"), &json!(true)));
    assert_eq!((&service["autoscaled"], &service["mounts_by"]), (&json!(false), &json!("list")));
    assert_eq!(
        keys(&service["deployments"][0]),
        "id status rollout_state reason task_definition desired running pending failed created_at updated_at"
            .split_whitespace()
            .collect::<Vec<_>>()
    );

    let tasks = s["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        assert_eq!(
            keys(task),
            "id status desired_status availability_zone subnet_id deployment_id created_at started_at health \
             list_version stop_code exit_code stopped_reason"
                .split_whitespace()
                .collect::<Vec<_>>()
        );
        assert_eq!((&task["status"], &task["health"]), (&json!("RUNNING"), &json!("HEALTHY")));
        assert!(instant(&task["started_at"]) >= instant(&task["created_at"]));
        assert_eq!(task["deployment_id"], service["deployments"][0]["id"]);
        assert!(task["availability_zone"].is_string() && task["subnet_id"].is_string());
        assert_eq!(task["list_version"], json!(1));
    }

    let metrics = s["metrics"].as_array().unwrap();
    let metric = |name: &str| metrics.iter().find(|m| m["name"] == json!(name)).expect(name);
    for m in metrics {
        assert_eq!(keys(m), ["namespace", "name", "statistic", "dimensions", "unit", "value", "at"]);
    }
    assert!(metric("PercentIOLimit")["value"].is_number());
    assert_eq!(metric("PercentIOLimit")["dimensions"], json!({"FileSystemId": world.file_system}));
    assert!(metric("CPUUtilization")["value"].is_number());
    instant(&metric("CPUUtilization")["at"]);

    let alarms = s["alarms"].as_array().unwrap();
    assert!(!alarms.is_empty());
    for alarm in alarms {
        assert_eq!(keys(alarm), ["name", "state", "since", "reason"]);
        assert!(!alarm["name"].as_str().unwrap().contains("foreign"), "only this environment's alarms");
    }

    let count = &s["file_count"];
    assert_eq!(
        keys(count),
        ["files", "directories", "threshold", "recursive", "took_ms", "source", "at", "largest"]
    );
    assert_eq!((&count["source"], &count["threshold"]), (&json!("cloudwatch"), &json!(100_000)));

    let sources = s["sources"].as_array().unwrap();
    let names: Vec<&str> = sources.iter().map(|x| x["source"].as_str().unwrap()).collect();
    for name in
        ["efs", "ecs", "ssm", "subnets", "cloudwatch", "alarms", "identity", "autoscaling", "probe", "files"]
    {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    for source in sources {
        assert_eq!(
            keys(source),
            ["source", "state", "at", "age_s", "every_s", "took_ms", "calls", "cost_usd_per_h", "error"]
        );
        let state = source["state"].as_str().unwrap();
        assert!(["fresh", "never"].contains(&state), "one shot knows only fresh and never: {source}");
        if state == "fresh" && source["source"] != json!("files") && source["source"] != json!("probe") {
            assert!(source["error"].is_null() && source["calls"].as_u64().unwrap() > 0, "{source}");
        }
    }
}

#[test]
fn three_hundred_tasks_six_zones_and_four_hundred_metrics_are_not_cut_off() {
    let peer = Peer::shared();
    let world = World::create(peer, "us-east-1", &["--subnets", "6", "--tasks", "300", "--metrics", "400"]);
    let head = format!(
        "[[environment]]\nname = \"large\"\n[environment.file_system]\nid = \"{}\"\n\
         [environment.service]\ncluster = \"{}\"\nname = \"{}\"\n",
        world.file_system, world.cluster, world.service
    );
    let metric = |n: u32| {
        format!(
            "[[environment.metric]]\nnamespace = \"Test/Many\"\nname = \"Metric{n:03}\"\n\
             statistic = \"Average\"\ndimensions = {{ Number = \"{n}\" }}\n"
        )
    };
    let file: String = std::iter::once(head).chain((0..400).map(metric)).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, file).unwrap();
    let keep = ["AWS_", "HOME"];
    let variables: Vec<_> =
        variables(&world, peer).into_iter().filter(|(k, _)| keep.iter().any(|p| k.starts_with(p))).collect();
    let output = miharu(&["snapshot", "--json", "--config", path.to_str().unwrap()], &variables);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let s: Value = serde_json::from_slice(&output.stdout).unwrap();
    let running = s["tasks"].as_array().unwrap().iter().filter(|t| t["status"] == json!("RUNNING")).count();
    assert_eq!(running, 300);
    assert_eq!(s["zones"].as_array().unwrap().len(), 6);
    let of_test = s["metrics"].as_array().unwrap().iter().filter(|m| m["namespace"] == json!("Test/Many"));
    let with_value = of_test.clone().filter(|m| m["value"].is_number()).count();
    assert_eq!((of_test.count(), with_value), (400, 400));
}

#[test]
fn it_fails_only_if_neither_file_system_nor_service_could_be_read_and_still_prints() {
    let peer = Peer::shared();
    let world = World::create(peer, "eu-west-1", &[]);
    let denied = json!({"status": 403, "code": "AccessDeniedException", "times": 1000});
    peer.faults("eu-west-1", &json!({"efs.*": denied}));
    let output = miharu(&["snapshot", "--json"], &variables(&world, peer));
    assert_eq!(output.status.code(), Some(0), "the service was read");
    let s: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(s["file_system"].is_null() && s["service"].is_object());
    assert!(s["drift"].is_null(), "without the mount targets nobody knows");
    let efs = s["sources"].as_array().unwrap().iter().find(|x| x["source"] == json!("efs")).unwrap();
    let why = efs["error"].as_str().unwrap();
    assert!(
        efs["state"] == json!("never") && why.contains("missing IAM action elasticfilesystem:Describe"),
        "{efs}"
    );

    peer.faults("eu-west-1", &json!({"efs.DescribeMountTargets": denied, "ecs.ListTasks": denied}));
    let output = miharu(&["snapshot", "--json"], &variables(&world, peer));
    let s: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(s["file_system"].is_object() && s["mount_targets"].is_null(), "what was read is printed");
    assert!(s["service"].is_object() && s["tasks"].is_null() && s["zones"][0]["tasks"].is_null());

    peer.faults("eu-west-1", &json!({"efs.*": denied, "ecs.*": denied}));
    let output = miharu(&["snapshot", "--json"], &variables(&world, peer));
    assert_eq!(output.status.code(), Some(1));
    let s: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(s["file_system"].is_null() && s["service"].is_null() && s["identity"].is_object());

    let output = miharu(&["doctor"], &variables(&world, peer));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("allow elasticfilesystem:Describe") && text.contains("allow ecs:Describe"),
        "{text}"
    );
    peer.faults("eu-west-1", &json!({}));
}

#[test]
fn another_account_than_the_expected_one_is_said_by_the_identity() {
    let peer = Peer::shared();
    let world = World::create(peer, "eu-north-1", &["--tasks", "0"]);
    let mut variables = variables(&world, peer);
    variables.push(("MIHARU_ENVIRONMENT__DEFAULT__EXPECTED_ACCOUNT".into(), "999999999999".into()));
    let output = miharu(&["snapshot", "--json"], &variables);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let s: Value = serde_json::from_slice(&output.stdout).unwrap();
    let identity =
        s["sources"].as_array().unwrap().iter().find(|x| x["source"] == json!("identity")).unwrap();
    let why = identity["error"].as_str().unwrap();
    assert!(why.contains("account is 123456789012, but 999999999999 is expected"), "{why}");
    for at in
        s["sources"].as_array().unwrap().iter().map(|x| &x["at"]).chain([&s["at"]]).filter(|a| !a.is_null())
    {
        assert_eq!(instant(at).timestamp_subsec_nanos() % 1_000_000, 0, "milliseconds: {at}");
    }
    for usd in s["sources"].as_array().unwrap().iter().filter_map(|x| x["cost_usd_per_h"].as_f64()) {
        assert!((usd * 1e6 - (usd * 1e6).round()).abs() < 1e-6, "{usd}");
    }
    let output = miharu(&["snapshot"], &variables);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("account is 123456789012, but 999999999999 is expected"), "{text}");
}
