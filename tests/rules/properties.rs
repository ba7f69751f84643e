//! Properties of every rule over random worlds: inside limits, monotone in load, steady inside the dead band, the
//! same answer to the same question.

use miharu::domain::ecs::MountsBy;
use miharu::domain::recommendation::{Intent, Severity};
use miharu::domain::scalable::ScalableTarget;
use miharu::domain::source::SourceId;
use proptest::prelude::*;

use super::stage::{Stage, list, published, subnet, target};

const ZONES: [&str; 4] = ["1a", "1b", "1c", "1d"];

prop_compose! {
    fn worlds()(
        tasks in 0u32..60,
        running in 0u32..60,
        (min, max) in (1u32..10, 10u32..60),
        (cpu, memory) in (0.0..200.0, 0.0..200.0),
        missing in 0u8..8,
        files in prop_oneof![0u64..99_000, 99_990u64..100_010, 100_000u64..2_000_000],
        taken in prop::collection::vec(any::<bool>(), 4),
        listed in prop::collection::vec(any::<bool>(), 4),
        by in prop_oneof![Just(MountsBy::List), Just(MountsBy::Volume), Just(MountsBy::Unknown)],
        scalable in prop::option::of((1u32..20, 20u32..40, any::<bool>())),
        (io, permitted) in (0.0..100.0, 1e6..3e8),
        one_zone in prop::bool::weighted(0.1),
        stale in prop::option::weighted(0.2, 0usize..8),
    ) -> Stage {
        let mut stage = Stage::new();
        stage.policy.disabled_rules.clear();
        (stage.policy.min_tasks, stage.policy.max_tasks) = (min, max);
        stage.load(cpu, memory);
        if missing == 1 { stage.no_metric("CPUUtilization"); }
        if missing == 2 { stage.no_metric("MemoryUtilization"); }
        stage.metric("AWS/EFS", "PercentIOLimit", "Average", "Percent", &[io; 5]);
        stage.metric("AWS/EFS", "PermittedThroughput", "Average", "Bytes/Second", &[permitted; 5]);
        stage.files(files);
        let chosen = |which: &[bool]| ZONES.iter().zip(which).filter(|(_, yes)| **yes).map(|(z, _)| *z).collect::<Vec<_>>();
        stage.world.mount_targets = Some(chosen(&taken).into_iter().map(|z| target(z, "available")).collect());
        stage.world.subnets = Some(ZONES.iter().map(|z| subnet(z, z)).collect());
        stage.world.published = Some(Some(published(&[(-9000, &list(&chosen(&listed)))])));
        stage.world.scalable = Some(scalable.map(|(min, max, suspended)| ScalableTarget { resource_id: "r".into(), min, max, suspended }));
        if one_zone { stage.world.file_system.as_mut().unwrap().one_zone = Some("ap-northeast-1a".into()); }
        let service = stage.service();
        (service.desired, service.running, service.mounts_by) = (tasks, running, by);
        if let Some(n) = stale {
            let source: SourceId = *stage.world.sources.keys().nth(n).unwrap();
            stage.stale(source);
        }
        stage
    }
}

/// Tasks that the evaluation leads to.
fn leads_to(stage: &Stage) -> u32 {
    let now = stage.world.service.as_ref().unwrap().desired;
    let all = stage.evaluate().recommendations;
    let to = all.iter().find_map(|r| match r.intent {
        Intent::Scale { desired } => Some(desired),
        Intent::ScaleBounds { min, .. } => Some(min),
        _ => None,
    });
    to.unwrap_or(now)
}

proptest! {
    #[test]
    fn inside_limits_and_the_same_every_time(stage in worlds()) {
        let all = stage.evaluate();
        prop_assert_eq!(&all, &stage.evaluate());
        let now = stage.world.service.as_ref().unwrap().desired;
        let zones_before: Vec<String> =
            stage.world.mount_targets.iter().flatten().filter_map(|t| t.availability_zone.clone()).collect();
        prop_assert!(all.recommendations.is_sorted_by_key(|r| std::cmp::Reverse(r.severity)));
        let mut ids: Vec<&str> = all.recommendations.iter().map(|r| r.id.as_str()).collect();
        ids.sort_unstable();
        prop_assert!(ids.windows(2).all(|w| w[0] != w[1]), "{:?}", ids);
        for rec in &all.recommendations {
            prop_assert!(!rec.reason.is_empty() && !rec.title.is_empty() && !rec.effect.is_empty() && !rec.risk.is_empty());
            prop_assert!(!rec.evidence.is_empty() && !rec.rollback.is_empty(), "{}", rec.id);
            prop_assert!(rec.id.starts_with(&rec.rule));
            prop_assert_eq!(rec.change.is_none(), rec.intent == Intent::Advice, "{}", &rec.id);
            prop_assert!(rec.change.is_some() || !rec.auto_allowed);
            prop_assert!(rec.change.is_some() || rec.severity == Severity::Low || !rec.blocked_by.is_empty());
            match &rec.intent {
                Intent::Scale { desired } if rec.rule == "scale-out-service" => {
                    prop_assert!(*desired > now && *desired <= stage.policy.max_tasks);
                    prop_assert!(*desired - now <= (now / 4).max(1));
                }
                Intent::Scale { desired } => {
                    prop_assert!(*desired + 1 == now && *desired >= stage.policy.min_tasks);
                }
                Intent::ScaleBounds { min, max } => {
                    prop_assert!(min <= max && *min >= 1 && *min <= stage.policy.max_tasks);
                }
                Intent::AddMountTarget { zone, security_groups, .. } => {
                    prop_assert!(!zones_before.contains(zone) && !security_groups.is_empty());
                    prop_assert!(stage.world.file_system.as_ref().unwrap().one_zone.is_none());
                }
                Intent::RemoveMountTarget { mount_target_id } => {
                    prop_assert!(zones_before.len() >= 2 && !rec.reversible && !rec.auto_allowed);
                    let there = stage.world.mount_targets.iter().flatten().any(|t| t.mount_target_id == *mount_target_id);
                    prop_assert!(there);
                }
                _ => {}
            }
        }
        let adds = all.recommendations.iter().any(|r| r.rule == "scale-out-service");
        let takes = all.recommendations.iter().any(|r| r.rule == "scale-in-service");
        prop_assert!(!(adds && takes), "both ways at once");
    }

    #[test]
    fn more_load_never_means_fewer_tasks(stage in worlds(), more in 0.0..100.0, which in any::<bool>()) {
        let mut busier = stage.clone();
        for series in busier.world.metrics.values_mut() {
            if series.key.namespace == "AWS/ECS" && (series.key.name == "CPUUtilization") == which {
                series.points.iter_mut().for_each(|(_, v)| *v += more);
            }
        }
        prop_assert!(leads_to(&busier) >= leads_to(&stage), "{} {}", leads_to(&busier), leads_to(&stage));
        prop_assert!(busier.evaluate().desired >= stage.evaluate().desired);
    }

    #[test]
    fn more_files_never_take_a_recommended_target_away(stage in worlds(), more in 1u64..1_000_000) {
        let added = |s: &Stage| s.ids().into_iter().filter(|id| id.starts_with("add-mount-target")).count();
        let mut fuller = stage.clone();
        let files = stage.world.file_count.as_ref().unwrap().files;
        fuller.files(files + more);
        prop_assert!(added(&fuller) >= added(&stage));
        let removes = |s: &Stage| s.ids().into_iter().any(|id| id.starts_with("remove-mount-target"));
        prop_assert!(removes(&stage) || !removes(&fuller));
    }

    #[test]
    fn inside_the_dead_band_nothing_moves(
        stage in worlds(),
        (cpu, memory) in (54.1..65.9, 63.1..76.9),
        tasks in 10u32..50,
    ) {
        let mut stage = stage;
        stage.tasks(tasks);
        stage.load(cpu, memory);
        prop_assert_eq!(leads_to(&stage), tasks);
    }

    /// The load stays, the tasks change as recommended: it settles, and no step is ever taken back.
    #[test]
    fn steps_settle_and_are_never_taken_back(start in 1u32..40, work in 1.0..2_000.0) {
        let mut stage = Stage::new();
        let mut tasks = start;
        let mut went: Option<bool> = None;
        for _ in 0..100 {
            stage.tasks(tasks);
            stage.load(work / f64::from(tasks), work / f64::from(tasks));
            let to = leads_to(&stage);
            if to == tasks {
                return Ok(());
            }
            prop_assert!(went.is_none_or(|up| up == (to > tasks)), "turned at {} with {}", tasks, work);
            went = Some(to > tasks);
            tasks = to;
        }
        prop_assert!(false, "does not settle");
    }
}
