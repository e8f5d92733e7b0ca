//! `gan-lab sefa`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use fs_err as fs;

use super::args::Indices;
use super::exit::{Exit, UsageError};
use super::printer::{Printer, Progress, duration};
use super::table::{Align, table};
use crate::checkpoint::layout::{self, Family, Layout};
use crate::checkpoint::{GeneratorWeights, Source};
use crate::config::Device;
use crate::nets::synthesis::Generator;
use crate::run::JobDir;
use crate::sefa::{Directions, Distances, Job, draw_codes, factorize, first_layer, style_layers};
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
    /// Keep the images that an interrupted job has rendered
    #[arg(long, help_heading = "Output")]
    resume: bool,
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
    let path = find_checkpoint(args)?;
    let source = Source::open(&path)?;
    let layout = layout::detect(&source)
        .with_context(|| format!("{} holds no generator that is known here; see gan-lab inspect", path.display()))?;
    let model = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    if matches!(layout.family, Family::StyleGan | Family::StyleGan2) {
        return factorise_only(args, &source, &layout, &model, &labels, printer);
    }
    if args.layers.is_some() {
        return Err(
            UsageError("--layers is for StyleGAN and StyleGAN2; a ProGAN has its first layer only".into()).into()
        );
    }
    let weights = GeneratorWeights::read(&source, &layout)?;
    drop(source);
    let directions = factorize(&first_layer(&weights)?, !args.raw)?;
    let job = plan(args, &weights, directions, model, labels)?;
    let generator = Generator::new(&weights, tensor::device(args.device)?)?;
    prepare(args, &job, &path)?;
    let rendered = render(args, &job, &generator, printer)?;
    for (extension, reason) in job.assemble()? {
        printer.note(&format!("no {extension}: {reason}"));
    }
    report(&job, rendered, printer);
    Ok(Exit::Done)
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

fn plan(
    args: &SefaArgs,
    weights: &GeneratorWeights,
    directions: Directions,
    model: String,
    labels: BTreeMap<usize, String>,
) -> anyhow::Result<Job> {
    let chosen = args.directions.clone().map_or_else(|| (0..usize::from(args.k)).collect(), |list| list.0);
    if let Some(&wrong) = chosen.iter().find(|&&index| index >= directions.len()) {
        bail!("there is no direction {wrong}; this model has {}, numbered from 0", directions.len());
    }
    let (first, last, steps, normalise) = match args.preset {
        Preset::Lab => (-2.0, 2.0, 21, false),
        Preset::Upstream => (-3.0, 3.0, 11, true),
    };
    let distances = Distances {
        start: args.start.unwrap_or(first),
        end: args.end.unwrap_or(last),
        steps: usize::from(args.steps.unwrap_or(steps)),
    };
    if !distances.start.is_finite() || !distances.end.is_finite() {
        return Err(UsageError("--start and --end must be numbers".into()).into());
    }
    let samples = usize::from(args.n);
    let name = format!("{model}_N{samples}_K{}_seed{}", chosen.len(), args.seed);
    let dir = JobDir::new(args.out.clone().unwrap_or_else(|| Path::new(JOBS).join(name)));
    Ok(Job {
        dir,
        model,
        seed: args.seed,
        samples,
        side: usize::from(args.viz_size),
        codes: draw_codes(args.seed, samples, weights.latent_dim, normalise)?,
        directions,
        chosen,
        distances: distances.all(),
        labels,
    })
}

/// Writes what is known before anything is rendered; keeps an earlier job's images if they are this job's.
fn prepare(args: &SefaArgs, job: &Job, checkpoint: &Path) -> anyhow::Result<()> {
    let description = serde_json::json!({
        "program": concat!("gan-lab ", env!("CARGO_PKG_VERSION")),
        "checkpoint": checkpoint,
        "checkpoint_bytes": fs::metadata(checkpoint)?.len(),
        "samples": job.samples,
        "seed": job.seed,
        "codes": if args.preset == Preset::Upstream { "unit mean square" } else { "as drawn" },
        "normalised_units": !args.raw,
        "directions": job.chosen,
        "distances": job.distances,
        "viz_size": job.side,
    });
    let same = args.resume && job.dir.description()?.as_ref() == Some(&description);
    if !same {
        job.dir.start(&description)?;
    }
    Ok(job.dir.write_directions(&job.directions, |i| job.labels.get(&i).cloned().unwrap_or_default())?)
}

/// Renders what is missing; gives how many images that were.
fn render(args: &SefaArgs, job: &Job, generator: &Generator, printer: &Printer) -> anyhow::Result<usize> {
    let work = job.missing();
    let (todo, total) = (work.len(), job.image_count());
    printer.note(&format!("rendering {todo} images of {} ({} are there)", job.model, total - todo));
    let bar = printer.progress("image", total as u64, (total - todo) as u64);
    let start = Instant::now();
    job.render(&work, generator, usize::from(args.batch), &mut |done| {
        show(&bar, total - todo + done, done, todo, start);
    })?;
    bar.finish();
    Ok(todo)
}

fn show(bar: &Progress, position: usize, done: usize, todo: usize, start: Instant) {
    let rate = done as f64 / start.elapsed().as_secs_f64().max(1e-9);
    let left = duration((todo - done) as f64 / rate.max(1e-9));
    bar.show(position as u64, &format!("{rate:.1} images/s  {left} left"));
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

fn report(job: &Job, rendered: usize, printer: &Printer) {
    let page = job.dir.page();
    let words = format!(
        "{}\n\nwrote {}\nnext: open {} in a browser",
        listing(&job.directions, &job.chosen, &job.labels),
        job.dir.path().display(),
        page.display()
    );
    let eigenvalues: Vec<f64> = job.chosen.iter().map(|&i| job.directions.eigenvalues[i]).collect();
    let json = serde_json::json!({
        "job": job.dir.path(), "page": page, "video": job.dir.video("mp4"), "rendered": rendered,
        "directions": job.chosen, "eigenvalues": eigenvalues,
    });
    printer.result(&words, &job.dir.path().display().to_string(), &json);
}

/// StyleGANs: the directions, without pictures.
fn factorise_only(
    args: &SefaArgs,
    source: &Source,
    layout: &Layout,
    model: &str,
    labels: &BTreeMap<usize, String>,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let chosen = args.layers.clone().unwrap_or_default().0;
    let directions = factorize(&style_layers(source, layout, &chosen)?, !args.raw)?;
    let layers = if chosen.is_empty() {
        "all".to_owned()
    } else {
        chosen.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
    };
    let dir = JobDir::new(args.out.clone().unwrap_or_else(|| Path::new(JOBS).join(format!("{model}_L{layers}"))));
    dir.write_directions(&directions, |i| labels.get(&i).cloned().unwrap_or_default())?;
    let chosen: Vec<usize> = (0..usize::from(args.k).min(directions.len())).collect();
    let words = format!(
        "{}, layers {layers}\n{}\n\nwrote {} (directions and eigenvalues; pictures of a StyleGAN are not built in yet)",
        layout.family.title(),
        listing(&directions, &chosen, labels),
        dir.path().display()
    );
    let json = serde_json::json!({ "job": dir.path(), "eigenvalues": directions.eigenvalues });
    printer.result(&words, &dir.path().display().to_string(), &json);
    Ok(Exit::Done)
}
