//! Floor 2: what changes something outside. The only place from which an AWS operation that is not a read may
//! leave; only the executor holds one of these, and in read-only mode none is constructed.
//!
//! The clients behind it never repeat a call by themselves: after a lost answer the executor reads before it
//! decides.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::domain::request::Operation;
use crate::domain::source::Failure;

pub(crate) mod filled;
pub mod sdk;

/// Values an operation gave: `mount_target_id`, `ip_address`, `availability_zone`, `version`,
/// `task_definition_arn`, `deployment_id`.
pub type Outputs = BTreeMap<String, String>;

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// It was answered; it took effect.
    Done(Outputs),
    /// It was refused, or never left: it took no effect.
    Refused(Failure),
    /// It left and no answer came, or one that does not tell: it may have taken effect.
    Unknown(Failure),
}

/// Sends operations, each exactly once.
#[async_trait]
pub trait Actuator: Send + Sync {
    /// Sends a completely filled operation (no [`Value::Born`](crate::domain::request::Value) in it).
    async fn send(&self, operation: &Operation) -> Sent;
}

/// Why an operation cannot be sent: a value of it is still to be born.
pub(crate) fn unfilled(operation: &Operation) -> Option<Failure> {
    match operation {
        Operation::PutParameter { entries, text, .. } => filled::published(entries, text.as_deref()).err(),
        Operation::UpdateTaskDefinition { task_definition, .. } => filled::known(task_definition).err(),
        _ => None,
    }
}
