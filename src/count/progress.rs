//! Numbers that grow while a count runs. Each may be read at any time, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::crew::Found;
use crate::domain::count::Counted;

/// The numbers of a running count.
#[derive(Debug, Default)]
pub(super) struct Progress {
    files: AtomicU64,
    directories: AtomicU64,
    symlinks: AtomicU64,
    others: AtomicU64,
    calls: AtomicU64,
    asked: AtomicU64,
    unread: AtomicU64,
    vanished: AtomicU64,
}

impl Progress {
    /// The root is there; it is a directory too.
    pub(super) fn root_opened(&self) {
        self.directories.fetch_add(1, Ordering::Relaxed);
    }

    /// What one directory read found.
    pub(super) fn add(&self, found: &Found) {
        for (sum, n) in [
            (&self.calls, 1),
            (&self.files, found.files),
            (&self.directories, found.directories),
            (&self.symlinks, found.symlinks),
            (&self.others, found.others),
        ] {
            if n > 0 {
                sum.fetch_add(n, Ordering::Relaxed);
            }
        }
    }

    /// An entry's kind is asked for.
    pub(super) fn asked(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Something could not be read.
    pub(super) fn unread(&self) {
        self.unread.fetch_add(1, Ordering::Relaxed);
    }

    /// A directory was gone before it was read.
    pub(super) fn vanished(&self) {
        self.vanished.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether no directory has been read yet but, perhaps, an empty one.
    pub(super) fn is_nothing(&self) -> bool {
        let counted = self.counted();
        counted.files + counted.symlinks + counted.others == 0 && counted.directories <= 1
    }

    /// The numbers now.
    pub(super) fn counted(&self) -> Counted {
        let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Counted {
            files: of(&self.files),
            directories: of(&self.directories),
            symlinks: of(&self.symlinks),
            others: of(&self.others),
            calls: of(&self.calls),
            asked: of(&self.asked),
            unread: of(&self.unread),
            vanished: of(&self.vanished),
        }
    }
}
