//! hakaru as it is: the real binary under real load, killed, cut off, overfed. What is checked in the end is always
//! the event log itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]
#![expect(clippy::disallowed_methods, reason = "real processes need real time")]

#[path = "hakaru/capacity.rs"]
mod capacity;
#[path = "hakaru/clients.rs"]
mod clients;
#[path = "hakaru/database.rs"]
mod database;
#[path = "hakaru/ends.rs"]
mod ends;
#[path = "hakaru/interface.rs"]
mod interface;
#[path = "hakaru/load.rs"]
mod load;
#[expect(dead_code, reason = "the journal's tests use the rest")]
#[path = "support/mariadb.rs"]
mod mariadb;
#[path = "hakaru/outage.rs"]
mod outage;
#[path = "hakaru/pressure.rs"]
mod pressure;
#[path = "hakaru/process.rs"]
mod process;
#[path = "hakaru/tls.rs"]
mod tls;
