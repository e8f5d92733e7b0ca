//! The command line: clap's arguments, the lines that turn them into configs and calls, what a person reads.

#[cfg(not(feature = "torch"))]
mod absent;
mod args;
mod compare;
mod completions;
mod config;
mod convert;
mod data;
mod doctor;
#[cfg(test)]
mod documented;
mod draw;
mod eval;
mod exit;
mod export;
mod faces;
mod folder;
mod generator;
mod inspect;
mod jobs;
mod lesson;
mod local;
mod man;
mod measured;
mod options;
mod pages;
mod points;
mod preview;
mod printer;
mod progress;
mod protocol;
mod quickstart;
#[cfg(feature = "torch")]
mod reader;
mod reading;
mod report;
mod run;
mod runs;
mod sefa;
mod session;
mod signals;
mod studio;
mod sweep;
mod table;
mod train;
mod traits;
mod watch;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use exit::{Exit, Failure};
use printer::{OutputArgs, Printer};

/// Train small GANs on 2-D points, and find the semantic directions of image generators.
#[derive(Debug, Parser)]
#[command(
    name = "gan-lab",
    version = crate::version::full(),
    max_term_width = 100,
    propagate_version = true,
    after_help = "Begin with:\n  \
                  gan-lab quickstart    train three GANs and draw them, in under two minutes\n  \
                  gan-lab train gan     train the lab's GAN on data/points.mat\n  \
                  gan-lab draw          draw the recorded runs as GIFs in gif/\n  \
                  gan-lab sefa          show the semantic directions of a bundled model of faces\n\n\
                  \"The lab\" is the university exercise that gan-lab began with; gan-lab train follows its recipe by \
                  default.\n\n\
                  Exit codes: 0 done, 1 a problem that you can solve, 2 wrong usage, 70 a bug in gan-lab, 75 run it \
                  again (gan-lab run saved its state, or another process is at work on the run), 130 or 143 interrupted \
                  after saving."
)]
struct Cli {
    #[command(flatten)]
    output: OutputArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Quickstart(quickstart::QuickstartArgs),
    Train(Box<train::TrainArgs>),
    Draw(draw::DrawArgs),
    Eval(eval::EvalArgs),
    Compare(Box<compare::CompareArgs>),
    Report(report::ReportArgs),
    Watch(watch::WatchArgs),
    Lesson(lesson::LessonArgs),
    Export(export::ExportArgs),
    Sweep(Box<sweep::SweepArgs>),
    Protocol(protocol::ProtocolArgs),
    Run(run::RunArgs),
    Runs(runs::RunsArgs),
    Sefa(Box<sefa::SefaArgs>),
    Convert(convert::ConvertArgs),
    Inspect(inspect::InspectArgs),
    #[command(subcommand)]
    Data(data::DataCommand),
    Config(Box<config::ConfigArgs>),
    Doctor(doctor::DoctorArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Parses the arguments, runs the command, and gives the exit code.
pub fn main() -> ExitCode {
    signals::survive_file_limits();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return without_command(&error, &Printer::for_arguments(&arguments)),
    };
    crate::memory::keep_freed();
    let printer = Printer::new(cli.output);
    let run = std::panic::AssertUnwindSafe(|| run(cli.command, &printer));
    match std::panic::catch_unwind(run) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(error)) => fail(&Failure::of(&error), &printer),
        Err(_) => fail(&Failure::internal(), &printer),
    }
}

/// The arguments as they are meant.
fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let mut command = args::numbers_are_values(Cli::command());
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn fail(failure: &Failure, printer: &Printer) -> ExitCode {
    printer.failure(failure);
    failure.exit.into()
}

/// Help, the version, or what is wrong with the arguments.
fn without_command(said: &clap::Error, printer: &Printer) -> ExitCode {
    if said.use_stderr() {
        if printer.is_json() {
            return fail(&Failure::of_arguments(said), printer);
        }
        // Nobody could be told that a complaint was not heard.
        let _ = said.print();
        return Exit::Usage.into();
    }
    match printer::written(said.print().and_then(|()| std::io::stdout().flush())) {
        Ok(()) => Exit::Done.into(),
        Err(error) => fail(&Failure::of(&error), printer),
    }
}

fn run(command: Command, printer: &Printer) -> anyhow::Result<Exit> {
    match command {
        Command::Quickstart(args) => {
            let call = |arguments: &[String], printer: &Printer| {
                let whole = ["gan-lab"].into_iter().map(OsString::from).chain(arguments.iter().map(OsString::from));
                run(parse(&whole.collect::<Vec<_>>())?.command, printer)
            };
            quickstart::run(&args, &call, printer)
        }
        Command::Train(args) => train::run(&args, printer),
        Command::Draw(args) => draw::run(&args, printer),
        Command::Eval(args) => eval::run(&args, printer),
        Command::Compare(args) => compare::run(&args, printer),
        Command::Report(args) => report::run(&args, printer),
        Command::Watch(args) => watch::run(&args, printer),
        Command::Lesson(args) => lesson::run(&args, printer),
        Command::Export(args) => export::run(&args, printer),
        Command::Sweep(args) => sweep::run(&args, printer),
        Command::Protocol(args) => protocol::run(&args, printer),
        Command::Run(args) => run::run(&args, printer),
        Command::Runs(args) => runs::run(&args, printer),
        Command::Sefa(args) => sefa::run(&args, printer),
        Command::Convert(args) => convert::convert(&args, printer),
        Command::Inspect(args) => inspect::run(&args, printer),
        Command::Data(command) => data::run(&command, printer),
        Command::Config(args) => config::run(&args, printer),
        Command::Doctor(args) => doctor::run(&args, printer),
        Command::Completions(args) => completions::run(&args, Cli::command(), printer),
        Command::Man(args) => man::run(&args, Cli::command(), printer),
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn the_arguments_are_sound_and_every_one_has_help() {
        fn walk(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{} has no help", command.get_name());
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {} has no help", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(walk);
        }
        Cli::command().debug_assert();
        walk(&Cli::command());
    }

    #[test]
    fn a_negative_number_is_a_value_of_every_option_for_numbers() {
        /// What is said of `words`; None where they are taken.
        fn said(words: &[String]) -> Option<clap::Error> {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            parse(&words).err()
        }
        let is_refused = |words: &[String]| said(words).is_some_and(|error| error.kind() == ErrorKind::ValueValidation);
        let mut found = Vec::new();
        let mut left: Vec<(Vec<String>, clap::Command)> = vec![(vec!["gan-lab".to_owned()], Cli::command())];
        while let Some((path, command)) = left.pop() {
            for sub in command.get_subcommands() {
                left.push(([&path[..], &[sub.get_name().to_owned()]].concat(), sub.clone()));
            }
            for option in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
                let Some(flag) = option.get_long() else { continue };
                // What may stand without a number is followed by the next option.
                if option.get_num_args().is_some_and(|range| range.min_values() == 0) {
                    continue;
                }
                let with = |value: &str| [&path[..], &[format!("--{flag}"), value.to_owned()]].concat();
                // A number is what takes a number and no word.
                if is_refused(&with("12")) || !is_refused(&with("twelve")) {
                    continue;
                }
                found.push(format!("{} --{flag}", path[1..].join(" ")));
                for value in ["-1", "-1e-3"] {
                    let Some(error) = said(&with(value)) else { continue };
                    let is_missing = error.kind() == ErrorKind::MissingRequiredArgument;
                    let is_ranged =
                        error.kind() == ErrorKind::ValueValidation && error.to_string().contains("it must be");
                    let is_list = ["seeds", "rows"].contains(&option.get_id().as_str());
                    assert!(is_missing || is_ranged || is_list, "{:?}: {error}", with(value));
                }
            }
        }
        for known in
            ["data make --points", "sweep --jobs", "run --index", "compare --samples", "train --lr", "draw --fps"]
        {
            assert!(found.iter().any(|name| name == known), "{known} is not among {found:?}");
        }
    }
}
