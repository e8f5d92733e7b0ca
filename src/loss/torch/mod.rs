//! The objectives on tensors of any device; scores have shape [batch, 1].

pub mod gan;
pub mod logistic;
pub mod wgan;
pub mod wgan_gp;
