//! The options of `gan-lab train progan`.

use std::path::PathBuf;

use clap::Args;

use super::{EventArgs, Settings};
use crate::config::{ProganConfig, SmallImages};

/// Train a ProGAN on images
#[derive(Debug, Args)]
#[command(after_help = "The defaults are for Fashion-MNIST on two CPU cores: 32x32, some hundred thousand images.")]
pub(in crate::cli) struct ProganArgs {
    #[command(flatten)]
    pub(in crate::cli) settings: Settings<ProganConfig>,
    /// The run's directory; without it, one in work_dirs/train/, named after the data, the settings that differ from the
    /// recipe, and the seed
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Go on with the run in that directory
    #[arg(long, conflicts_with = "force", help_heading = "Run")]
    pub(in crate::cli) resume: bool,
    /// Replace the run in that directory
    #[arg(long, help_heading = "Run")]
    pub(in crate::cli) force: bool,
    /// Refuse images smaller than --resolution, instead of enlarging them; the same as --small refuse
    #[arg(long, conflicts_with = "images.small", help_heading = "Data")]
    pub(in crate::cli) strict: bool,
    #[command(flatten)]
    pub(in crate::cli) events: EventArgs,
}

/// The config that the options mean, checked. They begin with a file or a preset, else with the config of the run that is
/// gone on with, else with the recipe of the bundled model of garments.
pub(in crate::cli) fn progan(args: &ProganArgs, saved: Option<&ProganConfig>) -> anyhow::Result<ProganConfig> {
    let base = args.settings.base()?.or_else(|| saved.cloned()).unwrap_or_default();
    let mut config = args.settings.over(&base)?;
    if args.strict {
        config.images.get_or_insert_default().small = SmallImages::Refuse;
    }
    config.check().map_err(|error| args.settings.blame(error, "this run cannot be trained"))
}
