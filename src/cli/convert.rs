//! `gan-lab convert`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::args::must_be_there;
use super::exit::{Exit, hinted};
use super::printer::{Printer, shown_path};
use super::table::facts;
use crate::checkpoint::{self, NamedTensor, ProGanWeights, Source, layout};
use crate::json;
use crate::run::count;

/// Turn a ProGAN checkpoint into a safetensors file
#[derive(Debug, Args)]
#[command(
    after_help = "Reads PyTorch files (zip and legacy) and safetensors, in genforce's or pytorch_GAN_zoo's layout, \
                        without executing anything in them."
)]
pub(super) struct ConvertArgs {
    /// A .pth, .pt or .safetensors file
    input: PathBuf,
    /// Where to write; it should end in .safetensors
    output: PathBuf,
    /// Keep the weights in half precision: half the size
    #[arg(long)]
    half: bool,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

pub(super) fn convert(args: &ConvertArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if args.output.exists() && !args.force {
        return Err(hinted(format!("{} exists", args.output.display()), "replace it with --force"));
    }
    must_be_there(&args.input, "file", "name a ProGAN checkpoint: a .pth, .pt or .safetensors file")?;
    let source = Source::open(&args.input)?;
    let layout = layout::detect(&source).with_context(|| {
        format!("{} holds no generator that is known here; see gan-lab inspect", args.input.display())
    })?;
    let weights = ProGanWeights::read(&source, &layout)?;
    let tensors = weights.to_tensors().into_iter();
    let tensors: Vec<NamedTensor> =
        if args.half { tensors.map(NamedTensor::halved).collect() } else { tensors.collect() };
    checkpoint::save(&args.output, &tensors, None)?;
    let words = format!(
        "wrote {}\n{}",
        shown_path(&args.output),
        facts(&[
            ("network", layout.family.title().to_owned()),
            (
                "images",
                format!("{0} x {0}, {1}", weights.resolution(), count(weights.image_channels() as u64, "channel"))
            ),
            ("latent", weights.latent_dim.to_string()),
            ("tensors", tensors.len().to_string()),
        ])
    );
    let fields = || {
        serde_json::json!({
            "file": json::path(&args.output), "layout": layout.family.title(), "resolution": weights.resolution(),
            "channels": weights.image_channels(), "latent": weights.latent_dim,
        })
    };
    printer.result(&words, &args.output, fields)?;
    Ok(Exit::Done)
}
