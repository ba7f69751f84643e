//! Where connections come from. One address has about 28 000 local ports, and a closed connection may keep its
//! port for a minute, so connections to this machine come from many addresses of 127.0.0.0/8. Anywhere else the
//! system chooses: only its own addresses are routed back.
//!
//! Address and port are named, in turn. Asking the system for any free port of an address makes it look through
//! the ports one by one, half a millisecond a connection once some thousand are in use.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::{TcpSocket, TcpStream};

/// Local ports that Linux gives to clients unless told otherwise.
const PORTS: RangeInclusive<u16> = 32_768..=60_999;
/// Where it says what it was told.
const PORTS_FILE: &str = "/proc/sys/net/ipv4/ip_local_port_range";
/// Seconds a port may stay in use after its connection.
const TIME_WAIT_S: f64 = 60.0;
/// First source address: 127.96.0.1.
const FIRST: u32 = 0x7f60_0001;
/// Most source addresses.
pub const MOST: u32 = 65_000;
/// Ports that are tried for a connection before it is said that none is left.
const TRIES: usize = 32;

/// Source addresses and ports that take turns.
#[derive(Debug)]
pub struct Sources {
    count: u32,
    ports: RangeInclusive<u16>,
    next: AtomicU64,
}

impl Sources {
    /// `count` addresses. `from` says where in the round of ports to begin: two loads one after the other, or side
    /// by side, shall not begin with the same.
    pub fn new(count: u32, from: u64) -> Self {
        let told = std::fs::read_to_string(PORTS_FILE).ok().and_then(|text| ports(&text));
        Self { count: count.clamp(1, MOST), ports: told.unwrap_or(PORTS), next: AtomicU64::new(from) }
    }

    /// As many as connections at `per_s` a second need, each of which keeps its port for a minute, and `open` at
    /// once; one to spare.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from float saturates"
    )]
    pub fn enough_for(per_s: f64, open: usize) -> u32 {
        let ports = per_s * TIME_WAIT_S + open as f64;
        ((ports / PORTS.len() as f64).ceil() as u32).saturating_add(1).min(MOST)
    }

    /// Address and port of the next connection.
    fn next(&self) -> SocketAddrV4 {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let (count, ports) = (u64::from(self.count), self.ports.len().max(1) as u64);
        // The address changes each time: so a port of an address rests for as long as can be.
        let address = u32::try_from(n % count).unwrap_or_default();
        let port = u16::try_from(n / count % ports).unwrap_or_default();
        SocketAddrV4::new(Ipv4Addr::from_bits(FIRST + address), self.ports.start().saturating_add(port))
    }

    /// Connects.
    ///
    /// # Errors
    /// What the system says: refused, unreachable, no port left, …
    pub async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let stream = match to.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => self.connect_from_a_turn(to).await?,
            _ => TcpStream::connect(to).await?,
        };
        // A request is one write: waiting for more to send with it would only delay it.
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn connect_from_a_turn(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
        for _ in 0..TRIES {
            let socket = TcpSocket::new_v4()?;
            // A port whose last connection only waits for its end may be taken again.
            socket.set_reuseaddr(true)?;
            let connected = match socket.bind(self.next().into()) {
                Ok(()) => socket.connect(to).await,
                Err(error) => Err(error),
            };
            match connected {
                // The first is bind's word for a port in use, the second connect's.
                Err(error) if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable) => {
                    last = error;
                }
                done => return done,
            }
        }
        Err(last)
    }
}

/// Two numbers, the second included.
fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let mut numbers = text.split_whitespace().map(str::parse);
    let (first, last) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    (first <= last).then_some(first..=last)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn addresses_change_each_time_and_no_pair_comes_twice_in_a_round() {
        let sources = Sources { count: 3, ports: 40_000..=40_003, next: AtomicU64::new(0) };
        let seen: Vec<SocketAddrV4> = (0..12).map(|_| sources.next()).collect();
        let ips: Vec<String> = seen.iter().take(4).map(|a| a.ip().to_string()).collect();
        assert_eq!(ips, ["127.96.0.1", "127.96.0.2", "127.96.0.3", "127.96.0.1"]);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 12);
        assert_eq!(sources.next(), seen[0]);
    }

    #[test]
    fn there_are_enough_for_the_rate() {
        assert_eq!(Sources::enough_for(0.0, 100), 2);
        assert_eq!(Sources::enough_for(20_000.0, 0), 44);
        assert!(u64::from(Sources::enough_for(30_000.0, 16_000)) * 28_000 > 30_000 * 60 + 16_000);
        assert_eq!(Sources::enough_for(f64::MAX, 0), MOST);
        assert!(Ipv4Addr::from_bits(FIRST + MOST).is_loopback());
    }

    #[test]
    fn the_systems_range_is_read() {
        assert_eq!(ports("32768\t60999\n"), Some(32_768..=60_999));
        assert_eq!(ports("60999 1"), None);
        assert_eq!(ports("no"), None);
    }

    /// A machine with two ports, both taken: the third connection says so.
    #[tokio::test]
    async fn without_a_port_it_says_so() {
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = server.local_addr().unwrap();
        // Two that are free: whoever else has them, the test would not know.
        let (mut first, mut found) = (40_000_u16, Vec::new());
        let sources = loop {
            let ports = first..=first + 1;
            let sources = Sources { count: 1, ports, next: AtomicU64::new(0) };
            if let (Ok(one), Ok(two)) = (sources.connect(to).await, sources.connect(to).await) {
                found.extend([one, two]);
                break sources;
            }
            first += 2;
        };
        let error = sources.connect(to).await.unwrap_err();
        assert_eq!(crate::kakeru::reason::Reason::from(&error).to_string(), "no local port");
        drop(found);
    }
}
