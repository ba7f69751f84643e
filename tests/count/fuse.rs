//! On file systems that are slow, and on one that hangs. Where FUSE cannot be mounted (no `/dev/fuse`, or no right
//! to it), the tests of `crew.rs` on simulated trees say the same of the counter, if not of the command.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fuser::BackgroundSession;
use miharu::count::{Disk, Options, Target};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::simulated::Gate;
use super::slow::Slow;
use super::{DEADLINE, count, disk};

/// A mount, taken away at the end also while a thread of a count has not closed its last directory yet.
pub struct Mounted {
    at: PathBuf,
    _session: BackgroundSession,
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("--lazy").arg(&self.at).status();
        assert!(done.is_ok_and(|status| status.success()), "{} stays mounted", self.at.display());
    }
}

/// Mounts, or says why the test is left out.
pub fn mounted(slow: Slow, at: &Path) -> Option<Mounted> {
    match slow.mount(at) {
        Ok(session) => Some(Mounted { at: at.to_owned(), _session: session }),
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
    let ended = count(disk(at.path()), &Options::default());
    assert_eq!((ended.counted.files, ended.counted.directories), (6_000, 301), "{:?}", ended.errors.first());
    // A page holds about 100 names, so the root takes four.
    let served = reads.load(Ordering::Relaxed);
    assert!(ended.counted.calls <= 610 && served <= 610, "{} reads, {served} served", ended.counted.calls);
}

fn crossing(path: &Path) -> Disk {
    Disk::new(&Target { path: path.to_owned(), crosses: true, require_mount: false })
}

#[test]
fn a_file_system_mounted_below_is_entered_only_when_asked_for() {
    let at = tempfile::tempdir().unwrap();
    let mount = at.path().join("mount");
    std::fs::create_dir(&mount).unwrap();
    let Some(_session) = mounted(Slow::new(2, 3, Duration::ZERO), &mount) else { return };
    for (disk, files) in [
        (disk(at.path()), 0),
        (disk(at.path()).name_by_name(), 0),
        (crossing(at.path()), 6),
        (crossing(at.path()).name_by_name(), 6),
        (disk(&mount), 6),
    ] {
        let ended = count(disk, &Options::default());
        assert_eq!(ended.counted.files, files, "{ended:?}");
        assert!(!ended.is_partial());
    }
}

/// The command on a directory.
fn miharu(directory: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_miharu"))
        .arg("count")
        .arg(directory)
        .arg("--json")
        .env_clear()
        .env("HOME", "/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn the_command_ends_on_a_file_system_that_hangs_and_names_the_directory() {
    // The root, and a directory below it.
    the_command_ends_where(&[None, Some(7)], false);
}

#[test]
fn the_command_ends_on_a_link_to_a_file_system_that_hangs() {
    the_command_ends_where(&[None], true);
}

fn the_command_ends_where(hanging: &[Option<u64>], by_link: bool) {
    for hangs in hanging.iter().copied() {
        let (at, links) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let link = links.path().join("link");
        std::os::unix::fs::symlink(at.path(), &link).unwrap();
        let gate = Arc::new(Gate::default());
        let held = Arc::clone(&gate);
        let hook = Box::new(move |directory| {
            if directory == hangs {
                held.pass();
            }
        });
        let Some(session) = mounted(Slow { hook, ..Slow::new(20, 3, Duration::ZERO) }, at.path()) else {
            return;
        };
        let began = Instant::now();
        let path = if by_link { &link } else { at.path() };
        let mut child = miharu(path);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if began.elapsed() > DEADLINE {
                break None;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        gate.open();
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let status = status.expect("it does not hang with the file system");
        assert!(began.elapsed() >= Duration::from_secs(30), "{hangs:?}: {:?}", began.elapsed());
        assert_eq!(status.code(), Some(1));
        let (mut out, mut said) = (String::new(), String::new());
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        if hangs.is_none() {
            assert_eq!(out, "");
            let path = path.display();
            assert_eq!(said.trim(), format!("miharu: {path} does not answer: does the mount hang?"));
        } else {
            let json: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!((json["files"].as_u64(), json["partial"].as_bool()), (Some(57), Some(true)), "{json}");
            assert_eq!(json["errors"][0]["path"], "d7", "{json}");
            assert_eq!(said, "", "no progress in a pipe");
        }
        drop(session);
    }
}

#[test]
fn a_count_that_takes_a_while_shows_progress_on_a_terminal_and_takes_it_away() {
    let (at, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let slow = || mounted(Slow::new(5, 3, Duration::from_millis(200)), at.path());
    let Some(session) = slow() else { return };
    let (told, left) = on_a_terminal(at.path(), home.path());
    assert!(told.contains("counting: ") && told.contains(" directories"), "{told:?}");
    assert!(!told.contains("of the last count"), "there was none: {told:?}");
    assert!(!left.contains("counting") && left.contains("15  files below"), "{left}");
    // By another process, in the same home; mounted anew, because the kernel remembers what it has read.
    drop(session);
    let Some(_session) = slow() else { return };
    let (told, _) = on_a_terminal(at.path(), home.path());
    assert!(told.contains(" % of the last count, ") && told.contains(" s left"), "{told:?}");
}

/// What a count writes to a terminal, and what is left on it.
fn on_a_terminal(directory: &Path, home: &Path) -> (String, String) {
    let (rows, cols) = (24_u16, 100_u16);
    let terminal = native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_miharu"));
    command.args(["count", "--concurrency", "1"]);
    command.arg(directory);
    command.env_clear();
    command.env("HOME", home);
    command.env("TERM", "xterm-256color");
    let mut child = terminal.slave.spawn_command(command).unwrap();
    drop(terminal.slave);
    let mut shown = Vec::new();
    // A terminal whose last program has ended gives an error, not an end.
    let _ = terminal.master.try_clone_reader().unwrap().read_to_end(&mut shown);
    assert!(child.wait().unwrap().success());
    let told = String::from_utf8_lossy(&shown).into_owned();
    let mut screen = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
    screen.process(&shown);
    (told, screen.screen().contents())
}
