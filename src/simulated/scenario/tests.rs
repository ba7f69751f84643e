//! Scenario files, good and bad.

use rstest::rstest;

use super::*;

fn read(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::parse("mine", "mine.toml", text)
}

const HEAD: &str = "title = 't'\ndescription = 'd'\n";

#[test]
fn every_shipped_scenario_can_be_read_and_says_what_it_is() {
    let names = Scenario::names();
    for wanted in [
        "bad-deploy",
        "calm",
        "drift",
        "expired-credentials",
        "file-storm",
        "throttled",
        "zone-without-target",
    ] {
        assert!(names.contains(&wanted), "{wanted} of {names:?}");
    }
    for name in names {
        let scenario = Scenario::load(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(scenario.name, name);
        assert!(!scenario.title.is_empty() && scenario.title.len() <= 40, "{name}");
        assert!(scenario.description.len() >= 80, "{name}");
        assert!(!scenario.load.is_empty(), "{name} has no load");
    }
    assert_eq!(Scenario::shipped().len(), Scenario::names().len());
}

#[test]
fn a_scenario_of_the_user_is_read_by_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("friday.toml");
    std::fs::write(&path, format!("{HEAD}[world]\ntasks = 3\n")).unwrap();
    let scenario = Scenario::load(path.to_str().unwrap()).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.world.tasks), ("friday", 3));
    assert_eq!(scenario.world.zones.len(), 3, "the rest is as always");
}

#[test]
fn an_unknown_name_lists_the_known_ones_and_the_nearest() {
    let error = Scenario::load("file-strom").unwrap_err();
    assert_eq!(error.nearest.as_deref(), Some("file-storm"));
    let said = error.to_string();
    assert!(said.contains("calm, drift") && said.ends_with("did you mean file-storm?"), "{said}");
}

#[rstest]
#[case("title = 't'", None, "missing field description", None)]
#[case("title = 't'\ndescription = 'd'\nwrold = 1", Some(3), "wrold: unknown field wrold", Some("world"))]
#[case("[world]\nfils = 3", Some(4), "fils: unknown field fils", Some("files"))]
#[case("[world]\n\ntasks = 'six'", Some(5), "tasks: invalid type: string \"six\"", None)]
#[case("[world]\ntasks = 900", Some(4), "tasks: expected a number from 0 to 500", None)]
#[case("[world]\nmounts_by = 'lists'", Some(4), "mounts_by: unknown \"lists\"", Some("list"))]
#[case("[world]\nzones = ['ap-northeast-1a', 'eu-west-1a']", Some(4), "zones: expected", None)]
#[case("[world]\nzones = []", Some(4), "zones: expected", None)]
#[case(
    "[world]\ntargets = ['ap-northeast-1e']",
    Some(4),
    "targets: unknown \"ap-northeast-1e\"",
    Some("ap-northeast-1d")
)]
#[case("[world]\nthroughput_mode = 'provisioned'", Some(4), "provisioned_mibps: is needed", None)]
#[case("[world]\nminimum_healthy_percent = 100\nmaximum_percent = 100", Some(5), "maximum_percent", None)]
#[case("[world]\nautoscaling = { min = 4, max = 2 }", Some(4), "autoscaling: expected min", None)]
#[case("[[load]]\nat = '1 fortnight'", Some(4), "at: \"1 fortnight\" is not a duration", None)]
#[case("[[load]]\nat = '0s'\nops_per_s = -1", Some(5), "ops_per_s: expected", None)]
#[case("[[at]]\nafter = '1s'\ndo = 'force-deploymnt'", Some(5), "do: unknown", Some("force-deployment"))]
#[case("[[at]]\nafter = '-3h'\ndo = 'put-list'", Some(4), "after: the world begins 110 minutes", None)]
#[case("[[at]]\nafter = '1s'\ndo = 'put-list'\nzone = 'x'", Some(6), "zone: put-list does not take it", None)]
#[case("[[at]]\nafter = '1s'\ndo = 'create-mount-target'", Some(5), "zone: is missing", None)]
#[case(
    "[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'hnag'\nfor = '1s'",
    Some(6),
    "kind: unknown",
    Some("hang")
)]
#[case("[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'hang'", Some(5), "for: is missing", None)]
#[case(
    "[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'denied'\nfor = '1s'\noperation = 'ListTask'",
    Some(8),
    "operation: unknown",
    Some("ListTasks")
)]
#[case("[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'denied'\nfor = '1s'\nshare = 2", Some(8), "share", None)]
#[case("[[at]\n", Some(3), "", None)]
fn a_mistake_names_line_key_and_the_nearest_word(
    #[case] text: &str,
    #[case] line: Option<usize>,
    #[case] says: &str,
    #[case] nearest: Option<&str>,
) {
    let text = if text.starts_with("title") { text.to_owned() } else { format!("{HEAD}{text}") };
    let error = read(&text).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("mine.toml"), "{said}");
    assert!(said.contains(says), "{said}");
    if line.is_some() {
        assert_eq!(error.line, line, "{said}");
    }
    assert_eq!(error.nearest.as_deref(), nearest, "{said}");
    assert!(!said.contains('\n') && !said.contains('`'), "{said}");
}

#[test]
fn things_happen_in_the_order_of_time_whatever_the_order_in_the_file() {
    let text = format!(
        "{HEAD}[[at]]\nafter = '2m'\ndo = 'put-list'\n[[at]]\nafter = '-1m 30s'\ndo = 'force-deployment'"
    );
    let after: Vec<i64> = read(&text).unwrap().happenings.iter().map(|h| h.after.num_seconds()).collect();
    assert_eq!(after, [-90, 120]);
}
