//! kakeru against real servers on loopback.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]

mod command;
mod load;
mod server;
