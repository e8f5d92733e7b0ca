//! Which game the two networks play.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Choice;

/// The three models, without their constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// The original GAN (Goodfellow et al. 2014).
    Gan,
    /// Wasserstein GAN with weight clipping (Arjovsky et al. 2017).
    Wgan,
    /// Wasserstein GAN with gradient penalty (Gulrajani et al. 2017).
    WganGp,
}

impl Model {
    /// Every model.
    pub const ALL: [Self; 3] = [Self::Gan, Self::Wgan, Self::WganGp];

    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: Self::Gan.name(), help: "The original GAN" },
        Choice { name: Self::Wgan.name(), help: "Wasserstein GAN with weight clipping" },
        Choice { name: Self::WganGp.name(), help: "Wasserstein GAN with gradient penalty" },
    ];

    /// The name used in configs, flags and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gan => "gan",
            Self::Wgan => "wgan",
            Self::WganGp => "wgan-gp",
        }
    }

    /// The name as papers write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Gan => "GAN",
            Self::Wgan => "WGAN",
            Self::WganGp => "WGAN-GP",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A model with the constants of its losses; `loss` holds the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Objective {
    /// See [`Model::Gan`].
    Gan {
        /// What the generator minimises.
        #[serde(default)]
        generator_loss: GeneratorLoss,
    },
    /// See [`Model::Wgan`].
    Wgan {
        /// After its step, every parameter of the critic is clamped to [-clip, clip].
        #[serde(default = "lab_clip")]
        clip: f64,
    },
    /// See [`Model::WganGp`].
    WganGp {
        /// The gradient penalty's weight, lambda in the paper.
        #[serde(default = "lab_gp_weight")]
        gp_weight: f64,
    },
}

/// What the generator of a GAN minimises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorLoss {
    /// mean log(1 - D(G(z))), the minimax game itself, as in the lab.
    #[default]
    Saturating,
    /// -mean log D(G(z)), whose gradient does not vanish where the discriminator is sure.
    NonSaturating,
}

impl GeneratorLoss {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "saturating", help: "mean log(1 - D(G(z))), as in the lab" },
        Choice { name: "non-saturating", help: "-mean log D(G(z)), whose gradient does not vanish" },
    ];
}

fn lab_clip() -> f64 {
    0.1
}

fn lab_gp_weight() -> f64 {
    0.001
}

impl Objective {
    /// A model with the lab's constants.
    pub fn lab(model: Model) -> Self {
        match model {
            Model::Gan => Self::Gan { generator_loss: GeneratorLoss::Saturating },
            Model::Wgan => Self::Wgan { clip: lab_clip() },
            Model::WganGp => Self::WganGp { gp_weight: lab_gp_weight() },
        }
    }

    /// Which model it is.
    pub const fn model(self) -> Model {
        match self {
            Self::Gan { .. } => Model::Gan,
            Self::Wgan { .. } => Model::Wgan,
            Self::WganGp { .. } => Model::WganGp,
        }
    }
}
