//! Mounts a file system whose every directory read takes so many milliseconds, until standard input ends.
//!
//!   slowfs DIR DIRECTORIES FILES MILLISECONDS
#![expect(clippy::unwrap_used, reason = "a benchmark says where by panicking")]

use std::io::Read;
use std::path::Path;
use std::time::Duration;

#[path = "../../../../count/slow.rs"]
mod slow;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |n: usize| arguments.get(n).unwrap().parse::<u64>().unwrap();
    let slow = slow::Slow::new(number(2), number(3), Duration::from_millis(number(4)));
    let session = slow.mount(Path::new(arguments.get(1).unwrap())).unwrap();
    println!("mounted");
    let _ = std::io::stdin().read(&mut [0]);
    drop(session);
}
