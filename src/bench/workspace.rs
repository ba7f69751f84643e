//! A directory of the test's or the demo's own, which is gone when that is over, however it ends.
//!
//! Another process makes it and takes it away: the *keeper*, the same program started anew in a session of its own,
//! so that neither an interrupt from the terminal nor the death of this process reaches it. A pipe leads to it;
//! when that closes, because this process closed it or because it died of whatever, SIGKILL included, the keeper
//! deletes what is in the directory, and the directory. Only the process that made a directory deletes it, so
//! nobody else's is ever deleted.
//!
//! Over another pipe the keeper says `ready` once the directory stands, or why it does not, and then gives a sign
//! of life with the files that it deletes.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, mkdirat, open, openat, unlinkat};
use rustix::io::Errno;

use super::{BenchError, ErrorKind, Watch};

/// What the name of a test's directory begins with.
pub(super) const BENCH: &str = "miharu-bench-";
/// What the name of a demo's directory begins with.
pub const DEMO: &str = "miharu-demo-";
/// What the keeper says when the directory stands.
const READY: &str = "ready";
/// Deleted files between two signs of life.
const SIGN_EVERY: u64 = 64;
/// A directory that does not become empty is looked at again so often…
const LOOKS: u32 = 600;
/// …with this pause between: a file that NFS keeps because it is still open goes when its last reader does.
const PAUSE: Duration = Duration::from_millis(100);

/// A directory under the keeper's eyes.
pub struct Workspace {
    directory: OwnedFd,
    path: PathBuf,
    keeper: Child,
    /// The keeper deletes when this is closed.
    line: Option<ChildStdin>,
    signs: Option<BufReader<ChildStdout>>,
}

/// A name that nobody else takes, which begins with [`DEMO`] or as a test's.
pub fn name(prefix: &str) -> String {
    format!("{prefix}{}-{:016x}", std::process::id(), rand::random::<u64>())
}

impl Workspace {
    /// A new directory in `parent`, of a name that [`name`] gave. `keeper` starts this program as the keeper; the
    /// two arguments of [`keep`] are added.
    ///
    /// # Errors
    /// The keeper does not start, or the directory cannot be made.
    pub fn make(parent: &Path, name: &str, mut keeper: Command) -> Result<Self, BenchError> {
        let failed = |e| BenchError::os("the process that cleans up does not start", e);
        let mut child = keeper
            .arg(parent)
            .arg(name)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let line = child.stdin.take();
        let mut signs = child.stdout.take().map(BufReader::new);
        let mut said = String::new();
        if let Some(signs) = &mut signs {
            signs.read_line(&mut said).map_err(failed)?;
        }
        let path = parent.join(name);
        let opened = match said.trim_end() {
            READY => open(&path, OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
                .map_err(|e| BenchError::os(path.display(), e)),
            errno => Err(match errno.parse() {
                Ok(errno) => {
                    let what = format!("no directory can be made in {}", parent.display());
                    BenchError::os(what, io::Error::from_raw_os_error(errno))
                }
                Err(_) => failed(io::Error::other("it says nothing")),
            }),
        };
        let directory = match opened {
            Ok(directory) => directory,
            Err(error) => {
                drop(line);
                let _ = child.wait();
                return Err(error);
            }
        };
        Ok(Self { directory, path, keeper: child, line, signs })
    }

    /// The directory.
    pub(super) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the keeper delete it, without waiting for that; where the keeper is no more, it is deleted here.
    pub fn leave(mut self) {
        if matches!(self.keeper.try_wait(), Ok(None)) {
            self.line = None;
        }
    }

    /// Deletes it with what is in it.
    ///
    /// # Errors
    /// Something is left: its path is named.
    pub(super) fn close(mut self, watch: &Watch) -> Result<(), BenchError> {
        self.clear(&mut || watch.beat());
        if !left(&self.path) {
            return Ok(());
        }
        let text = format!("{} could not be deleted", self.path.display());
        Err(BenchError::new(ErrorKind::Failed, text, "delete it"))
    }

    /// Lets the keeper delete, and does it here where the keeper is no more. Does nothing the second time.
    fn clear(&mut self, beat: &mut dyn FnMut()) {
        if self.line.take().is_none() {
            return;
        }
        let mut sign = [0; 256];
        if let Some(mut signs) = self.signs.take() {
            while signs.read(&mut sign).is_ok_and(|n| n > 0) {
                beat();
            }
        }
        let done = self.keeper.wait().is_ok_and(|status| status.success());
        if let (false, Some((parent, name))) = (done, self.path.parent().zip(self.path.file_name()))
            && let Ok(parent) = open(parent, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        {
            let _ = remove(parent.as_fd(), name.as_bytes(), beat);
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        self.clear(&mut || {});
    }
}

fn left(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The life of the keeper: makes the directory `name` in `parent`, waits until standard input is closed, and
/// deletes the directory. `true`: nothing is left.
///
/// The caller sees to it that signals for the test do not end this process.
pub fn keep(parent: &Path, name: &str) -> bool {
    // Of its own session, no interrupt from the terminal comes here. It fails only where that holds already.
    let _ = rustix::process::setsid();
    let mut out = io::stdout();
    // Who listens may be dead; the work is done all the same.
    let mut say = |text: &str| {
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    };
    let made = made(parent, name);
    let parent = match made {
        Ok(parent) => parent,
        Err(errno) => {
            say(&format!("{}\n", errno.raw_os_error()));
            return true;
        }
    };
    say(&format!("{READY}\n"));
    // Nothing is ever sent: this returns when the other end is closed.
    let _ = io::copy(&mut io::stdin(), &mut io::sink());
    let mut deleted = 0_u64;
    let sign = &mut || {
        deleted += 1;
        if deleted.is_multiple_of(SIGN_EVERY) {
            say(".");
        }
    };
    remove(parent.as_fd(), name.as_bytes(), sign).is_ok()
}

/// Makes the directory, for this user alone; gives its parent.
fn made(parent: &Path, name: &str) -> Result<OwnedFd, Errno> {
    if ![BENCH, DEMO].iter().any(|prefix| name.starts_with(prefix)) || name.contains('/') {
        return Err(Errno::INVAL);
    }
    let parent = open(parent, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    mkdirat(&parent, name, Mode::RWXU)?;
    Ok(parent)
}

/// Deletes the directory `name` in `parent` with everything in it.
fn remove(parent: BorrowedFd<'_>, name: &[u8], sign: &mut dyn FnMut()) -> Result<(), Errno> {
    let mut last = Errno::NOTEMPTY;
    for _ in 0..LOOKS {
        match unlinkat(parent, name, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT) => return Ok(()),
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            Err(errno) if !may_pass(errno) => return Err(errno),
            Err(errno) => last = errno,
        }
        match empty(parent, name, sign) {
            // Some file systems leave out entries of a directory that changes while it is read: look again.
            Ok(deleted) if deleted > 0 => continue,
            Ok(_) => {}
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) if !may_pass(errno) => return Err(errno),
            Err(errno) => last = errno,
        }
        std::thread::sleep(PAUSE);
    }
    Err(last)
}

/// Whether another look may find it better.
fn may_pass(errno: Errno) -> bool {
    !matches!(
        errno,
        Errno::NOTDIR | Errno::LOOP | Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::STALE | Errno::NOSYS
    )
}

/// Deletes what is in it; says how many files.
fn empty(parent: BorrowedFd<'_>, name: &[u8], sign: &mut dyn FnMut()) -> Result<u64, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = openat(parent, name, flags, Mode::empty())?;
    let mut deleted = 0;
    for entry in Dir::read_from(&directory)? {
        let entry = entry?;
        let name = entry.file_name();
        // A file that is still open on NFS: deleting it makes another one.
        let kept = name.to_bytes().starts_with(b".nfs");
        if kept || [&b"."[..], b".."].contains(&name.to_bytes()) {
            continue;
        }
        if entry.file_type() == FileType::Directory {
            deleted += empty(directory.as_fd(), name.to_bytes(), sign)?;
            match unlinkat(&directory, name, AtFlags::REMOVEDIR) {
                // One that is not empty yet is looked at again.
                Ok(()) | Err(Errno::NOENT | Errno::NOTEMPTY | Errno::EXIST) => continue,
                Err(errno) => return Err(errno),
            }
        }
        match unlinkat(&directory, name, AtFlags::empty()) {
            Ok(()) => {
                deleted += 1;
                sign();
            }
            Err(Errno::NOENT | Errno::BUSY) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(path: &Path) -> OwnedFd {
        open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    #[test]
    fn a_directory_is_made_anew_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let name = name(BENCH);
        assert!(name.starts_with(&format!("miharu-bench-{}-", std::process::id())), "{name}");
        made(home.path(), &name).unwrap();
        assert_eq!(made(home.path(), &name).unwrap_err(), Errno::EXIST);
        assert_eq!(made(home.path(), "other").unwrap_err(), Errno::INVAL);
        assert_eq!(made(home.path(), "miharu-bench-/../../x").unwrap_err(), Errno::INVAL);
        assert_eq!(made(&home.path().join("missing"), &name).unwrap_err(), Errno::NOENT);
    }

    #[test]
    fn all_of_it_is_deleted_and_nothing_beside_it() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join("miharu-bench-1-0");
        std::fs::create_dir(&own).unwrap();
        let other = home.path().join("other");
        std::fs::write(&other, "kept").unwrap();
        for n in 0..5000 {
            std::fs::write(own.join(format!("test_{n}.txt")), "x").unwrap();
        }
        std::os::unix::fs::symlink(&other, own.join("link")).unwrap();
        std::fs::create_dir_all(own.join("files/a/b")).unwrap();
        std::fs::write(own.join("files/a/b/c"), "x").unwrap();
        std::os::unix::fs::symlink(home.path(), own.join("files/up")).unwrap();
        let mut signs = 0;
        let home_fd = opened(home.path());
        remove(home_fd.as_fd(), b"miharu-bench-1-0", &mut || signs += 1).unwrap();
        assert!(!left(&own));
        assert_eq!(signs, 5003);
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "kept");
        remove(home_fd.as_fd(), b"miharu-bench-1-0", &mut || {}).unwrap();
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("kept"), "").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), home.path().join("miharu-bench-1-1")).unwrap();
        let home_fd = opened(home.path());
        assert_eq!(remove(home_fd.as_fd(), b"miharu-bench-1-1", &mut || {}), Err(Errno::NOTDIR));
        assert!(elsewhere.path().join("kept").exists());
    }
}
