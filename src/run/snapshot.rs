//! `state.safetensors`: all that resuming needs, in one file, so that it is of one moment.

use serde::{Deserialize, Serialize};

use super::{RunDir, RunError, STATE};
use crate::checkpoint::{self, CheckpointError, NamedTensor, TensorError, TensorFile};
use crate::config::RunConfig;
use crate::engine::{OptimState, State};
use crate::nets::mlp::{Mlp, Weights};

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
    /// The digest of the data it trains on.
    pub data: String,
}

#[derive(Serialize, Deserialize)]
struct Note {
    format: String,
    data: String,
}

const FORMAT: &str = "gan-lab state 1";
const EPOCH: &str = "progress.epoch";

/// Where each network's tensors stand in the file.
const GENERATOR: &str = "generator.";
const DISCRIMINATOR: &str = "discriminator.";
const GENERATOR_OPTIM: &str = "generator_optim.";
const DISCRIMINATOR_OPTIM: &str = "discriminator_optim.";

pub(super) fn write(run: &RunDir, config: &RunConfig, snapshot: &Snapshot) -> Result<(), RunError> {
    let Snapshot { progress, state, data } = snapshot;
    let mut tensors = vec![
        NamedTensor::i64(EPOCH, vec![], vec![progress.epoch as i64]),
        NamedTensor::i64("progress.iteration", vec![], vec![progress.iteration as i64]),
        NamedTensor::f64("progress.loss_sums", vec![2], vec![progress.d_loss_sum, progress.g_loss_sum]),
    ];
    for (mlp, start, weights) in [
        (Mlp::generator(&config.generator), GENERATOR, &state.generator),
        (Mlp::discriminator(&config.discriminator), DISCRIMINATOR, &state.discriminator),
    ] {
        tensors.extend(mlp.to_tensors(weights).into_iter().map(|tensor| tensor.prefixed(start)));
    }
    for (start, optim) in [(GENERATOR_OPTIM, &state.generator_optim), (DISCRIMINATOR_OPTIM, &state.discriminator_optim)]
    {
        tensors.push(NamedTensor::i64(format!("{start}steps"), vec![], vec![optim.steps as i64]));
        let buffers = optim.buffers.iter();
        tensors.extend(
            buffers
                .map(|(name, values)| NamedTensor::f32(format!("{start}{name}"), vec![values.len()], values.clone())),
        );
    }
    let note = Note { format: FORMAT.into(), data: data.clone() };
    let note = serde_json::to_string(&note).map_err(|error| run.malformed(STATE, error.to_string()))?;
    Ok(checkpoint::save(&run.file(STATE), &tensors, Some(note))?)
}

pub(super) fn read(run: &RunDir, config: &RunConfig) -> Result<Snapshot, RunError> {
    let path = run.file(STATE);
    if !path.exists() {
        return Err(RunError::NoRun { path: run.path().to_owned(), missing: STATE.to_owned() });
    }
    let file = checkpoint::load(&path)?;
    let note: Option<Note> = file.note.as_deref().and_then(|note| serde_json::from_str(note).ok());
    let Some(note) = note.filter(|note| note.format == FORMAT) else {
        return Err(run.malformed(STATE, format!("its metadata do not say '{FORMAT}'")));
    };
    let tensor = |source: TensorError| CheckpointError::Tensor { path: path.clone(), problem: source };
    let (progress, state) = from_tensors(&file, config).map_err(tensor)?;
    Ok(Snapshot { progress, state, data: note.data })
}

/// Epochs done in the saved state, without reading the rest of it.
pub(super) fn epochs_done(run: &RunDir) -> Result<u64, RunError> {
    Ok(checkpoint::load_i64(&run.file(STATE), EPOCH)? as u64)
}

fn from_tensors(file: &TensorFile, config: &RunConfig) -> Result<(Progress, State), TensorError> {
    let count = |name: &str| Ok(NamedTensor::find(&file.tensors, name)?.as_i64_scalar()? as u64);
    let sums = NamedTensor::find(&file.tensors, "progress.loss_sums")?.as_f64(&[2])?;
    let progress = Progress {
        epoch: count(EPOCH)?,
        iteration: count("progress.iteration")?,
        d_loss_sum: sums[0],
        g_loss_sum: sums[1],
    };
    let state = State {
        generator: weights(file, &Mlp::generator(&config.generator), GENERATOR)?,
        discriminator: weights(file, &Mlp::discriminator(&config.discriminator), DISCRIMINATOR)?,
        generator_optim: optim(file, GENERATOR_OPTIM)?,
        discriminator_optim: optim(file, DISCRIMINATOR_OPTIM)?,
    };
    Ok((progress, state))
}

/// The tensors whose names begin with `start`, without it.
fn under(file: &TensorFile, start: &str) -> Vec<NamedTensor> {
    let named = file.tensors.iter().filter_map(|tensor| {
        let name = tensor.name.strip_prefix(start)?.to_owned();
        Some(NamedTensor { name, ..tensor.clone() })
    });
    named.collect()
}

fn weights(file: &TensorFile, mlp: &Mlp, start: &str) -> Result<Weights, TensorError> {
    mlp.from_tensors(&under(file, start))
}

fn optim(file: &TensorFile, start: &str) -> Result<OptimState, TensorError> {
    let tensors = under(file, start);
    let steps = NamedTensor::find(&tensors, "steps")?.as_i64_scalar()? as u64;
    let buffers = tensors.iter().filter(|tensor| tensor.name != "steps");
    let buffers = buffers.map(|tensor| Ok((tensor.name.clone(), tensor.as_f32_any()?.to_vec())));
    Ok(OptimState { steps, buffers: buffers.collect::<Result<_, _>>()? })
}
