//! The tail as a console runs it: started with an environment, on a simulated AWS under paused time, its events taken
//! into the state and its lines into a desk.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::app::event::Event;
use miharu::app::state::{EnvironmentInfo, State};
use miharu::app::update::update;
use miharu::clock::Clock;
use miharu::config::model::Environment;
use miharu::domain::freshness::{Freshness, SourceState};
use miharu::domain::log::batch::{GroupStatus, TailState};
use miharu::domain::log::seek::Direction;
use miharu::domain::snapshot::Mode;
use miharu::domain::source::{FailureClass, SourceId};
use miharu::engine::start::{Nudges, Watched, start};
use miharu::engine::tasks::Tasks;
use miharu::simulated::{FUNCTION_LOG, SERVICE_LOG, Scenario, Simulated};
use miharu::ui::logs::LogDesk;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::{mpsc, watch};

/// Nothing else logs in this world.
pub const QUIET: &str = "title = 't'\ndescription = 'd'\n[world]\nlambda = false\ntasks = 2\n";

pub struct Console {
    pub clock: Clock,
    pub simulated: Arc<Simulated>,
    pub state: State,
    desk: LogDesk,
    events: mpsc::Receiver<Event>,
    tasks: Tasks,
    nudges: Arc<Nudges>,
    pub focus: watch::Sender<usize>,
}

impl Console {
    pub fn new(text: &str, seed: u64, change: impl FnOnce(&mut Environment)) -> Self {
        Self::priced(text, seed, change, &[])
    }

    /// With prices beside the built-in ones.
    pub fn priced(text: &str, seed: u64, change: impl FnOnce(&mut Environment), usd: &[(&str, f64)]) -> Self {
        let scenario = Scenario::parse("t", "t.toml", text).unwrap();
        let clock = Clock::virtual_from("2026-11-20T14:02:13.250Z".parse().unwrap(), 1.0);
        let simulated = Arc::new(Simulated::new(&scenario, seed, clock.clone()));
        let mut environment = simulated.environment();
        environment.logs.groups = vec![SERVICE_LOG.to_owned()];
        change(&mut environment);
        let (sender, events) = mpsc::channel(1024);
        let (focus, focused) = watch::channel(0);
        let nudges: Arc<Nudges> = Arc::default();
        let outside = simulated.outside();
        let mut prices = miharu::config::built_in_prices();
        let list = prices.get_mut("ap-northeast-1").unwrap();
        list.usd.extend(usd.iter().map(|(unit, usd)| ((*unit).to_owned(), *usd)));
        let watched = Watched {
            environment: Arc::new(environment),
            connect: Box::new(move || Box::pin(async move { (outside, "ap-northeast-1".to_owned()) })),
            clock: clock.clone(),
            prices: Arc::new(prices),
            nudges: Arc::clone(&nudges),
            logins: None,
            seed,
            limiters: Arc::default(),
            acts: None,
        };
        let tasks = Tasks::new(sender);
        start(0, watched, &focused, &tasks);
        let info = EnvironmentInfo {
            name: "demo".into(),
            region: None,
            expected_account: None,
            mode: Mode::Observe,
            file_count_threshold: 100_000,
            service: None,
            file_system: None,
        };
        let state = State::new(vec![info], clock.now());
        Self { clock, simulated, state, desk: LogDesk::default(), events, tasks, nudges, focus }
    }

    /// Takes events in for a time.
    pub async fn pass(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            let left = (end - self.clock.now()).to_std().unwrap();
            let Ok(event) = tokio::time::timeout(left, self.events.recv()).await else { break };
            self.take(event.unwrap());
        }
    }

    fn take(&mut self, event: Event) {
        match &event {
            Event::Logged { batch, .. } => self.desk.take(batch, false),
            Event::TaskDied { name, why } => panic!("{name}: {why}"),
            _ => {}
        }
        update(&mut self.state, event, self.clock.now());
    }

    pub fn source(&self) -> &SourceState {
        &self.state.environments[0].world.sources[&SourceId::LOGS]
    }

    pub fn freshness(&self) -> Freshness {
        self.source().freshness(self.clock.now())
    }

    pub fn group(&self, name: &str) -> &GroupStatus {
        &self.state.environments[0].logs.groups[name]
    }

    pub fn lines(&self) -> Vec<(DateTime<Utc>, String)> {
        let lines = self.desk.ring().walk(None, Direction::Forth).filter(|line| !line.mark);
        lines.map(|line| (line.at(), line.text.to_owned())).collect()
    }
}

pub fn paused<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(work)
}

pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_the_service_logs_is_shown_within_seconds_and_costs_what_it_says() {
    paused(async {
        let mut console = Console::new(QUIET, 1, |_| {});
        console.pass(s(5)).await;
        assert_eq!(console.group(SERVICE_LOG).state, TailState::Following);
        for n in 0..40 {
            console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), &format!("line {n}"));
            console.pass(s(10)).await;
            assert_eq!(console.lines().len(), n + 1, "shown within ten seconds");
        }
        let texts: Vec<String> = console.lines().into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, (0..40).map(|n| format!("line {n}")).collect::<Vec<_>>());
        console.pass(s(600)).await;
        let group = console.group(SERVICE_LOG);
        assert_eq!((group.counts.lines, group.counts.lost), (40, Some(0)), "CloudWatch says so too");
        let source = console.source();
        assert_eq!((console.freshness(), source.every), (Freshness::Fresh, TimeDelta::seconds(3)));
        assert!(source.error.is_none() && source.warnings.is_empty(), "{source:?}");
        // A look every three seconds for 17 minutes.
        assert!((250..400).contains(&source.calls_total), "{}", source.calls_total);
        // One metric of a group every five minutes.
        let usd = source.cost_usd_per_h().unwrap();
        assert!((0.000_08..0.000_15).contains(&usd), "{usd}");
        console.tasks.cancel();
        console.tasks.ended().await;
    });
}

#[test]
fn the_groups_of_the_service_are_found_by_its_task_definition() {
    paused(async {
        let mut console = Console::new(QUIET, 1, |e| e.logs.groups.clear());
        console.pass(s(5)).await;
        let groups: Vec<&str> = console.state.environments[0].logs.groups.keys().map(|g| &**g).collect();
        assert_eq!(groups, [SERVICE_LOG]);
        // Nobody could say which groups: those of the deployment.
        let mut console = Console::new(QUIET, 1, |e| {
            e.logs.groups.clear();
            e.service = None;
        });
        console.pass(s(5)).await;
        let groups: Vec<&str> = console.state.environments[0].logs.groups.keys().map(|g| &**g).collect();
        assert_eq!(groups, [FUNCTION_LOG, SERVICE_LOG]);
    });
}

#[test]
fn a_group_that_does_not_exist_is_said_and_holds_nothing_up() {
    paused(async {
        let missing = "/ecs/nobody";
        let mut console = Console::new(QUIET, 1, |e| e.logs.groups.push(missing.to_owned()));
        console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), "one");
        console.pass(s(300)).await;
        assert_eq!((console.lines().len(), console.freshness()), (1, Freshness::Fresh));
        let source = console.source();
        let [warning] = source.warnings.as_slice() else { panic!("{source:?}") };
        assert_eq!((warning.class, &source.error), (FailureClass::NotFound, &None));
        assert!(
            warning.line().contains(missing) && warning.remedy().contains("configuration"),
            "{warning:?}"
        );
        assert!(matches!(console.group(missing).state, TailState::Failing { .. }));
        let told: Vec<_> =
            console.state.failures.iter().filter(|f| f.source == Some(SourceId::LOGS)).collect();
        assert_eq!(told.len(), 1, "one thing, told once: {told:?}");
        assert_eq!(told[0].recovered_at, None);

        // It is looked for as long as miharu runs.
        console.simulated.log(missing, "s", console.clock.now(), "two");
        console.pass(s(90)).await;
        assert_eq!(console.lines().len(), 2);
        assert!(console.source().warnings.is_empty());
        assert!(
            console.state.failures.iter().all(|f| f.recovered_at.is_some()),
            "{:?}",
            console.state.failures
        );
    });
}

#[test]
fn throttling_is_said_with_its_remedy_and_nothing_is_lost_by_it() {
    paused(async {
        let text = format!(
            "{QUIET}[[at]]\nafter = '60s'\ndo = 'fault'\nkind = 'throttled'\nservice = 'logs'\nfor = '8m'\n"
        );
        let mut console = Console::new(&text, 1, |_| {});
        for n in 0..60 {
            console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), &format!("line {n}"));
            console.pass(s(8)).await;
        }
        assert_eq!(console.freshness(), Freshness::Stale);
        let failure = console.source().error.clone().unwrap();
        assert_eq!(failure.class, FailureClass::Throttled);
        assert!(failure.line().contains("logs:FilterLogEvents") && failure.line().contains(SERVICE_LOG));
        assert!(failure.remedy().contains("slower"));
        let group = console.group(SERVICE_LOG);
        let TailState::Failing { failures, .. } = &group.state else { panic!("{group:?}") };
        assert!((5..40).contains(failures), "slower and slower: {failures}");
        console.pass(s(900)).await;
        assert_eq!((console.freshness(), &console.source().error), (Freshness::Fresh, &None));
        assert_eq!(console.lines().len(), 60);
        assert_eq!(console.group(SERVICE_LOG).counts.lost, Some(0));
        assert!(console.state.failures.iter().all(|f| f.recovered_at.is_some()));
    });
}

#[test]
fn poll_now_looks_at_once_and_an_environment_in_the_background_is_looked_at_less() {
    paused(async {
        let mut console = Console::new(QUIET, 1, |e| _ = e.every.insert(SourceId::LOGS, s(60)));
        console.pass(s(5)).await;
        console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), "one");
        console.pass(s(5)).await;
        assert_eq!(console.lines().len(), 0);
        console.nudges.all();
        console.pass(s(1)).await;
        assert_eq!(console.lines().len(), 1);

        console.focus.send_replace(1);
        console.pass(s(70)).await;
        assert_eq!(console.source().every, TimeDelta::seconds(360));
        console.pass(s(3600)).await;
        let before = console.source().calls_total;
        console.pass(s(3600)).await;
        let calls = console.source().calls_total - before;
        // Ten looks, and an audit every few minutes.
        assert!((10..35).contains(&calls), "{calls}");
        assert_eq!(console.freshness(), Freshness::Fresh);
        console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), "two");
        console.focus.send_replace(0);
        console.pass(s(2)).await;
        assert_eq!(console.source().every, TimeDelta::seconds(60));
        assert_eq!(console.lines().len(), 2, "what is shown again is up to date");
    });
}

#[test]
fn a_tail_that_is_switched_off_says_so_and_makes_no_call() {
    paused(async {
        let mut console = Console::new(QUIET, 1, |e| e.logs.enabled = false);
        console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), "one");
        console.pass(s(60)).await;
        let env = &console.state.environments[0];
        assert!(env.world.off[&SourceId::LOGS].contains("logs.enabled"));
        assert!(env.logs.none.as_ref().unwrap().contains("logs.enabled"));
        assert!(!env.world.sources.contains_key(&SourceId::LOGS) && console.lines().is_empty());
    });
}

#[test]
fn secrets_of_this_place_are_taken_out() {
    paused(async {
        let mut console = Console::new(QUIET, 1, |e| e.logs.secrets = vec!["sess-[0-9a-f]+".to_owned()]);
        console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), "a sess-0a1b b password=x");
        console.pass(s(5)).await;
        assert_eq!(console.lines()[0].1, "a [redacted] b password=[redacted]");
    });
}

/// Everything that a busy account does to the calls, on both groups, through all of the real wiring.
#[test]
fn shown_and_lost_is_what_was_logged_whatever_happens_to_the_calls() {
    for seed in 0..10 {
        paused(async {
            let mut text = QUIET.to_owned();
            for (kind, after, share, lasts) in [
                ("throttled", "30s", 0.7, "4m"),
                ("server-error", "2m", 0.3, "20m"),
                ("unreachable", "6m", 1.0, "3m"),
                ("hang", "12m", 0.5, "2m"),
                ("garbage", "15m", 0.2, "5m"),
            ] {
                let fault = format!("after = '{after}'\nkind = '{kind}'\nshare = {share}\nfor = '{lasts}'\n");
                text.extend(["[[at]]\ndo = 'fault'\n", &fault]);
                if kind == "hang" {
                    text.push_str("seconds = 3600\n");
                }
            }
            let mut console = Console::new(&text, seed, |e| e.logs.groups.push(FUNCTION_LOG.to_owned()));
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut sent = BTreeSet::new();
            for n in 0..400 {
                let late = if rng.random_ratio(1, 10) { rng.random_range(0..120_000) } else { 0 };
                let at = console.clock.now() - TimeDelta::milliseconds(late);
                let group = [SERVICE_LOG, FUNCTION_LOG][rng.random_range(0..2)];
                let line = format!("line {n}");
                console.simulated.log(group, &format!("s/{}", n % 3), at, &line);
                sent.insert(line);
                console.pass(Duration::from_millis(rng.random_range(0..6_000))).await;
            }
            console.pass(s(3600)).await;
            let lines: Vec<String> = console.lines().into_iter().map(|(_, text)| text).collect();
            let seen: BTreeSet<String> = lines.iter().cloned().collect();
            let groups = &console.state.environments[0].logs.groups;
            let told = format!("seed {seed}: {groups:?}");
            assert_eq!(lines.len(), seen.len(), "{told}: none twice");
            assert!(seen.is_subset(&sent), "{told}: none that was not sent");
            let lost: u64 = groups.values().map(|g| g.counts.lost.unwrap()).sum();
            assert_eq!(lines.len() as u64 + lost, 400, "{told}");
            assert_eq!(lost, 0, "{told}: they can all be read");
            assert!(groups.values().all(|g| g.state == TailState::Following), "{told}");
            assert_eq!(console.freshness(), Freshness::Fresh, "{told}");
        });
    }
}
