//! A connection: served as long as its client is quick enough, and closed so that the last answer arrives.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use rustix::io::ioctl_fionread;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::service::Service;
use super::shared::Shared;
use crate::clock::Clock;

/// Bytes that a request's head may have; more is answered with 431.
const HEAD: usize = 16 << 10;
/// Longest that a head may take from its first byte to its last.
const HEAD_WITHIN: u64 = 10_000;
/// Longest that nothing may move: longer than the 60 s of a usual balancer, which must be the one who closes.
const IDLE: u64 = 75_000;
/// Between two looks at these two.
const LOOK: Duration = Duration::from_secs(5);
/// What is read, and for how long, after an answer that came before the end of its request: closing at once would
/// take the answer away.
const LINGER: (usize, Duration) = (1 << 20, Duration::from_secs(1));

/// When something moved on a connection, in ticks of [`Shared`]. Set without asking a clock.
#[derive(Debug)]
pub struct Marks {
    /// First byte of a head that is not complete; 0: there is none.
    head: AtomicU64,
    moved: AtomicU64,
    /// While draining: a request lies in the system's buffer that the runtime has not heard of yet.
    unread: AtomicBool,
}

impl Marks {
    fn new(now: u64) -> Self {
        Self { head: AtomicU64::new(0), moved: AtomicU64::new(now), unread: AtomicBool::new(false) }
    }

    /// A head is complete.
    pub fn head_is_read(&self) {
        self.head.store(0, Relaxed);
    }

    fn slow(&self, now: u64) -> bool {
        let head = self.head.load(Relaxed);
        head != 0 && now.saturating_sub(head) > HEAD_WITHIN
    }

    fn idle(&self, now: u64) -> bool {
        now.saturating_sub(self.moved.load(Relaxed)) > IDLE
    }
}

/// Serves a connection to its end. When `drain` is cancelled, what was begun is finished and nothing more.
pub async fn serve(stream: TcpStream, shared: Arc<Shared>, drain: CancellationToken) {
    let from = if shared.log.requests() { stream.peer_addr().ok() } else { None };
    let marks = Arc::new(Marks::new(shared.ticks.load(Relaxed)));
    let watched = Watched { stream, shared: Arc::clone(&shared), marks: Arc::clone(&marks) };
    let service = Service::new(Arc::clone(&shared), Arc::clone(&marks), from);
    // The deadlines are kept here: hyper's would count an idle connection's rest as part of the next head.
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(watched), service);
    let mut look = pin!(tokio::time::sleep(LOOK));
    let mut drained = pin!(drain.cancelled());
    let mut told = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break ended,
            () = &mut drained, if !told => {
                // An idle connection is closed at once, and would take a request with it that has just come.
                if marks.unread.load(Relaxed) {
                    tokio::task::yield_now().await;
                } else {
                    told = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
            () = &mut look => {
                let now = shared.ticks.load(Relaxed);
                if marks.slow(now) {
                    shared.metrics.slow.one();
                    return;
                }
                if marks.idle(now) {
                    return;
                }
                look.as_mut().reset(Clock::instant() + LOOK);
            }
        }
    };
    if ended.is_err() {
        linger(connection.into_parts().io.into_inner().stream).await;
    }
}

async fn linger(mut stream: TcpStream) {
    let (most, within) = LINGER;
    let gone = async {
        stream.shutdown().await?;
        let mut sink = vec![0; 16 << 10];
        let mut seen = 0;
        while seen < most {
            match stream.read(&mut sink).await? {
                0 => break,
                count => seen += count,
            }
        }
        Ok::<_, io::Error>(())
    };
    // However it ends, it has ended.
    _ = tokio::time::timeout(within, gone).await;
}

/// A stream that marks when something moves.
struct Watched {
    stream: TcpStream,
    shared: Arc<Shared>,
    marks: Arc<Marks>,
}

impl Watched {
    fn moved(&self) -> u64 {
        let now = self.shared.ticks.load(Relaxed);
        self.marks.moved.store(now, Relaxed);
        now
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            let now = self.moved();
            if self.marks.head.load(Relaxed) == 0 {
                self.marks.head.store(now, Relaxed);
            }
        }
        if self.shared.draining() {
            let unread = read.is_pending() && ioctl_fionread(&self.stream).is_ok_and(|bytes| bytes > 0);
            self.marks.unread.store(unread, Relaxed);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.moved();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
