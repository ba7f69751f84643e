//! One connection to a target. The task that asks also drives the connection, so that an answer costs one
//! wake-up and dropping the task closes the connection.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::reason::Reason;
use super::target::Ask;

/// A connection that is open. Boxed: it is a kilobyte that would be moved twice a request.
pub struct Line(Box<Open>);

struct Open {
    sender: SendRequest<Empty<Bytes>>,
    connection: Connection<TokioIo<TcpStream>, Empty<Bytes>>,
    over: bool,
}

impl Line {
    /// Speaks HTTP/1.1 over `stream`.
    ///
    /// # Errors
    /// hyper refused; nothing has been sent by then.
    pub async fn open(stream: TcpStream) -> Result<Self, Reason> {
        // A request is one piece: a plain write costs the system less than a vectored one.
        let (sender, connection) =
            http1::Builder::new().writev(false).handshake(TokioIo::new(stream)).await?;
        Ok(Self(Box::new(Open { sender, connection, over: false })))
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// The connection broke, or what came was no HTTP.
    pub async fn ask(&mut self, ask: Ask) -> Result<u16, Reason> {
        let Open { sender, connection, over } = &mut *self.0;
        let mut answer = pin!(async {
            let mut response = sender.send_request(ask).await?;
            // The body is read, or the connection could not be used again, and looked at by nobody.
            while let Some(frame) = response.body_mut().frame().await {
                frame?;
            }
            Ok::<u16, Reason>(response.status().as_u16())
        });
        poll_fn(|cx| {
            // Asking gives the connection something to write, the connection gives the answer something to read:
            // two rounds are what an answer that came in one piece takes, and save a trip through the scheduler.
            for _ in 0..2 {
                if let Poll::Ready(end) = answer.as_mut().poll(cx) {
                    return Poll::Ready(end);
                }
                // How the connection ended is told to the answer too.
                *over = *over || Pin::new(&mut *connection).poll(cx).is_ready();
            }
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Whether another request can be sent, as far as this side knows by now.
    pub fn is_open(&mut self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        let Open { sender, connection, over } = &mut *self.0;
        *over = *over || Pin::new(connection).poll(&mut nobody).is_ready();
        !*over && sender.is_ready()
    }
}
