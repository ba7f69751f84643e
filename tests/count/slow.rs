//! A file system whose every directory read takes a while, or waits for a gate: FUSE, where it can be mounted.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation, INodeNo,
    InitFlags, KernelConfig, MountOption, ReplyAttr, ReplyDirectory, ReplyEntry, Request, spawn_mount,
};

/// What the kernel may remember, for as long as a test runs.
const REMEMBERED: Duration = Duration::from_secs(3600);
const ROOT: u64 = 1;
/// Directories have the numbers after the root's, files those from here on.
const FILES: u64 = 1 << 40;

/// Directories in the root, files in each of them.
pub struct Slow {
    pub directories: u64,
    pub files: u64,
    pub delay: Duration,
    /// Called in each read of a directory, by its number (0 is the first below the root).
    pub hook: Box<dyn Fn(Option<u64>) + Send + Sync>,
    pub reads: Arc<AtomicU64>,
}

impl Slow {
    pub fn new(directories: u64, files: u64, delay: Duration) -> Self {
        Self { directories, files, delay, hook: Box::new(|_| {}), reads: Arc::default() }
    }

    /// Mounts it on a directory until the session is dropped.
    ///
    /// # Errors
    /// It cannot be mounted here.
    pub fn mount(self, at: &Path) -> std::io::Result<BackgroundSession> {
        let mut config = Config::default();
        config.n_threads = Some(64);
        config.mount_options = vec![MountOption::RO, MountOption::FSName("slow".into())];
        spawn_mount(self, at, &config)
    }
}

fn attributes(number: u64) -> FileAttr {
    let directory = number < FILES;
    FileAttr {
        ino: INodeNo(number),
        size: 0,
        blocks: 0,
        atime: SystemTime::UNIX_EPOCH,
        mtime: SystemTime::UNIX_EPOCH,
        ctime: SystemTime::UNIX_EPOCH,
        crtime: SystemTime::UNIX_EPOCH,
        kind: if directory { FileType::Directory } else { FileType::RegularFile },
        perm: 0o755,
        nlink: if directory { 2 } else { 1 },
        uid: 0,
        gid: 0,
        rdev: 0,
        flags: 0,
        blksize: 512,
    }
}

impl Filesystem for Slow {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // Without it the kernel lets in one at a time, unlike NFS.
        let _ = config.add_capabilities(InitFlags::FUSE_PARALLEL_DIROPS);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let name = name.to_string_lossy();
        let number = name.get(1..).and_then(|digits| digits.parse::<u64>().ok());
        let found = match (parent.0, name.chars().next(), number) {
            (ROOT, Some('d'), Some(n)) if n < self.directories => Some(ROOT + 1 + n),
            (directory, Some('f'), Some(n)) if n < self.files => Some(FILES + directory * self.files + n),
            _ => None,
        };
        match found {
            Some(number) => reply.entry(&REMEMBERED, &attributes(number), Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, number: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&REMEMBERED, &attributes(number.0));
    }

    fn readdir(&self, _: &Request, number: INodeNo, _: FileHandle, from: u64, mut reply: ReplyDirectory) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(self.delay);
        let directory = number.0.checked_sub(ROOT + 1);
        (self.hook)(directory);
        let end = if directory.is_none() { self.directories } else { self.files };
        for n in from..end {
            let full = if directory.is_none() {
                reply.add(INodeNo(ROOT + 1 + n), n + 1, FileType::Directory, format!("d{n}"))
            } else {
                let file = INodeNo(FILES + number.0 * self.files + n);
                reply.add(file, n + 1, FileType::RegularFile, format!("f{n}"))
            };
            if full {
                break;
            }
        }
        reply.ok();
    }
}
