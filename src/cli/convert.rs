//! `gan-lab convert`

use std::path::PathBuf;

use clap::Args;

use super::args::must_be_there;
use super::exit::{Exit, hinted};
use super::generator::GeneratorArgs;
use super::printer::{Printer, shown_path};
use super::table::facts;
use crate::checkpoint::{self, GeneratorWeights, NamedTensor, Source, layouts};
use crate::json;
use crate::run::count;

/// Turn a ProGAN checkpoint into a safetensors file
#[derive(Debug, Args)]
#[command(
    after_help = "Reads PyTorch files (zip and legacy), NVIDIA's pickles and safetensors, in every layout of docs/CHECKPOINTS.md, \
                  without executing anything in them. Weights carry their own licence, mostly for non-commercial use."
)]
pub(super) struct ConvertArgs {
    /// A .pth, .pt, .pkl or .safetensors file
    input: PathBuf,
    /// Where to write; it should end in .safetensors
    output: PathBuf,
    /// Keep the weights in half precision: half the size
    #[arg(long)]
    half: bool,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    generator: GeneratorArgs,
}

pub(super) fn convert(args: &ConvertArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if args.output.exists() && !args.force {
        return Err(hinted(format!("{} exists", args.output.display()), "replace it with --force"));
    }
    must_be_there(&args.input, "file", "name a checkpoint: a .pth, .pt, .pkl or .safetensors file")?;
    let source = Source::open(&args.input)?;
    let (layout, several) = layouts::choose(&source, args.generator.weights_key.as_deref())?;
    let (weights, notes) = GeneratorWeights::read_noted(&source, &layout, &args.generator.options())?;
    for note in several.iter().chain(&notes) {
        printer.note(note);
    }
    let GeneratorWeights::ProGan(weights) = weights else {
        return Err(hinted(
            format!("{} holds a {}; only a ProGAN is converted", args.input.display(), layout.title()),
            "gan-lab sefa reads it as it is",
        ));
    };
    let tensors = weights.to_tensors().into_iter();
    let tensors: Vec<NamedTensor> =
        if args.half { tensors.map(NamedTensor::halved).collect() } else { tensors.collect() };
    checkpoint::save(&args.output, &tensors, Some(weights.to_note(layouts::law(source.note()).as_deref())))?;
    let words = format!(
        "wrote {}\n{}",
        shown_path(&args.output),
        facts(&[
            ("network", layout.title().to_owned()),
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
            "file": json::path(&args.output), "layout": layout.title(), "resolution": weights.resolution(),
            "channels": weights.image_channels(), "latent": weights.latent_dim,
        })
    };
    printer.result(&words, &args.output, fields)?;
    Ok(Exit::Done)
}
