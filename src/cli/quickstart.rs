//! `gan-lab quickstart`: the first hour's commands, one after another, each shown as it would be typed.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::whole;
use super::exit::{Exit, UsageError, hinted, refused};
use super::points::{advised, fewer};
use super::printer::{Printer, path_lines, shown_path, typed_path};
use super::signals::Signals;
use crate::config::{DataConfig, Model, TrainConfig};
use crate::data::{self, Reading};
use crate::json;
use crate::kinds::points::TrainError;
use crate::made::ResultFolder;
use crate::page::quoted;
use crate::run::{RUNS, RunError};

/// The lab's points, which are built in.
const DATA: &str = "data/points.mat";
/// The page about all runs.
const PAGE: &str = "quickstart.html";

/// Train a GAN, a WGAN and a WGAN-GP, draw them, and write a page about them
#[derive(Debug, Args)]
#[command(
    after_help = "Writes three GIFs and quickstart.html into the current folder, and the runs into work_dirs/train/, in \
                  under two minutes on two cores. Prints each command before it runs, so that you can run it again with \
                  other options. Finished steps are kept: after an interruption, the same command continues."
)]
pub(super) struct QuickstartArgs {
    /// Your own points instead of the lab's: any table with two columns of numbers, MAT, npy, CSV ...
    #[arg(value_name = "FILE", default_value = DATA)]
    data: PathBuf,
    /// Number of training points; the others are held out for measuring [default: 7000, or six sevenths of a smaller set]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=1_000_000_000))]
    train_size: Option<u32>,
    /// Train for fewer epochs than the lab's 320
    #[arg(long, value_name = "N", value_parser = whole::<u32>(1..=1_000_000))]
    epochs: Option<u32>,
    /// Replace files of the results' names that gan-lab did not write
    #[arg(long)]
    force: bool,
}

/// A command of gan-lab: its arguments, and what it leaves.
struct Step {
    arguments: Vec<String>,
    leaves: Vec<PathBuf>,
}

/// `call` runs one of gan-lab's own commands.
pub(super) fn run(
    args: &QuickstartArgs,
    call: &dyn Fn(&[String], &Printer) -> anyhow::Result<Exit>,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let steps = steps(args)?;
    // Before anything is trained.
    let folder = ResultFolder::open(Path::new("."), args.force)?;
    for file in steps.iter().flat_map(|step| &step.leaves) {
        folder.permit(&file.to_string_lossy()).map_err(refused)?;
    }
    let signals = Signals::listen()?;
    let told = printer.within();
    for step in &steps {
        printer.note(&format!("\n$ gan-lab {}", typed(&step.arguments)));
        let exit = call(&step.arguments, &told).map_err(otherwise)?;
        if exit != Exit::Done {
            return Ok(exit);
        }
        // Drawing is too short to listen for signals.
        if signals.received().is_some() {
            return Ok(signals.exit());
        }
    }
    let files: Vec<&Path> = steps.iter().flat_map(|step| &step.leaves).map(PathBuf::as_path).collect();
    let (page, pictures) = files.split_last().map_or((Path::new(PAGE), &[][..]), |(page, rest)| (*page, rest));
    let pictures = pictures.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join(", ");
    let words = format!(
        "\nDone: {pictures} and {page}.\nnext: open {page} in a browser, or train another: gan-lab train --preset best{data}",
        page = shown_path(page),
        data = if is_lab(&args.data) { String::new() } else { format!(" --data {}", typed_path(&args.data)) }
    );
    printer.result(&words, path_lines(&files), || {
        let commands: Vec<String> = steps.iter().map(|step| format!("gan-lab {}", typed(&step.arguments))).collect();
        serde_json::json!({ "files": json::paths(files.iter().copied()), "commands": commands })
    })?;
    Ok(Exit::Done)
}

fn is_lab(data: &Path) -> bool {
    data::is_built_in(data) || data == Path::new(DATA)
}

/// Three runs, their GIFs, and the page; the page's file comes last.
fn steps(args: &QuickstartArgs) -> anyhow::Result<Vec<Step>> {
    let path = args.data.to_str().ok_or_else(|| {
        UsageError(format!("{}: quickstart takes names in Unicode; rename the file or link to it", args.data.display()))
    })?;
    let is_lab = is_lab(&args.data);
    // Runs on other points have names of their own.
    let stem = args.data.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let prefix = if is_lab { String::new() } else { format!("{stem}-") };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let names = Model::ALL.map(|model| format!("{prefix}{}", model.name()));
    let folders = names.clone().map(|name| format!("{RUNS}/{name}-rmsprop-seed0"));
    let size = if is_lab { args.train_size.map(|size| (size as usize, None)) } else { sizes(args)? };
    let mut steps = Vec::new();
    for (model, folder) in Model::ALL.iter().zip(&folders) {
        let mut arguments = words(&["train", model.name()]);
        if !is_lab {
            arguments.extend(words(&["--data", path]));
        }
        for (option, number) in [("--train-size", size.map(|(size, _)| size)), ("--batch-size", size.and_then(|s| s.1))]
        {
            arguments.extend(number.into_iter().flat_map(|number| [option.to_owned(), number.to_string()]));
        }
        if let Some(epochs) = args.epochs {
            arguments.extend(words(&["--epochs", &epochs.to_string()]));
        }
        arguments.extend(words(&["--out", folder]));
        if Path::new(folder).exists() {
            arguments.push("--resume".to_owned());
        }
        steps.push(Step { arguments, leaves: Vec::new() });
    }
    let force: &[&str] = if args.force { &["--force"] } else { &[] };
    for (name, folder) in names.iter().zip(&folders) {
        let file = format!("{name}.gif");
        steps.push(Step {
            arguments: words(&[&["draw", folder, "--out", &file], force].concat()),
            leaves: vec![file.into()],
        });
    }
    let page = format!("{prefix}{PAGE}");
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    let arguments = words(&[&["report"], &folders[..], &["--out", &page], force].concat());
    steps.push(Step { arguments, leaves: vec![page.into()] });
    Ok(steps)
}

/// How many of a person's own points train, where it is not the lab's number, and the batch, where it has to be smaller.
fn sizes(args: &QuickstartArgs) -> anyhow::Result<Option<(usize, Option<usize>)>> {
    let lab = TrainConfig::lab(Model::Gan);
    let (size, batch) = if let Some(size) = args.train_size {
        (size as usize, lab.batch_size.min(size as usize))
    } else {
        let config = DataConfig { path: args.data.clone(), ..lab.data.clone() };
        let set = data::load(&config.path, &Reading::from(&config));
        let set =
            set.map_err(|error| advised(TrainError::Data(error), &TrainConfig { data: config, ..lab.clone() }))?;
        let points = set.points.len();
        if points >= lab.data.train_size * 7 / 6 {
            return Ok(None);
        }
        fewer(&lab, points)
    };
    Ok(Some((size, (batch < lab.batch_size).then_some(batch))))
}

/// What can be done where a run of an earlier quickstart has other settings: this command has no --out.
fn otherwise(error: anyhow::Error) -> anyhow::Error {
    let known = error.chain().find_map(|cause| match cause.downcast_ref() {
        Some(TrainError::Run(known)) => Some(known),
        _ => cause.downcast_ref(),
    });
    let Some(RunError::OtherSettings { path, lines, .. }) = known else { return error };
    let message = format!("{} was begun with other settings:\n  {lines}", path.display());
    hinted(message, format!("give the same options as before, or remove {} to train anew", typed_path(path)))
}

/// As a shell takes it.
fn typed(arguments: &[String]) -> String {
    arguments.iter().map(|argument| quoted(argument)).collect::<Vec<_>>().join(" ")
}
