//! This project's own arithmetic for small MLPs on a CPU, without libtorch.
//!
//! Time goes into the matrix products and nowhere else: all that a layer does beside them (bias, BatchNorm, LeakyReLU,
//! the optimiser) is done on data that is still in cache, in tasks that need nothing from each other until the phase
//! ends. Activations have a row for each sample in blocks of 16 features, so that BatchNorm's sums are sums of rows,
//! and of all factors only the weights have to be turned. Whichever thread does a task, and on whichever CPU with fused
//! multiply-add, the same roundings happen in the same order: the same seed gives the same bytes with any number of
//! threads.
//!
//! **An iteration** in the lab's order ([`Program::Both`]), for a generator with three hidden layers. A line is a phase, which
//! begins when the one before has ended; in it all tasks of all kinds may run at once, a tile or a slab each:
//!
//! ```text
//! 1  Forward(1): codes -> h1          Real: x -> f(x), back to delta; what each x counts
//! 2  Forward(2): h1 -> h2, with BatchNorm
//! 3  Forward(3): h2 -> h3
//! 4  Fake: h3 -> y -> f(y), back to delta and to df/dy; both losses' slopes; the penalty's points
//!    (Meet: the slopes alone, where a rule needs all scores of the batch)
//! 5  Backward(3): dL/dy -> dL/dh3     Update: the critic's gradient from all slabs, and its step
//! 6  Backward(2), Descend(4)          (Settle or StepCritic: its step, where the whole gradient has to be there)
//! 7  Backward(1), Descend(3)
//! 8  Descend(2), Descend(1), OutputBias
//!    (StepGenerator: the generator's, likewise)
//! ```
//!
//! A critic step alone is 1 to 5 without the generator's gradient; a generator step alone has no `Update`.
//!
//! **Buffers**, with B samples in a batch, S of them in a slab, W the width of a layer, I that of the one before:
//!
//! | where | buffer | shape | what it holds |
//! |---|---|---|---|
//! | `generator`, a tile of a layer | `outputs` | B, W | h |
//! | | `linear` | B, W | what the Linear gives, then that normalised, then the loss's gradient by it |
//! | | `weights`, `bias`, `gamma`, `beta` | I, W and W | parameters ([`matrix::Learnt`]), each with the optimiser's buffers, the average, the slow weights |
//! | `slab`, some samples of a kind | `levels` | S, W for each layer | the points, then h |
//! | | `deltas` | S, W for each hidden layer but the last | df(x)/d(what the Linear gives); then times the sample's weight |
//! | | `picks` | S, W of the last, in bits | LeakyReLU's slopes there, which with the score's weights are the last delta |
//! | | `largest` | S, W for each hidden layer, with maxout | which piece of the Linear's numbers was the largest; `deltas` and `picks` are there for each piece |
//! | | `slopes` | S, 2 | df/dx, then dL/dx |
//! | | `weights` | S | dL/df(x): what each sample counts in the critic's gradient |
//! | | `sweep` | S, W for each layer, where a penalty is taken | t: the penalty's derivative by df/dx, carried forward; with the loss's share added where that has the same points |
//! | `critic`, a tile of a layer | `weights`, `turned` | I, W and W, I | the parameters, and the same turned |
//!
//! - `matrix`, `product`, `pairs`, `subsets`, `narrow`, `norm`, `maxout`, `descend`: the inner loops, and how matrices lie in memory;
//! - `tiles`: layers in parts that tasks take up; `spectral`: the norm of a layer that lies in them;
//! - `generator`, and `critic` with its `slab`s of samples: the two networks, forward, backward, steps;
//! - `core`: the phases of an iteration; `pool`: the threads that work through them.
//!
//! There is no unsafe code: tiles lie behind locks that never wait, and instruction sets are picked by `pulp`.

mod core;
mod critic;
mod descend;
mod generator;
mod matrix;
mod maxout;
mod narrow;
mod norm;
mod pairs;
mod pool;
mod product;
mod slab;
mod spectral;
mod subsets;
mod tiles;

use std::sync::Arc;

use self::core::{Core, Job, Program};
use self::descend::Descent;
use self::matrix::{Kept, Learnt, Stepped, What};
use self::pool::Pool;
use self::slab::Slab;
use self::tiles::{read, write};
use super::{
    Draws, Engine, EngineError, Losses, OptimState, Sample, State, noise_batches, observed_codes, takes_mix,
    takes_more_real, takes_moves, takes_sides,
};
use crate::config::{RunConfig, UpdateOrder};
use crate::nets::Slot;
use crate::nets::mlp::{Mlp, Weights};
use crate::objective::{Constraint, Game, constraints};
use crate::optim::{Update, average, lookahead};
use crate::real::Real;

/// The networks, their optimisers, and threads of their own that live as long.
///
/// `T` is f32 for runs; f64 checks the formulas.
pub struct FusedEngine<T: Real> {
    config: RunConfig,
    game: Game,
    pool: Pool<Core<T>>,
    sizes: Sizes,
    /// Training batches that the generator saw, if it has BatchNorm.
    batches: u64,
    /// The steps of the generator's optimiser and of the discriminator's.
    steps: [u64; 2],
}

/// How many numbers each network's arrays have.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    generator: usize,
    statistics: usize,
    discriminator: usize,
}

/// Which network.
#[derive(Clone, Copy, Debug)]
enum Side {
    Generator,
    Discriminator,
}

impl<T: Real> FusedEngine<T> {
    /// An engine whose networks are all zeros until they are loaded.
    pub fn new(config: &RunConfig) -> Result<Self, EngineError> {
        let (generator, discriminator) = (Mlp::generator(config), Mlp::discriminator(config));
        let size = |slots: Vec<Slot>| slots.iter().map(Slot::size).sum();
        let sizes = Sizes {
            generator: size(generator.parameters()),
            statistics: size(generator.statistics()),
            discriminator: size(discriminator.parameters()),
        };
        let [of_generator, of_discriminator] =
            config.optims().map(|optim| optim.buffer_names().map(|name| name.is_some()));
        let slow = config.lookahead.is_some();
        let stepped = if config.clip_grad.is_some() { Stepped::Together } else { Stepped::AtOnce };
        let kept = [
            Kept { buffers: of_generator, average: config.ema.is_some(), slow, stepped },
            Kept { buffers: of_discriminator, average: false, slow, stepped },
        ];
        let core = Core::new(config, kept, empty_draws(config));
        let pool = Pool::new(Arc::new(core), config.threads).map_err(|source| EngineError::Threads { source })?;
        Ok(Self { config: config.clone(), game: config.game(), pool, sizes, batches: 0, steps: [0; 2] })
    }

    /// Takes over the weights of generator and discriminator.
    pub fn load_weights(&mut self, [generator, discriminator]: &[Weights; 2]) -> Result<(), EngineError> {
        fits("the generator's weights", generator.parameters.len(), self.sizes.generator)?;
        fits("the generator's batch statistics", generator.statistics.len(), self.sizes.statistics)?;
        fits("the discriminator's weights", discriminator.parameters.len(), self.sizes.discriminator)?;
        let vectors = self.pool.crew().critic.vectors();
        fits("the discriminator's vectors", discriminator.statistics.len(), vectors)?;
        let parameters = exact(&generator.parameters);
        let of_discriminator = exact(&discriminator.parameters);
        self.take(Side::Generator, What::Parameters, &parameters);
        self.take(Side::Discriminator, What::Parameters, &of_discriminator);
        self.pool.crew().critic.take_vectors(&exact(&discriminator.statistics));
        if self.config.ema.is_some() {
            self.take(Side::Generator, What::Average, &parameters);
        }
        if self.config.lookahead.is_some() {
            self.take(Side::Generator, What::Slow, &parameters);
            self.take(Side::Discriminator, What::Slow, &of_discriminator);
        }
        self.take_statistics(&exact(&generator.statistics));
        self.batches = generator.batches;
        Ok(())
    }

    /// The parameters of generator and discriminator, in this engine's precision.
    pub fn parameters(&self) -> [Vec<f64>; 2] {
        let doubles = |side| self.all(side, What::Parameters).into_iter().map(Real::to_f64).collect();
        [doubles(Side::Generator), doubles(Side::Discriminator)]
    }

    /// BatchNorm's running statistics, in this engine's precision.
    pub fn statistics(&self) -> Vec<f64> {
        self.all_statistics().into_iter().map(Real::to_f64).collect()
    }

    fn all_statistics(&self) -> Vec<T> {
        let mut all = vec![T::ZERO; self.sizes.statistics];
        self.pool.crew().generator.for_each_statistic(|first, part| all[first..][..part.len()].copy_from_slice(part));
        all
    }

    fn take_statistics(&self, values: &[T]) {
        let generator = &self.pool.crew().generator;
        generator.for_each_statistic(|first, part| part.copy_from_slice(&values[first..][..part.len()]));
    }

    fn take(&self, side: Side, what: What, values: &[T]) {
        self.each(side, |part| part.take(what, values));
    }

    /// Does something with other weights in the generator's place.
    fn with_generator<R>(
        &mut self,
        parameters: &[f32],
        statistics: &[f32],
        act: impl FnOnce(&mut Self) -> R,
    ) -> Result<R, EngineError> {
        fits("the generator's weights", parameters.len(), self.sizes.generator)?;
        fits("the generator's batch statistics", statistics.len(), self.sizes.statistics)?;
        let own = (self.all(Side::Generator, What::Parameters), self.all_statistics(), self.batches);
        self.take(Side::Generator, What::Parameters, &exact(parameters));
        self.take_statistics(&exact(statistics));
        let result = act(self);
        self.take(Side::Generator, What::Parameters, &own.0);
        self.take_statistics(&own.1);
        self.batches = own.2;
        Ok(result)
    }

    fn each(&self, side: Side, see: impl FnMut(&mut Learnt<T>)) {
        match side {
            Side::Generator => self.pool.crew().generator.for_each_learnt(see),
            Side::Discriminator => self.pool.crew().critic.for_each_learnt(see),
        }
    }

    fn all(&self, side: Side, what: What) -> Vec<T> {
        let count = match side {
            Side::Generator => self.sizes.generator,
            Side::Discriminator => self.sizes.discriminator,
        };
        let mut all = vec![T::ZERO; count];
        self.each(side, |part| part.put(what, &mut all));
        all
    }

    fn singles(&self, side: Side, what: What) -> Vec<f32> {
        self.all(side, what).into_iter().map(Real::to_f32).collect()
    }

    fn optim_state(&self, side: Side) -> OptimState {
        let names = self.config.optims()[side as usize].buffer_names().into_iter().enumerate();
        let buffers = names.filter_map(|(i, name)| Some((name?.to_owned(), self.singles(side, What::Buffer(i)))));
        OptimState { steps: self.steps[side as usize], buffers: buffers.collect() }
    }

    fn load_optim(&mut self, side: Side, state: &OptimState) -> Result<(), EngineError> {
        let expected = [self.sizes.generator, self.sizes.discriminator][side as usize];
        for (i, name) in self.config.optims()[side as usize].buffer_names().into_iter().enumerate() {
            let Some(name) = name else { continue };
            let saved = state.buffers.iter().find(|(saved, _)| saved == name);
            let (_, values) = saved.ok_or_else(|| EngineError::MissingBuffer { buffer: name.to_owned() })?;
            fits(name, values.len(), expected)?;
            self.take(side, What::Buffer(i), &exact(values));
        }
        self.steps[side as usize] = state.steps;
        Ok(())
    }

    fn take_draws(&mut self, draws: &Draws) -> Result<(), EngineError> {
        let inputs = &mut *write(&self.pool.crew().inputs);
        let room = &mut inputs.draws;
        fits("the real points", draws.real.len(), room.real.len())?;
        fits("the noise", draws.noise.len(), room.noise.len())?;
        fits("the mixing weights", draws.mix.len(), room.mix.len())?;
        fits("what real points are moved by", draws.moves.len(), room.moves.len())?;
        fits("the generator's real points", draws.more_real.len(), room.more_real.len())?;
        fits("the order of real and generated points", draws.real_first.len(), room.real_first.len())?;
        fits("the noise on generated points", draws.fake_noise.len(), room.fake_noise.len())?;
        room.real.copy_from_slice(&draws.real);
        room.noise.copy_from_slice(&draws.noise);
        room.mix.copy_from_slice(&draws.mix);
        room.moves.copy_from_slice(&draws.moves);
        room.more_real.copy_from_slice(&draws.more_real);
        room.real_first.copy_from_slice(&draws.real_first);
        room.fake_noise.copy_from_slice(&draws.fake_noise);
        Ok(())
    }

    /// Runs a program that begins with codes.
    fn run(&mut self, job: Job) {
        self.pool.crew().load_codes(job);
        self.pool.run(job);
    }

    /// Runs a training program with the steps that are due, and counts them.
    fn train(&mut self, program: Program, noise: usize, step: usize) {
        let (optims, lrs) = (self.config.optims(), self.config.learning_rates(self.steps));
        let after = self.steps[0] + 1;
        // Where the step is to look ahead, the average waits; where slow weights take over, for them.
        let follows = self.config.follows_after(after) && self.config.sync_after(after).is_none();
        let average = if follows { self.average_rate(after) } else { T::ZERO };
        let descent = |side: usize, clip| {
            let update = Update::new(&optims[side], lrs[side], self.steps[side]);
            Descent { update, clip, average }
        };
        {
            let inputs = &mut *write(&self.pool.crew().inputs);
            inputs.descents = [descent(0, None), descent(1, self.clip())];
            inputs.penalty = self.penalty_weight();
        }
        self.run(Job { program, noise, step });
        self.steps[0] += u64::from(program != Program::Critic);
        self.steps[1] += u64::from(program != Program::Generator);
        self.batches += u64::from(self.sizes.statistics > 0);
    }

    /// How far the average goes after so many steps of the generator.
    fn average_rate(&self, steps: u64) -> T {
        let (batch, moves) = (self.config.batch_size as f64, self.config.iterations_after(steps) as f64);
        let kept = self.config.ema.map(|ema| average::kept(ema.half_life, ema.ramp, batch, batch * moves));
        T::from_f64(kept.map_or(0.0, |kept| 1.0 - kept))
    }

    /// Where the discriminator's parameters are clamped to.
    fn clip(&self) -> Option<T> {
        match self.game.constraint {
            Constraint::Clip(clip) => Some(T::from_f64(clip)),
            Constraint::None | Constraint::SpectralNorm => None,
        }
    }

    /// After an iteration: slow weights that are due take over.
    fn sync(&self) {
        let Some(step) = self.config.sync_after(self.steps[0]) else { return };
        let (step, average_rate) = (T::from_f64(step), self.average_rate(self.steps[0]));
        for (side, clip) in [(Side::Generator, None), (Side::Discriminator, self.clip())] {
            self.each(side, |part| {
                let [slow, fast, average] = part.slow_and_fast();
                lookahead::sync(slow, fast, step);
                if let Some(c) = clip {
                    constraints::clip(slow, c);
                    constraints::clip(fast, c);
                }
                average::step(average, fast, average_rate);
            });
        }
        self.pool.crew().critic.normalise();
    }

    /// The penalty's weight in the discriminator's next step, if that has one.
    fn penalty_weight(&self) -> Option<f64> {
        self.config.penalty_weight(self.steps[Side::Discriminator as usize])
    }

    /// The discriminator's loss in the step that was just taken, with its penalty by this weight.
    fn discriminator_loss(&self, penalty: Option<f64>) -> f64 {
        let core = self.pool.crew();
        let sum = |slabs: &[std::sync::RwLock<Slab<T>>]| slabs.iter().map(|slab| read(slab).values[0]).sum::<f64>();
        let batch = self.config.packs() as f64;
        let loss = (sum(&core.real) + sum(&core.fake)) / batch;
        let Some(weight) = penalty.filter(|weight| *weight > 0.0) else { return loss };
        let alone = core.penalised.iter().map(|(_, slabs)| slabs);
        let penalties = [&core.real, &core.fake].into_iter().chain(alone).flatten();
        loss + weight * penalties.map(|slab| read(slab).penalty).sum::<f64>() / batch
    }

    /// The generator's.
    fn generator_loss(&self) -> f64 {
        let slabs = self.pool.crew().fake.iter();
        slabs.map(|slab| read(slab).values[1]).sum::<f64>() / self.config.packs() as f64
    }
}

impl<T: Real> Engine for FusedEngine<T> {
    fn load(&mut self, state: &State) -> Result<(), EngineError> {
        self.load_weights(&[state.generator.clone(), state.discriminator.clone()])?;
        if let (Some(average), true) = (&state.average, self.config.ema.is_some()) {
            fits("the averaged weights", average.len(), self.sizes.generator)?;
            self.take(Side::Generator, What::Average, &exact(average));
        }
        if let (Some([generator, discriminator]), true) = (&state.slow, self.config.lookahead.is_some()) {
            fits("the generator's slow weights", generator.len(), self.sizes.generator)?;
            fits("the discriminator's slow weights", discriminator.len(), self.sizes.discriminator)?;
            self.take(Side::Generator, What::Slow, &exact(generator));
            self.take(Side::Discriminator, What::Slow, &exact(discriminator));
        }
        self.load_optim(Side::Generator, &state.generator_optim)?;
        self.load_optim(Side::Discriminator, &state.discriminator_optim)
    }

    fn state(&mut self) -> Result<State, EngineError> {
        Ok(State {
            generator: Weights {
                parameters: self.singles(Side::Generator, What::Parameters),
                statistics: self.all_statistics().into_iter().map(Real::to_f32).collect(),
                batches: self.batches,
            },
            discriminator: Weights {
                parameters: self.singles(Side::Discriminator, What::Parameters),
                statistics: self.pool.crew().critic.all_vectors().into_iter().map(Real::to_f32).collect(),
                batches: 0,
            },
            generator_optim: self.optim_state(Side::Generator),
            discriminator_optim: self.optim_state(Side::Discriminator),
            average: self.config.ema.map(|_| self.singles(Side::Generator, What::Average)),
            slow: self
                .config
                .lookahead
                .map(|_| [Side::Generator, Side::Discriminator].map(|side| self.singles(side, What::Slow))),
        })
    }

    fn step(&mut self, draws: &Draws) -> Result<Losses, EngineError> {
        self.take_draws(draws)?;
        let (steps, halves) = (self.config.real_batches(), self.config.halves());
        let generator_first = self.config.update_order == UpdateOrder::GeneratorFirst;
        let (mut discriminator, mut generator) = (0.0, 0.0);
        for step in 0..steps {
            let both = generator_first && step % self.config.critic_steps == 0;
            let penalty = self.penalty_weight();
            self.train(if both { Program::Both } else { Program::Critic }, step, step);
            discriminator += self.discriminator_loss(penalty);
            if both {
                generator += self.generator_loss() / halves as f64;
            }
        }
        if !generator_first {
            self.train(Program::Generator, steps, 0);
            generator = self.generator_loss();
        }
        self.sync();
        Ok(Losses { discriminator: discriminator / steps as f64, generator })
    }

    fn generate(&mut self, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
        let (batch, latent) = (self.config.batch_size, self.config.generator.latent_dim);
        let mut points = Vec::with_capacity(codes.len() / latent);
        for codes in codes.chunks(batch * latent) {
            write(&self.pool.crew().inputs).draws.noise[..codes.len()].copy_from_slice(codes);
            self.run(Job { program: Program::Generate, noise: 0, step: 0 });
            let count = codes.len() / latent;
            for slab in &self.pool.crew().fake {
                let slab = read(slab);
                let (here, first) = slab.points();
                points.extend((0..here.min(count.saturating_sub(first))).map(|i| slab.point(i).map(Real::to_f32)));
            }
        }
        Ok(points)
    }

    fn settled(&mut self, parameters: &[f32]) -> Result<Weights, EngineError> {
        let mut settled = Weights { parameters: parameters.to_vec(), ..self.state()?.generator };
        if self.sizes.statistics > 0 {
            let (batches, size) = (self.batches, self.config.batch_size * self.config.generator.latent_dim);
            let codes = observed_codes(&self.config);
            settled.statistics = self.with_generator(parameters, &settled.statistics, |engine| {
                for codes in codes.chunks(size) {
                    write(&engine.pool.crew().inputs).draws.noise[..size].copy_from_slice(codes);
                    engine.run(Job { program: Program::Observe, noise: 0, step: 0 });
                }
                engine.all_statistics().into_iter().map(Real::to_f32).collect()
            })?;
            settled.batches = batches;
        }
        Ok(settled)
    }

    fn generate_with(&mut self, weights: &Weights, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
        self.with_generator(&weights.parameters, &weights.statistics, |engine| engine.generate(codes))?
    }

    fn score(&mut self, points: &[Sample]) -> Result<Vec<f32>, EngineError> {
        let mut scores = Vec::with_capacity(points.len());
        // Whole packs.
        for points in points.chunks(self.config.batch_size / self.config.members() * self.config.members()) {
            write(&self.pool.crew().inputs).draws.real[..points.len()].copy_from_slice(points);
            self.pool.run(Job { program: Program::Score, noise: 0, step: 0 });
            let count = points.len() / self.config.members();
            for slab in &self.pool.crew().real {
                let slab = read(slab);
                let here = slab.size.min(count.saturating_sub(slab.first));
                scores.extend((0..here).map(|sample| slab.score(sample).to_f32()));
            }
        }
        Ok(scores)
    }
}

/// Numbers of single precision in this one.
fn exact<T: Real>(values: &[f32]) -> Vec<T> {
    values.iter().map(|&x| T::from_f32(x)).collect()
}

fn empty_draws(config: &RunConfig) -> Draws {
    let real = config.real_batches() * config.batch_size;
    Draws {
        real: vec![[0.0; 2]; real],
        noise: vec![0.0; noise_batches(config) * config.batch_size * config.generator.latent_dim],
        mix: vec![0.0; if takes_mix(config) { config.real_batches() * config.packs() } else { 0 }],
        moves: vec![[0.0; 2]; if takes_moves(config) { real } else { 0 }],
        more_real: vec![[0.0; 2]; if takes_more_real(config) { config.batch_size } else { 0 }],
        fake_noise: vec![
            [0.0; 2];
            if config.instance_noise.is_some() { noise_batches(config) * config.batch_size } else { 0 }
        ],
        real_first: vec![0.0; if takes_sides(config) { noise_batches(config) * config.batch_size } else { 0 }],
    }
}

fn fits(what: &str, found: usize, expected: usize) -> Result<(), EngineError> {
    if found == expected {
        return Ok(());
    }
    Err(EngineError::Mismatch { what: what.to_owned(), found, expected })
}
