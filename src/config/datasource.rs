//! The forms in which a database is named: URLs, and the Go DSN of an existing deployment,
//! `user:password@tcp(host:port)/database?params` (github.com/go-sql-driver/mysql, README "DSN").

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::{Wrong, nearest};
use super::model::Datasource;

/// What is expected of a datasource.
pub(super) const EXPECTED: &str = "a database as \"mysql://user:password@host:3306/database\", \
    \"sqlite:///path/file.db\" or \"user:password@tcp(host:3306)/database\"";

/// What may stand unencoded in a part of a URL.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The parts of a Go DSN.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Dsn {
    /// User; may be empty.
    pub user: String,
    /// Password, where one is given.
    pub password: Option<String>,
    /// Where the server listens.
    pub address: Address,
    /// Database.
    pub database: String,
    /// What stands after `?`, as it is.
    pub params: Option<String>,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `tcp(host:port)`; IPv6 in brackets.
    Tcp(String, u16),
    /// `unix(/path)`.
    Unix(String),
}

impl Default for Address {
    fn default() -> Self {
        Self::Tcp("127.0.0.1".into(), 3306)
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dsn(…)")
    }
}

impl Dsn {
    /// Reads a Go DSN by the rules of its driver: the last `/` ends the address, the last `@` before it ends
    /// the credentials, the first `:` in those ends the user.
    ///
    /// # Errors
    /// What is wrong, in words that do not repeat it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (server, rest) = text.rsplit_once('/').ok_or("there is no \"/\" before the database")?;
        let (credentials, address) = match server.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, server),
        };
        let (user, password) = match credentials.unwrap_or_default().split_once(':') {
            Some((user, password)) => (user, Some(password.to_owned())),
            None => (credentials.unwrap_or_default(), None),
        };
        let (database, params) = match rest.split_once('?') {
            Some((database, params)) => (database, Some(params.to_owned())),
            None => (rest, None),
        };
        if database.is_empty() {
            return Err("there is no database after the \"/\"".into());
        }
        let database = percent_decode_str(database).decode_utf8().map_err(|_| "the database is not UTF-8")?;
        Ok(Self {
            user: user.to_owned(),
            password,
            address: address_of(address)?,
            database: database.into_owned(),
            params,
        })
    }

    /// The same as a `mysql://` URL. Parameters of the Go driver stay as they are.
    pub fn url(&self) -> String {
        let encode = |s: &str| utf8_percent_encode(s, PART).to_string();
        let mut url = format!("mysql://{}", encode(&self.user));
        if let Some(password) = &self.password {
            url.push(':');
            url.push_str(&encode(password));
        }
        let mut params: Vec<String> = self.params.iter().filter(|p| !p.is_empty()).cloned().collect();
        match &self.address {
            Address::Tcp(host, port) => url.push_str(&["@", host, ":", &port.to_string()].concat()),
            Address::Unix(path) => {
                url.push_str("@localhost");
                params.push(format!("socket={}", encode(path)));
            }
        }
        url.push('/');
        url.push_str(&encode(&self.database));
        if !params.is_empty() {
            url.push('?');
            url.push_str(&params.join("&"));
        }
        url
    }
}

impl fmt::Display for Dsn {
    /// The Go form, with the password: for a connection, never for a screen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.user)?;
        if let Some(password) = &self.password {
            write!(f, ":{password}")?;
        }
        match &self.address {
            Address::Tcp(host, port) => write!(f, "@tcp({host}:{port})")?,
            Address::Unix(path) => write!(f, "@unix({path})")?,
        }
        write!(f, "/{}", utf8_percent_encode(&self.database, PART))?;
        if let Some(params) = &self.params {
            write!(f, "?{params}")?;
        }
        Ok(())
    }
}

fn address_of(text: &str) -> Result<Address, String> {
    let (net, address) = match text.split_once('(') {
        Some((net, rest)) => (net, rest.strip_suffix(')').ok_or("the \")\" after the address is missing")?),
        None => (text, ""),
    };
    match net {
        "" | "tcp" if address.is_empty() => Ok(Address::default()),
        "tcp" => tcp(address),
        "unix" if address.is_empty() => Ok(Address::Unix("/tmp/mysql.sock".into())),
        "unix" if address.starts_with('/') => Ok(Address::Unix(address.to_owned())),
        "unix" => Err("a socket is an absolute path: unix(/run/mysqld/mysqld.sock)".into()),
        _ => Err("the address is neither tcp(host:port) nor unix(/path)".into()),
    }
}

fn tcp(address: &str) -> Result<Address, String> {
    const PORT: &str = "the port is not a number from 1 to 65535";
    let (host, port) = if let Some((v6, rest)) = address.strip_prefix('[').and_then(|a| a.split_once(']')) {
        (format!("[{v6}]"), rest.strip_prefix(':').or((!rest.is_empty()).then_some("?")))
    } else {
        match address.split_once(':') {
            Some((host, port)) => (host.to_owned(), Some(port)),
            None => (address.to_owned(), None),
        }
    };
    let port = port.map_or(Ok(3306), str::parse).map_err(|_| PORT)?;
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    if port == 0 {
        return Err(PORT.into());
    }
    if plain.is_empty() || plain.contains(|c: char| c.is_whitespace() || "/()[]@?#".contains(c)) {
        return Err("the address is not host:port (IPv6 in brackets)".into());
    }
    Ok(Address::Tcp(host, port))
}

/// Reads any of the forms.
pub(super) fn parse(text: &str) -> Result<Datasource, Wrong> {
    let wrong = |why: &str| Wrong::new(EXPECTED).remedy(format!("correct it: {why}"));
    match text.split_once("://") {
        Some(("mysql", rest)) => {
            let (server, rest) =
                rest.split_once('/').ok_or_else(|| wrong("there is no \"/\" before the database"))?;
            let host = server.rsplit_once('@').map_or(server, |(_, host)| host);
            if rest.split('?').next().is_none_or(str::is_empty) {
                return Err(wrong("there is no database after the \"/\""));
            }
            if host.is_empty() {
                return Err(wrong("there is no host"));
            }
            tcp(host).map_err(|why| wrong(&why))?;
            Ok(Datasource { url: text.to_owned() })
        }
        Some(("sqlite", path)) if !path.is_empty() => Ok(Datasource { url: text.to_owned() }),
        Some(("sqlite", _)) => Err(wrong("there is no path after sqlite://")),
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            let nearest = nearest(scheme, ["mysql", "sqlite"]).map(|s| format!("{s}://"));
            Err(Wrong { nearest, ..Wrong::new(EXPECTED) })
        }
        _ => match Dsn::parse(text) {
            Ok(dsn) => Ok(Datasource { url: dsn.url() }),
            Err(why) => Err(wrong(&why)),
        },
    }
}

impl Datasource {
    /// The URL with `…` for the password and without parameters, which may hold another.
    pub fn shown(&self) -> String {
        let url = self.url.split('?').next().unwrap_or_default();
        let Some((scheme, rest)) = url.split_once("://") else { return "…".into() };
        let Some((credentials, host)) = rest.rsplit_once('@') else { return url.to_owned() };
        match credentials.split_once(':') {
            Some((user, _)) => format!("{scheme}://{user}:…@{host}"),
            None => url.to_owned(),
        }
    }
}
