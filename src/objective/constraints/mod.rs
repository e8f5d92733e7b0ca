//! Constraints: what is done to the discriminator's parameters.

mod clip;
pub mod spectral_norm;

pub use clip::clip;

/// What is done to the discriminator's parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constraint {
    /// Nothing.
    None,
    /// Each is clamped to [-c, c]: [`clip`].
    Clip(f64),
    /// Each Linear's weights are divided by their largest singular value: [`spectral_norm`].
    SpectralNorm,
}

impl Constraint {
    /// The word for it in file names, if it is one.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Clip(_) => Some("clip"),
            Self::SpectralNorm => Some("sn"),
        }
    }

    /// The words for it in pictures, if it is one.
    pub const fn title(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Clip(_) => Some("clipping"),
            Self::SpectralNorm => Some("spectral norm"),
        }
    }
}
