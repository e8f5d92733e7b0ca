//! What the training of a ProGAN is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::check::{MOST_THREADS, not_negative, positive, require};
use super::{Choice, ConfigError, Device, ImageConfig, Precision};
use crate::objective::{Game, Penalised, penalties, rules};

/// The training of a ProGAN, as a person writes it; what is left out is the recipe of the bundled model of garments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default = "left_out", deny_unknown_fields)]
pub struct ProganConfig {
    /// A folder of pictures, a zip archive of such, an IDX file (also gzipped), an npy or an npz file.
    #[serde(with = "crate::paths")]
    pub data: PathBuf,
    /// How they are read; None as before there were choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<ImageConfig>,
    /// The images' final side, a power of two from 4 to 1024.
    pub resolution: usize,
    /// The latent code's dimension.
    pub latent_dim: usize,
    /// Feature maps at side r are `fmaps_base` / r, `fmaps_max` at most.
    pub fmaps_base: usize,
    /// See `fmaps_base`.
    pub fmaps_max: usize,
    /// Where the discriminator halves its maps.
    #[serde(default = "Downscale::before")]
    pub downscale: Downscale,
    /// What the two networks minimise.
    pub loss: ImageLoss,
    /// Adam's learning rate, for both networks.
    pub lr: f64,
    /// Adam's decays, for both networks.
    pub betas: [f64; 2],
    /// Images in a batch.
    pub batch_size: usize,
    /// Thousands of images for which a new side is faded in, and for which it is trained on afterwards.
    pub kimg_per_phase: f64,
    /// Thousands of images for which the final side is trained on after its fade-in.
    pub final_kimg: f64,
    /// Thousands of images in which the averaged generator forgets half.
    pub ema_kimg: f64,
    /// Thousands of images between two records.
    pub record_kimg: f64,
    /// Seed of every random number.
    pub seed: u64,
    /// What does the arithmetic.
    pub device: Device,
    /// The numbers that layers are computed in.
    #[serde(default = "Precision::before")]
    pub precision: Precision,
    /// CPU threads; 0 asks for what the machine has.
    pub threads: usize,
}

/// Where a discriminator's block halves its maps: the mean of four pixels and a convolution are one convolution with steps
/// of two where no activation stands between them, which takes 4 multiplications a pixel instead of 9.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Downscale {
    /// Convolution, halving, activation: as the authors' code of ProGAN has it with `fused_scale`.
    #[default]
    BeforeActivation,
    /// Convolution, activation, halving: as the paper's table 2 has it.
    AfterActivation,
}

impl Downscale {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "before-activation", help: "Right after the convolution, in one operation with it; faster" },
        Choice { name: "after-activation", help: "After the activation, as in the paper's table of layers" },
    ];

    /// What runs had before there was a choice.
    fn before() -> Self {
        Self::AfterActivation
    }
}

/// What the two networks minimise; `loss` holds the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ImageLoss {
    /// The non-saturating GAN loss with R1, taken every `every` steps with as many times its weight.
    LogisticR1 {
        /// R1's weight.
        #[serde(default = "gamma")]
        gamma: f64,
        /// Discriminator steps from one penalty to the next.
        #[serde(default = "r1_every")]
        every: u64,
    },
    /// WGAN-GP with the paper's drift term.
    WganGp {
        /// The gradient penalty's weight.
        #[serde(default = "gp_weight")]
        gp_weight: f64,
        /// The weight of the critic's mean square on real images.
        #[serde(default = "drift")]
        drift: f64,
    },
}

fn gamma() -> f64 {
    0.1
}

fn r1_every() -> u64 {
    16
}

fn gp_weight() -> f64 {
    10.0
}

fn drift() -> f64 {
    0.001
}

impl ImageLoss {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "logistic-r1", help: "Non-saturating GAN loss with lazy R1" },
        Choice { name: "wgan-gp", help: "WGAN-GP with the paper's drift term" },
    ];

    /// The logistic loss with its usual constants.
    pub fn logistic() -> Self {
        Self::LogisticR1 { gamma: gamma(), every: r1_every() }
    }

    /// The game, but for WGAN-GP's drift.
    pub fn game(self) -> Game {
        match self {
            Self::LogisticR1 { gamma, every } => {
                let penalty = Penalised { penalty: penalties::R1, weight: gamma, every, end: 1.0 };
                Game { penalty: Some(penalty), ..Game::of(rules::NON_SATURATING) }
            }
            Self::WganGp { gp_weight, .. } => {
                let penalty = Penalised { penalty: penalties::WGAN_GP, weight: gp_weight, every: 1, end: 1.0 };
                Game { penalty: Some(penalty), ..Game::of(rules::WASSERSTEIN) }
            }
        }
    }

    /// WGAN-GP with the paper's constants.
    pub fn wgan_gp() -> Self {
        Self::WganGp { gp_weight: gp_weight(), drift: drift() }
    }
}

impl Default for ProganConfig {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data/fashion-mnist/train-images-idx3-ubyte.gz"),
            images: Some(ImageConfig::default()),
            resolution: 32,
            latent_dim: 64,
            fmaps_base: 1024,
            fmaps_max: 64,
            downscale: Downscale::default(),
            loss: ImageLoss::logistic(),
            lr: 0.002,
            betas: [0.0, 0.99],
            batch_size: 32,
            kimg_per_phase: 30.0,
            final_kimg: 300.0,
            ema_kimg: 10.0,
            record_kimg: 5.0,
            seed: 0,
            device: Device::Cpu,
            precision: Precision::Auto,
            threads: 0,
        }
    }
}

/// What a config means by what it leaves out.
fn left_out() -> ProganConfig {
    ProganConfig { images: None, ..ProganConfig::default() }
}

impl ProganConfig {
    /// Checks every value and resolves `threads`.
    pub fn check(mut self) -> Result<Self, ConfigError> {
        if let Some(images) = &self.images {
            images.check()?;
        }
        let r = self.resolution;
        require("resolution", r, r.is_power_of_two() && (4..=1024).contains(&r), "a power of two from 4 to 1024")?;
        for (key, size) in
            [("latent_dim", self.latent_dim), ("fmaps_max", self.fmaps_max), ("batch_size", self.batch_size)]
        {
            require(key, size, (1..=4096).contains(&size), "1 to 4096")?;
        }
        let base = self.fmaps_base;
        require("fmaps_base", base, base >= r, "at least the resolution, so that its last layer has a feature map")?;
        for (key, x) in [
            ("lr", self.lr),
            ("kimg_per_phase", self.kimg_per_phase),
            ("ema_kimg", self.ema_kimg),
            ("record_kimg", self.record_kimg),
        ] {
            require(key, x, positive(x), "a number above 0")?;
        }
        require("final_kimg", self.final_kimg, not_negative(self.final_kimg), "a number, 0 or more")?;
        for beta in self.betas {
            require("betas", beta, (0.0..1.0).contains(&beta), "0 or more and below 1")?;
        }
        match self.loss {
            ImageLoss::LogisticR1 { gamma, every } => {
                require("loss.gamma", gamma, not_negative(gamma), "a number, 0 or more")?;
                require("loss.every", every, every >= 1, "at least 1")?;
            }
            ImageLoss::WganGp { gp_weight, drift } => {
                require("loss.gp_weight", gp_weight, not_negative(gp_weight), "a number, 0 or more")?;
                require("loss.drift", drift, not_negative(drift), "a number, 0 or more")?;
            }
        }
        self.precision = self.precision.resolved(self.device);
        if self.threads == 0 {
            self.threads = crate::threads::available().min(MOST_THREADS);
        }
        require("threads", self.threads, self.threads <= MOST_THREADS, "0 to 1024")?;
        Ok(self)
    }
}
