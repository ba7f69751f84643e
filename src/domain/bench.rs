//! What the tuning guide's tests on a mount found: their reports, as they are printed and kept in the journal, and
//! what the journal's entries say about goals.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::journal::{ChangeState, Entry, EntryKind, fold};
use super::request::Operation;

/// Where a test ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The directory, links resolved.
    pub directory: String,
    /// Type of its file system by the mount table, such as `nfs4`; `unknown` where that does not tell.
    pub file_system: String,
    /// Whether that leads to another machine.
    pub network: bool,
}

/// Latencies of single operations in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Latency {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// One kind of operation on files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilePhase {
    /// Files it was done to.
    pub files: u64,
    /// Milliseconds all of them took.
    pub took_ms: f64,
    /// Files a second.
    pub files_per_s: f64,
    /// One file.
    pub latency_ms: Latency,
}

/// One kind of reading or writing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataPhase {
    /// Reads or writes.
    pub operations: u64,
    /// Bytes of each; the last one of a file may be shorter.
    pub block_bytes: u64,
    /// Reads or writes under way at once.
    pub queue_depth: u64,
    /// Bytes of all.
    pub bytes: u64,
    /// Milliseconds, until everything written is on the storage.
    pub took_ms: f64,
    /// Megabytes (10⁶ bytes) a second.
    pub mb_per_s: f64,
    /// Operations a second.
    pub iops: f64,
    /// One operation.
    pub latency_ms: Latency,
}

/// What `miharu bench files` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilesReport {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Files that were asked for.
    pub files: u64,
    /// How the numbers came about, in words.
    pub method: String,
    /// Open, write, close. `None`: not reached.
    pub create: Option<FilePhase>,
    /// Open, read, close.
    pub read: Option<FilePhase>,
    /// Unlink.
    pub delete: Option<FilePhase>,
    /// Ended before everything that was asked for was done.
    pub partial: bool,
    /// What ended it.
    pub stopped_by: Option<String>,
}

/// What `miharu bench throughput` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThroughputReport {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// Size of the file that was asked for.
    pub size_bytes: u64,
    /// Whether the page cache was passed by.
    pub direct_io: bool,
    /// How the numbers came about, in words.
    pub method: String,
    /// From the first byte to the last. `None`: not reached.
    pub sequential_write: Option<DataPhase>,
    /// The same, reading.
    pub sequential_read: Option<DataPhase>,
    /// Blocks of 4 KiB at random places.
    pub random_read: Option<DataPhase>,
    /// The same, writing.
    pub random_write: Option<DataPhase>,
    /// Ended before everything that was asked for was done.
    pub partial: bool,
    /// What ended it.
    pub stopped_by: Option<String>,
}

impl ThroughputReport {
    /// The throughput that both directions reached, in MB/s.
    pub fn both_ways(&self) -> Option<f64> {
        let write = self.sequential_write.as_ref()?;
        let read = self.sequential_read.as_ref()?;
        Some(write.mb_per_s.min(read.mb_per_s))
    }
}

/// A report as the `detail` of a note holds it, under the key `bench`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The test ran on the file system that the environment watches, so that it says something about its goals.
    pub on_mount: bool,
    /// Of which test, and what it found.
    #[serde(flatten)]
    pub report: Report,
}

/// The report of either test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "test", rename_all = "lowercase")]
#[expect(missing_docs, reason = "the tests by name")]
pub enum Report {
    Files(FilesReport),
    Throughput(ThroughputReport),
}

/// A number and when it was measured.
pub type Point = (DateTime<Utc>, f64);

/// What the journal says about goals: the newest of each.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// MB/s that the throughput test reached on the mount, writing and reading.
    pub efs_throughput: Option<Point>,
    /// Seconds from the call that creates a mount target until the target was available.
    pub mount_target_creation: Option<Point>,
}

impl Measured {
    /// Out of one environment's entries, in the journal's order.
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a Entry> + Clone) -> Self {
        let newest = |points: &mut dyn Iterator<Item = Point>| points.max_by_key(|(at, _)| *at);
        let mut tests = entries.clone().into_iter().filter_map(throughput);
        let changes = fold(entries);
        let mut creations = changes.values().flat_map(creations);
        Self { efs_throughput: newest(&mut tests), mount_target_creation: newest(&mut creations) }
    }
}

/// When each mount target of a change was available, and how many seconds after the call that created it. The
/// journal shows that by what followed: the next step, or that all targets were reached.
fn creations(change: &ChangeState) -> impl Iterator<Item = Point> {
    change.steps.iter().filter_map(|(n, step)| {
        let Some(Operation::CreateMountTarget { .. }) = &step.operation else { return None };
        let found_later = step.detail.get("found_by_reading").is_some();
        if step.attempts != 1 || step.outcome != Some(EntryKind::Succeeded) || found_later {
            return None;
        }
        let available = match change.steps.get(&(n + 1)) {
            Some(next) => next.started_at.filter(|_| next.attempts == 1),
            None => change.converged_at,
        };
        let (from, to) = step.started_at.zip(available)?;
        Some((to, (to - from).num_milliseconds() as f64 / 1000.0))
    })
}

/// The throughput that a note tells of.
fn throughput(entry: &Entry) -> Option<Point> {
    if entry.event != EntryKind::Note {
        return None;
    }
    let kept = Kept::deserialize(entry.detail.get("bench")?).ok()?;
    match kept.report {
        Report::Throughput(report) if kept.on_mount => report.both_ways().map(|value| (entry.at, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value, json};

    use super::*;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(s)
    }

    fn entry(s: i64, change: Option<&str>, event: EntryKind, step: Option<u32>, detail: Value) -> Entry {
        let (environment, by) = ("prod".to_owned(), "mio@bastion".to_owned());
        let change = change.map(str::to_owned);
        Entry { seq: s, at: at(s), environment, change, rule: None, event, by, step, detail }
    }

    fn data(mb_per_s: f64) -> DataPhase {
        DataPhase {
            operations: 1,
            block_bytes: 1,
            queue_depth: 1,
            bytes: 1,
            took_ms: 1.0,
            mb_per_s,
            iops: 1.0,
            latency_ms: Latency::default(),
        }
    }

    fn kept(on_mount: bool, write: f64, read: Option<f64>) -> Value {
        let report = Report::Throughput(ThroughputReport {
            place: Place { directory: "/mnt".into(), file_system: "nfs4".into(), network: true },
            size_bytes: 1,
            direct_io: true,
            method: String::new(),
            sequential_write: Some(data(write)),
            sequential_read: read.map(data),
            random_read: None,
            random_write: None,
            partial: read.is_none(),
            stopped_by: None,
        });
        json!({ "bench": Kept { on_mount, report } })
    }

    #[test]
    fn a_report_is_read_back_from_its_note() {
        let note = kept(true, 120.0, Some(110.0));
        let back = Kept::deserialize(&note["bench"]).unwrap();
        assert_eq!(json!({ "bench": back }), note);
        assert_eq!(
            (&note["bench"]["test"], &note["bench"]["directory"]),
            (&json!("throughput"), &json!("/mnt"))
        );
    }

    #[test]
    fn the_newest_complete_test_on_the_mount_counts_the_slower_way() {
        let note = |s, detail| entry(s, None, EntryKind::Note, None, detail);
        let entries = [
            note(1, kept(true, 120.0, Some(110.0))),
            note(2, kept(true, 90.0, Some(200.0))),
            note(3, kept(false, 999.0, Some(999.0))),
            note(4, kept(true, 999.0, None)),
            note(5, json!({ "bench": "something else" })),
            note(6, json!({ "progress": "x" })),
            entry(7, None, EntryKind::Armed, None, kept(true, 999.0, Some(999.0))),
        ];
        let measured = Measured::of(&entries);
        assert_eq!(measured, Measured { efs_throughput: Some((at(2), 90.0)), mount_target_creation: None });
        assert_eq!(Measured::of(&[]), Measured::default());
    }

    /// A change that creates a mount target, started at `s` and available `after` it.
    fn creation(change: &str, s: i64, after: i64, found_later: bool, more_steps: bool) -> Vec<Entry> {
        let operation = Operation::CreateMountTarget {
            file_system_id: "fs-1".into(),
            subnet_id: "subnet-1".into(),
            security_groups: vec!["sg-1".into()],
        };
        let of = |s, event, step, detail| entry(s, Some(change), event, step, detail);
        let mut answer = json!({ "outputs": {} });
        if found_later {
            answer["found_by_reading"] = true.into();
        }
        let mut entries = vec![
            of(s, EntryKind::Approved, None, json!({})),
            of(s, EntryKind::Started, Some(1), json!({ "operation": operation })),
            of(s + 1, EntryKind::Succeeded, Some(1), answer),
        ];
        if more_steps {
            entries.push(of(s + after, EntryKind::Started, Some(2), json!({})));
            entries.push(of(s + after + 1, EntryKind::Succeeded, Some(2), json!({})));
        }
        entries.push(of(s + after + if more_steps { 500 } else { 0 }, EntryKind::Converged, None, json!({})));
        entries
    }

    #[test]
    fn a_creation_lasts_from_its_call_to_what_came_after_it_was_available() {
        for (entries, wanted) in [
            (creation("a", 100, 75, false, true), Some((at(175), 75.0))),
            (creation("a", 100, 75, false, false), Some((at(175), 75.0))),
            (creation("a", 100, 75, true, true), None),
            (creation("a", 100, 75, false, true)[..3].to_vec(), None),
            (
                [creation("a", 100, 75, false, true), creation("b", 900, 95, false, false)].concat(),
                Some((at(995), 95.0)),
            ),
        ] {
            assert_eq!(Measured::of(&entries).mount_target_creation, wanted, "{entries:?}");
        }
    }
}
