//! `/metrics` of a load that runs, in Prometheus' text form.

use std::convert::Infallible;
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;

use super::{Live, Totals, instances};

/// Upper bounds of the latency buckets in µs, with the text that names them in seconds.
const BUCKETS: [(u64, &str); 15] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
];

/// Connections served at once.
const READERS: usize = 16;
/// How long a reader may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state in Prometheus' text form; before the first second of load only the rate.
pub fn text(live: Option<&Live>, rate_per_s: f64) -> String {
    let mut out = String::new();
    let mut gauge = |name: &str, help: &str, kind: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    };
    gauge("kakeru_offered_rate", "Requests a second that were asked for.", "gauge", &rate_per_s);
    let Some(live) = live else { return out };
    let total = &live.total;
    gauge("kakeru_requests_in_flight", "Requests without an answer yet.", "gauge", &live.under_way);
    gauge("kakeru_connections_opened_total", "Connections opened.", "counter", &total.opened);
    let help = "Requests that could not be taken up in time for want of processor time.";
    gauge("kakeru_requests_not_offered_total", help, "counter", &total.not_offered);
    let warm = total.warm_succeeded + total.warm_failed;
    gauge("kakeru_warm_up_requests_total", "Requests of warm-up and ramp.", "counter", &warm);
    requests(&mut out, live);
    latency(&mut out, live);
    out
}

fn requests(out: &mut String, live: &Live) {
    let name = "kakeru_requests_total";
    let _ = writeln!(out, "# HELP {name} Requests that are over, by outcome.\n# TYPE {name} counter");
    let _ = writeln!(out, "{name}{{outcome=\"success\"}} {}", live.total.succeeded);
    for (reason, n) in &live.total.failed {
        let _ = writeln!(out, "{name}{{outcome=\"{reason}\"}} {n}");
    }
}

fn latency(out: &mut String, live: &Live) {
    let name = "kakeru_request_duration_seconds";
    let histogram = &live.total.latency;
    let _ = writeln!(
        out,
        "# HELP {name} Time from the intended start to the complete answer.\n# TYPE {name} histogram"
    );
    let (mut below, mut from) = (0, 0);
    for (us, le) in BUCKETS {
        below += histogram.count_between(from, us);
        // A value belongs to the bucket that it is counted in only once.
        from = histogram.highest_equivalent(us) + 1;
        let _ = writeln!(out, "{name}_bucket{{le=\"{le}\"}} {below}");
    }
    let n = histogram.len();
    let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {n}");
    let sum = if n == 0 { 0.0 } else { histogram.mean() * n as f64 / 1e6 };
    let _ = writeln!(out, "{name}_sum {sum}\n{name}_count {n}");
}

/// What is served: the load, and where they are known the instances that it goes to.
#[derive(Debug, Clone)]
pub struct Page {
    /// The newest state of the load.
    pub totals: Totals,
    /// Requests a second that were asked for.
    pub rate_per_s: f64,
    /// Addresses of the instances, whose own counters are told with the load's; `None`: they are told elsewhere.
    pub instances: Option<watch::Receiver<Vec<SocketAddr>>>,
}

impl Page {
    async fn text(&self) -> String {
        let addresses = self.instances.as_ref().map(|addresses| addresses.borrow().clone());
        let instances = instances::text(&addresses.unwrap_or_default()).await;
        // Last, so that it is of the same moment as what the instances told.
        let live = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        text(live.as_ref(), self.rate_per_s) + &instances
    }

    async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::new()));
        if path != "/metrics" {
            *response.status_mut() = StatusCode::NOT_FOUND;
        } else if method == Method::GET || method == Method::HEAD {
            *response.body_mut() = Full::new(self.text().await.into());
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, kind);
        } else {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        }
        response
    }
}

/// Serves `/metrics` until it is dropped.
pub async fn serve(listener: TcpListener, page: Page) {
    let places = Arc::new(Semaphore::new(READERS));
    let readers = TaskTracker::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // No descriptor is left: trying again at once would only burn time.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let page = page.clone();
        readers.spawn(async move {
            let page = &page;
            let answer = service_fn(move |request: Request<Incoming>| {
                let (method, path) = (request.method().clone(), request.uri().path().to_owned());
                async move { Ok::<_, Infallible>(page.answer(&method, &path).await) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            // A reader that breaks off is nobody's loss.
            let _ = http.serve_connection(TokioIo::new(stream), answer).await;
            drop(place);
        });
    }
}

/// Listens for readers.
///
/// # Errors
/// The address is in use or not this machine's.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kakeru::reason::Reason;
    use crate::kakeru::tally::Tally;

    #[test]
    fn counts_and_buckets_add_up() {
        let mut total = Tally::default();
        for us in [100, 900, 1_000, 40_000, 60_000_000] {
            total.note(true, Ok(200), Duration::from_micros(us));
        }
        total.note(true, Ok(503), Duration::from_millis(30));
        total.note(true, Err(Reason::NoLocalPort), Duration::ZERO);
        let live = Live {
            elapsed: Duration::from_secs(1),
            recent: total.clone(),
            total,
            recent_for: Duration::from_secs(1),
            under_way: 3,
        };
        let text = text(Some(&live), 250.0);
        for line in [
            "kakeru_offered_rate 250",
            "kakeru_requests_in_flight 3",
            "kakeru_requests_total{outcome=\"success\"} 5",
            "kakeru_requests_total{outcome=\"status 503\"} 1",
            "kakeru_requests_total{outcome=\"no local port\"} 1",
            "kakeru_request_duration_seconds_bucket{le=\"0.0005\"} 1",
            "kakeru_request_duration_seconds_bucket{le=\"0.001\"} 3",
            "kakeru_request_duration_seconds_bucket{le=\"0.025\"} 3",
            "kakeru_request_duration_seconds_bucket{le=\"0.05\"} 5",
            "kakeru_request_duration_seconds_bucket{le=\"30\"} 5",
            "kakeru_request_duration_seconds_bucket{le=\"+Inf\"} 6",
            "kakeru_request_duration_seconds_count 6",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is missing in\n{text}");
        }
    }
}
