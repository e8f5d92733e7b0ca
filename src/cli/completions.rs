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
    let script = mended(args.shell, script, &command);
    printer.raw(&script, || serde_json::json!({ "shell": args.shell.to_string() }))?;
    Ok(Exit::Done)
}

/// `clap_complete` 4.6.11 gives a subcommand two names in bash, one where the words are read and another where they are
/// completed, whenever the program's own name has a hyphen; nothing is then completed behind a subcommand. In fish it knows
/// nothing of subcommands of a subcommand's subcommands.
fn mended(shell: Shell, script: String, command: &Command) -> String {
    match shell {
        Shell::Bash => script.replace("gan__subcmd__lab__subcmd__", "gan__lab__subcmd__"),
        Shell::Fish => with_third_level(script, command),
        _ => script,
    }
}

/// A script for fish with the options of commands such as `data make faces`, behind which those of `data make` are not offered.
fn with_third_level(mut script: String, command: &Command) -> String {
    for (first, second) in below(command).flat_map(|first| below(first).map(move |second| (first, second))) {
        let above = format!(
            "__fish_gan_lab_using_subcommand {}; and __fish_seen_subcommand_from {}",
            first.get_name(),
            second.get_name()
        );
        let names: Vec<&str> = below(second).map(Command::get_name).collect();
        if names.is_empty() {
            continue;
        }
        let alone = format!("\"{above}; and not __fish_seen_subcommand_from {}\"", names.join(" "));
        script = script.replace(&format!("\"{above}\""), &alone);
        for third in below(second) {
            let place = format!("{above}; and __fish_seen_subcommand_from {}", third.get_name());
            for option in third.get_arguments() {
                let Some(long) = option.get_long() else { continue };
                let help = option.get_help().map(ToString::to_string).unwrap_or_default().replace('\'', "\\'");
                let value = if option.get_action().takes_values() { " -r" } else { "" };
                script += &format!("complete -c gan-lab -n \"{place}\" -l {long} -d '{help}'{value}\n");
            }
        }
    }
    script
}

/// A command's subcommands, but for help.
fn below(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| sub.get_name() != "help")
}
