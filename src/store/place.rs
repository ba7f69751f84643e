//! The place of a journal file: on a disk of this machine, writable, and always the same file.

use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::JournalError;
use super::error::{failed, file};

/// What to do where a journal cannot be here.
const ELSEWHERE: &str =
    "set journal to a path on a local disk, or to a mysql:// URL where machines share one journal";

/// File systems of other machines by the magic number of statfs(2), from `linux/magic.h` and the sources of
/// those that are not in it. Their locks and shared memory do not reach every machine, and WAL needs both.
const NETWORK: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x517b, "SMB"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x00c3_6400, "Ceph"),
    (0x7375_7245, "Coda"),
    (0x564c, "NCP"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
];
/// FUSE's magic number says nothing of what is behind it; its type in the mount table does.
const FUSE: u64 = 0x6573_5546;
/// Types of FUSE that lead to other machines.
const NETWORK_FUSE: &[&str] = &[
    "sshfs",
    "s3fs",
    "s3",
    "gluster",
    "rclone",
    "gcs",
    "goofys",
    "ceph",
    "juicefs",
    "dav",
    "curlftpfs",
    "ftp",
    "nfs",
    "smb",
    "moose",
    "seaweed",
    "blob",
    "afp",
];

/// A file's identity: the device and the number on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

/// Asks what file system a path is on.
pub(super) type Statfs = fn(&Path) -> io::Result<u64>;

/// statfs(2).
pub(super) fn statfs(path: &Path) -> io::Result<u64> {
    #[expect(clippy::cast_sign_loss, reason = "a magic number of 32 bits, signed or not by architecture")]
    Ok(rustix::fs::statfs(path).map(|found| found.f_type as u64 & 0xffff_ffff)?)
}

/// A journal file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct There {
    pub(super) identity: Identity,
    /// Nobody writes it, and this user cannot: there is no write-ahead log, and none can be made beside it.
    pub(super) still: bool,
}

/// Looks for a journal file; nothing is made.
pub(super) fn look(path: &Path) -> Result<Option<There>, JournalError> {
    if path.as_os_str().is_empty() {
        return Err(homeless());
    }
    if !path.try_exists().map_err(|e| unusable(path, "it cannot be looked for", &e))? {
        return Ok(None);
    }
    let identity = identity(path)?;
    let log = path.as_os_str().to_string_lossy().into_owned() + "-wal";
    let logged = std::fs::metadata(&log).is_ok_and(|m| m.len() > 0);
    let still = !logged && writable(parent(path)).is_err();
    Ok(Some(There { identity, still }))
}

/// Whether directory and file could be made; nothing is.
pub(super) fn could_be_made(path: &Path, statfs: Statfs) -> Result<(), JournalError> {
    if path.as_os_str().is_empty() {
        return Err(homeless());
    }
    let there = parent(path).ancestors().map(|p| if p.as_os_str().is_empty() { Path::new(".") } else { p });
    let Some(nearest) = there.into_iter().find(|p| p.exists()) else { return Ok(()) };
    local(path, nearest, statfs)?;
    writable(nearest)
        .map_err(|e| unusable(path, &format!("{} cannot be written", nearest.display()), &e.into()))
}

fn homeless() -> JournalError {
    let text = "there is no home directory for the journal".into();
    failed(text, "set journal to a path, or HOME or XDG_STATE_HOME")
}

/// Whether this process may make files in a directory.
fn writable(directory: &Path) -> Result<(), rustix::io::Errno> {
    accessat(CWD, directory, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses a place that other machines see too.
fn local(path: &Path, place: &Path, statfs: Statfs) -> Result<(), JournalError> {
    let magic = statfs(place).map_err(|e| unusable(path, "its file system cannot be told", &e))?;
    if let Some(kind) = network(magic, || fuse_type(place)) {
        let text =
            format!("{} is on a network file system ({kind}), where its locks do not hold", file(path));
        return Err(failed(text, ELSEWHERE));
    }
    Ok(())
}

/// Makes directory and file where they are missing, readable for this user alone; refuses a place where a journal
/// cannot be kept.
pub(super) fn prepare(path: &Path, statfs: Statfs) -> Result<Identity, JournalError> {
    if path.as_os_str().is_empty() {
        return Err(homeless());
    }
    let parent = parent(path);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)
        .map_err(|e| unusable(path, &format!("the directory {} cannot be made", parent.display()), &e))?;
    // A link may lead to another file system.
    let place = path.canonicalize().ok().and_then(|real| real.parent().map(Path::to_path_buf));
    let place = place.unwrap_or_else(|| parent.to_path_buf());
    local(path, &place, statfs)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => {}
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        Err(e) => return Err(unusable(path, "it cannot be made", &e)),
    }
    identity(path)
}

/// Which file is at `path` now.
pub(super) fn identity(path: &Path) -> Result<Identity, JournalError> {
    let found = std::fs::metadata(path).map_err(|e| unusable(path, "it cannot be found", &e))?;
    if found.is_file() {
        return Ok(Identity::of(&found));
    }
    Err(failed(format!("{} is not a file", file(path)), "set journal to the path of a file"))
}

impl Identity {
    fn of(found: &Metadata) -> Self {
        Self(found.dev(), found.ino())
    }
}

fn unusable(path: &Path, what: &str, error: &io::Error) -> JournalError {
    let text = format!("{} cannot be used: {what} ({error})", file(path));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => failed(text, super::error::FULL),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => failed(text, super::error::WRITABLE),
        _ => failed(text, "correct the path of journal"),
    }
}

/// The name of a network file system; `None` for one of this machine.
fn network(magic: u64, fuse_type: impl FnOnce() -> Option<String>) -> Option<String> {
    if magic == FUSE {
        let kind = fuse_type()?;
        let program = kind.strip_prefix("fuse.")?;
        return NETWORK_FUSE.iter().any(|n| program.contains(n)).then(|| kind.clone());
    }
    NETWORK.iter().find(|(number, _)| *number == magic).map(|(_, name)| (*name).to_owned())
}

/// The type of the file system that `place` is on, from the mount table.
fn fuse_type(place: &Path) -> Option<String> {
    type_in(&std::fs::read_to_string("/proc/self/mountinfo").ok()?, place)
}

/// `36 35 98:0 /root /mount/point options … - type source options`, proc(5): the last of the longest mount
/// points above `place` is the one that holds.
fn type_in(mounts: &str, place: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let Some((mount, rest)) = line.split_once(" - ") else { continue };
        let Some(point) = mount.split(' ').nth(4) else { continue };
        let point = PathBuf::from(point.replace("\\040", " "));
        let depth = point.components().count();
        if place.starts_with(&point) && best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = rest.split(' ').next().map(|kind| (depth, kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        let of = |magic| network(magic, || None);
        assert_eq!(of(0x6969).as_deref(), Some("NFS"));
        assert_eq!(of(0xff53_4d42).as_deref(), Some("CIFS"));
        for local in [0xef53, 0x5846_5342, 0x0102_1994, 0x794c_7630, 0x9123_683e] {
            assert_eq!(of(local), None, "{local:x}");
        }
    }

    #[test]
    fn fuse_is_as_local_as_what_is_behind_it() {
        let of = |kind: &str| network(FUSE, || Some(kind.to_owned()));
        assert_eq!(of("fuse.sshfs").as_deref(), Some("fuse.sshfs"));
        assert_eq!(of("fuse.mount-s3").as_deref(), Some("fuse.mount-s3"));
        for local in ["fuseblk", "fuse.bindfs", "fuse.mergerfs", "fuse.gocryptfs"] {
            assert_eq!(of(local), None, "{local}");
        }
    }

    #[test]
    fn the_deepest_and_last_mount_holds() {
        let mounts = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            30 21 0:50 / /home/a\\040b rw shared:1 - fuse.sshfs host:/ rw\n\
            31 21 0:51 / /srv rw - xfs /dev/sdb rw\n\
            32 21 0:52 / /srv rw - nfs4 host:/ rw\n";
        let at = |path: &str| type_in(mounts, Path::new(path));
        assert_eq!(at("/home/a b/.local/state").as_deref(), Some("fuse.sshfs"));
        assert_eq!(at("/home/other").as_deref(), Some("ext4"));
        assert_eq!(at("/srv/x").as_deref(), Some("nfs4"));
    }

    #[test]
    fn a_network_file_system_is_refused_before_anything_is_made() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let error = prepare(&path, |_| Ok(0x6969)).unwrap_err();
        assert!(error.text.contains("network file system (NFS)"), "{error}");
        assert!(error.text.contains("journal.db") && error.remedy.contains("local disk"), "{error}");
        assert!(!error.conflict && !path.exists());
    }
}
