//! The conductor: one task for each environment of a console. It asks the rules when something was read, follows the
//! journal, takes the operator's commands and carries changes out one at a time. It tells what happened only as
//! events, and the screen never waits for it.
//!
//! ```text
//!  pollers ─▶ Live ──▶ evaluate ──▶ Proposed            commands ─▶ decide ─┬─▶ journal
//!  journal ─▶ Diary ─▶ Journaled, Progressed, Braked                        └─▶ worker: executor, autopilot
//! ```

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use crate::actuators::Actuator;
use crate::app::changes::{Brakes, Progress};
use crate::app::event::{EnvironmentIndex, Event};
use crate::clock::Clock;
use crate::domain::guardrail::name;
use crate::domain::policy::Policy;
use crate::domain::snapshot::Mode;
use crate::domain::source::SourceId;
use crate::sources::Setup;
use crate::store::{Journal, JournalError};

use super::autopilot::Autopilot;
use super::executor::Executor;
use super::live::Live;
use super::tasks::Tasks;

mod board;
mod decide;
mod diary;
mod follow;
mod hand;
mod publish;
mod work;

pub use hand::{Command, Hand};

use board::{Board, Held};
use diary::Diary;
use publish::Publishing;
use work::Working;

/// Readings that come together are evaluated together.
const DEBOUNCE: Duration = Duration::from_millis(500);
/// Time alone changes ages, and so what is recommended.
const EVALUATE: Duration = Duration::from_secs(2);
/// How often the entries of other consoles are looked for.
const FOLLOW: Duration = Duration::from_secs(2);

/// Opens the journal. Asked again, with growing pauses, until it succeeds.
pub type OpenJournal =
    Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Journal>, JournalError>> + Send + Sync>;

/// An attempt to open the journal.
type Opening = oneshot::Receiver<Result<Arc<dyn Journal>, JournalError>>;

/// What a console needs to act in an environment, beside its eyes.
pub struct Acts {
    /// What it may do.
    pub mode: Mode,
    /// Opens the journal.
    pub open: OpenJournal,
    /// What sends; `None`: read-only.
    pub actuator: Option<Arc<dyn Actuator>>,
    /// The policy, once the region is known.
    pub policy: Box<dyn FnOnce(&str) -> Policy + Send>,
    /// Who acts, in the journal.
    pub by: String,
    /// Who holds the lease: unique to this process.
    pub holder: String,
    /// What the operator wants done.
    pub commands: mpsc::Receiver<Command>,
    /// The operator's end, for the brakes.
    pub hand: Arc<Hand>,
}

impl Acts {
    /// From here on nothing can be changed, whatever is configured.
    pub fn only_watch(&mut self) {
        self.mode = Mode::Observe;
        self.actuator = None;
    }
}

/// Where an environment's conductor works.
pub(super) struct Place {
    pub(super) index: EnvironmentIndex,
    pub(super) region: String,
    pub(super) setup: Setup,
    pub(super) clock: Clock,
    pub(super) live: Arc<Live>,
    pub(super) tasks: Tasks,
}

/// The journal once it is open, with what works through it.
struct Desk {
    journal: Arc<dyn Journal>,
    executor: Arc<Executor>,
    /// Not here while it is at work.
    autopilot: Option<Autopilot>,
}

/// The conductor of one environment.
pub(super) struct Conductor {
    index: EnvironmentIndex,
    name: String,
    setup: Setup,
    clock: Clock,
    live: Arc<Live>,
    tasks: Tasks,
    mode: Mode,
    open: OpenJournal,
    actuator: Option<Arc<dyn Actuator>>,
    policy: Arc<Policy>,
    by: String,
    holder: String,
    commands: mpsc::Receiver<Command>,
    hand: Arc<Hand>,
    /// An entry was written here.
    wrote: Arc<Notify>,
    desk: Option<Desk>,
    opening: Option<Opening>,
    /// Failed attempts to open or read the journal in a row, and the words that were told.
    failures: u32,
    failed: Option<String>,
    diary: Diary,
    board: Board,
    working: Option<Working>,
    publishing: Publishing,
    /// The operator wants the work under way to stop.
    stopping: bool,
    /// Why auto mode is not armed.
    disarmed: Option<String>,
    /// Whether the journal says that this process armed it.
    armed_written: bool,
    told_brakes: Option<Brakes>,
    told_progress: Option<Progress>,
    evaluate_at: Instant,
    follow_at: Instant,
    /// Next turn of auto mode, next look after changes that others left open.
    turn_at: DateTime<Utc>,
    recover_at: DateTime<Utc>,
    /// Whether open changes were looked for since the start.
    looked: bool,
    /// Why open changes could not be resolved, as it was told last.
    told_open: Option<String>,
}

impl Conductor {
    pub(super) fn new(place: Place, acts: Acts) -> Self {
        let Place { index, region, setup, clock, live, tasks } = place;
        let Acts { mode, open, actuator, policy, by, holder, commands, hand } = acts;
        let policy = Arc::new(policy(&region));
        let name = setup.environment.name.clone();
        let (now, instant) = (clock.now(), Clock::instant());
        Self {
            board: Board::new(&name, Arc::clone(&policy), mode, &holder),
            index,
            name,
            setup,
            clock,
            live,
            tasks,
            mode,
            opening: None,
            open,
            actuator,
            policy,
            by,
            holder,
            commands,
            hand,
            wrote: Arc::default(),
            desk: None,
            failures: 0,
            failed: None,
            diary: Diary::default(),
            working: None,
            publishing: Publishing::default(),
            stopping: false,
            disarmed: None,
            armed_written: false,
            told_brakes: None,
            told_progress: None,
            evaluate_at: instant + EVALUATE,
            follow_at: instant,
            turn_at: now,
            recover_at: now,
            looked: false,
            told_open: None,
        }
    }

    /// Conducts until nobody can give a command any more.
    pub(super) async fn run(mut self) {
        loop {
            if Clock::instant() >= self.follow_at {
                self.follow().await;
            }
            if Clock::instant() >= self.evaluate_at {
                self.evaluate().await;
            }
            self.begin_what_is_due();
            self.publish_what_is_due().await;
            // Also where the brake was pulled and the command behind it found no room.
            if !self.armed()
                && self.working.as_ref().is_none_or(|w| !w.auto)
                && let Err(why) = self.write_disarmed().await
            {
                self.say(why).await;
            }
            self.tell().await;
            let until = self.evaluate_at.min(self.follow_at);
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command).await,
                    None => return,
                },
                done = work::ended(&mut self.working) => self.done(done).await,
                opened = follow::opened(&mut self.opening) => self.opened(opened).await,
                () = self.wrote.notified() => self.follow_at = Clock::instant(),
                () = self.live.changed() => {
                    self.evaluate_at = self.evaluate_at.min(Clock::instant() + DEBOUNCE);
                }
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// Asks the rules, and tells what they say where it is new.
    async fn evaluate(&mut self) {
        self.evaluate_at = Clock::instant() + EVALUATE;
        let world = self.live.world();
        if world.sources.is_empty() {
            return; // nothing is prepared yet
        }
        let (held, now) = (self.held(), self.clock.now());
        if self.board.evaluate(&world, &self.diary, &held, now) {
            let (proposals, not_enough) = (self.board.proposals.clone(), self.board.not_enough.clone());
            let event = Event::Proposed { environment: self.index, proposals, not_enough };
            self.tasks.report(event).await;
        }
    }

    /// What holds everything back, whatever the rules say.
    fn held(&self) -> Held {
        if self.actuator.is_none() {
            return Some((name::READ_ONLY, "started with --read-only".to_owned()));
        }
        match (&self.failed, &self.desk) {
            (Some(why), _) => Some((name::JOURNAL, why.clone())),
            (None, None) => Some((name::JOURNAL, "it is being opened".to_owned())),
            (None, Some(_)) => None,
        }
    }

    /// Tells brakes and progress where they are new.
    async fn tell(&mut self) {
        let now = self.clock.now();
        let here = self.working.is_some();
        let progress = self.diary.progress().map(|p| Progress { here, ..p.clone() });
        if progress != self.told_progress {
            self.told_progress.clone_from(&progress);
            self.tasks.report(Event::Progressed { environment: self.index, progress }).await;
        }
        let brakes = self.brakes(now);
        if self.told_brakes.as_ref() != Some(&brakes) {
            self.told_brakes = Some(brakes.clone());
            self.tasks.report(Event::Braked { environment: self.index, brakes }).await;
        }
    }

    fn brakes(&self, now: DateTime<Utc>) -> Brakes {
        let past = self.diary.past();
        let frozen = past.frozen(now).map(|f| (f.by.clone(), f.until));
        let armed = self.armed();
        Brakes {
            mode: self.mode,
            armed,
            why_not_armed: (self.mode == Mode::Auto && !armed).then(|| self.why_not_armed()).flatten(),
            veto: self.working.as_ref().filter(|w| w.auto).and_then(|_| self.diary.announced(now)),
            frozen_by_operator: frozen.is_some(),
            frozen,
            failures: past.failures().0,
        }
    }

    fn armed(&self) -> bool {
        self.hand.brakes.load().as_ref().is_some_and(|b| b.armed())
    }

    fn why_not_armed(&self) -> Option<String> {
        match (&self.actuator, &self.failed) {
            (None, _) => Some("started with --read-only".to_owned()),
            (_, Some(why)) => Some(format!("the journal: {why}")),
            _ => self.disarmed.clone(),
        }
    }

    /// Says a line to the operator.
    async fn say(&self, words: impl Into<String>) {
        self.tasks.report(Event::Notice(words.into())).await;
    }

    /// How often auto mode looks: as often as there is a new measurement.
    fn every(&self) -> Duration {
        self.setup.environment.every(SourceId::CLOUDWATCH)
    }
}
