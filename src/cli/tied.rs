//! A program that ends with the one that started it, however that ends.

use std::io::{self, BufRead};

use tokio_util::sync::CancellationToken;

/// The kernel kills this process when the thread that started it is no more.
///
/// # Errors
/// The kernel refuses.
pub fn to_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?)
}

/// As [`to_parent`]; and whoever died before that has closed standard input, which cancels `stop`.
///
/// # Errors
/// The kernel refuses, or gives no thread.
pub fn watch(stop: CancellationToken) -> io::Result<()> {
    lines(|_| {}, stop)
}

/// As [`watch`]; gives each line of standard input to `line`.
///
/// # Errors
/// As [`watch`].
pub fn lines(mut line: impl FnMut(&str) + Send + 'static, stop: CancellationToken) -> io::Result<()> {
    to_parent()?;
    std::thread::Builder::new().name("standard input".into()).spawn(move || {
        for read in io::stdin().lock().lines() {
            match read {
                Ok(text) => line(&text),
                Err(_) => break,
            }
        }
        stop.cancel();
    })?;
    Ok(())
}
