//! Reads the source tree and holds it to the floors of the architecture note (`src/lib.rs`).
#![expect(clippy::unwrap_used, reason = "a test says where by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Module to floor. Imports point down only.
const FLOORS: &[(&str, u8)] = &[
    ("domain", 0),
    ("app", 1),
    ("aws", 2),
    ("bench", 2),
    ("sources", 2),
    ("actuators", 2),
    ("store", 2),
    ("simulated", 2),
    ("config", 2),
    ("count", 2),
    ("clock", 2),
    ("kakeru", 2),
    ("language", 2),
    ("engine", 3),
    ("hakaru", 3),
    ("demo", 3),
    ("ui", 4),
    ("runtime", 5),
    ("cli", 6),
    ("main", 6),
];

/// Crates that may be named only below the given folders: no foreign type crosses the floor it was born on.
const BORN: &[(&str, &[&str])] = &[
    ("aws_sdk_", &["src/aws/sdk", "src/actuators/sdk"]),
    ("aws_config", &["src/aws/sdk"]),
    ("aws_sigv4", &["src/aws/sdk"]),
    ("aws_smithy_", &["src/aws/sdk", "src/actuators/sdk"]),
    ("crossterm", &["src/runtime", "src/config/chord.rs"]),
    ("crokey", &["src/runtime", "src/config"]),
    ("ratatui", &["src/ui", "src/runtime"]),
    ("clap", &["src/cli"]),
    ("hyper", &["src/hakaru", "src/kakeru", "src/aws/sdk", "src/sources/impressions"]),
    ("color_eyre", &["src/cli", "src/runtime", "src/main.rs"]),
];

/// What the pure floors must not know.
const IMPURE: &[&str] = &[
    "tokio",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "tracing",
    "rand",
    "Utc::now",
    "Instant::now",
];

/// What must not be in any source file.
const NEVER: &[&str] = &["todo!(", "unimplemented!(", "#[allow(", "#![allow(", "#[ignore"];

/// Lines a file may have.
const LINES: usize = 500;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(at: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(at).unwrap_or_else(|e| panic_with(at, &e)) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, ending, out);
            } else if path.to_string_lossy().ends_with(ending) {
                out.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    walk(&root.join(folder), ending, &mut out);
    let mut out: Vec<PathBuf> = out.into_iter().map(|p| p.strip_prefix(root).unwrap().to_owned()).collect();
    out.sort();
    assert!(!out.is_empty(), "no {ending} files below {folder}");
    out
}

#[expect(clippy::panic, reason = "the test ends here")]
fn panic_with(at: &Path, error: &std::io::Error) -> fs::ReadDir {
    panic!("{}: {error}", at.display())
}

/// The file without comments: a word in a comment is no import.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    text.lines().map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn module(path: &Path) -> String {
    let second = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    second.trim_end_matches(".rs").to_owned()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// Modules named by `crate::…`, also inside `use crate::{a, b}`.
fn imports(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for piece in code.split("crate::").skip(1) {
        if let Some(group) = piece.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => out.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(c),
                    _ => {}
                }
            }
            out.push(name);
        } else {
            out.push(piece.to_owned());
        }
    }
    let first = |s: String| s.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    out.into_iter().map(first).collect()
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for path in files("src", ".rs") {
        let module = module(&path);
        if module == "lib" {
            continue;
        }
        let own = floor(&module).unwrap_or_else(|| {
            wrong.push(format!("{}: module {module} stands on no floor; add it to FLOORS", path.display()));
            0
        });
        for import in imports(&code(&path)) {
            match floor(&import) {
                Some(other) if other > own => {
                    wrong.push(format!("{}: floor {own} imports {import} of floor {other}", path.display()));
                }
                Some(_) => {}
                None if import.is_empty() || import.starts_with(char::is_uppercase) => {}
                None => wrong.push(format!("{}: imports unknown module {import}", path.display())),
            }
        }
        if module == "ui" {
            for import in imports(&code(&path))
                .iter()
                .filter(|i| ["engine", "sources", "aws", "simulated"].contains(&i.as_str()))
            {
                wrong.push(format!("{}: ui draws state and knows no {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_check_of_imports_can_fail() {
    assert_eq!(imports("use crate::engine::poller; crate::ui::x()"), ["engine", "ui"]);
    assert_eq!(imports("use crate::{app::{event, state}, engine};"), ["app", "engine"]);
    assert!(floor("engine") > floor("domain"));
}

#[test]
fn foreign_types_stay_on_the_floor_they_were_born_on() {
    let mut wrong = Vec::new();
    for path in files("src", ".rs") {
        let code = code(&path);
        for (name, homes) in BORN {
            let named = code.match_indices(name).any(|(i, _)| {
                let before = code[..i].chars().next_back().unwrap_or(' ');
                let rest = &code[i + name.len()..];
                !before.is_alphanumeric()
                    && before != '_'
                    && before != '"'
                    && (name.ends_with('_') || rest.starts_with("::"))
            });
            if named && !homes.iter().any(|home| path.starts_with(home)) {
                wrong.push(format!("{}: {name} belongs into {homes:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_floors_are_pure() {
    let mut wrong = Vec::new();
    for folder in ["src/domain", "src/app"] {
        for path in files(folder, ".rs") {
            let code = code(&path);
            for word in IMPURE
                .iter()
                .filter(|w| code.contains(&format!("{w}::")) || (w.contains("::") && code.contains(*w)))
            {
                wrong.push(format!("{}: names {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_finished() {
    let mut wrong = Vec::new();
    for path in files("src", ".rs").into_iter().chain(files("tests", ".rs")) {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).unwrap();
        let lines = text.lines().count();
        if lines > LINES {
            wrong.push(format!("{}: {lines} lines, {LINES} at most", path.display()));
        }
        if path.ends_with("tidy.rs") {
            continue;
        }
        for word in NEVER.iter().filter(|w| text.contains(**w)) {
            wrong.push(format!("{}: holds {word}", path.display()));
        }
        if path.starts_with("src") && !text.trim_start().starts_with("//!") {
            wrong.push(format!("{}: does not begin by saying what it is for (//!)", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_dependency_says_why() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let section = manifest.split("[dependencies]").nth(1).unwrap().split("[profile").next().unwrap();
    let silent: Vec<&str> = section
        .lines()
        .filter(|l| l.contains('=') && !l.trim_start().starts_with('#') && !l.contains(" # "))
        .collect();
    assert!(silent.is_empty(), "no half line of reason: {silent:?}");
}

/// Every file of a folder of registered things is named in the folder's registry.
#[test]
fn everything_in_a_folder_of_registered_things_is_registered() {
    for folder in ["src/sources", "src/ui/panels"] {
        let registry = code(&PathBuf::from(folder).join("mod.rs"));
        for path in files(folder, ".rs") {
            let relative = path.strip_prefix(folder).unwrap();
            let name = relative.components().next().unwrap().as_os_str().to_string_lossy();
            let name = name.trim_end_matches(".rs");
            assert!(
                name == "mod"
                    || registry.split(|c: char| !c.is_alphanumeric() && c != '_').any(|w| w == name),
                "{} is not registered in {folder}/mod.rs",
                path.display()
            );
        }
    }
}
