//! `gan-lab export`

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};

use super::exit::{Exit, refused};
use super::folder::folder_names;
use super::printer::{Printer, path_lines, shown_path};
use crate::compare::runs_under;
use crate::export::{Export, ExportError, FORMS, Form, Target};
use crate::json;
use crate::run::{Ability, RunDir, count};
use crate::sweep::SweepError;

/// Export recorded runs for TensorBoard, pandas or NumPy
#[derive(Debug, Args)]
#[command(after_help = "Each run becomes a folder (npz: a file) with the name of the run's own folder.\n  \
                        tensorboard --logdir work_dirs/tensorboard\n\
                        shows them together, with one hparams group for the runs that differ only in the seed. A run that is \
                        still training is exported as far as it is recorded. Existing files are replaced only if gan-lab \
                        wrote them and nobody has changed them since.")]
pub(super) struct ExportArgs {
    /// Run directories, or directories of runs such as a sweep's
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Formats to write
    #[arg(long, value_name = "LIST", value_delimiter = ',', required = true, value_parser = form())]
    to: Vec<&'static Form>,
    /// Where to write [default: work_dirs/tensorboard, and for csv and npz work_dirs/export]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files of these names that gan-lab did not write
    #[arg(long)]
    force: bool,
}

fn form() -> impl clap::builder::TypedValueParser<Value = &'static Form> {
    let words = FORMS.iter().map(|form| PossibleValue::new(form.name).help(form.help));
    PossibleValuesParser::new(words).try_map(|word| Form::named(&word).ok_or("there is no such form"))
}

pub(super) fn run(args: &ExportArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let dirs = named(args, printer)?;
    let names = folder_names(&dirs.iter().map(RunDir::path).collect::<Vec<_>>());
    // Before anything is written.
    for name in &names {
        for form in &args.to {
            form.permit(&target(args, form, name)).map_err(said)?;
        }
    }
    let (mut written, mut exit) = (Vec::new(), Exit::Done);
    for (dir, name) in dirs.iter().zip(&names) {
        match export(dir, name, args, printer) {
            Ok((files, whole)) => {
                written.extend(files);
                exit = if whole { exit } else { Exit::Fixable };
            }
            Err(error) if dirs.len() == 1 => return Err(said(error)),
            // One that cannot be exported costs itself only, and is named.
            Err(error) => {
                printer.problem(&format!("not exported: {:#}", said(error)));
                exit = Exit::Fixable;
            }
        }
    }
    if written.is_empty() {
        anyhow::bail!("none of the {} runs could be exported", dirs.len());
    }
    let list = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    let fields = || serde_json::json!({ "files": json::paths(written.iter().map(PathBuf::as_path)) });
    printer.result(&list, path_lines(&written), fields)?;
    Ok(exit)
}

/// Writes one run in all forms; gives the files, and whether nothing was left out.
fn export(dir: &RunDir, name: &str, args: &ExportArgs, printer: &Printer) -> Result<(Vec<PathBuf>, bool), ExportError> {
    let mut export = Export::open(dir, &args.to)?;
    let mut written = Vec::new();
    for form in &args.to {
        written.extend(form.write(&mut export, &target(args, form, name))?);
    }
    for note in export.notes() {
        printer.problem(note);
    }
    Ok((written, export.notes().is_empty()))
}

fn target<'a>(args: &'a ExportArgs, form: &Form, name: &'a str) -> Target<'a> {
    let folder = args.out.as_deref().unwrap_or(form.folder.as_ref());
    Target { folder, name, force: args.force }
}

/// An error as the command says it: what is somebody else's takes --force.
fn said(error: ExportError) -> anyhow::Error {
    match error {
        ExportError::Made(error) => refused(error),
        other => other.into(),
    }
}

/// The runs that paths mean, each once. What of a folder is not exported is said.
fn named(args: &ExportArgs, printer: &Printer) -> anyhow::Result<Vec<RunDir>> {
    let mut dirs: Vec<RunDir> = Vec::new();
    for path in &args.runs {
        let found = match runs_under(path, Ability::Export) {
            Ok(found) => found,
            // What is wrong with it is said where it is read, and costs itself only.
            Err(SweepError::Run(_)) if args.runs.len() > 1 => {
                dirs.push(RunDir::new(path));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if found.others > 0 {
            let runs = count(found.others as u64, "run");
            printer.note(&format!("{}: {runs} of a kind that is not exported", path.display()));
        }
        for dir in found.dirs {
            let whole = |dir: &RunDir| dir.path().canonicalize().ok();
            if !dirs.iter().any(|known| whole(known).is_some() && whole(known) == whole(&dir)) {
                dirs.push(dir);
            }
        }
    }
    Ok(dirs)
}
