//! A ProGAN's effective weights (Karras et al. 2018): constants are multiplied in, so that all layouts load into one network.

/// A convolution's numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// `[outputs, inputs, k, k]`, row-major.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
    /// Feature maps in.
    pub inputs: usize,
    /// Feature maps out.
    pub outputs: usize,
}

/// The layers of one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// The convolution after the enlargement; none at 4x4, which begins with the dense layer.
    pub enlarging: Option<Conv>,
    /// The second convolution.
    pub second: Conv,
    /// The 1x1 convolution to an image.
    pub to_image: Conv,
}

/// A generator's effective weights.
#[derive(Clone, Debug, PartialEq)]
pub struct ProGanWeights {
    /// The latent code's dimension, labels included.
    pub latent_dim: usize,
    /// The first layer as genforce has it, [outputs, latent, 4, 4]: this is what SeFa factorises.
    pub first_weight: Vec<f32>,
    /// Its bias, [outputs, 4, 4].
    pub first_bias: Vec<f32>,
    /// The levels, from 4x4.
    pub levels: Vec<Level>,
    /// How many levels are not yet grown: 0 for a finished model, fractional in a fade-in.
    pub lod: f64,
    /// LeakyReLU's slope below 0: 0.2 in all but a few of pytorch_GAN_zoo's.
    pub negative_slope: f64,
    /// Whether the first layer's activations are normalised as the others' are; pro-gan-pth 3 leaves that out.
    pub normalises_first: bool,
    /// Whether the image goes through tanh at the end.
    pub tanh: bool,
    /// How many of the code's last numbers are a one-hot label: 0 in a model without labels.
    pub classes: usize,
}

impl ProGanWeights {
    /// The side of the images.
    pub fn resolution(&self) -> usize {
        4 << (self.levels.len() - 1)
    }

    /// 1 or 3.
    pub fn image_channels(&self) -> usize {
        self.levels[0].to_image.outputs
    }

    /// What most models have beside their weights: no label, no tanh, a slope of 0.2.
    pub fn usual() -> Self {
        Self {
            latent_dim: 0,
            first_weight: Vec::new(),
            first_bias: Vec::new(),
            levels: Vec::new(),
            lod: 0.0,
            negative_slope: 0.2,
            normalises_first: true,
            tanh: false,
            classes: 0,
        }
    }
}
