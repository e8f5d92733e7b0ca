//! libtorch, through tch: any device, double backward by autograd.

mod network;
mod unrolled;

use tch::{Device as TorchDevice, Kind, TchError, Tensor};

use super::{Draws, Engine, EngineError, Losses, OptimState, Sample, State, observed_codes};
use crate::config::{EmaConfig, RunConfig, UpdateOrder};
use crate::nets::mlp::{Mlp, Weights};
use crate::objective::penalties::{Penalised, Points};
use crate::objective::{Constraint, Game, Network as Player, torch as objective};
use crate::optim::average;
use crate::optim::torch::Optimizer;
use crate::tensor::{self, to_host};
use network::Network;

/// How the arithmetic is rounded. Runs are in single precision; double is there to check the formulas with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// float32.
    Single,
    /// float64.
    Double,
}

/// Two networks on a device of libtorch's.
#[derive(Debug)]
pub struct TorchEngine {
    game: Game,
    update_order: UpdateOrder,
    critic_steps: usize,
    batch: i64,
    latent: i64,
    device: TorchDevice,
    kind: Kind,
    generator: Network,
    discriminator: Network,
    /// The average of the generator's parameters, and how it is taken.
    average: Option<(EmaConfig, Tensor)>,
    /// The slow weights of generator and discriminator, where there are such.
    slow: Option<[Tensor; 2]>,
    config: RunConfig,
    generator_optim: Optimizer,
    discriminator_optim: Optimizer,
}

/// An iteration's arrays on the device.
struct Batches {
    real: Tensor,
    noise: Tensor,
    mix: Option<Tensor>,
    moves: Option<Tensor>,
    more_real: Option<Tensor>,
    /// What is added to generated points, for each batch of codes.
    fake_noise: Option<Tensor>,
    /// For each batch of codes; none where points do not stand side by side.
    real_first: Vec<Vec<f32>>,
}

impl Batches {
    fn real(&self, step: usize) -> Result<Tensor, TchError> {
        self.real.f_select(0, step as i64)
    }

    fn noise(&self, index: usize) -> Result<Tensor, TchError> {
        self.noise.f_select(0, index as i64)
    }

    /// Generated points as the discriminator has them.
    fn noisy(&self, points: Tensor, index: usize) -> Result<Tensor, TchError> {
        match &self.fake_noise {
            Some(noise) => points.f_add(&noise.f_select(0, index as i64)?),
            None => Ok(points),
        }
    }

    fn order(&self, index: usize) -> &[f32] {
        self.real_first.get(index).map_or(&[], Vec::as_slice)
    }
}

impl TorchEngine {
    /// An engine whose networks are all zeros until they are loaded.
    pub fn new(config: &RunConfig, precision: Precision) -> Result<Self, EngineError> {
        let device = tensor::device(config.device)?;
        tch::set_num_threads(config.threads as i32);
        let kind = match precision {
            Precision::Single => Kind::Float,
            Precision::Double => Kind::Double,
        };
        let generator = Network::new(Mlp::generator(config), kind, device)?;
        let discriminator = Network::new(Mlp::discriminator(config), kind, device)?;
        let (lrs, optims) = (config.learning_rates([0; 2]), config.optims());
        let like = |networks: [&Network; 2]| {
            let [generator, discriminator] = networks.map(|network| network.parameters().f_zeros_like());
            Ok::<_, TchError>([generator?, discriminator?])
        };
        Ok(Self {
            game: config.game(),
            update_order: config.update_order,
            critic_steps: config.critic_steps,
            batch: config.batch_size as i64,
            latent: config.generator.latent_dim as i64,
            device,
            kind,
            generator_optim: Optimizer::new(optims[0], lrs[0], generator.parameters())?,
            discriminator_optim: Optimizer::new(optims[1], lrs[1], discriminator.parameters())?,
            slow: config.lookahead.map(|_| like([&generator, &discriminator])).transpose()?,
            average: config
                .ema
                .map(|ema| Ok::<_, TchError>((ema, generator.parameters().f_zeros_like()?)))
                .transpose()?,
            config: config.clone(),
            generator,
            discriminator,
        })
    }

    /// Takes over the weights of generator and discriminator.
    pub fn load_weights(&mut self, [generator, discriminator]: &[Weights; 2]) -> Result<(), EngineError> {
        self.generator.load("the generator", generator)?;
        if let Some((_, average)) = &mut self.average {
            average.f_copy_(self.generator.parameters())?;
        }
        self.discriminator.load("the discriminator", discriminator)?;
        for (slow, network) in self.slow.iter_mut().flatten().zip([&self.generator, &self.discriminator]) {
            slow.f_copy_(network.parameters())?;
        }
        Ok(())
    }

    /// Before a step: the rates that are due.
    fn set_rates(&mut self) {
        let optims = [&mut self.generator_optim, &mut self.discriminator_optim];
        let rates = self.config.learning_rates(optims.each_ref().map(|optim| optim.steps()));
        optims.into_iter().zip(rates).for_each(|(optim, rate)| optim.set_rate(rate));
    }

    /// The generator's average moves to where that is.
    fn follow(&mut self) -> Result<(), TchError> {
        let Some((ema, average)) = &mut self.average else { return Ok(()) };
        let (batch, moves) = (self.batch as f64, self.config.iterations_after(self.generator_optim.steps()));
        let kept = average::kept(ema.half_life, ema.ramp, batch, batch * moves as f64);
        tch::no_grad(|| average.f_lerp_(self.generator.parameters(), 1.0 - kept)).map(drop)
    }

    /// After an iteration: slow weights that are due take over.
    fn sync(&mut self) -> Result<(), TchError> {
        let due = self.config.sync_after(self.generator_optim.steps());
        let (Some(step), Some(slow)) = (due, &mut self.slow) else { return Ok(()) };
        let clip = match self.game.constraint {
            Constraint::Clip(c) => Some(c),
            Constraint::None | Constraint::SpectralNorm => None,
        };
        let bounds = [None, clip];
        for ((slow, network), clip) in slow.iter_mut().zip([&mut self.generator, &mut self.discriminator]).zip(bounds) {
            let way = network.parameters().f_sub(slow)?;
            let _ = slow.f_add_(&way.f_mul_scalar(step)?)?;
            if let Some(c) = clip {
                let _ = slow.f_clamp_(-c, c)?;
            }
            network.parameters_mut().f_copy_(slow)?;
        }
        self.follow()
    }

    /// Does something with other weights in the generator's place.
    fn with_generator<R>(
        &mut self,
        weights: &Weights,
        act: impl FnOnce(&mut Self) -> Result<R, EngineError>,
    ) -> Result<R, EngineError> {
        let own = self.generator.copy()?;
        self.generator.load("the generator", weights)?;
        let result = act(self);
        self.generator.restore(own)?;
        result
    }

    fn to_device(&self, values: &[f32], shape: &[i64]) -> Result<Tensor, TchError> {
        Tensor::from_slice(values).f_view(shape)?.f_to_device(self.device)?.f_to_kind(self.kind)
    }

    fn batches(&self, draws: &Draws) -> Result<Batches, TchError> {
        let steps = self.config.real_batches() as i64;
        let given =
            |values: &[f32], shape: &[i64]| (!values.is_empty()).then(|| self.to_device(values, shape)).transpose();
        Ok(Batches {
            real: self.to_device(draws.real.as_flattened(), &[steps, self.batch, 2])?,
            noise: self.to_device(&draws.noise, &[-1, self.batch, self.latent])?,
            mix: given(&draws.mix, &[steps, -1, 1])?,
            moves: given(draws.moves.as_flattened(), &[steps, self.batch, 2])?,
            more_real: given(draws.more_real.as_flattened(), &[self.batch, 2])?,
            fake_noise: given(draws.fake_noise.as_flattened(), &[-1, self.batch, 2])?,
            real_first: draws.real_first.chunks(self.batch as usize).map(<[_]>::to_vec).collect(),
        })
    }

    /// The scores of points, pack by pack: [packs, 1].
    fn score_packs(&mut self, points: &Tensor) -> Result<Tensor, TchError> {
        let packs = self.packed(points)?;
        self.discriminator.train(&packs)
    }

    /// A network's loss on real and generated points side by side.
    fn beside(&mut self, of: Player, real: &Tensor, fake: &Tensor, order: &[f32]) -> Result<objective::Loss, TchError> {
        let first = self.to_device(order, &[-1, 1])?;
        let (before, after) = (objective::mixed(real, fake, &first)?, objective::mixed(fake, real, &first)?);
        let scores = self.discriminator.train(&Tensor::f_cat(&[before, after], 1)?)?;
        objective::beside(&self.game, of, &scores, order)
    }

    /// Points in packs, side by side.
    fn packed(&self, points: &Tensor) -> Result<Tensor, TchError> {
        points.f_reshape([-1, 2 * self.config.members() as i64])
    }

    /// The generator's step on codes already turned into `fake`, which is part of its graph; gives the loss. `real` are
    /// the points beside them, where the rule looks at those, and `order` how they stand.
    fn generator_step(&mut self, real: Option<&Tensor>, fake: &Tensor, order: &[f32]) -> Result<f64, TchError> {
        if let (Some(steps), Some(real)) = (self.config.unroll, real) {
            let (value, by_points) = self.unrolled(real, fake, steps)?;
            let surrogate = fake.f_mul(&by_points)?.f_sum(None::<Kind>)?;
            return self.move_generator(&objective::Loss { surrogate, value });
        }
        let loss = match real.filter(|_| self.game.generator_meets_real()) {
            Some(real) if self.game.rule.has_sides() => self.beside(Player::Generator, real, fake, order)?,
            real => {
                let beside = real.map(|real| tch::no_grad(|| self.score_packs(real))).transpose()?;
                let scores = self.score_packs(fake)?;
                objective::generator(&self.game, beside.as_ref(), &scores)?
            }
        };
        self.move_generator(&loss)
    }

    /// The generator's step along a loss's gradient; gives the loss.
    fn move_generator(&mut self, loss: &objective::Loss) -> Result<f64, TchError> {
        self.set_rates();
        self.generator.descend(&loss.surrogate, &mut self.generator_optim, self.config.clip_grad)?;
        // Where the step was to look ahead, the average waits; where slow weights take over, for them.
        let steps = self.generator_optim.steps();
        if self.config.follows_after(steps) && self.config.sync_after(steps).is_none() {
            self.follow()?;
        }
        Ok(loss.value)
    }

    /// A step of the discriminator on real points and detached generated ones; gives the loss.
    fn discriminator_step(&mut self, batches: &Batches, step: usize, fake: &Tensor) -> Result<f64, TchError> {
        let real = batches.real(step)?;
        let mut loss = if self.game.rule.has_sides() {
            self.beside(Player::Discriminator, &real, fake, batches.order(step))?
        } else {
            let (of_real, of_fake) = (self.score_packs(&real)?, self.score_packs(fake)?);
            objective::critic(&self.game, &of_real, &of_fake)?
        };
        let weight = self.config.penalty_weight(self.discriminator_optim.steps());
        if let (Some(weight), Some(Penalised { penalty, .. })) = (weight, self.game.penalty) {
            for &points in penalty.points {
                let points = at_points(points, batches, step, &self.packed(&real)?, &self.packed(fake)?)?;
                let score = |packs: &Tensor| self.discriminator.evaluate(packs);
                loss = loss.plus(&objective::penalty(penalty, score, &points)?, weight)?;
            }
        }
        self.set_rates();
        self.discriminator.descend(&loss.surrogate, &mut self.discriminator_optim, self.config.clip_grad)?;
        match self.game.constraint {
            Constraint::Clip(c) => drop(self.discriminator.parameters_mut().f_clamp_(-c, c)?),
            Constraint::SpectralNorm => tch::no_grad(|| self.discriminator.follow())?,
            Constraint::None => {}
        }
        Ok(loss.value)
    }

    /// The lab's order: the generator, then the discriminator on the same generated points, then any further critic
    /// steps on new ones; with an extragradient, all of it twice.
    fn generator_first(&mut self, batches: &Batches) -> Result<Losses, TchError> {
        let (mut generator, mut discriminator) = (0.0, 0.0);
        for step in 0..self.config.real_batches() {
            if step % self.critic_steps == 0 {
                let fake = batches.noisy(self.generator.train(&batches.noise(step)?)?, step)?;
                generator += self.generator_step(Some(&batches.real(step)?), &fake, batches.order(step))?;
                discriminator += self.discriminator_step(batches, step, &fake.f_detach()?)?;
            } else {
                let fake = batches.noisy(self.fake_without_graph(&batches.noise(step)?)?, step)?;
                discriminator += self.discriminator_step(batches, step, &fake)?;
            }
        }
        let (halves, steps) = (self.config.halves() as f64, self.config.real_batches() as f64);
        Ok(Losses { discriminator: discriminator / steps, generator: generator / halves })
    }

    /// The papers' order: the critic's steps, then the generator's, each on new codes.
    fn critic_first(&mut self, batches: &Batches) -> Result<Losses, TchError> {
        let mut discriminator = 0.0;
        for step in 0..self.critic_steps {
            let fake = batches.noisy(self.fake_without_graph(&batches.noise(step)?)?, step)?;
            discriminator += self.discriminator_step(batches, step, &fake)?;
        }
        let fake = self.generator.train(&batches.noise(self.critic_steps)?)?;
        let fake = batches.noisy(fake, self.critic_steps)?;
        let generator = self.generator_step(batches.more_real.as_ref(), &fake, batches.order(self.critic_steps))?;
        Ok(Losses { discriminator: discriminator / self.critic_steps as f64, generator })
    }

    fn fake_without_graph(&mut self, codes: &Tensor) -> Result<Tensor, TchError> {
        tch::no_grad(|| self.generator.train(codes))
    }
}

impl Engine for TorchEngine {
    fn load(&mut self, state: &State) -> Result<(), EngineError> {
        self.generator.load("the generator", &state.generator)?;
        self.discriminator.load("the discriminator", &state.discriminator)?;
        if let (Some(saved), Some((_, average))) = (&state.average, &mut self.average) {
            copy_in("the averaged weights", average, saved)?;
        }
        for (slow, saved) in self.slow.iter_mut().flatten().zip(state.slow.iter().flatten()) {
            copy_in("the slow weights", slow, saved)?;
        }
        load_optim(&mut self.generator_optim, &state.generator_optim)?;
        load_optim(&mut self.discriminator_optim, &state.discriminator_optim)
    }

    fn state(&mut self) -> Result<State, EngineError> {
        Ok(State {
            generator: self.generator.weights()?,
            discriminator: self.discriminator.weights()?,
            generator_optim: optim_state(&mut self.generator_optim)?,
            discriminator_optim: optim_state(&mut self.discriminator_optim)?,
            average: self.average.as_ref().map(|(_, average)| to_host(average)).transpose()?,
            slow: match &self.slow {
                Some([generator, discriminator]) => Some([to_host(generator)?, to_host(discriminator)?]),
                None => None,
            },
        })
    }

    fn step(&mut self, draws: &Draws) -> Result<Losses, EngineError> {
        let batches = self.batches(draws)?;
        let losses = match self.update_order {
            UpdateOrder::GeneratorFirst => self.generator_first(&batches)?,
            UpdateOrder::CriticFirst => self.critic_first(&batches)?,
        };
        self.sync()?;
        Ok(losses)
    }

    fn generate(&mut self, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
        let codes = self.to_device(codes, &[-1, self.latent])?;
        let points = to_host(&tch::no_grad(|| self.generator.evaluate(&codes))?)?;
        Ok(points.as_chunks().0.to_vec())
    }

    fn settled(&mut self, parameters: &[f32]) -> Result<Weights, EngineError> {
        let weights = Weights { parameters: parameters.to_vec(), ..self.generator.weights()? };
        if weights.statistics.is_empty() {
            return Ok(weights);
        }
        let codes = observed_codes(&self.config);
        let statistics = self.with_generator(&weights, |engine| {
            for codes in codes.chunks((engine.batch * engine.latent) as usize) {
                let codes = engine.to_device(codes, &[engine.batch, engine.latent])?;
                drop(engine.fake_without_graph(&codes)?);
            }
            Ok(engine.generator.weights()?.statistics)
        })?;
        Ok(Weights { statistics, ..weights })
    }

    fn generate_with(&mut self, weights: &Weights, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
        self.with_generator(weights, |engine| engine.generate(codes))
    }

    fn score(&mut self, points: &[Sample]) -> Result<Vec<f32>, EngineError> {
        let points = self.to_device(points.as_flattened(), &[-1, 2])?;
        let packs = self.packed(&points)?;
        Ok(to_host(&tch::no_grad(|| self.discriminator.evaluate(&packs))?)?)
    }
}

/// Where a penalty is taken.
fn at_points(points: Points, batches: &Batches, step: usize, real: &Tensor, fake: &Tensor) -> Result<Tensor, TchError> {
    let drawn = |drawn: &Option<Tensor>| match drawn {
        Some(drawn) => drawn.f_select(0, step as i64),
        None => Err(TchError::Shape("what a penalty draws is missing".into())),
    };
    match points {
        Points::Real => Ok(real.shallow_clone()),
        Points::Fake => Ok(fake.shallow_clone()),
        Points::Mixed => objective::mixed(real, fake, &drawn(&batches.mix)?),
        Points::Moved => real.f_add(&drawn(&batches.moves)?.f_view_as(real)?),
    }
}

/// Copies numbers into a flat tensor of the same size.
fn copy_in(what: &str, to: &mut Tensor, values: &[f32]) -> Result<(), EngineError> {
    let expected = to.numel();
    if values.len() != expected {
        return Err(EngineError::Mismatch { what: what.to_owned(), found: values.len(), expected });
    }
    Ok(to.f_copy_(&Tensor::from_slice(values))?)
}

fn optim_state(optim: &mut Optimizer) -> Result<OptimState, EngineError> {
    let steps = optim.steps();
    let buffers = optim.buffers().into_iter().map(|(name, buffer)| Ok((name.to_owned(), to_host(buffer)?)));
    Ok(OptimState { steps, buffers: buffers.collect::<Result<_, TchError>>()? })
}

fn load_optim(optim: &mut Optimizer, state: &OptimState) -> Result<(), EngineError> {
    optim.set_steps(state.steps);
    for (name, buffer) in optim.buffers() {
        let values = state.buffers.iter().find(|(saved, _)| saved == name);
        let (_, values) = values.ok_or_else(|| EngineError::MissingBuffer { buffer: name.to_owned() })?;
        copy_in(name, buffer, values)?;
    }
    Ok(())
}
