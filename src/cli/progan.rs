//! `gan-lab train progan`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use fs_err as fs;

use super::args::set;
use super::exit::{Exit, UsageError, config_error};
use super::printer::{Printer, duration};
use super::session;
use super::signals::Signals;
use super::table::facts;
use crate::config::{Device, ImageLoss, ProganConfig};
use crate::json;
use crate::kinds::progan::{self, ImageRecord, ProganError};
use crate::run::{Kind, Outcome, Position, RUNS, RunDir, Start};

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
    crate::torch_library::load()?;
    let (config, dir, start) = plan(args)?;
    let opened = progan::open(config.clone(), dir, start, args.data.as_deref());
    let mut session = opened.map_err(|error| advised(error, &config.data))?;
    let Position { done, total } = session.position();
    let (count, side) = session.work().image_set();
    printer.note(&match done {
        _ if done >= total => format!("this run is finished already: {done} images"),
        _ => format!(
            "training a ProGAN on {count} images of side {side}, {done} of {total} shown, into {}",
            session.dir().path().display()
        ),
    });
    let signals = Signals::listen()?;
    let outcome = session::follow(&mut session, Kind::Progan.unit(), &signals, printer, &words)?;
    let dir = session.dir().clone();
    drop(session);
    report(&dir, outcome, printer)?;
    Ok(session::exit(outcome, &signals))
}

/// What is to be done, and where; a run that is resumed keeps its own config.
fn plan(args: &ProganArgs) -> anyhow::Result<(ProganConfig, RunDir, Start)> {
    let fresh = config(args, ProganConfig::default())?;
    let dir = RunDir::new(args.out.clone().unwrap_or_else(|| Path::new(RUNS).join(default_name(&fresh))));
    if !args.resume {
        return Ok((fresh, dir, Start::New { force: args.force }));
    }
    if dir.kind().is_none() {
        return Ok((fresh, dir, Start::Resume));
    }
    let saved = progan::settings(&dir)?;
    Ok((config(args, saved)?, dir, Start::Resume))
}

/// Images that cannot be used come with what to do about it.
fn advised(error: ProganError, data: &Path) -> anyhow::Error {
    let advice = match &error {
        ProganError::Data(_) if data.exists() => Some("these images cannot be used"),
        ProganError::Data(_) => Some(
            "the images are not there; name them with --data, or fetch Fashion-MNIST with ./scripts/fetch-fashion-mnist.sh",
        ),
        _ => None,
    };
    let error = anyhow::Error::new(error);
    match advice {
        Some(advice) => error.context(advice),
        None => error,
    }
}

/// The config with the options that were given.
fn config(args: &ProganArgs, base: ProganConfig) -> anyhow::Result<ProganConfig> {
    let mut config = match &args.config {
        Some(path) => {
            let text = fs::read_to_string(path).context("cannot read the config")?;
            serde_json::from_str(&text).with_context(|| format!("{} is not a config", path.display()))?
        }
        None => base,
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
    config.check().map_err(|error| config_error(error, file)).context("this run cannot be trained")
}

fn default_name(config: &ProganConfig) -> String {
    let stem = config.data.file_name().map_or_else(|| "images".into(), |name| name.to_string_lossy().into_owned());
    format!("progan-{}-seed{}", stem.split('.').next().unwrap_or("images"), config.seed)
}

/// What the images since the last record came to, in a line.
fn words(record: &ImageRecord) -> Vec<(u8, String)> {
    let ImageRecord { side, d_loss, g_loss, .. } = record;
    vec![(1, format!("side {side}  d_loss {d_loss:.3}  g_loss {g_loss:.3}"))]
}

fn report(dir: &RunDir, outcome: Outcome, printer: &Printer) -> anyhow::Result<()> {
    let last = dir.records::<ImageRecord>(&|_| {})?.pop();
    let path = dir.path().display().to_string();
    let mut rows = Vec::new();
    if let Some(record) = &last {
        rows.push(("images", record.images.to_string()));
        rows.push(("time", duration(record.seconds)));
        rows.push(("discriminator loss", format!("{:.4}", record.d_loss)));
        rows.push(("generator loss", format!("{:.4}", record.g_loss)));
    }
    rows.push(("run", path.clone()));
    if progan::film(dir).is_file() {
        rows.push(("film", progan::film(dir).display().to_string()));
    }
    let (headline, status, next) = match outcome {
        Outcome::Finished => {
            ("finished", "finished", format!("gan-lab sefa --checkpoint {path}/generator.safetensors"))
        }
        Outcome::Stopped => {
            ("stopped and saved", "stopped", format!("gan-lab train progan --resume --out {path}"))
        }
    };
    let words = format!("ProGAN: {headline}\n{}\nnext: {next}", facts(&rows));
    let fields = || serde_json::json!({ "status": status, "run": json::path(dir.path()), "last": last });
    printer.result(&words, dir.path(), fields)
}
