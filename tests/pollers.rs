//! Pollers under paused time: periods, deadlines, back-off without end, recovery, freshness.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use miharu::app::event::Event;
use miharu::clock::Clock;
use miharu::domain::facts::Facts;
use miharu::domain::freshness::Freshness;
use miharu::domain::identity::Identity;
use miharu::domain::price::PriceList;
use miharu::domain::source::{Failure, FailureClass, Reading, SourceId};
use miharu::domain::world::World;
use miharu::engine::poller::Poller;
use miharu::engine::tasks::Tasks;
use miharu::sources::{Observation, Source};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::sync::{Notify, mpsc, watch};

/// What the source does at each poll; the last entry repeats.
#[derive(Clone, Copy, Debug)]
enum Act {
    Answer,
    Fail(FailureClass),
    Hang,
    Panic,
}

struct Scripted {
    script: VecDeque<Act>,
    polls: Arc<Mutex<Vec<DateTime<Utc>>>>,
}

#[async_trait]
impl Source for Scripted {
    fn id(&self) -> SourceId {
        SourceId::IDENTITY
    }
    fn period(&self) -> Duration {
        Duration::from_secs(10)
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(20)
    }
    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure> {
        self.polls.lock().unwrap().push(now);
        let act = if self.script.len() > 1 { self.script.pop_front().unwrap() } else { self.script[0] };
        match act {
            Act::Answer => {
                Ok(Facts::Identity(Identity { account: "1".into(), arn: "arn".into(), region: "r".into() })
                    .into())
            }
            Act::Fail(class) => Err(Failure::new(class, "as scripted")),
            Act::Hang => std::future::pending().await,
            Act::Panic => panic!("scripted panic"),
        }
    }
}

struct Run {
    inbox: mpsc::Receiver<Event>,
    polls: Arc<Mutex<Vec<DateTime<Utc>>>>,
    nudge: Arc<Notify>,
    focus: watch::Sender<usize>,
    tasks: Tasks,
    clock: Clock,
}

fn epoch() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

fn start(script: &[Act], environment: usize, speed: f64) -> Run {
    let (sender, inbox) = mpsc::channel::<Event>(1024);
    let (focus, focused) = watch::channel(0);
    let run = Run {
        inbox,
        polls: Arc::default(),
        nudge: Arc::default(),
        focus,
        tasks: Tasks::new(sender),
        clock: Clock::virtual_from(epoch(), speed),
    };
    let poller = Poller {
        environment,
        source: Box::new(Scripted {
            script: script.iter().copied().collect(),
            polls: Arc::clone(&run.polls),
        }),
        clock: run.clock.clone(),
        prices: Arc::new(PriceList::default()),
        nudge: Arc::clone(&run.nudge),
        focus: focused,
        tasks: run.tasks.clone(),
    };
    run.tasks.spawn("poller", poller.run(ChaCha8Rng::seed_from_u64(7)));
    run
}

impl Run {
    fn starts(&self) -> Vec<i64> {
        self.polls.lock().unwrap().iter().map(|at| (*at - epoch()).num_milliseconds()).collect()
    }

    fn readings(&mut self) -> Vec<Reading> {
        let mut out = Vec::new();
        while let Ok(event) = self.inbox.try_recv() {
            if let Event::Observed { reading, .. } = event {
                out.push(*reading);
            }
        }
        out
    }

    async fn end(self) {
        self.tasks.cancel();
        tokio::time::timeout(Duration::from_secs(5), self.tasks.ended())
            .await
            .expect("tasks end when cancelled");
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_poll_is_at_once_and_periods_count_from_start_to_start() {
    let run = start(&[Act::Answer], 0, 1.0);
    pass(31).await;
    let starts = run.starts();
    assert_eq!(starts.len(), 4, "{starts:?}");
    for (i, at) in (0..).zip(&starts) {
        assert!((at - i * 10_000).abs() < 100, "{starts:?}");
    }
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_virtual_clock_scales_the_period() {
    let run = start(&[Act::Answer], 0, 10.0);
    tokio::time::sleep(Duration::from_millis(3500)).await; // 35 s of the environment
    assert_eq!(run.starts().len(), 3 + 1);
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hanging_answer_ends_at_the_deadline_and_the_next_poll_comes() {
    let mut run = start(&[Act::Hang, Act::Answer], 0, 1.0);
    pass(60).await;
    let readings = run.readings();
    let failure = readings[0].result.as_ref().unwrap_err();
    assert_eq!(failure.class, FailureClass::Timeout);
    assert!(failure.text.contains("20s"), "{}", failure.text);
    assert_eq!(readings[0].at - readings[0].started_at, TimeDelta::seconds(20));
    assert!(readings[1].result.is_ok());
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn failures_back_off_but_never_end_and_a_success_returns_to_the_period() {
    let mut script = vec![Act::Fail(FailureClass::Server); 8];
    script.push(Act::Answer);
    let run = start(&script, 0, 1.0);
    pass(3600).await;
    let starts = run.starts();
    let gaps: Vec<i64> = starts.windows(2).map(|w| w[1] - w[0]).collect();
    for (gap, nominal) in gaps.iter().zip([5, 10, 20, 40, 60, 60, 60, 60]) {
        assert!((nominal * 890..=nominal * 1110).contains(gap), "{gaps:?}");
    }
    assert!(gaps[8..].iter().all(|g| (9_900..=10_100).contains(g)), "{gaps:?}");
    assert!(starts.len() > 300, "it goes on for as long as miharu runs: {}", starts.len());
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_throttle_is_answered_with_fewer_calls() {
    let run = start(&[Act::Fail(FailureClass::Throttled)], 0, 1.0);
    pass(125).await;
    assert_eq!(run.starts().len(), 3, "{:?}", run.starts());
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_value_ages_through_late_and_stale_while_polls_fail_and_is_fresh_again_after() {
    let mut script = vec![Act::Answer];
    script.extend([Act::Fail(FailureClass::Unreachable); 5]);
    script.push(Act::Answer);
    let mut run = start(&script, 0, 1.0);
    let mut world = World::new([(SourceId::IDENTITY, TimeDelta::seconds(10))]);
    let mut seen = Vec::new();
    for _ in 0..200 {
        pass(1).await;
        for reading in run.readings() {
            world.merge(&reading);
        }
        let state = world.freshness(run.clock.now());
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        assert!(world.identity.is_some(), "a failed poll never takes the value away");
    }
    assert_eq!(seen, [Freshness::Fresh, Freshness::Late, Freshness::Stale, Freshness::Fresh]);
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn poll_now_is_heard_and_coalesces() {
    let run = start(&[Act::Answer], 0, 1.0);
    pass(2).await;
    for _ in 0..50 {
        run.nudge.notify_one();
    }
    pass(1).await;
    assert_eq!(run.starts().len(), 2, "fifty nudges are one poll: {:?}", run.starts());
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_environment_in_the_background_is_polled_slower_until_it_is_shown() {
    let run = start(&[Act::Answer], 1, 1.0);
    pass(59).await;
    assert_eq!(run.starts().len(), 1);
    run.focus.send_replace(1);
    pass(11).await;
    assert_eq!(run.starts().len(), 3, "at once when shown, then each period: {:?}", run.starts());
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_panicking_source_has_failed_this_time_and_is_asked_again() {
    let mut run = start(&[Act::Panic, Act::Panic, Act::Answer], 0, 1.0);
    pass(60).await;
    let readings = run.readings();
    let failure = readings[0].result.as_ref().unwrap_err();
    assert!(failure.text.contains("scripted panic") && failure.text.contains("report"), "{}", failure.text);
    assert!(readings[2].result.is_ok());
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_dies_is_said() {
    let mut run = start(&[Act::Answer], 0, 1.0);
    run.tasks.spawn("doomed", async { panic!("scripted panic") });
    pass(1).await;
    let died = std::iter::from_fn(|| run.inbox.try_recv().ok()).find_map(|e| match e {
        Event::TaskDied { name, why } => Some((name, why)),
        _ => None,
    });
    assert_eq!(died, Some(("doomed".into(), "scripted panic".into())));
    run.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_inbox_delays_the_poller_and_cancelling_still_ends_it() {
    let (sender, inbox) = mpsc::channel::<Event>(1);
    let (_focus, focused) = watch::channel(0);
    let tasks = Tasks::new(sender);
    let polls = Arc::<Mutex<Vec<_>>>::default();
    let poller = Poller {
        environment: 0,
        source: Box::new(Scripted { script: [Act::Answer].into(), polls: Arc::clone(&polls) }),
        clock: Clock::virtual_from(epoch(), 1.0),
        prices: Arc::default(),
        nudge: Arc::default(),
        focus: focused,
        tasks: tasks.clone(),
    };
    tasks.spawn("poller", poller.run(ChaCha8Rng::seed_from_u64(7)));
    pass(600).await;
    assert!(polls.lock().unwrap().len() <= 1);
    tasks.cancel();
    tokio::time::timeout(Duration::from_secs(5), tasks.ended()).await.expect("ends");
    drop(inbox);
}
