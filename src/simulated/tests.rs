//! Invariants of the world itself; behaviour through the ports is in `tests/simulated.rs`.
