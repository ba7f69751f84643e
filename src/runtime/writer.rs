//! Frames leave from a thread of their own, one at a time: a terminal that does not read (a stalled line, a
//! stopped multiplexer) delays frames, never keys, signals or the end of the program.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::Notify;

/// What the loop and the end of the program ask of the writer.
#[derive(Debug, Default)]
pub struct Line {
    busy: AtomicBool,
    broken: AtomicBool,
    idle: Notify,
}

impl Line {
    /// Whether the frame before is still on its way.
    pub fn busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Whether the terminal refused a frame: it is gone.
    pub fn broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Ends when the frame has left.
    pub async fn idle(&self) {
        while self.busy() {
            self.idle.notified().await;
        }
    }
}

/// The line to this process's terminal.
pub fn line() -> &'static Arc<Line> {
    static LINE: OnceLock<Arc<Line>> = OnceLock::new();
    LINE.get_or_init(Arc::default)
}

/// Standard output as a file descriptor: no buffering in between.
#[derive(Debug, Clone, Copy)]
pub struct Tty;

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stdout(), bytes))?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the terminal takes bytes within `patience`.
pub fn writable(patience: Duration) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(rustix::stdio::stdout(), PollFlags::OUT)];
    let patience = Timespec::try_from(patience).ok();
    poll(&mut fds, patience.as_ref()).is_ok_and(|n| n > 0) && fds[0].revents() == PollFlags::OUT
}

/// Gives whole frames to the thread that writes them.
pub struct FrameWriter(SyncSender<Vec<u8>>);

impl FrameWriter {
    /// Starts the thread; it ends with the process, because it may be blocked in a write.
    pub fn start() -> io::Result<Self> {
        let (sender, frames) = sync_channel::<Vec<u8>>(1);
        let line = Arc::clone(line());
        std::thread::Builder::new().name("frames".into()).spawn(move || {
            for frame in frames {
                if Tty.write_all(&frame).is_err() {
                    line.broken.store(true, Ordering::Release);
                }
                line.busy.store(false, Ordering::Release);
                line.idle.notify_one();
            }
        })?;
        Ok(Self(sender))
    }
}

impl Write for FrameWriter {
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        line().busy.store(true, Ordering::Release);
        match self.0.try_send(frame.to_vec()) {
            Ok(()) => Ok(frame.len()),
            Err(_) => Err(io::Error::other("a frame was drawn before the one before it had left")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
