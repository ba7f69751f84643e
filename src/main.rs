//! The `miharu` binary.

fn main() {}
