//! miharu: the library behind the one binary.

pub mod app;
pub mod aws;
pub mod clock;
pub mod config;
pub mod domain;
pub mod engine;
pub mod simulated;
pub mod sources;
