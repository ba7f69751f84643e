//! The least that records honestly: one multi-row INSERT for whatever has come meanwhile, answered after its commit.
//! No deadline, no limit of connections, no metrics, no word about what is wrong: what hakaru is measured against.
//!
//!     throwaway ADDRESS mysql://… | sqlite://…
#![expect(clippy::unwrap_used, reason = "a benchmark says where by panicking")]

use std::convert::Infallible;
use std::fmt::Write as _;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// An impression, and who waits for it.
type Waiting = (String, u32, oneshot::Sender<u16>);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let listener = TcpListener::bind(arguments.next().unwrap()).await.unwrap();
    let (sender, receiver) = mpsc::channel(50_000);
    let tasks = TaskTracker::new();
    tasks.spawn(record(arguments.next().unwrap(), receiver));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).unwrap();
        let sender = sender.clone();
        let service = service_fn(move |request| answer(request, sender.clone()));
        tasks.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    queue: mpsc::Sender<Waiting>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let query = request.uri().query().unwrap_or_default();
    let find = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key));
    let name = find("name=").filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
    let value = find("value=").and_then(|value| value.parse().ok());
    let mut response = Response::new(Empty::new());
    let (reply, answer) = oneshot::channel();
    *response.status_mut() = match (name, value) {
        (Some(name), Some(value)) => {
            queue.send((name.to_owned(), value, reply)).await.unwrap();
            answer.await.unwrap().try_into().unwrap()
        }
        _ => hyper::StatusCode::BAD_REQUEST,
    };
    Ok(response)
}

async fn record(url: String, mut queue: mpsc::Receiver<Waiting>) {
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&url).await.unwrap();
    let lite = url.starts_with("sqlite:");
    if lite {
        let durable =
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000";
        sqlx::raw_sql(durable).execute(&mut database).await.unwrap();
    }
    let now = if lite { "datetime('now')" } else { "NOW()" };
    let mut batch: Vec<Waiting> = Vec::new();
    while queue.recv_many(&mut batch, 5000).await > 0 {
        let mut sql = "INSERT INTO eventlog(at,name,value) VALUES".to_owned();
        for (n, (name, value, _)) in batch.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(sql, "{comma}({now},'{name}',{value})").unwrap();
        }
        let recorded = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database).await.is_ok();
        for (.., reply) in batch.drain(..) {
            _ = reply.send(if recorded { 200 } else { 503 });
        }
    }
}
