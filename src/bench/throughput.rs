//! Bytes written and read in order, and blocks of 4 KiB read and written at random places with many under way at
//! once: direct where the file system can do that.

use std::os::fd::BorrowedFd;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rustix::io::{Errno, pread, pwrite};

use super::block::{BLOCK, Buffer, number, numbered};
use super::latency::{Meter, rate, rounded, took_ms};
use super::place::Place;
use super::scratch::Scratch;
use super::{BenchError, ErrorKind, Watch};
use crate::clock::Clock;
use crate::domain::bench::{DataPhase, ThroughputReport};

/// What a [`Watch`] of this test calls its phases.
pub const PHASES: &[&str] = &["sequential write", "sequential read", "random read", "random write"];
/// What is moved at once in order: what EFS takes at most, and the tuning guide's mount options say.
const CHUNK: usize = 1 << 20;
/// Longest that a phase at random places takes.
const RANDOM_FOR: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Size of the file in bytes; rounded up to whole blocks of 4 KiB.
    pub size: u64,
    /// Reads or writes at random places under way at once.
    pub queue_depth: u32,
    /// Even where the file system has files without a name, this one gets one for a moment.
    pub named: bool,
}

/// Runs the test; `keeper` starts the process that cleans up.
///
/// # Errors
/// There is no room, the file system refuses something or gives back something else than was written, or
/// something was left behind. What has been made is deleted.
pub fn run(
    place: &Place,
    wanted: Wanted,
    watch: &Watch,
    keeper: Command,
) -> Result<ThroughputReport, BenchError> {
    let size = wanted.size.next_multiple_of(BLOCK as u64);
    place.has_room(0, size)?;
    let scratch = Scratch::make(place, wanted.named, keeper)?;
    let mut report = ThroughputReport {
        place: place.report(),
        size_bytes: size,
        direct_io: scratch.is_direct(),
        method: method(place, scratch.is_direct()),
        sequential_write: None,
        sequential_read: None,
        random_read: None,
        random_write: None,
        partial: true,
        stopped_by: None,
    };
    let measured = measure(&scratch, wanted.queue_depth, &mut report, watch);
    watch.begin(PHASES.len(), 0);
    let closed = scratch.close(watch);
    measured.and(closed)?;
    report.stopped_by = report.partial.then(|| watch.stopped().map(|why| why.to_string())).flatten();
    Ok(report)
}

/// What the numbers stand for.
fn method(place: &Place, direct: bool) -> String {
    if place.is_memory() {
        return format!("{} is memory: what is measured is memory, no storage", place.file_system);
    }
    if direct {
        return "direct I/O: the page cache of this machine is passed by".into();
    }
    format!(
        "{} has no direct I/O: writes go through the page cache and count as done when they are on the storage; \
         the cache is emptied before reading as far as the system follows that advice; latencies are those of the \
         cache where it answers",
        place.file_system
    )
}

fn measure(
    scratch: &Scratch,
    queue_depth: u32,
    report: &mut ThroughputReport,
    watch: &Watch,
) -> Result<(), BenchError> {
    let size = report.size_bytes;
    report.sequential_write = in_order(scratch, Way::Write, size, watch)?;
    // Only what was written can be read.
    let written = report.sequential_write.as_ref().map_or(0, |p| p.bytes) / BLOCK as u64 * BLOCK as u64;
    report.sequential_read = in_order(scratch, Way::Read, written, watch)?;
    let complete = report.sequential_read.as_ref().is_some_and(|p| p.bytes == size);
    report.random_read = at_random(scratch, Way::Read, written, queue_depth, watch)?;
    report.random_write = at_random(scratch, Way::Write, written, queue_depth, watch)?;
    report.partial = !complete || report.random_write.is_none() || watch.stopped().is_some();
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Write,
    Read,
}

/// Moves all of `bytes` at an offset, and sees to it that what is read is what was written there.
fn transfer(file: BorrowedFd<'_>, way: Way, bytes: &mut [u8], offset: u64) -> Result<(), BenchError> {
    let verb = if way == Way::Write { "writing" } else { "reading" };
    let failed = |errno| BenchError::os(format!("{verb} at {offset}"), errno);
    if way == Way::Write {
        number(bytes, offset);
    }
    let mut moved = 0;
    while let Some(rest) = bytes.get_mut(moved..).filter(|rest| !rest.is_empty()) {
        let at = offset + moved as u64;
        let result = match way {
            Way::Write => pwrite(file, rest, at),
            Way::Read => pread(file, rest, at),
        };
        match result {
            // Nothing moved and nothing wrong: the file ends, or the storage does.
            Ok(0) => return Err(failed(if way == Way::Write { Errno::NOSPC } else { Errno::IO })),
            Ok(n) => moved += n,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    if way == Way::Read && !numbered(bytes, offset) {
        let text = format!("what was read at {offset} is not what was written there");
        return Err(BenchError::new(ErrorKind::Failed, text, "look at the file system's health"));
    }
    Ok(())
}

/// From the first byte to the last of `size`, one chunk after another.
fn in_order(scratch: &Scratch, way: Way, size: u64, watch: &Watch) -> Result<Option<DataPhase>, BenchError> {
    watch.begin(usize::from(way == Way::Read), size);
    let mut buffer = Buffer::noise(CHUNK);
    let mut meter = Meter::new()?;
    let elapsed = Clock::stopwatch();
    let (mut offset, mut before) = (0, Duration::ZERO);
    while offset < size && watch.stopped().is_none() {
        let length = usize::try_from(size - offset).unwrap_or(CHUNK).min(CHUNK);
        transfer(scratch.file(), way, buffer.part(length), offset)?;
        let now = elapsed();
        meter.take(now.saturating_sub(before));
        before = now;
        offset += length as u64;
        watch.step(length as u64);
    }
    settle(scratch, way)?;
    Ok(phase(&meter, offset, CHUNK, 1, elapsed()))
}

/// Blocks of `written` bytes, `depth` at once, for a while.
fn at_random(
    scratch: &Scratch,
    way: Way,
    written: u64,
    depth: u32,
    watch: &Watch,
) -> Result<Option<DataPhase>, BenchError> {
    let blocks = written / BLOCK as u64;
    watch.begin(if way == Way::Read { 2 } else { 3 }, blocks * BLOCK as u64);
    let taken = AtomicU64::new(0);
    let elapsed = Clock::stopwatch();
    let worker = || -> Result<Meter, BenchError> {
        let mut random = ChaCha8Rng::from_rng(&mut rand::rng());
        let mut buffer = Buffer::noise(BLOCK);
        let mut meter = Meter::new()?;
        let mut before = elapsed();
        // As many as the file has blocks: a small file is not read over and over.
        while before < RANDOM_FOR
            && watch.stopped().is_none()
            && taken.fetch_add(1, Ordering::Relaxed) < blocks
        {
            let offset = random.random_range(0..blocks) * BLOCK as u64;
            transfer(scratch.file(), way, buffer.part(BLOCK), offset)?;
            let now = elapsed();
            meter.take(now.saturating_sub(before));
            before = now;
            watch.step(BLOCK as u64);
        }
        Ok(meter)
    };
    let mut all = Meter::new()?;
    std::thread::scope(|scope| {
        let start = || std::thread::Builder::new().name("bench".into()).spawn_scoped(scope, worker);
        let workers: Vec<_> = (0..depth).map(|_| start()).collect();
        for worker in workers {
            let worker = worker.map_err(|e| BenchError::os("a thread does not start", e))?;
            let failed = |_| BenchError::new(ErrorKind::Failed, "a thread failed", "try again");
            all.merge(&worker.join().map_err(failed)??)?;
        }
        Ok(())
    })?;
    settle(scratch, way)?;
    Ok(phase(&all, all.count() * BLOCK as u64, BLOCK, depth, elapsed()))
}

/// After writing: it counts as written once it is on the storage.
fn settle(scratch: &Scratch, way: Way) -> Result<(), BenchError> {
    if way == Way::Read {
        return Ok(());
    }
    scratch.settle().map_err(|errno| BenchError::os("what was written does not reach the storage", errno))
}

fn phase(meter: &Meter, bytes: u64, block: usize, depth: u32, took: Duration) -> Option<DataPhase> {
    (meter.count() > 0).then(|| DataPhase {
        operations: meter.count(),
        block_bytes: block as u64,
        queue_depth: u64::from(depth),
        bytes,
        took_ms: took_ms(took),
        mb_per_s: rounded(rate(bytes, took) / 1e6),
        iops: rate(meter.count(), took),
        latency_ms: meter.latency(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_counts_megabytes_and_operations_of_the_whole_time() {
        let mut meter = Meter::new().unwrap();
        assert_eq!(phase(&meter, 0, BLOCK, 1, Duration::from_secs(1)), None);
        for _ in 0..50 {
            meter.take(Duration::from_millis(10));
        }
        let phase = phase(&meter, 50_000_000, CHUNK, 4, Duration::from_millis(500)).unwrap();
        assert!((phase.mb_per_s - 100.0).abs() < 0.001, "{phase:?}");
        assert!((phase.iops - 100.0).abs() < 0.001, "{phase:?}");
        assert_eq!((phase.operations, phase.queue_depth), (50, 4));
    }

    #[test]
    fn the_method_says_what_is_measured() {
        let place = |kind: &str| Place { path: "/x".into(), file_system: kind.into() };
        assert!(method(&place("tmpfs"), true).contains("memory"));
        assert!(method(&place("nfs4"), true).starts_with("direct I/O"));
        assert!(method(&place("fuse.x"), false).contains("fuse.x has no direct I/O"));
    }

    #[test]
    fn what_comes_back_altered_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::find(home.path()).unwrap();
        let Ok(scratch) = Scratch::make(&place, false, Command::new("/bin/false")) else { return };
        let mut buffer = Buffer::noise(CHUNK);
        transfer(scratch.file(), Way::Write, buffer.part(CHUNK), 0).unwrap();
        transfer(scratch.file(), Way::Read, buffer.part(CHUNK), 0).unwrap();
        let error = transfer(scratch.file(), Way::Read, buffer.part(BLOCK), CHUNK as u64).unwrap_err();
        assert!(error.text.contains("reading at 1048576"), "{error}");
        let block = buffer.part(BLOCK);
        number(block, 0);
        assert_eq!(pwrite(scratch.file(), block, 8 * BLOCK as u64).unwrap(), BLOCK);
        let error = transfer(scratch.file(), Way::Read, buffer.part(CHUNK), 0).unwrap_err();
        assert!(error.text.contains("not what was written"), "{error}");
    }
}
