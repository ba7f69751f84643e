//! The least that a count can be: threads (two, or as many as are said), getdents64, one level of directories. No
//! statistics, no errors, no memory bound: what a counter is measured against.
//!
//!   bare DIR [THREADS]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_macros,
    reason = "a benchmark says where by panicking, and prints what it counted"
)]

use std::mem::MaybeUninit;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use rustix::fs::{CWD, FileType, Mode, OFlags, RawDir};

fn main() {
    let root = std::env::args_os().nth(1).unwrap();
    let root = Path::new(&root);
    let threads = std::env::args().nth(2).map_or(2, |n| n.parse().unwrap());
    let (directories, files) = read(root);
    let (next, sum) = (AtomicUsize::new(0), AtomicU64::new(files));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = directories.get(next.fetch_add(1, Ordering::Relaxed)) {
                    sum.fetch_add(read(&root.join(name)).1, Ordering::Relaxed);
                }
            });
        }
    });
    println!("{}", sum.into_inner());
}

/// Directories in a directory, and how many files.
fn read(path: &Path) -> (Vec<String>, u64) {
    let mut buffer = [MaybeUninit::uninit(); 64 * 1024];
    let directory = rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
    let (mut entries, mut directories, mut files) = (RawDir::new(&directory, &mut buffer), Vec::new(), 0);
    while let Some(entry) = entries.next() {
        let entry = entry.unwrap();
        match entry.file_type() {
            FileType::RegularFile => files += 1,
            FileType::Directory if entry.file_name() != c"." && entry.file_name() != c".." => {
                directories.push(entry.file_name().to_str().unwrap().to_owned());
            }
            _ => {}
        }
    }
    (directories, files)
}
