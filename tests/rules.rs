//! Rules and guardrails over worlds as they are met: what they say, what they refuse to say, and what holds a
//! change back.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]

#[path = "rules/demand.rs"]
mod demand;
#[path = "rules/guardrails.rs"]
mod guardrails;
#[path = "rules/mount_targets.rs"]
mod mount_targets;
#[path = "rules/others.rs"]
mod others;
#[path = "rules/properties.rs"]
mod properties;
#[path = "rules/scaling.rs"]
mod scaling;
#[path = "rules/speed.rs"]
mod speed;
#[path = "rules/stage.rs"]
mod stage;
