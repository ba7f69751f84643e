//! A count of files that miharu made itself, published for others: as the metric `EFSMountAutoscaling/FileCount` and
//! as the cached JSON in Parameter Store, as the former function did both.
//!
//! It is no change of the service, so it belongs to no change in the journal: a note before the calls holds the
//! requests, a note after them what became of each.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::count::FileCount;
use super::journal::{Entry, EntryKind};
use super::request::{Operation, Request, render};
use super::units;

/// Namespace of the file service's own metrics.
pub const NAMESPACE: &str = "EFSMountAutoscaling";
/// The metric of the number of files; it has no dimensions.
pub const FILE_COUNT: &str = "FileCount";

/// Where counts are published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// As a metric.
    pub metric: bool,
    /// As cached JSON in this parameter.
    pub parameter: Option<String>,
}

impl Targets {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        !self.metric && self.parameter.is_none()
    }

    /// The calls that publish a count.
    pub fn operations(&self, count: &FileCount) -> Vec<Operation> {
        let metric = self.metric.then(|| Operation::PutMetricData {
            namespace: NAMESPACE.to_owned(),
            name: FILE_COUNT.to_owned(),
            value: count.files as f64,
            unit: "Count".to_owned(),
            at: count.at,
        });
        let parameter = self.parameter.clone().map(|name| Operation::PutParameter {
            name,
            entries: Vec::new(),
            text: Some(cached(count)),
        });
        metric.into_iter().chain(parameter).collect()
    }
}

/// The cached JSON: UTC, without an offset.
fn cached(count: &FileCount) -> String {
    let timestamp = count.at.format("%Y-%m-%dT%H:%M:%S").to_string();
    json!({ "file_count": count.files, "timestamp": timestamp }).to_string()
}

/// How one of the calls ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Ended {
    /// It was answered.
    Done,
    /// It had no effect.
    Refused {
        /// Why.
        why: String,
    },
    /// Whether it had one is not known, and not looked for: the next count says it anew.
    Unknown {
        /// Why.
        why: String,
    },
    /// It was not sent.
    Skipped {
        /// Why.
        why: String,
    },
}

/// What a note about a publication holds, under `publish`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    /// Files.
    pub files: u64,
    /// When they were counted.
    pub counted_at: DateTime<Utc>,
    /// The calls.
    pub requests: Vec<Request>,
    /// How each of them ended; empty in the note before them.
    pub ended: Vec<Ended>,
}

impl Publication {
    /// What is about to be sent.
    pub fn of(count: &FileCount, operations: &[Operation]) -> Self {
        let requests = operations.iter().map(render).collect();
        Self { files: count.files, counted_at: count.at, requests, ended: Vec::new() }
    }

    /// What a note says of one; `None`: it is about something else.
    pub fn noted(entry: &Entry) -> Option<Self> {
        if entry.event != EntryKind::Note || entry.change.is_some() {
            return None;
        }
        Self::deserialize(entry.detail.get("publish")?).ok()
    }

    /// The detail of its note, with a sentence for those who read it.
    pub fn detail(&self) -> Json {
        json!({ "text": self.text(), "publish": self })
    }

    /// Why something was not published, where there is something to say.
    pub fn trouble(&self) -> Option<&str> {
        self.ended.iter().find_map(|ended| match ended {
            Ended::Refused { why } | Ended::Unknown { why } => Some(why.as_str()),
            Ended::Done | Ended::Skipped { .. } => None,
        })
    }

    fn text(&self) -> String {
        let files = units::thousands(self.files);
        let calls = || self.requests.iter().map(|r| r.operation.as_str()).zip(&self.ended);
        if self.ended.is_empty() {
            let names: Vec<&str> = self.requests.iter().map(|r| r.operation.as_str()).collect();
            return format!("publishing {files} files by {}", names.join(", "));
        }
        let words = calls().map(|(name, ended)| match ended {
            Ended::Done => format!("{name} done"),
            Ended::Refused { why } => format!("{name} refused: {why}"),
            Ended::Unknown { why } => format!("{name} without a known outcome: {why}"),
            Ended::Skipped { why } => format!("{name} not sent: {why}"),
        });
        format!("published {files} files: {}", words.collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::count::CountSource;

    fn count() -> FileCount {
        FileCount {
            files: 131_402,
            directories: None,
            recursive: Some(true),
            took_ms: None,
            source: CountSource::Path,
            at: "2026-01-01T09:00:00.250Z".parse().unwrap(),
            largest: Vec::new(),
            calls: None,
        }
    }

    #[test]
    fn the_calls_are_those_of_the_former_function() {
        let targets = Targets { metric: true, parameter: Some("/count".into()) };
        let operations = targets.operations(&count());
        let [Operation::PutMetricData { value, unit, at, .. }, Operation::PutParameter { name, text, .. }] =
            operations.as_slice()
        else {
            panic!("{operations:?}")
        };
        assert_eq!((value.to_bits(), unit.as_str(), *at), (131_402_f64.to_bits(), "Count", count().at));
        assert_eq!(name, "/count");
        let text = text.as_deref().unwrap();
        assert_eq!(text, r#"{"file_count":131402,"timestamp":"2026-01-01T09:00:00"}"#);
        assert!(Targets::default().operations(&count()).is_empty() && Targets::default().is_empty());
    }

    #[test]
    fn its_notes_say_what_was_sent_and_how_it_ended() {
        let targets = Targets { metric: true, parameter: Some("/count".into()) };
        let mut publication = Publication::of(&count(), &targets.operations(&count()));
        let text = |p: &Publication| p.detail()["text"].as_str().unwrap().to_owned();
        assert_eq!(text(&publication), "publishing 131 402 files by PutMetricData, PutParameter");
        publication.ended = vec![Ended::Done, Ended::Refused { why: "no".into() }];
        assert_eq!(
            text(&publication),
            "published 131 402 files: PutMetricData done; PutParameter refused: no"
        );
        assert_eq!(publication.trouble(), Some("no"));
        let entry = Entry {
            seq: 1,
            at: count().at,
            environment: "e".into(),
            change: None,
            rule: None,
            event: EntryKind::Note,
            by: "b".into(),
            step: None,
            detail: publication.detail(),
        };
        assert_eq!(Publication::noted(&entry), Some(publication));
        assert_eq!(Publication::noted(&Entry { change: Some("c".into()), ..entry }), None);
    }
}
