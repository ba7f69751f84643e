//! A durable queue on the local disk for the time in which the database is away: batches are appended to segment
//! files, each on the disk before it is acknowledged, and replayed from the oldest on.
//!
//! While anything is in it, everything new goes behind it, so that the order stays. One process has a directory at
//! a time.

mod frame;
mod reader;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};
use tokio::sync::{Notify, RwLock};

use super::database::{Row, Stamp};

pub use frame::Batch;
pub use reader::{Place, Reader};

/// A new segment is begun when one has this many bytes.
const SEGMENT: u64 = 16 << 20;

/// See the module.
pub struct Spool {
    dir: PathBuf,
    /// This process, in headers and stamps.
    writer: u64,
    limit: u64,
    active: Mutex<Active>,
    /// Whether anything is in it; only changed with `active` held.
    holding: AtomicBool,
    bytes: AtomicU64,
    filled: Notify,
    gate: RwLock<()>,
    /// Held as long as this lives.
    _lock: File,
}

/// What is appended to.
struct Active {
    /// Open segment, its number and its whole bytes.
    file: Option<(File, u64, u64)>,
    /// Number of the next one.
    next: u64,
}

impl Spool {
    /// Opens a directory, makes it where there is none, and takes it for this process. `limit`: bytes that may be
    /// in it.
    ///
    /// # Errors
    /// It cannot be written, or another process has it.
    pub fn open(dir: &Path, writer: u64, limit: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = options().create(true).truncate(false).open(dir.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
            io::Error::new(
                ErrorKind::ResourceBusy,
                "another process has this spool: each instance needs its own",
            )
        })?;
        let found = segments(dir)?;
        let mut bytes = 0;
        for (_, path) in &found {
            bytes += std::fs::metadata(path)?.len();
        }
        let spool = Self {
            dir: dir.to_owned(),
            writer,
            limit,
            active: Mutex::new(Active { file: None, next: found.last().map_or(1, |(number, _)| number + 1) }),
            holding: AtomicBool::new(!found.is_empty()),
            bytes: AtomicU64::new(bytes),
            filled: Notify::new(),
            gate: RwLock::new(()),
            _lock: lock,
        };
        spool.filled.notify_one();
        Ok(spool)
    }

    /// Whether anything is in it.
    pub fn holding(&self) -> bool {
        self.holding.load(Relaxed)
    }

    /// Bytes on the disk.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Number of this process in stamps.
    pub fn writer(&self) -> u64 {
        self.writer
    }

    /// Held for reading while appending. Under load a replay would never catch up with what comes: it holds the gate
    /// for writing while it takes the last of it.
    pub fn gate(&self) -> &RwLock<()> {
        &self.gate
    }

    /// Waits until something may be in it.
    pub async fn filled(&self) {
        if !self.holding() {
            self.filled.notified().await;
        }
    }

    /// Appends a batch. It is on the disk when this returns. Blocks on the disk.
    ///
    /// # Errors
    /// The disk is full or failed, or the limit is reached; nothing of the batch counts as appended.
    pub fn append(&self, stamp: Stamp, rows: &[Row<'_>]) -> io::Result<()> {
        let frame = frame::encode(stamp, rows);
        let length = frame.len() as u64;
        if self.bytes() + length > self.limit {
            return Err(io::Error::new(ErrorKind::StorageFull, "the spool has reached its limit"));
        }
        let mut active = self.lock();
        if active.file.as_ref().is_some_and(|(_, _, whole)| *whole >= SEGMENT) {
            active.file = None;
        }
        if active.file.is_none() {
            let begun = self.begin(active.next);
            active.next += 1;
            active.file = Some(begun?);
        }
        let Some((file, _, whole)) = active.file.as_mut() else { return Err(ErrorKind::NotFound.into()) };
        if let Err(error) = file.write_all(&frame).and_then(|()| file.sync_data()) {
            // What a failed write left is cut off; a segment that cannot even be cut is not appended to again. (Nor
            // one whose bytes did not reach the disk: nobody knows which of them did.)
            let cut = file.set_len(*whole).and_then(|()| file.seek(SeekFrom::Start(*whole)));
            if cut.is_err() || error.kind() != ErrorKind::StorageFull {
                active.file = None;
            }
            return Err(error);
        }
        *whole += length;
        self.bytes.fetch_add(length, Relaxed);
        self.holding.store(true, Relaxed);
        drop(active);
        self.filled.notify_one();
        Ok(())
    }

    fn begin(&self, number: u64) -> io::Result<(File, u64, u64)> {
        let path = path(&self.dir, number);
        let mut file = options().create_new(true).open(&path)?;
        let begun = file
            .write_all(&frame::header(self.writer))
            .and_then(|()| file.sync_data())
            .and_then(|()| File::open(&self.dir)?.sync_all());
        if let Err(error) = begun {
            // Without a header it would be taken for damage.
            _ = std::fs::remove_file(&path);
            return Err(error);
        }
        self.bytes.fetch_add(frame::HEADER, Relaxed);
        Ok((file, number, frame::HEADER))
    }

    /// Keeps what the database did not take, readable for people: one JSON object a line.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep_refused(&self, lines: &str) -> io::Result<()> {
        let mut file = options().create(true).append(true).open(self.dir.join("refused.jsonl"))?;
        file.write_all(lines.as_bytes())?;
        file.sync_data()
    }

    fn lock(&self) -> MutexGuard<'_, Active> {
        // Nothing in here panics half way.
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.spool"))
}

/// The segments in a directory, the oldest first.
fn segments(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_suffix(".spool"));
        if let Some(number) = number.and_then(|n| n.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests;
