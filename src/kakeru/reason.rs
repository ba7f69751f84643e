//! Why a request failed, in words that stand in the report.

use std::error::Error;
use std::fmt;
use std::io;

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No complete answer within the timeout, counted from the intended start.
    Timeout,
    /// An answer other than 200.
    Status(u16),
    /// Nobody listens there.
    Refused,
    /// The other side broke the connection off.
    Reset,
    /// The other side closed the connection before the answer was complete.
    Closed,
    /// The other side answered something that is not HTTP/1.1.
    NotHttp,
    /// No way leads there.
    Unreachable,
    /// Every local port of the source address is in use, or waits for its end.
    NoLocalPort,
    /// This process, or this machine, has no file descriptor left.
    NoDescriptor,
    /// So many earlier requests were still unanswered that this one could not be started before its timeout.
    NotStarted,
    /// The load was broken off before an answer came.
    Interrupted,
    /// Something else; connecting or the connection failed.
    Failed,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "timeout",
            Self::Status(code) => return write!(f, "status {code}"),
            Self::Refused => "connection refused",
            Self::Reset => "reset",
            Self::Closed => "closed without an answer",
            Self::NotHttp => "not HTTP",
            Self::Unreachable => "unreachable",
            Self::NoLocalPort => "no local port",
            Self::NoDescriptor => "too many open files",
            Self::NotStarted => "not started in time",
            Self::Interrupted => "interrupted",
            Self::Failed => "connection failed",
        })
    }
}

impl From<&io::Error> for Reason {
    fn from(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        const TOO_MANY: [i32; 2] =
            [rustix::io::Errno::MFILE.raw_os_error(), rustix::io::Errno::NFILE.raw_os_error()];
        if error.raw_os_error().is_some_and(|code| TOO_MANY.contains(&code)) {
            return Self::NoDescriptor;
        }
        match error.kind() {
            Kind::TimedOut => Self::Timeout,
            Kind::ConnectionRefused => Self::Refused,
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Self::Reset,
            Kind::UnexpectedEof | Kind::NotConnected => Self::Closed,
            // The first from connect, the second from bind.
            Kind::AddrNotAvailable | Kind::AddrInUse => Self::NoLocalPort,
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Self::Unreachable,
            _ => Self::Failed,
        }
    }
}

impl From<hyper::Error> for Reason {
    fn from(error: hyper::Error) -> Self {
        let mut source = error.source();
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                return io.into();
            }
            source = inner.source();
        }
        if error.is_parse() {
            Self::NotHttp
        } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            Self::Closed
        } else {
            Self::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_become_words() {
        for (errno, words) in [
            (rustix::io::Errno::CONNREFUSED, "connection refused"),
            (rustix::io::Errno::CONNRESET, "reset"),
            (rustix::io::Errno::PIPE, "reset"),
            (rustix::io::Errno::ADDRNOTAVAIL, "no local port"),
            (rustix::io::Errno::ADDRINUSE, "no local port"),
            (rustix::io::Errno::MFILE, "too many open files"),
            (rustix::io::Errno::NFILE, "too many open files"),
            (rustix::io::Errno::HOSTUNREACH, "unreachable"),
            (rustix::io::Errno::NETUNREACH, "unreachable"),
            (rustix::io::Errno::TIMEDOUT, "timeout"),
            (rustix::io::Errno::ACCESS, "connection failed"),
        ] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(Reason::from(&error).to_string(), words, "{error}");
        }
        assert_eq!(Reason::Status(503).to_string(), "status 503");
    }
}
