//! The state of a run of points, as named tensors.

use std::sync::Arc;

use crate::checkpoint::{NamedTensor, TensorError};
use crate::config::RunConfig;
use crate::engine::{OptimState, State};
use crate::nets::mlp::{Mlp, Weights};
use crate::run::{Bundle, Position, RunDir, RunError, wrong_tensor};

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Epochs done.
    pub epoch: u64,
    /// Iterations done in the epoch after them.
    pub iteration: u64,
    /// The sum of the discriminator's losses over those iterations.
    pub d_loss_sum: f64,
    /// The sum of the generator's.
    pub g_loss_sum: f64,
}

/// A run's state at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// How far it is.
    pub progress: Progress,
    /// The engine's state.
    pub state: State,
    /// The best of what was measured, where it is kept.
    pub kept: Kept,
}

/// The networks at the moment of a measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// The epoch.
    pub epoch: u64,
    /// What was measured.
    pub value: f64,
    /// The generator.
    pub generator: Weights,
    /// Its average, settled, where there is one: then what was measured is its.
    pub averaged: Option<Weights>,
    /// The discriminator.
    pub discriminator: Weights,
}

impl Best {
    /// The generator that was measured.
    pub fn shown(&self) -> &Weights {
        self.averaged.as_ref().unwrap_or(&self.generator)
    }
}

/// The best of what was measured. What was measured only because the run ended there stands apart: a run that goes on is to
/// have what it would have without that end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Of the measurements that any run of this config has.
    pub(super) regular: Option<Arc<Best>>,
    /// That of the run's end, where it is better.
    pub(super) at_end: Option<Arc<Best>>,
}

impl Kept {
    /// The best of all.
    pub fn best(&self) -> Option<&Best> {
        self.at_end.as_ref().or(self.regular.as_ref()).map(Arc::as_ref)
    }
}

const EPOCH: &str = "progress.epoch";
const ITERATION: &str = "progress.iteration";
const LOSS_SUMS: &str = "progress.loss_sums";

/// Where each network's tensors stand in the file.
const GENERATOR: &str = "generator.";
const DISCRIMINATOR: &str = "discriminator.";
const GENERATOR_OPTIM: &str = "generator_optim.";
const DISCRIMINATOR_OPTIM: &str = "discriminator_optim.";
const AVERAGE: &str = "average";
/// The slow weights of generator and discriminator.
const SLOW: [&str; 2] = ["slow.generator", "slow.discriminator"];
const BEST: &str = "best.";
const BEST_AT_END: &str = "best_at_end.";
const AVERAGED: &str = "averaged.";

impl Snapshot {
    /// As named tensors.
    pub(super) fn bundle(&self, config: &RunConfig) -> Bundle {
        let Self { progress, state, kept } = self;
        let mut bundle = Bundle::default();
        bundle.add_count(EPOCH, progress.epoch);
        bundle.add_count(ITERATION, progress.iteration);
        let sums = vec![progress.d_loss_sum, progress.g_loss_sum];
        bundle.tensors.push(NamedTensor::f64(LOSS_SUMS, vec![2], sums));
        bundle.tensors.extend(state_tensors(config, state).tensors);
        for (start, best) in [(BEST, &kept.regular), (BEST_AT_END, &kept.at_end)] {
            bundle.add_under(start, best.iter().flat_map(|best| best_tensors(config, best)));
        }
        bundle
    }

    /// Out of named tensors; what they say must be possible in a run of this config that is so far.
    pub(super) fn read(
        dir: &RunDir,
        config: &RunConfig,
        bundle: &Bundle,
        position: Position,
    ) -> Result<Self, RunError> {
        let path = dir.file("state.safetensors");
        let snapshot = from_tensors(config, bundle).map_err(|problem| wrong_tensor(&path, problem))?;
        let Progress { epoch, iteration, .. } = snapshot.progress;
        let malformed = |reason: String| RunError::Malformed { path: path.clone(), reason };
        if epoch != position.done {
            return Err(malformed(format!("it was saved after epoch {epoch}, but its note says {}", position.done)));
        }
        let most = config.iterations_per_epoch();
        if iteration >= most {
            return Err(malformed(format!("it says {iteration} iterations of an epoch that has {most}")));
        }
        Ok(snapshot)
    }
}

/// An engine's state as named tensors.
pub fn state_tensors(config: &RunConfig, state: &State) -> Bundle {
    let mut bundle = Bundle::default();
    for (mlp, start, weights) in [
        (Mlp::generator(config), GENERATOR, &state.generator),
        (Mlp::discriminator(config), DISCRIMINATOR, &state.discriminator),
    ] {
        bundle.add_under(start, mlp.to_tensors(weights));
    }
    for (start, optim) in [(GENERATOR_OPTIM, &state.generator_optim), (DISCRIMINATOR_OPTIM, &state.discriminator_optim)]
    {
        bundle.add_count(format!("{start}steps"), optim.steps);
        for (name, values) in &optim.buffers {
            bundle.add_array(format!("{start}{name}"), values.clone());
        }
    }
    if let Some(average) = &state.average {
        bundle.add_array(AVERAGE.to_owned(), average.clone());
    }
    for (name, slow) in SLOW.into_iter().zip(state.slow.iter().flatten()) {
        bundle.add_array(name.to_owned(), slow.clone());
    }
    bundle
}

/// An engine's state out of named tensors.
pub fn state_from(config: &RunConfig, bundle: &Bundle) -> Result<State, TensorError> {
    Ok(State {
        generator: weights(bundle, &Mlp::generator(config), GENERATOR)?,
        discriminator: weights(bundle, &Mlp::discriminator(config), DISCRIMINATOR)?,
        generator_optim: optim(bundle, GENERATOR_OPTIM)?,
        discriminator_optim: optim(bundle, DISCRIMINATOR_OPTIM)?,
        average: config.ema.map(|_| bundle.array(AVERAGE)).transpose()?,
        slow: match config.lookahead {
            Some(_) => Some([bundle.array(SLOW[0])?, bundle.array(SLOW[1])?]),
            None => None,
        },
    })
}

fn from_tensors(config: &RunConfig, bundle: &Bundle) -> Result<Snapshot, TensorError> {
    let sums = bundle.doubles(LOSS_SUMS, 2)?;
    let progress = Progress {
        epoch: bundle.count(EPOCH)?,
        iteration: bundle.count(ITERATION)?,
        d_loss_sum: sums[0],
        g_loss_sum: sums[1],
    };
    let state = state_from(config, bundle)?;
    let kept = match config.keep_best {
        Some(_) => Kept { regular: best(config, bundle, BEST)?, at_end: best(config, bundle, BEST_AT_END)? },
        None => Kept::default(),
    };
    Ok(Snapshot { progress, state, kept })
}

fn best_tensors(config: &RunConfig, best: &Best) -> Vec<NamedTensor> {
    let mut bundle = Bundle::default();
    bundle.add_count("epoch", best.epoch);
    bundle.tensors.push(NamedTensor::f64("value", vec![1], vec![best.value]));
    let generator = Mlp::generator(config);
    bundle.add_under(GENERATOR, generator.to_tensors(&best.generator));
    if let Some(averaged) = &best.averaged {
        bundle.add_under(AVERAGED, generator.to_tensors(averaged));
    }
    bundle.add_under(DISCRIMINATOR, Mlp::discriminator(config).to_tensors(&best.discriminator));
    bundle.tensors
}

fn best(config: &RunConfig, bundle: &Bundle, start: &str) -> Result<Option<Arc<Best>>, TensorError> {
    let under = bundle.under(start);
    if under.tensors.is_empty() {
        return Ok(None);
    }
    let generator = Mlp::generator(config);
    Ok(Some(Arc::new(Best {
        epoch: under.count("epoch")?,
        value: under.doubles("value", 1)?[0],
        generator: weights(&under, &generator, GENERATOR)?,
        averaged: config.ema.map(|_| weights(&under, &generator, AVERAGED)).transpose()?,
        discriminator: weights(&under, &Mlp::discriminator(config), DISCRIMINATOR)?,
    })))
}

fn weights(bundle: &Bundle, mlp: &Mlp, start: &str) -> Result<Weights, TensorError> {
    mlp.from_tensors(&bundle.under(start).tensors)
}

fn optim(bundle: &Bundle, start: &str) -> Result<OptimState, TensorError> {
    let under = bundle.under(start);
    let steps = under.count("steps")?;
    let buffers = under.tensors.iter().filter(|tensor| tensor.name != "steps");
    let buffers = buffers.map(|tensor| Ok((tensor.name.clone(), tensor.as_f32_any()?.to_vec())));
    Ok(OptimState { steps, buffers: buffers.collect::<Result<_, _>>()? })
}
