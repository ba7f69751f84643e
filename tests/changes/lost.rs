//! Answers that are lost, calls that are throttled, and an operator who stops a change.

use rustix::process::Signal;
use serde_json::json;

use crate::apply::story;
use crate::stage::{Stage, arrives};

#[test]
fn the_answer_of_each_write_is_lost_after_it_took_effect() {
    let stage = Stage::new("us-west-2", &["--files", "100001", "--subnets", "3"]);
    let lost = json!({"lose": true});
    stage
        .faults(&json!({"efs.CreateMountTarget": lost, "ssm.PutParameter": lost, "ecs.UpdateService": lost}));
    let ended = stage.run(&["apply", &stage.add(), "--yes", "--no-verify", "--json"]).with(0);
    let told = story(&ended.lines());
    for step in 1..=3 {
        let n = told.iter().position(|t| *t == format!("unknown {step}")).expect("said as unknown first");
        assert_eq!(told[n + 1], format!("succeeded {step}"), "{told:?}");
    }
    let found = ended.lines().iter().filter(|l| l["detail"]["found_by_reading"] == json!(true)).count();
    assert_eq!((found, stage.writes().len()), (3, 3), "read back, not sent again");
    let statuses: Vec<String> = stage.writes().into_iter().filter_map(|c| c.status).collect();
    assert!(statuses.iter().all(|s| s.starts_with("lost after 2")), "{statuses:?}");
    stage.is_as_wanted();
}

#[test]
fn an_answer_that_says_nothing_is_unknown_until_reading_says_that_nothing_happened() {
    let stage = Stage::new("us-east-2", &["--files", "100001"]);
    stage.faults(&json!({"efs.CreateMountTarget": {"status": 500, "garbage": true}}));
    let ended = stage.run(&["apply", &stage.add(), "--yes", "--no-verify", "--json"]).with(1);
    assert_eq!(story(&ended.lines())[1..], ["started 1", "unknown 1", "failed 1", "cancelled"]);
    assert_eq!((ended.last()["outcome"].clone(), stage.writes().len()), (json!("failed"), 1));
    assert_eq!(stage.due(), [stage.add()], "offered anew");
    stage.run(&["apply", &stage.add(), "--yes", "--no-verify"]).with(0);
    stage.is_as_wanted();
}

#[test]
fn a_throttled_write_is_sent_again_only_after_reading() {
    let mut stage = Stage::new("ap-northeast-2", &["--files", "100001", "--subnets", "3"]);
    stage.set("POLICY__VERIFICATION", "1s");
    stage.faults(
        &json!({"efs.CreateMountTarget": {"status": 429, "code": "ThrottlingException", "times": 2}}),
    );
    let ended = stage.run(&["apply", &stage.add(), "--yes", "--json"]).with(0);
    assert_eq!(ended.last()["outcome"], json!("cannot-tell"), "no point of a metric is as new as the change");
    let told = story(&ended.lines());
    assert_eq!(told[1..7], ["started 1", "failed 1", "started 1", "failed 1", "started 1", "succeeded 1"]);
    let calls = stage.peer.calls(&stage.world.region);
    let at: Vec<usize> = calls
        .iter()
        .enumerate()
        .filter(|(_, c)| {
            c.operation == "CreateMountTarget" && c.key.as_deref() == Some(crate::support::sources::KEY)
        })
        .map(|(n, _)| n)
        .collect();
    assert_eq!(at.len(), 3, "requests on the wire: one for each started entry, none by the SDK itself");
    for pair in at.windows(2) {
        let between = &calls[pair[0]..pair[1]];
        assert!(
            between.iter().any(|c| c.operation == "DescribeMountTargets"),
            "read again before it was sent again"
        );
    }
    stage.is_as_wanted();
}

#[test]
fn a_signal_stops_between_steps_and_a_second_one_at_once() {
    let mut stage = Stage::new("eu-south-1", &["--files", "100001"]);
    stage.patient();
    stage.faults(&json!({"efs.CreateMountTarget": {"hold": 60}}));
    let mut running = stage.start(&["apply", &stage.add(), "--yes", "--json"]);
    running.until_entry("started", 1);
    arrives(&stage, "CreateMountTarget");
    running.signal(Signal::INT);
    running.until_error("stopping before the next step");
    stage.faults(&json!({}));
    let ended = running.ends().with(1);
    assert_eq!(story(&ended.lines())[1..], ["started 1", "succeeded 1", "cancelled"]);
    assert!(ended.err.contains("stopping before the next step"), "{}", ended.err);
    assert_eq!(
        (stage.effects(), stage.due()),
        (vec!["CreateMountTarget".into()], vec!["publish-mount-targets".into()])
    );

    stage.faults(&json!({"ssm.PutParameter": {"hold": 60}}));
    let mut running = stage.start(&["apply", "publish-mount-targets", "--yes", "--json"]);
    running.until_entry("started", 1);
    arrives(&stage, "PutParameter");
    running.signal(Signal::TERM);
    running.until_error("stopping before the next step");
    running.signal(Signal::TERM);
    let ended = running.ends().with(5);
    stage.faults(&json!({}));
    assert_eq!(ended.last()["outcome"], json!("unknown"));
    // What was sent took effect; the next command reads it back and says so.
    let next = stage.run(&["apply", "publish-mount-targets", "--yes", "--no-verify", "--json"]).with(0);
    assert_eq!(story(&next.lines())[..2], ["unknown 1", "succeeded 1"]);
    assert_eq!(stage.due(), ["redeploy-service"]);
    assert_eq!(stage.effects(), ["CreateMountTarget", "PutParameter"]);
}
