//! On file systems that are slow. Where FUSE cannot be mounted (no `/dev/fuse`, or no right
//! to it), the tests of `crew.rs` on simulated trees say the same of the counter, if not of the command.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fuser::BackgroundSession;
use miharu::count::{Disk, Options};

use super::count;
use super::slow::Slow;

/// Mounts, or says why the test is left out.
fn mounted(slow: Slow, at: &Path) -> Option<BackgroundSession> {
    match slow.mount(at) {
        Ok(session) => Some(session),
        Err(error) => {
            eprintln!("left out: FUSE cannot be mounted here: {error}");
            None
        }
    }
}

#[test]
fn a_slow_file_system_is_read_twice_a_directory_and_never_by_more_than_the_ceiling() {
    let at = tempfile::tempdir().unwrap();
    let slow = Slow::new(300, 20, Duration::from_millis(2));
    let reads = Arc::clone(&slow.reads);
    let Some(_session) = mounted(slow, at.path()) else { return };
    let ended = count(Disk::new(at.path(), false, false), &Options::default());
    assert_eq!((ended.counted.files, ended.counted.directories), (6_000, 301), "{:?}", ended.errors.first());
    // A page holds about 100 names, so the root takes four.
    let served = reads.load(Ordering::Relaxed);
    assert!(ended.counted.calls <= 610 && served <= 610, "{} reads, {served} served", ended.counted.calls);
}

#[test]
fn a_file_system_mounted_below_is_entered_only_when_asked_for() {
    let at = tempfile::tempdir().unwrap();
    let mount = at.path().join("mount");
    std::fs::create_dir(&mount).unwrap();
    let Some(_session) = mounted(Slow::new(2, 3, Duration::ZERO), &mount) else { return };
    for (disk, files) in [
        (Disk::new(at.path(), false, false), 0),
        (Disk::new(at.path(), false, false).name_by_name(), 0),
        (Disk::new(at.path(), true, false), 6),
        (Disk::new(at.path(), true, false).name_by_name(), 6),
        (Disk::new(&mount, false, false), 6),
    ] {
        let ended = count(disk, &Options::default());
        assert_eq!(ended.counted.files, files, "{ended:?}");
        assert!(!ended.is_partial());
    }
}
