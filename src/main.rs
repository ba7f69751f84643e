//! The `miharu` binary: see the library's architecture note.

use std::process::ExitCode;

fn main() -> ExitCode {
    miharu::cli::run()
}
