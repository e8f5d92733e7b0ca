//! `gan-lab convert` and `gan-lab inspect`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::exit::{Exit, hinted};
use super::printer::{Printer, shown_path};
use super::table::{Align, facts, table};
use crate::checkpoint::{self, GeneratorWeights, NamedTensor, Source, TensorInfo, layout};
use crate::json;

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

/// List a checkpoint's tensors and say what network it holds
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A .pth, .pt or .safetensors file
    file: PathBuf,
}

pub(super) fn convert(args: &ConvertArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if args.output.exists() && !args.force {
        return Err(hinted(format!("{} exists", args.output.display()), "replace it with --force"));
    }
    let source = Source::open(&args.input)?;
    let layout = layout::detect(&source).with_context(|| {
        format!("{} holds no generator that is known here; see gan-lab inspect", args.input.display())
    })?;
    let weights = GeneratorWeights::read(&source, &layout)?;
    let tensors = weights.to_tensors().into_iter();
    let tensors: Vec<NamedTensor> =
        if args.half { tensors.map(NamedTensor::halved).collect() } else { tensors.collect() };
    checkpoint::save(&args.output, &tensors, None)?;
    let words = format!(
        "wrote {}\n{}",
        shown_path(&args.output),
        facts(&[
            ("network", layout.family.title().to_owned()),
            ("images", format!("{0} x {0}, {1} channel(s)", weights.resolution(), weights.image_channels())),
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

pub(super) fn inspect(args: &InspectArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let source = Source::open(&args.file)?;
    let tensors = source.tensors();
    let layout = layout::detect(&source);
    let network = layout.as_ref().map_or_else(
        || "none that is known here".to_owned(),
        |layout| {
            let place = if layout.prefix.is_empty() { "at the top" } else { layout.prefix.trim_end_matches('.') };
            format!("{}, {1} x {1}, {place}", layout.family.title(), layout.resolution)
        },
    );
    let rows = tensors.iter().map(|tensor| {
        let shape = tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        vec![tensor.name.clone(), tensor.kind.clone(), if shape.is_empty() { "scalar".into() } else { shape }]
    });
    let list = table(&[Align::Left, Align::Left, Align::Right], &rows.collect::<Vec<_>>());
    let about = facts(&[
        ("format", source.format().to_owned()),
        ("network", network.clone()),
        ("tensors", tensors.len().to_string()),
    ]);
    let fields = || {
        let tensor = |t: &TensorInfo| serde_json::json!({ "name": t.name, "type": t.kind, "shape": t.shape });
        serde_json::json!({
            "file": json::path(&args.file), "format": source.format(),
            "layout": layout.as_ref().map(|layout| layout.family.title()),
            "prefix": layout.as_ref().map(|layout| &layout.prefix),
            "resolution": layout.as_ref().map(|layout| layout.resolution),
            "tensors": tensors.iter().map(tensor).collect::<Vec<_>>(),
        })
    };
    printer.result(&format!("{}\n{about}\n\n{list}", shown_path(&args.file)), &network, fields)?;
    Ok(Exit::Done)
}
