//! The journal: opened in the background, followed by position, and told to the screen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::app::changes::ENTRIES_KEPT;
use crate::app::event::Event;
use crate::clock::Clock;
use crate::domain::journal::Entry;
use crate::domain::price::PriceList;
use crate::engine::autopilot::Autopilot;
use crate::engine::executor::Executor;
use crate::engine::live::Watching;
use crate::store::{Journal, JournalError, Query};

use super::diary::KEPT;
use super::{Conductor, Desk, FOLLOW, Opening};

/// Entries read at a time.
const PAGE: u32 = 500;
/// Longest wait for the journal to answer a read.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// Waits until the journal was opened or could not be; for ever while nobody opens it.
pub(super) async fn opened(opening: &mut Option<Opening>) -> Result<Arc<dyn Journal>, JournalError> {
    match opening {
        Some(receiver) => {
            let result = receiver.await;
            *opening = None;
            result.unwrap_or_else(|_| {
                Err(JournalError {
                    text: "opening the journal ended without a word".to_owned(),
                    remedy: "please report it".to_owned(),
                    conflict: false,
                })
            })
        }
        None => std::future::pending().await,
    }
}

impl Conductor {
    /// The journal is open, or could not be opened.
    pub(super) async fn opened(&mut self, result: Result<Arc<dyn Journal>, JournalError>) {
        match result {
            Ok(journal) => {
                let executor = Arc::new(Executor::new(
                    Arc::clone(&journal),
                    self.actuator.clone(),
                    crate::sources::Setup {
                        environment: Arc::clone(&self.setup.environment),
                        outside: self.setup.outside.clone(),
                    },
                    self.clock.clone(),
                    Arc::clone(&self.policy),
                    self.holder.clone(),
                ));
                self.hand.executor.store(Some(Arc::clone(&executor)));
                let autopilot = Some(self.autopilot(&executor));
                self.desk = Some(Desk { journal, executor, autopilot });
                self.follow().await;
            }
            Err(error) => self.journal_failed(&error.to_string()).await,
        }
    }

    /// Auto mode, disarmed; its brakes are the operator's from now on.
    pub(super) fn autopilot(&self, executor: &Arc<Executor>) -> Autopilot {
        let eyes = Watching { live: Arc::clone(&self.live), clock: self.clock.clone() };
        let autopilot =
            Autopilot::new(Arc::clone(executor), PriceList::default(), false, true).seeing(Arc::new(eyes));
        self.hand.brakes.store(Some(autopilot.brakes()));
        autopilot
    }

    /// Reads what was written since, here and by others; opens the journal where it is not open.
    pub(super) async fn follow(&mut self) {
        self.follow_at = Clock::instant() + FOLLOW;
        let Some(desk) = &self.desk else {
            if self.opening.is_none() {
                let (sender, receiver) = oneshot::channel();
                let open = (self.open)();
                self.tasks.spawn(format!("opening the journal for {}", self.name), async move {
                    drop(sender.send(open.await));
                });
                self.opening = Some(receiver);
            }
            return;
        };
        let journal = Arc::clone(&desk.journal);
        let mut new = false;
        loop {
            // First the newest ones, then those after what is known.
            let after = self.diary.last();
            let first = after == 0;
            let query = Query {
                environment: Some(self.name.clone()),
                after: (!first).then_some(after),
                limit: Some(if first { u32::try_from(KEPT).unwrap_or(u32::MAX) } else { PAGE }),
                ..Query::default()
            };
            let read = tokio::time::timeout(PATIENCE, journal.read(&query)).await;
            let entries = match read {
                Ok(Ok(entries)) => entries,
                Ok(Err(error)) => return self.journal_failed(&error.to_string()).await,
                Err(_) => {
                    return self.journal_failed("it does not answer; look at its disk or network").await;
                }
            };
            let more = !first && entries.len() >= PAGE as usize;
            new |= !entries.is_empty();
            self.learn(entries).await;
            if !more {
                break;
            }
        }
        self.journal_answers().await;
        if new {
            let before = self.diary.measured();
            self.diary.conclude(&self.name);
            let measured = self.diary.measured();
            if measured != before {
                self.tasks.report(Event::Measured { environment: self.index, measured }).await;
            }
            self.evaluate().await;
        }
    }

    async fn learn(&mut self, entries: Vec<Entry>) {
        let shown = entries.len().saturating_sub(ENTRIES_KEPT);
        for (n, entry) in entries.into_iter().enumerate() {
            if n >= shown {
                let event = Event::Journaled { environment: self.index, entry: entry.clone() };
                self.tasks.report(event).await;
            }
            self.diary.push(entry);
        }
    }

    async fn journal_answers(&mut self) {
        self.failures = 0;
        if self.failed.take().is_some() {
            self.tasks.report(Event::JournalAnswers { environment: self.index }).await;
            self.evaluate().await;
        }
    }

    /// Nothing is applied until it answers again; told when the words are new.
    pub(super) async fn journal_failed(&mut self, why: &str) {
        self.failures = self.failures.saturating_add(1);
        let pause = FOLLOW.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        self.follow_at = Clock::instant() + pause;
        if self.failed.as_deref() != Some(why) {
            self.failed = Some(why.to_owned());
            let event = Event::JournalFailed { environment: self.index, why: why.to_owned() };
            self.tasks.report(event).await;
            self.evaluate().await;
        }
    }
}
