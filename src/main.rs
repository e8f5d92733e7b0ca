//! `gan-lab`, the command.

#[cfg(torch_on_demand)]
mod torch_functions;

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(torch_on_demand)]
    gan_lab::torch_library::on_demand(&torch_functions::FUNCTIONS);
    gan_lab::cli::main()
}
