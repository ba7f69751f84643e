//! Floor 0: what is known and what follows from it.
//!
//! Pure: no clock, no input or output, no logging. Time is a value that comes with the call. Nothing here
//! knows AWS, a terminal or a database; adapters on floor 2 turn what they read into these types.

pub mod alarm;
pub mod bench;
pub mod burn;
pub mod count;
pub mod credentials;
pub mod downtime;
pub mod drift;
pub mod ecs;
pub mod efs;
pub mod facts;
pub mod freshness;
pub mod goals;
pub mod guardrail;
pub mod iam;
pub mod identity;
pub mod impressions;
pub mod journal;
pub mod log;
pub mod metric;
pub mod network;
pub mod outages;
pub mod plan;
pub mod planner;
pub mod policy;
pub mod price;
pub mod probe;
pub mod publication;
pub mod published;
pub mod recommendation;
pub mod render;
pub mod request;
pub mod route;
pub mod rules;
pub mod scalable;
pub mod slo;
pub mod snapshot;
pub mod source;
pub mod units;
pub mod verification;
pub mod world;
pub mod zones;
