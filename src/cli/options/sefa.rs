//! The options of `gan-lab sefa`.

use std::path::PathBuf;

use clap::Args;

use super::Settings;
use crate::cli::exit::UsageError;
use crate::config::SefaConfig;

/// Find the semantic directions of a generator and show what they change
#[derive(Debug, Args)]
#[command(after_help = "Writes a folder in work_dirs/synthesis/: a picture for each direction, a video, a GIF, and \
                        index.html, a page with sliders. The directions are in it for other programs too: as npy, \
                        safetensors and PyTorch's factor.pt.\n\nCodes: --seed 7 --n 5 are the five codes of torch.manual_seed(7); \
                        with --rng numpy they are those of NVIDIA's seeds 7 to 11, one each.")]
pub(in crate::cli) struct SefaArgs {
    #[command(flatten)]
    pub(in crate::cli) settings: Settings<SefaConfig>,
    /// Codes z out of an npy file, [n, dim], instead of a seed's: all of them, or the first --n
    // `codes` is the name of a setting, too.
    #[arg(id = "file of codes", long = "codes", value_name = "FILE")]
    pub(in crate::cli) codes: Option<PathBuf>,
    /// Names of directions: a JSON file as the page exports it
    #[arg(long, value_name = "FILE", help_heading = "Pictures")]
    pub(in crate::cli) labels: Option<PathBuf>,
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
    if args.codes.is_some() && given("codes_file") {
        return Err(
            UsageError("--codes cannot be used with --set codes_file: either says which file it is".into()).into()
        );
    }
    if args.codes.is_some() || given("codes_file") {
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
    if let Some(path) = args.codes.as_ref().filter(|path| path.to_str().is_none()) {
        let path = path.display();
        return Err(UsageError(format!(
            "--codes {path}: its name is not UTF-8, which a job's settings are; rename it"
        ))
        .into());
    }
    if args.codes.is_some() {
        config.codes_file.clone_from(&args.codes);
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
