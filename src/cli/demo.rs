//! `miharu demo`: the console on a simulated world.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre;

use crate::actuators::Actuator;
use crate::clock::Clock;
use crate::config::model::{Datasource, Environment};
use crate::config::{Inputs, Loaded};
use crate::demo::Live;
use crate::domain::count::CountSource;
use crate::domain::journal::advance;
use crate::domain::snapshot::Mode;
use crate::engine::conductor::{Acts, Hand};
use crate::engine::start::{Nudges, Watched};
use crate::simulated::{Scenario, Simulated};
use crate::store::memory::memory;

use super::args::Demo;
use super::console::{self, Session};
use super::watch;

/// What the objective holds for in the demo: a round of the workshop.
const ROUND: Duration = Duration::from_secs(2 * 3600);

/// The demo's environment. An operator decides there, unless the settings of an environment `demo` say otherwise.
///
/// What is left to a person, to veto and to read, takes as long as it says, however fast the world runs.
fn environment(simulated: &Simulated, loaded: &Loaded, scenario: &Scenario, speed: f64) -> Environment {
    let mut environment = simulated.environment();
    environment.mode = Mode::Approve;
    // Who set the service up wants at least that many tasks, also on a quiet day.
    environment.policy.min_tasks = scenario.world.tasks.max(1);
    if let Some(set) = loaded.config.environments.iter().find(|e| e.name == environment.name) {
        (environment.mode, environment.policy) = (set.mode, set.policy.clone());
    }
    for pause in [&mut environment.policy.veto, &mut environment.policy.approval_ttl] {
        *pause = pause.mul_f64(speed);
    }
    environment.policy.file_count_threshold = environment.files.threshold;
    environment.policy.expected_account.clone_from(&environment.expected_account);
    environment
}

/// Where the live world is looked at: what is real there is not asked of the simulated AWS.
fn what_is_real(environment: &mut Environment, live: &Live) {
    environment.files.directory = Some(live.files());
    environment.files.sources.insert(0, CountSource::Path);
    environment.files.require_mount = false;
    environment.datasource = Some(Datasource { url: live.database() });
    environment.scrape =
        live.metrics().map(|address| format!("http://{address}/metrics")).into_iter().collect();
    environment.objective_window = ROUND;
}

/// What an operator of the demo acts with: the simulated AWS, and a journal that ends with it.
fn acts(
    loaded: &Loaded,
    inputs: &Inputs,
    environment: &Arc<Environment>,
    simulated: &Arc<Simulated>,
) -> Acts {
    let operator = super::acting::Operator::of(&inputs.variables);
    let read_only = loaded.config.read_only;
    let journal = memory(advance);
    let (hand, commands) = Hand::new();
    let (config, own) = (loaded.config.clone(), Arc::clone(environment));
    Acts {
        mode: if read_only { Mode::Observe } else { environment.mode },
        open: Box::new(move || {
            let journal = Arc::clone(&journal);
            Box::pin(async move { Ok(journal) })
        }),
        actuator: (!read_only).then(|| Arc::clone(simulated) as Arc<dyn Actuator>),
        policy: Box::new(move |region| super::acting::policy(&config, &own, region)),
        by: operator.name,
        holder: operator.holder,
        commands,
        hand,
    }
}

/// Runs the console on the scenario, or tells its changes as lines of text.
pub fn run(demo: &Demo, loaded: &Loaded, inputs: &Inputs) -> eyre::Result<ExitCode> {
    if demo.lines.is_set() && !demo.watch {
        return Ok(super::usage(&"--for, --heartbeat and --json go with --watch, which tells lines of text"));
    }
    let scenario = match Scenario::load(&demo.scenario) {
        Ok(scenario) => scenario,
        Err(error) => return Ok(super::usage(&error)),
    };
    let clock = Clock::virtual_from(Clock::system().now(), demo.speed);
    let simulated = Arc::new(Simulated::new(&scenario, demo.seed, clock.clone()));
    let temporary = inputs.variables.get("TMPDIR").filter(|d| !d.is_empty()).map_or("/tmp", String::as_str);
    let live = Live::of(&scenario, demo.seed, temporary.into()).map(Arc::new);
    let mut environment = environment(&simulated, loaded, &scenario, demo.speed);
    if let Some(live) = &live {
        what_is_real(&mut environment, live);
    }
    let environment = Arc::new(environment);
    let title = match demo.speed {
        1.0 => format!("{}: {}", scenario.name, scenario.title),
        speed => format!("{} ×{speed}: {}", scenario.name, scenario.title),
    };
    let nudges: Arc<Nudges> = Arc::default();
    let region = environment.region.clone().unwrap_or_default();
    let mut acts = acts(loaded, inputs, &environment, &simulated);
    if demo.watch {
        acts.only_watch();
    }
    let watched = Watched {
        environment,
        acts: Some(acts),
        connect: Box::new({
            let (live, clock, asked) = (live.clone(), clock.clone(), Arc::clone(&nudges));
            move || {
                // The first frame is drawn: from here on it may cost something.
                if let Some(live) = live {
                    live.begin(&simulated, &clock, super::bench::keeper(), move || asked.all());
                }
                Box::pin(async move { (simulated.outside(), region) })
            }
        }),
        clock: clock.clone(),
        prices: Arc::new(loaded.config.prices.clone()),
        nudges,
        logins: None,
        seed: demo.seed,
        limiters: Arc::default(),
    };
    let look = match super::Look::load(loaded, inputs) {
        Ok(look) => look,
        Err(error) => return Ok(super::usage(&error)),
    };
    if demo.watch {
        let ended = watch::run(vec![watched], &clock, Some(title), &demo.lines);
        if let Some(live) = live {
            live.end();
        }
        return ended;
    }
    let ended = console::run(Session {
        watched: vec![watched],
        look,
        screens: super::screens(loaded, inputs),
        clock,
        read_only: loaded.config.read_only,
        low_bandwidth: loaded.config.low_bandwidth,
        demo: Some(title),
        folder: crate::config::journal::state_directory(&inputs.variables).unwrap_or_default(),
        panic_after: demo.panic_after.map(Duration::from_millis),
    });
    if let Some(live) = live {
        live.end();
    }
    ended
}
