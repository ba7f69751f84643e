//! A tree that is nowhere: as large, slow, forbidden or stuck as a test wants it.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use miharu::count::layer::{Kind, Layer};

/// Entries of one read, about as many as a buffer of the real ones takes.
pub const ENTRIES: u64 = 2000;

/// What every directory of one depth holds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Level {
    pub directories: u64,
    pub files: u64,
}

/// What happened to the tree.
#[derive(Debug, Default)]
pub struct Seen {
    pub opened: AtomicUsize,
    pub reads: AtomicUsize,
    pub asked: AtomicUsize,
    inside: AtomicUsize,
    /// Most reads that were under way at once.
    pub most: AtomicUsize,
}

/// Holds who comes until it is opened.
#[derive(Debug, Default)]
pub struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    pub fn pass(&self) {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.changed.wait(open).unwrap();
        }
    }
}

/// A tree by its levels.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    pub levels: Vec<Level>,
    /// Each open and each read takes this long.
    pub latency: Duration,
    /// Length of a directory's name.
    pub name: usize,
    /// The directories do not tell what their entries are.
    pub untold: bool,
    /// This directory fails to open.
    pub failing: Option<(PathBuf, i32)>,
    /// This directory fails to be read, after its first entries.
    pub breaking: Option<(PathBuf, i32)>,
    /// A directory whose reads wait.
    pub stuck: Option<(PathBuf, Arc<Gate>)>,
    pub seen: Arc<Seen>,
}

impl Tree {
    pub fn new(levels: &[(u64, u64)]) -> Self {
        let levels =
            levels.iter().map(|(directories, files)| Level { directories: *directories, files: *files });
        Self { levels: levels.collect(), name: 8, ..Self::default() }
    }

    /// Files and directories there are.
    pub fn size(&self) -> (u64, u64) {
        let (mut files, mut directories, mut here) = (0, 0, 1);
        for level in &self.levels {
            directories += here;
            files += here * level.files;
            here *= level.directories;
        }
        (files, directories + here)
    }

    /// The name of a level's n-th directory.
    pub fn name(&self, n: u64) -> String {
        format!("{n:0width$}", width = self.name)
    }
}

/// A directory that is being read.
pub struct Directory {
    path: PathBuf,
    level: Level,
    at: u64,
}

impl Layer for Tree {
    type Directory = Directory;

    fn open(&self, path: &Path) -> io::Result<Option<Directory>> {
        self.seen.opened.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.latency);
        match &self.failing {
            Some((failing, code)) if failing == path => return Err(io::Error::from_raw_os_error(*code)),
            _ => {}
        }
        let level = self.levels.get(path.iter().count()).copied().unwrap_or_default();
        Ok(Some(Directory { path: path.to_owned(), level, at: 0 }))
    }

    fn read(
        &self,
        directory: &mut Directory,
        _: &mut [MaybeUninit<u8>],
        mut each: impl FnMut(&OsStr, Kind),
    ) -> io::Result<bool> {
        let inside = self.seen.inside.fetch_add(1, Ordering::Relaxed) + 1;
        self.seen.most.fetch_max(inside, Ordering::Relaxed);
        self.seen.reads.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.latency);
        if let Some((stuck, gate)) = &self.stuck
            && *stuck == directory.path
        {
            gate.pass();
        }
        self.seen.inside.fetch_sub(1, Ordering::Relaxed);
        match &self.breaking {
            Some((breaking, code)) if *breaking == directory.path && directory.at > 0 => {
                return Err(io::Error::from_raw_os_error(*code));
            }
            _ => {}
        }
        let Level { directories, files } = directory.level;
        let end = (directory.at + ENTRIES).min(directories + files);
        let told = |kind| if self.untold { Kind::Unknown } else { kind };
        for n in directory.at..end {
            if n < directories {
                each(self.name(n).as_ref(), told(Kind::Directory));
            } else {
                each(OsStr::new("file"), told(Kind::File));
            }
        }
        let more = directory.at < end;
        directory.at = end;
        Ok(more)
    }

    fn kind(&self, _: &Directory, name: &OsStr) -> io::Result<Kind> {
        self.seen.asked.fetch_add(1, Ordering::Relaxed);
        Ok(if name == "file" { Kind::File } else { Kind::Directory })
    }
}
