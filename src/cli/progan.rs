//! `gan-lab train progan`

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::exit::Exit;
pub(super) use super::options::progan::ProganArgs;
use super::options::progan::progan;
use super::printer::{Printer, Progress, duration};
use super::signals::Signals;
use super::table::facts;
use crate::data::images::load_images;
use crate::progan::{ImageTraining, Trainer};
use crate::run::{ImageRecord, ImageRun, RUNS};
use crate::train::Outcome;

pub(super) fn run(args: &ProganArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let config = progan(args)?;
    let path = args.out.clone().unwrap_or_else(|| Path::new(RUNS).join(config.default_name()));
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

/// A line of progress for a record.
fn show(bar: &Progress, record: &ImageRecord, rate: f64, total: u64) {
    let left = duration(total.saturating_sub(record.images) as f64 / rate.max(1e-9));
    let ImageRecord { side, d_loss, g_loss, .. } = record;
    let message = format!("side {side}  d_loss {d_loss:.3}  g_loss {g_loss:.3}  {rate:.0} images/s  {left} left");
    bar.show(record.images.min(total), &message);
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
