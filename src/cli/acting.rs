//! What a command that changes something needs beside the eyes: the journal, what sends, the policy, and a name.

use std::collections::BTreeMap;
use std::sync::Arc;

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::actuators::Actuator;
use crate::actuators::sdk::SdkActuator;
use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::journal::advance;
use crate::domain::policy::Policy;
use crate::domain::price::PriceList;
use crate::domain::snapshot::Mode;
use crate::engine::conductor::{Acts, Hand};
use crate::engine::executor::Executor;
use crate::sources::Setup;
use crate::store::{self, Journal, JournalError};

/// Region and credentials are found out within this time.
pub const CONNECT: Duration = Duration::from_secs(10);

/// Who acts: in the journal's `by`, and as holder of the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// `user@host`.
    pub name: String,
    /// The same with process and a random number: no other process has it, also not one of another machine that
    /// happens to share name and process id.
    pub holder: String,
}

impl Operator {
    /// The user of this process. Over `sudo` it is who called it: that is whom a reader of the journal asks.
    pub fn of(variables: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| variables.get(name).filter(|v| !v.is_empty()).cloned();
        let user = ["SUDO_USER", "USER", "LOGNAME"]
            .into_iter()
            .find_map(set)
            .unwrap_or_else(|| format!("uid{}", rustix::process::getuid().as_raw()));
        let uname = rustix::system::uname();
        let name = format!("{user}@{}", uname.nodename().to_string_lossy());
        let holder = crate::engine::executor::holder(&name);
        Self { name, holder }
    }

    /// An id that no other change has: the time, and what only this process has.
    pub fn change(&self, at: DateTime<Utc>) -> String {
        let own = self.holder.rsplit(':').next().unwrap_or_default();
        format!("{}-{own}", at.format("%Y%m%dT%H%M%S%3f"))
    }
}

/// An environment joined with the outside world.
pub struct Connected {
    /// What sources are built from.
    pub setup: Setup,
    /// Region.
    pub region: String,
    /// Its prices.
    pub prices: PriceList,
}

/// Joins an environment with the real world.
///
/// # Errors
/// What could be built without asking, where region and credentials are not found out in [`CONNECT`].
pub async fn connect(
    config: &Config,
    environment: &Environment,
    clock: &Clock,
) -> Result<Connected, Box<Setup>> {
    let environment = Arc::new(environment.clone());
    let (aws, outside) = super::connect::unasked(&environment, clock.clone());
    let setup = Setup { environment, outside };
    let Ok(region) = tokio::time::timeout(CONNECT, aws.region()).await else { return Err(Box::new(setup)) };
    let prices = config.prices.get(&region).cloned().unwrap_or_default();
    Ok(Connected { setup, region, prices })
}

/// The environment's policy with what the rest of the settings says about it.
pub fn policy(config: &Config, environment: &Environment, region: &str) -> Policy {
    Policy {
        published_parameter: environment.published_parameter.clone(),
        prices: config.prices.get(region).cloned().unwrap_or_default(),
        ..environment.policy.clone()
    }
}

/// Opens the journal of the settings.
///
/// # Errors
/// What is wrong with it, and the remedy.
pub async fn journal(config: &Config) -> Result<Arc<dyn Journal>, JournalError> {
    store::open(&config.journal, advance).await
}

/// What sends in an environment; none with `--read-only`.
pub fn actuator(config: &Config, environment: &Environment, clock: &Clock) -> Option<Arc<dyn Actuator>> {
    (!config.read_only).then(|| Arc::new(SdkActuator::new(environment, clock.clone())) as Arc<dyn Actuator>)
}

/// The executor of one environment of the real world.
pub fn executor(
    config: &Config,
    setup: Setup,
    region: &str,
    journal: Arc<dyn Journal>,
    clock: Clock,
    operator: &Operator,
) -> Executor {
    let policy = Arc::new(policy(config, &setup.environment, region));
    let actuator = actuator(config, &setup.environment, &clock);
    Executor::new(journal, actuator, setup, clock, policy, operator.holder.clone())
}

/// The journal of the settings for reading alone; `None`: there is none yet.
///
/// # Errors
/// What is wrong with it, and the remedy.
pub async fn journal_to_read(config: &Config) -> Result<Option<Arc<dyn Journal>>, JournalError> {
    store::open_to_read(&config.journal, advance).await
}

/// What a console acts with in one environment of the real world. Nothing is opened or asked yet.
pub fn acts(
    config: &Arc<Config>,
    environment: &Arc<Environment>,
    clock: &Clock,
    operator: &Operator,
) -> Acts {
    let (hand, commands) = Hand::new();
    let (settings, own) = (Arc::clone(config), Arc::clone(environment));
    let opened = Arc::clone(config);
    Acts {
        mode: if config.read_only { Mode::Observe } else { environment.mode },
        open: Box::new(move || {
            let config = Arc::clone(&opened);
            // On a thread of its own: sqlx's migrations are no future that another thread may take over.
            let runtime = tokio::runtime::Handle::current();
            let opened = tokio::task::spawn_blocking(move || runtime.block_on(journal(&config)));
            Box::pin(async move {
                opened.await.unwrap_or_else(|error| {
                    Err(JournalError {
                        text: format!("opening the journal failed: {error}"),
                        remedy: "please report it".to_owned(),
                        conflict: false,
                    })
                })
            })
        }),
        actuator: actuator(config, environment, clock),
        policy: Box::new(move |region| policy(&settings, &own, region)),
        by: operator.name.clone(),
        holder: operator.holder.clone(),
        commands,
        hand,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_who_called_sudo_and_two_processes_never_hold_the_same_lease() {
        let of = |pairs: &[(&str, &str)]| {
            let variables = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            Operator::of(&variables)
        };
        for (variables, user) in [
            (&[("USER", "root"), ("SUDO_USER", "mio")][..], "mio@"),
            (&[("USER", "mio"), ("LOGNAME", "other")], "mio@"),
            (&[("USER", ""), ("LOGNAME", "mio")], "mio@"),
            (&[], "uid"),
        ] {
            assert!(of(variables).name.starts_with(user), "{variables:?}: {:?}", of(variables));
        }
        let (one, two) = (of(&[("USER", "mio")]), of(&[("USER", "mio")]));
        assert_eq!(one.name, two.name);
        assert_ne!(one.holder, two.holder);
    }
}
