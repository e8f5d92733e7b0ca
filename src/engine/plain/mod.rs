//! The arithmetic in plain loops and double precision: what an iteration is, to be read, and to hold the other engines
//! against. It does all that they do, some hundred times slower.
//!
//! An iteration with one critic step in the lab's order, for the generator g and the critic f:
//!
//! ```text
//! codes z --g--> points y --f--> scores f(y)          real points x --f--> scores f(x)
//!                   |               |                                       |
//!        g steps <--+-- slopes of the generator's loss by f(y)              |
//!                                   +-- slopes of the critic's loss by both +--> f steps
//!                 penalty: |grad f|^2 at x, y, or points made of them ---------> f steps
//! ```
//!
//! The generator's gradient is taken before the critic steps, and both steps are of the same generated points. With an
//! extragradient all of this is half an iteration: in the first both networks look ahead, in the second they move.

mod by_points;
mod network;
mod unrolled;

use self::network::{Batch, Mode, Network, add};
use super::{Draws, Engine, EngineError, Losses, OptimState, Sample, State, observed_codes};
use crate::config::{RunConfig, UpdateOrder};
use crate::nets::mlp::{Mlp, Weights};
use crate::objective::constraints;
use crate::objective::penalties::Points;
use crate::objective::{Constraint, Game, Network as Player, mixed};
use crate::optim::{BUFFERS, Optim, Update, average, clip, lookahead};

/// Two networks and their optimisers.
#[derive(Debug)]
pub struct PlainEngine {
    config: RunConfig,
    game: Game,
    generator: Trained,
    critic: Trained,
    /// The average of the generator's parameters, where one is kept.
    average: Option<Vec<f64>>,
    /// Whether what an iteration leaves is rounded to the single precision in which a run keeps it.
    rounds: bool,
}

/// A network with the state of its optimiser.
#[derive(Clone, Debug)]
struct Trained {
    network: Network,
    optim: Optim,
    steps: u64,
    buffers: [Vec<f64>; BUFFERS],
    /// Its slow weights, where it has such.
    slow: Option<Vec<f64>>,
}

/// A critic step's points.
struct Step<'a> {
    real: &'a [Sample],
    fake: &'a Batch,
    mix: &'a [f32],
    moves: &'a [Sample],
    /// 1 where the real point stands first, where they stand side by side.
    real_first: &'a [f32],
}

/// The gradient of a discriminator's raw score by each of these points, or each pack of them, with the running statistics.
pub fn score_gradients(config: &RunConfig, weights: &Weights, points: &[Sample]) -> Vec<Vec<f64>> {
    let mut critic = Trained::new(&Mlp::discriminator(config), config.optims()[1], false);
    let packs: Batch = doubles(points).chunks_exact(config.members()).map(<[_]>::concat).collect();
    if packs.is_empty() || critic.load("the discriminator", weights).is_err() {
        return Vec::new();
    }
    critic.network.by_points(&packs)
}

impl PlainEngine {
    /// An engine whose networks are all zeros until they are loaded.
    pub fn new(config: &RunConfig) -> Self {
        let [of_generator, of_critic] = config.optims();
        let trained = |mlp: &Mlp, optim| Trained::new(mlp, optim, config.lookahead.is_some());
        let generator = trained(&Mlp::generator(config), of_generator);
        let average = config.ema.map(|_| generator.network.parameters.clone());
        Self {
            game: config.game(),
            critic: trained(&Mlp::discriminator(config), of_critic),
            config: config.clone(),
            generator,
            average,
            rounds: false,
        }
    }

    /// The engine of a run, whose state is kept in single precision: what each iteration leaves is rounded to that, so that a
    /// run that goes on from its state is the one that was never stopped.
    pub fn of_run(config: &RunConfig) -> Self {
        Self { rounds: true, ..Self::new(config) }
    }

    fn round(&mut self) {
        for Trained { network, buffers, slow, .. } in [&mut self.generator, &mut self.critic] {
            let own = [&mut network.parameters, &mut network.statistics].into_iter();
            own.chain(buffers).chain(slow).for_each(|values| round(values));
            network.settle();
        }
        self.average.iter_mut().for_each(|values| round(values));
    }

    /// Takes over the weights of generator and discriminator.
    pub fn load_weights(&mut self, [generator, discriminator]: &[Weights; 2]) -> Result<(), EngineError> {
        self.generator.load("the generator", generator)?;
        self.critic.load("the discriminator", discriminator)?;
        for trained in [&mut self.generator, &mut self.critic] {
            if let Some(slow) = &mut trained.slow {
                slow.clone_from(&trained.network.parameters);
            }
        }
        if let Some(average) = &mut self.average {
            average.clone_from(&self.generator.network.parameters);
        }
        Ok(())
    }

    /// The parameters of generator and discriminator, in double precision.
    pub fn parameters(&self) -> [Vec<f64>; 2] {
        [&self.generator, &self.critic].map(|trained| trained.network.parameters.clone())
    }

    fn codes(&self, noise: &[f32]) -> Batch {
        noise
            .chunks(self.config.generator.latent_dim)
            .map(|code| code.iter().map(|&x| f64::from(x)).collect())
            .collect()
    }

    /// The generator's pass over codes; something may be added to its points.
    fn noisy(&mut self, noise: &[f32], jitter: &[Sample]) -> network::Pass {
        let mut pass = self.generator.network.forward(self.codes(noise), Mode::Train);
        for (point, jitter) in pass.output.iter_mut().zip(jitter) {
            point.iter_mut().zip(jitter).for_each(|(x, &by)| *x += f64::from(by));
        }
        pass
    }

    fn rates(&self) -> [f64; 2] {
        self.config.learning_rates([self.generator.steps, self.critic.steps])
    }

    /// The scores of points, pack by pack.
    fn scores(&mut self, points: &Batch) -> (network::Pass, Vec<f64>) {
        let packs = self.packs(points);
        let pass = self.critic.network.forward(packs, Mode::Train);
        let scores = pass.scores();
        (pass, scores)
    }

    /// Points as the critic has them, so many side by side.
    fn packs(&self, points: &Batch) -> Batch {
        points.chunks(self.config.members()).map(<[_]>::concat).collect()
    }

    /// The generator's gradient for a batch of its points and, where the rule looks at them, real ones; and its loss.
    fn generator_gradient(&mut self, pass: &network::Pass, real: &[Sample], order: &[f32]) -> (Vec<f64>, f64) {
        if let Some(steps) = self.config.unroll {
            return self.unrolled_gradient(pass, real, steps);
        }
        if self.game.rule.has_sides() {
            let (pairs, slopes, loss) = self.beside(Player::Generator, real, &pass.output, order);
            let (_, by_pairs) = self.critic.network.backward(&pairs, slopes);
            let fake = |(pair, first): (&Vec<f64>, &f32)| pair[if *first > 0.5 { 2..4 } else { 0..2 }].to_vec();
            let by_points = by_pairs.iter().zip(order).map(fake).collect();
            return (self.generator.network.backward(pass, by_points).0, loss);
        }
        let beside = if self.game.generator_meets_real() { self.scores(&doubles(real)).1 } else { Vec::new() };
        let (critic_pass, scores) = self.scores(&pass.output);
        let (n, mut slopes) = (scores.len() as f64, vec![0.0; scores.len()]);
        let loss = self.game.generator(&beside, &scores, &mut slopes) / n;
        let by_scores = slopes.into_iter().map(|slope| vec![slope / n]).collect();
        let (_, by_packs) = self.critic.network.backward(&critic_pass, by_scores);
        let by_points = by_packs.iter().flat_map(|pack| pack.chunks(2).map(<[_]>::to_vec)).collect();
        (self.generator.network.backward(pass, by_points).0, loss)
    }

    /// For real and generated points side by side: the critic's pass, the slopes of a network's loss by the scores, and the
    /// loss.
    fn beside(&mut self, of: Player, real: &[Sample], fake: &Batch, order: &[f32]) -> (network::Pass, Batch, f64) {
        let both = doubles(real).into_iter().zip(fake).zip(order);
        let pair = |((real, fake), first): ((Vec<f64>, &Vec<f64>), &f32)| {
            if *first > 0.5 { [&real[..], fake].concat() } else { [&fake[..], &real].concat() }
        };
        let pass = self.critic.network.forward(both.map(pair).collect(), Mode::Train);
        let scores = pass.scores();
        let (n, mut slopes) = (scores.len() as f64, vec![0.0; scores.len()]);
        let loss = self.game.beside(of, &scores, order, &mut slopes) / n;
        (pass, slopes.into_iter().map(|slope| vec![slope / n]).collect(), loss)
    }

    fn step_generator(&mut self, gradient: &[f64]) {
        let lr = self.rates()[0];
        self.generator.step(lr, gradient, self.config.clip_grad);
        // Where the step was to look ahead, the average waits; where slow weights take over, for them.
        if self.config.follows_after(self.generator.steps) && self.config.sync_after(self.generator.steps).is_none() {
            self.follow();
        }
    }

    /// The average moves to where the generator is.
    fn follow(&mut self) {
        if let (Some(average), Some(ema)) = (&mut self.average, self.config.ema) {
            let (batch, moves) = (self.config.batch_size as f64, self.config.iterations_after(self.generator.steps));
            let kept = average::kept(ema.half_life, ema.ramp, batch, batch * moves as f64);
            average::step(average, &self.generator.network.parameters, 1.0 - kept);
        }
    }

    /// After an iteration: slow weights that are due take over.
    fn sync(&mut self) {
        let Some(step) = self.config.sync_after(self.generator.steps) else { return };
        for trained in [&mut self.generator, &mut self.critic] {
            if let Some(slow) = &mut trained.slow {
                lookahead::sync(slow, &mut trained.network.parameters, step);
                trained.network.settle();
            }
        }
        if let (Constraint::Clip(bound), Some(slow)) = (self.game.constraint, &mut self.critic.slow) {
            constraints::clip(slow, bound);
            constraints::clip(&mut self.critic.network.parameters, bound);
            self.critic.network.settle();
        }
        self.follow();
    }

    /// A step of the critic; gives its loss.
    fn step_critic(&mut self, step: &Step<'_>) -> f64 {
        let n = self.config.packs() as f64;
        let (mut loss, mut gradient) = self.critic_gradient(step);
        if let Some(weight) = self.config.penalty_weight(self.critic.steps) {
            for &points in self.game.penalty_points() {
                let (value, of_penalty) = self.penalty(&place(points, step, self.config.members()), weight / n);
                loss += value;
                add(&mut gradient, &of_penalty);
            }
        }
        let lr = self.rates()[1];
        self.critic.step(lr, &gradient, self.config.clip_grad);
        if let Constraint::Clip(bound) = self.game.constraint {
            constraints::clip(&mut self.critic.network.parameters, bound);
            self.critic.network.settle();
        }
        loss
    }

    /// The critic's loss but for its penalty, and the gradient.
    fn critic_gradient(&mut self, step: &Step<'_>) -> (f64, Vec<f64>) {
        if self.game.rule.has_sides() {
            let (pass, slopes, loss) = self.beside(Player::Discriminator, step.real, step.fake, step.real_first);
            return (loss, self.critic.network.backward(&pass, slopes).0);
        }
        let packs = [self.packs(&doubles(step.real)), self.packs(step.fake)];
        self.critic.gradient(&self.game, packs.each_ref())
    }

    /// A penalty at these points, each with this weight, and its gradient by the critic's parameters.
    fn penalty(&mut self, points: &Batch, weight: f64) -> (f64, Vec<f64>) {
        let Some(penalised) = self.game.penalty else { return (0.0, Vec::new()) };
        let (pass, scores) = self.scores(points);
        let ones = scores.iter().map(|_| vec![1.0]).collect();
        let (_, mut directions) = self.critic.network.backward(&pass, ones);
        let value: f64 = directions.iter_mut().map(|slope| penalised.penalty.law.of_gradient(slope)).sum();
        directions.iter_mut().flatten().for_each(|x| *x *= weight);
        (weight * value, self.critic.network.backward_along(&pass, &directions))
    }
}

impl Trained {
    fn new(mlp: &Mlp, optim: Optim, slow: bool) -> Self {
        let network = Network::new(mlp);
        let size = network.parameters.len();
        let buffers = optim.buffer_names().map(|name| vec![0.0; if name.is_some() { size } else { 0 }]);
        Self { network, optim, steps: 0, buffers, slow: slow.then(|| vec![0.0; size]) }
    }

    /// A critic's mean loss on real and on generated packs, and the gradient by what its layers work with.
    fn gradient(&mut self, game: &Game, batches: [&Batch; 2]) -> (f64, Vec<f64>) {
        let passes = batches.map(|batch| self.network.forward(batch.clone(), Mode::Train));
        let [real, fake] = passes.each_ref().map(network::Pass::scores);
        let (n, mut by_real, mut by_fake) = (real.len() as f64, vec![0.0; real.len()], vec![0.0; fake.len()]);
        let loss = game.critic(&real, &fake, [&mut by_real, &mut by_fake]) / n;
        let mut gradient = vec![0.0; self.network.parameters.len()];
        for (pass, slopes) in passes.iter().zip([by_real, by_fake]) {
            let by_scores = slopes.into_iter().map(|slope| vec![slope / n]).collect();
            add(&mut gradient, &self.network.backward(pass, by_scores).0);
        }
        (loss, gradient)
    }

    fn step(&mut self, lr: f64, gradient: &[f64], most: Option<f64>) {
        let mut gradient = gradient.to_vec();
        self.network.by_parameters(&mut gradient);
        if let Some(most) = most {
            let scale = clip::scale(most, gradient.iter().map(|g| g * g).sum());
            for g in &mut gradient {
                *g *= scale;
            }
        }
        let update = Update::new(&self.optim, lr, self.steps);
        update.apply(&mut self.network.parameters, &gradient, self.buffers.each_mut().map(|buffer| &mut buffer[..]));
        self.steps += 1;
        self.network.follow();
        self.network.settle();
    }

    fn load(&mut self, whose: &str, weights: &Weights) -> Result<(), EngineError> {
        copy(&format!("{whose}'s weights"), &mut self.network.parameters, &weights.parameters)?;
        copy(&format!("{whose}'s batch statistics"), &mut self.network.statistics, &weights.statistics)?;
        self.network.batches = weights.batches;
        self.network.settle();
        Ok(())
    }

    fn optim_state(&self) -> OptimState {
        let named = self.optim.buffer_names().into_iter().zip(&self.buffers);
        let buffers = named.filter_map(|(name, values)| Some((name?.to_owned(), singles(values))));
        OptimState { steps: self.steps, buffers: buffers.collect() }
    }

    fn load_optim(&mut self, state: &OptimState) -> Result<(), EngineError> {
        for (name, buffer) in self.optim.buffer_names().into_iter().zip(&mut self.buffers) {
            let Some(name) = name else { continue };
            let saved = state.buffers.iter().find(|(saved, _)| saved == name);
            let (_, values) = saved.ok_or_else(|| EngineError::MissingBuffer { buffer: name.to_owned() })?;
            copy(name, buffer, values)?;
        }
        self.steps = state.steps;
        Ok(())
    }
}

impl Engine for PlainEngine {
    fn load(&mut self, state: &State) -> Result<(), EngineError> {
        self.load_weights(&[state.generator.clone(), state.discriminator.clone()])?;
        if let (Some(average), Some(saved)) = (&mut self.average, &state.average) {
            copy("the averaged weights", average, saved)?;
        }
        for (trained, saved) in [&mut self.generator, &mut self.critic].into_iter().zip(state.slow.iter().flatten()) {
            if let Some(slow) = &mut trained.slow {
                copy("the slow weights", slow, saved)?;
            }
        }
        self.generator.load_optim(&state.generator_optim)?;
        self.critic.load_optim(&state.discriminator_optim)
    }

    fn state(&mut self) -> Result<State, EngineError> {
        Ok(State {
            generator: self.generator.network.weights(),
            discriminator: self.critic.network.weights(),
            generator_optim: self.generator.optim_state(),
            discriminator_optim: self.critic.optim_state(),
            average: self.average.as_deref().map(singles),
            slow: match [&self.generator.slow, &self.critic.slow] {
                [Some(generator), Some(critic)] => Some([singles(generator), singles(critic)]),
                _ => None,
            },
        })
    }

    fn step(&mut self, draws: &Draws) -> Result<Losses, EngineError> {
        let (batch, steps) = (self.config.batch_size, self.config.real_batches());
        let (halves, half) = (self.config.halves(), self.config.critic_steps);
        let codes_size = batch * self.config.generator.latent_dim;
        let noise = |index: usize| part(&draws.noise, index, codes_size);
        let order = |index: usize| part(&draws.real_first, index, batch);
        let jitter = |index: usize| part(&draws.fake_noise, index, batch);
        let generator_first = self.config.update_order == UpdateOrder::GeneratorFirst;
        let (mut discriminator, mut generator) = (0.0, 0.0);
        for step in 0..steps {
            let pass = self.noisy(noise(step), jitter(step));
            if generator_first && step % half == 0 {
                let (gradient, loss) = self.generator_gradient(&pass, part(&draws.real, step, batch), order(step));
                self.step_generator(&gradient);
                generator += loss / halves as f64;
            }
            discriminator += self.step_critic(&Step {
                real: part(&draws.real, step, batch),
                fake: &pass.output,
                mix: part(&draws.mix, step, self.config.packs()),
                moves: part(&draws.moves, step, batch),
                real_first: order(step),
            });
        }
        if !generator_first {
            let pass = self.noisy(noise(steps), jitter(steps));
            let (gradient, loss) = self.generator_gradient(&pass, &draws.more_real, order(steps));
            self.step_generator(&gradient);
            generator = loss;
        }
        self.sync();
        if self.rounds {
            self.round();
        }
        Ok(Losses { discriminator: discriminator / steps as f64, generator })
    }

    fn generate(&mut self, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
        let points = self.generator.network.forward(self.codes(codes), Mode::Evaluate).output;
        Ok(points.iter().map(|point| [point[0] as f32, point[1] as f32]).collect())
    }

    fn settled(&mut self, parameters: &[f32]) -> Result<Weights, EngineError> {
        let own = self.generator.network.clone();
        copy("the generator's weights", &mut self.generator.network.parameters, parameters)?;
        self.generator.network.settle();
        if !own.statistics.is_empty() {
            let codes = observed_codes(&self.config);
            for codes in codes.chunks(self.config.batch_size * self.config.generator.latent_dim) {
                self.generator.network.forward(self.codes(codes), Mode::Train);
            }
        }
        let settled = std::mem::replace(&mut self.generator.network, own);
        Ok(Weights { batches: self.generator.network.batches, ..settled.weights() })
    }

    fn generate_with(&mut self, weights: &Weights, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
        let own = self.generator.network.clone();
        self.generator.load("the generator", weights)?;
        let points = self.generate(codes);
        self.generator.network = own;
        points
    }

    fn score(&mut self, points: &[Sample]) -> Result<Vec<f32>, EngineError> {
        let packs = self.packs(&doubles(points));
        Ok(singles(&self.critic.network.forward(packs, Mode::Evaluate).output.concat()))
    }
}

/// Where a penalty is taken.
fn place(points: Points, step: &Step<'_>, members: usize) -> Batch {
    let real = doubles(step.real);
    let each = |of: &dyn Fn(usize, usize) -> f64| (0..real.len()).map(|i| (0..2).map(|j| of(i, j)).collect()).collect();
    match points {
        Points::Real => real,
        Points::Fake => step.fake.clone(),
        Points::Mixed => each(&|i, j| mixed(real[i][j], step.fake[i][j], f64::from(step.mix[i / members]))),
        Points::Moved => each(&|i, j| real[i][j] + f64::from(step.moves[i][j])),
    }
}

fn doubles(points: &[Sample]) -> Batch {
    points.iter().map(|point| point.iter().map(|&x| f64::from(x)).collect()).collect()
}

fn round(values: &mut [f64]) {
    for x in values {
        *x = f64::from(*x as f32);
    }
}

fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

/// One of the equal parts of an array that may be empty.
fn part<X>(values: &[X], index: usize, size: usize) -> &[X] {
    values.chunks(size).nth(index).unwrap_or_default()
}

fn copy(what: &str, to: &mut [f64], values: &[f32]) -> Result<(), EngineError> {
    if to.len() != values.len() {
        return Err(EngineError::Mismatch { what: what.to_owned(), found: values.len(), expected: to.len() });
    }
    to.iter_mut().zip(values).for_each(|(to, &x)| *to = f64::from(x));
    Ok(())
}
