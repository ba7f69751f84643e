//! The state of every change, derived from the journal's entries: what the screens show and what recovery starts
//! from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value as Json;

use super::advance::next;
use super::{Entry, EntryKind, Phase};
use crate::domain::plan::Plan;
use crate::domain::request::{Operation, StepOutputs};
use crate::domain::verification::Verdict;

/// A step as the journal tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepState {
    /// `detail` of its last `started` entry: the filled request.
    pub request: Option<Json>,
    /// The filled operation out of it.
    pub operation: Option<Operation>,
    /// How often it was started.
    pub attempts: u32,
    /// Its last start.
    pub started_at: Option<DateTime<Utc>>,
    /// `succeeded`, `failed` or `unknown`; `None` while no outcome has been written.
    pub outcome: Option<EntryKind>,
    /// When the outcome was written.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it gave.
    pub outputs: BTreeMap<String, String>,
    /// `detail` of the outcome's entry.
    pub detail: Json,
}

/// A change as the journal tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeState {
    /// Its id.
    pub change: String,
    /// Environment's name.
    pub environment: String,
    /// Rule.
    pub rule: Option<String>,
    /// The plan, from the newest `proposed` or `approved` entry that holds one.
    pub plan: Option<Plan>,
    /// Where it stands.
    pub phase: Phase,
    /// Steps that were started, by number.
    pub steps: BTreeMap<u32, StepState>,
    /// First entry.
    pub begun_at: DateTime<Utc>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<DateTime<Utc>>,
    /// Until when it is put off.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// When all targets were reached.
    pub converged_at: Option<DateTime<Utc>>,
    /// When the effect had been watched.
    pub verified_at: Option<DateTime<Utc>>,
    /// The verdict.
    pub verdict: Option<Verdict>,
    /// `reason` of the newest entry that has one.
    pub reason: Option<String>,
    /// Newest entry.
    pub last_at: DateTime<Utc>,
    /// Its position.
    pub last_seq: i64,
    /// Entries that the change's phase does not allow, a sentence each. They moved nothing; a journal written
    /// by miharu has none.
    pub misfits: Vec<String>,
}

impl ChangeState {
    /// Outputs of the steps that took effect, to fill the operations of later ones.
    pub fn outputs(&self) -> StepOutputs {
        self.steps
            .iter()
            .filter(|(_, step)| step.outcome == Some(EntryKind::Succeeded))
            .map(|(n, step)| (*n, step.outputs.clone()))
            .collect()
    }

    fn begin(entry: &Entry, change: &str, phase: Phase) -> Self {
        Self {
            change: change.to_owned(),
            environment: entry.environment.clone(),
            rule: None,
            plan: None,
            phase,
            steps: BTreeMap::new(),
            begun_at: entry.at,
            approved_by: None,
            approved_at: None,
            snoozed_until: None,
            converged_at: None,
            verified_at: None,
            verdict: None,
            reason: None,
            last_at: entry.at,
            last_seq: entry.seq,
            misfits: Vec::new(),
        }
    }

    /// Takes over what an allowed entry says.
    fn learn(&mut self, entry: &Entry) {
        self.last_at = entry.at;
        self.last_seq = entry.seq;
        if entry.rule.is_some() {
            self.rule.clone_from(&entry.rule);
        }
        if let Some(reason) = entry.detail.get("reason").and_then(Json::as_str) {
            self.reason = Some(reason.to_owned());
        }
        match entry.event {
            EntryKind::Proposed | EntryKind::Approved => {
                if let Some(plan) = part(&entry.detail, "plan") {
                    self.plan = Some(plan);
                }
                if entry.event == EntryKind::Approved {
                    self.approved_by = Some(entry.by.clone());
                    self.approved_at = Some(entry.at);
                }
                self.snoozed_until = None;
            }
            EntryKind::Snoozed => self.snoozed_until = part(&entry.detail, "until"),
            EntryKind::Converged => self.converged_at = Some(entry.at),
            EntryKind::Verified => {
                self.verified_at = Some(entry.at);
                self.verdict = part(entry.detail.get("verification").unwrap_or(&entry.detail), "verdict");
            }
            EntryKind::Started | EntryKind::Succeeded | EntryKind::Failed | EntryKind::Unknown => {
                self.learn_of_step(entry);
            }
            _ => {}
        }
    }

    fn learn_of_step(&mut self, entry: &Entry) {
        let step = self.steps.entry(entry.step.unwrap_or_default()).or_default();
        if entry.event == EntryKind::Started {
            *step = StepState {
                operation: part(&entry.detail, "operation"),
                request: Some(entry.detail.clone()),
                attempts: step.attempts + 1,
                started_at: Some(entry.at),
                ..StepState::default()
            };
            return;
        }
        step.outcome = Some(entry.event);
        step.ended_at = Some(entry.at);
        step.detail = entry.detail.clone();
        if entry.event == EntryKind::Succeeded
            && let Some(outputs) = part(&entry.detail, "outputs")
        {
            step.outputs = outputs;
        }
    }
}

/// A member of a detail, or the detail itself where it is that already.
fn part<T: serde::de::DeserializeOwned>(detail: &Json, name: &str) -> Option<T> {
    let inner = detail.get(name).filter(|inner| !inner.is_null());
    inner.and_then(|inner| T::deserialize(inner).ok()).or_else(|| T::deserialize(detail).ok())
}

/// The changes that the entries tell of, in the order of their ids. A change whose first entry is not among
/// them is left out, because its phase cannot be told.
pub fn fold<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<String, ChangeState> {
    let mut changes: BTreeMap<String, ChangeState> = BTreeMap::new();
    for entry in entries {
        let Some(id) = &entry.change else { continue };
        let phase = changes.get(id).map(|state| state.phase);
        match next(phase, Some(id), entry.event, entry.step) {
            Ok(phase) => {
                let state = changes.entry(id.clone()).or_insert_with(|| ChangeState::begin(entry, id, phase));
                state.phase = phase;
                state.learn(entry);
            }
            Err(why) => {
                if let Some(state) = changes.get_mut(id) {
                    state.misfits.push(format!("entry {}: {why}", entry.seq));
                }
            }
        }
    }
    changes
}
