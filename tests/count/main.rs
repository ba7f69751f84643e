//! The file counter: against a naive count on real trees, on simulated ones, on a slow and on a hanging file
//! system, and as a command.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test ends where it fails, waits for real processes, and its children report on stdout"
)]

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use miharu::count::layer::Layer;
use miharu::count::{Count, Disk, Ended, Options, Target};

mod command;
mod console;
mod crew;
mod fuse;
mod memory;
mod simulated;
mod slow;
#[path = "../support/terminal.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod terminal;
mod trees;

/// Nothing here takes nearly as long; what does hangs.
const DEADLINE: Duration = Duration::from_secs(300);

/// A count, and where its end is told.
fn start<L: Layer>(layer: L, options: &Options) -> (Count, Receiver<Ended>) {
    let (sender, receiver) = sync_channel(1);
    let count = Count::start(layer, options, move |ended| {
        let _ = sender.send(ended);
    });
    (count.unwrap(), receiver)
}

/// Counts to the end.
fn count<L: Layer>(layer: L, options: &Options) -> Ended {
    let (_count, receiver) = start(layer, options);
    receiver.recv_timeout(DEADLINE).expect("the count does not end")
}

/// What lies below a directory, on its file system.
fn disk(path: &Path) -> Disk {
    Disk::new(&Target { path: path.to_owned(), crosses: false, require_mount: false })
}
