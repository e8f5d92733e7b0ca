//! Generators as effective weights: whatever file they came from, constants are multiplied in, kernels stand in one
//! order, and what no layout names is a field.

mod factors;
mod progan;
mod stylegan;
mod stylegan2;

pub use factors::{Factors, NoRow};
pub use progan::{Conv, Level, ProGanWeights};
pub use stylegan::{Enlarging, StyleGanLayer, StyleGanWeights};
pub use stylegan2::{StyleGan2Conv, StyleGan2ToImage, StyleGan2Weights};

/// A generator of any family.
#[derive(Clone, Debug, PartialEq)]
pub enum GeneratorWeights {
    /// ProGAN.
    ProGan(ProGanWeights),
    /// StyleGAN.
    StyleGan(StyleGanWeights),
    /// StyleGAN2, and the networks of StyleGAN2-ADA.
    StyleGan2(StyleGan2Weights),
}

/// A fully connected layer's effective numbers: y = W x + b.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    /// `[outputs, inputs]`, row-major.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
    /// Numbers in.
    pub inputs: usize,
    /// Numbers out.
    pub outputs: usize,
}

/// The network from codes z to intermediate codes w (Karras et al. 2019, section 2).
///
/// x = z / sqrt(mean(z^2) + 1e-8); each layer is LeakyReLU with the slope 0.2 after [`Dense`], whose weight and bias hold the
/// equalised rate, its multiplier and the gain sqrt 2: that can be done before the activation, which is homogeneous.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// The latent code's dimension, without labels.
    pub latent_dim: usize,
    /// How a class is put beside the code, in a conditional model.
    pub classes: Option<Classes>,
    /// The layers; the last has w's dimension out.
    pub layers: Vec<Dense>,
    /// The mean of w over codes, if the file holds it; truncation goes towards it.
    pub mean: Option<Vec<f32>>,
}

impl Mapping {
    /// The dimension of w.
    pub fn w_dim(&self) -> usize {
        self.layers.last().map_or(self.latent_dim, |layer| layer.outputs)
    }
}

/// The classes of a conditional model.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// The embedding of a one-hot class: its outputs stand beside z before the first layer.
    pub embedding: Dense,
    /// Whether code and embedding are normalised each by itself (NVIDIA's), or together (genforce's and TensorFlow's).
    pub each_normalised: bool,
}

/// Noise that is added to a layer's feature maps.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// What it is multiplied by: one number (StyleGAN2), or one for each feature map (StyleGAN).
    pub strength: Vec<f32>,
    /// The stored map, `[side, side]`; None where the file holds none.
    pub map: Option<Vec<f32>>,
}

impl GeneratorWeights {
    /// The side of the images.
    pub fn resolution(&self) -> usize {
        match self {
            Self::ProGan(weights) => weights.resolution(),
            Self::StyleGan(weights) => weights.resolution(),
            Self::StyleGan2(weights) => weights.resolution(),
        }
    }

    /// The images' channels.
    pub fn image_channels(&self) -> usize {
        match self {
            Self::ProGan(weights) => weights.image_channels(),
            Self::StyleGan(weights) => weights.image_channels(),
            Self::StyleGan2(weights) => weights.image_channels(),
        }
    }

    /// The dimension of the codes that are drawn, labels not counted.
    pub fn latent_dim(&self) -> usize {
        match self {
            Self::ProGan(weights) => weights.latent_dim - weights.classes,
            Self::StyleGan(weights) => weights.mapping.latent_dim,
            Self::StyleGan2(weights) => weights.mapping.latent_dim,
        }
    }

    /// How many classes a conditional model knows; 0 for one without.
    pub fn classes(&self) -> usize {
        let of = |mapping: &Mapping| mapping.classes.as_ref().map_or(0, |classes| classes.embedding.inputs);
        match self {
            Self::ProGan(weights) => weights.classes,
            Self::StyleGan(weights) => of(&weights.mapping),
            Self::StyleGan2(weights) => of(&weights.mapping),
        }
    }
}
