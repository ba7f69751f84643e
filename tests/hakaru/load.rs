//! Clients that know which of their impressions were acknowledged.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::process::{PATIENCE, Reply, parse};

/// Clients under way.
pub struct Load {
    end: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Seen>>,
}

/// What clients have seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Values answered with 200, by client in the order in which they were sent.
    pub acknowledged: Vec<Vec<u32>>,
    /// Answers with another status.
    pub refused: Vec<u16>,
    /// What those said.
    pub reasons: BTreeSet<String>,
    /// Requests without an answer on a connection that had been answered on before, and how each ended. (The first one
    /// of a connection can meet a port that is being closed, which looks the same as one that was closed.)
    pub broken: Vec<String>,
}

impl Seen {
    pub fn count(&self) -> usize {
        self.acknowledged.iter().map(Vec::len).sum()
    }

    /// Every request was answered with 200. `said`: by hakaru, for whoever reads the failure.
    pub fn assert_all_answered(&self, said: &str) {
        let (count, refused, reasons, broken) = (self.count(), &self.refused, &self.reasons, &self.broken);
        assert!(
            refused.is_empty() && broken.is_empty(),
            "{count} answered with 200; {} refused: {refused:?} {reasons:?}; {} not answered: {broken:#?}; hakaru said:\n{said}",
            refused.len(),
            broken.len(),
        );
    }
}

impl Load {
    /// `clients` connections, each one request after the other. Values are unique: client × 1 000 000 + n.
    pub fn start(addresses: &[SocketAddr], clients: u32) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let clients = (0..clients)
            .map(|client| {
                let (end, address) = (Arc::clone(&end), addresses[client as usize % addresses.len()]);
                std::thread::spawn(move || run(address, client, &end))
            })
            .collect();
        Self { end, clients }
    }

    /// Lets them run for a while.
    pub fn on(self, millis: u64) -> Self {
        std::thread::sleep(Duration::from_millis(millis));
        self
    }

    /// Ends them after the answer that each waits for.
    pub fn stop(self) -> Seen {
        self.end.store(true, Relaxed);
        let mut all = Seen::default();
        for client in self.clients {
            let seen = client.join().unwrap();
            all.acknowledged.extend(seen.acknowledged);
            all.refused.extend(seen.refused);
            all.reasons.extend(seen.reasons);
            all.broken.extend(seen.broken);
        }
        all
    }
}

/// Goes on until the end, or until nobody listens any more.
fn run(address: SocketAddr, client: u32, end: &AtomicBool) -> Seen {
    let mut seen = Seen { acknowledged: vec![Vec::new()], ..Seen::default() };
    let mut next = client * 1_000_000;
    'connections: while !end.load(Relaxed) {
        let Ok(mut stream) = TcpStream::connect(address) else { break };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut answered: Option<Instant> = None;
        while !end.load(Relaxed) {
            let value = next;
            next += 1;
            let request = format!("GET /hakaru?name=open&value={value} HTTP/1.1\r\nHost: h\r\n\r\n");
            let sent = Instant::now();
            let reply = match stream.write_all(request.as_bytes()).and_then(|()| answer(&mut stream)) {
                Ok(reply) => reply,
                Err(error) => {
                    seen.broken.extend(answered.map(|last| {
                        let (rest, waited) = (sent.saturating_duration_since(last), sent.elapsed());
                        format!(
                            "value {value}: {error} after {waited:?}, sent {rest:?} after the last answer"
                        )
                    }));
                    continue 'connections;
                }
            };
            answered = Some(Instant::now());
            if reply.status == 200 {
                seen.acknowledged[0].push(value);
            } else {
                seen.refused.push(reply.status);
                seen.reasons.insert(reply.body.clone());
            }
            if reply.header("connection") == Some("close") || reply.status != 200 {
                continue 'connections;
            }
        }
    }
    seen
}

/// A whole answer.
pub fn answer(stream: &mut TcpStream) -> std::io::Result<Reply> {
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    loop {
        if bytes.windows(4).any(|w| w == b"\r\n\r\n") {
            let reply = parse(&bytes);
            let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
            if reply.body.len() >= length {
                return Ok(reply);
            }
        }
        match stream.read(&mut part)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(&part[..count]),
        }
    }
}
