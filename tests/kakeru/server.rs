//! A server that does what a test wants, on a thread of its own, and remembers who came.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// What the `n`-th request (from 0) gets.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// A status at once.
    Status(u16),
    /// 200 after a while.
    Slow(Duration),
    /// The whole server stands still for so long, as in a pause of its garbage collector; then 200.
    Stall(Duration),
    /// Nothing, ever.
    Never,
}

type Script = dyn Fn(u64) -> Answer + Send + Sync;

/// What it has seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub requests: AtomicU64,
    pub connections: AtomicU64,
    pub sources: Mutex<BTreeSet<IpAddr>>,
    pub asked: Mutex<BTreeMap<String, u64>>,
}

pub struct Server {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    _stop: DropGuard,
}

impl Server {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(script: impl Fn(u64) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), script)
    }

    pub fn start_at(at: SocketAddr, script: impl Fn(u64) -> Answer + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Seen::default());
        let stop = CancellationToken::new();
        let (say, address) = std::sync::mpsc::sync_channel(1);
        let (own, until) = (Arc::clone(&seen), stop.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(at).await.unwrap();
                say.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = until.cancelled() => {}
                    () = accept(listener, own, Arc::new(script)) => {}
                }
            });
        });
        Self { address: address.recv().unwrap(), seen, _stop: stop.drop_guard() }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> u64 {
        self.seen.requests.load(Ordering::SeqCst)
    }

    pub fn connections(&self) -> u64 {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, seen: Arc<Seen>, script: Arc<Script>) {
    let tracker = TaskTracker::new();
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        stream.set_nodelay(true).unwrap();
        seen.connections.fetch_add(1, Ordering::SeqCst);
        seen.sources.lock().unwrap().insert(peer.ip());
        let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
        tracker.spawn(async move {
            let service = service_fn(|request| answer(request, &seen, &*script));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: &Seen,
    script: &Script,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let n = seen.requests.fetch_add(1, Ordering::SeqCst);
    if let Some(asked) = request.uri().path_and_query() {
        *seen.asked.lock().unwrap().entry(asked.to_string()).or_default() += 1;
    }
    let mut response = Response::new(Full::new(Bytes::from_static(b"ok")));
    match script(n) {
        Answer::Status(code) => *response.status_mut() = StatusCode::from_u16(code).unwrap(),
        Answer::Slow(duration) => tokio::time::sleep(duration).await,
        Answer::Stall(duration) => std::thread::sleep(duration),
        Answer::Never => std::future::pending().await,
    }
    Ok(response)
}
