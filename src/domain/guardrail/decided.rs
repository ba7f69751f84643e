//! What operators decided, as the journal holds it: the freeze of all changes, and recommendations that were rejected
//! or put off. It holds for every console and every command on the same journal.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::domain::journal::{Entry, EntryKind};
use crate::domain::recommendation::{Intent, Recommendation};

/// A freeze ends by itself after this, so that a forgotten one does not hold for ever.
pub const FREEZE_LASTS: TimeDelta = TimeDelta::hours(24);
/// A rejection is asked again after this, so that a forgotten one does not hide a cause for ever.
pub const REJECTION_LASTS: TimeDelta = TimeDelta::days(7);

/// An operator's freeze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
}

impl Frozen {
    /// Detail of the note that begins or ends a freeze at `now`.
    pub fn detail(freeze: bool, now: DateTime<Utc>) -> Json {
        if freeze {
            json!({ "freeze": true, "until": now + FREEZE_LASTS })
        } else {
            json!({ "freeze": false })
        }
    }

    /// What an entry says of the freeze; `None`: nothing.
    #[expect(clippy::option_option, reason = "says nothing, says it ends, says it begins")]
    pub(super) fn said(entry: &Entry) -> Option<Option<Self>> {
        if entry.event != EntryKind::Note || entry.change.is_some() {
            return None;
        }
        let begins = entry.detail.get("freeze")?.as_bool()?;
        let until = entry.detail.get("until").and_then(|at| DateTime::deserialize(at).ok());
        // Never longer than stated here, whatever was written.
        let latest = entry.at + FREEZE_LASTS;
        let until = until.map_or(latest, |at: DateTime<Utc>| at.min(latest));
        Some(begins.then(|| Self { by: entry.by.clone(), at: entry.at, until }))
    }
}

/// What was decided about a recommendation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when it holds.
    pub until: DateTime<Utc>,
    /// Why it was rejected; `None`: it was put off.
    pub rejected: Option<String>,
    /// What was recommended at the time: another cause is another question.
    pub intent: Option<Intent>,
}

impl Decision {
    /// Detail of a `rejected` entry.
    pub fn rejected(rec: &Recommendation, reason: &str) -> Json {
        json!({ "recommendation": rec.id, "reason": reason, "intent": rec.intent })
    }

    /// Detail of a `snoozed` entry.
    pub fn snoozed(rec: &Recommendation, until: DateTime<Utc>) -> Json {
        json!({ "recommendation": rec.id, "until": until, "intent": rec.intent })
    }

    /// Whether it still answers `rec` at `now`.
    pub fn holds(&self, rec: &Recommendation, now: DateTime<Utc>) -> bool {
        now < self.until && self.intent.as_ref().is_none_or(|intent| *intent == rec.intent)
    }

    /// Takes over what an entry decides. Whoever approves a recommendation has changed their mind.
    pub(super) fn note(decisions: &mut BTreeMap<String, Self>, entry: &Entry) {
        let text = |name: &str| Some(entry.detail.get(name)?.as_str()?.to_owned());
        let until = match entry.event {
            EntryKind::Rejected => Some(entry.at + REJECTION_LASTS),
            EntryKind::Snoozed => entry.detail.get("until").and_then(|at| DateTime::deserialize(at).ok()),
            EntryKind::Approved => {
                let approved = entry.detail.pointer("/plan/recommendation").and_then(Json::as_str);
                if let Some(id) = approved {
                    decisions.remove(id);
                }
                return;
            }
            _ => return,
        };
        let (Some(id), Some(until)) = (text("recommendation"), until) else { return };
        let rejected = (entry.event == EntryKind::Rejected).then(|| text("reason").unwrap_or_default());
        let intent = entry.detail.get("intent").and_then(|intent| Intent::deserialize(intent).ok());
        decisions.insert(id, Self { by: entry.by.clone(), at: entry.at, until, rejected, intent });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guardrail::Past;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    fn entry(seq: i64, event: EntryKind, change: Option<&str>, detail: Json) -> Entry {
        let (at, by, environment) = (at(seq), "op".to_owned(), "e".to_owned());
        let (change, rule) = (change.map(str::to_owned), None);
        Entry { seq, at, environment, change, rule, event, by, step: None, detail }
    }

    #[test]
    fn a_freeze_ends_when_it_is_ended_and_by_itself_after_a_day_whatever_was_written() {
        let freeze = entry(1, EntryKind::Note, None, Frozen::detail(true, at(1)));
        let past = Past::of(std::slice::from_ref(&freeze), "e");
        assert_eq!(past.frozen(at(2)).map(|f| f.by.as_str()), Some("op"));
        assert!(past.frozen(at(24 * 60)).is_some() && past.frozen(at(24 * 60 + 1)).is_none());
        assert!(Past::of(std::slice::from_ref(&freeze), "other").frozen(at(2)).is_none());
        let long = json!({ "freeze": true, "until": at(99_999) });
        let past = Past::of(&[entry(1, EntryKind::Note, None, long)], "e");
        assert!(past.frozen(at(24 * 60 + 1)).is_none());
        let thaw = entry(2, EntryKind::Note, None, Frozen::detail(false, at(2)));
        let other = entry(3, EntryKind::Note, Some("c"), Frozen::detail(true, at(3)));
        assert!(Past::of(&[freeze, thaw, other], "e").frozen(at(4)).is_none());
    }

    #[test]
    fn a_decision_holds_for_its_cause_and_its_time_and_an_approval_ends_it() {
        let rec = |zone: &str| Recommendation {
            id: "a:b".into(),
            rule: "a".into(),
            severity: crate::domain::recommendation::Severity::High,
            title: String::new(),
            reason: String::new(),
            evidence: Vec::new(),
            change: None,
            requests: Vec::new(),
            effect: String::new(),
            risk: String::new(),
            cost_usd_per_month: None,
            reversible: true,
            rollback: String::new(),
            blocked_by: Vec::new(),
            auto_allowed: true,
            intent: Intent::RemoveMountTarget { mount_target_id: zone.into() },
        };
        let snoozed = entry(1, EntryKind::Snoozed, Some("c1"), Decision::snoozed(&rec("x"), at(60)));
        let past = Past::of(std::slice::from_ref(&snoozed), "e");
        assert!(past.decision(&rec("x"), at(59)).is_some_and(|d| d.rejected.is_none()));
        assert!(past.decision(&rec("x"), at(60)).is_none(), "its time is over");
        assert!(past.decision(&rec("y"), at(2)).is_none(), "its cause is another");
        let rejected = entry(2, EntryKind::Rejected, Some("c2"), Decision::rejected(&rec("x"), "not now"));
        let past = Past::of(&[snoozed, rejected.clone()], "e");
        assert_eq!(past.decision(&rec("x"), at(61)).unwrap().rejected.as_deref(), Some("not now"));
        assert!(past.decision(&rec("x"), at(2) + REJECTION_LASTS).is_none());
        let plan = json!({ "plan": { "recommendation": "a:b" } });
        let approved = entry(3, EntryKind::Approved, Some("c3"), plan);
        assert!(Past::of(&[rejected, approved], "e").decision(&rec("x"), at(4)).is_none());
    }
}
