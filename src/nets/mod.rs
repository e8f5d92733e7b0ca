//! What the networks are: layers, names, shapes and initial weights, as plain data. Engines do the arithmetic.

pub mod describe;
pub mod mlp;
pub mod pggan;

/// The slope of `LeakyReLU` below zero.
pub const NEGATIVE_SLOPE: f64 = 0.2;

/// A tensor's name and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name, such as `net.0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl Slot {
    /// How many numbers it holds.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
}
