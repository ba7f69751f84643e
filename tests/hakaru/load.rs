//! Clients that know which of their impressions were acknowledged.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use super::process::{PATIENCE, parse};

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
    /// Requests without an answer on a connection that had been answered on before. (The first one of a connection
    /// can meet a port that is being closed, which looks the same as one that was closed.)
    pub broken: usize,
}

impl Seen {
    pub fn count(&self) -> usize {
        self.acknowledged.iter().map(Vec::len).sum()
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
            all.broken += seen.broken;
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
        let mut answered = false;
        while !end.load(Relaxed) {
            let value = next;
            next += 1;
            let request = format!("GET /hakaru?name=open&value={value} HTTP/1.1\r\nHost: h\r\n\r\n");
            if stream.write_all(request.as_bytes()).is_err() {
                seen.broken += usize::from(answered);
                continue 'connections;
            }
            let Some(head) = head(&mut stream) else {
                seen.broken += usize::from(answered);
                continue 'connections;
            };
            answered = true;
            let reply = parse(&head);
            match reply.status {
                200 => seen.acknowledged[0].push(value),
                other => seen.refused.push(other),
            }
            if reply.header("connection") == Some("close") || reply.status != 200 {
                continue 'connections;
            }
        }
    }
    seen
}

/// An answer without a body.
fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    while !bytes.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
    Some(bytes)
}
