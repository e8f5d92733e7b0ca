//! The objectives, one file each: what the discriminator and the generator minimise, on tensors of any device.
//!
//! Both losses are minimised. Scores are the discriminator's raw outputs, shape [batch, 1]: logits for a GAN, the
//! critic's values for the two Wasserstein models.

pub mod gan;
pub mod logistic;
pub mod wgan;
pub mod wgan_gp;
