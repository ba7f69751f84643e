//! Waits for the next intended start, to a few ten µs: tokio's own timers know milliseconds only, which would
//! stand in every latency.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// A timer of the system.
pub struct Pacer(AsyncFd<OwnedFd>);

impl Pacer {
    /// A new one; to be called inside a runtime.
    ///
    /// # Errors
    /// No file descriptor is left.
    #[expect(
        deprecated,
        reason = "an OwnedFd keeps its descriptor; the safe constructor is to be avoided for other types"
    )]
    pub fn new() -> io::Result<Self> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self(AsyncFd::new(timer)?))
    }

    /// Waits for `duration`. It may end early if an earlier wait was given up; the caller looks at the clock.
    ///
    /// # Errors
    /// The system refused.
    pub async fn wait(&self, duration: Duration) -> io::Result<()> {
        // Nothing would switch the timer off.
        let duration = duration.max(Duration::from_nanos(1));
        let it_value = Timespec::try_from(duration).map_err(io::Error::other)?;
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &Itimerspec { it_interval, it_value })?;
        // Setting the timer again forgets that it went off, so nothing needs to be read.
        self.0.readable().await?.clear_ready();
        Ok(())
    }
}
