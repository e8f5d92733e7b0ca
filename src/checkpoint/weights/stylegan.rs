//! StyleGAN's effective weights (Karras et al. 2019).

use super::{Conv, Dense, Mapping, Noise};

/// A StyleGAN generator. Row i of w is the style of layer i; the image layers take none.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleGanWeights {
    /// From z to w.
    pub mapping: Mapping,
    /// What every image begins from, `[channels, 4, 4]`.
    pub constant: Vec<f32>,
    /// Two for each side, from 4.
    pub layers: Vec<StyleGanLayer>,
    /// A 1x1 convolution to an image for each side.
    pub to_images: Vec<Conv>,
    /// How many levels are not yet grown: 0 for a finished model, fractional in a fade-in.
    pub lod: f64,
}

/// A layer: convolution, noise, bias, LeakyReLU, instance norm, style.
#[derive(Clone, Debug, PartialEq)]
pub struct StyleGanLayer {
    /// The convolution, with its scale in the weight and the layer's bias, which is added after the noise; None for layer 0,
    /// which begins with the constant.
    pub conv: Option<Conv>,
    /// How its side is doubled, if it is.
    pub enlarging: Option<Enlarging>,
    /// The bias of layer 0, which has no convolution; else empty.
    pub bias: Vec<f32>,
    /// None where the model uses none.
    pub noise: Option<Noise>,
    /// From w to two numbers for each feature map: factors, with 1 in their bias, then what is added.
    pub style: Dense,
}

/// How a layer doubles the side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enlarging {
    /// Nearest neighbour, then the 3x3 convolution, then the blur [1, 2, 1].
    Nearest,
    /// A transposed convolution of stride 2 and padding 1, whose 4x4 weight is the sum of the four shifts of the 3x3 one, not
    /// turned; then the blur.
    Fused,
}

impl StyleGanWeights {
    /// The side of the images.
    pub fn resolution(&self) -> usize {
        4 << (self.to_images.len() - 1)
    }

    /// The images' channels.
    pub fn image_channels(&self) -> usize {
        self.to_images[0].outputs
    }

    /// How many rows of w there are.
    pub fn rows(&self) -> usize {
        self.layers.len()
    }
}
