//! A record of a run's first iterations, for replaying them elsewhere (`scripts/replay.py` does so in PyTorch).
//!
//! A trace is a safetensors file: `init.<network>.<tensor>` are the weights before the first iteration;
//! `<i>.real`, `<i>.noise` and, where there are such, `<i>.mix`, `<i>.moves`, `<i>.more_real`, `<i>.real_first` and `<i>.fake_noise` what iteration i
//! (from 0) took ([`Draws`] says what they are); `<i>.d_loss`, `<i>.g_loss` (float64) and
//! `<i>.<network>.<tensor>` what it gave. The metadata hold the config. The tests' fixtures from PyTorch have the
//! same form.

use std::path::PathBuf;

use crate::checkpoint::{self, CheckpointError, NamedTensor};
use crate::config::RunConfig;
use crate::engine::{Draws, Engine, EngineError, Losses};
use crate::nets::mlp::Mlp;

use super::TrainError;

/// How many iterations are recorded.
const ITERATIONS: usize = 3;

/// A trace in the making.
#[derive(Debug)]
pub struct Trace {
    path: PathBuf,
    config: RunConfig,
    tensors: Vec<NamedTensor>,
    recorded: usize,
    written: bool,
}

impl Trace {
    /// A trace that will be written to `path`.
    pub fn new(path: PathBuf, config: &RunConfig) -> Self {
        Self { path, config: config.clone(), tensors: Vec::new(), recorded: 0, written: false }
    }

    /// Before an iteration: records the initial weights, the first time.
    pub(super) fn before(&mut self, engine: &mut dyn Engine) -> Result<(), TrainError> {
        if self.tensors.is_empty() && !self.written {
            let weights = self.weights("init", engine)?;
            self.tensors.extend(weights);
        }
        Ok(())
    }

    /// After an iteration: records what it took and gave, and writes the file when there are enough.
    pub(super) fn after(&mut self, draws: &Draws, losses: Losses, engine: &mut dyn Engine) -> Result<(), TrainError> {
        if self.written {
            return Ok(());
        }
        let (i, steps, batch) = (self.recorded, self.config.real_batches(), self.config.batch_size);
        let latent = self.config.generator.latent_dim;
        let noise_batches = draws.noise.len() / (batch * latent);
        let number = |name: &str, value: f64| NamedTensor::f64(format!("{i}.{name}"), vec![1], vec![value]);
        let array = |name: &str, shape: Vec<usize>, values: &[f32]| {
            NamedTensor::f32(format!("{i}.{name}"), shape, values.to_vec())
        };
        let mut tensors = vec![
            array("real", vec![steps, batch, 2], draws.real.as_flattened()),
            array("noise", vec![noise_batches, batch, latent], &draws.noise),
            number("d_loss", losses.discriminator),
            number("g_loss", losses.generator),
        ];
        if !draws.mix.is_empty() {
            tensors.push(array("mix", vec![steps, self.config.packs()], &draws.mix));
        }
        if !draws.moves.is_empty() {
            tensors.push(array("moves", vec![steps, batch, 2], draws.moves.as_flattened()));
        }
        if !draws.more_real.is_empty() {
            tensors.push(array("more_real", vec![batch, 2], draws.more_real.as_flattened()));
        }
        if !draws.real_first.is_empty() {
            tensors.push(array("real_first", vec![noise_batches, batch], &draws.real_first));
        }
        if !draws.fake_noise.is_empty() {
            let values = draws.fake_noise.as_flattened();
            tensors.push(array("fake_noise", vec![noise_batches, batch, 2], values));
        }
        tensors.extend(self.weights(&i.to_string(), engine)?);
        self.tensors.extend(tensors);
        self.recorded += 1;
        if self.recorded == ITERATIONS {
            self.finish()?;
        }
        Ok(())
    }

    /// Writes the file, if it is not yet written.
    pub(super) fn finish(&mut self) -> Result<(), CheckpointError> {
        if self.written {
            return Ok(());
        }
        let note = serde_json::json!({
            "format": "gan-lab trace 1",
            "iterations": self.recorded,
            "config": *self.config,
        });
        checkpoint::save(&self.path, &self.tensors, Some(note.to_string()))?;
        self.written = true;
        self.tensors = Vec::new();
        Ok(())
    }

    fn weights(&self, moment: &str, engine: &mut dyn Engine) -> Result<Vec<NamedTensor>, EngineError> {
        let state = engine.state()?;
        let generator = Mlp::generator(&self.config).to_tensors(&state.generator);
        let discriminator = Mlp::discriminator(&self.config).to_tensors(&state.discriminator);
        let generator = generator.into_iter().map(|tensor| tensor.prefixed(&format!("{moment}.generator.")));
        let discriminator =
            discriminator.into_iter().map(|tensor| tensor.prefixed(&format!("{moment}.discriminator.")));
        Ok(generator.chain(discriminator).collect())
    }
}
