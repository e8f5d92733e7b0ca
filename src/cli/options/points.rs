//! The options of `gan-lab train`.

use std::path::PathBuf;

use clap::Args;

use super::{EventArgs, Settings};
use crate::cli::args::whole;
use crate::cli::exit::UsageError;
use crate::config::{ConfigError, Model, RunConfig, TrainConfig};

/// A model of points.
#[derive(Debug, Args)]
pub(in crate::cli) struct PointArgs {
    #[command(flatten)]
    pub(in crate::cli) settings: Settings<TrainConfig>,
    /// The run's directory; without it, one in work_dirs/train/, named after the model, the optimiser, the settings that
    /// differ from the recipe, and the seed
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Go on with the run in that directory; a larger --epochs makes it longer
    #[arg(long, conflicts_with = "force", help_heading = "Run")]
    pub(in crate::cli) resume: bool,
    /// Replace the run in that directory
    #[arg(long, help_heading = "Run")]
    pub(in crate::cli) force: bool,
    /// Write the inputs and results of the first three iterations, which scripts/replay.py repeats in PyTorch
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub(in crate::cli) trace: Option<PathBuf>,
    /// Show the points and the metrics in the terminal while training, instead of the progress bar
    #[arg(long, help_heading = "Run")]
    pub(in crate::cli) preview: bool,
    /// Show the run in a browser while it trains, at this port [default: the first free one from 8641 on]; the page can
    /// pause the run, continue it for one epoch, or save and stop it
    #[arg(long, value_name = "PORT", num_args = 0..=1, default_missing_value = "0", value_parser = whole::<u16>(0..=65535), help_heading = "Run")]
    pub(in crate::cli) live: Option<u16>,
    #[command(flatten)]
    pub(in crate::cli) events: EventArgs,
}

/// The config that the options mean. They begin with a file or a preset, else with the config of the run that is gone
/// on with, else with the lab's recipe for the model; None if nothing says which model it is.
pub(in crate::cli) fn points(args: &PointArgs, saved: Option<&TrainConfig>) -> anyhow::Result<Option<TrainConfig>> {
    let model = args.settings.given("objective.model").and_then(serde_json::Value::as_str);
    let rule = args.settings.given("objective.rule");
    if model.is_some() && rule.is_some() {
        let words = "a model has a rule of its own; say --model or --rule, with --penalty and --constraint if you like";
        return Err(UsageError(words.into()).into());
    }
    let named: Option<TrainConfig> = args.settings.base()?;
    if let (Some(_), Some(preset), Some(alone)) = (model, args.settings.preset(), &named)
        && args.settings.over(alone)?.objective != alone.objective
    {
        let words = format!(
            "--preset {preset} has an objective of its own, which a model would replace; leave the model out, or name \
             what should differ: --rule, --penalty, --constraint"
        );
        return Err(UsageError(words).into());
    }
    // The rule replaces what a model would bring.
    let known = Model::ALL.into_iter().find(|known| model == Some(known.name()));
    let lab = || known.or_else(|| rule.map(|_| Model::Gan)).map(TrainConfig::lab);
    let base = named.or_else(|| saved.cloned()).or_else(lab);
    base.map(|base| args.settings.over(&base)).transpose()
}

/// The config, checked; what is wrong is named by the option that gave it.
pub(in crate::cli) fn checked(args: &PointArgs, config: TrainConfig) -> anyhow::Result<RunConfig> {
    config.check().map_err(|error| blamed(args, error))
}

/// What is wrong with a config, by the option that gave it.
pub(in crate::cli) fn blamed(args: &PointArgs, error: ConfigError) -> anyhow::Error {
    args.settings.blame(error, "this run cannot be trained")
}
