//! What a SeFa job is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Device;

/// A SeFa job, as a person writes it; what is left out is the lab's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SefaConfig {
    /// A model by name: `checkpoints/NAME.pth` or `.safetensors`, else one that comes with the project.
    pub model: String,
    /// A checkpoint's file, in the place of `model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<PathBuf>,
    /// How many samples.
    pub samples: usize,
    /// How many directions, those with the largest eigenvalues.
    pub k: usize,
    /// These directions in the place of the first `k`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directions: Option<Vec<usize>>,
    /// Seed of the codes, as `torch.manual_seed` takes it.
    pub seed: u64,
    /// First distance.
    pub start: f64,
    /// Last distance.
    pub end: f64,
    /// How many distances.
    pub steps: usize,
    /// What is done to the codes that were drawn.
    pub codes: SefaCodes,
    /// Whether the weights are factorised as they are, without normalising each output unit's weights first.
    pub raw: bool,
    /// StyleGAN and StyleGAN2: the layers to factorise; none for all.
    pub layers: Vec<usize>,
    /// Side of each image in the pictures, in pixels.
    pub viz_size: usize,
    /// What does the arithmetic.
    pub device: Device,
    /// Images rendered at a time.
    pub batch: usize,
}

/// What is done to the codes that were drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SefaCodes {
    /// Nothing.
    #[default]
    AsDrawn,
    /// Each is scaled to a mean square of 1.
    UnitMeanSquare,
}

impl Default for SefaConfig {
    fn default() -> Self {
        Self {
            model: "pggan_fashion32".to_owned(),
            checkpoint: None,
            samples: 5,
            k: 5,
            directions: None,
            seed: 0,
            start: -2.0,
            end: 2.0,
            steps: 21,
            codes: SefaCodes::AsDrawn,
            raw: false,
            layers: Vec::new(),
            viz_size: 256,
            device: Device::Cpu,
            batch: 1,
        }
    }
}

impl SefaConfig {
    /// The directions that are shown: those that were named, or the first `k`.
    pub fn chosen(&self) -> Vec<usize> {
        self.directions.clone().unwrap_or_else(|| (0..self.k).collect())
    }
}
