//! From a request to its answer. The interface is the original's: paths, query, CORS.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, ORIGIN, RETRY_AFTER,
};
use hyper::{Method, Request, Response, StatusCode, Uri};
use tokio::sync::oneshot::{Receiver, error::RecvError};
use tokio::time::Instant;

use super::connection::Marks;
use super::log::Line;
use super::query;
use super::queue::{Answer, Busy};
use super::shared::Shared;
use crate::clock::Clock;

/// A body of one piece, or of none.
pub struct Text(Option<Bytes>);

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// Answers the requests of a connection.
pub struct Service {
    shared: Arc<Shared>,
    marks: Arc<Marks>,
    /// Who asks; only known where it is logged.
    from: Option<SocketAddr>,
}

impl Service {
    /// For one connection.
    pub fn new(shared: Arc<Shared>, marks: Arc<Marks>, from: Option<SocketAddr>) -> Self {
        Self { shared, marks, from }
    }
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response<Text>;
    type Error = Infallible;
    type Future = Reply;

    fn call(&self, request: Request<Incoming>) -> Reply {
        self.marks.head_is_read();
        let asked = Asked {
            since: Clock::instant(),
            hakaru: request.uri().path() == "/hakaru",
            origin: request.headers().get(ORIGIN).cloned(),
            logged: self.from.map(|from| Box::new((from, request.method().clone(), request.uri().clone()))),
            shared: Arc::clone(&self.shared),
        };
        let (response, reason) = match (request.uri().path(), request.method()) {
            ("/hakaru", &Method::GET) if self.shared.capacity.is_some() || self.shared.original => {
                let uri = request.uri().clone();
                return Reply::Worked(Box::pin(worked(asked, uri)));
            }
            ("/hakaru", &Method::GET) => match offer(&self.shared, request.uri()) {
                Ok(answer) => return Reply::Waiting(asked, answer),
                Err((status, reason, retry)) => (text(status, reason.clone(), retry), Some(reason)),
            },
            // The original records here, too. A browser that asks what it may do has not seen anything yet.
            ("/hakaru", &Method::OPTIONS) => (empty(StatusCode::OK), None),
            ("/ok", &Method::GET | &Method::HEAD) => match self.shared.ok() {
                Ok(()) => (empty(StatusCode::OK), None),
                Err(why) => (text(StatusCode::SERVICE_UNAVAILABLE, why, None), None),
            },
            ("/metrics", &Method::GET) => (metrics(&self.shared), None),
            ("/hakaru", _) => (not_allowed("GET, OPTIONS"), None),
            ("/ok", _) => (not_allowed("GET, HEAD"), None),
            ("/metrics", _) => (not_allowed("GET"), None),
            _ => (text(StatusCode::NOT_FOUND, "not found".into(), None), None),
        };
        Reply::Ready(ready(Ok(asked.finish(response, reason.as_deref()))))
    }
}

/// A status that is not 200, why, and when to try again.
type Refusal = (StatusCode, String, Option<u64>);

fn refused(busy: &Busy) -> Refusal {
    (StatusCode::SERVICE_UNAVAILABLE, busy.reason.to_owned(), Some(busy.retry_after))
}

/// Puts an impression into the queue.
fn offer(shared: &Shared, uri: &Uri) -> Result<Receiver<Answer>, Refusal> {
    let impression = query::read(uri.query().unwrap_or_default())
        .map_err(|reason| (StatusCode::BAD_REQUEST, reason, None))?;
    // Without a spool the database's own clock counts.
    let accepted = if shared.spool.is_some() { shared.log.now().timestamp() } else { 0 };
    shared.queue.offer(impression, accepted).map_err(|busy| refused(&busy))
}

/// A request of a service whose capacity is limited, or that does as the original does.
async fn worked(asked: Asked, uri: Uri) -> Result<Response<Text>, Infallible> {
    let shared = Arc::clone(&asked.shared);
    let recorded = async {
        if let Some(capacity) = &shared.capacity {
            let done = capacity.take(asked.since).map_err(|busy| refused(&busy))?;
            tokio::time::sleep_until(done).await;
        }
        refusal(offer(&shared, &uri)?.await)
    };
    let (response, reason) = match recorded.await {
        Err(_) if shared.original => (empty(StatusCode::OK), None),
        Ok(()) => (empty(StatusCode::OK), None),
        Err((status, reason, retry)) => (text(status, reason.clone(), retry), Some(reason)),
    };
    Ok(asked.finish(response, reason.as_deref()))
}

/// What is said instead of 200.
fn refusal(answer: Result<Answer, RecvError>) -> Result<(), Refusal> {
    // Whoever should have answered has died with the answer.
    match answer.unwrap_or_else(|_| Answer::Unavailable("it was not recorded".into())) {
        Answer::Recorded => Ok(()),
        Answer::Refused(reason) => {
            Err((StatusCode::BAD_REQUEST, format!("the database refuses it: {reason}"), None))
        }
        Answer::Unavailable(reason) => Err((StatusCode::SERVICE_UNAVAILABLE, reason, Some(1))),
    }
}

/// The answer, now or when the impression is recorded.
pub enum Reply {
    /// Now.
    Ready(Ready<Result<Response<Text>, Infallible>>),
    /// When it is recorded.
    Waiting(Asked, Receiver<Answer>),
    /// When the work on it is done, too.
    Worked(Pin<Box<dyn Future<Output = Result<Response<Text>, Infallible>> + Send>>),
}

impl Future for Reply {
    type Output = Result<Response<Text>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(response) => Pin::new(response).poll(cx),
            Self::Worked(work) => work.as_mut().poll(cx),
            Self::Waiting(asked, answer) => Pin::new(answer).poll(cx).map(|answer| {
                let (response, reason) = match refusal(answer) {
                    Ok(()) => (empty(StatusCode::OK), None),
                    Err((status, reason, retry)) => (text(status, reason.clone(), retry), Some(reason)),
                };
                Ok(asked.finish(response, reason.as_deref()))
            }),
        }
    }
}

/// A request as its answer needs it.
pub struct Asked {
    since: Instant,
    hakaru: bool,
    origin: Option<HeaderValue>,
    logged: Option<Box<(SocketAddr, Method, Uri)>>,
    shared: Arc<Shared>,
}

impl Asked {
    fn finish(&self, mut response: Response<Text>, reason: Option<&str>) -> Response<Text> {
        let code = response.status().as_u16();
        let took = Clock::instant().saturating_duration_since(self.since);
        let headers = response.headers_mut();
        if self.hakaru {
            cors(headers, self.origin.clone());
            self.shared.metrics.duration.time(took);
        }
        if self.shared.draining() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.shared.metrics.answered(self.hakaru, code);
        if let Some(logged) = &self.logged {
            let (from, method, uri) = logged.as_ref();
            let line = Line {
                at: self.shared.log.now(),
                from: &from.to_string(),
                method: method.as_str(),
                uri: &uri.to_string(),
                code,
                ms: took.as_secs_f64() * 1000.0,
                reason,
            };
            if !self.shared.log.line(&line) {
                self.shared.metrics.lines_lost.one();
            }
        }
        response
    }
}

/// As the original, on every answer, so that a page can also read why something was not recorded.
fn cors(headers: &mut hyper::HeaderMap, origin: Option<HeaderValue>) {
    match origin.filter(|origin| !origin.is_empty()) {
        Some(origin) => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        None => _ = headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    }
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("Content-Type"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
}

fn empty(status: StatusCode) -> Response<Text> {
    let mut response = Response::new(Text(None));
    *response.status_mut() = status;
    response
}

fn text(status: StatusCode, mut body: String, retry_after: Option<u64>) -> Response<Text> {
    body.push('\n');
    let mut response = Response::new(Text(Some(body.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn not_allowed(allowed: &'static str) -> Response<Text> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, format!("only {allowed}"), None);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn metrics(shared: &Shared) -> Response<Text> {
    let mut response = Response::new(Text(Some(shared.metrics.text(&shared.gauges()).into())));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
