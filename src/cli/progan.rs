//! `gan-lab train progan`

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use fs_err as fs;

use super::args::set;
use super::exit::{Exit, UsageError, config_error};
use super::printer::{Printer, Progress, duration};
use super::signals::Signals;
use super::table::facts;
use crate::config::{Device, ImageLoss, ProganConfig};
use crate::data::images::load_images;
use crate::json;
use crate::progan::{ImageTraining, Trainer};
use crate::run::{ImageRecord, ImageRun, RUNS};
use crate::train::Outcome;

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
    if args.resume && saved.as_ref().is_some_and(|saved| *saved != config) {
        bail!("the run in {} was begun with other settings; see its config.json", path.display());
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
        ImageRun::create(&path, &config, args.force)?
    };
    let (shown, total) = trainer.progress();
    printer.note(&format!(
        "training a ProGAN on {} images of side {}, {shown} of {total} shown, into {}",
        images.len(),
        images.side,
        path.display()
    ));
    let signals = Signals::listen()?;
    let bar = printer.progress("image", total, shown);
    let start = Instant::now();
    let outcome = ImageTraining { config: &config, images: &images, trainer: &mut trainer, run: &run }.run(
        &|| signals.received().is_some(),
        &mut |record| {
            let rate = (record.images - shown) as f64 / start.elapsed().as_secs_f64();
            show(&bar, record, rate, total);
        },
    );
    bar.finish();
    let finished = outcome? == Outcome::Finished;
    report(&run, finished, printer)?;
    Ok(if finished { Exit::Done } else { signals.exit() })
}

fn config(args: &ProganArgs) -> anyhow::Result<ProganConfig> {
    let mut config: ProganConfig = match &args.config {
        Some(path) => {
            let text = fs::read_to_string(path).context("cannot read the config")?;
            serde_json::from_str(&text).with_context(|| format!("{} is not a config", path.display()))?
        }
        None => ProganConfig::default(),
    };
    let file = args.config.as_deref().map(|path| (path, config.clone().check().err()));
    match args.loss {
        Some(LossArg::LogisticR1) => config.loss = ImageLoss::logistic(),
        Some(LossArg::WganGp) => config.loss = ImageLoss::wgan_gp(),
        None => {}
    }
    if let Some(value) = args.gamma {
        match &mut config.loss {
            ImageLoss::LogisticR1 { gamma, .. } => *gamma = value,
            ImageLoss::WganGp { .. } => {
                return Err(UsageError("--gamma belongs to logistic-r1; this run is wgan-gp".into()).into());
            }
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
    config.check().map_err(|error| config_error(&error, file)).context("this run cannot be trained")
}

fn default_name(config: &ProganConfig) -> String {
    let stem = config.data.file_name().map_or_else(|| "images".into(), |name| name.to_string_lossy().into_owned());
    format!("progan-{}-seed{}", stem.split('.').next().unwrap_or("images"), config.seed)
}

/// A line of progress for a record.
fn show(bar: &Progress, record: &ImageRecord, rate: f64, total: u64) {
    let left = duration(total.saturating_sub(record.images) as f64 / rate.max(1e-9));
    let ImageRecord { side, d_loss, g_loss, .. } = record;
    let losses = format!("side {side}  d_loss {d_loss:.3}  g_loss {g_loss:.3}");
    let parts = [(1, losses.as_str()), (3, &format!("{rate:.0} images/s")), (2, &format!("{left} left"))];
    bar.show(record.images.min(total), &parts);
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
    let fields = || serde_json::json!({ "status": status, "run": json::path(run.path()), "last": last });
    printer.result(&words, run.path(), fields)
}
