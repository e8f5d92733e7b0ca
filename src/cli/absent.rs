//! The commands that train by libtorch alone, in a build without it: they say that it lacks them.

use clap::Args;

/// `gan-lab train progan`
pub(super) mod progan {
    use super::{Exit, Printer, Rest, WithoutTorch};

    /// Train a ProGAN on images
    #[derive(Debug, clap::Args)]
    #[command(after_help = super::NOTE)]
    pub(in crate::cli) struct ProganArgs {
        #[command(flatten)]
        rest: Rest,
    }

    pub(in crate::cli) fn run(_: &ProganArgs, _: &Printer) -> anyhow::Result<Exit> {
        Err(WithoutTorch { what: "gan-lab train progan" }.into())
    }
}

/// `gan-lab data make faces-reader`
pub(super) mod reader {
    use super::{Exit, Printer, Rest, WithoutTorch};

    /// Fit the network that reads the traits of drawn faces
    #[derive(Debug, clap::Args)]
    #[command(after_help = super::NOTE)]
    pub(in crate::cli) struct ReaderArgs {
        #[command(flatten)]
        rest: Rest,
    }

    pub(in crate::cli) fn make(_: &ReaderArgs, _: &Printer) -> anyhow::Result<Exit> {
        Err(WithoutTorch { what: "gan-lab data make faces-reader" }.into())
    }
}

use super::exit::Exit;
use super::printer::Printer;
use crate::version::WithoutTorch;

const NOTE: &str = "This gan-lab was built without libtorch, which trains networks of images.";

/// Whatever options a build with libtorch takes.
#[derive(Debug, Args)]
struct Rest {
    /// The options of a build with libtorch
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    options: Vec<String>,
}
