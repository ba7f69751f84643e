//! Seeded runs of two operators on one journal against the simulated AWS, with random faults, lost answers, crashes
//! after any entry and changes from outside. `MIHARU_SIMULATION_RUNS` sets how many, `MIHARU_SIMULATION_SEED` runs
//! one of them alone.
#![expect(clippy::disallowed_macros, reason = "says what was simulated")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says where by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a test reads its own variables")]

#[expect(dead_code, reason = "the other test uses the rest")]
#[path = "executor/stage.rs"]
mod stage;

#[path = "simulation/broken.rs"]
mod broken;
#[path = "simulation/invariants.rs"]
mod invariants;
#[path = "simulation/run.rs"]
mod run;

use std::sync::atomic::{AtomicU64, Ordering};

use broken::Broken;

/// Runs of the normal test run.
const RUNS: u64 = 2000;

/// One run on a runtime of its own, whose time is virtual.
fn one(seed: u64, broken: Option<Broken>) -> Result<run::Told, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run::run(seed, broken))
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|e| panic!("{name}={v}: {e}")))
}

#[test]
fn no_run_breaks_an_invariant() {
    if let Some(seed) = variable("MIHARU_SIMULATION_SEED") {
        let told = one(seed, None).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        eprintln!("{told:?}");
        return;
    }
    let runs = variable("MIHARU_SIMULATION_RUNS").unwrap_or(RUNS);
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let told: Vec<run::Told> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut told = Vec::new();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= runs {
                            return told;
                        }
                        told.push(one(seed, None).unwrap_or_else(|why| {
                            panic!("seed {seed}: {why}\nMIHARU_SIMULATION_SEED={seed} runs it alone")
                        }));
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    let sum = told.iter().fold(run::Told::default(), |sum, one| sum.plus(one));
    eprintln!("{runs} runs: {sum:?}");
    // A simulation in which nothing happens proves nothing.
    if runs >= 100 {
        for (what, n) in [
            ("changes", sum.changes),
            ("crashes", sum.crashes),
            ("unknown outcomes", sum.unknown),
            ("refusals", sum.refused),
            ("changes from outside", sum.outside),
        ] {
            assert!(n >= runs / 20, "only {n} {what}");
        }
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [3, 4] {
        assert_eq!(one(seed, None).unwrap(), one(seed, None).unwrap());
    }
}

#[test]
fn every_broken_executor_is_caught_by_the_invariant_it_breaks() {
    for invariant in invariants::ALL {
        assert!(Broken::ALL.iter().any(|b| b.invariant() == invariant), "nobody breaks {invariant:?}");
    }
    for broken in Broken::ALL {
        let caught = (0..200).find_map(|seed| one(seed, Some(broken)).err());
        let why = caught.unwrap_or_else(|| panic!("{broken:?} is not caught in 200 runs"));
        assert!(why.contains(broken.invariant()), "{broken:?} is caught as something else: {why}");
    }
}
