//! The GAN with the generator's other loss (Goodfellow et al. 2014, section 3): the discriminator of [`super::minimax`],
//! and for the generator L = -mean(log D(G(z))), whose slope does not vanish where the discriminator is sure. It is at
//! log 2 = 0.693 when the discriminator cannot tell.

use super::minimax::{fake, real};
use super::{Alone, Meets, Rule};

pub(super) static RULE: Rule = Rule {
    name: "non-saturating",
    title: "non-saturating GAN",
    help: "The GAN whose generator minimises -log D(G(z)); its gradient does not vanish where D is sure",
    meets: Meets::Alone(Alone { real, fake, generator: real }),
    logits: true,
    blind: Some(0.0),
};
