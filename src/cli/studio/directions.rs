//! `gan-lab sefa directions`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::checkpoint::layouts::{self, StyleLayers};
use crate::checkpoint::{GeneratorWeights, Source};
use crate::cli::args::whole;
use crate::cli::exit::{Exit, UsageError, refused};
use crate::cli::generator::GeneratorArgs;
use crate::cli::jobs::{self, content, eigenvalue_table, model_name};
use crate::cli::printer::{Printer, shown_path};
use crate::config::{Config as _, SefaConfig};
use crate::json;
use crate::kinds::sefa::{self, Directions, DirectionsForm, SefaError};
use crate::made::ResultFolder;
use crate::run::count;

/// How many of the eigenvalues are printed.
const PRINTED: usize = 10;

/// Write a generator's directions to a file, without drawing anything
#[derive(Debug, Args)]
#[command(
    after_help = "Needs only the layers that take the code, and so also reads StyleGAN3, StyleGAN-XL and EG3D, which \
                  gan-lab cannot draw. docs/SEFA.md shows how to apply the file to them in PyTorch. gan-lab sefa draws \
                  pictures of the other models."
)]
pub(in crate::cli) struct DirectionsArgs {
    /// File to write: .npy, .safetensors, or .pt for rosinality's tools; without it, only the eigenvalues are printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file of this name that gan-lab did not write
    #[arg(long, requires = "out")]
    force: bool,
    /// How many directions [default: all]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1..=65_535))]
    k: Option<usize>,
    /// Which layers of a StyleGAN, by their rows of w: all, or 0-3, or 0,2,5 [default: all]
    #[arg(long, value_name = "LAYERS", value_parser = layers, allow_hyphen_values = true)]
    layers: Option<Layers>,
    /// Factorise the weights without normalising each output unit's weights first
    #[arg(long)]
    raw: bool,
    /// A bundled model, or one in checkpoints/ [default: pggan_faces64]
    #[arg(long, value_name = "NAME", conflicts_with = "checkpoint", help_heading = "Generator")]
    model: Option<String>,
    /// A file of weights
    #[arg(long, value_name = "FILE", help_heading = "Generator")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    generator: GeneratorArgs,
}

/// Layers by number; none for all.
#[derive(Clone, Debug)]
struct Layers(Vec<usize>);

/// Reads them as the setting of a job is read.
fn layers(text: &str) -> Result<Layers, String> {
    let value = SefaConfig::TABLE.find("layers").and_then(|key| key.read(text)).ok();
    let read = value.and_then(|value| serde_json::from_value(value).ok()).map(Layers);
    read.ok_or_else(|| "it must be all, or a list of whole numbers, such as 0,3,7 or 0-4".to_owned())
}

/// Directions, and what they are of.
struct Found {
    directions: Directions,
    /// What the network is called.
    network: String,
    /// The rows of w that take a step; None for z.
    rows: Option<Vec<usize>>,
    /// What a person should know.
    said: Vec<String>,
}

pub(super) fn run(args: &DirectionsArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let target = args.out.as_deref().map(|out| Target::of(out, args.force)).transpose()?;
    let config = config(args)?;
    let path = jobs::checkpoint(&config, printer)?;
    let source = Source::open(&path)?;
    let found = find(args, &config, &source).map_err(|error| match error.downcast_ref() {
        Some(SefaError::Layer { .. } | SefaError::OnlyStyleGan { .. }) => {
            UsageError(format!("--layers: {error}")).into()
        }
        _ => error,
    })?;
    for words in &found.said {
        printer.note(words);
    }
    let Found { directions, network, rows, .. } = found;
    let shares = directions.shares();
    let directions = directions.first(args.k.unwrap_or(usize::MAX));
    let shown: Vec<usize> = (0..directions.len().min(PRINTED)).collect();
    let mut words = eigenvalue_table(&directions, &shares, &shown, &|_| String::new());
    let rest = directions.len() - shown.len();
    if rest > 0 {
        words += &format!("\nand {rest} more");
    }
    let what = format!(
        "{} of {network}, steps of {} numbers in {}",
        count(directions.len() as u64, "direction"),
        directions.latent_dim,
        if rows.is_some() { "w" } else { "z" }
    );
    let written = match target {
        None => {
            words += &format!("\n\n{what}\nnext: --out directions.npy writes them");
            None
        }
        Some(mut target) => {
            let model = model_name(&path);
            let note = sefa::origin(&model, &content(&path)?.0, rows.as_deref(), !args.raw).to_string();
            let bytes = directions.encode(target.form, &model, Some(note))?;
            let written = target.folder.write(&target.name, &bytes).map_err(refused)?;
            words += &format!("\n\nwrote {}: {what}", shown_path(&written));
            Some(written)
        }
    };
    let fields = || {
        serde_json::json!({
            "file": written.as_deref().map(json::path), "checkpoint": json::path(&path), "network": network,
            "space": if rows.is_some() { "w" } else { "z" }, "layers": rows.clone().unwrap_or_default(),
            "directions": directions.len(), "dim": directions.latent_dim, "eigenvalues": directions.eigenvalues,
        })
    };
    printer.result(&words, written.as_deref().unwrap_or(&path), fields)?;
    Ok(Exit::Done)
}

fn config(args: &DirectionsArgs) -> anyhow::Result<SefaConfig> {
    let usual = SefaConfig::default();
    let layers = args.layers.as_ref().map(|layers| layers.0.clone()).unwrap_or_default();
    let model = args.model.clone().unwrap_or_else(|| usual.model.clone());
    let config = SefaConfig { model, checkpoint: args.checkpoint.clone(), layers, raw: args.raw, ..usual };
    config.check().map_err(|error| UsageError(error.to_string()).into())
}

/// The directions of a generator that is read as a whole, or of style layers alone where it cannot be.
fn find(args: &DirectionsArgs, config: &SefaConfig, source: &Source) -> anyhow::Result<Found> {
    let key = args.generator.weights_key.as_deref();
    let whole = layouts::choose(source, key).and_then(|(layout, several)| {
        let weights = GeneratorWeights::read(source, &layout, &args.generator.options())?;
        Ok((layout.title(), weights, several))
    });
    let error = match whole {
        Ok((title, weights, several)) => {
            let rows = weights.rows();
            if rows == 0 && !config.layers.is_empty() {
                return Err(SefaError::OnlyStyleGan { setting: "layers" }.into());
            }
            let directions = sefa::directions(&weights, config)?;
            let rows = (rows > 0).then(|| config.edited_rows(rows));
            return Ok(Found { directions, network: title.to_owned(), rows, said: several.into_iter().collect() });
        }
        Err(error) => error,
    };
    let (styles, several) = match StyleLayers::choose(source, key) {
        Ok(Some(found)) => found,
        // The names of generators that can be drawn go before those of style layers.
        Err(unknown) if layouts::all(source).is_empty() => return Err(unknown.into()),
        Ok(None) | Err(_) => return Err(error.into()),
    };
    let names = styles.layers();
    let directions = sefa::of_style_layers(&styles, source, config)?;
    let rows = config.edited_rows(names.len());
    let mut said = vec![format!("no pictures can be drawn of it: {error}")];
    said.extend(several);
    said.push(format!(
        "taking its {} under '{}', {} to {}: row i of w is layer i",
        count(names.len() as u64, "style layer"),
        styles.key(),
        names[0],
        names[names.len() - 1]
    ));
    Ok(Found { directions, network: "style layers".to_owned(), rows: Some(rows), said })
}

/// Where the directions go.
struct Target {
    folder: ResultFolder,
    name: String,
    form: DirectionsForm,
}

impl Target {
    fn of(out: &Path, force: bool) -> anyhow::Result<Self> {
        let usage = |words: &str| UsageError(format!("--out {}: {words}", out.display()));
        let form = DirectionsForm::of(out).filter(|_| !out.is_dir());
        let form = form.ok_or_else(|| usage("directions are a .npy, .safetensors or .pt file"))?;
        let name = out.file_name().unwrap_or_default().to_str().ok_or_else(|| usage("a name that is no UTF-8"))?;
        let folder = ResultFolder::open(out.parent().unwrap_or(Path::new("")), force).map_err(refused)?;
        folder.permit(name).map_err(refused)?;
        Ok(Self { folder, name: name.to_owned(), form })
    }
}
