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
//! The generator's gradient is taken before the critic steps, and both steps are of the same generated points.

mod network;

use self::network::{Batch, Mode, Network, add};
use super::{Draws, Engine, EngineError, Losses, OptimState, Sample, State, observed_codes};
use crate::config::{RunConfig, UpdateOrder};
use crate::nets::mlp::{Mlp, Weights};
use crate::objective::constraints::clip;
use crate::objective::penalties::Points;
use crate::objective::{Constraint, Game, mixed};
use crate::optim::{self, BUFFERS, Update, average};

/// Two networks and their optimisers.
#[derive(Debug)]
pub struct PlainEngine {
    config: RunConfig,
    game: Game,
    generator: Trained,
    critic: Trained,
    /// The average of the generator's parameters, where one is kept.
    average: Option<Vec<f64>>,
}

/// A network with the state of its optimiser.
#[derive(Debug)]
struct Trained {
    network: Network,
    steps: u64,
    buffers: [Vec<f64>; BUFFERS],
}

/// A critic step's points.
struct Step<'a> {
    real: &'a [Sample],
    fake: &'a Batch,
    mix: &'a [f32],
    moves: &'a [Sample],
}

/// The gradient of a discriminator's raw score by each of these points.
pub fn score_gradients(mlp: &Mlp, weights: &Weights, points: &[Sample]) -> Vec<[f64; 2]> {
    let mut network = Network::new(mlp);
    if points.is_empty() || network.parameters.len() != weights.parameters.len() {
        return Vec::new();
    }
    network.parameters = weights.parameters.iter().copied().map(f64::from).collect();
    let pass = network.forward(points.iter().map(|point| point.map(f64::from).to_vec()).collect(), Mode::Evaluate);
    let (_, by_points) = network.backward(&pass, vec![vec![1.0]; points.len()]);
    by_points.into_iter().map(|row| [row[0], row[1]]).collect()
}

impl PlainEngine {
    /// An engine whose networks are all zeros until they are loaded.
    pub fn new(config: &RunConfig) -> Self {
        let generator = Trained::new(config, &Mlp::generator(&config.generator));
        let average = config.ema.map(|_| generator.network.parameters.clone());
        Self {
            game: config.game(),
            critic: Trained::new(config, &Mlp::discriminator(&config.discriminator)),
            config: config.clone(),
            generator,
            average,
        }
    }

    /// Takes over the weights of generator and discriminator.
    pub fn load_weights(&mut self, [generator, discriminator]: &[Weights; 2]) -> Result<(), EngineError> {
        self.generator.load("the generator", generator)?;
        self.critic.load("the discriminator", discriminator)?;
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

    fn rates(&self) -> [f64; 2] {
        self.config.learning_rates([self.generator.steps, self.critic.steps])
    }

    fn scores(&mut self, points: Batch) -> (network::Pass, Vec<f64>) {
        let pass = self.critic.network.forward(points, Mode::Train);
        let scores = pass.output.iter().map(|score| score[0]).collect();
        (pass, scores)
    }

    /// The generator's gradient for a batch of its points and, where the rule looks at them, real ones; and its loss.
    fn generator_gradient(&mut self, pass: &network::Pass, real: &[Sample]) -> (Vec<f64>, f64) {
        let beside = if self.game.generator_meets_real() { self.scores(doubles(real)).1 } else { Vec::new() };
        let (critic_pass, scores) = self.scores(pass.output.clone());
        let (n, mut slopes) = (scores.len() as f64, vec![0.0; scores.len()]);
        let loss = self.game.generator(&beside, &scores, &mut slopes) / n;
        let by_scores = slopes.into_iter().map(|slope| vec![slope / n]).collect();
        let (_, by_points) = self.critic.network.backward(&critic_pass, by_scores);
        (self.generator.network.backward(pass, by_points).0, loss)
    }

    fn step_generator(&mut self, gradient: &[f64]) {
        let lr = self.rates()[0];
        self.generator.step(&self.config, lr, gradient);
        if let (Some(average), Some(ema)) = (&mut self.average, self.config.ema) {
            let batch = self.config.batch_size as f64;
            let kept = average::kept(ema.half_life, ema.ramp, batch, batch * self.generator.steps as f64);
            average::step(average, &self.generator.network.parameters, 1.0 - kept);
        }
    }

    /// A step of the critic; gives its loss.
    fn step_critic(&mut self, step: &Step<'_>) -> f64 {
        let n = step.real.len() as f64;
        let (real_pass, real) = self.scores(doubles(step.real));
        let (fake_pass, fake) = self.scores(step.fake.clone());
        let (mut by_real, mut by_fake) = (vec![0.0; real.len()], vec![0.0; fake.len()]);
        let mut loss = self.game.critic(&real, &fake, [&mut by_real, &mut by_fake]) / n;
        let mut gradient = vec![0.0; self.critic.network.parameters.len()];
        for (pass, slopes) in [(&real_pass, by_real), (&fake_pass, by_fake)] {
            let by_scores = slopes.into_iter().map(|slope| vec![slope / n]).collect();
            add(&mut gradient, &self.critic.network.backward(pass, by_scores).0);
        }
        if let Some(weight) = self.game.penalty_weight(self.critic.steps) {
            for &points in self.game.penalty_points() {
                let (value, of_penalty) = self.penalty(place(points, step), weight / n);
                loss += value;
                add(&mut gradient, &of_penalty);
            }
        }
        let lr = self.rates()[1];
        self.critic.step(&self.config, lr, &gradient);
        if let Constraint::Clip(bound) = self.game.constraint {
            clip(&mut self.critic.network.parameters, bound);
        }
        loss
    }

    /// A penalty at these points, each with this weight, and its gradient by the critic's parameters.
    fn penalty(&mut self, points: Batch, weight: f64) -> (f64, Vec<f64>) {
        let Some(penalised) = self.game.penalty else { return (0.0, Vec::new()) };
        let (pass, scores) = self.scores(points);
        let ones = scores.iter().map(|_| vec![1.0]).collect();
        let (_, slopes) = self.critic.network.backward(&pass, ones);
        let terms = slopes.iter().map(|slope| penalised.penalty.law.of_gradient([slope[0], slope[1]]));
        let (values, directions): (Vec<f64>, Batch) =
            terms.map(|(value, direction)| (value, direction.iter().map(|x| weight * x).collect())).unzip();
        (weight * values.iter().sum::<f64>(), self.critic.network.backward_along(&pass, &directions))
    }
}

impl Trained {
    fn new(config: &RunConfig, mlp: &Mlp) -> Self {
        let network = Network::new(mlp);
        let size = network.parameters.len();
        let buffers = optim::buffer_names(&config.optim).map(|name| vec![0.0; if name.is_some() { size } else { 0 }]);
        Self { network, steps: 0, buffers }
    }

    fn step(&mut self, config: &RunConfig, lr: f64, gradient: &[f64]) {
        let update = Update::new(&config.optim, lr, self.steps);
        update.apply(&mut self.network.parameters, gradient, self.buffers.each_mut().map(|buffer| &mut buffer[..]));
        self.steps += 1;
    }

    fn load(&mut self, whose: &str, weights: &Weights) -> Result<(), EngineError> {
        copy(&format!("{whose}'s weights"), &mut self.network.parameters, &weights.parameters)?;
        copy(&format!("{whose}'s batch statistics"), &mut self.network.statistics, &weights.statistics)?;
        self.network.batches = weights.batches;
        Ok(())
    }

    fn optim_state(&self, config: &RunConfig) -> OptimState {
        let named = optim::buffer_names(&config.optim).into_iter().zip(&self.buffers);
        let buffers = named.filter_map(|(name, values)| Some((name?.to_owned(), singles(values))));
        OptimState { steps: self.steps, buffers: buffers.collect() }
    }

    fn load_optim(&mut self, config: &RunConfig, state: &OptimState) -> Result<(), EngineError> {
        for (name, buffer) in optim::buffer_names(&config.optim).into_iter().zip(&mut self.buffers) {
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
        self.generator.load_optim(&self.config, &state.generator_optim)?;
        self.critic.load_optim(&self.config, &state.discriminator_optim)
    }

    fn state(&mut self) -> Result<State, EngineError> {
        Ok(State {
            generator: self.generator.network.weights(),
            discriminator: self.critic.network.weights(),
            generator_optim: self.generator.optim_state(&self.config),
            discriminator_optim: self.critic.optim_state(&self.config),
            average: self.average.as_deref().map(singles),
        })
    }

    fn step(&mut self, draws: &Draws) -> Result<Losses, EngineError> {
        let (batch, steps) = (self.config.batch_size, self.config.critic_steps);
        let codes_size = batch * self.config.generator.latent_dim;
        let noise = |index: usize| part(&draws.noise, index, codes_size);
        let generator_first = self.config.update_order == UpdateOrder::GeneratorFirst;
        let (mut discriminator, mut generator) = (0.0, 0.0);
        for step in 0..steps {
            let pass = self.generator.network.forward(self.codes(noise(step)), Mode::Train);
            if generator_first && step == 0 {
                let (gradient, loss) = self.generator_gradient(&pass, part(&draws.real, 0, batch));
                self.step_generator(&gradient);
                generator = loss;
            }
            discriminator += self.step_critic(&Step {
                real: part(&draws.real, step, batch),
                fake: &pass.output,
                mix: part(&draws.mix, step, batch),
                moves: part(&draws.moves, step, batch),
            });
        }
        if !generator_first {
            let pass = self.generator.network.forward(self.codes(noise(steps)), Mode::Train);
            let (gradient, loss) = self.generator_gradient(&pass, &draws.more_real);
            self.step_generator(&gradient);
            generator = loss;
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
        Ok(singles(&self.scores(doubles(points)).1))
    }
}

/// Where a penalty is taken.
fn place(points: Points, step: &Step<'_>) -> Batch {
    let real = doubles(step.real);
    let each = |of: &dyn Fn(usize, usize) -> f64| (0..real.len()).map(|i| (0..2).map(|j| of(i, j)).collect()).collect();
    match points {
        Points::Real => real,
        Points::Fake => step.fake.clone(),
        Points::Mixed => each(&|i, j| mixed(real[i][j], step.fake[i][j], f64::from(step.mix[i]))),
        Points::Moved => each(&|i, j| real[i][j] + f64::from(step.moves[i][j])),
    }
}

fn doubles(points: &[Sample]) -> Batch {
    points.iter().map(|point| point.iter().map(|&x| f64::from(x)).collect()).collect()
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
