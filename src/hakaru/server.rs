//! The port: connections are let in, served, and at the end let go.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection;
use super::shared::Shared;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 4096;
/// After an accept that failed for want of something, such as file descriptors.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a client that is told to stop gets for a request that may be under way already.
const LAST_REQUEST: Duration = Duration::from_secs(1);
/// Files that are not connections: database, spool, log.
const OTHER_FILES: u64 = 64;

/// Takes the port.
///
/// # Errors
/// It is taken, or not this machine's.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Lets this process have as many files as it may, and gives the connections that leaves room for.
pub fn room_for_connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = if raised.is_ok() { limit.maximum } else { limit.current };
    files.map_or(usize::MAX >> 4, |files| {
        usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX)
    })
}

/// Serves until `stop`, then drains: nothing new is let in, what was let in is answered. Ends when every connection
/// has, or after `deadline`.
///
/// Gives the number of connections that were cut off.
pub async fn serve(
    listener: TcpListener,
    shared: &Arc<Shared>,
    room: usize,
    stop: &CancellationToken,
    deadline: Duration,
) -> usize {
    let connections = TaskTracker::new();
    let drain = CancellationToken::new();
    let room = Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS)));
    let admit = |stream: TcpStream, permit| {
        let (shared, drain) = (Arc::clone(shared), drain.clone());
        // An answer is one small packet; it need not wait for another.
        _ = stream.set_nodelay(true);
        shared.metrics.accepted.one();
        shared.connections.fetch_add(1, Relaxed);
        connections.spawn(async move {
            connection::serve(stream, Arc::clone(&shared), drain).await;
            shared.connections.fetch_sub(1, Relaxed);
            drop(permit);
        });
    };
    loop {
        let accepted = async {
            // Without room nobody is accepted: they wait in the kernel's backlog.
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            (accepted, permit) = accepted => match accepted {
                Ok((stream, _)) => admit(stream, permit.ok()),
                Err(e) if e.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    shared.log.say("WARN", &format!("a connection cannot be accepted: {error}"));
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
    shared.drain();
    // Who is in the backlog was told that it is connected; closing the port now would cut it off. The system is asked
    // itself: that somebody has come may not have got through to the runtime yet.
    if let Ok(listener) = listener.into_std() {
        while let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
            match listener.accept().and_then(|(stream, _)| adopt(stream)) {
                Ok(stream) => admit(stream, Some(permit)),
                Err(e) if matches!(e.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(_) => break,
            }
        }
    }
    connections.close();
    // From now on every answer says goodbye, so a busy connection ends by itself. An idle one is closed a little later,
    // since a request may be under way to it.
    if tokio::time::timeout(LAST_REQUEST, connections.wait()).await.is_err() {
        drain.cancel();
        if tokio::time::timeout(deadline, connections.wait()).await.is_err() {
            return connections.len();
        }
    }
    0
}

fn adopt(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}
