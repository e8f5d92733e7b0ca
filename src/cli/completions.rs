//! `gan-lab completions`

use anyhow::Context as _;
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

pub(super) fn run(args: &CompletionsArgs, mut command: Command, printer: &Printer) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "gan-lab", &mut script);
    let script = String::from_utf8(script).context("the script is not text")?;
    printer.raw(&mended(args.shell, &script), || serde_json::json!({ "shell": args.shell.to_string() }))?;
    Ok(Exit::Done)
}

/// `clap_complete` 4.6.11 gives a subcommand two names in bash, one where the words are read and another where they are
/// completed, whenever the program's own name has a hyphen; nothing is then completed behind a subcommand.
fn mended(shell: Shell, script: &str) -> String {
    if shell == Shell::Bash {
        script.replace("gan__subcmd__lab__subcmd__", "gan__lab__subcmd__")
    } else {
        script.to_owned()
    }
}
