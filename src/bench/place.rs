//! The directory of a test: what file system it is on, whether it has room, and whether asking for it is enough.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfs, StatVfsMountFlags};

use super::{BenchError, ErrorKind};
use crate::domain::bench as report;
use crate::domain::units;

/// File systems of other machines, by their type in the mount table.
const NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "9p",
    "afs",
    "ceph",
    "coda",
    "lustre",
    "beegfs",
    "gfs2",
    "ocfs2",
    "gpfs",
    "glusterfs",
    "fuse.glusterfs",
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.mount-s3",
    "fuse.rclone",
    "fuse.juicefs",
    "fuse.ceph",
];
/// File systems in memory.
const MEMORY: &[&str] = &["tmpfs", "ramfs", "devtmpfs", "hugetlbfs"];
/// What is always a temporary directory, beside `TMPDIR`.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];
/// Bytes of a small file with what the file system needs to know about it.
const SMALL_FILE: u64 = 4096;

/// A directory that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its path without links.
    pub path: PathBuf,
    /// Type of its file system.
    pub file_system: String,
}

impl Place {
    /// Looks at a directory.
    ///
    /// # Errors
    /// It is missing, no directory, or cannot be looked at.
    pub fn find(directory: &Path) -> Result<Self, BenchError> {
        let path = directory.canonicalize().map_err(|e| BenchError::os(directory.display(), e))?;
        let found = std::fs::metadata(&path).map_err(|e| BenchError::os(path.display(), e))?;
        if !found.is_dir() {
            let text = format!("{} is not a directory", directory.display());
            return Err(BenchError::new(ErrorKind::Failed, text, "name the directory to test in"));
        }
        let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
        let file_system = kind(&table, &path).unwrap_or_else(|| "unknown".into());
        Ok(Self { path, file_system })
    }

    /// Whether its file system leads to another machine.
    pub fn is_network(&self) -> bool {
        NETWORK.contains(&self.file_system.as_str())
    }

    /// Whether its file system is memory.
    pub fn is_memory(&self) -> bool {
        MEMORY.contains(&self.file_system.as_str())
    }

    /// As reports show it.
    pub fn report(&self) -> report::Place {
        report::Place {
            directory: self.path.display().to_string(),
            file_system: self.file_system.clone(),
            network: self.is_network(),
        }
    }

    /// Refuses a place where somebody may feel the test, unless they said yes.
    ///
    /// # Errors
    /// It is outside a temporary directory (`temporary`: the value of `TMPDIR`), or on a network file system.
    pub fn permitted(&self, temporary: Option<&Path>, yes: bool) -> Result<(), BenchError> {
        if yes || (!self.is_network() && is_temporary(&self.path, temporary)) {
            return Ok(());
        }
        let kind = if self.is_network() { "on a network file system" } else { "no temporary directory" };
        let text = format!("{} ({}) is {kind}", self.path.display(), self.file_system);
        let remedy = "the test makes load that others on that file system feel (and that EFS may charge for): \
                      add --yes";
        Err(BenchError::new(ErrorKind::Usage, text, remedy))
    }

    /// Refuses a place without room for `bytes` in `files` small files or, without any, in one.
    ///
    /// # Errors
    /// It has too little of either, is mounted read-only, or does not say.
    pub fn has_room(&self, files: u64, bytes: u64) -> Result<(), BenchError> {
        let room = rustix::fs::statvfs(&self.path).map_err(|e| BenchError::os(self.path.display(), e))?;
        room_for(&room, files, bytes).map_err(|why| {
            let text = format!("{} {why}", self.path.display());
            BenchError::new(
                ErrorKind::Refused,
                text,
                "ask for less (--files, --size), or take another directory",
            )
        })
    }
}

/// Whether a path without links is below a temporary directory. A `TMPDIR` that is all there is names nothing.
fn is_temporary(path: &Path, variable: Option<&Path>) -> bool {
    let fixed = TEMPORARY.iter().map(Path::new);
    variable.into_iter().chain(fixed).any(|temporary| {
        let real = temporary.canonicalize().unwrap_or_else(|_| temporary.to_owned());
        real.is_absolute() && real.parent().is_some() && path.starts_with(real)
    })
}

/// A tenth more than is needed is to be free, so that the test does not fill what others write to.
fn room_for(room: &StatVfs, files: u64, bytes: u64) -> Result<(), String> {
    if room.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err("is mounted read-only".into());
    }
    let needed = bytes.saturating_add(files.saturating_mul(SMALL_FILE));
    let needed = needed.saturating_add(needed / 10);
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < needed {
        let (free, needed) = (units::bytes(free as f64), units::bytes(needed as f64));
        return Err(format!("has {free} free, and the test needs {needed}"));
    }
    // Many file systems make inodes as they are needed, and say that there are none.
    let inodes = files.saturating_add(files / 10).saturating_add(1);
    if room.f_files > 0 && room.f_favail < inodes {
        let (free, needed) = (units::thousands(room.f_favail), units::thousands(inodes));
        return Err(format!("has {free} inodes free, and the test needs {needed}"));
    }
    Ok(())
}

/// The type of the file system of a path by the mount table: that of the longest mount point above it, and of
/// those of equal length that of the last one, which hides the others.
fn kind(table: &[u8], path: &Path) -> Option<String> {
    let mut best: Option<(usize, &[u8])> = None;
    for line in table.split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b' ');
        let Some(point) = fields.nth(4).map(unescaped) else { continue };
        let Some(kind) = fields.skip_while(|f| *f != b"-").nth(1) else { continue };
        let point = Path::new(OsStr::from_bytes(&point)).to_owned();
        let length = point.components().count();
        if path.starts_with(&point) && best.is_none_or(|(longest, _)| longest <= length) {
            best = Some((length, kind));
        }
    }
    best.map(|(_, kind)| String::from_utf8_lossy(kind).into_owned())
}

/// The mount table writes blanks and backslashes as `\040` and `\134`.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let code = rest.get(1..4).filter(|_| *first == b'\\').and_then(octal);
        out.push(code.unwrap_or(*first));
        rest = if code.is_some() { rest.get(4..).unwrap_or_default() } else { after };
    }
    out
}

fn octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"21 1 254:0 / / rw - ext4 /dev/vda rw\n\
        30 21 0:30 / /mnt/efs\\040one rw,relatime shared:7 master:1 - nfs4 10.0.1.100:/ rw,vers=4.1\n\
        31 21 0:31 / /mnt rw - autofs systemd-1 rw\n\
        32 21 0:32 / /tmp rw - ext4 /dev/vdb rw\n\
        33 32 0:33 / /tmp rw - tmpfs tmpfs rw\n\
        short line\n";

    #[test]
    fn the_file_system_is_that_of_the_longest_and_last_mount_point() {
        for (path, wanted) in [
            ("/home/x", "ext4"),
            ("/mnt/efs one/data", "nfs4"),
            ("/mnt/efs one", "nfs4"),
            ("/mnt/efs one more", "autofs"),
            ("/tmp/x", "tmpfs"),
            ("/tmpx", "ext4"),
        ] {
            assert_eq!(kind(TABLE, Path::new(path)).as_deref(), Some(wanted), "{path}");
        }
        assert_eq!(kind(b"", Path::new("/")), None);
        assert_eq!(unescaped(b"a\\134b\\04"), b"a\\b\\04");
    }

    #[test]
    fn outside_a_temporary_directory_yes_is_needed() {
        let place = |path: &str, kind: &str| Place { path: path.into(), file_system: kind.into() };
        for (path, kind, variable, permitted) in [
            ("/tmp/x", "ext4", None, true),
            ("/var/tmp", "ext4", None, true),
            ("/tmpx", "ext4", None, false),
            ("/data", "ext4", None, false),
            ("/data/x", "ext4", Some("/data"), true),
            ("/data/x", "ext4", Some("/"), false),
            ("/data/x", "ext4", Some("data"), false),
            ("/data/x", "ext4", Some(""), false),
            ("/tmp/efs", "nfs4", None, false),
        ] {
            let place = place(path, kind);
            let asked = place.permitted(variable.map(Path::new), false);
            assert_eq!(asked.is_ok(), permitted, "{path} {kind} {variable:?}");
            assert_eq!(place.permitted(variable.map(Path::new), true), Ok(()));
            if let Err(error) = asked {
                assert_eq!(error.kind, ErrorKind::Usage);
                assert!(error.to_string().contains("add --yes"), "{error}");
            }
        }
    }

    #[test]
    fn room_is_what_is_free_with_a_tenth_to_spare() {
        let room = |free_blocks, inodes, free_inodes, flags| StatVfs {
            f_bsize: 4096,
            f_frsize: 4096,
            f_blocks: 1_000_000,
            f_bfree: 1_000_000,
            f_bavail: free_blocks,
            f_files: inodes,
            f_ffree: free_inodes,
            f_favail: free_inodes,
            f_fsid: 0,
            f_flag: flags,
            f_namemax: 255,
        };
        let none = StatVfsMountFlags::empty();
        for (room, files, bytes, refusal) in [
            (room(1100, 0, 0, none), 1000, 0, None),
            (room(1099, 0, 0, none), 1000, 0, Some("4.3 MiB free, and the test needs 4.3 MiB")),
            (room(1100, 5000, 1101, none), 1000, 0, None),
            (room(1100, 5000, 1100, none), 1000, 0, Some("1 100 inodes free, and the test needs 1 101")),
            (room(256, 10, 1, none), 0, 1 << 20, Some("1 MiB free, and the test needs 1.1 MiB")),
            (room(300, 10, 1, none), 0, 1 << 20, None),
            (room(u64::MAX, 0, 0, none), u64::MAX, u64::MAX, None),
            (room(300, 10, 9, StatVfsMountFlags::RDONLY), 0, 1, Some("is mounted read-only")),
        ] {
            let found = room_for(&room, files, bytes);
            match refusal {
                None => assert_eq!(found, Ok(())),
                Some(part) => {
                    assert!(found.as_ref().is_err_and(|why| why.contains(part)), "{part}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_directory_is_said() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        std::fs::write(&file, "").unwrap();
        let said = |path: &Path| Place::find(path).unwrap_err().to_string();
        assert!(said(&file).contains("file is not a directory"), "{}", said(&file));
        let missing = said(&home.path().join("missing"));
        assert!(
            missing.contains("missing: No such file") && missing.contains("correct the path"),
            "{missing}"
        );
        let link = home.path().join("link");
        std::os::unix::fs::symlink(home.path(), &link).unwrap();
        assert_eq!(Place::find(&link).unwrap().path, home.path().canonicalize().unwrap());
    }
}
