//! Sets an environment in motion: connects to its outside world, builds its sources, starts their pollers.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::sync::{Notify, watch};

use crate::app::event::{EnvironmentIndex, Event};
use crate::aws::Outside;
use crate::clock::Clock;
use crate::config::model::Environment;
use crate::domain::price::PriceList;
use crate::domain::source::SourceId;
use crate::sources::{self, Setup, Source};

use super::conductor::{Acts, Conductor, Place};
use super::live::{Live, Tap};
use super::login::{self, Wishes};
use super::poller::Poller;
use super::tail::limiter::Limiters;
use super::tail::source::LogSource;
use super::tasks::Tasks;

/// Makes the outside world of an environment; asynchronous, because credentials and region may have to be
/// asked for. Also says the region it ended up in.
pub type Connect = Box<dyn FnOnce() -> BoxFuture<'static, (Outside, String)> + Send>;

/// An environment that is to be watched.
pub struct Watched {
    /// Its settings.
    pub environment: Arc<Environment>,
    /// Its outside world.
    pub connect: Connect,
    /// Its time.
    pub clock: Clock,
    /// Prices by region.
    pub prices: Arc<std::collections::BTreeMap<String, PriceList>>,
    /// Asks all its sources to poll now.
    pub nudges: Arc<Nudges>,
    /// Where the operator's wishes to sign in arrive; `None`: nobody can have one.
    pub logins: Option<Wishes>,
    /// Seed of the pollers' jitter.
    pub seed: u64,
    /// The limits of the log calls of all accounts; the same for all environments.
    pub limiters: Arc<Limiters>,
    /// What acts in it; `None`: it is only watched, and nothing is recommended.
    pub acts: Option<Acts>,
}

/// The nudge of each source of an environment.
#[derive(Default)]
pub struct Nudges(arc_swap::ArcSwap<Vec<Arc<Notify>>>);

impl Nudges {
    /// Asks every source to poll now.
    pub fn all(&self) {
        for nudge in self.0.load().iter() {
            nudge.notify_one();
        }
    }
}

/// Sources that an environment does not have, with the reason.
pub type Off = Vec<(SourceId, String)>;

/// The sources of an environment, and those it does not have.
pub fn build(setup: &Setup) -> (Vec<Box<dyn Source>>, Off) {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for (id, build) in sources::registry() {
        match build(setup) {
            Ok(source) => on.push(source),
            Err(why) => off.push((*id, why)),
        }
    }
    (on, off)
}

/// Starts everything of one environment and returns at once.
pub fn start(
    index: EnvironmentIndex,
    watched: Watched,
    focus: &watch::Receiver<EnvironmentIndex>,
    tasks: &Tasks,
) {
    let (tasks, focus, name) =
        (tasks.clone(), focus.clone(), format!("environment {}", watched.environment.name));
    let spawner = tasks.clone();
    spawner.spawn(name, async move {
        let Watched { environment, connect, clock, prices, nudges, logins, seed, limiters, acts } = watched;
        let (outside, region) = connect().await;
        let prices = Arc::new(prices.get(&region).cloned().unwrap_or_default());
        let setup = Setup { environment, outside };
        let (on, off) = build(&setup);
        let (log_setup, log_region) = (setup.clone(), region.clone());
        if let Some(wishes) = logins {
            let sign_in = Arc::clone(&setup.outside.sign_in);
            let (clock, nudges) = (clock.clone(), Arc::clone(&nudges));
            let place = login::Place { index, sign_in, clock, nudges, tasks: tasks.clone() };
            tasks.spawn(format!("sign-in {}", setup.environment.name), place.run(wishes));
        }
        let tasks = match acts {
            None => tasks,
            Some(acts) => {
                let live = Arc::new(Live::default());
                let name = format!("conductor {}", setup.environment.name);
                let place = Place {
                    index,
                    region,
                    setup,
                    clock: clock.clone(),
                    live: Arc::clone(&live),
                    tasks: tasks.clone(),
                };
                tasks.spawn(name, Conductor::new(place, acts).run());
                tasks.tapped(|inner| Arc::new(Tap { environment: index, live, inner }))
            }
        };
        let known =
            on.iter().map(|s| (s.id(), u64::try_from(s.period().as_millis()).unwrap_or(u64::MAX))).collect();
        if !tasks.report(Event::Prepared { environment: index, on: known, off }).await {
            return;
        }
        let notifies: Vec<Arc<Notify>> = on.iter().map(|_| Arc::default()).collect();
        let log_nudge: Arc<Notify> = Arc::default();
        nudges.0.store(Arc::new(notifies.iter().chain([&log_nudge]).cloned().collect()));
        let logs = LogSource {
            environment: index,
            setup: log_setup,
            region: log_region,
            clock: clock.clone(),
            prices: Arc::clone(&prices),
            nudge: log_nudge,
            focus: focus.clone(),
            limiters,
            tasks: tasks.clone(),
            seed: seed.wrapping_mul(1000).wrapping_add(500),
        };
        tasks.spawn("logs", logs.run());
        for ((n, source), nudge) in (0_u64..).zip(on).zip(notifies) {
            let rng = ChaCha8Rng::seed_from_u64(seed.wrapping_mul(1000).wrapping_add(n));
            let name = format!("poller {}", source.id());
            let poller = Poller {
                environment: index,
                source,
                clock: clock.clone(),
                prices: Arc::clone(&prices),
                nudge,
                focus: focus.clone(),
                tasks: tasks.clone(),
            };
            tasks.spawn(name, poller.run(rng));
        }
    });
}
