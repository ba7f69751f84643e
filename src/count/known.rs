//! What the last count of each directory found, kept in a file, so that the progress of the next one, perhaps of
//! another process, can say how far it is. Nothing rests on it: a file that cannot be read or written is as good
//! as none.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Directories that are remembered; those that were counted longest ago are forgotten.
const KEPT: usize = 64;

/// What makes counts of one directory comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manner {
    /// Subdirectories too.
    pub recursive: bool,
    /// Other file systems mounted below too.
    pub crosses: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    directory: OsString,
    manner: Manner,
    files: u64,
}

#[derive(Debug, Default)]
struct Known {
    file: Option<PathBuf>,
    /// Newest first.
    lasts: Vec<Last>,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { file: None, lasts: Vec::new() });

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads what is known from a file, and keeps there what comes to be known. Before this is called nothing is
/// read or written.
pub fn keep_in(file: PathBuf) {
    let lasts = read(&file);
    *known() = Known { file: Some(file), lasts };
}

/// Files that the last complete count of a directory found, of this process or an earlier one. Asks no disk.
pub fn files(directory: &Path, manner: Manner) -> Option<u64> {
    let directory = name(directory);
    known().lasts.iter().find(|l| l.directory == directory && l.manner == manner).map(|l| l.files)
}

/// Remembers a complete count. Writes a file: not for a thread that must not wait.
pub fn remember(directory: &Path, manner: Manner, files: u64) {
    let last = Last { directory: name(directory), manner, files };
    let file = {
        let mut known = known();
        note(&mut known.lasts, last.clone());
        known.file.clone()
    };
    if let Some(file) = file {
        // What other processes have kept meanwhile stays.
        let mut lasts = read(&file);
        note(&mut lasts, last);
        if let Err(error) = write(&file, &lasts) {
            tracing::debug!(file = %file.display(), "the count is not kept: {error}");
        }
    }
}

/// The same directory has the same name wherever it is counted from. Links are not looked through: that could hang.
fn name(directory: &Path) -> OsString {
    std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned()).into()
}

fn note(lasts: &mut Vec<Last>, last: Last) {
    lasts.retain(|l| l.directory != last.directory || l.manner != last.manner);
    lasts.insert(0, last);
    lasts.truncate(KEPT);
}

fn read(file: &Path) -> Vec<Last> {
    let text = std::fs::read(file).unwrap_or_default();
    let mut lasts: Vec<Last> = serde_json::from_slice(&text).unwrap_or_default();
    lasts.truncate(KEPT);
    lasts
}

/// Writes beside the file and renames, so that nobody reads half of it.
fn write(file: &Path, lasts: &[Last]) -> io::Result<()> {
    if let Some(directory) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let beside = file.with_extension(format!("{}.new", std::process::id()));
    let mut new = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    let written = new.write_all(&serde_json::to_vec(lasts)?).and_then(|()| std::fs::rename(&beside, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_count_of_each_directory_and_manner_is_kept_and_read_again() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/miharu/counts.json");
        let deep = Manner { recursive: true, crosses: false };
        let flat = Manner { recursive: false, ..deep };
        keep_in(file.clone());
        for n in 0..=KEPT as u64 {
            remember(Path::new(&format!("/d{n}")), deep, n);
        }
        remember(Path::new("/d5"), flat, 50);
        remember(Path::new("/d5"), deep, 500);
        for _ in 0..2 {
            assert_eq!(files(Path::new("/d5"), deep), Some(500));
            assert_eq!(files(Path::new("/d5"), flat), Some(50));
            assert_eq!(files(Path::new("/d1"), deep), None, "the oldest are forgotten");
            assert_eq!(files(Path::new("/d64"), deep), Some(64));
            keep_in(file.clone());
        }
        assert_eq!(read(&file).len(), KEPT);
        let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "nothing lies beside it");
        std::fs::write(&file, "[{").unwrap();
        keep_in(file);
        assert_eq!(files(Path::new("/d5"), deep), None);
    }
}
