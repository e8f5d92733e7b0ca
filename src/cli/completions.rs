//! `gan-lab completions`

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::Exit;
use super::printer::Printer;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "For bash:  gan-lab completions bash > ~/.local/share/bash-completion/completions/gan-lab")]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, mut command: Command) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "gan-lab", &mut script);
    Printer::raw(&script);
    Exit::Done
}
