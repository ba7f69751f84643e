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
}
