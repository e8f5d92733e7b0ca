//! The options of `gan-lab sefa`.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::{Settings, arguments, config_argument, preset_argument, set_argument};
use crate::cli::exit::UsageError;
use crate::cli::studio::StudioCommand;
use crate::config::{Config as _, Key, SefaConfig, SefaTraits};

/// Find the semantic directions of a generator and show what they change
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Writes a folder in work_dirs/synthesis/: a picture for each direction, a video, a GIF, and index.html, \
                  a page with sliders. The folder also holds the directions for other programs: as npy, safetensors and \
                  PyTorch's factor.pt. The commands above use the directions without such a folder: explore, for \
                  example, moves sliders in a browser and draws at once.\n\n\
                  Codes: --seed 7 --n 5 are the five codes of torch.manual_seed(7); with --rng numpy they are those of \
                  NVIDIA's seeds 7 to 11, one each."
)]
pub(in crate::cli) struct SefaArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<StudioCommand>,
    #[command(flatten)]
    pub(in crate::cli) settings: Settings<SefaConfig>,
    /// Read the codes z from an npy file of shape [n, dim] instead of drawing them: all of them, or the first --n
    // `codes` is the name of a setting, too.
    #[arg(id = "file of codes", long = "codes", value_name = "FILE")]
    pub(in crate::cli) codes: Option<PathBuf>,
    /// Names of directions: a JSON file as the page exports it
    #[arg(long, value_name = "FILE", help_heading = "Pictures")]
    pub(in crate::cli) labels: Option<PathBuf>,
    /// Scores of the pictures in the job's traits/: a CSV file with a column 'image' and one or more columns of scores
    #[arg(long, value_name = "FILE", help_heading = "Traits")]
    pub(in crate::cli) scores: Option<PathBuf>,
    /// The job's directory; without it, <model>_N<n>_K<k>_seed<seed> in work_dirs/synthesis/, with the settings that differ
    /// from the lab's added
    #[arg(long, value_name = "DIR", help_heading = "Job")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Go on with the job in that directory
    #[arg(long, conflicts_with = "force", help_heading = "Job")]
    pub(in crate::cli) resume: bool,
    /// Replace the job in that directory
    #[arg(long, help_heading = "Job")]
    pub(in crate::cli) force: bool,
}

/// Options of a job that mean nothing where its directions are used: such a command has its own, or none.
const OF_JOBS: [&str; 15] = [
    "n",
    "k",
    "directions",
    "seed",
    "start",
    "end",
    "steps",
    "viz-size",
    "batch",
    "rng",
    "codes",
    "traits",
    "traits-samples",
    "traits-distance",
    "traits-floor",
];

/// The settings of a generator and of how its pictures are made: a job's but for what makes it a job.
#[derive(Debug)]
pub(in crate::cli) struct StudioSettings(Settings<SefaConfig>);

/// Whether a setting is one of a job's alone.
pub(in crate::cli) fn is_of_jobs(key: &Key) -> bool {
    key.path == "codes_file" || key.flag.is_some_and(|flag| OF_JOBS.contains(&flag))
}

impl Args for StudioSettings {
    fn augment_args(command: Command) -> Command {
        let table = SefaConfig::TABLE;
        let flags = table.keys.iter().filter(|key| !is_of_jobs(key)).flat_map(|key| arguments(table, key));
        command.args([config_argument(), preset_argument(table), set_argument(table)]).args(flags)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for StudioSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Settings::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl StudioSettings {
    /// The config that they mean, checked, with a job's settings as they usually are; and what a file or a preset says of a
    /// job's seed.
    pub(in crate::cli) fn config(&self) -> anyhow::Result<(SefaConfig, u64)> {
        if let Some(key) = SefaConfig::TABLE.keys.iter().find(|key| is_of_jobs(key) && self.0.given(key.path).is_some())
        {
            return Err(UsageError(format!("{} is a setting of a job, and means nothing here", key.path)).into());
        }
        let config = checked(&self.0, None)?;
        let usual = SefaConfig::default();
        let SefaConfig { samples, k, directions, seed, rng, codes_file, start, end, steps, viz_size, batch, .. } =
            usual;
        let said = config.seed;
        let config = SefaConfig { samples, k, directions, seed, rng, codes_file, ..config };
        let SefaConfig { traits, traits_samples, traits_distance, traits_floor, .. } = SefaConfig::default();
        let config = SefaConfig { traits, traits_samples, traits_distance, traits_floor, ..config };
        Ok((SefaConfig { start, end, steps, viz_size, batch, ..config }, said))
    }

    /// Whether a setting was typed.
    pub(in crate::cli) fn given(&self, key: &str) -> bool {
        self.0.given(key).is_some()
    }
}

/// The config that the options mean, checked.
pub(in crate::cli) fn sefa(args: &SefaArgs) -> anyhow::Result<SefaConfig> {
    let config = checked(&args.settings, args.codes.as_ref())?;
    // Whoever has scores wants them shown.
    let scored = args.scores.is_some() && args.settings.given("traits").is_none();
    Ok(if scored { SefaConfig { traits: Some(SefaTraits::Scores), ..config } } else { config })
}

fn checked(settings: &Settings<SefaConfig>, codes: Option<&PathBuf>) -> anyhow::Result<SefaConfig> {
    let given = |path: &str| settings.given(path).is_some();
    if given("model") && given("checkpoint") {
        return Err(UsageError("--model cannot be used with --checkpoint: both name the network".into()).into());
    }
    if codes.is_some() && given("codes_file") {
        return Err(UsageError("--codes cannot be used with --set codes_file: both name the file".into()).into());
    }
    if codes.is_some() || given("codes_file") {
        if given("rng") {
            return Err(
                UsageError("--rng cannot be used with --codes: the codes are there, and none is drawn".into()).into()
            );
        }
        // Noise of a picture's own is drawn by the seed.
        if given("seed") && settings.given("noise").is_none_or(|noise| noise != "random") {
            return Err(UsageError(
                "--seed cannot be used with --codes: the codes are there, and none is drawn".into(),
            )
            .into());
        }
    }
    if given("directions_file") && given("raw") {
        return Err(
            UsageError("--raw cannot be used with --directions-file: no weights are factorised then".into()).into()
        );
    }
    let mut config = settings.over(&settings.base()?.unwrap_or_default())?;
    if let Some(path) = codes.filter(|path| path.to_str().is_none()) {
        let path = path.display();
        return Err(UsageError(format!(
            "--codes {path}: its name is not UTF-8, which a job's settings are; rename it"
        ))
        .into());
    }
    if let Some(path) = codes {
        config.codes_file = Some(path.clone());
    }
    // A name on the command line is meant, whatever file a config names; so is a number of directions.
    if given("model") {
        config.checkpoint = None;
    }
    if given("k") && !given("directions") {
        config.directions = None;
    }
    config.check().map_err(|error| settings.blame(error, "this job cannot be done"))
}
