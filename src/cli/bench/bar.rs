//! How far a test is, in one line that is written over and over, on a terminal only.

use std::io::Write as _;
use std::time::Duration;

use chrono::TimeDelta;

use crate::bench::Progress;
use crate::domain::units;
use crate::ui::text::printable;

use super::BenchRun;

/// Signs of a bar.
const WIDTH: u64 = 24;
/// From this long on a silence is said.
const SILENCE: Duration = Duration::from_secs(5);

/// The line.
pub(super) struct Bar {
    /// Whether there is a terminal to draw on.
    on: bool,
    phase: &'static str,
    began: Duration,
}

impl Bar {
    pub(super) fn on(on: bool) -> Self {
        Self { on, phase: "", began: Duration::ZERO }
    }

    /// Draws it; nothing has moved for `silence`.
    pub(super) fn show(&mut self, progress: &Progress, now: Duration, silence: Duration, asked: &BenchRun) {
        if !self.on {
            return;
        }
        if progress.phase != self.phase {
            (self.phase, self.began) = (progress.phase, now);
        }
        let mut line = text(progress, now.saturating_sub(self.began));
        if silence >= SILENCE {
            let since = units::duration(units::delta(silence));
            line = format!("{}: no answer for {since}", asked.directory.display());
        }
        Self::write(&printable(&line));
    }

    /// Takes it away.
    pub(super) fn clear(&self) {
        if self.on {
            Self::write("");
        }
    }

    fn write(line: &str) {
        let mut out = std::io::stderr();
        let _ = write!(out, "\r{line}\x1b[K").and_then(|()| out.flush());
    }
}

/// `create            [######------------------]  25 %  250 of 1 000  312/s  3 s left`
fn text(progress: &Progress, spent: Duration) -> String {
    let Progress { phase, done, total, .. } = *progress;
    if total == 0 {
        return phase.to_owned();
    }
    let done = done.min(total);
    let filled = usize::try_from(done * WIDTH / total).unwrap_or_default();
    let empty = usize::try_from(WIDTH).unwrap_or_default() - filled;
    let bar = format!("{}{}", "#".repeat(filled), "-".repeat(empty));
    let percent = done * 100 / total;
    // A phase that has just begun has no pace yet.
    let rate = done as f64 / spent.as_secs_f64().max(0.2);
    let (amount, rate_said) = if is_bytes(phase) {
        (units::bytes(done as f64), format!("{:.1} MB/s", rate / 1e6))
    } else {
        (units::thousands(done), format!("{rate:.0}/s"))
    };
    let left = (total - done) as f64 / rate;
    let left = match Duration::try_from_secs_f64(left).map(TimeDelta::from_std) {
        Ok(Ok(left)) if done > 0 => {
            format!("  {} left", units::duration(TimeDelta::seconds(left.num_seconds())))
        }
        _ => String::new(),
    };
    format!("{phase:<16} [{bar}] {percent:>3} %  {amount}  {rate_said}{left}")
}

fn is_bytes(phase: &str) -> bool {
    phase.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_fast_and_how_long() {
        let progress = |phase, done, total| Progress { phase, done, total, beats: 1 };
        for (progress, seconds, wanted) in [
            (
                progress("create", 250, 1000),
                1,
                "create           [######------------------]  25 %  250  250/s  3 s left",
            ),
            (progress("create", 0, 1000), 0, "create           [------------------------]   0 %  0  0/s"),
            (
                progress("random read", 200_000_000, 200_000_000),
                2,
                "random read      [########################] 100 %  191 MiB  100.0 MB/s  0 s left",
            ),
            (progress("cleaning up", 0, 0), 2, "cleaning up"),
        ] {
            assert_eq!(text(&progress, Duration::from_secs(seconds)), wanted);
        }
    }
}
