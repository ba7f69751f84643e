//! Invariants of the world itself, over many seeds; behaviour through the ports is in `tests/simulated.rs`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;

use super::ecs::Status;
use super::efs::TargetState;
use super::scenario::{Deed, Happening, Scenario};
use super::seeded::dice;
use super::world::World;
use crate::domain::alarm::AlarmState;

fn origin() -> DateTime<Utc> {
    "2026-11-20T14:02:13.250Z".parse().unwrap()
}

fn scenario(text: &str) -> Scenario {
    Scenario::parse("test", "test.toml", &format!("title = 't'\ndescription = 'd'\n{text}")).unwrap()
}

/// A scenario of things that people do at times of their own.
fn anything(seed: u64, deeds: &[fn(u64) -> Deed]) -> Scenario {
    let mounts = if seed.is_multiple_of(2) { "list" } else { "volume" };
    let tasks = seed % 13;
    let minimum = [0, 50, 100][usize::try_from(seed % 3).unwrap()];
    let maximum = [150, 200, 400][usize::try_from(seed % 5 % 3).unwrap()];
    let mut scenario = scenario(&format!(
        "[world]\nmounts_by = '{mounts}'\ntasks = {tasks}\nminimum_healthy_percent = {minimum}\n\
         maximum_percent = {maximum}\nsubnets_a_zone = {}\nlambda = true\n\
         [[load]]\nat = '0s'\nfiles_per_s = 20\nops_per_s = 1500",
        1 + seed % 2
    ));
    let mut rng = dice(seed, "test", 0);
    for _ in 0..12 {
        let deed = deeds[rng.random_range(0..deeds.len())](rng.random());
        let after = TimeDelta::milliseconds(rng.random_range(0..1_500_000));
        scenario.happenings.push(Happening { after, deed });
    }
    scenario
}

fn zone(n: u64) -> String {
    format!("ap-northeast-1{}", ["a", "c", "d"][usize::try_from(n % 3).unwrap()])
}

const TARGETS: &[fn(u64) -> Deed] = &[
    |n| Deed::CreateMountTarget { zone: zone(n) },
    |n| Deed::DeleteMountTarget { zone: zone(n) },
    |_| Deed::PutList { value: None },
];
const ROLLOUTS: &[fn(u64) -> Deed] =
    &[|_| Deed::ForceDeployment, |_| Deed::DeployBadImage { exit_code: 1 }, |_| Deed::ForceDeployment];
const CRASHES: &[fn(u64) -> Deed] = &[
    |n| Deed::StopTask { tasks: u32::try_from(n % 3).unwrap(), exit_code: 137, reason: "OOM".into() },
    |_| Deed::PutList { value: Some("not json".into()) },
];
const SCALING: &[fn(u64) -> Deed] = &[
    |n| Deed::UpdateService { tasks: Some(u32::try_from(n % 20).unwrap()), zones: None },
    |n| Deed::UpdateService { tasks: None, zones: Some(vec![zone(n), zone(n / 3)]) },
];

/// Looks at a world every few seconds for half an hour.
fn watch(scenario: &Scenario, seed: u64, mut look: impl FnMut(&World, DateTime<Utc>)) {
    let mut world = World::new(scenario, seed, origin(), 1.0);
    let mut now = origin();
    while now < origin() + TimeDelta::minutes(30) {
        look(&world, now);
        now += TimeDelta::milliseconds(2_700);
        world.advance(now);
    }
}

#[test]
fn a_zone_never_has_two_targets_and_an_address_never_two_owners() {
    for seed in 0..60 {
        let scenario = anything(seed, &[TARGETS, ROLLOUTS, CRASHES, SCALING].concat());
        let mut seen_creating = false;
        watch(&scenario, seed, |world, now| {
            let zones: BTreeSet<&str> = world.efs.targets.iter().map(|t| t.zone.as_str()).collect();
            assert_eq!(zones.len(), world.efs.targets.len(), "seed {seed} at {now}");
            seen_creating |= world.efs.targets.iter().any(|t| t.state == TargetState::Creating);
            let targets = world.efs.targets.iter().map(|t| t.address.as_str());
            let tasks = world.ecs.tasks.iter().filter(|t| t.status != Status::Stopped);
            let owners: Vec<&str> = targets.chain(tasks.map(|t| t.address.as_str())).collect();
            let addresses: BTreeSet<&str> = owners.iter().copied().collect();
            assert_eq!(addresses.len(), owners.len(), "seed {seed} at {now}");
            let free: u32 = world.network.subnets().iter().filter_map(|s| s.free_addresses).sum();
            let subnets = u32::try_from(world.network.subnets().len()).unwrap();
            assert_eq!(free, subnets * 251 - u32::try_from(owners.len()).unwrap(), "seed {seed} at {now}");
        });
        let creates = scenario.happenings.iter().any(|h| matches!(h.deed, Deed::DeleteMountTarget { .. }))
            && scenario.happenings.iter().any(|h| matches!(h.deed, Deed::CreateMountTarget { .. }));
        assert!(creates || !seen_creating, "seed {seed}");
    }
}

#[test]
fn a_task_only_goes_forward_and_a_stopped_one_never_runs_again() {
    for seed in 0..60 {
        let scenario = anything(seed, &[TARGETS, ROLLOUTS, CRASHES, SCALING].concat());
        let mut lives: BTreeMap<String, (Status, bool)> = BTreeMap::new();
        watch(&scenario, seed, |world, now| {
            for task in &world.ecs.tasks {
                let life = (task.status, task.is_wanted());
                let before = lives.insert(task.id.clone(), life).unwrap_or((Status::Provisioning, true));
                assert!(before.0 <= life.0, "seed {seed} at {now}: {before:?} {life:?}");
                assert!(before.1 || !life.1, "seed {seed} at {now}: wanted again");
                assert_eq!(task.status == Status::Stopped, task.stopped_at.is_some());
                assert!(task.started_at.is_none_or(|at| at > task.created_at));
                assert!(task.stopped_at.is_none_or(|at| at + TimeDelta::hours(1) >= now), "listed too long");
            }
        });
        assert!(!lives.is_empty() || seed % 13 == 0, "seed {seed}");
    }
}

#[test]
fn a_rollout_stays_within_its_percents() {
    for seed in 0..100 {
        let scenario = anything(seed, ROLLOUTS);
        let settings = &scenario.world;
        let desired = settings.tasks as usize;
        let ceiling = (desired * settings.maximum_percent as usize / 100).max(1);
        let floor = (desired * settings.minimum_healthy_percent as usize).div_ceil(100);
        watch(&scenario, seed, |world, now| {
            let wanted = world.ecs.tasks.iter().filter(|t| t.is_wanted()).count();
            let running = world.ecs.tasks.iter().filter(|t| t.is_running()).count();
            assert!(wanted <= ceiling, "seed {seed} at {now}: {wanted} of at most {ceiling}");
            assert!(running >= floor, "seed {seed} at {now}: {running} of at least {floor}");
        });
    }
}

#[test]
fn the_service_comes_to_rest_with_the_desired_tasks() {
    for seed in 0..60 {
        let mut scenario = anything(seed, &[ROLLOUTS, CRASHES, &SCALING[..1]].concat());
        // Without tasks a bad image goes unnoticed, and there is nothing good to come back to.
        scenario.world.tasks = scenario.world.tasks.max(1);
        // With 100 and 150 per cent a single task can never be replaced, as in ECS.
        scenario.world.maximum_percent = scenario.world.maximum_percent.max(200);
        scenario.happenings.retain(|h| !matches!(h.deed, Deed::UpdateService { tasks: Some(0), .. }));
        let mut world = World::new(&scenario, seed, origin(), 1.0);
        world.advance(origin() + TimeDelta::minutes(60));
        let service = world.service().unwrap();
        assert!(service.steady(), "seed {seed}: {service:#?}");
        assert_eq!(service.primary().unwrap().status, "PRIMARY");
        let spread: Vec<usize> = scenario
            .world
            .zones
            .iter()
            .map(|z| world.ecs.tasks.iter().filter(|t| t.is_running() && t.zone == *z).count())
            .collect();
        assert_eq!(spread.iter().sum::<usize>(), service.desired as usize, "seed {seed}");
    }
}

#[test]
fn the_world_is_the_same_however_often_it_is_looked_at() {
    for seed in 0..12 {
        let scenario = anything(seed, &[TARGETS, ROLLOUTS, CRASHES, SCALING].concat());
        let end = origin() + TimeDelta::minutes(30);
        let at_end = |step: TimeDelta| {
            let mut world = World::new(&scenario, seed, origin(), 1.0);
            let mut now = origin();
            while now < end {
                now = (now + step).min(end);
                world.advance(now);
            }
            format!("{world:?}")
        };
        let once = at_end(TimeDelta::hours(1));
        assert!(once == at_end(TimeDelta::seconds(1)), "seed {seed}: every second");
        assert!(once == at_end(TimeDelta::minutes(1)), "seed {seed}: every minute");
        assert!(once == at_end(TimeDelta::milliseconds(777)), "seed {seed}: at odd times");
        let mut other = World::new(&scenario, seed + 1000, origin(), 1.0);
        other.advance(end);
        assert!(once != format!("{other:?}"), "seed {seed}: another seed is another world");
    }
}

#[test]
fn load_runs_in_real_time_and_aws_on_the_clock() {
    let scenario = scenario(
        "[world]\nfiles = 1000\n[[load]]\nat = '0s'\nfiles_per_s = 10\nops_per_s = 100\n[[at]]\nafter = '30s'\ndo = 'put-list'",
    );
    for speed in [1, 10] {
        let mut world = World::new(&scenario, 1, origin(), f64::from(speed));
        let real_minute = TimeDelta::minutes(1) * speed;
        assert_eq!(world.load.files(origin() + real_minute), 1600, "{speed}");
        world.advance(origin() + real_minute / 2 - TimeDelta::seconds(1));
        assert_eq!(world.parameters.history(super::PARAMETER).len(), 1);
        world.advance(origin() + real_minute / 2);
        assert_eq!(world.parameters.history(super::PARAMETER).len(), 2);
    }
}

#[test]
fn io_through_the_list_and_metrics_add_up() {
    let scenario = scenario("[[load]]\nat = '0s'\nops_per_s = 600");
    let world = World::new(&scenario, 3, origin(), 1.0);
    let (from, to) = (origin() - TimeDelta::minutes(30), origin() - TimeDelta::minutes(10));
    let sum = |name: &str| {
        let key = world.metric_key("AWS/EFS", name, "Sum");
        world.points(&key, 60, from, to)
    };
    let total = sum("TotalIOBytes");
    assert_eq!(total.len(), 20);
    for (i, (at, bytes)) in total.iter().enumerate() {
        let parts: f64 =
            ["DataReadIOBytes", "DataWriteIOBytes", "MetadataIOBytes"].iter().map(|n| sum(n)[i].1).sum();
        assert!((bytes - parts).abs() <= 2.0, "{at}: {bytes} {parts}");
    }
    // Six tasks, three published targets.
    assert!(sum("ClientConnections").iter().all(|(_, v)| (v - 18.0).abs() < f64::EPSILON));
    let five = world.points(&world.metric_key("AWS/EFS", "TotalIOBytes", "Sum"), 300, from, to);
    assert!(five.iter().all(|(at, _)| at.timestamp() % 300 == 0));
}

#[test]
fn a_full_burst_balance_stays_full_and_an_empty_one_throttles() {
    let settings = |credits: &str| {
        scenario(&format!(
            "[world]\nburst_credits_gib = {credits}\ntask_ops_per_s = 50000\ntarget_ops_per_s = 500000\n\
             [[load]]\nat = '0s'\nops_per_s = 20000"
        ))
    };
    let permitted = |scenario: &Scenario| {
        let world = World::new(scenario, 3, origin(), 1.0);
        let key = world.metric_key("AWS/EFS", "PermittedThroughput", "Average");
        world.points(&key, 60, origin() - TimeDelta::minutes(10), origin()).last().unwrap().1
    };
    assert!((permitted(&settings("2000")) - 104_857_600.0).abs() < 1.0);
    assert!((permitted(&settings("1")) - 1_048_576.0).abs() < 1.0);
}

#[test]
fn an_alarm_has_too_little_data_before_the_first_tasks_run() {
    let scenario = scenario("[world]\nlambda = true\n[[load]]\nat = '0s'\nops_per_s = 100");
    let states = |tasks: u32| {
        let mut scenario = scenario.clone();
        scenario.world.tasks = tasks;
        let world = World::new(&scenario, 3, origin(), 1.0);
        let alarms = world.describe_alarms();
        let cpu = alarms.into_iter().find(|a| a.name.contains("cpu")).unwrap();
        (cpu.state, cpu.reason)
    };
    assert_eq!(states(6).0, AlarmState::Ok);
    assert_eq!(states(0), (AlarmState::InsufficientData, "Unchecked: Initial alarm creation".to_owned()));
}
