//! The directories of this machine.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags};
use rustix::io::Errno;

use super::Target;
use super::layer::{Kind, Layer};

/// Longest path given to the kernel at once; its own limit is 4096 bytes.
const AT_ONCE: usize = 4000;

/// How every directory is opened. Nothing but a directory is, so no FIFO and no device can hold the count.
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// A directory that is only passed through.
const ON_THE_WAY: OFlags = DIRECTORY.union(OFlags::PATH);

/// A directory that is expected to be a mount is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotMounted;

impl fmt::Display for NotMounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not on a network file system")
    }
}

impl std::error::Error for NotMounted {}

/// The directories of this machine below one root. Nothing is touched before the root is opened.
#[derive(Debug)]
pub struct Disk {
    target: Target,
    root: OnceLock<Root>,
    /// Whether the kernel resolves paths without leaving the root (since Linux 5.6; sandboxes may forbid it).
    resolves: AtomicBool,
}

#[derive(Debug)]
struct Root {
    directory: OwnedFd,
    device: u64,
}

impl Disk {
    /// What is below a directory, the only path of which links are followed. One that is required to be a mount
    /// and is none is refused with [`NotMounted`].
    pub fn new(target: &Target) -> Self {
        Self { target: target.clone(), root: OnceLock::new(), resolves: AtomicBool::new(true) }
    }

    /// As on a kernel without openat2(2), or in a sandbox that forbids it.
    #[must_use]
    pub fn name_by_name(self) -> Self {
        self.resolves.store(false, Ordering::Relaxed);
        self
    }

    fn open_root(&self) -> io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(&self.target.path, flags, Mode::empty())?;
        if self.target.require_mount && !is_network(&rustix::fs::fstatfs(&directory)?) {
            return Err(io::Error::other(NotMounted));
        }
        let device = rustix::fs::fstat(&directory)?.st_dev;
        let copy = directory.try_clone()?;
        // The root is opened once, so none was there before.
        let _ = self.root.set(Root { directory: copy, device });
        Ok(directory)
    }

    /// One part of a path, short enough for the kernel, without any link.
    fn step(&self, from: &OwnedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        if self.resolves.load(Ordering::Relaxed) {
            let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            if !self.target.crosses {
                resolve |= ResolveFlags::NO_XDEV;
            }
            match rustix::fs::openat2(from, path, flags, Mode::empty(), resolve) {
                Err(Errno::NOSYS | Errno::PERM) => self.resolves.store(false, Ordering::Relaxed),
                other => return other,
            }
        }
        let mut at: Option<OwnedFd> = None;
        let mut names = path.iter().peekable();
        while let Some(name) = names.next() {
            let flags = if names.peek().is_some() { ON_THE_WAY } else { flags };
            at = Some(rustix::fs::openat(at.as_ref().unwrap_or(from), name, flags, Mode::empty())?);
        }
        at.ok_or(Errno::NOENT)
    }
}

impl Layer for Disk {
    type Directory = OwnedFd;

    fn open(&self, path: &Path) -> io::Result<Option<OwnedFd>> {
        let mut rest = path.as_os_str().as_bytes();
        if rest.is_empty() {
            return self.open_root().map(Some);
        }
        let root = self.root.get().ok_or(Errno::BADF)?;
        let mut at: Option<OwnedFd> = None;
        while let Some((head, tail)) = cut(rest) {
            let from = at.as_ref().unwrap_or(&root.directory);
            at = Some(self.step(from, Path::new(OsStr::from_bytes(head)), ON_THE_WAY)?);
            rest = tail;
        }
        let from = at.as_ref().unwrap_or(&root.directory);
        match self.step(from, Path::new(OsStr::from_bytes(rest)), DIRECTORY | OFlags::RDONLY) {
            Ok(found) => {
                let checked = self.target.crosses || self.resolves.load(Ordering::Relaxed);
                let elsewhere = !checked && rustix::fs::fstat(&found)?.st_dev != root.device;
                Ok((!elsewhere).then_some(found))
            }
            Err(Errno::XDEV) if !self.target.crosses => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn read(
        &self,
        directory: &mut OwnedFd,
        buffer: &mut [MaybeUninit<u8>],
        mut each: impl FnMut(&OsStr, Kind),
    ) -> io::Result<bool> {
        let mut entries = RawDir::new(&*directory, buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                each(OsStr::from_bytes(name.to_bytes()), kind(entry.file_type()));
            }
            if entries.is_buffer_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn kind(&self, directory: &OwnedFd, name: &OsStr) -> io::Result<Kind> {
        let found = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(match kind(FileType::from_raw_mode(found.st_mode)) {
            Kind::Unknown => Kind::Other,
            kind => kind,
        })
    }
}

fn kind(found: FileType) -> Kind {
    match found {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::Unknown => Kind::Unknown,
        _ => Kind::Other,
    }
}

/// Cuts a path that is too long for the kernel between two names: what it takes at once, and the rest.
fn cut(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.len() <= AT_ONCE {
        return None;
    }
    // A name has at most 255 bytes, so there is a slash.
    let at = path.get(..AT_ONCE)?.iter().rposition(|b| *b == b'/')?;
    Some((path.get(..at)?, path.get(at + 1..)?))
}

fn is_network(found: &rustix::fs::StatFs) -> bool {
    found.f_type == rustix::fs::NFS_SUPER_MAGIC
}

/// Whether a directory is on an NFS mount, as every mount of EFS is. May hang as long as the mount does.
///
/// # Errors
/// Those of statfs(2).
pub fn on_network_file_system(directory: &Path) -> io::Result<bool> {
    Ok(is_network(&rustix::fs::statfs(directory)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut_between_names() {
        assert_eq!(cut(b"a/b"), None);
        let name = "n".repeat(255);
        let path = vec![name.as_str(); 40].join("/");
        let (mut rest, mut parts) = (path.as_bytes(), Vec::new());
        while let Some((head, tail)) = cut(rest) {
            assert!(head.len() <= AT_ONCE && head.len() > AT_ONCE - 256, "{}", head.len());
            parts.push(head);
            rest = tail;
        }
        parts.push(rest);
        assert_eq!(parts.join(&b'/'), path.as_bytes());
    }
}
