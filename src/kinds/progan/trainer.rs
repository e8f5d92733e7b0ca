//! One training iteration after another.

use tch::{Device, Kind, TchError, Tensor};

use super::networks::{Network, halved, softened};
use super::schedule::{Phase, Schedule};
use crate::config::{AdamOptions, ImageLoss, Optim, Precision, ProganConfig};
use crate::data::images::ImageSet;
use crate::memory::{self, TooMuch};
use crate::nets::Slot;
use crate::nets::pggan::{Pggan, slots};
use crate::objective::penalties::{Penalised, Points};
use crate::objective::torch as objective;
use crate::optim::torch::Optimizer;
use crate::rng::{Stream, Use};
use crate::tensor::{self, NoCuda, to_host};

/// What can go wrong in training a ProGAN.
#[derive(Debug, thiserror::Error)]
pub enum ProganError {
    /// libtorch refused an operation.
    #[error("libtorch failed")]
    Torch(#[from] TchError),
    /// The GPU asked for is not there.
    #[error(transparent)]
    NoCuda(#[from] NoCuda),
    /// The networks need more memory than there is.
    #[error(transparent)]
    Memory(#[from] TooMuch),
    /// A file cannot be written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The run cannot be written.
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    /// A picture cannot be encoded.
    #[error(transparent)]
    Media(#[from] crate::media::MediaError),
    /// The images cannot be used.
    #[error(transparent)]
    Data(#[from] crate::data::DataError),
    /// A file of tensors cannot be written.
    #[error(transparent)]
    Checkpoint(#[from] crate::checkpoint::CheckpointError),
    /// A weight became NaN or infinite.
    #[error(
        "training diverged after {images} images: '{name}' has numbers that are not finite; the run keeps the state \
         that it saved last. A lower --lr usually helps"
    )]
    NotFinite {
        /// Images shown.
        images: u64,
        /// Which array.
        name: &'static str,
    },
    /// A loss became NaN, infinite, or too large to be of use.
    #[error(
        "training diverged after {images} images: the discriminator's loss is {discriminator}, the generator's \
         {generator}; the run keeps the state that it saved last. A lower --lr usually helps"
    )]
    Diverged {
        /// Images shown.
        images: u64,
        /// The discriminator's loss.
        discriminator: f64,
        /// The generator's.
        generator: f64,
    },
    /// A saved state of other networks.
    #[error("the saved state does not fit: '{name}' holds {found} numbers where {expected} belong")]
    Mismatch {
        /// Which array.
        name: &'static str,
        /// Its size.
        found: usize,
        /// The size that fits.
        expected: usize,
    },
}

/// Both networks, the averaged generator, the optimisers, and how far they are.
pub struct Trainer {
    config: ProganConfig,
    net: Pggan,
    schedule: Schedule,
    device: Device,
    generator: Network,
    discriminator: Network,
    averaged: Network,
    generator_optim: Optimizer,
    discriminator_optim: Optimizer,
    images: u64,
    iteration: u64,
}

/// Whether there is memory for the training, counting what is certainly taken: the networks, the averaged generator, the
/// optimisers, a snapshot of all of them, and the values of a batch that both networks keep for their gradients.
fn permit(config: &ProganConfig, net: &Pggan) -> Result<(), TooMuch> {
    let size = |layers: &[_]| slots(layers).iter().map(|slot: &Slot| slot.size() as u64).sum::<u64>();
    let (generator, discriminator) = (size(&net.generator()), size(&net.discriminator()));
    let kept = 4 * generator + 3 * discriminator;
    let places = |level: usize| (net.width(level) as u64) << (2 * (level + 2));
    let values = (0..net.levels()).map(places).sum::<u64>() * 4 * config.batch_size as u64;
    let at_work = 5 * generator + 4 * discriminator + values;
    let floats = kept + if config.device == crate::config::Device::Cpu { at_work } else { 0 };
    let advice = "lower --batch-size, --fmaps-max, --latent-dim or --resolution";
    memory::permit("this training", 4 * floats, advice)
}

/// A trainer's state as plain arrays, in the order of [`Trainer::state`].
pub type Arrays = Vec<(&'static str, Vec<f32>)>;

impl Trainer {
    /// A trainer in its initial state.
    pub fn new(config: &ProganConfig, channels: usize) -> Result<Self, ProganError> {
        let net = Pggan {
            resolution: config.resolution,
            latent_dim: config.latent_dim,
            image_channels: channels,
            fmaps_base: config.fmaps_base,
            fmaps_max: config.fmaps_max,
        };
        permit(config, &net)?;
        let device = tensor::device(config.device)?;
        tch::set_num_threads(config.threads as i32);
        let mut rng = Stream::new(config.seed, Use::Init, 0);
        let at_work = match config.precision.resolved(config.device) {
            Precision::Bfloat16 => Kind::BFloat16,
            Precision::Auto | Precision::Float32 => Kind::Float,
        };
        let mut generator = Network::generator(net, device)?.at_work(at_work);
        let mut discriminator = Network::discriminator(net, device)?.at_work(at_work).halving(config.downscale);
        generator.initialise(&mut rng)?;
        discriminator.initialise(&mut rng)?;
        let mut averaged = Network::generator(net, device)?;
        averaged.parameters.all.f_copy_(&generator.parameters.all)?;
        let adam = Optim::Adam(AdamOptions { betas: config.betas, ..AdamOptions::default() });
        Ok(Self {
            schedule: Schedule::new(config, &net),
            generator_optim: Optimizer::new(adam, config.lr, &generator.parameters.all)?,
            discriminator_optim: Optimizer::new(adam, config.lr, &discriminator.parameters.all)?,
            config: config.clone(),
            net,
            device,
            generator,
            discriminator,
            averaged,
            images: 0,
            iteration: 0,
        })
    }

    /// The networks' sizes.
    pub fn net(&self) -> Pggan {
        self.net
    }

    /// Images shown so far, and in all.
    pub fn progress(&self) -> (u64, u64) {
        (self.images, self.schedule.total())
    }

    /// Iterations taken.
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// What is being trained.
    pub fn phase(&self) -> Phase {
        self.schedule.at(self.images)
    }

    /// One iteration: a discriminator step and a generator step; gives their losses.
    pub fn step(&mut self, set: &ImageSet) -> Result<(f64, f64), ProganError> {
        let phase = self.phase();
        let real = self.real(set, phase)?;
        let discriminator = self.discriminator_step(&real, phase)?;
        let generator = self.generator_step(phase)?;
        self.images += self.config.batch_size as u64;
        self.iteration += 1;
        self.average()?;
        if self.phase().level != phase.level {
            // Moments of one side mean nothing at the next.
            self.reset_optimisers()?;
        }
        Ok((discriminator, generator))
    }

    fn reset_optimisers(&mut self) -> Result<(), TchError> {
        for optim in [&mut self.generator_optim, &mut self.discriminator_optim] {
            optim.set_steps(0);
            for (_, buffer) in optim.buffers() {
                let _ = buffer.f_zero_()?;
            }
        }
        Ok(())
    }

    fn real(&self, set: &ImageSet, phase: Phase) -> Result<Tensor, TchError> {
        let mut rng = Stream::new(self.config.seed, Use::Shuffle, self.iteration);
        let mut pixels = Vec::with_capacity(self.config.batch_size * set.size());
        for _ in 0..self.config.batch_size {
            pixels.extend_from_slice(set.image(rng.below(set.len())));
        }
        let side = set.side as i64;
        let shape = [-1, set.channels as i64, side, side];
        let mut images = Tensor::from_slice(&pixels).f_to_device(self.device)?.f_to_kind(Kind::Float)?.f_view(shape)?;
        images = images.f_div_scalar(127.5)?.f_sub_scalar(1.0)?;
        for _ in phase.level + 1..self.net.levels() {
            images = halved(&images)?;
        }
        softened(&images, phase.alpha)
    }

    /// Codes of this iteration; an iteration draws two batches.
    fn codes(&self, half: u64) -> Result<Tensor, TchError> {
        let (n, latent) = (self.config.batch_size, self.config.latent_dim);
        let draws = Stream::new(self.config.seed, Use::Noise, 2 * self.iteration + half).normal(n * latent);
        Tensor::from_slice(&draws).f_view([n as i64, latent as i64])?.f_to_device(self.device)
    }

    fn discriminator_step(&mut self, real: &Tensor, phase: Phase) -> Result<f64, TchError> {
        let codes = self.codes(0)?;
        let fake = tch::no_grad(|| self.generator.generate(&codes, phase))?;
        let score = |images: &Tensor| self.discriminator.score(images, phase);
        let (on_real, on_fake) = (score(real)?, score(&fake)?);
        let game = self.config.loss.game();
        let loss = objective::critic(&game, &on_real, &on_fake)?;
        let value = loss.value;
        let mut penalised = loss.surrogate;
        if let (Some(weight), Some(Penalised { penalty, .. })) =
            (game.penalty_weight(self.iteration, 0.0), game.penalty)
        {
            for &points in penalty.points {
                let points = self.penalty_points(points, real, &fake)?;
                let penalty = objective::penalty(penalty, score, &points)?;
                penalised = penalised.f_add(&penalty.surrogate.f_mul_scalar(weight)?)?;
            }
        }
        if let ImageLoss::WganGp { drift, .. } = self.config.loss {
            penalised = penalised.f_add(&on_real.f_square()?.f_mean(None::<Kind>)?.f_mul_scalar(drift)?)?;
        }
        self.discriminator.descend(&penalised, phase, &mut self.discriminator_optim)?;
        Ok(value)
    }

    /// Where a penalty is taken.
    fn penalty_points(&self, points: Points, real: &Tensor, fake: &Tensor) -> Result<Tensor, TchError> {
        match points {
            Points::Real => Ok(real.shallow_clone()),
            Points::Fake => Ok(fake.shallow_clone()),
            Points::Mixed => {
                let mix = Stream::new(self.config.seed, Use::Mix, self.iteration).uniform(self.config.batch_size);
                let mix = Tensor::from_slice(&mix).f_view([-1, 1, 1, 1])?.f_to_device(self.device)?;
                objective::mixed(real, fake, &mix)
            }
            Points::Moved => Err(TchError::Shape("no loss of images moves real ones".into())),
        }
    }

    fn generator_step(&mut self, phase: Phase) -> Result<f64, TchError> {
        let fake = self.generator.generate(&self.codes(1)?, phase)?;
        let scores = self.discriminator.score(&fake, phase)?;
        let loss = objective::generator(&self.config.loss.game(), None, &scores)?;
        self.generator.descend(&loss.surrogate, phase, &mut self.generator_optim)?;
        Ok(loss.value)
    }

    /// The averaged generator moves towards the generator.
    fn average(&mut self) -> Result<(), TchError> {
        let images = self.config.batch_size as f64;
        // In the beginning the average is over what there was.
        let half_life = (self.config.ema_kimg * 1000.0).min(self.images as f64 * 0.05).max(1e-9);
        let keep = 0.5_f64.powf(images / half_life);
        tch::no_grad(|| self.averaged.parameters.all.f_lerp_(&self.generator.parameters.all, 1.0 - keep)).map(drop)
    }

    /// Images by the averaged generator, as it is now, in [-1, 1] but for overshoots: [n, channels, side, side].
    pub fn images(&self, codes: &[f32]) -> Result<(usize, Vec<f32>), ProganError> {
        let codes = Tensor::from_slice(codes).f_view([-1, self.config.latent_dim as i64])?.f_to_device(self.device)?;
        let images = tch::no_grad(|| self.averaged.generate(&codes, self.phase()))?;
        Ok((images.size()[2] as usize, to_host(&images)?))
    }

    /// The tensors that a state holds, by name.
    fn tensors(&mut self) -> Vec<(&'static str, &mut Tensor)> {
        let mut tensors = vec![
            ("generator", &mut self.generator.parameters.all),
            ("averaged", &mut self.averaged.parameters.all),
            ("discriminator", &mut self.discriminator.parameters.all),
        ];
        for (names, optim) in [
            (["generator_optim.exp_avg", "generator_optim.exp_avg_sq"], &mut self.generator_optim),
            (["discriminator_optim.exp_avg", "discriminator_optim.exp_avg_sq"], &mut self.discriminator_optim),
        ] {
            tensors.extend(names.into_iter().zip(optim.buffers().into_iter().map(|(_, buffer)| buffer)));
        }
        tensors
    }

    /// All that resuming needs but the images shown, the iteration, and the optimisers' steps.
    pub fn state(&mut self) -> Result<Arrays, ProganError> {
        self.tensors().into_iter().map(|(name, tensor)| Ok((name, to_host(tensor)?))).collect()
    }

    /// Steps that the two optimisers took since the side last changed.
    pub fn optimiser_steps(&self) -> [u64; 2] {
        [self.generator_optim.steps(), self.discriminator_optim.steps()]
    }

    /// Takes over a state, whose arrays `array` gives by name.
    pub fn load(
        &mut self,
        images: u64,
        iteration: u64,
        steps: [u64; 2],
        array: impl Fn(&str) -> Result<Vec<f32>, ProganError>,
    ) -> Result<(), ProganError> {
        for (name, target) in self.tensors() {
            let (values, expected) = (array(name)?, target.numel());
            if values.len() != expected {
                return Err(ProganError::Mismatch { name, found: values.len(), expected });
            }
            target.f_copy_(&Tensor::from_slice(&values))?;
        }
        (self.images, self.iteration) = (images, iteration);
        self.generator_optim.set_steps(steps[0]);
        self.discriminator_optim.set_steps(steps[1]);
        Ok(())
    }
}
