//! The real binary without a screen and without an endpoint: usage, lists, and what is said when it is wrong.
#![expect(clippy::unwrap_used, reason = "a test says where by panicking")]

use std::process::{Command, Output};

const ENVIRONMENTS: &str = "[[environment]]\nname = \"a\"\nservice = { cluster = \"c\", name = \"s\" }\n\
                            [[environment]]\nname = \"b\"\nservice = { cluster = \"c\", name = \"s\" }\n";

fn miharu(args: &[&str]) -> Output {
    with_keys(args, &[("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s")])
}

fn with_keys(args: &[&str], keys: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, ENVIRONMENTS).unwrap();
    Command::new(env!("CARGO_BIN_EXE_miharu"))
        .args(args)
        .env_clear()
        .env("HOME", folder.path())
        .env("MIHARU_CONFIG", &path)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(keys.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[test]
fn a_wrong_theme_or_keymap_stops_every_command() {
    for command in [
        &["snapshot"][..],
        &["snapshot", "--json"],
        &["doctor"],
        &["demo"],
        &["print", "config"],
        &["print", "keys"],
        &[],
    ] {
        let output = miharu(&[&["--theme", "drak", "--keymap", "nope"], command].concat());
        let text = said(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {text}");
        assert!(text.contains("2 mistakes") && text.contains("give --theme dark"), "{command:?}: {text}");
        assert!(text.contains("--keymap: keymap = \"nope\""), "{command:?}: {text}");
        assert!(output.stdout.is_empty(), "{command:?}");
    }
}

#[test]
fn themes_and_keymaps_are_listed_and_a_wrong_argument_is_one_of_the_command() {
    let themes = said(&miharu(&["print", "theme", "--list"]).stdout);
    assert_eq!(themes.lines().count(), 5, "{themes}");
    assert!(themes.contains("dark      dark background"), "{themes}");
    let keymaps = said(&miharu(&["print", "keys", "--list"]).stdout);
    assert!(keymaps.lines().any(|l| l.starts_with("vim      ")), "{keymaps}");
    let help = said(&miharu(&["--help"]).stdout);
    assert!(help.contains("print theme --list") && help.contains("print keys --list"), "{help}");
    assert_eq!(help.matches("no effect yet").count(), 0, "{help}");
    for (args, wanted) in [
        (["print", "theme", "drak"], "print theme = \"drak\""),
        (["print", "keys", "vmi"], "print keys = \"vmi\""),
    ] {
        let output = miharu(&args);
        let text = said(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(wanted) && text.contains("--list names them all"), "{text}");
        assert!(!text.contains("remove the line") && !text.contains("configuration"), "{text}");
    }
    assert_eq!(miharu(&["print", "schema", "--list"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_man_page_of_its_own() {
    let list = said(&miharu(&["print", "man", "--list"]).stdout);
    let pages: Vec<&str> = list.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(pages[0], "miharu", "{list}");
    for page in ["miharu-watch", "miharu-demo", "miharu-bench-files", "miharu-kakeru-merge"] {
        assert!(pages.contains(&page), "{list}");
    }
    assert!(!list.contains("apart") && !list.contains("keeper"), "what is hidden has none: {list}");
    for page in pages {
        let command: Vec<&str> = page.strip_prefix("miharu-").into_iter().collect();
        let output = miharu(&[&["print", "man"], command.as_slice()].concat());
        let text = said(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{page}");
        assert!(text.contains(&format!(".TH {page} 1")) && text.contains(".SH SYNOPSIS"), "{page}: {text}");
        // What it refers to is there.
        for word in text.split_whitespace().filter(|w| w.starts_with("miharu\\-") && w.contains("(1)")) {
            let other = word.replace('\\', "");
            let other = other.split('(').next().unwrap();
            assert!(list.lines().any(|l| l.starts_with(&format!("{other} "))), "{page} refers to {other}");
        }
    }
    let output = miharu(&["print", "man", "wach"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output.stderr).contains("there is no command wach"));
}

#[test]
fn doctor_checks_the_chosen_environment_or_all_and_this_machine() {
    let all = said(&miharu(&["doctor"]).stdout);
    for heading in ["this machine", "environment a", "environment b"] {
        assert!(all.lines().any(|l| l == heading), "{all}");
    }
    assert!(all.contains("ok   theme        dark (built in)"), "{all}");
    assert!(all.contains("EFS_FILE_SYSTEM_ID"), "why efs is off: {all}");
    let output = miharu(&["doctor", "--environment", "b"]);
    let one = said(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{one}");
    assert!(one.contains("environment b") && !one.contains("environment a"), "{one}");
    let failed = one.lines().filter(|l| l.starts_with("  FAIL") || l.starts_with("  warn")).count();
    let remedies = one.lines().filter(|l| l.trim_start().starts_with("-> ")).count();
    assert!(failed > 2 && failed == remedies, "{one}");
    assert!(one.contains("FAIL ssm"), "the list is read for a service without a file system: {one}");
}

#[test]
fn a_profile_that_does_not_exist_is_said_with_its_remedy() {
    let text = said(&with_keys(&["doctor", "--environment", "a", "--profile", "ops"], &[]).stdout);
    assert!(text.contains("the AWS configuration has no profile \"ops\" (it has none at all)"), "{text}");
    assert!(!text.contains("already taken") && !text.contains("log in again"), "{text}");
}

#[test]
fn a_scenario_with_mistakes_lists_them_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "titel = \"t\"\n[world]\nfils = 3\n").unwrap();
    let output = miharu(&["demo", "--scenario", path.to_str().unwrap()]);
    let text = said(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("4 mistakes in the scenario"), "{text}");
    for part in [
        "mine.toml:1:1: titel",
        "nearest   title",
        "add description",
        "mine.toml:3:1: world.fils",
        "nearest   files",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_changes_something_is_not_begun_by_accident() {
    for (args, words) in [
        (&["apply", "add-mount-target:eu-west-1a"][..], "give --yes, or --dry-run"),
        (
            &["apply", "add-mount-targt:eu-west-1a", "--yes"],
            "rules are add-mount-target, publish-mount-targets",
        ),
        (&["apply", "", "--yes"], "there is no rule"),
        (&["autopilot", "--once"], "--yes-auto-apply"),
        (&["history", "--since", "yesterday"], "such as 2h"),
        (&["apply"], "ID"),
    ] {
        let output = miharu(args);
        let text = said(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(words) && output.stdout.is_empty(), "{args:?}: {text}");
    }
}

#[test]
fn a_journal_that_is_not_there_is_no_failure() {
    let output = miharu(&["history"]);
    let text = said(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(text.contains("nothing was written down yet") && text.contains("miharu/journal.db"), "{text}");
    assert!(miharu(&["history", "--json"]).stdout.is_empty());
    let doctor = said(&miharu(&["doctor"]).stdout);
    assert!(doctor.contains("ok   journal") && doctor.contains("the first change makes it"), "{doctor}");
}
