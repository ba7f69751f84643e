//! `miharu bench` by the real binary: what it finds, what it refuses, and that it leaves nothing behind, however it
//! ends.
#![expect(clippy::disallowed_macros, reason = "says what could not be tested")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says where by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longest wait for something that is to happen at once.
const LIVELY: Duration = Duration::from_secs(60);

struct Stage {
    home: tempfile::TempDir,
    directory: PathBuf,
}

impl Stage {
    /// An empty directory below a temporary one.
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let directory = home.path().canonicalize().unwrap().join("data");
        fs::create_dir(&directory).unwrap();
        Self { home, directory }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_miharu"));
        command.arg("bench").args(args).env_clear().env("HOME", self.home.path());
        command
    }

    fn run(&self, test: &str, args: &[&str]) -> Output {
        self.command(&[&[test, self.directory.to_str().unwrap()], args].concat()).output().unwrap()
    }

    /// Starts a test that takes long, and waits until it has begun to write.
    fn started(&self, test: &str, args: &[&str]) -> Child {
        let mut child = self
            .command(&[&[test, self.directory.to_str().unwrap()], args].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        until("the test writes", || {
            let begun = if test == "files" {
                self.left().iter().any(|own| has_files(own))
            } else {
                holds_deleted(&child, &self.directory)
            };
            begun || child.try_wait().unwrap().is_some()
        });
        if child.try_wait().unwrap().is_some() {
            over(&child.wait_with_output().unwrap());
        }
        child
    }

    fn left(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.directory).unwrap().map(|e| e.unwrap().path()).collect()
    }

    fn is_empty_soon(&self) {
        until("everything is deleted", || self.left().is_empty());
    }
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let mut waited = Duration::ZERO;
    while !is() {
        assert!(waited < LIVELY, "not within {LIVELY:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
        waited += Duration::from_millis(5);
    }
}

#[expect(clippy::panic, reason = "the test ends here")]
fn over(output: &Output) -> ! {
    panic!("it is over before it was to be stopped: {}", said(output))
}

fn has_files(own: &Path) -> bool {
    fs::read_dir(own).is_ok_and(|files| files.take(20).count() == 20)
}

/// Whether a process has written to a file without a name in `directory`.
fn holds_deleted(child: &Child, directory: &Path) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{}/fd", child.id())) else { return false };
    descriptors.filter_map(|d| Some(d.ok()?.path())).any(|descriptor| {
        let Ok(file) = fs::read_link(&descriptor) else { return false };
        let file = file.to_string_lossy().into_owned();
        file.starts_with(directory.to_str().unwrap())
            && file.ends_with("(deleted)")
            && fs::metadata(&descriptor).is_ok_and(|found| found.len() > 2 << 20)
    })
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic_with(output))
}

#[expect(clippy::panic, reason = "the test ends here")]
fn panic_with(output: &Output) -> ! {
    panic!("no JSON: {}", said(output))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))
}

/// Numbers of a phase that hold together.
fn plausible(phase: &Value) {
    let number = |name: &str| phase[name].as_f64().expect("a number");
    let latency = |name: &str| phase["latency_ms"][name].as_f64().unwrap();
    assert!(number("took_ms") > 0.0, "{phase}");
    let quantiles = ["p50", "p90", "p99", "p999", "max"].map(latency);
    assert!(quantiles.is_sorted() && quantiles[0] > 0.0, "{phase}");
    assert!(quantiles[4] <= number("took_ms") * 1.01, "{phase}");
}

#[test]
fn files_are_created_read_and_deleted() {
    let stage = Stage::new();
    fs::write(stage.directory.join("test_0.txt"), "somebody's").unwrap();
    let output = stage.run("files", &["--files", "700", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "no bar in a pipe");
    let found = json(&output);
    assert_eq!(found["files"], 700);
    assert_eq!((&found["partial"], &found["stopped_by"]), (&Value::Bool(false), &Value::Null));
    assert_eq!(found["directory"], stage.directory.to_str().unwrap());
    for phase in ["create", "read", "delete"] {
        let phase = &found[phase];
        assert_eq!(phase["files"], 700, "{found}");
        plausible(phase);
        let rate = 700.0 / phase["took_ms"].as_f64().unwrap() * 1000.0;
        assert!((phase["files_per_s"].as_f64().unwrap() / rate - 1.0).abs() < 0.05, "{phase}");
    }
    assert_eq!(found["journal"]["kept"], false);
    assert_eq!(found["journal"]["why"], "no environment is configured");
    assert_eq!(stage.left(), [stage.directory.join("test_0.txt")]);
    assert_eq!(fs::read_to_string(stage.directory.join("test_0.txt")).unwrap(), "somebody's");
}

#[test]
fn bytes_are_written_and_read() {
    let stage = Stage::new();
    let output = stage.run("throughput", &["--size", "8MiB", "--queue-depth", "4", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let found = json(&output);
    assert_eq!(found["size_bytes"], 8 << 20);
    for (name, operations, bytes, depth) in [
        ("sequential_write", 8, 8 << 20, 1),
        ("sequential_read", 8, 8 << 20, 1),
        ("random_read", 2048, 8 << 20, 4),
        ("random_write", 2048, 8 << 20, 4),
    ] {
        let phase = &found[name];
        plausible(phase);
        assert_eq!(phase["queue_depth"], depth, "{phase}");
        assert!(
            phase["iops"].as_f64().unwrap() > 0.0 && phase["mb_per_s"].as_f64().unwrap() > 0.0,
            "{phase}"
        );
        // Blocks at random places have ten seconds and no more.
        if depth == 1 || phase["took_ms"].as_f64().unwrap() < 9_000.0 {
            assert_eq!(
                (&phase["operations"], &phase["bytes"]),
                (&operations.into(), &bytes.into()),
                "{phase}"
            );
        }
    }
    assert!(found["method"].as_str().unwrap().contains(if found["direct_io"] == true {
        "direct I/O"
    } else {
        "no direct I/O"
    }));
    assert!(stage.left().is_empty());
    let text = said(&stage.run("throughput", &["--size", "64KiB"]));
    for part in
        ["64 KiB written and read", "MB/s", "IOPS", "p99 ms", "random write", "not kept in the journal"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_test_that_is_asked_to_end_says_how_far_it_came_and_leaves_nothing() {
    for end in [Signal::INT, Signal::TERM, Signal::HUP] {
        for (test, args, phase) in [
            ("files", &["--files", "100000", "--json"][..], "create"),
            ("throughput", &["--size", "512MiB", "--json"], "sequential_write"),
            ("throughput", &["--size", "512MiB", "--json", "--named"], "sequential_write"),
        ] {
            let stage = Stage::new();
            let child = stage.started(test, args);
            signal(&child, end);
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{test} {end:?}: {}", said(&output));
            assert!(stage.left().is_empty(), "{test} {end:?}: {:?}", stage.left());
            let found = json(&output);
            assert_eq!(
                (&found["partial"], &found["stopped_by"]),
                (&true.into(), &"interrupted".into()),
                "{test}"
            );
            assert!(found[phase]["took_ms"].as_f64().unwrap() > 0.0, "{test} {end:?}: {found}");
        }
    }
}

#[test]
fn a_killed_test_leaves_nothing() {
    for (test, args) in [
        ("files", &["--files", "100000"][..]),
        ("throughput", &["--size", "512MiB"]),
        ("throughput", &["--size", "512MiB", "--named"]),
    ] {
        let stage = Stage::new();
        let mut child = stage.started(test, args);
        signal(&child, Signal::KILL);
        assert_eq!(child.wait().unwrap().signal(), Some(9));
        stage.is_empty_soon();
    }
}

/// As a terminal or a supervisor does it: to every process of the group.
#[test]
fn signals_for_the_whole_group_do_not_reach_who_cleans_up() {
    for end in [Signal::INT, Signal::KILL] {
        let stage = Stage::new();
        let directory = stage.directory.to_str().unwrap();
        let mut child = stage
            .command(&["files", directory, "--files", "100000"])
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("files are made", || stage.left().iter().any(|own| has_files(own)));
        let group = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process_group(group, end).unwrap();
        child.wait().unwrap();
        stage.is_empty_soon();
    }
}

/// Processes of the machine that clean up in `directory`.
fn keepers(directory: &Path) -> Vec<Pid> {
    let wanted = directory.to_str().unwrap();
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|p| p.unwrap().file_name().to_str()?.parse().ok());
    let is_keeper = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("bench-keeper") && line.contains(wanted)
    };
    processes.filter(is_keeper).filter_map(Pid::from_raw).collect()
}

fn the_keeper(directory: &Path) -> Pid {
    let keepers = keepers(directory);
    assert_eq!(keepers.len(), 1, "{keepers:?}");
    keepers[0]
}

#[test]
fn who_cleans_up_withstands_signals_ends_with_the_test_and_is_not_needed() {
    let stage = Stage::new();
    let child = stage.started("files", &["--files", "100000"]);
    let keeper = the_keeper(&stage.directory);
    for harmless in [Signal::INT, Signal::TERM, Signal::HUP] {
        kill_process(keeper, harmless).unwrap();
    }
    assert_eq!(keepers(&stage.directory), [keeper]);
    signal(&child, Signal::TERM);
    child.wait_with_output().unwrap();
    assert!(stage.left().is_empty() && keepers(&stage.directory).is_empty());

    let child = stage.started("files", &["--files", "100000"]);
    let keeper = the_keeper(&stage.directory);
    kill_process(keeper, Signal::KILL).unwrap();
    signal(&child, Signal::TERM);
    let output = child.wait_with_output().unwrap();
    assert!(stage.left().is_empty(), "{}", said(&output));
}

#[test]
fn a_deadline_ends_it_with_what_was_found() {
    let stage = Stage::new();
    let output = stage.run("files", &["--files", "1000000", "--deadline", "300ms", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let found = json(&output);
    assert_eq!(found["stopped_by"], "the deadline of 300ms passed");
    let made = found["create"]["files"].as_u64().unwrap();
    assert!((1..1_000_000).contains(&made), "{found}");
    assert!(stage.left().is_empty());
}

#[test]
fn refusals_come_before_anything_is_written() {
    let stage = Stage::new();
    let file = format!("{}/file", stage.directory.display());
    fs::write(&file, "").unwrap();
    let missing = format!("{file}-missing");
    let own = env!("CARGO_MANIFEST_DIR");
    for test in ["files", "throughput"] {
        for (args, code, part) in [
            (&[test, file.as_str()][..], 1, "file is not a directory"),
            (&[test, missing.as_str()], 1, "No such file or directory"),
            (&[test, "/"], 2, "add --yes"), // the checkout itself may lie in a temporary directory
            (&[test, "--read-only", stage.directory.to_str().unwrap()], 4, "--read-only forbids it"),
            (&[test], 2, "<DIR>"),
        ] {
            let output = stage.command(args).output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{args:?}: {}", said(&output));
            assert!(said(&output).contains(part), "{args:?}: {}", said(&output));
            assert!(output.stdout.is_empty(), "{args:?}");
        }
    }
    let temporary = stage.command(&["files", own, "--files", "1"]).env("TMPDIR", own).output().unwrap();
    assert_eq!(temporary.status.code(), Some(0), "{}", said(&temporary));
    let huge = stage.run("throughput", &["--size", "16T"]);
    assert_eq!(huge.status.code(), Some(4), "{}", said(&huge));
    assert!(said(&huge).contains("the test needs 17.6 TiB"), "{}", said(&huge));
    assert_eq!(stage.left().len(), 1);
}

#[test]
fn a_directory_that_may_not_be_written_is_said() {
    let stage = Stage::new();
    fs::set_permissions(&stage.directory, fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write everywhere, so it becomes somebody else; the binary is where that one may read it.
    let binary = stage.home.path().join("miharu");
    fs::copy(env!("CARGO_BIN_EXE_miharu"), &binary).unwrap();
    for test in ["files", "throughput"] {
        let mut command = Command::new(&binary);
        command.args(["bench", test, stage.directory.to_str().unwrap()]).env_clear();
        command.env("HOME", stage.home.path());
        if rustix::process::geteuid().is_root() {
            command.uid(65534).gid(65534);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{test}: {}", said(&output));
        assert!(said(&output).contains("can be made in"), "{test}: {}", said(&output));
        assert!(
            said(&output).contains("Permission denied") && said(&output).contains("may write in"),
            "{test}: {}",
            said(&output)
        );
    }
    assert!(keepers(&stage.directory).is_empty());
}

/// A file system of its own on the stage's directory, taken away at the end.
struct Mounted(PathBuf);

impl Mounted {
    /// `None` where mounting is not permitted: what needs it is then not tested, and that is said.
    fn tmpfs(at: &Path, options: &str) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "miharu-test"])
            .arg(at)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("not tested: a tmpfs cannot be mounted here");
        }
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_small_file_system_is_not_filled() {
    let stage = Stage::new();
    let Some(_mounted) = Mounted::tmpfs(&stage.directory, "size=4m,nr_inodes=200") else { return };
    for (test, args, part) in [
        ("throughput", &["--size", "4MiB"][..], "has 4 MiB free, and the test needs 4.4 MiB"),
        ("files", &["--files", "1000"], "has 4 MiB free, and the test needs 4.3 MiB"),
        ("files", &["--files", "250"], "inodes free, and the test needs 276"),
    ] {
        let output = stage.run(test, args);
        assert_eq!(output.status.code(), Some(4), "{test}: {}", said(&output));
        assert!(said(&output).contains(part), "{test}: {}", said(&output));
    }
    let fits = stage.run("throughput", &["--size", "2MiB", "--json"]);
    assert_eq!(fits.status.code(), Some(0), "{}", said(&fits));
    assert!(json(&fits)["method"].as_str().unwrap().contains("tmpfs is memory"));
    assert!(stage.left().is_empty());
}

#[test]
fn what_was_found_is_a_note_of_the_environment_that_watches_the_directory() {
    let stage = Stage::new();
    let environment = [
        ("EFS_FILE_SYSTEM_ID", "fs-0123456789abcdef0"),
        ("TARGET_DIRECTORY", stage.directory.to_str().unwrap()),
    ];
    let directory = stage.directory.to_str().unwrap();
    let args = ["throughput", directory, "--size", "1MiB", "--json"];
    for seq in 1..=2 {
        let output = stage.command(&args).envs(environment).output().unwrap();
        let journal = &json(&output)["journal"];
        assert_eq!((&journal["kept"], &journal["seq"]), (&true.into(), &seq.into()), "{}", said(&output));
        assert_eq!((&journal["environment"], &journal["on_mount"]), (&"default".into(), &true.into()));
    }
    let mut snapshot = Command::new(env!("CARGO_BIN_EXE_miharu"));
    let shown = snapshot
        .args(["snapshot", "--json", "--endpoint-url", "http://127.0.0.1:1", "--region", "eu-west-1"])
        .env_clear()
        .env("HOME", stage.home.path())
        .envs([("AWS_ACCESS_KEY_ID", "k"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_MAX_ATTEMPTS", "1")])
        .envs(environment)
        .output()
        .unwrap();
    let shown = json(&shown);
    let goals = shown["goals"].as_array().unwrap();
    let goal = goals.iter().find(|g| g["id"] == "efs-throughput").unwrap();
    assert!(goal["value"].as_f64().unwrap() > 0.0 && goal["met"].is_boolean(), "{goal}");
    let journal = stage.home.path().join(".local/state/miharu/journal.db");
    fs::remove_file(&journal).unwrap();
    fs::create_dir(&journal).unwrap();
    let output = stage.command(&args).envs(environment).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let journal = &json(&output)["journal"];
    assert_eq!(journal["kept"], false);
    assert!(journal["why"].as_str().unwrap().contains("is not a file"), "{journal}");
}
