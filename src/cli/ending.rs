//! How a command that changes something ends: by itself, or by signals.

use serde_json::Value;

use crate::engine::executor::{Executor, Outcome};

use super::teller::{Stage, Teller, Wish};

/// How a command that changes something ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The change, where there is one.
    pub change: Option<String>,
    /// In a word: `converged`, `refused`, …, or the verdict.
    pub outcome: String,
    /// Exit code.
    pub exit: u8,
    /// Why, for people.
    pub why: String,
}

impl Ended {
    /// Refused, for a reason that begins with the guardrail.
    pub fn refused(why: impl Into<String>) -> Self {
        Self { change: None, outcome: "refused".into(), exit: 4, why: why.into() }
    }

    /// The reason behind a colon.
    pub fn because(&self) -> String {
        if self.why.is_empty() { String::new() } else { format!(": {}", self.why) }
    }
}

/// How an outcome ends the command.
pub fn ended(change: Option<String>, outcome: &Outcome) -> Ended {
    let word = serde_json::to_value(outcome)
        .ok()
        .and_then(|v| v.get("outcome").and_then(Value::as_str).map(str::to_owned))
        .unwrap_or_default();
    Ended { change, outcome: word, exit: outcome.exit(), why: outcome.why() }
}

/// What a first signal means: where calls may have left, the executor is asked to stop between steps.
pub fn stop(executor: &Executor, teller: &Teller) -> Wish {
    if teller.stage() != Stage::UnderWay {
        return Wish::End;
    }
    executor.cancel();
    super::say("miharu: stopping before the next step; what was sent is still followed. Again: end now.");
    Wish::Finish
}

/// Ended by signals. The lease is given back, so that the next one need not wait for its end.
pub async fn cut_off(executor: &Executor, teller: &Teller) -> Ended {
    let released = executor.journal.release(&executor.environment.name, &executor.holder);
    // The journal may not answer, and this is the end.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), released).await;
    let (outcome, exit, why) = match teller.stage() {
        Stage::Watched => ("converged", 0, "its effect was not watched to the end"),
        Stage::Idle => ("cancelled", 1, "by a signal"),
        Stage::UnderWay => (
            "unknown",
            5,
            "ended in the middle of the change; the next command that changes something reads back what became of it",
        ),
    };
    Ended { change: teller.change(), outcome: outcome.to_owned(), exit, why: why.to_owned() }
}
