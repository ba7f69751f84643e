//! Counters of the instances that a load goes to, for the load's own `/metrics`: only the load knows where they are
//! when they come and go. Each line says by the label `instance` whose it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join, join_all};
use http::header::{CONNECTION, HOST, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest that any of them is waited for: whoever reads the load's page waits as well.
const PATIENCE: Duration = Duration::from_millis(300);
/// Bytes of one page, at most.
const SIZE: usize = 256 << 10;
/// Instances that are asked, at most.
const MOST: usize = 64;

/// What they count now. Of one that does not answer there is a comment and no number.
pub async fn text(addresses: &[SocketAddr]) -> String {
    let ask = |address: &SocketAddr| {
        let address = *address;
        async move { (address, timeout(PATIENCE, page(address)).await.ok().flatten()) }
    };
    labelled(&join_all(addresses.iter().take(MOST).map(ask)).await)
}

/// All pages as one, with the lines of a metric together, as the format wants them. What is said of metrics is left
/// out: it may stand there only once.
fn labelled(pages: &[(SocketAddr, Option<String>)]) -> String {
    let mut metrics: BTreeMap<&str, String> = BTreeMap::new();
    let mut silent = String::new();
    for (address, page) in pages {
        let Some(page) = page else {
            let _ = writeln!(silent, "# {address} does not answer");
            continue;
        };
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, rest)) = line.find(['{', ' ']).map(|end| line.split_at(end)) else { continue };
            let lines = metrics.entry(name).or_default();
            let _ = match rest.strip_prefix('{') {
                Some(labels) => writeln!(lines, "{name}{{instance=\"{address}\",{labels}"),
                None => writeln!(lines, "{name}{{instance=\"{address}\"}}{rest}"),
            };
        }
    }
    metrics.into_values().chain([silent]).collect()
}

/// The page of one instance; `None` if there is none.
async fn page(address: SocketAddr) -> Option<String> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get("/metrics")
        .header(HOST, address.to_string())
        .header(CONNECTION, HeaderValue::from_static("close"))
        .body(Empty::<Bytes>::new())
        .ok()?;
    let answer = async move {
        let response = sender.send_request(request).await.ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let body = Limited::new(response.into_body(), SIZE).collect().await.ok()?;
        String::from_utf8(body.to_bytes().into()).ok()
    };
    // How the connection ended is told to the answer too.
    join(answer, connection).await.0
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn every_line_says_whose_it_is_and_those_of_a_metric_stand_together() {
        let page = |n: u64| {
            Some(format!(
                "# HELP a_total All.\n# TYPE a_total counter\na_total{{code=\"200\",le=\"+Inf\"}} {n}\n\
                 a_total{{code=\"503\"}} 1\n\nup 1.5\nnonsense\n"
            ))
        };
        let [one, two, three] = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        assert_eq!(
            labelled(&[(one, page(7)), (two, None), (three, page(8))]),
            "a_total{instance=\"127.0.0.1:1\",code=\"200\",le=\"+Inf\"} 7\n\
             a_total{instance=\"127.0.0.1:1\",code=\"503\"} 1\n\
             a_total{instance=\"127.0.0.1:3\",code=\"200\",le=\"+Inf\"} 8\n\
             a_total{instance=\"127.0.0.1:3\",code=\"503\"} 1\n\
             up{instance=\"127.0.0.1:1\"} 1.5\nup{instance=\"127.0.0.1:3\"} 1.5\n\
             # 127.0.0.1:2 does not answer\n"
        );
    }

    #[tokio::test]
    async fn one_that_hangs_fails_or_is_gone_keeps_nobody_from_the_others() {
        let mut addresses = Vec::new();
        let mut listeners = Vec::new();
        for _ in 0..4 {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            listeners.push(listener);
        }
        // Nobody is at the last address; at the one before it connections are taken by the kernel alone.
        listeners.pop();
        let _hangs = listeners.pop();
        let answers = ["200 OK\r\nContent-Length: 4", "503 Busy\r\nContent-Length: 4"];
        let serve = join_all(listeners.iter().zip(answers).map(|(listener, head)| async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = stream.read(&mut [0; 1024]).await.unwrap();
            assert!(asked > 0);
            stream.write_all(format!("HTTP/1.1 {head}\r\n\r\na 1\n").as_bytes()).await.unwrap();
        }));
        let (text, _) = join(text(&addresses), serve).await;
        let mut expected = format!("a{{instance=\"{}\"}} 1\n", addresses[0]);
        for silent in &addresses[1..] {
            writeln!(expected, "# {silent} does not answer").unwrap();
        }
        assert_eq!(text, expected);
    }
}
