//! `miharu count` as a command.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

fn miharu(args: &[&OsStr], config: &str) -> Output {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    fs::write(&file, config).unwrap();
    Command::new(env!("CARGO_BIN_EXE_miharu"))
        .arg("count")
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .env("MIHARU_CONFIG", &file)
        .output()
        .unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (directory, files) in [("", 2), ("a", 3), ("a/deep", 1), ("empty", 0)] {
        let directory = tree.path().join(directory);
        fs::create_dir_all(&directory).unwrap();
        (0..files).for_each(|n| fs::write(directory.join(format!("f{n}")), "").unwrap());
    }
    let odd = tree.path().join(OsStr::from_bytes(b"\x1b[2J\xff"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("f"), "").unwrap();
    std::os::unix::fs::symlink("/", tree.path().join("out")).unwrap();
    mknodat(CWD, tree.path().join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    tree
}

#[test]
fn the_json_is_that_of_the_contract() {
    let tree = tree();
    let output = miharu(&[tree.path().as_os_str(), "--json".as_ref(), "--top".as_ref(), "3".as_ref()], "");
    assert_eq!((output.status.code(), said(&output.stderr)), (Some(0), String::new()));
    let mut found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fields: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        fields,
        [
            "path",
            "files",
            "directories",
            "symlinks",
            "others",
            "recursive",
            "partial",
            "errors",
            "largest",
            "took_ms",
            "calls"
        ]
    );
    assert!(found["took_ms"].take().is_u64());
    assert_eq!(
        found,
        json!({
            "path": tree.path().to_str().unwrap(), "files": 7, "directories": 5, "symlinks": 1, "others": 1,
            "recursive": true, "partial": false, "errors": [],
            "largest": [
                {"path": "a", "files": 3}, {"path": ".", "files": 2}, {"path": "\u{1b}[2J\u{fffd}", "files": 1}
            ],
            "took_ms": null, "calls": 10,
        })
    );
}

#[test]
fn not_recursive_is_what_lies_directly_in_the_directory() {
    let tree = tree();
    let output = miharu(&[tree.path().as_os_str(), "--json".as_ref(), "--not-recursive".as_ref()], "");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&found["files"], &found["directories"], &found["recursive"]),
        (&json!(2), &json!(4), &json!(false))
    );
    assert_eq!(found["largest"], json!([{"path": ".", "files": 2}]));
}

#[test]
fn the_text_says_the_same_and_no_escape_sequence_gets_through() {
    let tree = tree();
    let output = miharu(&[tree.path().as_os_str()], "");
    assert_eq!((output.status.code(), said(&output.stderr)), (Some(0), String::new()));
    let text = said(&output.stdout);
    assert!(text.contains(&format!("7  files below {}", tree.path().display())), "{text}");
    for line in ["5  directories", "1  symbolic links", "1  others", "3  a\n", "2  .\n"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

/// The command as a user who may not pass by the permissions of files.
fn bound_by_permissions(directory: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_miharu"));
    command.arg("count").arg(directory).arg("--json").env_clear().env("HOME", "/").current_dir("/");
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    command.output().unwrap()
}

fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_may_not_be_read_is_listed_and_fails_and_a_root_that_may_not_be_is_no_data() {
    let tree = tree();
    permit(tree.path(), 0o755);
    permit(&tree.path().join("a/deep"), 0);
    let partly = bound_by_permissions(tree.path());
    assert_eq!(partly.status.code(), Some(1), "{partly:?}");
    let found: Value = serde_json::from_slice(&partly.stdout).unwrap();
    assert_eq!(
        (&found["files"], &found["directories"], &found["partial"]),
        (&json!(6), &json!(5), &json!(true))
    );
    assert_eq!(found["errors"], json!([{"path": "a/deep", "error": "may not be read: no permission"}]));
    permit(tree.path(), 0);
    let nothing = bound_by_permissions(tree.path());
    permit(tree.path(), 0o755);
    assert_eq!((nothing.status.code(), said(&nothing.stdout)), (Some(1), String::new()));
    let words = format!("miharu: {} may not be read: no permission\n", tree.path().display());
    assert_eq!(said(&nothing.stderr), words);
}

#[test]
fn what_is_no_directory_is_said_and_fails() {
    let tree = tree();
    let no_mount = format!(
        "[[environment]]\nname = \"a\"\nfiles = {{ directory = {:?}, require_mount = true }}\n",
        tree.path()
    );
    let path = |name: &str| tree.path().join(name);
    for (directory, config, words) in [
        (path("gone"), "", "does not exist"),
        (path("f0"), "", "is not a directory"),
        (path("fifo"), "", "is not a directory"),
        (tree.path().to_owned(), no_mount.as_str(), "is not on a network file system: no data"),
    ] {
        for json in [&[][..], &["--json".as_ref()]] {
            let args = [&[directory.as_os_str()], json].concat();
            let output = miharu(&args, config);
            assert_eq!(output.status.code(), Some(1), "{directory:?}");
            assert_eq!(said(&output.stdout), "", "no number where there is no data");
            assert_eq!(said(&output.stderr), format!("miharu: {} {words}\n", directory.display()));
        }
    }
}

#[test]
fn a_wrong_number_is_bad_usage() {
    for args in [["--top", "-1"], ["--top", "many"], ["--concurrency", "0"], ["--concurrency", "257"]] {
        let args = [&[Path::new("/").as_os_str()], &args.map(OsStr::new)[..]].concat();
        let output = miharu(&args, "");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}
