//! Taking a plan back.

use miharu::domain::planner::rollback;
use miharu::domain::policy::Policy;
use miharu::domain::recommendation::Intent;
use miharu::domain::request::Operation;
use miharu::domain::world::World;

use super::scene::{OLD, add, added, input, operations, plan, published, target, world};

#[test]
fn taking_back_starts_from_the_world_as_it_is() {
    let plan = plan(&world(), "add-mount-target", add(true)).unwrap();
    let policy = Policy::default();
    let take = |world: &World| input(world, &policy, |i| rollback(i, &plan, "c-2".into()));

    let whole = take(&added()).unwrap();
    assert_eq!(operations(&whole), ["PutParameter", "UpdateService"]);
    assert_eq!(whole.steps[0].request.input["Value"], OLD);
    assert_eq!(
        (whole.fingerprint.parameter_version, whole.fingerprint.primary_deployment),
        (Some(7), Some("ecs-svc/2".into()))
    );
    assert_eq!((whole.change.as_str(), whole.rollback), ("c-2", None));

    let mut created_only = world();
    created_only.mount_targets.as_mut().unwrap().push(target("d", 3));
    assert!(take(&created_only).unwrap_err().contains("nothing of c-1 is left"));

    let mut restored = added();
    restored.published = Some(Some(published(8, OLD)));
    assert_eq!(operations(&take(&restored).unwrap()), ["UpdateService"], "the restart is still due");

    let mut foreign = added();
    foreign.published = Some(Some(published(8, r#"{"mount_targets": []}"#)));
    assert!(take(&foreign).unwrap_err().contains("overwrite version 8"));

    let mut gone = added();
    gone.mount_targets.as_mut().unwrap().remove(0);
    assert!(take(&gone).unwrap_err().contains("names fsmt-a"));
}

#[test]
fn a_count_that_somebody_else_set_is_not_taken_back() {
    let plan = plan(&world(), "scale-out-service", Intent::Scale { desired: 3 }).unwrap();
    let policy = Policy::default();
    let with = |desired| {
        let mut world = world();
        world.service.as_mut().unwrap().desired = desired;
        input(&world, &policy, |i| rollback(i, &plan, "c-2".into()))
    };
    let Operation::UpdateDesiredCount { desired_count, .. } = with(3).unwrap().steps[0].operation else {
        panic!()
    };
    assert_eq!(desired_count, 2);
    assert!(with(2).unwrap_err().contains("nothing"));
    assert!(with(7).unwrap_err().contains("somebody"));
}
