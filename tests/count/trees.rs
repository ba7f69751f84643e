//! Random trees on the disk, against a naive count.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use miharu::count::{Ended, Options};
use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mkdirat, mknodat};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::{count, disk};

/// What a node of a tree is.
#[derive(Debug, Clone, Copy)]
enum Node {
    Directory,
    /// Its names may be read, what is in it may not be entered.
    NotEntered,
    Forbidden,
    File,
    Fifo,
    Socket,
    LinkToRoot,
    LinkOut,
    LinkToNothing,
    LinkToSibling,
}

/// What a count comes to: files, directories, links, others, directories that cannot be read, files of each
/// directory.
#[derive(Debug, Default, PartialEq)]
struct Naive {
    files: u64,
    directories: u64,
    symlinks: u64,
    others: u64,
    unread: Vec<PathBuf>,
    largest: BTreeMap<PathBuf, u64>,
}

fn naive(root: &Path) -> Naive {
    fn walk(root: &Path, at: &Path, out: &mut Naive) {
        out.directories += 1;
        let Ok(entries) = fs::read_dir(root.join(at)) else {
            out.unread.push(at.to_owned());
            return;
        };
        for entry in entries {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                walk(root, &at.join(entry.file_name()), out);
            } else if kind.is_file() {
                out.files += 1;
                let here = if at.as_os_str().is_empty() { Path::new(".") } else { at };
                *out.largest.entry(here.to_owned()).or_default() += 1;
            } else if kind.is_symlink() {
                out.symlinks += 1;
            } else {
                out.others += 1;
            }
        }
    }
    let mut out = Naive::default();
    walk(root, Path::new(""), &mut out);
    out.unread.sort();
    out
}

fn of(ended: &Ended) -> Naive {
    let mut unread: Vec<PathBuf> = ended.errors.iter().map(|e| e.path.clone()).collect();
    unread.sort();
    assert_eq!(unread.len() as u64, ended.counted.unread);
    assert_eq!(ended.is_partial(), !unread.is_empty());
    Naive {
        files: ended.counted.files,
        directories: ended.counted.directories,
        symlinks: ended.counted.symlinks,
        others: ended.counted.others,
        unread,
        largest: ended.largest.iter().cloned().collect(),
    }
}

/// Runs `test` without the right of root to pass by the permissions of files.
fn bound_by_permissions<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    // Threads that this one starts have its rights.
    std::thread::scope(|scope| {
        let bound = scope.spawn(|| {
            let mut rights = capabilities(None).unwrap();
            rights.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
            set_capabilities(None, rights).unwrap();
            test()
        });
        bound.join().unwrap()
    })
}

fn name() -> impl Strategy<Value = OsString> {
    let bytes = prop_oneof![
        4 => "[a-z]{1,8}".prop_map(String::into_bytes),
        1 => "[ \\-\n\t\u{1b}*?é見張]{1,20}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..40),
        1 => any::<u8>().prop_map(|b| vec![b | 1; 255]),
    ];
    bytes.prop_map(|bytes| {
        let clean: Vec<u8> = bytes.into_iter().map(|b| if b == b'/' || b == 0 { b'_' } else { b }).collect();
        OsString::from_vec(if clean.iter().all(|b| *b == b'.') { b"dots".to_vec() } else { clean })
    })
}

fn node() -> impl Strategy<Value = Node> {
    prop_oneof![
        6 => Just(Node::Directory),
        1 => Just(Node::NotEntered),
        1 => Just(Node::Forbidden),
        8 => Just(Node::File),
        1 => Just(Node::Fifo),
        1 => Just(Node::Socket),
        1 => Just(Node::LinkToRoot),
        1 => Just(Node::LinkOut),
        1 => Just(Node::LinkToNothing),
        1 => Just(Node::LinkToSibling),
    ]
}

/// Makes a tree; a node lies in one of the directories before it. What exists already stays.
fn make(root: &Path, nodes: &[(prop::sample::Index, OsString, Node)]) {
    let mut directories = vec![root.to_owned()];
    let mut forbidden = Vec::new();
    for (parent, name, node) in nodes {
        let path = parent.get(&directories).join(name);
        if path.symlink_metadata().is_ok() || path.as_os_str().len() > 4000 {
            continue;
        }
        let mode = Mode::from_raw_mode(0o600);
        match node {
            Node::Directory | Node::NotEntered | Node::Forbidden => {
                fs::create_dir(&path).unwrap();
                match node {
                    Node::NotEntered => forbidden.push((path.clone(), 0o400)),
                    Node::Forbidden => forbidden.push((path.clone(), 0)),
                    _ => {}
                }
                directories.push(path);
            }
            Node::File => drop(fs::File::create(&path).unwrap()),
            Node::Fifo => mknodat(CWD, &path, FileType::Fifo, mode, 0).unwrap(),
            Node::Socket => mknodat(CWD, &path, FileType::Socket, mode, 0).unwrap(),
            Node::LinkToRoot => symlink(root, &path).unwrap(),
            Node::LinkOut => symlink("/usr", &path).unwrap(),
            Node::LinkToNothing => symlink("nothing", &path).unwrap(),
            Node::LinkToSibling => symlink(directories.last().unwrap(), &path).unwrap(),
        }
    }
    for (path, mode) in forbidden.iter().rev() {
        fs::set_permissions(path, fs::Permissions::from_mode(*mode)).unwrap();
    }
}

/// A directory that is removed whatever is in it, however deep.
struct Removed(tempfile::TempDir);

impl Removed {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        let below = self.path().join(".");
        let _ = Command::new("chmod").args(["-R", "u+rwx"]).arg(&below).output();
        for entry in fs::read_dir(&below).into_iter().flatten().flatten() {
            let _ = Command::new("rm").arg("-rf").arg(entry.path()).output();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_count_is_what_a_naive_one_is(
        nodes in prop::collection::vec((any::<prop::sample::Index>(), name(), node()), 0..80),
        concurrency in 1_usize..9,
    ) {
        let tree = Removed::new();
        make(tree.path(), &nodes);
        let options = Options { top: usize::MAX, concurrency, ..Options::default() };
        let (expected, found, by_name) = bound_by_permissions(|| {
            let by_name = disk(tree.path()).name_by_name();
            let disk = disk(tree.path());
            (naive(tree.path()), of(&count(disk, &options)), of(&count(by_name, &options)))
        });
        prop_assert_eq!(&found, &expected);
        prop_assert_eq!(&by_name, &expected, "name by name");
    }
}

#[test]
fn a_thousand_levels_of_the_longest_names() {
    let tree = Removed::new();
    let name = "n".repeat(255);
    let mut at = fs::File::open(tree.path()).unwrap();
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::RDONLY;
    for _ in 0..1_000 {
        mkdirat(&at, &name, Mode::from_raw_mode(0o700)).unwrap();
        let below = rustix::fs::openat(&at, &name, flags, Mode::empty()).unwrap();
        at = fs::File::from(below);
        let file = rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY;
        rustix::fs::openat(&at, "file", file, Mode::from_raw_mode(0o600)).unwrap();
    }
    for disk in [disk(tree.path()), disk(tree.path()).name_by_name()] {
        let ended = count(disk, &Options { top: 2_000, ..Options::default() });
        assert_eq!(
            (ended.counted.files, ended.counted.directories),
            (1_000, 1_001),
            "{:?}",
            ended.errors.first()
        );
        let longest = ended.largest.iter().map(|(path, _)| path.as_os_str().len()).max();
        assert_eq!(longest, Some(256 * 1_000 - 1));
    }
}

#[test]
fn a_link_that_takes_a_directorys_place_is_not_followed() {
    use miharu::count::layer::Layer;
    for by_name in [false, true] {
        let tree = Removed::new();
        fs::create_dir(tree.path().join("a")).unwrap();
        fs::create_dir(tree.path().join("a/b")).unwrap();
        let disk = disk(tree.path());
        let disk = if by_name { disk.name_by_name() } else { disk };
        assert!(disk.open(Path::new("")).unwrap().is_some());
        assert!(disk.open(Path::new("a/b")).unwrap().is_some());
        // After the count has seen the name: the last part, and one on the way.
        fs::remove_dir(tree.path().join("a/b")).unwrap();
        symlink("/usr", tree.path().join("a/b")).unwrap();
        assert!(disk.open(Path::new("a/b")).is_err(), "{by_name}");
        fs::remove_file(tree.path().join("a/b")).unwrap();
        fs::remove_dir(tree.path().join("a")).unwrap();
        symlink("/usr", tree.path().join("a")).unwrap();
        assert!(disk.open(Path::new("a/lib")).is_err(), "{by_name}");
    }
}

#[test]
fn the_root_may_be_a_link_and_names_may_be_anything() {
    let tree = Removed::new();
    let odd = OsStr::from_bytes(b"\xff\xfe\n");
    fs::create_dir(tree.path().join(odd)).unwrap();
    fs::write(tree.path().join(odd).join("f"), "").unwrap();
    let outside = tempfile::tempdir().unwrap();
    let link = outside.path().join("link");
    symlink(tree.path(), &link).unwrap();
    let ended = count(disk(&link), &Options::default());
    assert_eq!((ended.counted.files, ended.counted.directories), (1, 2));
    assert_eq!(ended.listed_largest()[0].path, "\u{fffd}\u{fffd}\n");
}
