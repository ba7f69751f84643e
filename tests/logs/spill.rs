//! What the ring drops, in a file.

use std::os::unix::fs::PermissionsExt;

use miharu::domain::log::ring::{Limits, Ring};
use miharu::engine::tail::spill::Spill;

use crate::{as_is, batch, instant};

#[test]
fn what_is_dropped_is_in_the_file_line_by_line_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spilled.jsonl");
    let spill = Spill::create(&path, u64::MAX).unwrap();
    assert!(Spill::create(&path, 1).is_err(), "no file is overwritten");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut ring = Ring::new(Limits { lines: 10, bytes: usize::MAX }, as_is);
    ring.keep_dropped(true);
    for n in 0..40 {
        spill.take(ring.append(&batch(&[(n, "WARN 日本語\n\u{1b}[31m password=hunter2")])));
    }
    let state = spill.finish();
    assert_eq!((state.lines, state.lost, state.broken), (30, 0, false));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.len() as u64, state.bytes);
    for (line, n) in text.lines().zip(0..) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["message"], "WARN 日本語\n\u{1b}[31m password=[redacted]");
        assert_eq!((&value["level"], &value["group"]), (&"WARN".into(), &"/group".into()));
        assert_eq!(value["at"], instant(n).to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    }
    assert_eq!(text.lines().count(), 30);
}

#[test]
fn a_full_file_counts_what_it_has_no_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let spill = Spill::create(&folder.path().join("x"), 500).unwrap();
    let mut ring = Ring::new(Limits { lines: 1, bytes: usize::MAX }, as_is);
    ring.keep_dropped(true);
    for n in 0..40 {
        spill.take(ring.append(&batch(&[(n, "text")])));
    }
    let state = spill.finish();
    assert_eq!(state.lines + state.lost, 39);
    assert!(state.lines >= 3 && state.bytes < 700, "{state:?}");
}
