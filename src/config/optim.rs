//! The optimisers' options, with PyTorch's names and defaults. The learning rate stands beside them in the config,
//! so that changing the optimiser keeps it.

use serde::{Deserialize, Serialize};

use super::Choice;

/// An optimiser and its options; `optim` holds the updates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub enum Optim {
    /// Stochastic gradient descent.
    Sgd(SgdOptions),
    /// RMSProp.
    Rmsprop(RmspropOptions),
    /// Adam.
    Adam(AdamOptions),
}

/// Options of `torch.optim.SGD`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SgdOptions {
    /// Momentum factor.
    pub momentum: f64,
    /// Dampening of the momentum.
    pub dampening: f64,
    /// L2 penalty.
    pub weight_decay: f64,
    /// Nesterov momentum; needs momentum above 0 and dampening 0.
    pub nesterov: bool,
}

/// Options of `torch.optim.RMSprop`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RmspropOptions {
    /// Decay of the mean square.
    pub alpha: f64,
    /// Added to the root, against division by zero.
    pub eps: f64,
    /// L2 penalty.
    pub weight_decay: f64,
    /// Momentum factor.
    pub momentum: f64,
    /// Whether to divide by the deviation instead of the root mean square.
    pub centered: bool,
}

/// Options of `torch.optim.Adam`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamOptions {
    /// Decays of the gradient's mean and mean square.
    pub betas: [f64; 2],
    /// Added to the root, against division by zero.
    pub eps: f64,
    /// L2 penalty.
    pub weight_decay: f64,
    /// Whether to divide by the largest mean square so far.
    pub amsgrad: bool,
}

impl Default for SgdOptions {
    fn default() -> Self {
        Self { momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false }
    }
}

impl Default for RmspropOptions {
    fn default() -> Self {
        Self { alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false }
    }
}

impl Default for AdamOptions {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, amsgrad: false }
    }
}

impl Default for Optim {
    fn default() -> Self {
        Self::Rmsprop(RmspropOptions::default())
    }
}

impl Optim {
    /// Every optimiser with its default options.
    pub const ALL_DEFAULTS: [Self; 3] = [
        Self::Sgd(SgdOptions { momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false }),
        Self::Rmsprop(RmspropOptions { alpha: 0.99, eps: 1e-8, weight_decay: 0.0, momentum: 0.0, centered: false }),
        Self::Adam(AdamOptions { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0, amsgrad: false }),
    ];

    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: "rmsprop", help: "RMSProp, the lab's" },
        Choice { name: "adam", help: "Adam" },
        Choice { name: "sgd", help: "Stochastic gradient descent" },
    ];

    /// The name used in configs, flags and file names.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "sgd",
            Self::Rmsprop(_) => "rmsprop",
            Self::Adam(_) => "adam",
        }
    }

    /// The name as papers write it.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Sgd(_) => "SGD",
            Self::Rmsprop(_) => "RMSProp",
            Self::Adam(_) => "Adam",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listed_defaults_are_the_defaults() {
        for optim in Optim::ALL_DEFAULTS {
            let text = format!(r#"{{"name": "{}"}}"#, optim.name());
            assert_eq!(serde_json::from_str::<Optim>(&text).unwrap(), optim);
        }
    }
}
