//! `miharu autopilot`.

use rustix::process::Signal;
use serde_json::json;

use crate::apply::story;
use crate::stage::Stage;

#[test]
fn it_does_the_same_with_nothing_but_the_variables_of_an_existing_deployment() {
    let stage = Stage::bare("ap-southeast-1", &["--files", "100001"]);
    let args = ["autopilot", "--once", "--yes-auto-apply", "--no-verify", "--json"];
    let ended = stage.run(&args).with(0);
    let told = story(&ended.lines());
    assert_eq!((told.first().unwrap().as_str(), told.last().unwrap().as_str()), ("armed", "disarmed"));
    assert_eq!(told[1..9], crate::apply::WHOLE);
    assert_eq!(ended.last()["outcome"], json!("converged"));
    let lines = ended.lines();
    assert!(
        lines[1]["by"] == json!("auto") && lines[0]["by"].as_str().unwrap().starts_with("mio@"),
        "{lines:?}"
    );
    stage.is_as_wanted();
    let again = stage.run(&args).with(0);
    assert_eq!((again.last()["outcome"].clone(), stage.writes().len()), (json!("nothing"), 3));
}

#[test]
fn a_second_one_at_the_same_time_changes_nothing_twice() {
    let mut stage = Stage::new("ap-southeast-2", &["--files", "100001"]);
    stage.patient();
    let args = ["autopilot", "--once", "--yes-auto-apply", "--no-verify", "--json"];
    // The answer of the first call takes its time, within what is waited for it.
    stage.faults(&json!({"efs.CreateMountTarget": {"hold": 60}}));
    let mut first = stage.start(&args);
    first.until_entry("started", 1);
    let second = stage.run(&args).with(4);
    assert!(second.err.contains("change-in-flight"), "{}", second.err);
    let third = stage.run(&["apply", &stage.add(), "--yes", "--json"]).with(4);
    assert!(third.err.contains("change-in-flight"), "{}", third.err);
    stage.faults(&json!({}));
    first.ends().with(0);
    stage.is_as_wanted();
}

#[test]
fn it_runs_on_until_it_is_told_to_end() {
    let mut stage = Stage::new("ap-south-1", &["--files", "100001"]);
    stage.set("POLICY__EVALUATE_EVERY", "10s");
    let mut running = stage.start(&["autopilot", "--yes-auto-apply", "--no-verify", "--json"]);
    running.until_entry("converged", 0);
    running.signal(Signal::TERM);
    let ended = running.ends().with(0);
    assert_eq!(story(&ended.lines()).last().unwrap(), "disarmed");
    stage.is_as_wanted();
}

#[test]
fn a_rule_it_may_not_apply_is_left_alone_and_the_former_function_disarms_it() {
    let mut stage = Stage::new("sa-east-1", &["--files", "100001", "--monitored"]);
    stage.set("POLICY__AUTO_RULES", "redeploy-service");
    let ended = stage.run(&["autopilot", "--once", "--yes-auto-apply", "--json"]).with(0);
    assert_eq!(ended.last()["outcome"], json!("nothing"));
    stage.set("POLICY__AUTO_RULES", "add-mount-target");
    // Without --once it would run on: disarmed, it ends.
    let ended = stage.run(&["autopilot", "--yes-auto-apply", "--json"]).with(4);
    assert!(ended.err.contains("former-lambda"), "{}", ended.err);
    assert_eq!(story(&ended.lines()), ["armed", "disarmed", "refused"]);
    assert!(stage.writes().is_empty());
    let (_, all) = stage.recommended();
    assert_eq!(all[0]["blocked_by"], json!(["former-lambda"]), "said beforehand");
}
