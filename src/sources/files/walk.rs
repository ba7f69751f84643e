//! Counts files by reading directories only: the kind of an entry comes with its name, so no file is looked at.
//! Plain and in one thread.

use std::fs::{self, DirEntry, ReadDir};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::domain::count::DirectoryCount;
use crate::domain::source::{Failure, FailureClass};

/// Directories named as the largest.
const LARGEST: usize = 10;
/// Entries between two looks at whether the count is still wanted.
const LOOK_EVERY: u64 = 1024;

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Walked {
    /// Regular files.
    pub(super) files: u64,
    /// Directories, the root included.
    pub(super) directories: u64,
    /// Directories with the most files directly in them, largest first.
    pub(super) largest: Vec<DirectoryCount>,
}

/// Counts what is below `root`, or directly in it. `wanted` is told how many entries were seen, often, and says
/// whether to go on. Symbolic links are not followed.
///
/// # Errors
/// The directory is missing or not on a mount that is required; or a part cannot be read: a count without it
/// would be a number that is too small. What vanishes meanwhile is not counted.
pub(super) fn walk(
    root: &Path,
    recursive: bool,
    require_mount: bool,
    wanted: impl Fn(u64) -> bool,
) -> Result<Walked, Failure> {
    if require_mount {
        // What is expected to be there and is not is more than "not found".
        on_network_file_system(root).map_err(|f| Failure { class: FailureClass::Other, ..f })?;
    }
    let mut walked = Walked { files: 0, directories: 1, largest: Vec::new() };
    let mut seen = 0;
    let mut open: Vec<PathBuf> = Vec::new();
    let mut next = Some((root.to_owned(), fs::read_dir(root).map_err(|e| unreadable(root, &e))?));
    while let Some((directory, entries)) = next.take() {
        let mut here = 0;
        for entry in entries {
            let entry = entry.map_err(|e| unreadable(&directory, &e))?;
            seen += 1;
            if seen % LOOK_EVERY == 0 && !wanted(seen) {
                return Err(Failure::new(FailureClass::Other, "the count was called off"));
            }
            match kind(&entry).map_err(|e| unreadable(&entry.path(), &e))? {
                Kind::File => here += 1,
                Kind::Directory => {
                    walked.directories += 1;
                    if recursive {
                        open.push(entry.path());
                    }
                }
                Kind::Other => {}
            }
        }
        walked.files += here;
        note(&mut walked.largest, root, &directory, here);
        if !wanted(seen) {
            return Err(Failure::new(FailureClass::Other, "the count was called off"));
        }
        next = next_open(&mut open, &mut walked.directories)?;
    }
    Ok(walked)
}

enum Kind {
    File,
    Directory,
    Other,
}

fn kind(entry: &DirEntry) -> io::Result<Kind> {
    match entry.file_type() {
        Ok(t) if t.is_file() => Ok(Kind::File),
        Ok(t) if t.is_dir() => Ok(Kind::Directory),
        Ok(_) => Ok(Kind::Other),
        // A file system without kinds is asked for each entry, which may be gone by then.
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Kind::Other),
        Err(e) => Err(e),
    }
}

/// Opens the next directory that still exists.
fn next_open(open: &mut Vec<PathBuf>, directories: &mut u64) -> Result<Option<(PathBuf, ReadDir)>, Failure> {
    while let Some(directory) = open.pop() {
        match fs::read_dir(&directory) {
            Ok(entries) => return Ok(Some((directory, entries))),
            Err(e) if e.kind() == ErrorKind::NotFound => *directories -= 1,
            Err(e) => return Err(unreadable(&directory, &e)),
        }
    }
    Ok(None)
}

fn note(largest: &mut Vec<DirectoryCount>, root: &Path, directory: &Path, files: u64) {
    let smallest = largest.last().map_or(0, |d| d.files);
    if files == 0 || (largest.len() == LARGEST && files <= smallest) {
        return;
    }
    let path = match directory.strip_prefix(root) {
        Ok(p) if p.as_os_str().is_empty() => ".".to_owned(),
        Ok(p) => p.to_string_lossy().into_owned(),
        Err(_) => directory.to_string_lossy().into_owned(),
    };
    largest.push(DirectoryCount { path, files });
    largest.sort_by(|a, b| b.files.cmp(&a.files).then_with(|| a.path.cmp(&b.path)));
    largest.truncate(LARGEST);
}

/// Refuses a directory that is not on NFS: a mount point without its mount reads as a small, fresh count.
fn on_network_file_system(root: &Path) -> Result<(), Failure> {
    if is_network(root)? {
        Ok(())
    } else {
        let text = format!("{} is not on a network file system: no data", root.display());
        Err(Failure::new(FailureClass::Other, text))
    }
}

/// Whether a directory is on an NFS mount, as every mount of EFS is.
pub(super) fn is_network(root: &Path) -> Result<bool, Failure> {
    let found = rustix::fs::statfs(root).map_err(|e| unreadable(root, &e.into()))?;
    Ok(found.f_type == rustix::fs::NFS_SUPER_MAGIC)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    let (class, text) = match error.kind() {
        ErrorKind::NotFound => (FailureClass::NotFound, format!("{path} does not exist")),
        ErrorKind::NotADirectory => (FailureClass::NotFound, format!("{path} is not a directory")),
        ErrorKind::PermissionDenied => (FailureClass::Other, format!("no permission to read {path}")),
        ErrorKind::TimedOut => (FailureClass::Timeout, format!("{path} does not answer")),
        _ => (FailureClass::Other, format!("cannot read {path}: {error}")),
    };
    Failure::new(class, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::os::unix::fs::symlink;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, files) in [("", 2), ("a", 3), ("a/deep", 1), ("empty", 0)] {
            fs::create_dir_all(dir.path().join(name)).unwrap();
            for n in 0..files {
                fs::write(dir.path().join(name).join(format!("f{n}")), "").unwrap();
            }
        }
        symlink(dir.path(), dir.path().join("a/loop")).unwrap();
        dir
    }

    #[test]
    fn files_are_counted_below_or_directly_and_links_are_not_followed() {
        let dir = tree();
        let walked = walk(dir.path(), true, false, |_| true).unwrap();
        assert_eq!((walked.files, walked.directories), (6, 4));
        let largest: Vec<_> = walked.largest.iter().map(|d| (d.path.as_str(), d.files)).collect();
        assert_eq!(largest, [("a", 3), (".", 2), ("a/deep", 1)]);
        let top = walk(dir.path(), false, false, |_| true).unwrap();
        assert_eq!((top.files, top.directories), (2, 3));
    }

    #[test]
    fn only_the_ten_largest_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        for n in 1..=12 {
            let sub = dir.path().join(format!("d{n:02}"));
            fs::create_dir(&sub).unwrap();
            (0..n).for_each(|i| fs::write(sub.join(i.to_string()), "").unwrap());
        }
        let largest = walk(dir.path(), true, false, |_| true).unwrap().largest;
        let files: Vec<_> = largest.iter().map(|d| d.files).collect();
        assert_eq!(files, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    }

    #[test]
    fn a_missing_directory_and_a_missing_mount_are_no_data() {
        let dir = tempfile::tempdir().unwrap();
        let missing = walk(&dir.path().join("x"), true, false, |_| true).unwrap_err();
        assert_eq!(missing.class, FailureClass::NotFound);
        assert!(missing.text.ends_with("/x does not exist"), "{}", missing.text);
        let unmounted = walk(dir.path(), true, true, |_| true).unwrap_err();
        assert_eq!(unmounted.class, FailureClass::Other, "said even where another origin has a count");
        assert!(unmounted.text.ends_with("is not on a network file system: no data"), "{}", unmounted.text);
    }

    #[test]
    fn a_walk_ends_when_nobody_waits_for_it() {
        let dir = tree();
        let looks = Cell::new(0);
        let called_off = walk(dir.path(), true, false, |_| {
            looks.set(looks.get() + 1);
            false
        });
        assert_eq!(called_off.unwrap_err().text, "the count was called off");
        assert_eq!(looks.get(), 1);
    }
}
