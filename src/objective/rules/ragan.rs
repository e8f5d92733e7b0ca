//! The relativistic average GAN, RaGAN (Jolicoeur-Martineau 2018, section 4.2), with the half of the author's code, for
//! the mean scores m_r and m_f:
//!
//! - discriminator: L = (mean(softplus(-(r - m_f))) + mean(softplus(f - m_r))) / 2;
//! - generator: the same with real and generated changing places.
//!
//! Both are at log 2 = 0.693 when the discriminator cannot tell. Each score counts in its own term and, through the mean,
//! in all of the other kind's; so a batch cannot be taken in parts.

use super::minimax::{fake, real};
use super::{Means, Meets, Rule};

pub(super) static RULE: Rule = Rule {
    name: "ragan",
    title: "RaGAN",
    help: "Relativistic average: real points should score higher than the average of the generated ones",
    meets: Meets::Means(Means { high: real, low: fake }),
    logits: true,
    blind: None,
};
