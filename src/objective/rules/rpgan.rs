//! Relativistic pairs: RpGAN, also RSGAN (Jolicoeur-Martineau 2018, section 4.1; Sun, Fang and Schwing 2020 show that it
//! has no bad basins where modes are lost; Huang et al. 2024 build R3GAN on it), for a real point's score r_i beside a
//! generated one's f_i:
//!
//! - discriminator: L = mean(softplus(-(r_i - f_i)));
//! - generator: L = mean(softplus(-(f_i - r_i))).
//!
//! Both are at log 2 = 0.693 when the discriminator cannot tell.

use super::super::Term;
use super::minimax::real;
use super::{Meets, Pairs, Rule};

pub(super) static RULE: Rule = Rule {
    name: "rpgan",
    title: "RpGAN",
    help: "Relativistic pairs: each real point should score higher than the generated point paired with it",
    meets: Meets::Pairs(Pairs { critic: ahead, generator: ahead }),
    logits: true,
    blind: None,
};

/// softplus(-gap): small where the one that is to score higher does.
fn ahead(gap: f64) -> Term {
    real(gap)
}
