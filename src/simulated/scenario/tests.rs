//! Scenario files, good and bad.

use rstest::rstest;

use super::*;
use crate::config::{Mistake, Origin};

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
        "database-down",
        "drift",
        "expired-credentials",
        "file-storm",
        "lossy-original",
        "round",
        "throttled",
        "traffic-surge",
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
    assert_eq!(error.mistakes[0].nearest.as_deref(), Some("file-storm"));
    let said = error.to_string();
    assert!(
        said.contains("\"calm\", \"database-down\", \"drift\"") && said.ends_with("--scenario file-storm"),
        "{said}"
    );
}

#[rstest]
#[case("title = 't'", Some(1), "description\n  expected  text in quotes\n  remedy    add description", None)]
#[case(
    "title = 't'\ndescription = 'd'\nwrold = 1",
    Some(3),
    "wrold\n  expected  a known key: title, description, world",
    Some("world")
)]
#[case("[world]\nfils = 3", Some(4), "world.fils\n  expected  a known key: zones", Some("files"))]
#[case("[world]\n\ntasks = 'six'", Some(5), "world.tasks = 'six'\n  expected  a whole number", None)]
#[case("[world]\ntasks = 900", Some(4), "world.tasks = 900\n  expected  a number from 0 to 500", None)]
#[case(
    "[world]\nmounts_by = 'lists'",
    Some(4),
    "world.mounts_by = 'lists'\n  expected  \"list\" or \"volume\"",
    Some("list")
)]
#[case(
    "[world]\nzones = ['ap-northeast-1a', 'eu-west-1a']",
    Some(4),
    "expected  one to six different zones",
    None
)]
#[case("[world]\nzones = []", Some(4), "expected  one to six different zones", None)]
#[case(
    "[world]\ntargets = ['ap-northeast-1e']",
    Some(4),
    "world.targets = ['ap-northeast-1e']\n  expected  \"ap-northeast-1a\",",
    Some("ap-northeast-1d")
)]
#[case("[world]\nthroughput_mode = 'provisioned'", Some(4), "world.provisioned_mibps", None)]
#[case("[world]\nminimum_healthy_percent = 100\nmaximum_percent = 100", Some(5), "maximum_percent", None)]
#[case("[world]\nautoscaling = { min = 4, max = 2 }", Some(4), "expected  min not above max", None)]
#[case(
    "[[load]]\nat = '1 fortnight'",
    Some(4),
    "load.at = '1 fortnight'\n  expected  a duration of at most a day",
    None
)]
#[case("[[load]]\nat = '0s'\nops_per_s = -1", Some(5), "load.ops_per_s = -1", None)]
#[case(
    "[[at]]\nafter = '1s'\ndo = 'force-deploymnt'",
    Some(5),
    "at.do = 'force-deploymnt'",
    Some("force-deployment")
)]
#[case("[[at]]\nafter = '-3h'\ndo = 'put-list'", Some(4), "the world begins 110 minutes", None)]
#[case(
    "[[at]]\nafter = '1s'\ndo = 'put-list'\nzone = 'x'",
    Some(6),
    "at.zone = 'x'\n  expected  no such key: put-list takes only value",
    None
)]
#[case(
    "[[at]]\nafter = '1s'\ndo = 'create-mount-target'",
    Some(5),
    "remedy    add zone = \"ap-northeast-1a\"",
    None
)]
#[case(
    "[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'hnag'\nfor = '1s'",
    Some(6),
    "at.kind = 'hnag'",
    Some("hang")
)]
#[case("[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'hang'", Some(5), "remedy    add for = \"90s\"", None)]
#[case(
    "[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'denied'\nfor = '1s'\noperation = 'ListTask'",
    Some(8),
    "at.operation = 'ListTask'",
    Some("ListTasks")
)]
#[case("[[at]]\nafter = '1s'\ndo = 'fault'\nkind = 'denied'\nfor = '1s'\nshare = 2", Some(8), "share", None)]
#[case("[[at]\n", Some(3), "expected  TOML", None)]
fn a_mistake_names_line_key_and_the_nearest_word(
    #[case] text: &str,
    #[case] line: Option<usize>,
    #[case] says: &str,
    #[case] nearest: Option<&str>,
) {
    let text = if text.starts_with("title") { text.to_owned() } else { format!("{HEAD}{text}") };
    let error = read(&text).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("1 mistake in the scenario\n\nmine.toml:"), "{said}");
    assert!(said.contains(says), "{said}");
    let mistake = &error.mistakes[0];
    assert_eq!(line_of(mistake), line, "{said}");
    assert_eq!(mistake.nearest.as_deref(), nearest, "{said}");
}

fn line_of(mistake: &Mistake) -> Option<usize> {
    match mistake.at {
        Origin::File { position, .. } => position.map(|p| p.0),
        _ => None,
    }
}

#[test]
fn all_mistakes_are_said_at_once_each_with_its_line() {
    let text = "titel = 't'\n\n[wrold]\nfiles = 3\n\n[world]\ntasks = 'six'\ncpu = 1\nfils = 2\n\n[[load]]\nops_per_s = -1\n\n\
                [[at]]\nafter = '1 fortnight'\ndo = 'fault'\nkind = 'hnag'\nshare = 3\n\n[[at]]\nafter = '1s'\ndo = 'nothing'\n";
    let error = read(text).unwrap_err();
    let said: Vec<_> = error
        .mistakes
        .iter()
        .map(|m| format!("{} {} {}", line_of(m).unwrap(), m.key, m.nearest.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        said,
        [
            "1 titel title",
            "1 title -",
            "1 description -",
            "3 wrold world",
            "7 world.tasks -",
            "8 world.cpu -",
            "9 world.fils files",
            "11 load.at -",
            "12 load.ops_per_s -",
            "15 at.after -",
            "16 at.for -",
            "17 at.kind hang",
            "18 at.share -",
            "22 at.do -",
        ],
        "{error}"
    );
    assert!(
        error.to_string().starts_with("14 mistakes in the scenario\n\nmine.toml:1:1: titel\n"),
        "{error}"
    );
}

#[test]
fn every_key_of_the_table_is_one_that_is_read() {
    let world = World { tasks: 3, ..read(HEAD).unwrap().world };
    let text = format!(
        "{HEAD}[world]\nzones = ['ap-northeast-1a', 'ap-northeast-1c', 'ap-northeast-1d']\nsubnets_a_zone = 1\ntasks = 3\n\
         cpu = 2048\nmemory = 4096\nmounts_by = 'list'\nfiles = 42000\ndirectories = 40\nthreshold = 100000\n\
         minimum_healthy_percent = 100\nmaximum_percent = 200\ncircuit_breaker = true\nrollback = true\n\
         throughput_mode = 'bursting'\nburst_credits_gib = 2150.4\ntask_ops_per_s = 500\ntarget_ops_per_s = 4000\n\
         wobble = 0.02\nlambda = false\n"
    );
    assert_eq!(read(&text).unwrap_or_else(|e| panic!("{e}")).world, world);
}

#[test]
fn things_happen_in_the_order_of_time_whatever_the_order_in_the_file() {
    let text = format!(
        "{HEAD}[[at]]\nafter = '2m'\ndo = 'put-list'\n[[at]]\nafter = '-1m 30s'\ndo = 'force-deployment'"
    );
    let after: Vec<i64> = read(&text).unwrap().happenings.iter().map(|h| h.after.num_seconds()).collect();
    assert_eq!(after, [-90, 120]);
}
