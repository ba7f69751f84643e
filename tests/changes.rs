//! `apply`, `autopilot` and `history` of the real binary against an AWS endpoint: what is sent, what the journal tells,
//! how it ends; also when calls are throttled, answers are lost and the process is killed.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

#[path = "changes/apply.rs"]
mod apply;
#[path = "changes/autopilot.rs"]
mod autopilot;
#[path = "changes/killed.rs"]
mod killed;
#[path = "changes/lost.rs"]
mod lost;
#[path = "changes/refused.rs"]
mod refused;
#[path = "changes/stage.rs"]
mod stage;
