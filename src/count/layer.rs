//! What a count reads: directories, opened by their path below the root and read a buffer at a time.

use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, never followed.
    Symlink,
    /// A socket, FIFO or device.
    Other,
    /// The directory does not say: it has to be asked for.
    Unknown,
}

/// A file system, or something that stands for one. All of its calls may hang as long as a mount does.
pub trait Layer: Send + Sync + 'static {
    /// A directory that is being read.
    type Directory: Send + 'static;

    /// Opens the directory at a path below the root; the empty path is the root itself and comes first, before
    /// any other call. `None`: it is on another file system and is not to be entered.
    ///
    /// # Errors
    /// Those of open(2). A link is never followed, also where one took a directory's place meanwhile.
    fn open(&self, path: &Path) -> io::Result<Option<Self::Directory>>;

    /// Reads the next entries, as many as `buffer` takes, without `.` and `..`; `false` at the end. One call is
    /// one directory read.
    ///
    /// # Errors
    /// Those of getdents(2). What was told to `each` before holds.
    fn read(
        &self,
        directory: &mut Self::Directory,
        buffer: &mut [MaybeUninit<u8>],
        each: impl FnMut(&OsStr, Kind),
    ) -> io::Result<bool>;

    /// What an entry is whose directory did not say.
    ///
    /// # Errors
    /// Those of stat(2).
    fn kind(&self, directory: &Self::Directory, name: &OsStr) -> io::Result<Kind>;
}
