//! `miharu apply`, from the state that the former Lambda function started from.

use serde_json::{Value, json};

use crate::stage::Stage;
use crate::support::terminal::Terminal;

/// Events of a change with their steps, in order; notes left out.
pub fn story(lines: &[Value]) -> Vec<String> {
    let told = lines.iter().filter(|l| l["event"] != json!("note") && l["event"].is_string());
    told.map(|l| {
        let event = l["event"].as_str().unwrap();
        l["step"].as_u64().map_or_else(|| event.to_owned(), |n| format!("{event} {n}"))
    })
    .collect()
}

pub const WHOLE: [&str; 8] = [
    "approved",
    "started 1",
    "succeeded 1",
    "started 2",
    "succeeded 2",
    "started 3",
    "succeeded 3",
    "converged",
];

#[test]
fn one_target_in_the_free_zone_the_list_and_a_forced_deployment() {
    let stage = Stage::new("ap-northeast-1", &["--files", "100001"]);
    let id = "add-mount-target:ap-northeast-1d";
    let before = stage.snapshot();
    let (code, all) = stage.recommended();
    assert_eq!((code, &all[0]["id"]), (3, &json!(id)), "something is to be done");
    let members: Vec<&str> = all[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members.join(" "),
        "id rule severity title reason evidence change requests effect cost_usd_per_month reversible rollback \
         blocked_by auto_allowed"
    );

    let ended = stage.run(&["apply", id, "--yes", "--no-verify", "--json"]).with(0);
    let lines = ended.lines();
    let last = ended.last();
    assert_eq!(last.as_object().unwrap().keys().collect::<Vec<_>>(), ["change", "outcome", "exit"]);
    assert_eq!((&last["outcome"], &last["exit"]), (&json!("converged"), &json!(0)));
    assert_eq!(story(&lines), WHOLE);
    assert_eq!(stage.history(), lines[..lines.len() - 1], "the journal tells what was printed");
    assert!(
        lines[..lines.len() - 1]
            .iter()
            .all(|l| l["change"] == last["change"] && l["rule"] == json!("add-mount-target"))
    );
    assert!(lines[0]["by"].as_str().unwrap().starts_with("mio@"), "{}", lines[0]["by"]);

    stage.is_as_wanted();
    let after = stage.snapshot();
    assert_ne!(before["service"]["deployments"][0]["id"], after["service"]["deployments"][0]["id"]);
    assert!(
        after["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|t| t["status"] == json!("RUNNING"))
            .all(|t| t["list_version"] == json!(2))
    );
    published_as_tasks_parse_it(&stage, &after);
    let create =
        stage.writes().into_iter().find(|c| c.operation == "CreateMountTarget").unwrap().input.unwrap();
    assert_eq!(create["SubnetId"], json!(stage.world.subnets[2].id));
    assert_eq!(create["SecurityGroups"], json!([stage.world.security_group]), "that of the existing targets");

    // Nothing is left to be done; asked again, it is refused, and that too is written down.
    let (code, all) = stage.recommended();
    assert_eq!(code, 0, "{all:?}");
    let none = all.iter().find(|r| r["id"] == json!("add-mount-target")).expect("said that no zone is left");
    assert_eq!(
        (&none["severity"], &none["change"], &none["blocked_by"]),
        (&json!("low"), &Value::Null, &json!(["no-free-zone"]))
    );
    let again = stage.run(&["apply", id, "--yes", "--json"]).with(4);
    assert_eq!((again.last()["outcome"].clone(), again.last()["exit"].clone()), (json!("refused"), json!(4)));
    let all = stage.run(&["apply", "add-mount-target", "--yes", "--json"]).with(4);
    assert!(all.err.contains("no-free-zone"), "{}", all.err);
    assert_eq!(stage.writes().len(), 3, "nothing more was sent");
    let refused: Vec<Value> =
        stage.history().into_iter().filter(|l| l["event"] == json!("refused")).collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert_eq!(refused[1]["detail"]["guardrail"], json!("no-free-zone"));
}

/// DOMAIN: one object with one key, four members an entry, in Python's spelling, the old entries first.
fn published_as_tasks_parse_it(stage: &Stage, after: &Value) {
    let put = stage.writes().into_iter().find(|c| c.operation == "PutParameter").unwrap().input.unwrap();
    assert_eq!((&put["Type"], &put["Overwrite"]), (&json!("String"), &json!(true)));
    let new = &after["published"]["mount_targets"][2];
    let entry = |id: &str, ip: &str, zone: &str, subnet: &str| {
        format!(
            r#"{{"mount_target_id": "{id}", "ip_address": "{ip}", "availability_zone": "{zone}", "subnet_id": "{subnet}"}}"#
        )
    };
    let mut entries: Vec<String> = stage
        .world
        .mount_targets
        .iter()
        .map(|t| entry(&t.mount_target_id, &t.ip_address, &t.availability_zone, &t.subnet_id))
        .collect();
    let of = |name: &str| new[name].as_str().unwrap();
    entries.push(entry(of("mount_target_id"), of("ip_address"), of("availability_zone"), of("subnet_id")));
    assert_eq!(put["Value"], json!(format!(r#"{{"mount_targets": [{}]}}"#, entries.join(", "))));
}

#[test]
fn the_threshold_itself_is_not_above_it() {
    let stage = Stage::new("eu-west-1", &["--files", "100000"]);
    let (code, all) = stage.recommended();
    assert_eq!(code, 0, "{all:?}");
    assert!(!all.iter().any(|r| r["rule"] == json!("add-mount-target")), "{all:?}");
    let refused = stage.run(&["apply", &stage.add(), "--yes"]).with(4);
    assert!(refused.err.contains("is not recommended now"), "{}", refused.err);
    assert!(stage.writes().is_empty());
}

#[test]
fn two_subnets_of_a_zone_are_one_place_and_no_zone_left_changes_nothing() {
    // Subnets in a, b, a, b; a target in a.
    let options = ["--files", "100001", "--subnets", "4", "--zones", "2", "--mount-targets", "1"];
    let stage = Stage::new("eu-west-2", &options);
    let zone = stage.world.subnets[1].zone.clone();
    assert_eq!(stage.due(), [format!("add-mount-target:{zone}")]);
    stage.run(&["apply", &stage.add(), "--yes", "--no-verify"]).with(0);
    stage.is_as_wanted();
    let (code, all) = stage.recommended();
    let none = all.iter().find(|r| r["rule"] == json!("add-mount-target")).unwrap();
    assert_eq!((code, &none["change"], &none["requests"]), (0, &Value::Null, &json!([])));
    assert!(none["reason"].as_str().unwrap().contains("each of the 2 zones"), "{none}");
    assert!(none["effect"].as_str().unwrap().contains("What helps"), "{none}");
    for zone in ["a", "b", "c"] {
        stage.run(&["apply", &format!("add-mount-target:eu-west-2{zone}"), "--yes"]).with(4);
    }
    assert_eq!(stage.writes().len(), 3, "one creation, one list, one deployment");
}

#[test]
fn what_the_failed_write_left_undone_is_offered_and_works() {
    let stage = Stage::new("eu-west-3", &["--files", "100001"]);
    let denied = json!({"status": 400, "code": "AccessDeniedException", "message": "not authorized"});
    stage.faults(&json!({"ssm.PutParameter": denied}));
    let ended = stage.run(&["apply", &stage.add(), "--yes", "--json"]).with(1);
    assert_eq!(ended.last()["outcome"], json!("failed"));
    assert!(ended.err.contains("ssm:PutParameter"), "the missing permission: {}", ended.err);
    assert_eq!(story(&ended.lines())[3..], ["started 2", "failed 2", "cancelled"]);
    assert_eq!(stage.due(), ["publish-mount-targets"], "list and reality have drifted");

    let ended = stage.run(&["apply", "publish-mount-targets", "--yes", "--no-verify"]).with(0);
    assert!(ended.out.contains("started      step 1  aws ssm put-parameter"), "{}", ended.out);
    assert_eq!(stage.due(), ["redeploy-service"], "the tasks still route by the old list");
    stage.run(&["apply", "redeploy-service", "--yes", "--no-verify"]).with(0);
    stage.is_as_wanted();
    assert!(stage.due().is_empty());
}

#[test]
fn files_are_counted_in_a_directory_or_read_from_the_cache() {
    let mut stage = Stage::new("ca-central-1", &["--files", "0", "--cached", "100001"]);
    assert!(stage.due().is_empty(), "no count, no change");
    stage.set("FILES__CACHE_PARAMETER", "/efs-mount-autoscaling/file-count");
    assert_eq!(stage.due(), [stage.add()], "by the cache");
    let files = stage.home.path().join("files");
    std::fs::create_dir_all(files.join("deep")).unwrap();
    for n in 0..11 {
        std::fs::write(files.join(if n % 2 == 0 { "deep" } else { "." }).join(n.to_string()), "").unwrap();
    }
    for (threshold, due) in [("11", false), ("10", true)] {
        stage.more.retain(|(k, _)| k != "TARGET_DIRECTORY" && k != "FILE_COUNT_THRESHOLD");
        stage.more.push(("TARGET_DIRECTORY".into(), files.to_str().unwrap().into()));
        stage.more.push(("FILE_COUNT_THRESHOLD".into(), threshold.into()));
        assert_eq!(stage.due() == [stage.add()], due, "11 files in the directory, threshold {threshold}");
    }
    stage.run(&["apply", &stage.add(), "--yes", "--no-verify"]).with(0);
    stage.is_as_wanted();
}

#[test]
fn a_dry_run_shows_everything_and_leaves_nothing() {
    let stage = Stage::new("eu-central-1", &["--files", "100001"]);
    let ended = stage.run(&["apply", &stage.add(), "--dry-run", "--json"]).with(0);
    let shown: Value = serde_json::from_str(&ended.out).unwrap();
    let steps = shown["plan"]["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 3);
    assert!(steps[1]["request"]["input"]["Value"].as_str().unwrap().contains("<ip_address of step 1>"));
    assert!(shown["recommendation"]["risk"].is_string() && shown["plan"]["rollback"].is_array());
    let text = stage.run(&["apply", &stage.add(), "--dry-run"]).with(0).out;
    for part in
        ["evidence", "guardrails", "$ aws efs create-mount-target", "effect:", "risk:", "cost:", "rollback:"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(stage.writes().is_empty());
    assert_eq!(std::fs::read_dir(stage.home.path()).unwrap().count(), 0, "no journal was made");
    assert_eq!(stage.run(&["history", "--json"]).with(0).out, "");
}

#[test]
fn only_a_typed_yes_applies() {
    let stage = Stage::new("eu-north-1", &["--files", "100001"]);
    let variables = stage.variables();
    let id = stage.add();
    for answer in ["y\r", "\r", "YES!\r"] {
        let mut terminal = Terminal::start_with(&["apply", &id, "--no-verify"], &variables, 100, 30);
        terminal.shows("Type yes and enter:");
        assert!(terminal.raw().contains("aws ssm put-parameter"), "the plan was shown before");
        terminal.press(answer);
        assert_eq!(terminal.ends().exit_code(), 4, "{answer:?}: {}", terminal.text());
    }
    assert!(stage.writes().is_empty());
    let said = story(&stage.history());
    assert_eq!(said, ["proposed", "rejected"].repeat(3));
    let mut terminal = Terminal::start_with(&["apply", &id, "--no-verify"], &variables, 100, 30);
    terminal.shows("Type yes and enter:");
    terminal.press("yes\r");
    assert_eq!(terminal.ends().exit_code(), 0, "{}", terminal.text());
    stage.is_as_wanted();
}

#[test]
fn what_made_it_worse_is_a_failure() {
    let mut stage = Stage::new("us-east-1", &["--files", "100001", "--subnets", "3"]);
    stage.set("POLICY__VERIFICATION", "3s");
    let mut running = stage.start(&["apply", &stage.add(), "--yes", "--json"]);
    running.until_entry("converged", 0);
    let stopped = json!({"n": 2, "exit_code": 137});
    stage.peer.ask("POST", "/_peer/tasks/stop?region=us-east-1", Some(&stopped));
    let ended = running.ends().with(1);
    assert_eq!(ended.last()["outcome"], json!("worse"));
    let verified = ended.lines().into_iter().find(|l| l["event"] == json!("verified")).expect("a verdict");
    assert_eq!(verified["detail"]["verification"]["verdict"], json!("worse"), "{verified}");
    assert!(ended.err.contains("to take it back: aws ssm put-parameter"), "{}", ended.err);
}
