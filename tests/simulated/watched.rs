//! The sources of the console on a simulated world: what an operator is told of each scenario.

use miharu::domain::drift::DriftKind;
use miharu::domain::source::{Reading, SourceId};
use miharu::domain::world::World;
use miharu::sources::{Setup, registry};

use super::*;

/// Polls every source once.
async fn watched(stage: &Stage) -> World {
    let setup = Setup { environment: Arc::new(stage.environment.clone()), outside: stage.outside.clone() };
    // The event log and the counters are not of AWS, so the simulated one has none.
    let of_aws: Vec<_> = registry().iter().filter(|(id, _)| *id != SourceId::IMPRESSIONS).collect();
    let mut world = World::new(of_aws.iter().map(|(id, _)| (*id, TimeDelta::seconds(60))));
    for (id, build) in of_aws {
        let mut source = build(&setup).unwrap_or_else(|why| panic!("{id} is off: {why}"));
        let started_at = stage.clock.now();
        let seen = source.observe(started_at).await.unwrap_or_else(|f| panic!("{id}: {}", f.line()));
        assert_eq!(seen.warnings, [], "{id}");
        world.merge(&Reading {
            source: *id,
            started_at,
            at: stage.clock.now(),
            took_ms: 50,
            calls: 1,
            cost_usd: None,
            next_at: stage.clock.now(),
            result: Ok(seen.facts),
            partial: Vec::new(),
            warnings: seen.warnings,
        });
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_quiet_day_is_complete_and_has_no_drift() {
    let stage = Stage::new("calm", 7);
    let world = watched(&stage).await;
    assert_eq!(world.drift(), []);
    let zones = world.zones();
    assert_eq!(zones.len(), 3);
    for zone in &zones {
        assert_eq!((zone.tasks, zone.subnets.len()), (2, 1), "{zone:?}");
        assert!(zone.mount_target.is_some_and(MountTarget::is_available));
        assert!((zone.local_io_ratio.unwrap() - 1.0 / 3.0).abs() < 1e-9);
    }
    assert_eq!(world.probes.len(), 3);
    assert!(world.probes.values().all(|p| p.result.as_ref().is_ok_and(|ms| (0.5..2.0).contains(ms))));
    assert!(world.live_tasks().all(|t| world.list_version(t) == Some(1)));
    let service = world.service.as_ref().unwrap();
    assert_eq!(service.mounts_by, MountsBy::List);
    assert!(world.file_count.as_ref().is_some_and(|c| c.files < stage.environment.files.threshold));
    assert_eq!(world.scalable, Some(None));
    let goals = world.goals();
    for id in ["task-start", "efs-throughput"] {
        assert_eq!(goals.iter().find(|g| g.id == id).unwrap().met, Some(true), "{id}");
    }
    let drawn =
        |namespace, name, statistic| world.metric(namespace, name, statistic).map_or(0, |s| s.points.len());
    for (namespace, name, statistic) in [
        ("AWS/EFS", "PercentIOLimit", "Average"),
        ("AWS/EFS", "TotalIOBytes", "Sum"),
        ("AWS/ECS", "CPUUtilization", "Average"),
        ("AWS/ECS", "MemoryUtilization", "Average"),
    ] {
        assert!(drawn(namespace, name, statistic) >= 30, "{name}: {:?}", world.metrics.keys());
    }
}

#[tokio::test(start_paused = true)]
async fn drift_is_told_in_both_links() {
    let stage = Stage::new("drift", 7);
    let kinds = |world: &World| world.drift().iter().map(|d| d.kind).collect::<Vec<_>>();
    let world = watched(&stage).await;
    assert_eq!(kinds(&world), [DriftKind::Unpublished, DriftKind::TasksOnOldList], "{:?}", world.drift());
    let mut versions: Vec<_> = world.live_tasks().map(|t| world.list_version(t)).collect();
    versions.sort();
    assert_eq!(versions, [Some(1), Some(1), Some(1), Some(1), Some(2), Some(2)]);
    stage.until(400).await;
    let world = watched(&stage).await;
    assert_eq!(kinds(&world), [DriftKind::TasksOnOldList]);
    assert!(
        world.drift()[0].detail.starts_with("6 tasks run by list v1 to v2, now v3"),
        "{:?}",
        world.drift()
    );
}

#[tokio::test(start_paused = true)]
async fn the_zone_without_a_target_shows_as_such() {
    let stage = Stage::new("zone-without-target", 7);
    stage.until(40).await;
    let world = watched(&stage).await;
    assert_eq!(world.service.as_ref().unwrap().mounts_by, MountsBy::Volume);
    let zones = world.zones();
    let zone = zones.iter().find(|z| z.name == "ap-northeast-1d").unwrap();
    assert!(zone.mount_target.is_none() && zone.tasks > 0, "{zone:?}");
    assert_eq!(zone.local_io_ratio, Some(0.0));
    assert!(world.live_tasks().all(|t| world.list_version(t).is_none()), "the list does not route");
}

#[tokio::test(start_paused = true)]
async fn the_storm_shows_as_growth() {
    let stage = Stage::new("file-storm", 7);
    let mut world = watched(&stage).await;
    let before = world.file_count.clone().unwrap().files;
    stage.until(240).await;
    world = watched(&stage).await;
    let after = world.file_count.clone().unwrap();
    assert!(before < 100_000 && after.files > 100_000, "{before} {after:?}");
    assert!(stage.clock.now() - after.at < TimeDelta::seconds(80), "counted within the minute");
}
