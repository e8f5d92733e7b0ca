//! The options of `gan-lab sefa`.

use std::path::PathBuf;

use clap::Args;

use super::Settings;
use crate::cli::exit::UsageError;
use crate::config::{SefaConfig, SefaTraits};

/// Find the semantic directions of a generator and show what they change
#[derive(Debug, Args)]
#[command(after_help = "Writes a folder in work_dirs/synthesis/: a picture for each direction, a video, a GIF, and \
                        index.html, a page with sliders.")]
pub(in crate::cli) struct SefaArgs {
    #[command(flatten)]
    pub(in crate::cli) settings: Settings<SefaConfig>,
    /// Names of directions: a JSON file as the page exports it
    #[arg(long, value_name = "FILE", help_heading = "Pictures")]
    pub(in crate::cli) labels: Option<PathBuf>,
    /// Scores of the pictures in the job's traits/: a CSV file with a column image and columns of numbers
    #[arg(long, value_name = "FILE", help_heading = "Traits")]
    pub(in crate::cli) scores: Option<PathBuf>,
    /// The job's directory; without it <model>_N<n>_K<k>_seed<seed> in work_dirs/synthesis/, with what is not the
    /// lab's
    #[arg(long, value_name = "DIR", help_heading = "Job")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Go on with the job in that directory
    #[arg(long, conflicts_with = "force", help_heading = "Job")]
    pub(in crate::cli) resume: bool,
    /// Replace the job in that directory
    #[arg(long, help_heading = "Job")]
    pub(in crate::cli) force: bool,
}

/// The config that the options mean, checked.
pub(in crate::cli) fn sefa(args: &SefaArgs) -> anyhow::Result<SefaConfig> {
    let settings = &args.settings;
    let given = |path: &str| settings.given(path).is_some();
    if given("model") && given("checkpoint") {
        return Err(
            UsageError("--model cannot be used with --checkpoint: either says which network it is".into()).into()
        );
    }
    let mut config = settings.over(&settings.base()?.unwrap_or_default())?;
    // A name on the command line is meant, whatever file a config names; so is a number of directions.
    if given("model") {
        config.checkpoint = None;
    }
    if given("k") && !given("directions") {
        config.directions = None;
    }
    // Whoever has scores wants them shown.
    if args.scores.is_some() && !given("traits") {
        config.traits = Some(SefaTraits::Scores);
    }
    config.check().map_err(|error| settings.blame(error, "this job cannot be done"))
}
