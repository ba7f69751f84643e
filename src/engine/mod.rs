//! Floor 3: what runs by itself: pollers now, the executor of changes later. Knows sources only as trait
//! objects and tells what happened only as events on one bounded inbox.

pub mod backoff;
pub mod oneshot;
pub mod poller;
pub mod start;
pub mod tasks;
