//! Files created, read and deleted one after another, as the tuning guide's script does, in a directory of their
//! own.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::{read, write};

use super::latency::{Meter, rate, took_ms};
use super::place::Place;
use super::workspace::{self, Workspace};
use super::{BenchError, ErrorKind, Watch};
use crate::clock::Clock;
use crate::domain::bench::{FilePhase, FilesReport};

/// What a [`Watch`] of this test calls its phases.
pub const PHASES: &[&str] = &["create", "read", "delete"];
/// How the numbers come about.
const METHOD: &str = "one file after another, all in one directory, a line of text in each; \
                      read while this machine may still remember them";

/// Runs the test with `files` files; `keeper` starts the process that cleans up.
///
/// # Errors
/// There is no room, the file system refuses something, or something was left behind. What has been made is
/// deleted.
pub fn run(place: &Place, files: u64, watch: &Watch, keeper: Command) -> Result<FilesReport, BenchError> {
    place.has_room(files, 0)?;
    let mut report = FilesReport {
        place: place.report(),
        files,
        method: METHOD.into(),
        create: None,
        read: None,
        delete: None,
        partial: false,
        stopped_by: None,
    };
    let workspace = Workspace::make(&place.path, &workspace::name(workspace::BENCH), keeper)?;
    let measured = measure(workspace.directory(), &mut report, watch);
    watch.begin(PHASES.len(), 0);
    let closed = workspace.close(watch);
    measured.and(closed)?;
    report.stopped_by = report.partial.then(|| watch.stopped().map(|why| why.to_string())).flatten();
    Ok(report)
}

fn measure(directory: BorrowedFd<'_>, report: &mut FilesReport, watch: &Watch) -> Result<(), BenchError> {
    let asked = report.files;
    report.create = phase(watch, 0, asked, |n| create(directory, n))?;
    report.read = phase(watch, 1, done(report.create.as_ref()), |n| check(directory, n))?;
    report.delete = phase(watch, 2, done(report.read.as_ref()), |n| delete(directory, n))?;
    report.partial = done(report.delete.as_ref()) < asked;
    Ok(())
}

fn done(phase: Option<&FilePhase>) -> u64 {
    phase.map_or(0, |p| p.files)
}

/// Does `one` to each file until all are done or the test is to stop; `None` if it was to stop before the first.
fn phase(
    watch: &Watch,
    number: usize,
    files: u64,
    mut one: impl FnMut(u64) -> Result<(), BenchError>,
) -> Result<Option<FilePhase>, BenchError> {
    watch.begin(number, files);
    let mut meter = Meter::new()?;
    let elapsed = Clock::stopwatch();
    let mut before = Duration::ZERO;
    for n in 0..files {
        if watch.stopped().is_some() {
            break;
        }
        one(n)?;
        let now = elapsed();
        meter.take(now.saturating_sub(before));
        before = now;
        watch.step(1);
    }
    let (files, took) = (meter.count(), before);
    Ok((files > 0).then(|| FilePhase {
        files,
        took_ms: took_ms(took),
        files_per_s: rate(files, took),
        latency_ms: meter.latency(),
    }))
}

fn name(n: u64) -> String {
    format!("test_{n}.txt")
}

fn text(n: u64) -> String {
    format!("Test data {n}\n")
}

fn create(directory: BorrowedFd<'_>, n: u64) -> Result<(), BenchError> {
    let failed = |errno| BenchError::os(format!("file {n} cannot be written"), errno);
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = openat(directory, name(n), flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    let text = text(n);
    let written = write(&file, text.as_bytes()).map_err(failed)?;
    // Dropping a file closes it, which is what sends it to a server; what close says of it is lost in Rust.
    if written == text.len() { Ok(()) } else { Err(failed(rustix::io::Errno::NOSPC)) }
}

fn check(directory: BorrowedFd<'_>, n: u64) -> Result<(), BenchError> {
    let failed = |errno| BenchError::os(format!("file {n} cannot be read"), errno);
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(directory, name(n), flags, Mode::empty()).map_err(failed)?;
    let mut found = [0; 64];
    let length = read(file.as_fd(), &mut found).map_err(failed)?;
    if found.get(..length) == Some(text(n).as_bytes()) {
        return Ok(());
    }
    let text = format!("file {n} holds something else than was written into it");
    Err(BenchError::new(ErrorKind::Failed, text, "look at the file system's health"))
}

fn delete(directory: BorrowedFd<'_>, n: u64) -> Result<(), BenchError> {
    unlinkat(directory, name(n), AtFlags::empty())
        .map_err(|errno| BenchError::os(format!("file {n} cannot be deleted"), errno))
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use rustix::fs::open;

    use super::*;

    fn opened(home: &tempfile::TempDir) -> OwnedFd {
        open(home.path(), OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    fn report(files: u64) -> FilesReport {
        FilesReport {
            place: Place { path: "/".into(), file_system: "ext4".into() }.report(),
            files,
            method: String::new(),
            create: None,
            read: None,
            delete: None,
            partial: true,
            stopped_by: None,
        }
    }

    #[test]
    fn every_file_goes_through_the_three_phases() {
        let home = tempfile::tempdir().unwrap();
        let watch = Watch::new(PHASES, Duration::from_secs(600));
        let mut report = report(300);
        measure(opened(&home).as_fd(), &mut report, &watch).unwrap();
        for phase in [&report.create, &report.read, &report.delete] {
            let phase = phase.as_ref().unwrap();
            assert_eq!(phase.files, 300);
            assert!(
                phase.files_per_s > 0.0 && phase.took_ms > 0.0 && phase.latency_ms.p50 > 0.0,
                "{phase:?}"
            );
            assert!(phase.latency_ms.p50 <= phase.latency_ms.p99, "{phase:?}");
            assert!(phase.latency_ms.max <= phase.took_ms * 1.01, "{phase:?}");
        }
        assert!(!report.partial);
        assert_eq!(home.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_stopped_test_says_how_far_it_came() {
        let home = tempfile::tempdir().unwrap();
        let watch = Watch::new(PHASES, Duration::from_secs(600));
        let found = phase(&watch, 0, 100, |n| {
            if n == 6 {
                watch.interrupt();
            }
            Ok(())
        });
        assert_eq!(found.unwrap().unwrap().files, 7);
        let mut report = report(100);
        measure(opened(&home).as_fd(), &mut report, &watch).unwrap();
        assert_eq!((report.create, report.partial), (None, true));
    }

    #[test]
    fn what_is_there_already_or_was_altered_is_no_success() {
        let home = tempfile::tempdir().unwrap();
        let directory = opened(&home);
        std::fs::write(home.path().join("test_3.txt"), "somebody's").unwrap();
        let error = create(directory.as_fd(), 3).unwrap_err();
        assert!(error.text.contains("file 3 cannot be written: File exists"), "{error}");
        assert!(check(directory.as_fd(), 3).unwrap_err().text.contains("holds something else"));
        assert!(check(directory.as_fd(), 4).unwrap_err().text.contains("file 4 cannot be read"));
        assert!(delete(directory.as_fd(), 4).unwrap_err().text.contains("cannot be deleted"));
    }
}
