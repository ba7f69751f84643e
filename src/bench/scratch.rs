//! The file of the throughput test: without a name where the file system has such files, so that it is gone with
//! the process whatever ends it; else deleted as soon as it is made, in a directory under the keeper's eyes (NFS
//! keeps such a file under another name until it is closed, and a file system may refuse to delete it).

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::process::Command;

use rustix::fs::{
    Advice, AtFlags, Mode, OFlags, fadvise, fcntl_getfl, fcntl_setfl, fdatasync, open, openat, unlinkat,
};
use rustix::io::{Errno, pread, pwrite};

use super::block::{BLOCK, Buffer};
use super::place::Place;
use super::workspace::{self, Workspace};
use super::{BenchError, Watch};

/// An empty file that nobody else sees.
pub(super) struct Scratch {
    file: OwnedFd,
    direct: bool,
    workspace: Option<Workspace>,
}

impl Scratch {
    /// In the directory of `place`; `keeper` is used where files need names, or this one is to have one.
    ///
    /// # Errors
    /// No file can be made there.
    pub(super) fn make(place: &Place, with_name: bool, keeper: Command) -> Result<Self, BenchError> {
        let failed =
            |errno| BenchError::os(format!("no file can be made in {}", place.path.display()), errno);
        // EXCL: nobody can give it a name later.
        let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
        let opened =
            if with_name { Err(Errno::OPNOTSUPP) } else { open(&place.path, flags, Mode::RUSR | Mode::WUSR) };
        let (file, workspace) = match opened {
            Ok(file) => (file, None),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT | Errno::NOSYS) => {
                let workspace = Workspace::make(&place.path, &workspace::name(workspace::BENCH), keeper)?;
                (named(workspace.directory()).map_err(failed)?, Some(workspace))
            }
            Err(errno) => return Err(failed(errno)),
        };
        let direct = direct(&file).map_err(failed)?;
        Ok(Self { file, direct, workspace })
    }

    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Whether the page cache is passed by.
    pub(super) fn is_direct(&self) -> bool {
        self.direct
    }

    /// Brings everything written to the storage, and makes this machine forget it where it can.
    pub(super) fn settle(&self) -> Result<(), Errno> {
        fdatasync(&self.file)?;
        if !self.direct {
            // A file system without a cache may not know the call.
            let _ = fadvise(&self.file, 0, None, Advice::DontNeed);
        }
        Ok(())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// Something is left: its path is named.
    pub(super) fn close(self, watch: &Watch) -> Result<(), BenchError> {
        let Self { file, workspace, .. } = self;
        // The last one who has it open closes it: now it takes no room.
        drop(file);
        workspace.map_or(Ok(()), |workspace| workspace.close(watch))
    }
}

/// A file with a name, for a moment.
fn named(directory: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    let file = openat(directory, "data", flags, Mode::RUSR | Mode::WUSR)?;
    // Where an open file cannot be deleted, the keeper does it later.
    let _ = unlinkat(directory, "data", AtFlags::empty());
    Ok(file)
}

/// Switches to direct I/O if the file system can do it with blocks of this size: some say so only when they are to
/// write or read one. Without, the file is as it was.
fn direct(file: &OwnedFd) -> Result<bool, Errno> {
    let flags = fcntl_getfl(file)?;
    if fcntl_setfl(file, flags | OFlags::DIRECT).is_err() {
        return Ok(false);
    }
    let mut buffer = Buffer::noise(BLOCK);
    let block = buffer.part(BLOCK);
    match pwrite(file, block, 0).and_then(|_| pread(file, block, 0)) {
        Ok(length) => Ok(length == BLOCK),
        Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::IO) => fcntl_setfl(file, flags).map(|()| false),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper() -> Command {
        Command::new("/bin/false")
    }

    #[test]
    fn a_file_of_the_test_is_not_to_be_seen() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::find(home.path()).unwrap();
        // Where the tests run on a file system without such files, the binary's tests show the other way.
        if let Ok(scratch) = Scratch::make(&place, false, keeper()) {
            assert_eq!(home.path().read_dir().unwrap().count(), 0);
            let mut buffer = Buffer::noise(BLOCK);
            assert_eq!(pwrite(scratch.file(), buffer.part(BLOCK), 0).unwrap(), BLOCK);
            scratch.settle().unwrap();
        }
    }

    #[test]
    fn a_file_with_a_name_has_it_for_a_moment_only() {
        let home = tempfile::tempdir().unwrap();
        let directory = open(home.path(), OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let file = named(directory.as_fd()).unwrap();
        assert_eq!(home.path().read_dir().unwrap().count(), 0);
        let is_direct = direct(&file).unwrap();
        assert_eq!(fcntl_getfl(&file).unwrap().contains(OFlags::DIRECT), is_direct);
    }

    #[test]
    fn a_directory_that_is_gone_is_said() {
        let home = tempfile::tempdir().unwrap();
        let place = Place { path: home.path().join("gone"), file_system: "ext4".into() };
        for with_name in [false, true] {
            let made = Scratch::make(&place, with_name, keeper()).map(|_| ());
            assert!(made.unwrap_err().text.contains("clean"), "the keeper says nothing");
        }
    }
}
