//! Where the load goes: plain HTTP/1.1 addresses, how far away they are, and what is asked of them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use http::{Request, Uri};
use http_body_util::Empty;

use super::mix::KINDS;

/// A request of a kind, ready to be copied and sent.
pub type Ask = Request<Empty<Bytes>>;

/// How long a name may take to be looked up.
const LOOKUP: Duration = Duration::from_secs(5);

/// One address to put load on.
#[derive(Debug, Clone)]
pub struct Target {
    url: String,
    host: String,
    port: u16,
    asks: Vec<Ask>,
}

/// Why an address cannot be used, in words.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("{0:?} is not an address such as http://127.0.0.1:8081")]
    Malformed(String),
    /// Not plain HTTP.
    #[error("{0:?}: kakeru speaks plain HTTP only; give it the port behind TLS")]
    NotPlain(String),
    /// With a name and a password, which are not shown again.
    #[error("a name and a password in an address are not used; leave them out")]
    Credentials,
    /// The name leads nowhere.
    #[error("{host} cannot be looked up: {why}")]
    Unknown {
        /// The name.
        host: String,
        /// What the resolver says.
        why: String,
    },
}

impl Target {
    /// Reads `http://host[:port][/path[?query]]`. Without a path it is `/hakaru`; without a query, users ask with
    /// the queries of the mix; with one, every request asks exactly that. `one_request` says in each request that
    /// its connection ends with it.
    ///
    /// # Errors
    /// Not an address, or one of a scheme other than `http`.
    pub fn parse(url: &str, one_request: bool) -> Result<Self, TargetError> {
        let malformed = || TargetError::Malformed(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some(_) => return Err(TargetError::NotPlain(url.to_owned())),
            None => return Err(malformed()),
        }
        let authority = uri.authority().ok_or_else(malformed)?;
        if authority.as_str().contains('@') {
            return Err(TargetError::Credentials);
        }
        if authority.host().is_empty() {
            return Err(malformed());
        }
        let path = if uri.path() == "/" && uri.query().is_none() { "/hakaru" } else { uri.path() };
        let asks = match uri.query() {
            Some(query) => vec![format!("{path}?{query}")],
            None => KINDS.iter().map(|(query, _)| format!("{path}?{query}")).collect(),
        };
        let asks: Option<Vec<Ask>> =
            asks.into_iter().map(|path| ask(&path, authority.as_str(), one_request)).collect();
        Ok(Self {
            url: url.to_owned(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(80),
            asks: asks.ok_or_else(malformed)?,
        })
    }

    /// As it was given.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The request of a user of `kind` (index into [`KINDS`]).
    pub fn ask(&self, kind: usize) -> Option<Ask> {
        self.asks.get(kind).or(self.asks.first()).cloned()
    }

    /// All addresses of the host, now.
    ///
    /// # Errors
    /// The name is unknown, or the resolver does not answer within 5 s.
    pub async fn addresses(&self) -> Result<Vec<SocketAddr>, TargetError> {
        let unknown = |why: String| TargetError::Unknown { host: self.host.clone(), why };
        let lookup = tokio::net::lookup_host((self.host.as_str(), self.port));
        let found = tokio::time::timeout(LOOKUP, lookup)
            .await
            .map_err(|_| unknown("the resolver does not answer".into()))?
            .map_err(|e| unknown(e.to_string()))?;
        let mut found: Vec<SocketAddr> = found.collect();
        // A name with both kinds: the one that is sure to be routed everywhere. hakaru listens on it by default.
        if found.iter().any(SocketAddr::is_ipv4) {
            found.retain(SocketAddr::is_ipv4);
        }
        found.dedup();
        if found.is_empty() { Err(unknown("it has no address".into())) } else { Ok(found) }
    }
}

fn ask(path: &str, host: &str, one_request: bool) -> Option<Ask> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = path.parse().ok()?;
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_str(host).ok()?);
    // Whoever finds this in a log shall know what it was.
    let agent = concat!("miharu-kakeru/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    if one_request {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Some(request)
}

/// Whether the load stays on this machine.
pub fn is_local(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uris(url: &str) -> Vec<String> {
        let target = Target::parse(url, false).unwrap();
        (0..3).map(|kind| target.ask(kind).unwrap().uri().to_string()).collect()
    }

    #[test]
    fn without_a_query_the_mix_is_asked_and_with_one_exactly_that() {
        let mix = |path: &str| KINDS.map(|(query, _)| format!("{path}?{query}")).to_vec();
        assert_eq!(uris("http://127.0.0.1:8081"), mix("/hakaru"));
        assert_eq!(uris("http://127.0.0.1:8081/"), mix("/hakaru"));
        assert_eq!(uris("http://127.0.0.1:8081/other"), mix("/other"));
        assert_eq!(uris("http://127.0.0.1:8081/ok?x=1"), ["/ok?x=1"; 3]);
    }

    #[test]
    fn requests_name_their_host_and_who_sent_them() {
        let request = Target::parse("http://[::1]:8081", true).unwrap().ask(0).unwrap();
        assert_eq!(request.headers()[HOST], "[::1]:8081");
        assert_eq!(request.headers()[CONNECTION], "close");
        assert!(request.headers()[USER_AGENT].to_str().unwrap().starts_with("miharu-kakeru/"));
        assert!(
            !Target::parse("http://a", false).unwrap().ask(0).unwrap().headers().contains_key(CONNECTION)
        );
    }

    #[test]
    fn what_is_not_plain_http_is_refused() {
        for (url, why) in [
            ("https://example.com", "plain HTTP"),
            ("127.0.0.1:8081", "is not an address"),
            ("http://", "is not an address"),
            ("http://me:secret@host/", "leave them out"),
            ("/hakaru", "is not an address"),
            ("", "is not an address"),
        ] {
            let error = Target::parse(url, false).unwrap_err().to_string();
            assert!(error.contains(why), "{url}: {error}");
        }
    }

    #[tokio::test]
    async fn addresses_are_found_and_known_to_be_near() {
        let found = Target::parse("http://[::1]", false).unwrap().addresses().await.unwrap();
        assert_eq!(found, ["[::1]:80".parse().unwrap()]);
        let local = |a: &str| is_local(&a.parse().unwrap());
        assert!(local("127.1.2.3:80") && local("[::1]:80") && local("[::ffff:127.0.0.1]:80"));
        assert!(!local("10.0.0.1:80") && !local("0.0.0.0:80") && !local("[::ffff:10.0.0.1]:80"));
    }
}
