//! One run: two operators in auto mode on one journal and one world, each crashing and coming back; faults and
//! changes from outside for a while, then quiet until everything is settled.

use std::sync::Arc;
use std::time::Duration;

use miharu::domain::journal::{EntryKind, fold};
use miharu::domain::policy::Policy;
use miharu::domain::price::PriceList;
use miharu::domain::recommendation::Intent;
use miharu::engine::autopilot::{Autopilot, Turn};
use miharu::engine::executor::Executor;
use miharu::simulated::Shares;
use miharu::simulated::scenario::Deed;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::broken::{Broken, Seen, Sender};
use super::invariants;
use super::stage::{Stage, silent};

/// Turns with faults, and turns at most until it must be settled.
const TROUBLE: u32 = 6;
const TURNS: u32 = 30;
/// Between the turns of an operator.
const EVERY: Duration = Duration::from_secs(150);

/// What happened in a run; the same for the same seed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) changes: u64,
    pub(crate) crashes: u64,
    pub(crate) unknown: u64,
    pub(crate) refused: u64,
    pub(crate) outside: u64,
    pub(crate) entries: u64,
}

impl Told {
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            changes: self.changes + other.changes,
            crashes: self.crashes + other.crashes,
            unknown: self.unknown + other.unknown,
            refused: self.refused + other.refused,
            outside: self.outside + other.outside,
            entries: self.entries + other.entries,
        }
    }
}

fn scenario(rng: &mut impl Rng) -> String {
    let targets = ["['ap-northeast-1a', 'ap-northeast-1c']", "['ap-northeast-1a']", "['ap-northeast-1c']"];
    let (targets, tasks) = (targets[rng.random_range(0..3)], rng.random_range(1..4));
    let (files, ops) = (rng.random_range(95_000..110_000), rng.random_range(50..400));
    format!(
        "title = 't'\ndescription = 'd'\n[world]\ntargets = {targets}\ntasks = {tasks}\nfiles = {files}\n\
         lambda = false\n[[load]]\nat = '0s'\nfiles_per_s = 0\nops_per_s = {ops}\n"
    )
}

fn shares(rng: &mut impl Rng) -> Shares {
    let mut share = || if rng.random_bool(0.5) { rng.random::<f64>() * 0.2 } else { 0.0 };
    Shares {
        lose_answer: share(),
        throttle: share(),
        deny: share() / 4.0,
        server_error: share(),
        server_error_after_effect: share(),
        delay: share(),
        effect_later: share(),
        delay_s: 40.0,
    }
}

struct Run {
    stage: Stage,
    sender: Arc<Sender>,
    broken: Option<Broken>,
    rng: ChaCha8Rng,
    told: Told,
}

impl Run {
    fn executor(&self, holder: String) -> Arc<Executor> {
        let mut policy = self.stage.policy.as_ref().clone();
        match self.broken {
            Some(Broken::Limitless) => policy.max_tasks = 500,
            Some(Broken::Idle) => {
                policy.disabled_rules = vec!["redeploy-service".into(), "publish-mount-targets".into()];
            }
            _ => {}
        }
        let seen = Seen { inner: Arc::clone(&self.stage.journal) as _, broken: self.broken };
        let mut executor = Executor::new(
            Arc::new(seen),
            Some(Arc::clone(&self.sender) as _),
            self.stage.setup(),
            self.stage.clock.clone(),
            Arc::new(policy),
            holder,
        );
        executor.pace.poll = Duration::from_secs(20);
        Arc::new(executor)
    }

    fn check(&self) -> Result<(), String> {
        let second = self.sender.second_targets.lock().unwrap();
        if let Some(target) = second.first() {
            return Err(format!("{}: beside {target}", invariants::ONE_A_ZONE));
        }
        let entries = self.stage.journal.entries.lock().unwrap();
        let truth = self.stage.simulated.truth();
        invariants::always(&entries, &truth, &self.stage.policy)
    }

    /// Somebody does something by hand.
    fn meddle(&mut self) {
        let deed = match self.rng.random_range(0..4) {
            0 => Deed::ForceDeployment,
            1 => Deed::PutList { value: None },
            2 => Deed::StopTask { tasks: 1, exit_code: 1, reason: "killed".into() },
            _ => Deed::DeleteMountTarget { zone: "ap-northeast-1c".into() },
        };
        if self.stage.simulated.outside_change(deed).is_ok() {
            self.told.outside += 1;
        }
    }

    /// An operator who asks for more tasks than allowed as often as not.
    async fn scale(&mut self, executor: &Executor, n: u32) {
        let desired = self.rng.random_range(1..8);
        let service = self.stage.observe().await.service;
        if service.is_none_or(|s| s.desired == desired) {
            return;
        }
        let plan = self.stage.plan(&format!("scale-{n}"), "by-hand", Intent::Scale { desired }).await;
        executor.apply(&plan, "op", &silent).await;
    }
}

pub(crate) async fn run(seed: u64, broken: Option<Broken>) -> Result<Told, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut stage = Stage::new(&scenario(&mut rng), seed);
    stage.policy = Arc::new(Policy { max_tasks: 5, agreeing: 1, evaluations: 1, ..Policy::default() });
    stage.simulated.go_wrong_by_chance(shares(&mut rng));
    let sender = Arc::new(Sender {
        simulated: Arc::clone(&stage.simulated),
        broken,
        second_targets: std::sync::Mutex::default(),
    });
    let mut run = Run { stage, sender, broken, rng, told: Told::default() };
    let mut quiet = 0;
    let mut lives = 0;
    let mut pilots = [run.executor("a-0".into()), run.executor("b-0".into())]
        .map(|e| Autopilot::new(e, PriceList::default(), true, false));
    for turn in 0..TURNS {
        if turn == TROUBLE {
            run.stage.simulated.go_wrong_by_chance(Shares::default());
        }
        let trouble = turn < TROUBLE;
        if trouble && run.rng.random_bool(0.3) {
            run.meddle();
        }
        let crash = (trouble && run.rng.random_bool(0.3)).then(|| {
            let n = run.rng.random_range(1..12);
            run.stage.journal.crash_after(n)
        });
        let hand = (trouble && run.rng.random_bool(0.2)).then(|| run.executor(format!("hand-{turn}")));
        let offset = Duration::from_secs(run.rng.random_range(0..30));
        let clock = run.stage.clock.clone();
        let [a, b] = &mut pilots;
        let both = async {
            for pilot in [&mut *a, &mut *b] {
                if !pilot.brakes().armed() && trouble {
                    pilot.arm("op", &silent).await.ok();
                }
            }
            tokio::join!(a.turn(&silent), async {
                clock.sleep(offset).await;
                b.turn(&silent).await
            })
        };
        let crashed = async {
            match &crash {
                Some(token) => token.cancelled().await,
                None => std::future::pending().await,
            }
        };
        let turns = tokio::select! {
            turns = both => Some(turns),
            () = crashed => None,
        };
        // Whoever was to die and did not write that much lives on.
        run.stage.journal.spare();
        if turns.is_none() {
            run.told.crashes += 1;
            lives += 1;
            pilots = [run.executor(format!("a-{lives}")), run.executor(format!("b-{lives}"))]
                .map(|e| Autopilot::new(e, PriceList::default(), true, false));
        }
        run.check()?;
        if let Some(executor) = hand {
            run.scale(&executor, turn).await;
            run.check()?;
        }
        let idle = matches!(&turns, Some((Turn::Nothing, Turn::Nothing)));
        quiet = if idle && !trouble { quiet + 1 } else { 0 };
        let steady = run.stage.simulated.truth().service.is_some_and(|s| s.steady());
        if quiet >= 2 && steady {
            break;
        }
        run.stage.clock.sleep(EVERY).await;
        if turn >= TROUBLE {
            for pilot in &mut pilots {
                if !pilot.brakes().armed() {
                    pilot.arm("op", &silent).await.ok();
                }
            }
        }
    }
    finish(run).await
}

async fn finish(run: Run) -> Result<Told, String> {
    let Run { stage, mut told, .. } = run;
    let world = stage.observe().await;
    let entries = stage.journal.entries.lock().unwrap().clone();
    let truth = stage.simulated.truth();
    invariants::story(&entries, &truth)?;
    let drift: Vec<String> = world.drift().into_iter().map(|d| d.detail).collect();
    invariants::at_the_end(&entries, &truth, &drift, world.service.is_some_and(|s| s.steady()))?;
    let count = |kind| entries.iter().filter(|e| e.event == kind).count() as u64;
    told.changes = fold(&entries).len() as u64;
    told.unknown = count(EntryKind::Unknown);
    told.refused = count(EntryKind::Refused);
    told.entries = entries.len() as u64;
    Ok(told)
}
