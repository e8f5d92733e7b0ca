//! The loop: iteration after iteration, a record now and then.

use std::path::PathBuf;
use std::time::Instant;

use fs_err as fs;

use super::trainer::{ProganError, Trainer};
use crate::config::ProganConfig;
use crate::data::images::ImageSet;
use crate::files;
use crate::media::{self, Animation};
use crate::render::{Picture, RenderError, image_grid};
use crate::rng::{Stream, Use};
use crate::run::{ImageRecord, ImageRun, ImageSnapshot};
use crate::train::Outcome;

/// Images on a side of the sample grids.
const GRID: usize = 8;
/// Records a second in the film of the training.
const FPS: f64 = 8.0;

/// What training works with.
pub struct ImageTraining<'a> {
    /// What to do.
    pub config: &'a ProganConfig,
    /// The images.
    pub images: &'a ImageSet,
    /// Who does the arithmetic.
    pub trainer: &'a mut Trainer,
    /// Where it is recorded.
    pub run: &'a ImageRun,
}

/// Losses since the last record.
#[derive(Default)]
struct Sums {
    discriminator: f64,
    generator: f64,
    steps: u32,
}

impl ImageTraining<'_> {
    /// Trains to the end, or until `stop` says so; then makes the film. Records stand at fixed places in the run, so
    /// that a resumed run has the same ones; what was trained since the last of them is done again.
    pub fn run(
        &mut self,
        stop: &dyn Fn() -> bool,
        observe: &mut dyn FnMut(&ImageRecord),
    ) -> Result<Outcome, ProganError> {
        let codes = Stream::new(self.config.seed, Use::Eval, 0).normal(GRID * GRID * self.config.latent_dim);
        let before = self.run.records()?.last().map_or(0.0, |record| record.seconds);
        let start = Instant::now();
        let every = ((self.config.record_kimg * 1000.0) as u64).max(1);
        let mut sums = Sums::default();
        loop {
            let (shown, total) = self.trainer.progress();
            if shown >= total || stop() {
                self.write_film()?;
                return Ok(if shown >= total { Outcome::Finished } else { Outcome::Stopped });
            }
            self.step(&mut sums)?;
            let now = self.trainer.progress().0;
            if now / every != shown / every || now >= total {
                let seconds = ((before + start.elapsed().as_secs_f64()) * 1000.0).round() / 1000.0;
                let record = self.record(&std::mem::take(&mut sums), seconds);
                self.save(&codes, &record)?;
                observe(&record);
            }
        }
    }

    fn step(&mut self, sums: &mut Sums) -> Result<(), ProganError> {
        let (discriminator, generator) = self.trainer.step(self.images)?;
        if !discriminator.is_finite() || !generator.is_finite() {
            return Err(ProganError::Diverged { images: self.trainer.progress().0, discriminator, generator });
        }
        sums.discriminator += discriminator;
        sums.generator += generator;
        sums.steps += 1;
        Ok(())
    }

    fn record(&self, sums: &Sums, seconds: f64) -> ImageRecord {
        let phase = self.trainer.phase();
        ImageRecord {
            images: self.trainer.progress().0,
            iteration: self.trainer.iteration(),
            side: 4 << phase.level,
            alpha: phase.alpha,
            d_loss: sums.discriminator / f64::from(sums.steps),
            g_loss: sums.generator / f64::from(sums.steps),
            seconds,
        }
    }

    fn save(&mut self, codes: &[f32], record: &ImageRecord) -> Result<(), ProganError> {
        let net = self.trainer.net();
        let (side, pixels) = self.trainer.images(codes)?;
        let grid = image_grid(&pixels, net.image_channels, side, GRID, 2 * net.resolution / side);
        let snapshot = ImageSnapshot {
            images: record.images,
            iteration: record.iteration,
            steps: self.trainer.optimiser_steps(),
            arrays: self.trainer.state()?,
        };
        Ok(self.run.record(record, &media::encode_png(&grid)?, &net, &snapshot)?)
    }

    fn write_film(&self) -> Result<(), ProganError> {
        let film = Film(self.run.samples()?.into_iter().map(|(_, path)| path).collect());
        if !film.is_empty() {
            files::write(&self.run.film(), &media::encode_gif(&film, FPS)?)?;
        }
        Ok(())
    }
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
