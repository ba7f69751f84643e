//! The world: what stands, and what will happen at which time. It is brought up to a time by handling every
//! event until then, each at its own time, so it is the same world however often somebody looks.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use rand_chacha::ChaCha8Rng;

use super::activity::Activity;
use super::alarms::Alarms;
use super::ecs::{Ecs, TaskEvent};
use super::efs::{Efs, TargetStep};
use super::faults::Faults;
use super::ids;
use super::ledger::Ledger;
use super::load::Load;
use super::log::Lines;
use super::metrics::Samples;
use super::mishap::Mishaps;
use super::network::Network;
use super::parameters::Parameters;
use super::runner::TaskRunner;
use super::scenario::{self, Deed, HISTORY, Scenario};
use super::seeded::dice;
use crate::domain::request::Operation;

/// Why the world does not do what somebody asks for: code and words of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Error code.
    pub(super) code: &'static str,
    /// AWS's words.
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// Something that is to happen.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A minute is over.
    Minute,
    /// `CloudWatch` looks at its alarms.
    Alarms,
    /// A mount target goes on.
    Target(TargetStep),
    /// A task goes on.
    Task(TaskEvent),
    /// The service scheduler does its round.
    Schedule,
    /// The service is created.
    CreateService,
    /// Somebody outside does something.
    Deed(Deed),
    /// A call that changes something takes effect, long after it was sent.
    Late(Box<Operation>),
}

/// Everything that is simulated.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) seed: u64,
    /// The time the world has been brought up to.
    pub(super) now: DateTime<Utc>,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) settings: scenario::World,
    pub(super) load: Load,
    pub(super) network: Network,
    pub(super) efs: Efs,
    pub(super) ecs: Ecs,
    pub(super) parameters: Parameters,
    pub(super) activity: Activity,
    pub(super) alarms: Alarms,
    pub(super) faults: Faults,
    /// Log groups with their retention in days.
    pub(super) log_groups: BTreeMap<String, Option<u32>>,
    /// Values that were published as metrics.
    pub(super) samples: Samples,
    /// What was logged.
    pub(super) lines: Lines,
    /// What was ever changed, for those who check.
    pub(super) ledger: Ledger,
    /// How calls that change something fail.
    pub(super) mishaps: Mishaps,
    /// What containers really are; `None`: they are simulated, too.
    pub(super) runner: Option<Arc<dyn TaskRunner>>,
    queue: BTreeMap<(DateTime<Utc>, u64), Event>,
    queued: u64,
    rolled: BTreeMap<&'static str, u64>,
}

/// When the service is created after the mount targets: they take up to 90 s.
const SERVICE_AFTER: TimeDelta = TimeDelta::seconds(120);

impl World {
    /// A world that began some time before `origin`, brought up to `origin`.
    pub(super) fn new(scenario: &Scenario, seed: u64, origin: DateTime<Utc>, speed: f64) -> Self {
        let settings = scenario.world.clone();
        let born = (origin - HISTORY).with_nanosecond(0).unwrap_or(origin - HISTORY);
        let account = ids::digits(&mut dice(seed, "account", 0), 12);
        let region = settings
            .zones
            .first()
            .map_or_else(String::new, |z| z.trim_end_matches(|c: char| c.is_ascii_lowercase()).to_owned());
        let mut world = Self {
            seed,
            now: born,
            load: Load::new(scenario, origin, speed),
            network: Network::new(&settings, seed),
            efs: Efs::new(&settings, seed),
            ecs: Ecs::new(&settings, &account, &region),
            parameters: Parameters::default(),
            activity: Activity::new(&settings, born),
            alarms: Alarms::new(born),
            faults: Faults::new(scenario, origin, speed),
            account,
            region,
            settings,
            log_groups: [super::SERVICE_LOG, super::FUNCTION_LOG].map(|name| (name.to_owned(), None)).into(),
            lines: Lines::default(),
            samples: Samples::default(),
            ledger: Ledger::default(),
            mishaps: Mishaps::default(),
            runner: None,
            queue: BTreeMap::new(),
            queued: 0,
            rolled: BTreeMap::new(),
        };
        world.begin(scenario, origin, speed);
        world.advance(origin);
        world
    }

    /// Plans the birth of the world and everything of the scenario.
    fn begin(&mut self, scenario: &Scenario, origin: DateTime<Utc>, speed: f64) {
        let born = self.now;
        for zone in self.settings.targets.clone() {
            self.schedule(born, Event::Deed(Deed::CreateMountTarget { zone }));
        }
        self.schedule(born + SERVICE_AFTER, Event::Deed(Deed::PutList { value: None }));
        self.schedule(born + SERVICE_AFTER + TimeDelta::seconds(5), Event::CreateService);
        let minute = born.with_second(0).unwrap_or(born) + TimeDelta::minutes(1);
        self.schedule(minute, Event::Minute);
        self.schedule(minute, Event::Alarms);
        for happening in &scenario.happenings {
            if !matches!(happening.deed, Deed::Fault(_)) {
                let at = at_second(origin, speed, happening.after);
                self.schedule(at, Event::Deed(happening.deed.clone()));
            }
        }
    }

    /// Lets something happen at a time; things of one time happen in the order in which they were planned.
    pub(super) fn schedule(&mut self, at: DateTime<Utc>, event: Event) {
        self.queued += 1;
        self.queue.insert((at.max(self.now), self.queued), event);
    }

    /// A generator for the next thing of its kind.
    pub(super) fn roll(&mut self, what: &'static str) -> ChaCha8Rng {
        let n = self.rolled.entry(what).or_default();
        *n += 1;
        dice(self.seed, what, *n)
    }

    /// Lets everything happen that is due until `to`. Time never runs backwards.
    pub(super) fn advance(&mut self, to: DateTime<Utc>) {
        self.collect(to);
        while let Some(next) = self.queue.first_entry() {
            let at = next.key().0;
            if at > to {
                break;
            }
            let event = next.remove();
            self.now = at;
            self.account();
            self.handle(event);
        }
        self.now = self.now.max(to);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Minute => {
                self.close_minute();
                self.run_function();
                self.schedule(self.now + TimeDelta::minutes(1), Event::Minute);
            }
            Event::Alarms => {
                self.evaluate_alarms();
                let mut rng = self.roll("alarms");
                let minute = self.now.with_second(0).unwrap_or(self.now) + TimeDelta::minutes(1);
                let later = super::seeded::seconds(&mut rng, 3.0, 20.0);
                self.schedule(minute + later, Event::Alarms);
            }
            Event::Target(step) => self.step_target(&step),
            Event::Task(step) => self.step_task(&step),
            Event::Schedule => self.schedule_service(),
            Event::CreateService => self.create_service(),
            Event::Deed(deed) => self.happen(deed),
            Event::Late(operation) => {
                self.take_effect(&operation).ok();
                self.note_unanswered();
            }
        }
    }

    /// Something of the scenario happens. What AWS refuses is refused; the world goes on.
    fn happen(&mut self, deed: Deed) {
        if let Err(refusal) = self.perform(deed) {
            tracing::debug!(code = refusal.code, text = refusal.text, "the simulated AWS refused a deed");
        }
    }

    /// Somebody outside does something.
    pub(super) fn perform(&mut self, deed: Deed) -> Result<(), Refusal> {
        match deed {
            Deed::CreateMountTarget { zone } => match self.network.subnet_in(&zone) {
                Some(subnet) => {
                    let groups = [self.network.nfs_group.clone()];
                    self.create_mount_target(&subnet, &groups).map(|_| ())
                }
                None => Err(Refusal::new("SubnetNotFound", format!("no subnet in {zone}"))),
            },
            Deed::DeleteMountTarget { zone } => match self.efs.target_in(&zone).map(|t| t.id.clone()) {
                Some(id) => self.delete_mount_target(&id),
                None => Err(Refusal::new("MountTargetNotFound", format!("no mount target in {zone}"))),
            },
            Deed::PutList { value } => {
                let value = value.unwrap_or_else(|| self.list_of_available());
                self.put_parameter(super::PARAMETER, &value);
                Ok(())
            }
            Deed::DeployBadImage { exit_code } => {
                let definition = self.register_task_definition(Some(exit_code), None);
                self.update_service(super::ecs::Update { definition: Some(definition), ..Default::default() })
            }
            Deed::ForceDeployment => {
                self.update_service(super::ecs::Update { force: true, ..Default::default() })
            }
            Deed::UpdateService { tasks, zones } => {
                let subnets = zones.map(|zones| self.network.subnets_in(&zones));
                self.update_service(super::ecs::Update { desired: tasks, subnets, ..Default::default() })
            }
            Deed::StopTask { tasks, exit_code, reason } => {
                self.crash_tasks(tasks, exit_code, &reason);
                Ok(())
            }
            Deed::LockDatabase { lasts } => {
                if let Some(runner) = &self.runner {
                    runner.lock_database(lasts.to_std().unwrap_or_default());
                }
                Ok(())
            }
            // Faults lie over the answers, not in the world.
            Deed::Fault(_) => Ok(()),
        }
    }
}

/// The instant of a scenario's time: the spectator's after the start, the world's before it.
pub(super) fn at_second(origin: DateTime<Utc>, speed: f64, after: TimeDelta) -> DateTime<Utc> {
    if after < TimeDelta::zero() {
        return origin + after;
    }
    origin + super::seeded::millis(after.num_milliseconds() as f64 * speed)
}
