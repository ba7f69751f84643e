//! Floor 3: what runs by itself: pollers, the executor of changes, the autopilot. Knows sources only as trait
//! objects and tells what happened only as events on one bounded inbox.

pub mod autopilot;
pub mod backoff;
pub mod conductor;
mod convergence;
mod effect;
pub mod executor;
pub mod eyes;
mod ids;
pub mod live;
pub mod login;
mod observer;
pub mod oneshot;
pub mod poller;
pub mod recovery;
pub mod start;

pub mod tail;
pub mod tasks;
pub mod verify;
