//! Mount targets, the published list, and the tasks that run by it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use miharu::domain::ecs::MountsBy;
use miharu::domain::recommendation::{Intent, Severity};
use miharu::domain::source::SourceId;

use super::stage::{Stage, at, list, published, subnet, target, task};

const ADD_1D: &str = "add-mount-target:ap-northeast-1d";

#[test]
fn a_calm_world_has_nothing_to_be_done_and_every_rule_can_tell() {
    let all = Stage::new().evaluate();
    assert_eq!(all.recommendations, vec![]);
    assert_eq!(all.not_enough, vec![]);
    assert_eq!(all.desired, Some(4));
}

#[test]
fn the_threshold_is_strict() {
    let mut stage = Stage::new();
    stage.files(100_000);
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.files(100_001);
    assert_eq!(stage.ids(), [ADD_1D]);
    let rec = stage.get(ADD_1D);
    assert_eq!((rec.severity, rec.auto_allowed, rec.reversible), (Severity::High, true, true));
    assert_eq!(rec.blocked_by, Vec::<String>::new());
    assert!(rec.requests.is_empty(), "the planner fills them");
    assert_eq!(
        rec.intent,
        Intent::AddMountTarget {
            zone: "ap-northeast-1d".into(),
            subnet_id: "subnet-1d".into(),
            security_groups: vec!["sg-1".into()],
            publish: true,
        }
    );
    assert!(rec.reason.contains("100 001 files are above the threshold of 100 000"), "{}", rec.reason);
    assert!(rec.effect.contains("2 of 3 paths (67 %)"), "{}", rec.effect);
    assert!(rec.effect.contains("one overfull directory stay as they are"), "{}", rec.effect);
    assert!(rec.effect.contains("no zone is left"), "{}", rec.effect);
    let files = rec.evidence.iter().find(|e| e.name == "files").unwrap();
    assert_eq!((files.source.as_str(), files.at), ("files", Some(at(0))));
}

#[test]
fn a_count_that_is_stale_absent_or_old_is_no_evidence() {
    let mut stage = Stage::new();
    stage.files(200_000);
    stage.stale(SourceId::FILES);
    assert_eq!(stage.ids(), Vec::<String>::new());
    assert!(stage.why("add-mount-target").contains("last read 1 h ago"));

    let mut stage = Stage::new();
    stage.world.file_count = None;
    assert!(stage.why("add-mount-target").contains("not known"));

    let mut stage = Stage::new();
    stage.files(200_000);
    stage.world.file_count.as_mut().unwrap().at = at(-601);
    assert!(stage.why("add-mount-target").contains("10 min 1 s old"));
    stage.world.file_count.as_mut().unwrap().at = at(-600);
    assert_eq!(stage.ids(), [ADD_1D]);
}

#[test]
fn two_subnets_in_a_zone_are_one_zone() {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage.world.subnets.as_mut().unwrap().extend([subnet("1a2", "1a"), subnet("1d2", "1d")]);
    assert_eq!(stage.ids(), [ADD_1D]);
    stage.world.subnets.as_mut().unwrap().retain(|s| !s.availability_zone.ends_with("1d"));
    assert_eq!(stage.ids(), ["add-mount-target"], "the second subnet of 1a is not free");
}

#[test]
fn with_all_zones_taken_it_says_so_and_what_else_helps() {
    for state in ["available", "error", "deleting"] {
        let mut stage = Stage::new();
        stage.files(100_001);
        stage.world.mount_targets.as_mut().unwrap().push(target("1d", state));
        stage.policy.disabled_rules.push("publish-mount-targets".into());
        let rec = stage.get("add-mount-target");
        assert_eq!((rec.severity, rec.change.clone()), (Severity::Low, None), "{state}");
        assert_eq!((rec.intent, rec.auto_allowed), (Intent::Advice, false));
        assert_eq!(rec.blocked_by, ["no-free-zone"]);
        assert!(rec.effect.contains("more directories"), "{}", rec.effect);
    }
}

#[test]
fn a_one_zone_file_system_never_gets_another() {
    let mut stage = Stage::new();
    stage.world.file_system.as_mut().unwrap().one_zone = Some("ap-northeast-1a".into());
    stage.world.mount_targets.as_mut().unwrap().pop();
    assert!(!stage.ids().iter().any(|id| id.starts_with("add-mount-target")));
    stage.files(100_001);
    let rec = stage.get("add-mount-target");
    assert_eq!((rec.change, rec.blocked_by), (None, vec!["no-free-zone".to_owned()]));
    assert!(rec.reason.contains("One Zone in ap-northeast-1a"), "{}", rec.reason);
}

#[test]
fn zones_with_tasks_come_first_then_those_of_the_service_then_others() {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage.world.mount_targets = Some(vec![target("1c", "available")]);
    stage.policy.disabled_rules.push("publish-mount-targets".into());
    let first = |stage: &Stage| stage.ids().into_iter().find(|id| id.starts_with("add-")).unwrap();
    assert_eq!(first(&stage), "add-mount-target:ap-northeast-1a", "tasks run there");
    stage.world.tasks = Some(vec![task(0, "1d", at(-4000))]);
    assert_eq!(first(&stage), ADD_1D, "tasks run there");
    stage.world.tasks = Some(vec![]);
    assert_eq!(first(&stage), "add-mount-target:ap-northeast-1a", "a subnet of the service is there");
    stage.service().subnets.clear();
    assert_eq!(first(&stage), "add-mount-target:ap-northeast-1a", "by name");
    stage.world.subnets.as_mut().unwrap()[0].free_addresses = Some(0);
    assert_eq!(first(&stage), ADD_1D, "a target needs an address");
}

#[test]
fn without_a_known_security_group_it_is_refused() {
    let mut stage = Stage::new();
    stage.files(100_001);
    for groups in [None, Some(BTreeMap::new())] {
        stage.world.security_groups = groups;
        let rec = stage.get(ADD_1D);
        assert_eq!((rec.blocked_by, rec.intent), (vec!["no-security-group".to_owned()], Intent::Advice));
        assert!(!rec.auto_allowed && rec.reason.contains("SECURITY_GROUP_ID"), "{}", rec.reason);
    }
    stage.policy.security_group_id = Some("sg-9".into());
    let Intent::AddMountTarget { security_groups, .. } = stage.get(ADD_1D).intent else {
        panic!("no target")
    };
    assert_eq!(security_groups, ["sg-9"]);
}

#[test]
fn a_zone_without_target_where_tasks_mount_by_volume_is_wanted_whatever_the_files() {
    let mut stage = Stage::new();
    stage.files(10);
    stage.service().mounts_by = MountsBy::Volume;
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.service().subnets.push("subnet-1d".into());
    let rec = stage.get(ADD_1D);
    assert!(rec.reason.contains("ResourceInitializationError"), "{}", rec.reason);
    assert!(rec.effect.contains("No path is re-routed"), "{}", rec.effect);
    assert!(matches!(rec.intent, Intent::AddMountTarget { publish: false, .. }));
    stage.stale(SourceId::FILES);
    assert_eq!(stage.ids(), [ADD_1D], "the count has no part in it");
    // A deployment that waits for exactly this target does not hold it back.
    stage.service().deployments[0].rollout_state = Some("IN_PROGRESS".into());
    assert_eq!(stage.get(ADD_1D).blocked_by, Vec::<String>::new());
}

#[test]
fn a_target_that_is_being_created_is_waited_for() {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage.world.subnets.as_mut().unwrap().push(subnet("1e", "1e"));
    stage.world.mount_targets.as_mut().unwrap().push(target("1d", "creating"));
    assert_eq!(stage.ids(), Vec::<String>::new());
    assert!(stage.why("add-mount-target").contains("being created"));
}

#[test]
fn the_list_is_compared_without_its_order() {
    let mut stage = Stage::new();
    stage.world.published = Some(Some(published(&[(-9000, &list(&["1c", "1a"]))])));
    assert_eq!(stage.ids(), Vec::<String>::new());
}

#[test]
fn a_list_that_differs_or_cannot_be_read_is_to_be_published() {
    for (text, to) in [
        (list(&["1c"]), r#"["fsmt-1c","fsmt-1a"]"#),
        (list(&["1c", "1x", "1a"]), r#"["fsmt-1c","fsmt-1a"]"#),
        (list(&["1c", "1c", "1a"]), r#"["fsmt-1c","fsmt-1a"]"#),
        (list(&[]), r#"["fsmt-1a","fsmt-1c"]"#),
        ("[]".to_owned(), r#"["fsmt-1a","fsmt-1c"]"#),
    ] {
        let mut stage = Stage::new();
        stage.world.published = Some(Some(published(&[(-9000, &text)])));
        let rec = stage.get("publish-mount-targets");
        assert_eq!((rec.severity, rec.auto_allowed), (Severity::High, true), "{text}");
        assert_eq!(rec.change.unwrap().to.to_string(), to, "{text}: those that stay first");
    }
    let mut stage = Stage::new();
    stage.world.published = Some(None);
    assert!(stage.get("publish-mount-targets").reason.contains("does not exist"));
    stage.service().mounts_by = MountsBy::Volume;
    assert_eq!(stage.ids(), Vec::<String>::new(), "nobody reads it");
}

#[test]
fn a_list_is_never_emptied_and_a_target_that_changes_keeps_its_place() {
    let mut stage = Stage::new();
    for t in stage.world.mount_targets.as_mut().unwrap() {
        t.state = "error".into();
    }
    // A human is told, and nothing is changed: where a target should be is not for the list to say.
    let rec = stage.get("publish-mount-targets");
    assert_eq!((rec.severity, rec.change, rec.auto_allowed), (Severity::High, None, false));
    assert_eq!(rec.blocked_by, ["not-available"]);
    assert!(rec.reason.contains("nothing to mount"), "{}", rec.reason);
    stage.world.mount_targets.as_mut().unwrap()[0].state = "creating".into();
    assert!(stage.why("publish-mount-targets").contains("creating"));
    let mut stage = Stage::new();
    stage.world.mount_targets.as_mut().unwrap()[0].state = "updating".into();
    assert!(stage.why("publish-mount-targets").contains("updating"));
}

#[test]
fn tasks_by_an_older_list_are_to_be_redeployed() {
    let (old, new) = (list(&["1a"]), list(&["1a", "1c"]));
    let mut stage = Stage::new();
    stage.world.published = Some(Some(published(&[(-9000, &old), (-3000, &new)])));
    let rec = stage.get("redeploy-service");
    assert_eq!((rec.severity, rec.reversible, rec.auto_allowed), (Severity::Medium, false, true));
    assert!(rec.reason.contains("4 tasks run by an older list (4 by v1) than v2"), "{}", rec.reason);
    assert!(rec.rollback.contains("restart only"), "{}", rec.rollback);
    // Written again with other spaces: the same list.
    stage.world.published = Some(Some(published(&[(-9000, &old), (-3000, &old.replace(": ", ":"))])));
    assert!(!stage.ids().contains(&"redeploy-service".to_owned()));
    // A deployment that began after the change replaces them already, unless it is stuck.
    stage.world.published = Some(Some(published(&[(-9000, &old), (-3000, &new)])));
    let primary = &mut stage.service().deployments[0];
    (primary.rollout_state, primary.created_at) = (Some("IN_PROGRESS".into()), Some(at(-500)));
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.service().deployments[0].created_at = Some(at(-700));
    assert_eq!(stage.ids(), ["redeploy-service"]);
    stage.service().mounts_by = MountsBy::Volume;
    assert_eq!(stage.ids(), Vec::<String>::new(), "the list does not route");
}

#[test]
fn the_state_after_a_lost_write_offers_publish_then_redeploy() {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage.world.mount_targets.as_mut().unwrap().push(target("1d", "available"));
    assert_eq!(stage.ids(), ["publish-mount-targets", "add-mount-target"]);
    let texts = [(-9000, list(&["1a", "1c"])), (-10, list(&["1a", "1c", "1d"]))];
    let texts: Vec<_> = texts.iter().map(|(t, text)| (*t, text.as_str())).collect();
    stage.world.published = Some(Some(published(&texts)));
    assert_eq!(stage.ids(), ["redeploy-service", "add-mount-target"]);
}

#[test]
fn a_target_is_removed_only_after_files_were_few_for_long() {
    let mut stage = Stage::new();
    stage.world.mount_targets.as_mut().unwrap().push(target("1d", "available"));
    stage.world.published = Some(Some(published(&[(-9000, &list(&["1a", "1c", "1d"]))])));
    stage.files(49_999);
    assert!(stage.why("remove-mount-target").contains("counts reach back only"));
    let day = 24 * 3600;
    stage.world.count_history = [(at(-day - 60), 60_000), (at(-day), 49_000), (at(0), 49_999)].into();
    let rec = stage.get("remove-mount-target:ap-northeast-1d");
    assert_eq!((rec.severity, rec.reversible, rec.auto_allowed), (Severity::Low, false, false));
    assert_eq!(rec.intent, Intent::RemoveMountTarget { mount_target_id: "fsmt-1d".into() });
    stage.world.count_history[1].1 = 50_000;
    assert_eq!(stage.ids(), Vec::<String>::new(), "not few all the time");
    stage.world.count_history[1].1 = 49_000;
    stage.files(50_000);
    assert_eq!(stage.ids(), Vec::<String>::new(), "not few now");
    stage.files(49_999);
    stage.world.mount_targets.as_mut().unwrap().pop();
    stage.world.published = Some(Some(published(&[(-9000, &list(&["1a", "1c"]))])));
    assert_eq!(stage.ids(), Vec::<String>::new(), "two stay");
}

#[test]
fn mounted_by_volume_only_a_zone_without_tasks_and_subnets_is_unused() {
    let mut stage = Stage::new();
    stage.service().mounts_by = MountsBy::Volume;
    stage.world.mount_targets.as_mut().unwrap().push(target("1d", "available"));
    stage.world.published = Some(None);
    assert_eq!(stage.ids(), ["remove-mount-target:ap-northeast-1d"]);
    stage.world.tasks.as_mut().unwrap().push(task(9, "1d", at(-4000)));
    assert_eq!(stage.ids(), Vec::<String>::new());
}

#[test]
fn late_data_is_shown_and_holds_the_change_back() {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage.world.sources.get_mut(&SourceId::EFS).unwrap().at = Some(at(0) - TimeDelta::seconds(30));
    assert_eq!(stage.get(ADD_1D).blocked_by, ["data-freshness"]);
    stage.stale(SourceId::EFS);
    assert_eq!(stage.ids(), Vec::<String>::new());
}
