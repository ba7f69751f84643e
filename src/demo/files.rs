//! The files: real, empty ones, as many as the scenario says at each time, up to a bound. Counting them is real, too.
//!
//! The first of them are made in a directory beside, which gets its name when all are there: a count never sees a
//! part of them.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::simulated::Simulated;

/// Most files: an inode each, on a machine that has other things to do.
const MOST: u64 = 150_000;
/// The directory that is counted.
pub(super) const NAME: &str = "files";
/// Its name until the first files are there.
const UNFINISHED: &str = "files-unfinished";
/// Files between two pauses, and how long those are: about twenty thousand a second leave a core mostly free.
const BATCH: u64 = 200;
const BREATH: Duration = Duration::from_millis(5);
/// Between two looks at how many there should be.
const LOOK: Duration = Duration::from_secs(1);

/// Makes and deletes the files of a world, in a thread of its own, until `end`.
pub(super) struct Files {
    end: Arc<AtomicBool>,
}

impl Files {
    /// Begins in `home`; `ready` is called when the first of them can be counted.
    pub(super) fn begin(
        home: &Path,
        directories: u64,
        simulated: &Arc<Simulated>,
        ready: impl FnOnce() + Send + 'static,
    ) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let mut work = Work {
            home: home.to_owned(),
            root: home.join(UNFINISHED),
            directories: directories.clamp(1, MOST),
            there: 0,
            end: Arc::clone(&end),
        };
        let simulated = Arc::clone(simulated);
        let thread = std::thread::Builder::new().name("demo files".into()).spawn(move || {
            if let Err(error) = work.run(&simulated, ready) {
                tracing::error!(%error, "the demo's files cannot be made; CloudWatch has their number");
            }
        });
        if let Err(error) = thread {
            tracing::error!(%error, "the demo's files cannot be made; CloudWatch has their number");
        }
        Self { end }
    }

    /// No file is made any more.
    pub(super) fn end(&self) {
        self.end.store(true, Ordering::Relaxed);
    }
}

struct Work {
    home: PathBuf,
    root: PathBuf,
    directories: u64,
    there: u64,
    end: Arc<AtomicBool>,
}

impl Work {
    fn run(&mut self, simulated: &Simulated, ready: impl FnOnce()) -> io::Result<()> {
        // The console has just drawn its first frame, and asks its first questions.
        std::thread::sleep(LOOK);
        std::fs::create_dir(&self.root)?;
        for n in 0..self.directories {
            std::fs::create_dir(self.root.join(format!("d{n}")))?;
        }
        self.become_many(simulated.files())?;
        if self.ended() {
            return Ok(());
        }
        let whole = self.home.join(NAME);
        std::fs::rename(&self.root, &whole)?;
        self.root = whole;
        ready();
        while !self.ended() {
            std::thread::sleep(LOOK);
            self.become_many(simulated.files())?;
        }
        Ok(())
    }

    fn ended(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    fn path(&self, n: u64) -> PathBuf {
        self.root.join(format!("d{}/{n}", n % self.directories))
    }

    /// Makes or deletes files until there are so many, or `MOST`.
    fn become_many(&mut self, wanted: u64) -> io::Result<()> {
        let wanted = wanted.min(MOST);
        while self.there != wanted && !self.ended() {
            if self.there < wanted {
                File::create(self.path(self.there))?;
                self.there += 1;
            } else {
                self.there -= 1;
                std::fs::remove_file(self.path(self.there))?;
            }
            if self.there.is_multiple_of(BATCH) {
                std::thread::sleep(BREATH);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_wanted_in_all_directories() {
        let home = tempfile::tempdir().unwrap();
        let mut work = Work {
            home: home.path().to_owned(),
            root: home.path().to_owned(),
            directories: 3,
            there: 0,
            end: Arc::default(),
        };
        for n in 0..3 {
            std::fs::create_dir(home.path().join(format!("d{n}"))).unwrap();
        }
        for (wanted, in_each) in [(10, [4, 3, 3]), (4, [2, 1, 1]), (9, [3, 3, 3])] {
            work.become_many(wanted).unwrap();
            let found =
                [0, 1, 2].map(|n| std::fs::read_dir(home.path().join(format!("d{n}"))).unwrap().count());
            assert_eq!(found, in_each);
        }
        work.end.store(true, Ordering::Relaxed);
        work.become_many(1_000_000).unwrap();
        assert_eq!(work.there, 9, "it ends in between");
    }
}
