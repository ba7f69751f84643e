//! Plans, requests, the journal's machine, verdicts and policies: pure, so everything is tried.
#![expect(clippy::unwrap_used, reason = "a test says where by panicking")]

#[path = "plans/iam.rs"]
mod iam;
#[path = "plans/journal.rs"]
mod journal;
#[path = "plans/planner.rs"]
mod planner;
#[path = "plans/requests.rs"]
mod requests;
#[path = "plans/rollback.rs"]
mod rollback;
#[path = "plans/scene.rs"]
mod scene;
#[path = "plans/verdicts.rs"]
mod verdicts;
