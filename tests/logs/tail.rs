//! The tail against an endpoint as bad as they come, in virtual time: nothing is lost silently.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use miharu::clock::Clock;
use miharu::domain::log::batch::{Batch, TailState};
use miharu::domain::log::filter::{Condition, Effect, Filter, Query};
use miharu::domain::log::ring::{Limits, Ring};
use miharu::domain::log::seek::Direction;
use miharu::domain::source::FailureClass;
use miharu::engine::tail::limiter::Limiter;
use miharu::engine::tail::settings::TailSettings;
use miharu::engine::tail::{Pace, Tail};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc;

use crate::fake::Fake;
use crate::{as_is, instant};

const RUNS: u64 = 200;

/// How long each run goes on: lines are logged for so many minutes, and as long again until nothing is left to
/// be found out.
const LOGGED: i64 = 20;
const WATCHED: i64 = 65;

fn settings(seed: u64) -> TailSettings {
    let mut settings = TailSettings { period: Duration::from_secs(15), ..TailSettings::default() };
    if seed.is_multiple_of(3) {
        // Little patience: much is left for later.
        settings.behind = Duration::from_secs(90);
        settings.pages = 3;
    }
    settings
}

/// Runs a seed; gives the ring and the endpoint.
async fn run(seed: u64, limits: Limits) -> (Ring, Arc<Fake>, Vec<Batch>) {
    let clock = Clock::virtual_from(instant(0), 1.0);
    let fake = Arc::new(Fake::seeded(seed, clock.clone(), instant(0), LOGGED));
    let (out, mut batches) = mpsc::channel(8);
    let tail = Tail {
        logs: fake.clone(),
        incoming: Some(fake.clone()),
        clock: clock.clone(),
        limiter: Arc::new(Limiter::new(clock.clone(), 4.0)),
        out,
        settings: settings(seed),
        pace: Pace::steady(settings(seed).period),
        tally: Arc::default(),
    };
    let groups: Vec<String> = fake.sent.keys().cloned().collect();
    let follows = groups.iter().zip(0..).map(|(group, index)| {
        let draw = ChaCha8Rng::seed_from_u64(seed + u64::from(index));
        tail.clone().follow(Arc::from(group.as_str()), index, None, draw)
    });
    let mut ring = Ring::new(limits, as_is);
    let mut kept = Vec::new();
    let exclude = Condition::Text(Query::new("in 1a$").unwrap());
    ring.add_filter(Filter { effect: Effect::Exclude, condition: exclude, enabled: true }).unwrap();
    let include = Condition::Text(Query::new("INFO|ERROR").unwrap());
    ring.add_filter(Filter { effect: Effect::Include, condition: include, enabled: true }).unwrap();
    tokio::select! {
        _ = join_all(follows) => panic!("seed {seed}: the tail has ended"),
        () = async {
            while let Some(batch) = batches.recv().await {
                ring.append(&batch);
                kept.push(batch);
            }
        } => panic!("seed {seed}: nobody sends any more"),
        () = clock.sleep(Duration::from_secs(60 * WATCHED.unsigned_abs())) => {}
    }
    assert!(ring.work(None, usize::MAX));
    (ring, fake, kept)
}

fn paused(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work);
}

#[test]
fn shown_and_hidden_and_counted_as_lost_is_what_was_sent() {
    let mut all = BTreeMap::<&str, u64>::new();
    for seed in 0..RUNS {
        paused(async {
            let lines = if seed.is_multiple_of(2) { 150 } else { 100_000 };
            let (ring, fake, batches) = run(seed, Limits { lines, ..Limits::default() }).await;
            let sent: u64 = fake.sent.values().map(|lines| lines.len() as u64).sum();
            let totals = ring.totals();
            let counts: Vec<_> = ring.status().map(|status| status.counts).collect();
            let lost: u64 = counts.iter().map(|c| c.lost.expect("the audit has answered")).sum();
            let told = format!("seed {seed}: {totals:?} {counts:?}");
            assert_eq!(totals.unsettled, 0, "{told}");
            assert_eq!(totals.shown + totals.hidden, totals.held, "{told}");
            assert_eq!(totals.shown + totals.hidden + totals.dropped + lost, sent, "{told}");
            let hides: u64 = ring.filters().iter().map(|filter| filter.hides).sum();
            assert_eq!(hides, totals.hidden, "{told}");

            // Each line once, unchanged, in its place.
            let known: BTreeSet<&str> =
                fake.sent.values().flatten().map(|sent| sent.event.message.as_str()).collect();
            let mut seen = BTreeSet::new();
            for line in batches.iter().flat_map(|batch| batch.lines.lines()) {
                assert!(known.contains(line.text), "{told}: {:?} was never sent", line.text);
                assert!(seen.insert(line.text), "{told}: {:?} came twice", line.text);
            }
            assert_eq!(seen.len() as u64 + lost, sent, "{told}");
            let never: Vec<_> =
                fake.sent.values().flatten().filter(|s| s.never).map(|s| &s.event.message).collect();
            assert!(never.iter().all(|text| !seen.contains(text.as_str())), "{told}");
            let shown: Vec<_> = ring.walk(None, Direction::Forth).map(|line| line.key).collect();
            assert!(shown.is_sorted(), "{told}");
            assert_eq!(shown.len() as u64, totals.shown + totals.marks, "{told}");

            for (name, n) in [
                ("late", counts.iter().map(|c| c.late).sum()),
                ("repeated", counts.iter().map(|c| c.repeated).sum()),
                ("throttled", counts.iter().map(|c| c.throttled).sum()),
                ("lost", lost),
                ("found again", sent - lost),
                ("never given", never.len() as u64),
                ("dropped", totals.dropped),
                ("marks", totals.marks),
            ] {
                *all.entry(name).or_default() += n;
            }
        });
    }
    // Every kind of trouble has come.
    assert!(all.values().all(|n| *n > 0), "{all:?}");
    // What is lost is hardly more than what the endpoint never gives.
    assert!(all["lost"] >= all["never given"] && all["lost"] < all["never given"] * 12 / 10, "{all:?}");
}

#[test]
fn an_endpoint_that_answers_nothing_is_asked_for_ever_and_said() {
    paused(async {
        let clock = Clock::virtual_from(instant(0), 1.0);
        let mut fake = Fake::seeded(7, clock.clone(), instant(0), 1);
        fake.throttled = 0;
        fake.outages = vec![(instant(0), instant(6 * 3_600_000))];
        let fake = Arc::new(fake);
        let (out, mut batches) = mpsc::channel(64);
        let tail = Tail {
            logs: fake.clone(),
            incoming: None,
            clock: clock.clone(),
            limiter: Arc::new(Limiter::new(clock.clone(), 4.0)),
            out,
            settings: TailSettings::default(),
            pace: Pace::steady(TailSettings::default().period),
            tally: Arc::default(),
        };
        let mut ring = Ring::new(Limits::default(), as_is);
        let mut failing = 0;
        let follow = tail.follow(Arc::from("/ecs/files"), 0, None, ChaCha8Rng::seed_from_u64(1));
        tokio::select! {
            () = follow => panic!("the tail has ended"),
            () = async {
                while let Some(batch) = batches.recv().await {
                    ring.append(&batch);
                    let state = ring.status().next().unwrap().clone();
                    if let TailState::Failing { failure, since, .. } = state.state
                        && state.at < instant(6 * 3_600_000)
                    {
                        assert_eq!(failure.class, FailureClass::Unreachable);
                        assert!(since - instant(0) < TimeDelta::minutes(1), "since the first failure: {since}");
                        failing += 1;
                    }
                }
            } => {}
            () = clock.sleep(Duration::from_secs(7 * 3_600)) => {}
        }
        assert!(failing > 300, "said {failing} times in six hours");
        let times = fake.calls.lock().unwrap().clone();
        let gap = times.windows(2).map(|w| w[1] - w[0]).max().unwrap();
        assert!(gap <= TimeDelta::seconds(70), "asked again after {gap}");
        // Six hours late, and everything is there: nothing that can still be read is given up.
        let given = fake.sent["/ecs/files"].iter().filter(|sent| !sent.never).count() as u64;
        let totals = ring.totals();
        assert_eq!(totals.held, given, "{:?}", ring.status().collect::<Vec<_>>());
        assert_eq!(ring.status().next().unwrap().state, TailState::Following);
        assert_eq!(totals.marks, 0, "no gap is left");
    });
}

#[test]
fn calls_of_all_groups_keep_to_one_limit_and_slow_down_when_throttled() {
    paused(async {
        let clock = Clock::virtual_from(instant(0), 1.0);
        let limiter = Arc::new(Limiter::new(clock.clone(), 4.0));
        let calls = std::sync::Mutex::new(Vec::new());
        let group = || async {
            for _ in 0..50 {
                limiter.acquire().await;
                calls.lock().unwrap().push(clock.now());
            }
        };
        tokio::join!(group(), group(), group());
        let calls = calls.into_inner().unwrap();
        for (i, at) in calls.iter().enumerate() {
            let within = calls[i..].iter().take_while(|later| **later - *at < TimeDelta::seconds(1)).count();
            assert!(within <= 4, "{within} calls within a second at {at}");
        }
        let took = *calls.last().unwrap() - calls[0];
        assert!(took < TimeDelta::seconds(40), "no slower than it may be: {took}");
        for _ in 0..20 {
            limiter.throttled();
        }
        assert!((limiter.rate() - 0.25).abs() < 1e-9, "{}", limiter.rate());
        for _ in 0..40 {
            limiter.answered();
        }
        assert!((limiter.rate() - 4.0).abs() < 1e-9, "{}", limiter.rate());
    });
}
