//! `gan-lab train progan`

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use fs_err as fs;

use super::args::set;
use super::exit::Exit;
use super::printer::{Printer, duration};
use super::signals::Signals;
use super::table::facts;
use crate::config::{Device, ImageLoss, ProganConfig};
use crate::data::images::{ImageSet, load_images};
use crate::files;
use crate::media::{self, Animation};
use crate::progan::Trainer;
use crate::render::{Picture, RenderError, image_grid};
use crate::rng::{Stream, Use};
use crate::run::{ImageRecord, ImageRun, ImageSnapshot, RUNS};

/// Images on a side of the sample grids.
const GRID: usize = 8;
/// Records a second in the film of the training.
const FPS: f64 = 8.0;

/// Train a ProGAN on images
#[derive(Debug, Args)]
#[command(after_help = "The defaults are for Fashion-MNIST on two CPU cores: 32x32, some hundred thousand images.")]
pub(super) struct ProganArgs {
    /// A folder of PNG and JPEG files, an IDX file (also gzipped), or an npy file of bytes [default:
    /// data/fashion-mnist/train-images-idx3-ubyte.gz, which scripts/fetch-fashion-mnist.sh fetches]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Begin with this config; other options override it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Side of the finished images, a power of two from 4 to 1024 [default: 32]
    #[arg(long, value_name = "N", help_heading = "Training")]
    resolution: Option<usize>,
    /// Dimension of the latent codes [default: 64]
    #[arg(long, value_name = "N", help_heading = "Training")]
    latent_dim: Option<usize>,
    /// Feature maps at side r are this over r [default: 1024]
    #[arg(long, value_name = "N", help_heading = "Training")]
    fmaps_base: Option<usize>,
    /// … and at most this [default: 64]
    #[arg(long, value_name = "N", help_heading = "Training")]
    fmaps_max: Option<usize>,
    /// What the networks minimise [default: logistic-r1]
    #[arg(long, value_enum, help_heading = "Training")]
    loss: Option<LossArg>,
    /// logistic-r1: weight of R1 [default: 0.1]
    #[arg(long, value_name = "G", help_heading = "Training")]
    gamma: Option<f64>,
    /// Adam's learning rate [default: 0.002]
    #[arg(long, help_heading = "Training")]
    lr: Option<f64>,
    /// Images in a batch [default: 32]
    #[arg(long, value_name = "N", help_heading = "Training")]
    batch_size: Option<usize>,
    /// Thousands of images to fade a side in, and to train on it afterwards [default: 30]
    #[arg(long, value_name = "K", help_heading = "Training")]
    kimg_per_phase: Option<f64>,
    /// Thousands of images to train on the final side after its fade-in [default: 300]
    #[arg(long, value_name = "K", help_heading = "Training")]
    final_kimg: Option<f64>,
    /// What all chance derives from [default: 0]
    #[arg(long, help_heading = "Training")]
    seed: Option<u64>,
    /// cpu, cuda or cuda:N [default: cpu]
    #[arg(long, help_heading = "Machine")]
    device: Option<Device>,
    /// CPU threads [default: what the machine has]
    #[arg(long, value_name = "N", help_heading = "Machine")]
    threads: Option<usize>,
    /// Thousands of images between two records [default: 5]
    #[arg(long, value_name = "K", help_heading = "Run")]
    record_kimg: Option<f64>,
    /// The run's directory [default: work_dirs/train/progan-<data>-seed<seed>]
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    out: Option<PathBuf>,
    /// Go on with the run in that directory
    #[arg(long, conflicts_with = "force", help_heading = "Run")]
    resume: bool,
    /// Replace the run in that directory
    #[arg(long, help_heading = "Run")]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LossArg {
    /// Non-saturating GAN loss with lazy R1
    LogisticR1,
    /// WGAN-GP with the paper's drift term
    WganGp,
}

pub(super) fn run(args: &ProganArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let config = config(args)?;
    let path = args.out.clone().unwrap_or_else(|| Path::new(RUNS).join(default_name(&config)));
    let saved = ImageRun::config_at(&path)?;
    match &saved {
        Some(_) if !args.resume && !args.force => {
            bail!("{} holds a run; go on with --resume, or replace it with --force", path.display())
        }
        Some(saved) if args.resume && *saved != config => {
            bail!("the run in {} was begun with other settings; see its config.json", path.display())
        }
        _ => {}
    }
    let images = load_images(&config.data, config.resolution).with_context(|| {
        if config.data.exists() {
            "these images cannot be used"
        } else {
            "the images are not there; name them with --data, or fetch Fashion-MNIST with ./scripts/fetch-fashion-mnist.sh"
        }
    })?;
    let mut trainer = Trainer::new(&config, images.channels)?;
    let run = if args.resume && saved.is_some() {
        let (run, snapshot) = ImageRun::resume(&path)?;
        trainer.load(snapshot.images, snapshot.iteration, snapshot.steps, &snapshot.arrays)?;
        run
    } else {
        ImageRun::create(&path, &config)?
    };
    let (shown, total) = trainer.progress();
    printer.note(&format!(
        "training a ProGAN on {} images of side {}, {shown} of {total} shown, into {}",
        images.len(),
        images.side,
        path.display()
    ));
    let signals = Signals::listen()?;
    let finished = train(&config, &images, &mut trainer, &run, &signals, printer)?;
    write_film(&run)?;
    report(&run, finished, printer)?;
    Ok(if finished { Exit::Done } else { signals.exit() })
}

fn config(args: &ProganArgs) -> anyhow::Result<ProganConfig> {
    let mut config = match &args.config {
        Some(path) => {
            let text = fs::read_to_string(path).context("cannot read the config")?;
            serde_json::from_str(&text).with_context(|| format!("{} is not a config", path.display()))?
        }
        None => ProganConfig::default(),
    };
    match args.loss {
        Some(LossArg::LogisticR1) => config.loss = ImageLoss::logistic(),
        Some(LossArg::WganGp) => config.loss = ImageLoss::wgan_gp(),
        None => {}
    }
    if let Some(value) = args.gamma {
        match &mut config.loss {
            ImageLoss::LogisticR1 { gamma, .. } => *gamma = value,
            ImageLoss::WganGp { .. } => bail!("--gamma belongs to logistic-r1"),
        }
    }
    set(&mut config.data, args.data.as_ref());
    set(&mut config.resolution, args.resolution.as_ref());
    set(&mut config.latent_dim, args.latent_dim.as_ref());
    set(&mut config.fmaps_base, args.fmaps_base.as_ref());
    set(&mut config.fmaps_max, args.fmaps_max.as_ref());
    set(&mut config.lr, args.lr.as_ref());
    set(&mut config.batch_size, args.batch_size.as_ref());
    set(&mut config.kimg_per_phase, args.kimg_per_phase.as_ref());
    set(&mut config.final_kimg, args.final_kimg.as_ref());
    set(&mut config.seed, args.seed.as_ref());
    set(&mut config.device, args.device.as_ref());
    set(&mut config.threads, args.threads.as_ref());
    set(&mut config.record_kimg, args.record_kimg.as_ref());
    config.check().context("this run cannot be trained")
}

fn default_name(config: &ProganConfig) -> String {
    let stem = config.data.file_name().map_or_else(|| "images".into(), |name| name.to_string_lossy().into_owned());
    format!("progan-{}-seed{}", stem.split('.').next().unwrap_or("images"), config.seed)
}

/// Trains to the end or to a signal; true at the end.
fn train(
    config: &ProganConfig,
    images: &ImageSet,
    trainer: &mut Trainer,
    run: &ImageRun,
    signals: &Signals,
    printer: &Printer,
) -> anyhow::Result<bool> {
    let codes = Stream::new(config.seed, Use::Eval, 0).normal(GRID * GRID * config.latent_dim);
    let before = run.records()?.last().map_or(0.0, |record| record.seconds);
    let start = Instant::now();
    let every = ((config.record_kimg * 1000.0) as u64).max(1);
    let (mut losses, mut steps) = ([0.0; 2], 0_u32);
    let (first, total) = trainer.progress();
    let bar = printer.progress("image", total, first);
    while trainer.progress().0 < total {
        let shown = trainer.progress().0;
        let (d_loss, g_loss) = trainer.step(images)?;
        if !d_loss.is_finite() || !g_loss.is_finite() {
            bail!("training diverged after {shown} images; the run keeps its last record. A lower --lr usually helps");
        }
        losses = [losses[0] + d_loss, losses[1] + g_loss];
        steps += 1;
        let now = trainer.progress().0;
        let stopping = signals.received().is_some();
        // A record only at its own place in the run, so that a resumed run has the same ones.
        if now / every == shown / every && now < total {
            if stopping {
                bar.finish();
                return Ok(false);
            }
            continue;
        }
        let phase = trainer.phase();
        let record = ImageRecord {
            images: now,
            iteration: trainer.iteration(),
            side: 4 << phase.level,
            alpha: phase.alpha,
            d_loss: losses[0] / f64::from(steps),
            g_loss: losses[1] / f64::from(steps),
            seconds: ((before + start.elapsed().as_secs_f64()) * 1000.0).round() / 1000.0,
        };
        (losses, steps) = ([0.0; 2], 0);
        save(run, trainer, &codes, &record)?;
        let rate = (now - first) as f64 / start.elapsed().as_secs_f64();
        let left = duration((total.saturating_sub(now)) as f64 / rate);
        bar.show(
            now.min(total),
            &format!(
                "side {} d_loss {:.3} g_loss {:.3} {rate:.0} img/s {left} left",
                record.side, record.d_loss, record.g_loss
            ),
        );
        if stopping && now < total {
            bar.finish();
            return Ok(false);
        }
    }
    bar.finish();
    Ok(true)
}

fn save(run: &ImageRun, trainer: &mut Trainer, codes: &[f32], record: &ImageRecord) -> anyhow::Result<()> {
    let net = trainer.net();
    let (side, pixels) = trainer.images(codes)?;
    let grid = image_grid(&pixels, net.image_channels, side, GRID, 2 * net.resolution / side);
    let snapshot = ImageSnapshot {
        images: record.images,
        iteration: record.iteration,
        steps: trainer.optimiser_steps(),
        arrays: trainer.state()?,
    };
    run.record(record, &media::encode_png(&grid)?, &net, &snapshot)?;
    Ok(())
}

/// The grids of samples, one after another.
struct Film(Vec<PathBuf>);

impl Animation for Film {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        let bytes = fs::read(&self.0[index]).map_err(RenderError::new)?;
        media::decode_png(&bytes).map_err(RenderError::new)
    }
}

fn write_film(run: &ImageRun) -> anyhow::Result<()> {
    let film = Film(run.samples()?.into_iter().map(|(_, path)| path).collect());
    if !film.is_empty() {
        files::write(&run.film(), &media::encode_gif(&film, FPS)?)?;
    }
    Ok(())
}

fn report(run: &ImageRun, finished: bool, printer: &Printer) -> anyhow::Result<()> {
    let last = run.records()?.pop();
    let path = run.path().display().to_string();
    let mut rows = Vec::new();
    if let Some(record) = &last {
        rows.push(("images", record.images.to_string()));
        rows.push(("time", duration(record.seconds)));
        rows.push(("discriminator loss", format!("{:.4}", record.d_loss)));
        rows.push(("generator loss", format!("{:.4}", record.g_loss)));
    }
    rows.push(("run", path.clone()));
    rows.push(("film", run.film().display().to_string()));
    let headline = if finished { "finished" } else { "stopped; the run keeps its last record" };
    let next = format!("gan-lab sefa --checkpoint {path}/generator.safetensors");
    let words = format!("ProGAN: {headline}\n{}\nnext: {next}", facts(&rows));
    let status = if finished { "finished" } else { "stopped" };
    printer.result(&words, &path, &serde_json::json!({ "status": status, "run": path, "last": last }));
    Ok(())
}
