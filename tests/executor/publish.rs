//! A count of this machine, published for others.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::aws::{CloudWatch, MetricQuery, Ssm};
use miharu::config::model::Environment;
use miharu::domain::count::{CountSource, FileCount};
use miharu::domain::identity::Identity;
use miharu::domain::journal::EntryKind;
use miharu::domain::metric::MetricKey;
use miharu::domain::policy::{FreezeWindow, Policy};
use miharu::domain::publication::{Ended, Publication};
use miharu::domain::world::World;
use miharu::engine::executor::Executor;
use miharu::simulated::Mishap;

use super::stage::{DUE, Stage, silent};

const CACHE: &str = "/efs-mount-autoscaling/file-count";

/// A stage whose environment publishes.
fn publishing() -> Stage {
    let mut stage = Stage::new(DUE, 1);
    let mut environment = Environment::clone(&stage.environment);
    environment.files.publish_metric = true;
    environment.files.publish_cache = true;
    environment.files.cache_parameter = Some(CACHE.into());
    stage.environment = Arc::new(environment);
    stage
}

/// A world with a count of that moment.
fn counted(files: u64, source: CountSource, at: DateTime<Utc>) -> World {
    let count = FileCount {
        files,
        directories: None,
        recursive: Some(true),
        took_ms: None,
        source,
        at,
        largest: Vec::new(),
        calls: None,
    };
    World { file_count: Some(count), ..World::default() }
}

async fn publish(executor: &Executor, world: &World) -> Option<String> {
    let count = executor.to_publish(world).unwrap();
    executor.publish(&count, world, &[], "op", &silent).await
}

fn notes(stage: &Stage) -> Vec<Publication> {
    let entries = stage.journal.entries.lock().unwrap();
    assert!(entries.iter().all(|e| e.event == EntryKind::Note && e.change.is_none()), "{entries:?}");
    entries.iter().map(|e| Publication::noted(e).unwrap()).collect()
}

fn sent(stage: &Stage) -> Vec<&'static str> {
    stage.simulated.truth().received.iter().map(|r| r.operation.api().1).collect()
}

#[tokio::test(start_paused = true)]
async fn a_count_is_written_down_published_once_and_read_by_others() {
    let stage = publishing();
    let (executor, at) = (stage.executor("a"), stage.clock.now());
    let world = counted(131_402, CountSource::Path, at);
    assert_eq!(publish(&executor, &world).await, None);
    assert_eq!(sent(&stage), ["PutMetricData", "PutParameter"]);
    let notes = notes(&stage);
    assert_eq!((notes.len(), notes[0].requests.len()), (2, 2));
    assert!(notes[0].ended.is_empty(), "written down before it was sent");
    assert_eq!(notes[1].ended, [Ended::Done, Ended::Done]);
    let cached = stage.simulated.parameter(CACHE).await.unwrap().value;
    let told = at.format("%Y-%m-%dT%H:%M:%S");
    assert_eq!(cached, format!(r#"{{"file_count":131402,"timestamp":"{told}"}}"#));
    let key = MetricKey {
        namespace: "EFSMountAutoscaling".into(),
        name: "FileCount".into(),
        statistic: "Maximum".into(),
        dimensions: [].into(),
    };
    let (queries, later) = ([MetricQuery { key, period_s: 60 }], at + TimeDelta::minutes(5));
    let page = stage.simulated.metric_data(&queries, at - TimeDelta::minutes(5), later, None).await.unwrap();
    let values: Vec<f64> = page.items.iter().flat_map(|p| p.points.iter().map(|(_, v)| *v)).collect();
    assert!(values.contains(&131_402.0), "{values:?}");

    // Never twice for one count, and a new one only when it is time.
    stage.clock.sleep(Duration::from_secs(600)).await;
    assert_eq!(executor.to_publish(&world), None);
    let next = counted(131_500, CountSource::Path, stage.clock.now());
    assert_eq!(publish(&executor, &next).await, None);
    stage.clock.sleep(Duration::from_secs(299)).await;
    let soon = counted(131_600, CountSource::Path, stage.clock.now());
    assert_eq!(executor.to_publish(&soon), None);
    stage.clock.sleep(Duration::from_secs(1)).await;
    assert!(executor.to_publish(&soon).is_some());
    assert_eq!(sent(&stage).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_others_counted_and_what_nobody_asked_for_is_not_published() {
    let stage = publishing();
    let now = stage.clock.now();
    let own = counted(1, CountSource::Path, now);
    for source in [CountSource::Cloudwatch, CountSource::Ssm, CountSource::Logs] {
        assert_eq!(stage.executor("a").to_publish(&counted(1, source, now)), None);
    }
    assert_eq!(stage.executor_with("a", None).to_publish(&own), None, "read-only");
    assert_eq!(Stage::new(DUE, 1).executor("a").to_publish(&own), None, "off by default");
    let mut half = publishing();
    let mut environment = Environment::clone(&half.environment);
    environment.files.publish_metric = false;
    half.environment = Arc::new(environment);
    assert_eq!(publish(&half.executor("a"), &own).await, None);
    assert_eq!(sent(&half), ["PutParameter"]);
}

#[tokio::test(start_paused = true)]
async fn consoles_on_one_journal_share_the_pace() {
    let stage = publishing();
    let (a, b) = (stage.executor("a"), stage.executor("b"));
    let world = counted(7, CountSource::Path, stage.clock.now());
    assert_eq!(publish(&a, &world).await, None);
    stage.clock.sleep(Duration::from_secs(60)).await;
    let next = counted(8, CountSource::Path, stage.clock.now());
    assert_eq!(publish(&b, &next).await, None);
    assert_eq!((sent(&stage).len(), notes(&stage).len()), (2, 2), "the other one is asked later");
    assert_eq!(b.to_publish(&next), None, "and not before");
    stage.clock.sleep(Duration::from_secs(240)).await;
    assert_eq!(publish(&b, &next).await, None);
    assert_eq!(sent(&stage).len(), 4);
}

#[tokio::test(start_paused = true)]
async fn at_the_same_moment_only_one_of_them_sends() {
    let stage = publishing();
    let (a, b) = (stage.executor("a"), stage.executor("b"));
    let world = counted(7, CountSource::Path, stage.clock.now());
    tokio::join!(publish(&a, &world), publish(&b, &world));
    assert_eq!(sent(&stage), ["PutMetricData", "PutParameter"]);
    let skipped =
        notes(&stage).into_iter().flat_map(|n| n.ended).filter(|e| matches!(e, Ended::Skipped { .. }));
    assert!([0, 2].contains(&skipped.count()), "{:?}", notes(&stage));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_account_a_freeze_and_the_former_function_hold_it_back() {
    let mut stage = publishing();
    stage.policy = Arc::new(Policy { expected_account: Some("123456789012".into()), ..Policy::default() });
    let mut world = counted(7, CountSource::Path, stage.clock.now());
    let identity =
        |account: &str| Identity { account: account.into(), arn: "arn".into(), region: "r".into() };
    for known in [None, Some(identity("210987654321"))] {
        world.identity = known;
        assert_eq!(publish(&stage.executor("a"), &world).await, None);
    }
    assert_eq!((sent(&stage).len(), notes(&stage).len()), (0, 0), "nothing is written of what is not begun");
    world.identity = Some(identity("123456789012"));
    assert_eq!(publish(&stage.executor("a"), &world).await, None);
    assert_eq!(sent(&stage).len(), 2);

    let mut frozen = publishing();
    let (from, to) = ("00:00:00".parse().unwrap(), "23:59:59".parse().unwrap());
    let freeze = vec![FreezeWindow { days: vec![], from, to }];
    frozen.policy = Arc::new(Policy { freeze, ..Policy::default() });
    assert_eq!(publish(&frozen.executor("a"), &world).await, None);
    assert_eq!(sent(&frozen).len(), 0);

    let lambda = publishing_beside_the_function();
    let mut world = lambda.observe().await;
    world.file_count = counted(7, CountSource::Path, lambda.clock.now()).file_count;
    assert_eq!(publish(&lambda.executor("a"), &world).await, None);
    assert_eq!(sent(&lambda).len(), 0);
}

fn publishing_beside_the_function() -> Stage {
    let stage = Stage::new(&DUE.replace("tasks = 3", "tasks = 3\nlambda = true"), 1);
    Stage { environment: publishing().environment, ..stage }
}

#[tokio::test(start_paused = true)]
async fn what_went_wrong_is_written_down_and_not_tried_again() {
    for (mishap, unknown) in [(Mishap::LoseAnswer, true), (Mishap::Deny, false)] {
        let stage = publishing();
        stage.simulated.goes_wrong(Some("PutMetricData"), mishap);
        let executor = stage.executor("a");
        let world = counted(7, CountSource::Path, stage.clock.now());
        let trouble = publish(&executor, &world).await.unwrap();
        assert!(trouble.starts_with("the count of files was not published: "), "{trouble}");
        let ended = notes(&stage).pop().unwrap().ended;
        assert_eq!(matches!(ended[0], Ended::Unknown { .. }), unknown, "{ended:?}");
        assert_eq!(matches!(ended[0], Ended::Refused { .. }), !unknown, "{ended:?}");
        assert_eq!(ended[1], Ended::Done, "one does not hinder the other");
        stage.clock.sleep(Duration::from_secs(600)).await;
        assert_eq!(executor.to_publish(&world), None, "never twice for one count");
    }
}
