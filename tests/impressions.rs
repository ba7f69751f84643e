//! The source of impressions on a real server, on a real file, and on real processes. What it says is compared with
//! what the database says itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]
#![expect(clippy::disallowed_methods, reason = "real processes need real time")]

#[path = "impressions/eye.rs"]
mod eye;
#[path = "impressions/lite.rs"]
mod lite;
#[path = "support/mariadb.rs"]
mod mariadb;
#[expect(dead_code, reason = "the tests of hakaru use the rest")]
#[path = "hakaru/process.rs"]
mod process;
#[path = "impressions/server.rs"]
mod server;
#[path = "impressions/service.rs"]
mod service;
