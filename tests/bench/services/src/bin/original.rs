//! The way in which the service that hakaru replaces works: a connection to the database for each request, one
//! prepared INSERT on it, no batch, and 200 whatever became of that.
//!
//!     original ADDRESS mysql://…
#![expect(clippy::unwrap_used, reason = "a benchmark says where by panicking")]

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sqlx::{Connection as _, MySqlConnection};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let listener = TcpListener::bind(arguments.next().unwrap()).await.unwrap();
    let database: Arc<str> = arguments.next().unwrap().into();
    let connections = TaskTracker::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).unwrap();
        let database = Arc::clone(&database);
        let service = service_fn(move |request| answer(request, Arc::clone(&database)));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    database: Arc<str>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let value = |key: &str| {
        let query = request.uri().query().unwrap_or_default();
        let value = query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        value.unwrap_or_default().to_owned()
    };
    if request.uri().path() == "/hakaru" {
        // Nobody looks at what came of it.
        _ = record(&database, &value("name"), &value("value")).await;
    }
    Ok(Response::new(Empty::new()))
}

async fn record(database: &str, name: &str, value: &str) -> Result<(), sqlx::Error> {
    let mut connection = MySqlConnection::connect(database).await?;
    let insert = sqlx::query("INSERT INTO eventlog(at, name, value) VALUES(NOW(), ?, ?)");
    insert.bind(name).bind(value).execute(&mut connection).await?;
    connection.close().await
}
