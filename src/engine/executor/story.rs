//! What the journal tells of one change, as far as going on with it needs.

use serde::{Deserialize, Serialize};

use crate::domain::journal::{ChangeState, fold};
use crate::domain::plan::{Fingerprint, Plan};
use crate::domain::request::{Operation, Request};
use crate::store::Query;

use super::Executor;

/// The detail of a `started` entry: enough to read back what it asked for, whoever does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// The filled call.
    pub operation: Operation,
    /// The same as it is shown.
    pub request: Request,
    /// What the world was immediately before.
    pub before: Fingerprint,
}

impl Executor {
    /// A change with its plan.
    ///
    /// # Errors
    /// The journal cannot be read, or does not hold the plan.
    pub(in crate::engine) async fn story(&self, change: &str) -> Result<(Plan, ChangeState), String> {
        let query = Query { change: Some(change.to_owned()), ..Query::default() };
        let entries = self.journal.read(&query).await.map_err(|e| e.to_string())?;
        let state =
            fold(&entries).remove(change).ok_or_else(|| format!("the journal knows no change {change}"))?;
        let plan =
            state.plan.clone().ok_or_else(|| format!("the journal holds no plan of change {change}"))?;
        Ok((plan, state))
    }
}

/// What a step's request depended on when it was started; nothing where the entry does not tell.
pub(in crate::engine) fn before(started: Option<&serde_json::Value>) -> Fingerprint {
    started
        .and_then(|detail| detail.get("before"))
        .and_then(|before| Fingerprint::deserialize(before).ok())
        .unwrap_or_default()
}
