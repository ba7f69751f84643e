//! Mounts a file system whose every directory read takes so many milliseconds, until standard input ends. Prints
//! `mounted` once it is, and at the end how many directory reads there were, and how many of them
//! of the root.
//!
//!   slowfs DIR DIRECTORIES FILES MILLISECONDS
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a benchmark says where by panicking, keeps real time and tells what it measures"
)]

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

#[path = "../../../../count/slow.rs"]
mod slow;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |n: usize| arguments.get(n).unwrap().parse::<u64>().unwrap();
    let of_root = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&of_root);
    let hook = Box::new(move |directory: Option<u64>| {
        if directory.is_none() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let slow = slow::Slow { hook, ..slow::Slow::new(number(2), number(3), Duration::from_millis(number(4))) };
    let reads = Arc::clone(&slow.reads);
    let session = match slow.mount(Path::new(arguments.get(1).unwrap())) {
        Ok(session) => session,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("mounted");
    let _ = std::io::stdin().read(&mut [0]);
    drop(session);
    println!("{} {}", reads.load(Ordering::Relaxed), of_root.load(Ordering::Relaxed));
    ExitCode::SUCCESS
}
