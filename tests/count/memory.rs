//! Ten million files, and trees of very many directories, in less than 64 MiB. Measured as the peak of a process
//! that does nothing else: this program again, told by a variable.

use std::ffi::OsStr;
use std::process::Command;

use miharu::count::Options;

use super::count;
use super::simulated::Tree;

/// Says which tree the process that is measured counts.
const CHILD: &str = "COUNT_MEMORY_TREE";
const MIB: u64 = 1 << 20;

/// A name, directories and files of each level, length of a directory's name.
type Named = (&'static str, &'static [(u64, u64)], usize);
/// Trees by name, and the length of their directories' names.
const TREES: &[Named] = &[
    ("ten million files", &[(1_000, 0), (0, 10_000)], 8),
    ("ten million files in one directory", &[(0, 10_000_000)], 8),
    ("half a million directories in one", &[(500_000, 0), (0, 1)], 255),
    ("directories in three levels", &[(60, 0), (60, 0), (60, 0), (0, 1)], 255),
    ("directories of many directories", &[(10, 0), (30_000, 0)], 255),
];

#[test]
fn a_count_needs_little_memory() {
    if let Some(wanted) = std::env::var_os(CHILD) {
        return measured(&wanted);
    }
    for (name, ..) in TREES {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::a_count_needs_little_memory", "--nocapture"])
            .env(CHILD, name)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&child.stdout);
        let peak = text.split("peak ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let peak: u64 = peak.unwrap_or_else(|| panic!("{name}: {child:?}")).parse().unwrap();
        assert!(child.status.success(), "{name}: {child:?}");
        assert!(peak * 1024 < 64 * MIB, "{name}: {peak} KiB");
    }
}

/// Counts, and prints the most memory this process ever had, in KiB.
fn measured(wanted: &OsStr) {
    let (_, levels, length) = TREES.iter().find(|(name, ..)| *name == wanted).unwrap();
    let tree = Tree { name: *length, ..Tree::new(levels) };
    let ended = count(tree.clone(), &Options { top: 1_000, ..Options::default() });
    assert_eq!((ended.counted.files, ended.counted.directories), tree.size());
    assert!(!ended.is_partial(), "{:?}", ended.errors.first());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("peak {}", peak.trim());
}
