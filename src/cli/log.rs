//! The program's own log: into a file, never onto the screen.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// Starts it; `level` is the text of `RUST_LOG`, `miharu=info` where there is none.
pub fn start(file: &Path, level: Option<&str>) -> std::io::Result<()> {
    let out = OpenOptions::new().create(true).append(true).open(file)?;
    let filter =
        level.and_then(|l| EnvFilter::try_new(l).ok()).unwrap_or_else(|| EnvFilter::new("miharu=info"));
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(out));
    if subscriber.try_init().is_err() {
        return Err(std::io::Error::other("a log is already being written"));
    }
    Ok(())
}
