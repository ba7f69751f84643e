//! What is not applied, and what is said of it.

use serde_json::{Value, json};

use crate::stage::Stage;

#[test]
fn without_a_journal_nothing_is_applied() {
    let stage = Stage::new("me-south-1", &["--files", "100001"]);
    let folder = stage.home.path().to_owned();
    let text = folder.join("text.db");
    std::fs::write(&text, "this is no journal").unwrap();
    let below = folder.join("text.db/journal.db");
    for (place, words) in [(&text, "corrupt, or not a journal"), (&below, "cannot be")] {
        let journal = ["--journal", place.to_str().unwrap()];
        for command in [
            &["apply", &stage.add(), "--yes", "--json"][..],
            &["autopilot", "--once", "--yes-auto-apply", "--json"],
        ] {
            let ended = stage.run(&[&journal[..], command].concat()).with(4);
            assert!(ended.err.contains("journal") && ended.err.contains(words), "{}", ended.err);
            assert_eq!(ended.last()["outcome"], json!("refused"));
        }
    }
    assert!(stage.writes().is_empty());
    let journal = ["--journal", text.to_str().unwrap()];
    stage.run(&[&journal[..], &["history"]].concat()).with(1);
    let recommended = stage.run(&[&journal[..], &["recommend"]].concat()).with(3);
    assert!(recommended.err.contains("without the journal"), "{}", recommended.err);
    let doctor = stage.run(&[&journal[..], &["doctor"]].concat());
    assert!(doctor.out.contains("FAIL journal"), "{}", doctor.out);
    assert_eq!(doctor.code, 1);
}

#[test]
fn read_only_refuses_and_says_so() {
    let mut stage = Stage::new("il-central-1", &["--files", "100001"]);
    let ended = stage.run(&["--read-only", "apply", &stage.add(), "--yes", "--json"]).with(4);
    assert_eq!(ended.lines()[0]["detail"]["guardrail"], json!("read-only"));
    let ended = stage.run(&["--read-only", "autopilot", "--once", "--yes-auto-apply"]).with(4);
    assert!(ended.err.contains("--read-only"), "{}", ended.err);
    stage.run(&["--read-only", "apply", &stage.add(), "--dry-run"]).with(0);
    stage.set("MODE", "approve");
    assert_eq!(stage.snapshot()["mode"], json!("approve"), "as configured");
    let observed = stage.run(&["--read-only", "snapshot", "--json"]).with(0).out;
    assert_eq!(serde_json::from_str::<Value>(&observed).unwrap()["mode"], json!("observe"));
    assert!(stage.writes().is_empty());
}

#[test]
fn a_guardrail_that_binds_everybody_refuses_and_one_of_auto_mode_is_only_shown() {
    let mut stage = Stage::new("ap-northeast-3", &["--files", "100001"]);
    stage.set("POLICY__FREEZE", "00:00-23:59,12:00-11:59");
    let ended = stage.run(&["apply", &stage.add(), "--yes", "--json"]).with(4);
    assert_eq!(ended.lines()[0]["detail"]["guardrail"], json!("freeze"), "{}", ended.out);
    stage.run(&["apply", &stage.add(), "--dry-run"]).with(4);
    stage.run(&["autopilot", "--once", "--yes-auto-apply"]).with(4);
    assert!(stage.writes().is_empty());
    stage.more.retain(|(k, _)| !k.ends_with("POLICY__FREEZE"));

    // A failed change brings a pause, which binds auto mode and not who decides.
    let denied = json!({"status": 400, "code": "AccessDeniedException", "message": "not authorized"});
    stage.faults(&json!({"efs.CreateMountTarget": denied}));
    stage.run(&["apply", &stage.add(), "--yes", "--json"]).with(1);
    let (code, all) = stage.recommended();
    assert_eq!((code, &all[0]["blocked_by"]), (3, &json!(["cool-down"])), "recommend looks back: {all:?}");
    let auto = stage.run(&["autopilot", "--once", "--yes-auto-apply", "--json"]).with(4);
    assert!(auto.err.contains("cool-down"), "{}", auto.err);
    let doctor = stage.run(&["doctor"]).with(1).out;
    for part in ["journal.db: can be written", "changes      none is under way", "FAIL permissions"] {
        assert!(doctor.contains(part), "{part}: {doctor}");
    }
    assert!(doctor.contains("allow elasticfilesystem:CreateMountTarget"), "{doctor}");
    let shown = stage.run(&["apply", &stage.add(), "--dry-run"]).with(0).out;
    assert!(shown.contains("cool-down: holds auto mode only"), "{shown}");
    stage.run(&["apply", &stage.add(), "--yes", "--no-verify"]).with(0);
}

#[test]
fn history_is_of_all_environments_or_one_and_as_old_as_asked_for() {
    let stage = Stage::new("af-south-1", &["--files", "100000"]);
    stage.run(&["apply", &stage.add(), "--yes"]).with(4);
    let path = stage.home.path().join("two.toml");
    std::fs::write(
        &path,
        "[[environment]]\nname = \"other\"\n[environment.service]\ncluster = \"c\"\nname = \"s\"\n",
    )
    .unwrap();
    let of = |args: &[&str]| -> Vec<Value> {
        let config = ["--config", path.to_str().unwrap()];
        stage.run(&[&config[..], args].concat()).with(0).lines()
    };
    assert_eq!(of(&["history", "--json"]).len(), 1);
    assert_eq!(of(&["history", "--json", "--environment", "default"]).len(), 1);
    assert_eq!(of(&["history", "--json", "--environment", "other"]).len(), 0);
    assert_eq!(of(&["history", "--json", "--since", "1h"]).len(), 1);
    let entry = of(&["history", "--json"]).remove(0);
    let members: Vec<&String> = entry.as_object().unwrap().keys().collect();
    assert_eq!(members, ["seq", "at", "environment", "change", "rule", "event", "by", "step", "detail"]);
    assert_eq!(of(&["history", "--json", "--since", "2100-01-01T00:00:00Z"]).len(), 0);
    let text = stage.run(&["history"]).with(0).out;
    assert!(text.lines().count() == 1 && text.contains("refused") && text.contains("Z  "), "{text}");
}
