//! From an intent and a world to a plan, and back.

use std::collections::BTreeMap;

use miharu::domain::ecs::MountsBy;
use miharu::domain::plan::{Fingerprint, Plan, Until};
use miharu::domain::planner::{expected, fingerprint, plan as make, rollback, shows, still_recommended};
use miharu::domain::policy::Policy;
use miharu::domain::recommendation::Intent;
use miharu::domain::request::{Operation, StepOutputs, Value};
use miharu::domain::scalable::ScalableTarget;
use miharu::domain::world::World;
use proptest::prelude::*;

use super::scene::{
    OLD, add, added, at, input, minutes, operations, plan, plan_at, published, recommendation, subnet,
    target, task, world,
};

fn back(plan: &Plan) -> Option<Vec<&'static str>> {
    plan.rollback.as_ref().map(|steps| steps.iter().map(|s| s.operation.api().1).collect())
}

fn outputs(list: &[(u32, &[(&str, &str)])]) -> StepOutputs {
    list.iter()
        .map(|(n, pairs)| (*n, pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()))
        .collect()
}

#[test]
fn a_mount_target_is_created_published_and_taken_up_in_one_plan() {
    let world = world();
    let plan = plan(&world, "add-mount-target", add(true)).unwrap();
    assert_eq!(operations(&plan), ["CreateMountTarget", "PutParameter", "UpdateService"]);
    assert_eq!(plan.steps.iter().map(|s| s.n).collect::<Vec<_>>(), [1, 2, 3]);
    let untils: Vec<&Until> = plan.steps.iter().map(|s| &s.until).collect();
    assert_eq!(untils, [&Until::MountTargetAvailable, &Until::Answered, &Until::Converged]);
    let policy = Policy::default();
    assert_eq!(
        (plan.steps[0].deadline, plan.steps[2].deadline),
        (policy.creation_deadline, policy.rollout_deadline)
    );
    assert_eq!((plan.created_at, plan.expires_at), (at(0), minutes(15)));
    assert!(!plan.restart_only);

    // The old entries first, in their order and byte for byte; the new one has to be born.
    let text = plan.steps[1].request.input["Value"].as_str().unwrap();
    assert!(text.starts_with(OLD.trim_end_matches("]}")), "{text}");
    assert!(text.contains("<ip_address of step 1>"));
    assert_eq!(plan.steps[1].request.input["Name"], "/efs/targets");

    let done = outputs(&[(1, &[("mount_target_id", "fsmt-d"), ("ip_address", "10.0.3.100")])]);
    let filled = plan.steps[1].operation.fill(&done).unwrap();
    assert_eq!(shows(&added(), &filled), Some(true), "what is sent is what stands there afterwards");
    assert_eq!(shows(&world, &filled), Some(false));
    assert_eq!(shows(&world, &plan.steps[1].operation), None, "not before it is born");

    // Taken back: the text as it stood, and a restart.
    assert_eq!(back(&plan).unwrap(), ["PutParameter", "UpdateService"]);
    assert_eq!(plan.rollback.as_ref().unwrap()[0].request.input["Value"], OLD);
}

#[test]
fn where_tasks_mount_by_volume_a_target_is_created_and_nothing_else() {
    let mut world = world();
    world.service.as_mut().unwrap().mounts_by = MountsBy::Volume;
    world.published = None;
    let plan = plan(&world, "add-mount-target", add(false)).unwrap();
    assert_eq!(operations(&plan), ["CreateMountTarget"]);
    assert_eq!(plan.rollback, None, "deleting it would break the tasks that mount it");
    assert!(plan.fingerprint.mount_targets.is_some());
    assert_eq!((plan.fingerprint.parameter_version, &plan.fingerprint.primary_deployment), (None, &None));
}

#[test]
fn a_target_is_deleted_last_and_never_taken_back() {
    let intent = Intent::RemoveMountTarget { mount_target_id: "fsmt-c".into() };
    let plan = plan(&world(), "remove-mount-target", intent).unwrap();
    assert_eq!(operations(&plan), ["PutParameter", "UpdateService", "DeleteMountTarget"]);
    assert_eq!(plan.steps[1].until, Until::Converged);
    assert_eq!(plan.steps[2].until, Until::MountTargetGone { mount_target_id: "fsmt-c".into() });
    assert!(!plan.steps[0].request.input["Value"].as_str().unwrap().contains("fsmt-c"));
    assert_eq!(plan.rollback, None);
}

#[test]
fn a_target_that_nobody_reads_of_is_only_deleted() {
    let remove = || Intent::RemoveMountTarget { mount_target_id: "fsmt-d".into() };
    let of = |world: &World| operations(&plan(world, "remove-mount-target", remove()).unwrap());
    let mut unlisted = world();
    unlisted.mount_targets.as_mut().unwrap().push(target("d", 3));
    assert_eq!(of(&unlisted), ["DeleteMountTarget"], "every task runs by a list without it");
    unlisted.tasks.as_mut().unwrap().push(task("old", -7200));
    assert_eq!(of(&unlisted), ["UpdateService", "DeleteMountTarget"], "one may run by an older list");
    let mut by_volume = added();
    by_volume.service.as_mut().unwrap().mounts_by = MountsBy::Volume;
    assert_eq!(of(&by_volume), ["PutParameter", "DeleteMountTarget"], "no task reads the list");
}

#[test]
fn a_restart_has_nothing_to_return_to() {
    let plan = plan(&world(), "redeploy-service", Intent::Redeploy).unwrap();
    assert_eq!((operations(&plan), plan.restart_only, &plan.rollback), (vec!["UpdateService"], true, &None));
    let why = input(&world(), &Policy::default(), |i| rollback(i, &plan, "c-2".into())).unwrap_err();
    assert_eq!(why, "c-1 cannot be taken back: a restart has nothing to return to");
}

#[test]
fn a_list_keeps_its_order_drops_what_is_gone_and_is_made_anew_only_where_unreadable() {
    let ids = |world: &World| -> Vec<String> {
        let plan = plan(world, "publish-mount-targets", Intent::Publish).unwrap();
        assert_eq!(operations(&plan), ["PutParameter"]);
        let Operation::PutParameter { entries, .. } = &plan.steps[0].operation else { panic!() };
        entries.iter().map(|e| e.mount_target_id.to_string()).collect()
    };
    let mut scene = world();
    scene.mount_targets = Some(vec![target("a", 1), target("b", 5), target("c", 2), target("d", 3)]);
    assert_eq!(ids(&scene), ["fsmt-c", "fsmt-a", "fsmt-b", "fsmt-d"]);
    scene.mount_targets.as_mut().unwrap()[2].state = "deleting".into();
    assert_eq!(ids(&scene), ["fsmt-a", "fsmt-b", "fsmt-d"]);
    scene.published = Some(Some(published(6, "not JSON")));
    assert_eq!(ids(&scene), ["fsmt-a", "fsmt-b", "fsmt-d"]);
    let unreadable = plan(&scene, "publish-mount-targets", Intent::Publish).unwrap();
    assert_eq!(unreadable.rollback, None, "nobody wants the unreadable text back");
    scene.published = Some(None);
    let first = plan(&scene, "publish-mount-targets", Intent::Publish).unwrap();
    assert_eq!(first.steps[0].request.input["Name"], "/efs-mount-autoscaling/mount-targets");
    assert_eq!((first.rollback, first.fingerprint.parameter_version), (None, Some(0)));
}

#[test]
fn what_the_world_does_not_allow_is_refused_with_the_reason() {
    type Case = (fn(&mut World), Intent, &'static str);
    let scale = |desired| Intent::Scale { desired };
    let cases: Vec<Case> = vec![
        (
            |w| w.mount_targets.as_mut().unwrap().push(target("d", 3)),
            add(true),
            "ap-northeast-1d has fsmt-d (available)",
        ),
        (
            |w| w.file_system.as_mut().unwrap().one_zone = Some("ap-northeast-1a".into()),
            add(true),
            "One Zone",
        ),
        (
            |w| w.file_system.as_mut().unwrap().lifecycle_state = "updating".into(),
            add(true),
            "updating, not available",
        ),
        (|w| w.subnets = Some(vec![subnet("subnet-d", "c")]), add(true), "subnet-d is in ap-northeast-1c"),
        (|w| w.subnets = Some(vec![]), add(true), "not in the VPC"),
        (|w| w.subnets.as_mut().unwrap()[2].free_addresses = Some(0), add(true), "no free address"),
        (|w| w.published = None, add(true), "the published list has not been read"),
        (|w| w.service = None, add(true), "the service has not been read"),
        (|w| w.mount_targets = None, Intent::Publish, "the mount targets have not been read"),
        (|w| w.mount_targets = Some(vec![]), Intent::Publish, "no mount target is available"),
        (
            |w| w.mount_targets.as_mut().unwrap()[1].state = "error".into(),
            Intent::RemoveMountTarget { mount_target_id: "fsmt-a".into() },
            "the last available mount target",
        ),
        (|_| (), scale(2), "2 tasks already"),
        (|_| (), scale(51), "more than max_tasks = 50"),
        (|_| (), scale(0), "fewer than min_tasks = 1"),
        (|_| (), Intent::ScaleBounds { min: 1, max: 9 }, "not known to be under Application Auto Scaling"),
        (|_| (), Intent::ResizeTask { cpu: "2048".into(), memory: "4096".into() }, "already"),
        (|_| (), Intent::Throughput { mode: "provisioned".into(), provisioned_mibps: None }, "needs a rate"),
        (
            |w| w.file_system.as_mut().unwrap().performance_mode = "maxIO".into(),
            Intent::Throughput { mode: "elastic".into(), provisioned_mibps: None },
            "General Purpose",
        ),
        (|w| w.lifecycle = None, Intent::Lifecycle, "has not been read"),
        (|_| (), Intent::LogRetention { log_group: "/x".into(), days: 7 }, "does not exist"),
        (|_| (), Intent::Advice, "advice"),
    ];
    for (change, intent, expected) in cases {
        let mut world = world();
        change(&mut world);
        let why = plan(&world, "rule", intent.clone()).unwrap_err();
        assert!(why.contains(expected), "{intent:?}: {why}");
    }
    let mut nothing = recommendation("add-mount-target", add(true));
    nothing.change = None;
    let (world, policy) = (world(), Policy::default());
    assert!(
        input(&world, &policy, |i| make(i, &nothing, "c".into())).unwrap_err().contains("cannot be applied")
    );
    let only_out = Policy { scale_out_only: true, ..Policy::default() };
    let bigger = Intent::ResizeTask { cpu: "4096".into(), memory: "8192".into() };
    assert!(plan_at(&world, &only_out, "resize-task", bigger).unwrap_err().contains("scale_out_only"));
    let bare = Intent::AddMountTarget {
        zone: "ap-northeast-1d".into(),
        subnet_id: "subnet-d".into(),
        security_groups: vec![],
        publish: true,
    };
    assert!(plan(&world, "add-mount-target", bare).unwrap_err().contains("no security group"));
}

#[test]
fn settings_depend_on_themselves_alone_and_return_where_aws_lets_them() {
    let mut scene = world();
    scene.scalable = Some(Some(ScalableTarget { resource_id: "r".into(), min: 2, max: 6, suspended: false }));
    let provisioned = Intent::Throughput { mode: "provisioned".into(), provisioned_mibps: Some(200.0) };
    let elastic = Intent::Throughput { mode: "elastic".into(), provisioned_mibps: None };
    let none = Fingerprint::default;
    let arn = scene.service.as_ref().unwrap().task_definition.clone();
    let kept = |log_group: &str| Intent::LogRetention { log_group: log_group.into(), days: 7 };
    let table = [
        (Intent::Scale { desired: 3 }, Fingerprint { desired_count: Some(2), ..none() }, true),
        (Intent::ScaleBounds { min: 3, max: 6 }, Fingerprint { scalable: Some((2, 6)), ..none() }, true),
        (
            Intent::ResizeTask { cpu: "4096".into(), memory: "8192".into() },
            Fingerprint {
                task_definition: Some(arn),
                primary_deployment: Some("ecs-svc/1".into()),
                ..none()
            },
            true,
        ),
        (provisioned, Fingerprint { throughput: Some("bursting".into()), ..none() }, false),
        (elastic, Fingerprint { throughput: Some("bursting".into()), ..none() }, true),
        (
            Intent::Lifecycle,
            Fingerprint { lifecycle: Some(vec!["TransitionToArchive AFTER_90_DAYS".into()]), ..none() },
            true,
        ),
        (
            kept("/ecs/files"),
            Fingerprint { log_groups: Some(vec!["/ecs/files for ever".into()]), ..none() },
            false,
        ),
        (
            kept("/ecs/short"),
            Fingerprint { log_groups: Some(vec!["/ecs/short 3 days".into()]), ..none() },
            true,
        ),
        (Intent::FargateSpot, Fingerprint { primary_deployment: Some("ecs-svc/1".into()), ..none() }, true),
    ];
    for (intent, print, reversible) in table {
        let plan = plan(&scene, "rule", intent.clone()).unwrap();
        assert_eq!(plan.fingerprint, print, "{intent:?}");
        assert_eq!(plan.rollback.is_some(), reversible, "{intent:?}");
        assert!(!plan.restart_only);
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan, "as it comes back from the journal");
    }
    let merged = plan(&scene, "add-lifecycle-policy", Intent::Lifecycle).unwrap();
    assert_eq!(merged.steps[0].request.input["LifecyclePolicies"][0]["TransitionToArchive"], "AFTER_90_DAYS");
    assert_eq!(merged.steps[0].request.input["LifecyclePolicies"].as_array().unwrap().len(), 3);
    let size = Intent::ResizeTask { cpu: "4096".into(), memory: "8192".into() };
    let resize = plan(&scene, "resize-task", size).unwrap();
    assert_eq!(operations(&resize), ["RegisterTaskDefinition", "UpdateService"]);
    let Operation::UpdateTaskDefinition { task_definition, .. } = &resize.steps[1].operation else {
        panic!()
    };
    assert_eq!(*task_definition, Value::Born { step: 1, output: "task_definition_arn".into() });
}

#[test]
fn a_stale_plan_lists_what_differs() {
    let plan = plan(&world(), "add-mount-target", add(true)).unwrap();
    let all = || plan.steps.iter().map(|s| &s.operation);
    assert_eq!(plan.fingerprint.differences(&fingerprint(&world(), all())), Vec::<String>::new());
    let mut other = added();
    other.service.as_mut().unwrap().desired = 9;
    assert_eq!(
        plan.fingerprint.differences(&fingerprint(&other, all())),
        [
            "set of mount targets was fsmt-a available, fsmt-c available, is fsmt-a available, fsmt-c available, fsmt-d available",
            "parameter version was 6, is 7",
            "PRIMARY deployment was ecs-svc/1, is ecs-svc/2",
        ],
        "the desired count is nothing it depends on"
    );
    other.published = None;
    let unread = plan.fingerprint.differences(&fingerprint(&other, all()));
    assert!(unread.contains(&"parameter version was 6, and cannot be read now".to_owned()), "{unread:?}");
}

#[test]
fn own_steps_do_not_make_a_plan_stale_and_others_do() {
    let plan = plan(&world(), "add-mount-target", add(true)).unwrap();
    let rest = |done: &StepOutputs| -> Vec<Operation> {
        plan.steps.iter().filter(|s| !done.contains_key(&s.n)).map(|s| s.operation.clone()).collect()
    };
    let born: &[(&str, &str)] = &[("mount_target_id", "fsmt-d"), ("ip_address", "10.0.3.100")];
    let mut between = added();
    between.published = world().published;
    between.service = world().service;

    let one = outputs(&[(1, born)]);
    assert!(expected(&plan, &one).differences(&fingerprint(&between, &rest(&one))).is_empty());
    between.mount_targets.as_mut().unwrap().push(target("b", 9));
    let foreign = expected(&plan, &one).differences(&fingerprint(&between, &rest(&one)));
    assert_eq!(foreign.len(), 1, "{foreign:?}");

    let two = outputs(&[(1, born), (2, &[("version", "7")])]);
    let now = fingerprint(&between, &rest(&two));
    assert_eq!(expected(&plan, &two), now, "a restart depends on the deployment alone");
    between.service.as_mut().unwrap().deployments[0].id = "ecs-svc/9".into();
    assert_eq!(expected(&plan, &two).differences(&fingerprint(&between, &rest(&two))).len(), 1);
}

#[test]
fn a_plan_holds_only_while_the_rule_says_the_same() {
    let (world, policy) = (world(), Policy::default());
    let plan = plan(&world, "scale-out-service", Intent::Scale { desired: 3 }).unwrap();
    let check = |recs: &[_]| input(&world, &policy, |i| still_recommended(i, recs, &plan));
    let scale = |desired| recommendation("scale-out-service", Intent::Scale { desired });
    assert_eq!(check(&[scale(3)]), Ok(()));
    assert!(check(&[scale(4)]).unwrap_err().contains("something else"));
    assert!(check(&[]).unwrap_err().contains("not recommended any more"));
}

proptest! {
    /// Whatever was published and whatever is there: entries that stay keep their order, everything available
    /// stands in the list exactly once, nothing else does.
    #[test]
    fn the_list_is_the_available_targets_in_the_old_order(
        old in Just(vec!["a", "b", "c", "d", "e"]).prop_shuffle(),
        kept in 0_usize..6,
        states in prop::collection::vec(prop::sample::select(vec!["available", "creating", "error"]), 5),
    ) {
        let mut scene = world();
        let entries: Vec<_> = old[..kept.min(5)].iter().map(|l| serde_json::json!({
            "mount_target_id": format!("fsmt-{l}"), "ip_address": "10.0.0.1",
            "availability_zone": "z", "subnet_id": "s",
        })).collect();
        scene.published =
            Some(Some(published(6, &serde_json::json!({ "mount_targets": entries }).to_string())));
        let states: BTreeMap<&str, &str> = ["a", "b", "c", "d", "e"].into_iter().zip(states).collect();
        scene.mount_targets = Some(states.iter().map(|(l, state)| {
            let mut target = target(l, 1);
            target.state = (*state).into();
            target
        }).collect());
        let available = |l: &&str| states[*l] == "available";
        let mut wanted: Vec<String> =
            old[..kept.min(5)].iter().copied().filter(available).map(|l| format!("fsmt-{l}")).collect();
        for l in states.keys().copied().filter(available) {
            let id = format!("fsmt-{l}");
            if !wanted.contains(&id) {
                wanted.push(id);
            }
        }
        match plan(&scene, "publish-mount-targets", Intent::Publish) {
            Err(_) => prop_assert!(wanted.is_empty()),
            Ok(plan) => {
                let text = plan.steps[0].request.input["Value"].as_str().unwrap().to_owned();
                let list = miharu::domain::published::PublishedList::parse(&text).unwrap();
                let got: Vec<String> = list.mount_targets.into_iter().map(|e| e.mount_target_id).collect();
                prop_assert_eq!(got, wanted);
            }
        }
    }
}
