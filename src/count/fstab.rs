//! Which directories are to be mounts of a network file system, by /etc/fstab.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// Kinds of file systems of which a directory without its mount is no data.
const NETWORK: &[&str] = &["nfs", "nfs4", "efs"];

/// Whether this machine's table of file systems says that `directory` is a network mount. Touches only
/// `/etc/fstab`; a table that cannot be read says nothing.
pub fn expects_mount(directory: &Path) -> bool {
    std::fs::read(FSTAB).is_ok_and(|table| lists(&table, directory))
}

const FSTAB: &str = "/etc/fstab";

fn lists(table: &[u8], directory: &Path) -> bool {
    table.split(|b| *b == b'\n').any(|line| {
        let mut fields = line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
        let (device, place, kind) = (fields.next(), fields.next(), fields.next());
        let (Some(device), Some(place), Some(kind)) = (device, place, kind) else { return false };
        !device.starts_with(b"#")
            && NETWORK.iter().any(|name| name.as_bytes() == kind)
            && Path::new(&unescaped(place)) == directory
    })
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
        match code.filter(|_| *first == b'\\') {
            Some(code) => {
                out.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    OsString::from_vec(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_a_mount_where_the_table_says_so() {
        let table = b"# /etc/fstab\n\
            UUID=1 / ext4 defaults 0 1\n\
            fs-1:/ /mnt/efs efs _netdev,tls 0 0\n\
            #fs-1:/ /mnt/off efs _netdev 0 0\n\
            10.0.0.1:/x\t/mnt/with\\040space\tnfs4 rw\n\
            10.0.0.1:/y /mnt/last/ nfs";
        for (path, listed) in [
            ("/mnt/efs", true),
            ("/mnt/efs/", true),
            ("/mnt/efs/below", false),
            ("/mnt", false),
            ("/", false),
            ("/mnt/off", false),
            ("/mnt/with space", true),
            ("/mnt/last", true),
        ] {
            assert_eq!(lists(table, Path::new(path)), listed, "{path}");
        }
        assert!(!lists(b"", Path::new("/")));
        assert!(!lists(b"\\", Path::new("/")));
    }

    #[test]
    fn escapes_are_octal_and_anything_else_is_kept() {
        for (field, text) in [("a\\040b", "a b"), ("a\\", "a\\"), ("\\999", "\\999"), ("\\134\\011", "\\\t")]
        {
            assert_eq!(unescaped(field.as_bytes()), text);
        }
    }
}
