//! What stands between the Linears of a network of points.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::check::{ConfigError, require};
use super::{Choice, TrainConfig};

/// The slope below 0 unless another is said: the lab's.
const SLOPE: f64 = 0.2;
/// More pieces than this are taken for a slip of the pen.
const MOST_PIECES: usize = 64;

/// The function after a hidden layer's Linear, or after its BatchNorm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Activation {
    /// x where x > 0, slope x elsewhere (Maas et al. 2013).
    LeakyRelu {
        /// The slope below 0, at most 1.
        #[serde(default = "negative_slope")]
        slope: f64,
    },
    /// x where x > 0, else 0.
    Relu {},
    /// The hyperbolic tangent.
    Tanh {},
    /// The largest of some numbers of the Linear's, which gives as many for each feature; those of a feature follow each
    /// other (Goodfellow et al. 2013).
    Maxout {
        /// How many.
        #[serde(default = "pieces")]
        pieces: usize,
    },
}

fn negative_slope() -> f64 {
    SLOPE
}

fn pieces() -> usize {
    5
}

impl Default for Activation {
    fn default() -> Self {
        Self::LeakyRelu { slope: SLOPE }
    }
}

impl fmt::Display for Activation {
    /// As PyTorch writes such a module.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeakyRelu { slope } => write!(f, "LeakyReLU({slope})"),
            Self::Relu {} => f.write_str("ReLU()"),
            Self::Tanh {} => f.write_str("Tanh()"),
            Self::Maxout { pieces } => write!(f, "Maxout({pieces})"),
        }
    }
}

impl Activation {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 4] = [
        Choice { name: "leaky-relu", help: "x where x > 0, else x times a slope, 0.2 by default" },
        Choice { name: "relu", help: "x where x > 0, else 0" },
        Choice { name: "tanh", help: "The hyperbolic tangent" },
        Choice { name: "maxout", help: "The largest of several linear pieces for each unit, 5 by default" },
    ];

    /// The word for it in configs and options.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LeakyRelu { .. } => "leaky-relu",
            Self::Relu {} => "relu",
            Self::Tanh {} => "tanh",
            Self::Maxout { .. } => "maxout",
        }
    }

    /// How many numbers of the Linear's make one of the layer's.
    pub fn pieces(self) -> usize {
        match self {
            Self::Maxout { pieces } => pieces,
            Self::LeakyRelu { .. } | Self::Relu {} | Self::Tanh {} => 1,
        }
    }

    /// The slope below 0 of one that is a line on either side of 0 and keeps what is above it; None of another.
    pub fn slope(self) -> Option<f64> {
        match self {
            Self::LeakyRelu { slope } => Some(slope),
            Self::Relu {} => Some(0.0),
            Self::Tanh {} | Self::Maxout { .. } => None,
        }
    }

    /// What keeps a normal number's variance: sqrt(2 / (1 + slope^2)) (He et al. 2015, equation 15), 5 / 3 for tanh as
    /// `torch.nn.init.calculate_gain` has it, and 1 for maxout.
    pub fn gain(self) -> f64 {
        match self {
            Self::LeakyRelu { slope } => (2.0 / (1.0 + slope * slope)).sqrt(),
            Self::Relu {} => 2.0_f64.sqrt(),
            Self::Tanh {} => 5.0 / 3.0,
            Self::Maxout { .. } => 1.0,
        }
    }
}

impl TrainConfig {
    /// The activations of generator and discriminator.
    pub fn activations(&self) -> [Activation; 2] {
        let both = self.activation.unwrap_or_default();
        [both, self.activation_d.unwrap_or(both)]
    }
}

/// Whether the activations make sense; those that are the usual ones are said in one way, by nothing.
pub(super) fn check(config: &mut TrainConfig) -> Result<(), ConfigError> {
    let keys = [["activation.slope", "activation.pieces"], ["activation_d.slope", "activation_d.pieces"]];
    for (activation, [slope_key, pieces_key]) in config.activations().into_iter().zip(keys) {
        match activation {
            Activation::LeakyRelu { slope } => {
                require(slope_key, slope, (0.0..=1.0).contains(&slope), "0 to 1")?;
            }
            Activation::Maxout { pieces } => {
                require(pieces_key, pieces, (2..=MOST_PIECES).contains(&pieces), &format!("2 to {MOST_PIECES}"))?;
            }
            Activation::Relu {} | Activation::Tanh {} => {}
        }
    }
    let [own, of_d] = config.activations();
    config.activation = Some(own).filter(|own| *own != Activation::default());
    config.activation_d = Some(of_d).filter(|of_d| *of_d != own);
    Ok(())
}
