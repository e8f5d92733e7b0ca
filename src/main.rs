//! `gan-lab`, the command.

use std::process::ExitCode;

fn main() -> ExitCode {
    gan_lab::cli::main()
}
