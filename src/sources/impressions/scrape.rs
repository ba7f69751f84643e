//! Fetches a page of counters over plain HTTP, within a deadline and a size.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::domain::source::{Failure, FailureClass};

/// Longest that a page may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a page, at most.
const SIZE: usize = 4 << 20;

/// A page that is fetched again and again, on one connection as long as it lasts.
pub(super) struct Page {
    /// `host:port`.
    pub(super) name: String,
    host: String,
    port: u16,
    path: String,
    connection: Option<Connection>,
    tasks: TaskTracker,
}

struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    /// Ends the task that moves its bytes.
    _end: DropGuard,
}

impl Page {
    /// Reads `http://host[:port][/path]`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| format!("{url:?} is not a URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(format!(
                "{url:?}: pages of counters are read over plain HTTP; give the port behind TLS"
            ));
        }
        let host = uri.host().filter(|h| !h.is_empty()).ok_or_else(|| format!("{url:?} has no host"))?;
        let port = uri.port_u16().unwrap_or(80);
        let path = match uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str) {
            "/" => "/metrics",
            path => path,
        };
        Ok(Self {
            name: format!("{host}:{port}"),
            host: host.trim_matches(['[', ']']).to_owned(),
            port,
            path: path.to_owned(),
            connection: None,
            tasks: TaskTracker::new(),
        })
    }

    /// The page as it is now.
    ///
    /// # Errors
    /// It cannot be reached, says something else than 200, is too long or not text.
    pub(super) async fn fetch(&mut self) -> Result<String, Failure> {
        let name = self.name.clone();
        let fetched = tokio::time::timeout(PATIENCE, self.exchange()).await;
        let fetched = fetched.unwrap_or_else(|_| {
            let text = format!("no page within {} s", PATIENCE.as_secs());
            Err(Failure::new(FailureClass::Timeout, text))
        });
        if fetched.is_err() {
            self.connection = None;
        }
        fetched.map_err(|failure| Failure { text: format!("{name}: {}", failure.text), ..failure })
    }

    async fn exchange(&mut self) -> Result<String, Failure> {
        let kept = self.connection.is_some();
        match self.ask().await {
            // A connection that was kept may have been closed meanwhile: that says nothing of the server.
            Err(failure) if kept && failure.class == FailureClass::Unreachable => {
                self.connection = None;
                self.ask().await
            }
            answer => answer,
        }
    }

    async fn ask(&mut self) -> Result<String, Failure> {
        let unreachable =
            |what: &dyn std::fmt::Display| Failure::new(FailureClass::Unreachable, format!("{what}"));
        if self.connection.as_ref().is_none_or(|c| c.sender.is_closed()) {
            self.connection = Some(self.connect().await?);
        }
        let Some(connection) = self.connection.as_mut() else {
            return Err(unreachable(&"there is no connection"));
        };
        connection.sender.ready().await.map_err(|e| unreachable(&e))?;
        let request = Request::get(&self.path)
            .header(HOST, &self.name)
            .header(USER_AGENT, HeaderValue::from_static("miharu"))
            .header(ACCEPT, HeaderValue::from_static("text/plain;version=0.0.4"))
            .body(Empty::new())
            .map_err(|e| Failure::new(FailureClass::Other, e.to_string()))?;
        let response = connection.sender.send_request(request).await.map_err(|e| unreachable(&e))?;
        let status = response.status();
        if status != StatusCode::OK {
            let class = if status.is_server_error() { FailureClass::Server } else { FailureClass::NotFound };
            return Err(Failure::new(class, format!("{} answers {status}", self.path)));
        }
        let body = Limited::new(response.into_body(), SIZE).collect().await;
        let malformed = |text: String| Failure::new(FailureClass::Malformed, text);
        let bytes =
            body.map_err(|e| malformed(format!("the page breaks off or is too long: {e}")))?.to_bytes();
        String::from_utf8(bytes.into()).map_err(|_| malformed("the page is not UTF-8".to_owned()))
    }

    async fn connect(&self) -> Result<Connection, Failure> {
        let unreachable = |e: String| Failure::new(FailureClass::Unreachable, e);
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<SocketAddr> =
            found.map_err(|e| unreachable(format!("the name cannot be looked up: {e}")))?.collect();
        let stream =
            TcpStream::connect(addresses.as_slice()).await.map_err(|e| unreachable(e.to_string()))?;
        _ = stream.set_nodelay(true);
        let (sender, moving) =
            handshake(TokioIo::new(stream)).await.map_err(|e| unreachable(e.to_string()))?;
        let end = CancellationToken::new();
        let token = end.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = token.cancelled() => {}
                // How it ended is told by the request.
                _ = moving => {}
            }
        });
        Ok(Connection { sender, _end: end.drop_guard() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_page() {
        let page = Page::new("http://127.0.0.1:8081").unwrap();
        assert_eq!((page.name.as_str(), page.path.as_str()), ("127.0.0.1:8081", "/metrics"));
        let page = Page::new("http://[::1]/stats?x=1").unwrap();
        assert_eq!((page.name.as_str(), page.host.as_str(), page.port), ("[::1]:80", "::1", 80));
        assert_eq!(page.path, "/stats?x=1");
        for url in ["https://a/metrics", "a", "http://", "ftp://a", ""] {
            assert!(Page::new(url).is_err(), "{url}");
        }
    }
}
