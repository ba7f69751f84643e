//! What was counted here is published for others, where the settings ask for it, beside everything else.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::Conductor;

/// A publication under way, and what was said of the last one.
#[derive(Default)]
pub(super) struct Publishing {
    /// What went wrong with it, at its end.
    under_way: Option<oneshot::Receiver<Option<String>>>,
    trouble: Option<String>,
}

impl Conductor {
    /// Publishes a new count, if it is time. Trouble is said when it is new; the journal has all of it.
    pub(super) async fn publish_what_is_due(&mut self) {
        if let Some(receiver) = &mut self.publishing.under_way {
            match receiver.try_recv() {
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Closed) => self.publishing.under_way = None,
                Ok(trouble) => {
                    self.publishing.under_way = None;
                    if let Some(words) = trouble.clone().filter(|_| trouble != self.publishing.trouble) {
                        self.say(words).await;
                    }
                    self.publishing.trouble = trouble;
                }
            }
        }
        if !self.able() {
            return;
        }
        let Some(desk) = &self.desk else { return };
        let world = self.live.world();
        let Some(count) = desk.executor.to_publish(&world) else { return };
        let (sender, receiver) = oneshot::channel();
        let (executor, wrote) = (Arc::clone(&desk.executor), Arc::clone(&self.wrote));
        let (history, by) = (self.diary.entries().to_vec(), self.by.clone());
        self.tasks.spawn(format!("publishing the count of {}", self.name), async move {
            let report = move |_| wrote.notify_one();
            let trouble = executor.publish(&count, &world, &history, &by, &report).await;
            drop(sender.send(trouble));
        });
        self.publishing.under_way = Some(receiver);
    }
}
