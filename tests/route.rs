//! Routing, held to what the tasks' own code computes: Python's hashlib.

use std::process::Command;

use miharu::domain::route::{moved_share, moved_share_of_lists, route};
use proptest::prelude::*;

/// Paths of every kind: empty, deep, with spaces, quotes and line ends, Japanese, an emoji of two code points.
const PATHS: &[&str] = &[
    "",
    "/",
    "a",
    "/mnt/efs/a/b/c.txt",
    "dir with spaces/it's \"quoted\"",
    "line\nend",
    "見張る/計る.txt",
    "🧑‍🚀",
    "é",
    "e\u{301}",
    "/very/long/../path/./x",
];

#[test]
fn a_path_goes_where_the_tasks_send_it() {
    const SCRIPT: &str = "import hashlib, json, sys\n\
        paths = json.loads(sys.argv[1])\n\
        def route(p, n): return int.from_bytes(hashlib.sha256(p.encode('utf-8')).digest(), 'big') % n\n\
        print(json.dumps([[route(p, n) for n in (1, 2, 3, 4, 5, 6, 7, 97, 2**31 - 1)] for p in paths]))";
    let mut paths: Vec<String> = PATHS.iter().map(|p| (*p).to_owned()).collect();
    paths.extend((0..500).map(|i| format!("/data/{i:03}/file-{i}.bin")));
    let out = Command::new("python3")
        .args(["-c", SCRIPT, &serde_json::to_string(&paths).unwrap()])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let expected: Vec<Vec<usize>> = serde_json::from_slice(&out.stdout).unwrap();
    for (path, expected) in paths.iter().zip(expected) {
        let got: Vec<usize> =
            [1, 2, 3, 4, 5, 6, 7, 97, (1 << 31) - 1].into_iter().map(|n| route(path, n)).collect();
        assert_eq!(got, expected, "{path:?}");
    }
}

/// SHA-256("") = e3b0c442 98fc1c14 9afbf4c8 996fb924 27ae41e4 649b934c a495991b 7852b855, an odd number.
#[test]
fn the_integer_is_big_endian() {
    assert_eq!(route("", 2), 1);
    assert_eq!(route("", 256), 0x55);
    assert_eq!(route("", 1 << 16), 0xb855);
}

#[test]
fn one_more_entry_moves_n_of_n_plus_one() {
    for n in 1..50 {
        assert!((moved_share(n, n + 1) - n as f64 / (n + 1) as f64).abs() < 1e-12, "{n}");
    }
    for (from, to, share) in [(2, 2, 0.0), (2, 4, 0.5), (4, 2, 0.5), (0, 0, 0.0), (0, 2, 1.0), (2, 0, 1.0)] {
        assert!((moved_share(from, to) - share).abs() < 1e-12, "{from} {to}");
    }
}

#[test]
fn a_sample_of_paths_moves_by_that_share() {
    let moved = (0..20_000).map(|i| format!("/p/{i}")).filter(|p| route(p, 2) != route(p, 3)).count();
    assert!((moved as f64 / 20_000.0 - moved_share(2, 3)).abs() < 0.02, "{moved}");
}

proptest! {
    #[test]
    fn the_share_is_the_count_of_residues(
        before in prop::collection::vec(0_u8..8, 1..9),
        after in prop::collection::vec(0_u8..8, 1..9),
    ) {
        // n × m is a multiple of the least common multiple, so the share is the same.
        let residues = before.len() * after.len();
        let moved = (0..residues).filter(|r| before[r % before.len()] != after[r % after.len()]).count();
        let share = moved as f64 / residues as f64;
        prop_assert!((moved_share_of_lists(&before, &after) - share).abs() < 1e-12);
    }

    #[test]
    fn a_route_is_always_an_entry(path in "\\PC*", n in 1_usize..100) {
        prop_assert!(route(&path, n) < n);
        prop_assert_eq!(route(&path, n), route(&path, n));
    }

    #[test]
    fn another_order_moves_paths(n in 2_usize..7) {
        let list: Vec<usize> = (0..n).collect();
        let turned: Vec<usize> = (0..n).map(|i| (i + 1) % n).collect();
        prop_assert!((moved_share_of_lists(&list, &turned) - 1.0).abs() < 1e-12);
    }
}
