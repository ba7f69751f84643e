//! `add-lifecycle-policy`: files that nobody reads move to Infrequent Access after 30 days and back on first
//! access.

use serde_json::json;

use super::look::{blank, evidence};
use super::{Input, Rule};
use crate::domain::recommendation::{Change, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;
use crate::domain::units::bytes;

/// The rule.
pub(super) struct AddLifecyclePolicy;

const NAME: &str = "add-lifecycle-policy";
const TO_IA: &str = "TransitionToIA";
const BACK: &str = "TransitionToPrimaryStorageClass";

impl Rule for AddLifecyclePolicy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        let at = match input.read_at(SourceId::EFS) {
            Ok(at) => at,
            Err(why) => return Finding::NotEnoughEvidence(why),
        };
        let (Some(policies), Some(fs)) = (&input.world.lifecycle, &input.world.file_system) else {
            return Finding::NotEnoughEvidence("the lifecycle configuration is not known".into());
        };
        let has = |wanted: &str| policies.iter().any(|(name, _)| name == wanted);
        if has(TO_IA) && has(BACK) {
            return Finding::Fine;
        }
        let missing = match (has(TO_IA), has(BACK)) {
            (false, false) => format!("neither {TO_IA} nor {BACK}"),
            (false, true) => format!("no {TO_IA}"),
            (true, _) => format!("no {BACK}, so a file once moved is billed for each access"),
        };
        let size = bytes(fs.size_bytes as f64);
        let now: Vec<String> = policies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        Finding::Act(vec![Recommendation {
            title: "move files that are not read to Infrequent Access".into(),
            reason: format!("The lifecycle configuration has {missing}; the file system holds {size}."),
            evidence: vec![
                evidence("lifecycle", now.join(" "), "", Some(at), SourceId::EFS),
                evidence("size", fs.size_bytes, "Bytes", Some(at), SourceId::EFS),
            ],
            change: Some(Change { from: json!(now), to: json!([format!("{TO_IA}=AFTER_30_DAYS"), format!("{BACK}=AFTER_1_ACCESS")]) }),
            effect: "Files not read for 30 days move to Infrequent Access and back on first access. Policies that are \
                     there stay: the merged configuration is written."
                .into(),
            risk: "The first access to a moved file is slower and is billed.".into(),
            rollback: "write the configuration before; files return on access".into(),
            intent: Intent::Lifecycle,
            ..blank(NAME, Severity::Low)
        }])
    }
}
