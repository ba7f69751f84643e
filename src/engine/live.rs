//! The world as the pollers see it, kept beside the screen's: what rules, auto mode and verification look at while
//! a console runs, without a call of their own. The screen never waits for it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use crate::app::event::{EnvironmentIndex, Event};
use crate::clock::Clock;
use crate::domain::world::World;

use super::eyes::Eyes;
use super::tasks::Inbox;

/// One environment as its pollers saw it last.
#[derive(Debug, Default)]
pub struct Live {
    world: Mutex<Arc<World>>,
    changed: Notify,
}

impl Live {
    /// The world as it is now; cheap.
    pub fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until something was read since the last time this ended.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn change(&self, change: impl FnOnce(&mut World)) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        // A copy is made only while somebody looks at the world before.
        change(Arc::make_mut(&mut world));
        drop(world);
        self.changed.notify_one();
    }

    /// Takes in what an event says about the world.
    pub fn hear(&self, event: &Event) {
        match event {
            Event::Prepared { on, off, .. } => self.change(|world| world.prepare(on, off)),
            Event::Observed { reading, .. } => self.change(|world| world.merge(reading)),
            _ => {}
        }
    }
}

/// An inbox that lets a [`Live`] hear what is said of its environment, and passes everything on.
pub(super) struct Tap {
    pub(super) environment: EnvironmentIndex,
    pub(super) live: Arc<Live>,
    pub(super) inner: Arc<dyn Inbox>,
}

impl Inbox for Tap {
    fn send(&self, event: Event) -> BoxFuture<'_, bool> {
        if let Event::Prepared { environment, .. } | Event::Observed { environment, .. } = &event
            && *environment == self.environment
        {
            self.live.hear(&event);
        }
        self.inner.send(event)
    }
}

/// The live world as eyes: looking costs nothing, and shows what the pollers saw last with its age.
pub struct Watching {
    /// The world.
    pub live: Arc<Live>,
    /// Its time.
    pub clock: Clock,
}

#[async_trait]
impl Eyes for Watching {
    async fn look(&self) -> (World, DateTime<Utc>) {
        (World::clone(&self.live.world()), self.clock.now())
    }
}
