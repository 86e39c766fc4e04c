//! The `stuckat` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    stuckat::cli::main()
}
