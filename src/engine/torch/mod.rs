//! libtorch, through tch: any device, double backward by autograd.

mod network;

use tch::{Device as TorchDevice, Kind, TchError, Tensor};

use super::{Draws, Engine, EngineError, Losses, OptimState, Sample, State};
use crate::config::{Objective, RunConfig, UpdateOrder};
use crate::loss::torch as loss;
use crate::nets::mlp::{Mlp, Weights};
use crate::optim::torch::{self as optim, Optimizer};
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

/// Two networks on a device of libtorch's. The discriminator has no BatchNorm, so it is always evaluated row by row.
#[derive(Debug)]
pub struct TorchEngine {
    objective: Objective,
    update_order: UpdateOrder,
    critic_steps: usize,
    batch: i64,
    latent: i64,
    device: TorchDevice,
    kind: Kind,
    generator: Network,
    discriminator: Network,
    generator_optim: Box<dyn Optimizer>,
    discriminator_optim: Box<dyn Optimizer>,
}

/// An iteration's arrays on the device.
struct Batches {
    real: Tensor,
    noise: Tensor,
    mix: Option<Tensor>,
}

impl Batches {
    fn real(&self, step: usize) -> Result<Tensor, TchError> {
        self.real.f_select(0, step as i64)
    }

    fn noise(&self, index: usize) -> Result<Tensor, TchError> {
        self.noise.f_select(0, index as i64)
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
        let generator = Network::new(Mlp::generator(&config.generator), kind, device)?;
        let discriminator = Network::new(Mlp::discriminator(&config.discriminator), kind, device)?;
        Ok(Self {
            objective: config.objective,
            update_order: config.update_order,
            critic_steps: config.critic_steps,
            batch: config.batch_size as i64,
            latent: config.generator.latent_dim as i64,
            device,
            kind,
            generator_optim: optim::create(&config.optim, config.lr, generator.parameters())?,
            discriminator_optim: optim::create(&config.optim, config.lr, discriminator.parameters())?,
            generator,
            discriminator,
        })
    }

    /// Takes over the weights of generator and discriminator.
    pub fn load_weights(&mut self, [generator, discriminator]: &[Weights; 2]) -> Result<(), EngineError> {
        self.generator.load("the generator", generator)?;
        self.discriminator.load("the discriminator", discriminator)
    }

    fn to_device(&self, values: &[f32], shape: &[i64]) -> Result<Tensor, TchError> {
        Tensor::from_slice(values).f_view(shape)?.f_to_device(self.device)?.f_to_kind(self.kind)
    }

    fn batches(&self, draws: &Draws) -> Result<Batches, TchError> {
        let steps = self.critic_steps as i64;
        let mix = (!draws.mix.is_empty()).then(|| self.to_device(&draws.mix, &[steps, self.batch, 1]));
        Ok(Batches {
            real: self.to_device(draws.real.as_flattened(), &[steps, self.batch, 2])?,
            noise: self.to_device(&draws.noise, &[-1, self.batch, self.latent])?,
            mix: mix.transpose()?,
        })
    }

    /// The generator's step on codes already turned into `fake`, which is part of its graph; gives the loss.
    fn generator_step(&mut self, fake: &Tensor) -> Result<f64, TchError> {
        let scores = self.discriminator.evaluate(fake)?;
        let loss = match self.objective {
            Objective::Gan { generator_loss } => loss::gan::generator(&scores, generator_loss)?,
            Objective::Wgan { .. } | Objective::WganGp { .. } => loss::wgan::generator(&scores)?,
        };
        self.generator.descend(&loss, self.generator_optim.as_mut())?;
        loss.f_double_value(&[])
    }

    /// A step of the discriminator on real points and detached generated ones; gives the loss.
    fn discriminator_step(&mut self, batches: &Batches, step: usize, fake: &Tensor) -> Result<f64, TchError> {
        let real = batches.real(step)?;
        let (on_real, on_fake) = (self.discriminator.evaluate(&real)?, self.discriminator.evaluate(fake)?);
        let loss = match self.objective {
            Objective::Gan { .. } => loss::gan::discriminator(&on_real, &on_fake)?,
            Objective::Wgan { .. } => loss::wgan::critic(&on_real, &on_fake)?,
            Objective::WganGp { gp_weight } => {
                let critic_loss = loss::wgan::critic(&on_real, &on_fake)?;
                match &batches.mix {
                    Some(mix) => {
                        let mix = mix.f_select(0, step as i64)?;
                        let critic = |points: &Tensor| self.discriminator.evaluate(points);
                        let penalty = loss::wgan_gp::gradient_penalty(critic, &real, fake, &mix)?;
                        critic_loss.f_add(&penalty.f_mul_scalar(gp_weight)?)?
                    }
                    None => critic_loss,
                }
            }
        };
        self.discriminator.descend(&loss, self.discriminator_optim.as_mut())?;
        if let Objective::Wgan { clip } = self.objective {
            loss::wgan::clip(self.discriminator.parameters_mut(), clip)?;
        }
        loss.f_double_value(&[])
    }

    /// The lab's order: the generator, then the discriminator on the same generated points, then any further critic
    /// steps on new ones.
    fn generator_first(&mut self, batches: &Batches) -> Result<Losses, TchError> {
        let fake = self.generator.train(&batches.noise(0)?)?;
        let generator = self.generator_step(&fake)?;
        let mut discriminator = self.discriminator_step(batches, 0, &fake.f_detach()?)?;
        for step in 1..self.critic_steps {
            let fake = self.fake_without_graph(&batches.noise(step)?)?;
            discriminator += self.discriminator_step(batches, step, &fake)?;
        }
        Ok(Losses { discriminator: discriminator / self.critic_steps as f64, generator })
    }

    /// The papers' order: the critic's steps, then the generator's, each on new codes.
    fn critic_first(&mut self, batches: &Batches) -> Result<Losses, TchError> {
        let mut discriminator = 0.0;
        for step in 0..self.critic_steps {
            let fake = self.fake_without_graph(&batches.noise(step)?)?;
            discriminator += self.discriminator_step(batches, step, &fake)?;
        }
        let fake = self.generator.train(&batches.noise(self.critic_steps)?)?;
        let generator = self.generator_step(&fake)?;
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
        load_optim(self.generator_optim.as_mut(), &state.generator_optim)?;
        load_optim(self.discriminator_optim.as_mut(), &state.discriminator_optim)
    }

    fn state(&mut self) -> Result<State, EngineError> {
        Ok(State {
            generator: self.generator.weights()?,
            discriminator: self.discriminator.weights()?,
            generator_optim: optim_state(self.generator_optim.as_mut())?,
            discriminator_optim: optim_state(self.discriminator_optim.as_mut())?,
        })
    }

    fn step(&mut self, draws: &Draws) -> Result<Losses, EngineError> {
        let batches = self.batches(draws)?;
        Ok(match self.update_order {
            UpdateOrder::GeneratorFirst => self.generator_first(&batches)?,
            UpdateOrder::CriticFirst => self.critic_first(&batches)?,
        })
    }

    fn generate(&mut self, codes: &[f32]) -> Result<Vec<Sample>, EngineError> {
        let codes = self.to_device(codes, &[-1, self.latent])?;
        let points = to_host(&tch::no_grad(|| self.generator.evaluate(&codes))?)?;
        Ok(points.as_chunks().0.to_vec())
    }

    fn score(&mut self, points: &[Sample]) -> Result<Vec<f32>, EngineError> {
        let points = self.to_device(points.as_flattened(), &[-1, 2])?;
        Ok(to_host(&tch::no_grad(|| self.discriminator.evaluate(&points))?)?)
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

fn optim_state(optim: &mut dyn Optimizer) -> Result<OptimState, EngineError> {
    let steps = optim.steps();
    let buffers = optim.buffers().into_iter().map(|(name, buffer)| Ok((name.to_owned(), to_host(buffer)?)));
    Ok(OptimState { steps, buffers: buffers.collect::<Result<_, TchError>>()? })
}

fn load_optim(optim: &mut dyn Optimizer, state: &OptimState) -> Result<(), EngineError> {
    optim.set_steps(state.steps);
    for (name, buffer) in optim.buffers() {
        let values = state.buffers.iter().find(|(saved, _)| saved == name);
        let (_, values) = values.ok_or_else(|| EngineError::MissingBuffer { buffer: name.to_owned() })?;
        copy_in(name, buffer, values)?;
    }
    Ok(())
}
