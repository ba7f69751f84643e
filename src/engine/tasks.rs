//! The tasks of the program: all tracked, all cancellable, none of them dies unnoticed.

use std::any::Any;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::event::Event;

/// Where events go: the one inbox of whoever listens, whatever else it takes.
pub trait Inbox: Send + Sync {
    /// Waits for room; `false` when nobody listens any more.
    fn send(&self, event: Event) -> BoxFuture<'_, bool>;
}

impl<M: From<Event> + Send + 'static> Inbox for Sender<M> {
    fn send(&self, event: Event) -> BoxFuture<'_, bool> {
        Box::pin(async move { Self::send(self, M::from(event)).await.is_ok() })
    }
}

/// Where background work runs and reports.
#[derive(Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    cancel: CancellationToken,
    inbox: Arc<dyn Inbox>,
}

impl Tasks {
    /// Tasks that report to `inbox`.
    pub fn new(inbox: impl Inbox + 'static) -> Self {
        Self { tracker: TaskTracker::new(), cancel: CancellationToken::new(), inbox: Arc::new(inbox) }
    }

    /// The same tasks, whose events first pass through the inbox that `tap` puts before theirs.
    pub(super) fn tapped(&self, tap: impl FnOnce(Arc<dyn Inbox>) -> Arc<dyn Inbox>) -> Self {
        Self { inbox: tap(Arc::clone(&self.inbox)), ..self.clone() }
    }

    /// Tells every task to end.
    pub fn cancel(&self) {
        self.cancel.cancel();
        self.tracker.close();
    }

    /// Waits until every task has ended.
    pub async fn ended(&self) {
        self.tracker.wait().await;
    }

    /// Ends when [`Tasks::cancel`] was called.
    pub fn cancelled(&self) -> CancellationToken {
        self.cancel.clone()
    }

    /// Reports; waits while the inbox is full, so a source can delay itself but never the screen. `false`
    /// when nobody listens any more.
    pub async fn report(&self, event: Event) -> bool {
        tokio::select! {
            () = self.cancel.cancelled() => false,
            sent = self.inbox.send(event) => sent,
        }
    }

    /// Runs `work` until it ends or everything is cancelled. A panic becomes [`Event::TaskDied`].
    pub fn spawn<F>(&self, name: impl Into<Arc<str>>, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (tasks, name) = (self.clone(), name.into());
        let guarded = {
            let cancel = self.cancel.clone();
            async move {
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = work => {}
                }
            }
        };
        let handle = self.tracker.spawn(guarded);
        self.tracker.spawn(async move {
            if let Err(error) = handle.await
                && error.is_panic()
            {
                let why = words(error.into_panic().as_ref());
                tracing::error!(task = %name, %why, "task died");
                tasks.report(Event::TaskDied { name: name.to_string(), why }).await;
            }
        });
    }
}

/// What a panic said.
pub(super) fn words(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}
