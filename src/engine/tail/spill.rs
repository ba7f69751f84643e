//! What the ring drops, into a file if that is wanted: one JSON object a line, as other log viewers read it.
//! Written by a thread of its own over a bounded queue; what has no room is counted.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::domain::log::block::Block;
use crate::domain::log::line::LineRef;

/// Blocks that may wait to be written.
const QUEUE: usize = 64;

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    at: String,
    level: &'a str,
    group: &'a str,
    stream: &'a str,
    message: &'a str,
}

/// How the file is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spilled {
    /// Lines in the file.
    pub lines: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Lines that are neither held nor in the file: the queue was full, the file has its size, or the disk
    /// failed.
    pub lost: u64,
    /// Writing failed; nothing more is written.
    pub broken: bool,
}

#[derive(Default)]
struct Shared {
    lines: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
    broken: AtomicBool,
}

/// See the module.
pub struct Spill {
    path: PathBuf,
    queue: SyncSender<Block>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Spill {
    /// Writes into a new file at `path`, readable by nobody else, up to about `most` bytes.
    ///
    /// # Errors
    /// The file cannot be created, or is there already.
    pub fn create(path: &Path, most: u64) -> std::io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let (queue, blocks) = sync_channel(QUEUE);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("spill".to_owned())
            .spawn(move || write(&blocks, BufWriter::with_capacity(1 << 16, file), most, &theirs))?;
        Ok(Self { path: path.to_owned(), queue, shared, thread })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes lines that the ring dropped. Never waits.
    pub fn take(&self, blocks: Vec<Block>) {
        for block in blocks {
            let lines = block.len() as u64;
            if self.queue.try_send(block).is_err() {
                self.shared.lost.fetch_add(lines, Ordering::Relaxed);
            }
        }
    }

    /// How it is doing.
    pub fn state(&self) -> Spilled {
        Spilled {
            lines: self.shared.lines.load(Ordering::Relaxed),
            bytes: self.shared.bytes.load(Ordering::Relaxed),
            lost: self.shared.lost.load(Ordering::Relaxed),
            broken: self.shared.broken.load(Ordering::Relaxed),
        }
    }

    /// Writes what is waiting and ends. A disk that hangs would hold this up: not for the thread that draws.
    pub fn finish(self) -> Spilled {
        let Self { queue, shared, thread, .. } = self;
        drop(queue);
        if thread.join().is_err() {
            shared.broken.store(true, Ordering::Relaxed);
        }
        Spilled {
            lines: shared.lines.load(Ordering::Relaxed),
            bytes: shared.bytes.load(Ordering::Relaxed),
            lost: shared.lost.load(Ordering::Relaxed),
            broken: shared.broken.load(Ordering::Relaxed),
        }
    }
}

fn write(blocks: &Receiver<Block>, mut out: BufWriter<File>, most: u64, shared: &Shared) {
    while let Ok(block) = blocks.recv() {
        for line in block.lines().filter(|line| !line.mark) {
            let full = shared.bytes.load(Ordering::Relaxed) >= most;
            if full || shared.broken.load(Ordering::Relaxed) {
                shared.lost.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            if let Ok(bytes) = one(&line, &mut out) {
                shared.bytes.fetch_add(bytes, Ordering::Relaxed);
                shared.lines.fetch_add(1, Ordering::Relaxed);
            } else {
                shared.broken.store(true, Ordering::Relaxed);
                shared.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        // What a viewer beside the console reads is complete lines.
        if out.flush().is_err() {
            shared.broken.store(true, Ordering::Relaxed);
        }
    }
}

fn one(line: &LineRef<'_>, out: &mut impl Write) -> std::io::Result<u64> {
    let at: DateTime<Utc> = line.at();
    let record = Line {
        at: at.to_rfc3339_opts(SecondsFormat::Millis, true),
        level: line.level.word(),
        group: &line.origin.group,
        stream: &line.origin.stream,
        message: line.text,
    };
    let mut text = serde_json::to_vec(&record)?;
    text.push(b'\n');
    out.write_all(&text)?;
    Ok(text.len() as u64)
}
