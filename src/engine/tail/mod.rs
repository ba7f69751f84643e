//! The tail of the log groups: it cannot lie and does not die.
//!
//! ```text
//!  aws::Logs::events ──► GroupTail        what to read next; each event once; gaps, late and lost lines counted
//!        ▲                   │
//!     Limiter              Intake         levels, secrets, order
//!   one an account           ▼
//!                          Batch ──►      the one event that lines travel in
//! ```
//!
//! Each group is read from its newest line − overlap, all pages; a failure is followed by another try, without
//! end. What takes too long is left for later, with a mark among the lines, and read after what is new. Lines
//! that CloudWatch took in and no read has given are counted ([`audit`]).

pub mod audit;
mod delays;
pub mod group;
pub mod incoming;
pub mod limiter;
pub mod live;
pub mod seen;
pub mod settings;
pub mod source;
pub mod spill;
pub mod tally;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use rand::{Rng, RngExt};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::watch;

use crate::aws::meter::metered;
use crate::aws::{Answer, Logs, Page};
use crate::clock::Clock;
use crate::domain::log::LogEvent;
use crate::domain::log::batch::{Batch, LATE_LINES, LiveState, TailState};
use crate::domain::log::intake::{Arrived, Intake};
use crate::domain::log::redact::Redactor;
use crate::domain::source::{Failure, FailureClass};

use super::backoff::{after_failure, jittered};
use group::{Call, GroupTail, Next};
use incoming::Incoming;
use limiter::Limiter;
use live::Live;
use settings::TailSettings;
use tally::Tally;

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How often the state is told while nothing else is.
const STATUS: Duration = Duration::from_secs(30);
/// Minutes asked for again at each audit: CloudWatch corrects its numbers for a while.
const AUDITED_AGAIN: TimeDelta = TimeDelta::minutes(15);

/// What all groups of an account share.
#[derive(Clone)]
pub struct Tail {
    /// Where lines are read.
    pub logs: Arc<dyn Logs>,
    /// How many lines CloudWatch took in; without it lost lines are not counted.
    pub incoming: Option<Arc<dyn Incoming>>,
    /// The environment's time.
    pub clock: Clock,
    /// The account's limit.
    pub limiter: Arc<Limiter>,
    /// Where batches go. A full queue delays the tail and loses nothing.
    pub out: Sender<Batch>,
    /// How to read.
    pub settings: TailSettings,
    /// How often, from now on.
    pub pace: watch::Receiver<Pace>,
    /// What it costs, and how the groups are doing.
    pub tally: Arc<Tally>,
}

/// How often is looked for new lines. It changes while the tail runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Time between two looks.
    pub period: Duration,
    /// How often somebody has asked for a look at once.
    pub asked: u64,
    /// Somebody looks at the environment.
    pub shown: bool,
}

impl Pace {
    /// One that never changes.
    pub fn steady(period: Duration) -> watch::Receiver<Self> {
        watch::channel(Self { period, asked: 0, shown: true }).1
    }
}

/// What Live Tail tells; never ends where there is none.
async fn hear(live: &mut Option<Receiver<Live>>) -> Live {
    let heard = match live {
        Some(receiver) => receiver.recv().await,
        None => None,
    };
    match heard {
        Some(heard) => heard,
        None => std::future::pending().await,
    }
}

/// Ends when the pace has changed; never, when nobody can change it any more.
async fn changed(pace: &mut watch::Receiver<Pace>) {
    if pace.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The state that was told last.
struct Told {
    state: TailState,
    live: Option<LiveState>,
    at: DateTime<Utc>,
}

impl Tail {
    /// Follows a group until nobody listens any more. `index` is another number for each group.
    pub async fn follow(
        mut self,
        group: Arc<str>,
        index: u32,
        mut live: Option<Receiver<Live>>,
        mut draw: impl Rng + Send,
    ) {
        let now = self.clock.now();
        let mut state =
            GroupTail::new(Arc::clone(&group), index, self.settings.clone(), now, self.incoming.is_some());
        if live.is_some() {
            state.live(now, Live::State(LiveState::Starting));
        }
        let mut intake = Intake::new(Redactor::new(&self.settings.secrets));
        let mut asked = self.pace.borrow().asked;
        let mut told: Option<Told> = None;
        let mut audited = now - self.settings.lookback;
        let mut next_audit = now + self.settings.audit;
        loop {
            let now = self.clock.now();
            let pace = *self.pace.borrow_and_update();
            state.paced(pace.period);
            if pace.asked != asked {
                asked = pace.asked;
                state.look_now(now);
            }
            if let Some(incoming) = self.incoming.as_deref().filter(|_| now >= next_audit) {
                audited = self.audit(incoming, &group, &mut state, audited, now).await;
                next_audit = now + self.settings.audit;
            }
            let arrived = match state.next(now) {
                // What came live first: a group that is behind has a call to make all the time.
                Next::Call(call) => match live.as_mut().and_then(|live| live.try_recv().ok()) {
                    Some(heard) => state.live(now, heard),
                    None => self.call(&group, &mut state, call, &mut draw).await,
                },
                Next::Wait(until) => {
                    let until = if self.incoming.is_some() { until.min(next_audit) } else { until };
                    let wait = (until - now).to_std().unwrap_or_default();
                    tokio::select! {
                        () = self.clock.sleep(wait.max(Duration::from_millis(1))) => continue,
                        () = changed(&mut self.pace) => continue,
                        heard = hear(&mut live) => state.live(self.clock.now(), heard),
                    }
                }
            };
            if !self.tell(&mut state, &mut intake, arrived, &mut told).await {
                return;
            }
        }
    }

    /// One call, as soon as the account's limit lets it through.
    async fn call(
        &self,
        group: &str,
        state: &mut GroupTail,
        call: Call,
        draw: &mut (impl Rng + Send),
    ) -> Vec<Arrived> {
        self.limiter.acquire().await;
        let asked = self.logs.events(group, &call.query, call.token);
        let answer: Result<Page<LogEvent>, Failure> = self.metered(asked).await;
        let now = self.clock.now();
        match answer {
            Ok(page) => {
                self.limiter.answered();
                self.tally.answered(group, now);
                state.page(now, call.head, page)
            }
            Err(failure) => {
                if failure.class == FailureClass::Throttled {
                    self.limiter.throttled();
                }
                self.tally.failed(group, &failure);
                let (class, draw) = (failure.class, draw.random());
                state.failed(now, call.head, failure, |failures| {
                    jittered(after_failure(class, failures, self.settings.period).min(LONGEST_WAIT), draw)
                });
                Vec::new()
            }
        }
    }

    /// Makes a call within the deadline, and counts it.
    async fn metered<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let began = Clock::stopwatch();
        // Real time, as the clients have their own: what waits is the network.
        let (answer, metered) = metered(tokio::time::timeout(self.settings.deadline, call)).await;
        self.tally.add(metered, began());
        answer.unwrap_or_else(|_| {
            let text = format!("no answer within {}", humantime::format_duration(self.settings.deadline));
            Err(Failure::new(FailureClass::Timeout, text))
        })
    }

    /// Compares the numbers of the minutes from `audited` on; gives from when on to compare the next time.
    async fn audit(
        &self,
        incoming: &dyn Incoming,
        group: &str,
        state: &mut GroupTail,
        audited: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let minute = TimeDelta::minutes(1);
        let floor = |at: DateTime<Utc>| at.duration_trunc(minute).unwrap_or(at);
        let (from, to) = (floor(audited), floor(now - self.settings.audit_settles));
        if from >= to {
            return audited;
        }
        match self.metered(incoming.incoming(group, from, to)).await {
            Ok(numbers) => {
                state.audited(from, to, &numbers);
                to - AUDITED_AGAIN
            }
            // The next look takes the same minutes in.
            Err(failure) => {
                tracing::debug!(group, why = %failure.text, "lines taken in are not known");
                audited
            }
        }
    }

    /// Hands over what came; `false` when nobody listens.
    async fn tell(
        &self,
        state: &mut GroupTail,
        intake: &mut Intake,
        mut arrived: Vec<Arrived>,
        told: &mut Option<Told>,
    ) -> bool {
        let marks = state.take_marks();
        let status = state.status(self.clock.now());
        let new_state = told.as_ref().is_none_or(|told| {
            let long_ago = status.at - told.at >= TimeDelta::from_std(STATUS).unwrap_or_default();
            told.state != status.state || told.live != status.live || long_ago
        });
        if arrived.is_empty() && marks.is_empty() && !new_state {
            return true;
        }
        *told = Some(Told { state: status.state.clone(), live: status.live.clone(), at: status.at });
        // Late lines by themselves, few at a time: what is new must not wait for them.
        let late: Vec<Arrived> = arrived.extract_if(.., |arrived| arrived.late).collect();
        let mut blocks = intake.blocks(arrived);
        blocks.extend(intake.blocks(late).iter().flat_map(|block| block.split(LATE_LINES)));
        let mut batches: Vec<Batch> =
            blocks.into_iter().map(|lines| Batch { lines, ..Batch::default() }).collect();
        if batches.is_empty() {
            batches.push(Batch::default());
        }
        if let Some(last) = batches.last_mut() {
            (last.marks, last.status) = (marks, vec![status]);
        }
        for batch in batches {
            if self.out.send(batch).await.is_err() {
                return false;
            }
        }
        true
    }
}
