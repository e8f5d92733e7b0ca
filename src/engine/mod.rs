//! Who does the arithmetic.
//!
//! An [`Engine`] holds two networks and their optimisers, and takes training iterations on batches and noise that
//! the loop drew. All that goes in and out is plain arrays, so that every engine sees the same numbers and nothing
//! outside this room knows which one runs.

mod fused;
mod plain;
#[cfg(feature = "torch")]
mod torch;

pub use fused::FusedEngine;
pub use plain::{PlainEngine, score_gradients};
#[cfg(feature = "torch")]
pub use torch::{Precision, TorchEngine};

use crate::config::{Device, EngineKind, RunConfig, UpdateOrder};
use crate::memory::{self, TooMuch};
use crate::nets::Slot;
use crate::nets::mlp::{Mlp, Weights};
use crate::objective::penalties::Points;
use crate::rng::{Stream, Use};
#[cfg(feature = "torch")]
use crate::tensor::NoCuda;
#[cfg(feature = "torch")]
use crate::torch_library::{self, TorchLibraryError};
use crate::version::WithoutTorch;

/// A point as engines have it: in the units in which the networks work, in single precision.
pub type Sample = [f32; 2];

/// All that an engine needs to go on exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The generator's weights and statistics.
    pub generator: Weights,
    /// The discriminator's weights.
    pub discriminator: Weights,
    /// The generator's optimiser.
    pub generator_optim: OptimState,
    /// The discriminator's optimiser.
    pub discriminator_optim: OptimState,
    /// The average of the generator's parameters, where one is kept.
    pub average: Option<Vec<f32>>,
    /// The slow weights of generator and discriminator, where there are such.
    pub slow: Option<[Vec<f32>; 2]>,
}

/// An optimiser's state.
#[derive(Clone, Debug, PartialEq)]
pub struct OptimState {
    /// Steps taken.
    pub steps: u64,
    /// Its buffers by PyTorch's names, flat, in the order of the network's parameters.
    pub buffers: Vec<(String, Vec<f32>)>,
}

/// What one training iteration takes, drawn by the loop. An iteration has `critic_steps` critic steps and one
/// generator step, and each of both with an extragradient twice; `noise` holds one batch of codes for each generated batch, in the order in which they are used.
#[derive(Clone, Debug, PartialEq)]
pub struct Draws {
    /// Real points, a batch of them for each critic step ([`RunConfig::real_batches`](crate::config::TrainConfig::real_batches)).
    pub real: Vec<Sample>,
    /// Latent codes, [[`noise_batches`], batch, latent].
    pub noise: Vec<f32>,
    /// The weight of the real pack in each mixed one, one for each pack; empty where no penalty is taken there.
    pub mix: Vec<f32>,
    /// What real points are moved by, as many; empty where no penalty is taken there.
    pub moves: Vec<Sample>,
    /// Real points for the generator's step, a batch of them; empty where it has none of its own ([`takes_more_real`]).
    pub more_real: Vec<Sample>,
    /// What is added to generated points before the discriminator has them, a batch for each batch of codes; empty where
    /// nothing is. What is added to real points is in them.
    pub fake_noise: Vec<Sample>,
    /// 1 where the real point stands before the generated one, else 0, [[`noise_batches`], batch]; empty where they do not
    /// stand side by side.
    pub real_first: Vec<f32>,
}

/// What the networks' losses were in an iteration, each before its step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// The discriminator's, the mean over its steps; with the penalty for WGAN-GP.
    pub discriminator: f64,
    /// The generator's.
    pub generator: f64,
}

/// What can go wrong in an engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// libtorch refused an operation.
    #[cfg(feature = "torch")]
    #[error("libtorch failed")]
    Torch(#[from] tch::TchError),
    /// The GPU asked for is not there.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    NoCuda(#[from] NoCuda),
    /// libtorch is not there, or does not load.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    TorchLibrary(#[from] TorchLibraryError),
    /// What was asked for needs libtorch, and this build has none.
    #[error(transparent)]
    WithoutTorch(#[from] WithoutTorch),
    /// The networks need more memory than there is.
    #[error(transparent)]
    Memory(#[from] TooMuch),
    /// The system gives no more threads.
    #[error("the threads for the arithmetic could not be started; try fewer --threads")]
    Threads {
        /// The system's words.
        source: std::io::Error,
    },
    /// A state of other networks or another optimiser.
    #[error("the state does not fit: {what} holds {found} numbers where {expected} belong")]
    Mismatch {
        /// Which array.
        what: String,
        /// Its size.
        found: usize,
        /// The size that fits.
        expected: usize,
    },
    /// A state that lacks an optimiser's buffer.
    #[error("the state does not fit: the optimiser's '{buffer}' is missing")]
    MissingBuffer {
        /// The buffer's name.
        buffer: String,
    },
}

/// Two networks, their optimisers, and the arithmetic of training them.
pub trait Engine {
    /// Takes over a state of the same networks and optimisers.
    fn load(&mut self, state: &State) -> Result<(), EngineError>;

    /// Gives all of its state.
    fn state(&mut self) -> Result<State, EngineError>;

    /// Takes one training iteration.
    fn step(&mut self, draws: &Draws) -> Result<Losses, EngineError>;

    /// Points from latent codes [n, latent], with the running statistics: a point depends on its own code only.
    fn generate(&mut self, codes: &[f32]) -> Result<Vec<Sample>, EngineError>;

    /// Other parameters for the generator, with the statistics that codes have under them: BatchNorm's running statistics
    /// are those of the parameters that they were taken with, and mean nothing with others.
    fn settled(&mut self, parameters: &[f32]) -> Result<Weights, EngineError>;

    /// Points from latent codes [n, latent] by other weights in the generator's place.
    fn generate_with(&mut self, weights: &Weights, codes: &[f32]) -> Result<Vec<Sample>, EngineError>;

    /// The discriminator's raw output for each point, or each pack of points that follow each other: a logit for a GAN, the
    /// critic's value otherwise.
    fn score(&mut self, points: &[Sample]) -> Result<Vec<f32>, EngineError>;
}

/// Points from latent codes [n, latent] by the averaged generator, settled, where there is one, else by the generator.
pub fn points(engine: &mut dyn Engine, averaged: Option<&Weights>, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
    match averaged {
        Some(weights) => engine.generate_with(weights, codes),
        None => engine.generate(codes),
    }
}

/// The engine for a run, in its initial state.
pub fn create(config: &RunConfig) -> Result<Box<dyn Engine>, EngineError> {
    permit(config, 0)?;
    let weights = initial_weights(config);
    match config.engine {
        EngineKind::Torch => with_torch(config, &weights),
        EngineKind::Plain => {
            let mut engine = PlainEngine::of_run(config);
            engine.load_weights(&weights)?;
            Ok(Box::new(engine))
        }
        // A checked config does not say auto.
        EngineKind::Fused | EngineKind::Auto => {
            let mut engine = FusedEngine::<f32>::new(config)?;
            engine.load_weights(&weights)?;
            Ok(Box::new(engine))
        }
    }
}

/// Whether there is memory for a run that holds out so many points. It is asked before anything is written, and counts
/// what is certainly taken: the networks, their optimisers and a snapshot of both, the values of a batch, the codes of
/// the frames.
pub fn permit(config: &RunConfig, held_out: usize) -> Result<(), TooMuch> {
    let g = &config.generator;
    let (batch, latent, held_out) = (config.batch_size as u64, g.latent_dim as u64, held_out as u64);
    let networks = [Mlp::generator(config), Mlp::discriminator(config)];
    let sizes = networks.map(|network| network.parameters().iter().map(|slot: &Slot| slot.size() as u64).sum::<u64>());
    let parameters: u64 = sizes.iter().sum();
    let slow = u64::from(config.lookahead.is_some());
    let buffers = config.optims().map(|optim| slow + optim.buffer_names().into_iter().flatten().count() as u64);
    let beside: u64 = sizes.into_iter().zip(buffers).map(|(size, buffers)| size * buffers).sum();
    // A snapshot, and the bytes of its file.
    let kept = 2 * (parameters + beside);
    let draws = batch * (2 * config.real_batches() as u64 + latent * noise_batches(config) as u64);
    let widths = g.hidden.iter().chain(&config.discriminator.hidden).map(|&width| width as u64);
    let at_work = 2 * parameters + beside + 2 * batch * widths.sum::<u64>();
    // The codes and their file; but for the fused engine all of them are taken at once.
    let at_once = matches!(config.engine, EngineKind::Torch | EngineKind::Plain);
    let widest = if at_once { g.hidden.iter().copied().max().unwrap_or(0) as u64 } else { 0 };
    let frames = held_out * (2 * latent + widest);
    let floats = kept + draws + frames + if config.device == Device::Cpu { at_work } else { 0 };
    memory::permit("this run", 4 * floats, ADVICE)
}

const ADVICE: &str = "lower latent_dim, the widths in hidden or batch_size, or hold out fewer points with --train-size";

#[cfg(feature = "torch")]
fn with_torch(config: &RunConfig, weights: &[Weights; 2]) -> Result<Box<dyn Engine>, EngineError> {
    torch_library::load()?;
    let mut engine = TorchEngine::new(config, Precision::Single)?;
    engine.load_weights(weights)?;
    Ok(Box::new(engine))
}

#[cfg(not(feature = "torch"))]
fn with_torch(config: &RunConfig, _: &[Weights; 2]) -> Result<Box<dyn Engine>, EngineError> {
    let what = match config.device {
        crate::config::Device::Cpu => "--engine torch",
        crate::config::Device::Cuda(_) => "--device cuda",
    };
    Err(WithoutTorch { what }.into())
}

/// The initial weights of generator and discriminator, from the seed's `init` stream.
pub fn initial_weights(config: &RunConfig) -> [Weights; 2] {
    let mut rng = Stream::new(config.seed, Use::Init, 0);
    let networks = [Mlp::generator(config), Mlp::discriminator(config)];
    networks.map(|network| network.initial(config.init.unwrap_or_default(), config.init_gain, &mut rng))
}

/// How many batches of codes an iteration takes: with the generator first its batch serves the first critic step
/// too, else it has one of its own at the end.
pub fn noise_batches(config: &RunConfig) -> usize {
    match config.update_order {
        UpdateOrder::GeneratorFirst => config.real_batches(),
        UpdateOrder::CriticFirst => config.real_batches() + 1,
    }
}

/// The codes under which other weights' statistics are taken: 64 batches, after which a running statistic with PyTorch's
/// momentum of 0.1 has a thousandth of what it was before.
fn observed_codes(config: &RunConfig) -> Vec<f32> {
    const BATCHES: usize = 64;
    let rng = &mut Stream::new(config.seed, Use::Average, 0);
    config.generator.codes(BATCHES * config.batch_size, rng)
}

/// Whether an iteration takes mixing weights.
pub fn takes_mix(config: &RunConfig) -> bool {
    config.game().penalty_points().contains(&Points::Mixed)
}

/// Whether it takes what real points are moved by.
pub fn takes_moves(config: &RunConfig) -> bool {
    config.game().penalty_points().contains(&Points::Moved)
}

/// Whether it takes real points for the generator's step. With the generator first those of the first critic step serve.
pub fn takes_more_real(config: &RunConfig) -> bool {
    let meets = config.game().generator_meets_real() || config.unroll.is_some();
    meets && config.update_order == UpdateOrder::CriticFirst
}

/// Whether real and generated points stand side by side.
pub fn takes_sides(config: &RunConfig) -> bool {
    config.game().rule.has_sides()
}

impl State {
    /// The name of the first array that holds NaN or infinity.
    pub fn first_not_finite(&self) -> Option<String> {
        let networks = [
            ("the generator's", &self.generator, &self.generator_optim),
            ("the discriminator's", &self.discriminator, &self.discriminator_optim),
        ];
        for (whose, weights, optim) in networks {
            let arrays = [("weights", &weights.parameters), ("batch statistics", &weights.statistics)];
            let buffers = optim.buffers.iter().map(|(name, values)| (name.as_str(), values));
            for (what, values) in arrays.into_iter().chain(buffers) {
                if values.iter().any(|x| !x.is_finite()) {
                    return Some(format!("{whose} {what}"));
                }
            }
        }
        let slow = self.slow.iter().flatten().zip(["the generator's slow weights", "the discriminator's slow weights"]);
        let average = self.average.iter().map(|average| (average, "the generator's average"));
        let mut others = average.chain(slow);
        others.find_map(|(values, what)| values.iter().any(|x| !x.is_finite()).then(|| what.to_owned()))
    }
}
