//! The NFS NULL call: the smallest question an NFS server answers. ONC RPC (RFC 5531) over TCP with record
//! marking, program 100003 (NFS), version 4, procedure 0, no authentication.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Nfs;
use crate::clock::Clock;

/// Where mount targets listen.
pub const NFS_PORT: u16 = 2049;
/// Connect, ask and be answered within this.
pub const PATIENCE: Duration = Duration::from_secs(3);

const PROGRAM_NFS: u32 = 100_003;
const VERSION_4: u32 = 4;
const RPC_VERSION: u32 = 2;
const LAST_FRAGMENT: u32 = 0x8000_0000;
/// Bytes of a call behind its mark.
const CALL_LENGTH: u32 = 40;
/// An answer to NULL has 24 bytes; a verifier may add 400.
const LONGEST_REPLY: usize = 1024;

/// Calls NULL over the network.
#[derive(Debug)]
pub struct TcpNfs {
    port: u16,
    patience: Duration,
    next_xid: AtomicU32,
}

impl Default for TcpNfs {
    fn default() -> Self {
        Self::with(NFS_PORT, PATIENCE)
    }
}

impl TcpNfs {
    /// Another port or patience than EFS needs.
    pub fn with(port: u16, patience: Duration) -> Self {
        Self { port, patience, next_xid: AtomicU32::new(0x6d69_6861) }
    }
}

#[async_trait]
impl Nfs for TcpNfs {
    async fn null_call(&self, ip_address: &str) -> Result<f64, String> {
        let ip: IpAddr = ip_address.parse().map_err(|_| format!("{ip_address} is not an address"))?;
        let xid = self.next_xid.fetch_add(1, Ordering::Relaxed);
        let elapsed = Clock::stopwatch();
        match tokio::time::timeout(self.patience, exchange(ip, self.port, xid)).await {
            Err(_) => Err(format!("no answer in {} s", self.patience.as_secs_f64())),
            Ok(Err(why)) => Err(why),
            Ok(Ok(())) => Ok(elapsed().as_secs_f64() * 1000.0),
        }
    }
}

async fn exchange(ip: IpAddr, port: u16, xid: u32) -> Result<(), String> {
    let mut stream = TcpStream::connect((ip, port)).await.map_err(|e| network_words(&e))?;
    stream.write_all(&call(xid)).await.map_err(|e| network_words(&e))?;
    let mut mark = [0; 4];
    stream.read_exact(&mut mark).await.map_err(|e| reply_words(&e))?;
    let mark = u32::from_be_bytes(mark);
    let length = usize::try_from(mark & !LAST_FRAGMENT).unwrap_or(usize::MAX);
    if mark & LAST_FRAGMENT == 0 || length > LONGEST_REPLY {
        return Err(NOT_NFS.to_owned());
    }
    let mut reply = vec![0; length];
    stream.read_exact(&mut reply).await.map_err(|e| reply_words(&e))?;
    check(&reply, xid)
}

const NOT_NFS: &str = "answers, but not NFS";

/// A record-marked call: xid, CALL, RPC version, program, version, procedure, two empty `AUTH_NONE`.
fn call(xid: u32) -> Vec<u8> {
    let words = [xid, 0, RPC_VERSION, PROGRAM_NFS, VERSION_4, 0, 0, 0, 0, 0];
    let mark = LAST_FRAGMENT | CALL_LENGTH;
    std::iter::once(mark).chain(words).flat_map(u32::to_be_bytes).collect()
}

/// Checks a reply: our xid, REPLY, `MSG_ACCEPTED`, `SUCCESS`.
fn check(reply: &[u8], xid: u32) -> Result<(), String> {
    let word = |n: usize| reply.get(n * 4..n * 4 + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    if word(0) != Some(xid) || word(1) != Some(1) {
        return Err(NOT_NFS.to_owned());
    }
    match word(2) {
        Some(0) => {}
        Some(1) => return Err("the NFS server denied the call".to_owned()),
        _ => return Err(NOT_NFS.to_owned()),
    }
    // The verifier: flavour, length, and that many bytes, padded to words.
    let Some(verifier) = word(4).and_then(|n| usize::try_from(n.div_ceil(4)).ok()) else {
        return Err(NOT_NFS.to_owned());
    };
    match word(verifier.saturating_add(5).min(LONGEST_REPLY)) {
        Some(0) => Ok(()),
        Some(1) => Err("answers RPC, but has no NFS".to_owned()),
        Some(2) => Err("answers NFS, but not version 4".to_owned()),
        Some(n) => Err(format!("the NFS server failed (accept status {n})")),
        None => Err(NOT_NFS.to_owned()),
    }
}

fn network_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "no route".to_owned(),
        ErrorKind::TimedOut => "no answer".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "the connection was reset".to_owned(),
        _ => error.to_string(),
    }
}

fn reply_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof => "the connection was closed without an answer".to_owned(),
        _ => network_words(error),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test's server needs no orderly shutdown")]

    use super::*;
    use tokio::net::TcpListener;

    type Reply = fn([u8; 4]) -> Vec<u8>;

    /// A server that reads a call and answers with what `reply` makes of its xid.
    async fn server(reply: Reply) -> (u16, tokio::task::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::task::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut call = vec![0; 44];
            stream.read_exact(&mut call).await.unwrap();
            stream.write_all(&reply(call[4..8].try_into().unwrap())).await.unwrap();
            call
        });
        (port, task)
    }

    fn record(words: &[u32], xid: [u8; 4]) -> Vec<u8> {
        let length = u32::try_from(words.len() * 4 + 4).unwrap();
        let mut out = (LAST_FRAGMENT | length).to_be_bytes().to_vec();
        out.extend(xid);
        out.extend(words.iter().flat_map(|w| w.to_be_bytes()));
        out
    }

    async fn ask(reply: Reply) -> Result<f64, String> {
        let (port, task) = server(reply).await;
        let answer = TcpNfs::with(port, PATIENCE).null_call("127.0.0.1").await;
        let call = task.await.unwrap();
        // RFC 5531: CALL, RPC version 2, program, version, procedure 0
        assert_eq!(call[..4], [0x80, 0, 0, 40]);
        assert_eq!(call[8..28], [0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0x86, 0xa3, 0, 0, 0, 4, 0, 0, 0, 0]);
        answer
    }

    #[tokio::test]
    async fn a_server_that_accepts_is_timed() {
        let ms = ask(|xid| record(&[1, 0, 0, 0, 0], xid)).await.unwrap();
        assert!((0.0..3000.0).contains(&ms), "{ms}");
        ask(|xid| record(&[1, 0, 1, 8, 7, 7, 0], xid)).await.expect("a verifier is skipped");
    }

    #[tokio::test]
    async fn every_other_answer_is_said_in_words() {
        let cases: [(Reply, &str); 6] = [
            (|_| b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "answers, but not NFS"),
            (|_| record(&[1, 0, 0, 0, 0], [9; 4]), "answers, but not NFS"),
            (|xid| record(&[1, 1, 1, 1], xid), "the NFS server denied the call"),
            (|xid| record(&[1, 0, 0, 0, 1], xid), "answers RPC, but has no NFS"),
            (|xid| record(&[1, 0, 0, 0, 2, 3, 3], xid), "answers NFS, but not version 4"),
            (|_| Vec::new(), "the connection was closed without an answer"),
        ];
        for (reply, words) in cases {
            assert_eq!(ask(reply).await.unwrap_err(), words);
        }
    }

    #[tokio::test]
    async fn no_server_and_a_silent_one() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let nfs = TcpNfs::with(port, Duration::from_millis(50));
        assert_eq!(nfs.null_call("127.0.0.1").await.unwrap_err(), "no answer in 0.05 s");
        drop(listener);
        assert_eq!(nfs.null_call("127.0.0.1").await.unwrap_err(), "connection refused");
        assert_eq!(nfs.null_call("fs-1").await.unwrap_err(), "fs-1 is not an address");
    }
}
