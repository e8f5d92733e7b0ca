//! `gan-lab sefa`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use fs_err as fs;

use super::exit::{Exit, UsageError};
pub(super) use super::options::sefa::SefaArgs;
use super::options::sefa::sefa;
use super::printer::{Printer, Progress, duration};
use super::table::{Align, table};
use crate::checkpoint::layout::{self, Family, Layout};
use crate::checkpoint::{BUNDLED, GeneratorWeights, Source, bundled};
use crate::config::{SefaCodes, SefaConfig};
use crate::nets::synthesis::Generator;
use crate::run::JobDir;
use crate::sefa::{Directions, Distances, Job, draw_codes, factorize, first_layer, style_layers};
use crate::tensor;

/// Where jobs go unless told otherwise.
const JOBS: &str = "work_dirs/synthesis";

pub(super) fn run(args: &SefaArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let config = sefa(args)?;
    let path = find_checkpoint(&config)?;
    if bundled(&path).is_some() {
        printer.note(&format!("{} is not here: taking the {BUNDLED} that is built in", path.display()));
    }
    let source = Source::open(&path)?;
    let layout = layout::detect(&source)
        .with_context(|| format!("{} holds no generator that is known here; see gan-lab inspect", path.display()))?;
    let model = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    if matches!(layout.family, Family::StyleGan | Family::StyleGan2) {
        return factorise_only(args, &config, &source, &layout, &model, &labels, printer);
    }
    if !config.layers.is_empty() {
        return Err(
            UsageError("--layers is for StyleGAN and StyleGAN2; a ProGAN has its first layer only".into()).into()
        );
    }
    let weights = GeneratorWeights::read(&source, &layout)?;
    drop(source);
    let directions = factorize(&first_layer(&weights)?, !config.raw)?;
    let job = plan(args, &config, &weights, directions, model, labels)?;
    let generator = Generator::new(&weights, tensor::device(config.device)?)?;
    prepare(args, &config, &job, &path)?;
    let rendered = render(&config, &job, &generator, printer)?;
    for (extension, reason) in job.assemble()? {
        printer.note(&format!("no {extension}: {reason}"));
    }
    report(&job, rendered, printer);
    Ok(Exit::Done)
}

/// The file that `--checkpoint` or `--model` means.
fn find_checkpoint(config: &SefaConfig) -> anyhow::Result<PathBuf> {
    if let Some(path) = &config.checkpoint {
        return Ok(path.clone());
    }
    let name = &config.model;
    let places = [
        format!("checkpoints/{name}.pth"),
        format!("checkpoints/{name}.safetensors"),
        format!("data/models/{name}.safetensors"),
    ];
    let found = places.iter().map(PathBuf::from).find(|path| path.is_file() || bundled(path).is_some());
    found.with_context(|| {
        format!(
            "there is no model '{name}': looked for {}. Put a checkpoint into checkpoints/, or name one with \
             --checkpoint, or take {BUNDLED}, which is built in. genforce's own downloads are gone; its converter makes such files from NVIDIA's pickles, and PyTorch Hub leaves its PGAN models in \
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
    config: &SefaConfig,
    weights: &GeneratorWeights,
    directions: Directions,
    model: String,
    labels: BTreeMap<usize, String>,
) -> anyhow::Result<Job> {
    let chosen = config.chosen();
    if let Some(&wrong) = chosen.iter().find(|&&index| index >= directions.len()) {
        bail!("there is no direction {wrong}; this model has {}, numbered from 0", directions.len());
    }
    let name = config.default_name(&model);
    let dir = JobDir::new(args.out.clone().unwrap_or_else(|| Path::new(JOBS).join(name)));
    Ok(Job {
        dir,
        model,
        seed: config.seed,
        samples: config.samples,
        side: config.viz_size,
        codes: draw_codes(config.seed, config.samples, weights.latent_dim, config.codes == SefaCodes::UnitMeanSquare)?,
        directions,
        chosen,
        distances: Distances { start: config.start, end: config.end, steps: config.steps }.all(),
        labels,
    })
}

/// Writes what is known before anything is rendered; keeps an earlier job's images if they are this job's.
fn prepare(args: &SefaArgs, config: &SefaConfig, job: &Job, checkpoint: &Path) -> anyhow::Result<()> {
    let description = serde_json::json!({
        "program": concat!("gan-lab ", env!("CARGO_PKG_VERSION")),
        "checkpoint": checkpoint,
        "checkpoint_bytes": match bundled(checkpoint) {
            Some(bytes) => bytes.len() as u64,
            None => fs::metadata(checkpoint)?.len(),
        },
        "samples": job.samples,
        "seed": job.seed,
        "codes": if config.codes == SefaCodes::UnitMeanSquare { "unit mean square" } else { "as drawn" },
        "normalised_units": !config.raw,
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
fn render(config: &SefaConfig, job: &Job, generator: &Generator, printer: &Printer) -> anyhow::Result<usize> {
    let work = job.missing();
    let (todo, total) = (work.len(), job.image_count());
    printer.note(&format!("rendering {todo} images of {} ({} are there)", job.model, total - todo));
    let bar = printer.progress("image", total as u64, (total - todo) as u64);
    let start = Instant::now();
    job.render(&work, generator, config.batch, &mut |done| {
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
    config: &SefaConfig,
    source: &Source,
    layout: &Layout,
    model: &str,
    labels: &BTreeMap<usize, String>,
    printer: &Printer,
) -> anyhow::Result<Exit> {
    let chosen = &config.layers;
    let directions = factorize(&style_layers(source, layout, chosen)?, !config.raw)?;
    let layers = if chosen.is_empty() {
        "all".to_owned()
    } else {
        chosen.iter().map(usize::to_string).collect::<Vec<_>>().join("-")
    };
    let dir = JobDir::new(args.out.clone().unwrap_or_else(|| Path::new(JOBS).join(format!("{model}_L{layers}"))));
    dir.write_directions(&directions, |i| labels.get(&i).cloned().unwrap_or_default())?;
    let chosen: Vec<usize> = (0..config.k.min(directions.len())).collect();
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
