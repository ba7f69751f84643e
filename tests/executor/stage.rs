//! A simulated AWS under paused time with executors on one journal, and short ways to ask them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use miharu::actuators::Actuator;
use miharu::aws::Outside;
use miharu::clock::Clock;
use miharu::config::model::Environment;
use miharu::domain::journal::{Entry, EntryKind, NewEntry, advance};
use miharu::domain::plan::Plan;
use miharu::domain::planner;
use miharu::domain::policy::Policy;
use miharu::domain::price::PriceList;
use miharu::domain::recommendation::{Change, Intent, Recommendation, Severity};
use miharu::domain::rules::{Input, Signals};
use miharu::domain::world::World;
use miharu::engine::executor::Executor;
use miharu::engine::oneshot::observe;
use miharu::simulated::{Scenario, Simulated};
use miharu::sources::Setup;
use miharu::store::memory::memory;
use miharu::store::{Journal, JournalError, Query};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

/// The world the former function started from: two targets, one free zone, more files than the threshold.
pub(crate) const DUE: &str = "title = 't'\ndescription = 'd'\n[world]\ntargets = ['ap-northeast-1a', \
    'ap-northeast-1c']\ntasks = 3\nfiles = 100_500\n[[load]]\nat = '0s'\nfiles_per_s = 0\nops_per_s = 200\n";

/// A journal in memory that ends its process after a given entry.
pub(crate) struct Watched {
    inner: Arc<dyn Journal>,
    /// Entries until the process ends; `None`: never.
    left: Mutex<Option<u32>>,
    pub(crate) crash: Mutex<CancellationToken>,
    pub(crate) entries: Mutex<Vec<Entry>>,
}

impl Watched {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: memory(advance),
            left: Mutex::new(None),
            crash: Mutex::default(),
            entries: Mutex::default(),
        })
    }

    /// The process that writes the `n`th entry from now on ends right after it.
    pub(crate) fn crash_after(&self, n: u32) -> CancellationToken {
        *self.left.lock().unwrap() = Some(n);
        let token = CancellationToken::new();
        *self.crash.lock().unwrap() = token.clone();
        token
    }

    /// No process ends any more.
    pub(crate) fn spare(&self) {
        *self.left.lock().unwrap() = None;
    }
}

#[async_trait]
impl Journal for Watched {
    async fn append(&self, entry: NewEntry) -> Result<Entry, JournalError> {
        let entry = self.inner.append(entry).await?;
        self.entries.lock().unwrap().push(entry.clone());
        let dies = {
            let mut left = self.left.lock().unwrap();
            *left = left.map(|n| n.saturating_sub(1));
            let dies = *left == Some(0);
            if dies {
                *left = None;
            }
            dies
        };
        if dies {
            self.crash.lock().unwrap().cancel();
            std::future::pending::<()>().await;
        }
        Ok(entry)
    }
    async fn read(&self, query: &Query) -> Result<Vec<Entry>, JournalError> {
        self.inner.read(query).await
    }
    async fn open_changes(&self, environment: &str) -> Result<Vec<String>, JournalError> {
        self.inner.open_changes(environment).await
    }
    async fn lease(
        &self,
        environment: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, JournalError> {
        self.inner.lease(environment, holder, now, until).await
    }
    async fn release(&self, environment: &str, holder: &str) -> Result<(), JournalError> {
        self.inner.release(environment, holder).await
    }
    async fn holder(
        &self,
        environment: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, DateTime<Utc>)>, JournalError> {
        self.inner.holder(environment, now).await
    }
}

/// A world, a journal, and what executors are made from.
pub(crate) struct Stage {
    pub(crate) clock: Clock,
    pub(crate) simulated: Arc<Simulated>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) outside: Outside,
    pub(crate) policy: Arc<Policy>,
    pub(crate) journal: Arc<Watched>,
}

impl Stage {
    pub(crate) fn new(text: &str, seed: u64) -> Self {
        let scenario = Scenario::parse("t", "t.toml", text).unwrap_or_else(|e| panic!("{e}"));
        let clock = Clock::virtual_from("2026-11-20T14:02:13.250Z".parse().unwrap(), 1.0);
        let simulated = Arc::new(Simulated::new(&scenario, seed, clock.clone()));
        let environment = Arc::new(simulated.environment());
        let policy = Arc::new(Policy { file_count_threshold: 100_000, ..Policy::default() });
        let outside = simulated.outside();
        Self { clock, simulated, environment, outside, policy, journal: Watched::new() }
    }

    pub(crate) fn setup(&self) -> Setup {
        Setup { environment: Arc::clone(&self.environment), outside: self.outside.clone() }
    }

    pub(crate) fn executor(&self, holder: &str) -> Executor {
        self.executor_with(holder, Some(Arc::clone(&self.simulated) as _))
    }

    pub(crate) fn executor_with(&self, holder: &str, actuator: Option<Arc<dyn Actuator>>) -> Executor {
        Executor::new(
            Arc::clone(&self.journal) as _,
            actuator,
            self.setup(),
            self.clock.clone(),
            Arc::clone(&self.policy),
            holder.to_owned(),
        )
    }

    pub(crate) async fn observe(&self) -> World {
        observe(&self.setup(), &self.clock, &PriceList::default(), Duration::from_secs(30)).await.0
    }

    /// A plan for an intent, as the rules would have made it.
    pub(crate) async fn plan(&self, change: &str, rule: &str, intent: Intent) -> Plan {
        let world = self.observe().await;
        let signals = Signals::default();
        // Planned when more was allowed, so that the executor's own check is what holds it back.
        let policy = Policy { max_tasks: 500, ..self.policy.as_ref().clone() };
        let input = Input {
            world: &world,
            policy: &policy,
            signals: &signals,
            environment: &self.environment.name,
            now: self.clock.now(),
        };
        let rec = Recommendation {
            id: rule.to_owned(),
            rule: rule.to_owned(),
            severity: Severity::High,
            title: rule.to_owned(),
            reason: String::new(),
            evidence: vec![],
            change: Some(Change { from: Json::Null, to: Json::Null }),
            requests: vec![],
            effect: String::new(),
            risk: String::new(),
            cost_usd_per_month: None,
            reversible: true,
            rollback: String::new(),
            blocked_by: vec![],
            auto_allowed: true,
            intent,
        };
        planner::plan(&input, &rec, change.to_owned()).unwrap()
    }

    /// The intent of the free zone.
    pub(crate) async fn add_target(&self, change: &str) -> Plan {
        let world = self.observe().await;
        let subnet = world.subnets.iter().flatten().find(|s| s.availability_zone.ends_with("1d")).unwrap();
        let intent = Intent::AddMountTarget {
            zone: subnet.availability_zone.clone(),
            subnet_id: subnet.id.clone(),
            security_groups: world.security_groups.iter().flatten().next().unwrap().1.clone(),
            publish: true,
        };
        self.plan(change, "add-mount-target", intent).await
    }

    /// Kinds of the journal's entries of a change, notes left out.
    pub(crate) fn kinds(&self, change: &str) -> Vec<(EntryKind, Option<u32>)> {
        let entries = self.journal.entries.lock().unwrap();
        entries
            .iter()
            .filter(|e| e.change.as_deref() == Some(change) && e.event != EntryKind::Note)
            .map(|e| (e.event, e.step))
            .collect()
    }
}

/// Nobody listens.
pub(crate) fn silent(_: Entry) {}
