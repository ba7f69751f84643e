//! What this machine's tables say of mounts, without touching any.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Kinds of file systems of which a directory without its mount is no data.
const NETWORK: &[&str] = &["nfs", "nfs4", "efs"];

/// Whether this machine's table of file systems says that `directory`, or what a link there leads to, lies on a
/// network mount. Touches no file system that may hang; a table that cannot be read says nothing.
pub fn expects_mount(directory: &Path) -> bool {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    let mounted = std::fs::read(MOUNTED).unwrap_or_default();
    let real = followed(&absolute, &|path| hangs_by(&mounted, path));
    std::fs::read(FSTAB).is_ok_and(|table| is_network_by(&table, &absolute) || is_network_by(&table, &real))
}

/// Whether `directory` lies on a mount of which calls are not known to end, or to end when the process is killed:
/// a network, or a program behind FUSE. Where the table of mounts cannot be read, nothing is known.
pub(super) fn may_hang(directory: &Path) -> bool {
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    std::fs::read(MOUNTED).is_ok_and(|table| {
        let hangs = |path: &Path| hangs_by(&table, path);
        hangs(&followed(&absolute, &hangs))
    })
}

fn hangs_by(table: &[u8], path: &Path) -> bool {
    kind_of_mount(table, path).is_some_and(|kind| !LOCAL.iter().any(|local| local.as_bytes() == kind))
}

/// Links that are followed, as many as the kernel does.
const LINKS: usize = 40;

/// Where the links of an absolute path lead, as far as they lie where no call can hang; what is behind is taken
/// as it is written.
fn followed(path: &Path, hangs: &dyn Fn(&Path) -> bool) -> PathBuf {
    let reversed = |path: &Path| path.iter().rev().map(OsString::from).collect::<Vec<_>>();
    let (mut done, mut left, mut links) = (PathBuf::from("/"), reversed(path), 0);
    while let Some(name) = left.pop() {
        if name == ".." {
            done.pop();
            continue;
        }
        // One that begins with a slash replaces all before it.
        let at = done.join(&name);
        if !hangs(&done)
            && !hangs(&at)
            && links < LINKS
            && let Ok(target) = std::fs::read_link(&at)
        {
            links += 1;
            left.extend(reversed(&target));
        } else {
            done = at;
        }
    }
    done
}

const FSTAB: &str = "/etc/fstab";
const MOUNTED: &str = "/proc/self/mountinfo";
/// Kinds of file systems that answer as long as this machine runs.
const LOCAL: &[&str] = &[
    "bcachefs", "btrfs", "cgroup2", "devtmpfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "overlay", "proc",
    "ramfs", "rootfs", "squashfs", "sysfs", "tmpfs", "vfat", "xfs", "zfs",
];

/// The kind of the innermost mount that holds a path; of two on one place the later.
fn kind_of_mount<'t>(table: &'t [u8], path: &Path) -> Option<&'t [u8]> {
    let mounts = table.split(|b| *b == b'\n').filter_map(|line| {
        let mut fields = line.split(|b| *b == b' ');
        let place = PathBuf::from(unescaped(fields.nth(4)?));
        let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
        path.starts_with(&place).then(|| (place.iter().count(), kind))
    });
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

/// Whether the innermost entry of the table that holds a path is a network mount.
fn is_network_by(table: &[u8], path: &Path) -> bool {
    let entries = table.split(|b| *b == b'\n').filter_map(|line| {
        let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        let (device, place, kind) =
            (fields.next()?, PathBuf::from(unescaped(fields.next()?)), fields.next()?);
        let holds = !device.starts_with(b"#") && place.is_absolute() && path.starts_with(&place);
        holds.then(|| (place.iter().count(), kind))
    });
    let innermost = entries.max_by_key(|(depth, _)| *depth);
    innermost.is_some_and(|(_, kind)| NETWORK.iter().any(|name| name.as_bytes() == kind))
}

/// A field without its octal escapes: `\040` is a space.
fn unescaped(field: &[u8]) -> OsString {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 8).ok()
        });
        if let Some(code) = code.filter(|_| *first == b'\\') {
            out.push(code);
            rest = after.get(3..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    OsString::from_vec(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_to_a_mount_that_may_hang_and_not_into_it() {
        use std::os::unix::fs::symlink;
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let mount = home.join("mnt");
        std::fs::create_dir_all(mount.join("deep")).unwrap();
        symlink("mnt", home.join("relative")).unwrap();
        symlink(home.join("relative/deep"), home.join("absolute")).unwrap();
        symlink("loop", home.join("loop")).unwrap();
        symlink(&home, mount.join("back")).unwrap();
        let hangs = |path: &Path| path.starts_with(&mount);
        for (path, real) in [
            ("relative", "mnt"),
            ("absolute", "mnt/deep"),
            ("relative/../absolute/x", "mnt/deep/x"),
            ("relative/back", "mnt/back"),
            ("gone/further", "gone/further"),
            ("loop", "loop"),
        ] {
            assert_eq!(followed(&home.join(path), &hangs), home.join(real), "{path}");
        }
        assert_eq!(followed(&home.join("relative/back"), &|_| false), home);
        assert_eq!(followed(Path::new("/"), &hangs), Path::new("/"));
    }

    #[test]
    fn a_directory_lies_on_a_mount_where_the_table_says_so() {
        let table = b"# /etc/fstab\n\
            UUID=1 / ext4 defaults 0 1\n\
            fs-1:/ /mnt/efs efs _netdev,tls 0 0\n\
            UUID=2 /mnt/efs/local xfs defaults 0 2\n\
            #fs-1:/ /mnt/off efs _netdev 0 0\n\
            10.0.0.1:/x\t/mnt/with\\040space\tnfs4 rw\n\
            10.0.0.1:/y /mnt/last/ nfs";
        for (path, expected) in [
            ("/mnt/efs", true),
            ("/mnt/efs/", true),
            ("/mnt/efs/below", true),
            ("/mnt/efs/local/below", false),
            ("/mnt/efsx", false),
            ("/mnt", false),
            ("/", false),
            ("/mnt/off", false),
            ("/mnt/with space", true),
            ("/mnt/last", true),
        ] {
            assert_eq!(is_network_by(table, Path::new(path)), expected, "{path}");
        }
        assert!(!is_network_by(b"", Path::new("/")));
        assert!(!is_network_by(b"\\", Path::new("/")));
    }

    #[test]
    fn the_innermost_mount_holds_a_path() {
        let table = b"21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            22 21 0:5 / /proc rw - proc proc rw\n\
            30 21 0:40 / /mnt/efs rw shared:7 master:2 - nfs4 127.0.0.1:/ rw,vers=4.1\n\
            31 30 0:41 / /mnt/efs/local\\040disk rw - xfs /dev/vdb rw\n\
            32 21 0:42 / /mnt/twice rw - ext4 /dev/vdc rw\n\
            33 32 0:43 / /mnt/twice rw - fuse.sshfs host:/ rw\n";
        for (path, kind) in [
            ("/", "ext4"),
            ("/mnt/efsx", "ext4"),
            ("/mnt/efs", "nfs4"),
            ("/mnt/efs/a/b", "nfs4"),
            ("/mnt/efs/local disk/a", "xfs"),
            ("/mnt/twice", "fuse.sshfs"),
        ] {
            assert_eq!(kind_of_mount(table, Path::new(path)), Some(kind.as_bytes()), "{path}");
        }
        assert_eq!(kind_of_mount(b"", Path::new("/")), None);
        assert!(!may_hang(Path::new("/proc")), "the table of this machine");
    }

    #[test]
    fn escapes_are_octal_and_anything_else_is_kept() {
        for (field, text) in [("a\\040b", "a b"), ("a\\", "a\\"), ("\\999", "\\999"), ("\\134\\011", "\\\t")]
        {
            assert_eq!(unescaped(field.as_bytes()), text);
        }
    }
}
