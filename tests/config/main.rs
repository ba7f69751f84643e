//! Settings, themes and keymaps: what is taken, where it came from, and what every mistake says.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

mod bad;
mod datasource;
mod keymaps;
mod layers;
mod print;
mod themes;
