//! `gan-lab sefa sheet`, `edit`, `explore` and `directions`: a generator's directions in use.

mod directions;
mod edit;
mod explore;
mod files;
mod repeat;
mod sheet;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::args::{Seeds, must_be_there, whole};
use super::exit::{Exit, UsageError};
use super::jobs::{self, Read, typed};
use super::options::sefa::StudioSettings;
use super::printer::Printer;
use crate::config::{SefaConfig, SefaRng};
use crate::kinds::sefa::{Codes, CodesFrom, Moves, SefaError, Studio, Wanted};
use crate::run::RunDir;

/// What a person typed after `gan-lab sefa`.
#[derive(Debug, Subcommand)]
pub(super) enum StudioCommand {
    Sheet(Box<sheet::SheetArgs>),
    Edit(Box<edit::EditArgs>),
    Explore(Box<explore::ExploreArgs>),
    Directions(Box<directions::DirectionsArgs>),
}

pub(super) fn run(command: &StudioCommand, printer: &Printer) -> anyhow::Result<Exit> {
    match command {
        StudioCommand::Sheet(args) => sheet::run(args, printer),
        StudioCommand::Edit(args) => edit::run(args, printer),
        StudioCommand::Explore(args) => explore::run(args, printer),
        StudioCommand::Directions(args) => directions::run(args, printer),
    }
}

/// Where codes come from. The names differ from those of settings, whose options have other values here.
#[derive(Debug, Args)]
struct CodeArgs {
    /// Random number generator of the seeds: PyTorch's, or NumPy's with the seeds of NVIDIA's tools [default: torch]
    #[arg(id = "numbering of seeds", long = "rng", value_name = "NAME", value_parser = ["torch", "numpy"], help_heading = "Codes")]
    numbering: Option<String>,
    /// Codes z of your own instead of seeds: an npy file of shape [n, latent]
    #[arg(
        id = "file of codes",
        long = "codes",
        value_name = "FILE",
        conflicts_with = "numbering of seeds",
        help_heading = "Codes"
    )]
    codes_file: Option<PathBuf>,
}

/// A generator that is ready to draw.
struct Opened {
    model: String,
    /// The checkpoint's file.
    path: PathBuf,
    config: SefaConfig,
    /// The seed that a config file or a preset names.
    seed: u64,
    studio: Studio,
}

/// Reads a generator and says what a person should know of it.
fn open(settings: &StudioSettings, codes: &CodeArgs, printer: &Printer) -> anyhow::Result<Opened> {
    let (config, seed) = settings.config()?;
    jobs::files_are_there(&config)?;
    let path = jobs::checkpoint(&config, printer)?;
    RunDir::check_follower(&path)?;
    let Read { model, weights, said, .. } = jobs::read(&config, &path)?;
    for words in &said {
        printer.note(words);
    }
    let mut studio = Studio::new(weights, &config)?;
    let from = match (&codes.codes_file, codes.numbering.as_deref()) {
        (Some(file), _) => {
            must_be_there(file, "file of codes", "numpy.save writes one")?;
            CodesFrom::Rows(Codes::read(file, studio.latent_dim())?)
        }
        (None, Some("numpy")) => CodesFrom::Seeds(SefaRng::Numpy),
        (None, _) => CodesFrom::Seeds(SefaRng::Torch),
    };
    studio.take_codes(from);
    for remark in studio.remarks(&config) {
        printer.note(&remark.to_string());
    }
    if config.directions_file.is_some() {
        let found = studio.noted_directions(&config);
        for words in found.map_err(|error| typed(error, &|key| settings.given(key)))?.1 {
            printer.note(&words);
        }
    }
    Ok(Opened { model, path, config, seed, studio })
}

impl Opened {
    /// A picture of a code, checked: what does not fit the model is an error of what was typed.
    fn wanted(&mut self, number: u64, moves: &Moves, settings: &StudioSettings) -> anyhow::Result<Wanted> {
        let wanted = Wanted { config: self.config.clone(), number, moves: moves.clone() };
        self.studio.check(&wanted).map_err(|error| match error {
            SefaError::Direction { .. } => UsageError(format!("--move: {error}")).into(),
            SefaError::Row { .. } => UsageError(format!("--rows: {error}")).into(),
            SefaError::NumpySeed { .. } => UsageError(format!("--rng numpy: {error}")).into(),
            error => typed(error, &|key| settings.given(key)),
        })?;
        Ok(wanted)
    }

    /// The codes that are meant: those of the seeds, or the rows of a file, all if none are named.
    fn numbers(&self, seeds: Option<&Seeds>, rows: Option<&Seeds>, otherwise: &[u64]) -> Vec<u64> {
        match (self.studio.rows(), rows) {
            (Some(_), Some(rows)) => rows.0.clone(),
            (Some(count), None) => (0..count as u64).collect(),
            (None, _) => seeds.map_or_else(|| otherwise.to_vec(), |seeds| seeds.0.clone()),
        }
    }

    /// What a number of a code is called.
    fn word(&self) -> &'static str {
        if self.studio.rows().is_some() { "row" } else { "seed" }
    }
}

/// Several `--move` together.
fn joined(moves: &[Moves]) -> anyhow::Result<Moves> {
    let all = moves.iter().map(ToString::to_string).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(",");
    all.parse().map_err(|reason| UsageError(format!("--move: {reason}")).into())
}

/// A number of a person's, such as frames a second.
fn number(range: std::ops::RangeInclusive<f64>) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("it must be a number, {} to {}", range.start(), range.end()))
    }
}
