//! `gan-lab sefa`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use fs_err as fs;

use super::args::Indices;
use super::exit::{Exit, UsageError};
use super::printer::Printer;
use super::session;
use super::signals::Signals;
use super::table::{Align, table};
use crate::checkpoint::layout::{self, Family};
use crate::checkpoint::{GeneratorWeights, Source};
use crate::config::{Device, SefaCodes, SefaConfig};
use crate::json;
use crate::kinds::sefa::{self, Directions, Job, Picked, draw_codes, factorize, first_layer, style_layers};
use crate::nets::synthesis::Generator;
use crate::run::{Kind, Outcome, Position, RunDir, Session, Start};
use crate::tensor;

/// The model that comes with the project.
const BUNDLED: &str = "pggan_fashion32";
/// Where jobs go unless told otherwise.
const JOBS: &str = "work_dirs/synthesis";

/// Find the semantic directions of a generator and show what they change
#[derive(Debug, Args)]
#[command(
    after_help = "Writes work_dirs/synthesis/<model>_N<n>_K<k>_seed<seed>/: a picture for each direction, a video, a GIF, \
                        and index.html, a page with sliders."
)]
pub(super) struct SefaArgs {
    /// A model by name: checkpoints/NAME.pth or .safetensors, else one that comes with the project
    #[arg(long, value_name = "NAME", conflicts_with = "checkpoint", default_value = BUNDLED)]
    model: String,
    /// A checkpoint's file (PyTorch or safetensors)
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// How many samples
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    n: u16,
    /// How many directions, those with the largest eigenvalues
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    k: u16,
    /// These directions instead: 0,3,7 or 0-4
    #[arg(long, value_name = "LIST")]
    directions: Option<Indices>,
    /// What the codes derive from, as torch.manual_seed does
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Distances, steps and codes as in a published script
    #[arg(long, value_enum, default_value_t = Preset::Lab)]
    preset: Preset,
    /// First distance [default: -2]
    #[arg(long, allow_negative_numbers = true, help_heading = "Editing")]
    start: Option<f64>,
    /// Last distance [default: 2]
    #[arg(long, allow_negative_numbers = true, help_heading = "Editing")]
    end: Option<f64>,
    /// How many distances [default: 21]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1000), help_heading = "Editing")]
    steps: Option<u16>,
    /// Factorise the weights as they are instead of units of equal length
    #[arg(long, help_heading = "Editing")]
    raw: bool,
    /// StyleGAN and StyleGAN2: factorise these layers [default: all]
    #[arg(long, value_name = "LIST", help_heading = "Editing")]
    layers: Option<Indices>,
    /// Names of directions: a JSON file as the page exports it
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    labels: Option<PathBuf>,
    /// Side of each image in the pictures
    #[arg(long, value_name = "PIXELS", default_value_t = 256, value_parser = clap::value_parser!(u16).range(4..=1024), help_heading = "Output")]
    viz_size: u16,
    /// The job's directory [default: work_dirs/synthesis/<model>_N<n>_K<k>_seed<seed>]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Go on with the job in that directory
    #[arg(long, conflicts_with = "force", help_heading = "Output")]
    resume: bool,
    /// Replace the job in that directory
    #[arg(long, help_heading = "Output")]
    force: bool,
    /// cpu, cuda or cuda:N
    #[arg(long, default_value = "cpu", help_heading = "Machine")]
    device: Device,
    /// Images rendered at a time
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Machine")]
    batch: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// The lab: -2 to 2 in 21 steps, codes as drawn
    Lab,
    /// genforce/sefa: -3 to 3 in 11 steps, codes of unit mean square
    Upstream,
}

pub(super) fn run(args: &SefaArgs, printer: &Printer) -> anyhow::Result<Exit> {
    crate::torch_library::load()?;
    let config = config(args)?;
    let path = find_checkpoint(args)?;
    let picked = pick(args, &config, &path)?;
    let name = default_name(args, &config, &picked);
    let dir = RunDir::new(args.out.clone().unwrap_or_else(|| Path::new(JOBS).join(name)));
    let start = if args.resume { Start::Resume } else { Start::New { force: args.force } };
    let mut session = sefa::open(config, picked, &path, dir, start)?;
    let Position { done, total } = session.position();
    let model = session.work().model().to_owned();
    if session.work().has_pictures() {
        printer.note(&format!("rendering {} images of {model} ({done} are there)", total - done));
    }
    let signals = Signals::listen()?;
    let outcome = session::follow(&mut session, Kind::Sefa.unit(), &signals, printer, &|_| Vec::new())?;
    for (extension, reason) in session.work().without() {
        printer.note(&format!("no {extension}: {reason}"));
    }
    report(&session, outcome, total - done, printer)?;
    Ok(session::exit(outcome, &signals))
}

fn config(args: &SefaArgs) -> anyhow::Result<SefaConfig> {
    let (start, end, steps, codes) = match args.preset {
        Preset::Lab => (-2.0, 2.0, 21, SefaCodes::AsDrawn),
        Preset::Upstream => (-3.0, 3.0, 11, SefaCodes::UnitMeanSquare),
    };
    let config = SefaConfig {
        model: args.model.clone(),
        checkpoint: args.checkpoint.clone(),
        samples: usize::from(args.n),
        k: usize::from(args.k),
        directions: args.directions.clone().map(|list| list.0),
        seed: args.seed,
        start: args.start.unwrap_or(start),
        end: args.end.unwrap_or(end),
        steps: usize::from(args.steps.unwrap_or(steps)),
        codes,
        raw: args.raw,
        layers: args.layers.clone().unwrap_or_default().0,
        viz_size: usize::from(args.viz_size),
        device: args.device,
        batch: usize::from(args.batch),
    };
    if !config.start.is_finite() || !config.end.is_finite() {
        return Err(UsageError("--start and --end must be numbers".into()).into());
    }
    Ok(config)
}

/// Reads the checkpoint, factorises it, and makes what renders its images, where that can be made.
fn pick(args: &SefaArgs, config: &SefaConfig, path: &Path) -> anyhow::Result<Picked> {
    let bytes = fs::read(path)?;
    let (sha256, size) = (crate::run::digest(&bytes), bytes.len() as u64);
    drop(bytes);
    let source = Source::open(path)?;
    let layout = layout::detect(&source)
        .with_context(|| format!("{} holds no generator that is known here; see gan-lab inspect", path.display()))?;
    let model = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    if matches!(layout.family, Family::StyleGan | Family::StyleGan2) {
        let directions = factorize(&style_layers(&source, &layout, &config.layers)?, !config.raw)?;
        return Ok(Picked { model, sha256, bytes: size, directions, generator: None, labels });
    }
    if !config.layers.is_empty() {
        return Err(
            UsageError("--layers is for StyleGAN and StyleGAN2; a ProGAN has its first layer only".into()).into()
        );
    }
    let weights = GeneratorWeights::read(&source, &layout)?;
    drop(source);
    let directions = factorize(&first_layer(&weights)?, !config.raw)?;
    let unit = config.codes == SefaCodes::UnitMeanSquare;
    let codes = draw_codes(config.seed, config.samples, weights.latent_dim, unit)?;
    let generator = Generator::new(&weights, tensor::device(config.device)?)?;
    Ok(Picked { model, sha256, bytes: size, directions, generator: Some((codes, generator)), labels })
}

/// What the job is called: by the model, its content where it is not the bundled one, and what is asked of it.
fn default_name(args: &SefaArgs, config: &SefaConfig, picked: &Picked) -> String {
    let bundled = args.checkpoint.is_none() && args.model == BUNDLED;
    let content = if bundled { String::new() } else { format!("-{}", &picked.sha256[..8]) };
    let model = &picked.model;
    if picked.generator.is_none() {
        let layers = config.layers.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        return format!("{model}{content}_L{}", if layers.is_empty() { "all" } else { &layers });
    }
    format!("{model}{content}_N{}_K{}_seed{}", config.samples, config.chosen().len(), config.seed)
}

/// The file that `--checkpoint` or `--model` means.
fn find_checkpoint(args: &SefaArgs) -> anyhow::Result<PathBuf> {
    if let Some(path) = &args.checkpoint {
        return Ok(path.clone());
    }
    let name = &args.model;
    let places = [
        format!("checkpoints/{name}.pth"),
        format!("checkpoints/{name}.safetensors"),
        format!("data/models/{name}.safetensors"),
    ];
    let found = places.iter().map(PathBuf::from).find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "there is no model '{name}': looked for {}. Run gan-lab from the project's folder for the bundled \
             {BUNDLED}, or put a checkpoint into checkpoints/, or name one with --checkpoint. genforce's own downloads \
             are gone; its converter makes such files from NVIDIA's pickles, and PyTorch Hub leaves its PGAN models in \
             its cache as .pth",
            places.join(", ")
        )
    })
}

fn read_labels(path: &Path) -> anyhow::Result<BTreeMap<usize, String>> {
    let text = fs::read_to_string(path).context("cannot read the labels")?;
    serde_json::from_str(&text)
        .with_context(|| format!(r#"{} is not a labels file; it should look like {{"0": "sleeves"}}"#, path.display()))
}

/// The table of eigenvalues.
fn listing(directions: &Directions, chosen: &[usize], labels: &BTreeMap<usize, String>) -> String {
    let mut rows = vec![["direction", "eigenvalue", "share", "label"].map(str::to_owned).to_vec()];
    let shares = directions.shares();
    rows.extend(chosen.iter().map(|&i| {
        let share = format!("{:.1} %", 100.0 * shares[i]);
        let label = labels.get(&i).cloned().unwrap_or_default();
        vec![i.to_string(), format!("{:.3}", directions.eigenvalues[i]), share, label]
    }));
    table(&[Align::Right, Align::Right, Align::Right, Align::Left], &rows)
}

fn report(session: &Session<Job>, outcome: Outcome, rendered: u64, printer: &Printer) -> anyhow::Result<()> {
    let (dir, job) = (session.dir(), session.work());
    let path = dir.path().display().to_string();
    let all: Vec<usize> = (0..job.directions().len()).collect();
    let chosen = if job.has_pictures() { job.chosen() } else { &all[..all.len().min(job.k())] };
    let page = dir.file("index.html");
    let words = match outcome {
        Outcome::Stopped => {
            "stopped and saved\nnext: the same command with --resume goes on".to_owned()
        }
        Outcome::Finished => {
            let table = listing(job.directions(), chosen, job.labels());
            let next = if job.has_pictures() {
                format!("wrote {path}\nnext: open {} in a browser", page.display())
            } else {
                format!("wrote {path} (directions and eigenvalues; pictures of a StyleGAN are not built in yet)")
            };
            format!("{table}\n\n{next}")
        }
    };
    let eigenvalues: Vec<f64> = chosen.iter().map(|&i| job.directions().eigenvalues[i]).collect();
    let status = if outcome == Outcome::Finished { "finished" } else { "stopped" };
    let fields = || {
        if !job.has_pictures() {
            let eigenvalues = &job.directions().eigenvalues;
            return serde_json::json!({ "status": status, "job": json::path(dir.path()), "eigenvalues": eigenvalues });
        }
        serde_json::json!({
            "status": status, "job": json::path(dir.path()), "page": json::path(&page),
            "video": job.video(dir, "mp4").as_deref().map(json::path), "rendered": rendered,
            "directions": chosen, "eigenvalues": eigenvalues,
        })
    };
    printer.result(&words, dir.path(), fields)
}
