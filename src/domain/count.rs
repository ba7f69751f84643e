//! The number of files, the quantity the file service scales on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Where a count was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CountSource {
    /// Counted on the directory itself.
    Path,
    /// The custom metric `EFSMountAutoscaling/FileCount`.
    Cloudwatch,
    /// The cached JSON in an SSM parameter.
    Ssm,
    /// The former function's log line.
    Logs,
}

/// What a count has seen, while it runs or at its end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Regular files.
    pub files: u64,
    /// Directories, the root included.
    pub directories: u64,
    /// Symbolic links; none is followed.
    pub symlinks: u64,
    /// Sockets, FIFOs, devices.
    pub others: u64,
    /// Directory reads.
    pub calls: u64,
    /// Entries whose kind had to be asked for, because their directory does not tell.
    pub asked: u64,
    /// Directories (or entries) that could not be read: what is in them is missing above.
    pub unread: u64,
    /// Directories that were gone before they were read: what was in them is no more.
    pub vanished: u64,
}

/// A count under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    /// What it has seen so far.
    pub counted: Counted,
    /// Milliseconds since its start.
    pub took_ms: u64,
    /// Files that the last count of the same directory found, where there was one.
    pub expected: Option<u64>,
}

impl Counting {
    /// Files a second since its start; `None` in the first moments.
    pub fn files_per_s(&self) -> Option<f64> {
        (self.took_ms >= 100).then(|| self.counted.files as f64 * 1000.0 / self.took_ms as f64)
    }

    /// Share of the last count, 0 to 1; `None` without one, or once there are more files than then.
    pub fn share(&self) -> Option<f64> {
        let expected = self.expected.filter(|n| *n > 0 && *n >= self.counted.files)?;
        Some(self.counted.files as f64 / expected as f64)
    }

    /// Seconds until it has seen as many files as the last count, at its rate so far.
    pub fn left_s(&self) -> Option<f64> {
        self.share()?;
        let left = self.expected?.saturating_sub(self.counted.files) as f64;
        self.files_per_s().filter(|rate| *rate > 0.0).map(|rate| left / rate)
    }
}

/// Something that a count could not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountError {
    /// Path relative to the counted root, which is `.`.
    pub path: String,
    /// Why, in words.
    pub error: String,
}

/// What `miharu count --json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReport {
    /// The counted directory, as it was given.
    pub path: String,
    /// Regular files.
    pub files: u64,
    /// Directories, the root included.
    pub directories: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Sockets, FIFOs, devices.
    pub others: u64,
    /// Whether subdirectories were counted too.
    pub recursive: bool,
    /// Whether something is missing, or vanished while it was counted.
    pub partial: bool,
    /// What is missing, as far as it is listed; the last one says how much is not.
    pub errors: Vec<CountError>,
    /// Directories with the most files directly in them, largest first.
    pub largest: Vec<DirectoryCount>,
    /// Milliseconds it took.
    pub took_ms: u64,
    /// Directory reads.
    pub calls: u64,
}

/// A directory and the number of files directly in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryCount {
    /// Path relative to the counted root.
    pub path: String,
    /// Regular files directly inside.
    pub files: u64,
}

/// A file count with its origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileCount {
    /// Regular files.
    pub files: u64,
    /// Directories, the root included; `None` where the origin does not say.
    pub directories: Option<u64>,
    /// Whether subdirectories were counted; `None` where the origin does not say.
    pub recursive: Option<bool>,
    /// Milliseconds the count took; `None` when somebody else counted.
    pub took_ms: Option<u64>,
    /// Origin.
    pub source: CountSource,
    /// When it was counted (not when it was read).
    pub at: DateTime<Utc>,
    /// Directories with the most files, largest first.
    pub largest: Vec<DirectoryCount>,
    /// Directory reads it cost; `None` when somebody else counted.
    pub calls: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_count_says_how_fast_it_is_and_what_is_left() {
        let running = |files, took_ms, expected| Counting {
            counted: Counted { files, ..Counted::default() },
            took_ms,
            expected,
        };
        for (case, rate, share, left) in [
            (running(0, 50, Some(100)), None, Some(0.0), None),
            (running(0, 1000, Some(100)), Some(0.0), Some(0.0), None),
            (running(25, 500, Some(100)), Some(50.0), Some(0.25), Some(1.5)),
            (running(100, 1000, Some(100)), Some(100.0), Some(1.0), Some(0.0)),
            (running(101, 1000, Some(100)), Some(101.0), None, None),
            (running(25, 500, None), Some(50.0), None, None),
            (running(25, 500, Some(0)), Some(50.0), None, None),
        ] {
            assert_eq!((case.files_per_s(), case.share(), case.left_s()), (rate, share, left), "{case:?}");
        }
    }
}
