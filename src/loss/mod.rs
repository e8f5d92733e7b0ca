//! The objectives, one file each with the formula and its value and slope for plain numbers: what the discriminator
//! and the generator minimise. [`torch`] has the same losses on tensors, where autograd finds the slopes.
//!
//! Both losses are minimised. Scores are the discriminator's raw outputs: logits for a GAN, the critic's values for
//! the two Wasserstein models. A loss is a mean of terms over a batch, one for each score.

pub mod gan;
#[cfg(feature = "torch")]
pub mod torch;
pub mod wgan;
pub mod wgan_gp;

use crate::config::Objective;

/// One score's part of a loss, before the mean is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Its value.
    pub value: f64,
    /// Its derivative with respect to the score.
    pub slope: f64,
}

impl Objective {
    /// The discriminator's term for a real point's score.
    pub fn on_real(self, score: f64) -> Term {
        match self {
            Self::Gan { .. } => gan::on_real(score),
            Self::Wgan { .. } | Self::WganGp { .. } => wgan::on_real(score),
        }
    }

    /// The discriminator's term for a generated point's score.
    pub fn on_fake(self, score: f64) -> Term {
        match self {
            Self::Gan { .. } => gan::on_fake(score),
            Self::Wgan { .. } | Self::WganGp { .. } => wgan::on_fake(score),
        }
    }

    /// The generator's term for a generated point's score.
    pub fn for_generator(self, score: f64) -> Term {
        match self {
            Self::Gan { generator_loss } => gan::for_generator(score, generator_loss),
            Self::Wgan { .. } | Self::WganGp { .. } => wgan::for_generator(score),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{GeneratorLoss, Model};

    #[test]
    fn every_slope_is_that_of_finite_differences() {
        let mut objectives = Model::ALL.map(Objective::lab).to_vec();
        objectives.push(Objective::Gan { generator_loss: GeneratorLoss::NonSaturating });
        for objective in objectives {
            type Side = fn(Objective, f64) -> Term;
            for side in [Objective::on_real as Side, Objective::on_fake, Objective::for_generator] {
                for score in [-30.0, -2.0, -0.1, 0.0, 0.7, 5.0, 40.0] {
                    let numeric = (side(objective, score + 1e-5).value - side(objective, score - 1e-5).value) / 2e-5;
                    let exact = side(objective, score).slope;
                    assert!((exact - numeric).abs() < 1e-9, "{objective:?} at {score}: {exact} for {numeric}");
                }
            }
        }
    }
}
