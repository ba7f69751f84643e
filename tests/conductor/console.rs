//! A console without a screen, on a simulated AWS under paused time: pollers, conductor and the state they feed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use miharu::actuators::Actuator;
use miharu::app::action::Action;
use miharu::app::changes::{Changes, Proposal, Question};
use miharu::app::event::Event;
use miharu::app::state::{EnvironmentInfo, State};
use miharu::app::update::update;
use miharu::clock::Clock;
use miharu::config::model::Environment;
use miharu::domain::journal::{Entry, EntryKind, NewEntry, advance};
use miharu::domain::plan::Plan;
use miharu::domain::policy::Policy;
use miharu::domain::snapshot::Mode;
use miharu::engine::conductor::{Acts, Command, Hand};
use miharu::engine::start::{Watched, start};
use miharu::engine::tasks::Tasks;
use miharu::simulated::{Scenario, Simulated};
use miharu::store::memory::memory;
use miharu::store::{Journal, JournalError, Query};
use tokio::sync::{mpsc, watch};

/// Two targets, one free zone, more files than the threshold.
pub const DUE: &str = "title = 't'\ndescription = 'd'\n[world]\ntargets = ['ap-northeast-1a', \
    'ap-northeast-1c']\ntasks = 3\nfiles = 100_500\n[[load]]\nat = '0s'\nfiles_per_s = 0\nops_per_s = 200\n";

pub const ADD: &str = "add-mount-target:ap-northeast-1d";

/// A journal that can be made to fail.
pub struct Fragile {
    inner: Arc<dyn Journal>,
    pub broken: AtomicBool,
}

impl Fragile {
    fn check(&self) -> Result<(), JournalError> {
        if self.broken.load(Ordering::SeqCst) {
            let (text, remedy) = ("the disk is full".to_owned(), "make room".to_owned());
            return Err(JournalError { text, remedy, conflict: false });
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for Fragile {
    async fn append(&self, entry: NewEntry) -> Result<Entry, JournalError> {
        self.check()?;
        self.inner.append(entry).await
    }
    async fn read(&self, query: &Query) -> Result<Vec<Entry>, JournalError> {
        self.check()?;
        self.inner.read(query).await
    }
    async fn open_changes(&self, environment: &str) -> Result<Vec<String>, JournalError> {
        self.check()?;
        self.inner.open_changes(environment).await
    }
    async fn lease(
        &self,
        environment: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, JournalError> {
        self.check()?;
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

/// A world and a journal that several consoles share.
pub struct Scene {
    pub clock: Clock,
    pub simulated: Arc<Simulated>,
    pub environment: Arc<Environment>,
    pub journal: Arc<Fragile>,
    pub policy: Policy,
}

impl Scene {
    pub fn new(text: &str, seed: u64) -> Self {
        let scenario = Scenario::parse("t", "t.toml", text).unwrap_or_else(|e| panic!("{e}"));
        let clock = Clock::virtual_from("2026-11-20T14:02:13.250Z".parse().unwrap(), 1.0);
        let simulated = Arc::new(Simulated::new(&scenario, seed, clock.clone()));
        let environment = Arc::new(simulated.environment());
        let journal = Arc::new(Fragile { inner: memory(advance), broken: AtomicBool::new(false) });
        // Nothing but what the tests are about.
        let disabled = ["scale-in-service", "scale-out-service", "resize-task", "raise-throughput"];
        let disabled_rules = disabled.map(str::to_owned).to_vec();
        let policy = Policy { disabled_rules, verification: Duration::from_secs(60), ..Policy::default() };
        Self { clock, simulated, environment, journal, policy }
    }

    /// Starts a console of an operator.
    pub fn console(&self, by: &str, mode: Mode) -> Console {
        self.console_with(by, mode, Some(Arc::clone(&self.simulated) as _))
    }

    pub fn console_with(&self, by: &str, mode: Mode, actuator: Option<Arc<dyn Actuator>>) -> Console {
        let (sender, events) = mpsc::channel(1024);
        let tasks = Tasks::new(sender);
        let (hand, commands) = Hand::new();
        let (journal, policy) = (Arc::clone(&self.journal), self.policy.clone());
        let acts = Acts {
            mode,
            open: Box::new(move || {
                let journal = Arc::clone(&journal);
                Box::pin(async move {
                    journal.check()?;
                    Ok(journal as Arc<dyn Journal>)
                })
            }),
            actuator,
            policy: Box::new(move |_| policy),
            by: by.to_owned(),
            holder: format!("{by}:1"),
            commands,
            hand: Arc::clone(&hand),
        };
        let outside = self.simulated.outside();
        let watched = Watched {
            environment: Arc::clone(&self.environment),
            connect: Box::new(move || Box::pin(async move { (outside, "ap-northeast-1".to_owned()) })),
            clock: self.clock.clone(),
            prices: Arc::default(),
            nudges: Arc::default(),
            logins: None,
            seed: 1,
            limiters: Arc::default(),
            acts: Some(acts),
        };
        let (focus, focused) = watch::channel(0);
        start(0, watched, &focused, &tasks);
        let info = EnvironmentInfo {
            name: self.environment.name.clone(),
            region: None,
            expected_account: None,
            mode,
            file_count_threshold: 100_000,
            service: None,
            file_system: None,
        };
        let state = State::new(vec![info], self.clock.now());
        Console {
            clock: self.clock.clone(),
            state,
            events: Mutex::new(events),
            tasks,
            hand,
            notices: Vec::new(),
            steps: Vec::new(),
            proposed: 0,
            _focus: focus,
        }
    }

    /// The journal as it is.
    pub async fn entries(&self) -> Vec<Entry> {
        self.journal.inner.read(&Query::default()).await.unwrap()
    }

    /// Kinds of the entries about changes, without notes.
    pub async fn kinds(&self) -> Vec<EntryKind> {
        let all = self.entries().await;
        all.iter().map(|e| e.event).filter(|k| *k != EntryKind::Note).collect()
    }
}

/// One console.
pub struct Console {
    clock: Clock,
    pub state: State,
    events: Mutex<mpsc::Receiver<Event>>,
    tasks: Tasks,
    pub hand: Arc<Hand>,
    pub notices: Vec<String>,
    /// Steps that were shown.
    pub steps: Vec<(u32, u32)>,
    /// How often recommendations were told.
    pub proposed: u32,
    _focus: watch::Sender<usize>,
}

impl Console {
    pub fn changes(&self) -> &Changes {
        &self.state.environments[0].changes
    }

    pub fn add(&self) -> Option<&Proposal> {
        self.changes().proposal(ADD)
    }

    pub fn plan(&self) -> Plan {
        self.add().unwrap().plan.clone().unwrap()
    }

    /// Takes events in until `wanted`; it has to come within two hours of the world's time.
    pub async fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let end = self.clock.now() + chrono::TimeDelta::hours(2);
        while !wanted(self) {
            assert!(
                self.clock.now() < end,
                "{what}: never; notices {:?}, {:#?}",
                self.notices,
                self.changes()
            );
            self.next().await;
        }
    }

    /// Takes events in for a time.
    pub async fn pass(&mut self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.next().await;
        }
    }

    async fn next(&mut self) {
        let events = self.events.get_mut().unwrap();
        let Ok(event) = tokio::time::timeout(Duration::from_secs(1), events.recv()).await else {
            update(&mut self.state, Event::Tick, self.clock.now());
            return;
        };
        let event = event.unwrap();
        match &event {
            Event::Notice(text) => self.notices.push(text.clone()),
            Event::Progressed { progress: Some(p), .. } => self.steps.push((p.step, p.of)),
            Event::Proposed { .. } => self.proposed += 1,
            Event::TaskDied { name, why } => panic!("{name}: {why}"),
            _ => {}
        }
        update(&mut self.state, event, self.clock.now());
    }

    /// Waits until there is a notice with these words.
    pub async fn says(&mut self, words: &str) {
        self.until(words, |c| c.notices.iter().any(|n| n.contains(words))).await;
    }

    pub fn give(&self, command: Command) {
        self.hand.give(command).unwrap();
    }

    pub fn approve(&self) {
        let plan = Box::new(self.plan());
        self.give(Command::Approve { recommendation: ADD.to_owned(), plan });
    }

    /// The question that an action opens.
    pub fn asks(&mut self, action: Action) -> Option<Question> {
        update(&mut self.state, Event::Action(action), self.clock.now());
        self.state.asking.take().map(|a| a.question)
    }

    /// Until the recommendation waits for a decision.
    pub async fn waits(&mut self) {
        self.until("it waits", |c| c.add().is_some_and(Proposal::waits)).await;
    }

    /// Ends as a process does that is killed: wherever it stands.
    pub async fn dies(self) {
        self.tasks.cancel();
        self.tasks.ended().await;
    }
}
