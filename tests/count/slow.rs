//! A file system whose every directory read takes a while, or waits for a gate: FUSE, where it can be mounted.

use std::ffi::OsStr;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, Generation, INodeNo,
    InitFlags, KernelConfig, MountOption, OpenFlags, ReplyAttr, ReplyDirectory, ReplyEntry, ReplyOpen,
    Request, spawn_mount,
};
use rustix::thread::set_current_timer_slack;

/// What the kernel may remember, for as long as a test runs.
const REMEMBERED: Duration = Duration::from_secs(3600);
const ROOT: u64 = 1;
/// Directories have the numbers after the root's, files those from here on.
const FILES: u64 = 1 << 40;
/// Threads that take requests; a hook may hold all but one.
const THREADS: usize = 8;
/// Answers that wait to be due; far more than a count has reads in flight.
const WAITING: usize = 4096;

/// An answer, and when it is due.
type Due = (Instant, ReplyDirectory);

/// Directories in the root, files in each of them.
pub struct Slow {
    pub directories: u64,
    pub files: u64,
    pub delay: Duration,
    /// Called in each read of a directory, by its number (0 is the first below the root).
    pub hook: Box<dyn Fn(Option<u64>) + Send + Sync>,
    pub reads: Arc<AtomicU64>,
}

/// The same once it is mounted.
struct Served {
    slow: Slow,
    later: SyncSender<Due>,
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
        config.n_threads = Some(THREADS);
        config.mount_options = vec![MountOption::RO, MountOption::FSName("slow".into())];
        let (later, waiting) = sync_channel::<Due>(WAITING);
        // One thread holds all answers back: a thread asleep for each would take more of the processors than the
        // count does. All wait equally long, so they fall due in the order they came. It ends with the sender.
        std::thread::spawn(move || {
            // What takes a millisecond is not to take the twentieth more that a wake-up may be late otherwise.
            let _ = set_current_timer_slack(NonZeroU64::new(1));
            for (due, reply) in waiting {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                reply.ok();
            }
        });
        spawn_mount(Served { slow: self, later }, at, &config)
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

impl Filesystem for Served {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> std::io::Result<()> {
        // Without it the kernel lets in one at a time, unlike NFS.
        let _ = config.add_capabilities(InitFlags::FUSE_PARALLEL_DIROPS | InitFlags::FUSE_NO_OPENDIR_SUPPORT);
        Ok(())
    }

    /// Opening asks the server for nothing, as on NFS.
    fn opendir(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.error(Errno::ENOSYS);
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let name = name.to_string_lossy();
        let number = name.get(1..).and_then(|digits| digits.parse::<u64>().ok());
        let found = match (parent.0, name.chars().next(), number) {
            (ROOT, Some('d'), Some(n)) if n < self.slow.directories => Some(ROOT + 1 + n),
            (directory, Some('f'), Some(n)) if n < self.slow.files => {
                Some(FILES + directory * self.slow.files + n)
            }
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
        let due = Instant::now() + self.slow.delay;
        self.slow.reads.fetch_add(1, Ordering::Relaxed);
        let directory = number.0.checked_sub(ROOT + 1);
        (self.slow.hook)(directory);
        let end = if directory.is_none() { self.slow.directories } else { self.slow.files };
        for n in from..end {
            let full = if directory.is_none() {
                reply.add(INodeNo(ROOT + 1 + n), n + 1, FileType::Directory, format!("d{n}"))
            } else {
                let file = INodeNo(FILES + number.0 * self.slow.files + n);
                reply.add(file, n + 1, FileType::RegularFile, format!("f{n}"))
            };
            if full {
                break;
            }
        }
        // It is taken as long as this file system is there.
        let _ = self.later.send((due, reply));
    }
}
