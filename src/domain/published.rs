//! The published mount-target list, and which version of it a task runs by.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An entry of the published list, with exactly the fields that tasks parse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedTarget {
    /// `fsmt-…`.
    pub mount_target_id: String,
    /// Address that tasks mount.
    pub ip_address: String,
    /// Zone.
    pub availability_zone: String,
    /// Subnet.
    pub subnet_id: String,
}

/// The document of the parameter: one object with one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedList {
    /// Entries; their order is part of the contract, because routing is by index.
    pub mount_targets: Vec<PublishedTarget>,
}

impl PublishedList {
    /// Reads the parameter's value as a task does.
    ///
    /// # Errors
    /// Says in one sentence what is not as tasks expect it.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| format!("not the JSON that tasks read: {e}"))
    }
}

/// One version of the parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterVersion {
    /// Grows by one with every write.
    pub version: i64,
    /// When it was written.
    pub changed_at: DateTime<Utc>,
    /// The text as it stands.
    pub value: String,
}

/// The parameter as it is now, with the versions before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// Parameter name.
    pub parameter: String,
    /// The current version.
    pub current: ParameterVersion,
    /// All known versions, oldest first, the current one included. May begin later than version 1.
    pub history: Vec<ParameterVersion>,
}

impl Published {
    /// The list, or why it cannot be read.
    ///
    /// # Errors
    /// As [`PublishedList::parse`].
    pub fn list(&self) -> Result<PublishedList, String> {
        PublishedList::parse(&self.current.value)
    }

    /// Whether two texts publish the same: equal after parsing, else equal as text.
    fn same_content(a: &str, b: &str) -> bool {
        a == b || matches!((PublishedList::parse(a), PublishedList::parse(b)), (Ok(x), Ok(y)) if x == y)
    }

    /// The newest version with the content of `version`; versions of equal content are equal.
    fn canonical(&self, version: &ParameterVersion) -> i64 {
        self.history
            .iter()
            .chain([&self.current])
            .filter(|v| v.version >= version.version && Self::same_content(&v.value, &version.value))
            .map(|v| v.version)
            .max()
            .unwrap_or(version.version)
    }

    /// The version a task runs by: the newest one changed before its creation.
    ///
    /// `None` if one of other content changed while the task was starting (it may have read either), or if
    /// the known history begins after the task's creation.
    pub fn version_of_task(
        &self,
        created_at: DateTime<Utc>,
        started_at: Option<DateTime<Utc>>,
    ) -> Option<i64> {
        let known = || self.history.iter().chain([&self.current]);
        let before = known().filter(|v| v.changed_at <= created_at).max_by_key(|v| v.version)?;
        let until = started_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
        let ambiguous = known().any(|v| {
            v.changed_at > created_at && v.changed_at <= until && !Self::same_content(&v.value, &before.value)
        });
        (!ambiguous).then(|| self.canonical(before))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    fn version(version: i64, changed: i64, value: &str) -> ParameterVersion {
        ParameterVersion { version, changed_at: at(changed), value: value.to_owned() }
    }

    fn published(versions: &[ParameterVersion]) -> Published {
        Published {
            parameter: "/p".into(),
            current: versions.last().unwrap().clone(),
            history: versions.to_vec(),
        }
    }

    #[test]
    fn a_task_runs_by_the_newest_version_before_its_creation() {
        let p = published(&[version(1, 100, "a"), version(2, 200, "b"), version(3, 300, "c")]);
        for (created, started, expected) in [
            (50, Some(60), None), // older than anything known
            (150, Some(160), Some(1)),
            (250, Some(260), Some(2)),
            (350, None, Some(3)),
            (190, Some(210), None), // changed while it started
            (190, Some(199), Some(1)),
            (150, None, None), // not started yet: may still read a newer one
        ] {
            assert_eq!(p.version_of_task(at(created), started.map(at)), expected, "{created} {started:?}");
        }
    }

    #[test]
    fn versions_of_equal_content_are_equal() {
        let p = published(&[version(1, 100, "a"), version(2, 200, "b"), version(3, 300, "b")]);
        assert_eq!(p.version_of_task(at(250), Some(at(260))), Some(3));
        assert_eq!(p.version_of_task(at(290), Some(at(310))), Some(3), "an equal rewrite is no ambiguity");
        assert_eq!(p.version_of_task(at(150), Some(at(160))), Some(1));
    }

    #[test]
    fn spaces_and_key_order_do_not_make_a_new_list() {
        let a = r#"{"mount_targets": [{"mount_target_id": "m", "ip_address": "i", "availability_zone": "z", "subnet_id": "s"}]}"#;
        let b = r#"{"mount_targets":[{"ip_address":"i","mount_target_id":"m","subnet_id":"s","availability_zone":"z"}]}"#;
        assert!(Published::same_content(a, b));
        assert!(!Published::same_content(a, "{}"));
    }
}
