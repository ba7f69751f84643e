//! The state and its changes as lines of text: the words by tables, and the real binary in a pipe.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

#[path = "watch/binary.rs"]
mod binary;
#[path = "frames/parts.rs"]
mod parts;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;
#[path = "watch/words.rs"]
mod words;
