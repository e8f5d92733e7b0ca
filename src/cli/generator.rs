//! The options that say which generator of a file is meant, and what no file says of itself; they are the same in all commands.

use clap::Args;

use super::args::whole;
use crate::checkpoint::layouts::{Fused, Options};
use crate::config::FusedScale;

/// What `inspect` and `convert` take; `sefa` has them as settings.
#[derive(Clone, Debug, Args)]
pub(super) struct GeneratorArgs {
    /// Generator to read from a file that holds several, by its key, such as G_ema
    #[arg(long, value_name = "KEY", help_heading = "Generator")]
    pub(super) weights_key: Option<String>,
    /// genforce's fused_scale, where the file does not show it
    #[arg(long, value_name = "WHETHER", value_parser = ["yes", "no"], help_heading = "Generator")]
    fused_scale: Option<String>,
    /// genforce's final_tanh: the image goes through tanh
    #[arg(long, help_heading = "Generator")]
    final_tanh: bool,
    /// How many of a ProGAN's inputs are a one-hot label, where the file does not say it
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<usize>(0..=65_535), help_heading = "Generator")]
    label_size: usize,
}

impl GeneratorArgs {
    /// For the reader.
    pub(super) fn options(&self) -> Options {
        let fused = self.fused_scale.as_ref().map(|word| if word == "yes" { FusedScale::Yes } else { FusedScale::No });
        options(fused, self.final_tanh, self.label_size)
    }
}

/// What a job or the command line says, for the reader.
pub(super) fn options(fused: Option<FusedScale>, final_tanh: bool, label_size: usize) -> Options {
    let fused_scale = match fused {
        None => Fused::Auto,
        Some(FusedScale::Yes) => Fused::Yes,
        Some(FusedScale::No) => Fused::No,
    };
    Options { fused_scale, final_tanh, label_size }
}
