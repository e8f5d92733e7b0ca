//! ProGAN's networks (Karras et al. 2018, appendix A) as plain data: names, shapes, scales, widths.
//!
//! Names and layouts are genforce's. Level b works on images of side 4 2^b: the generator's `layer{2b}` (which doubles
//! the side, for b > 0), `layer{2b+1}` and `output{b}`; the discriminator's `input{b}`, `layer{2b}`, `layer{2b+1}`
//! (which halves it), and at the end `layer{2b}` on 4x4 with one more channel, the dense `layer{2b+1}` and `score`,
//! counted from the finest level.
//!
//! Weights are kept at unit variance and multiplied by gain / sqrt(fan in) where they are used (the equalised
//! learning rate): gain sqrt 2 before a LeakyReLU, 1 for `output` and `score`. Biases are not scaled.

use super::Slot;

/// A ProGAN's sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pggan {
    /// Side of the finished images, a power of two of at least 4.
    pub resolution: usize,
    /// The latent code's dimension.
    pub latent_dim: usize,
    /// 1 or 3.
    pub image_channels: usize,
    /// Feature maps at side r are `fmaps_base` / r, `fmaps_max` at most.
    pub fmaps_base: usize,
    /// See `fmaps_base`.
    pub fmaps_max: usize,
}

/// A layer: its weight's slot, its bias's slot, and what the weight is multiplied by.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The weight.
    pub weight: Slot,
    /// The bias.
    pub bias: Slot,
    /// gain / sqrt(fan in).
    pub scale: f64,
}

impl Layer {
    fn new(name: &str, shape: Vec<usize>, gain: f64) -> Self {
        let (outputs, fan_in) = (shape[0], shape[1..].iter().product::<usize>());
        Self {
            weight: Slot { name: format!("{name}.weight"), shape },
            bias: Slot { name: format!("{name}.bias"), shape: vec![outputs] },
            scale: gain / (fan_in as f64).sqrt(),
        }
    }
}

impl Pggan {
    /// How many sides there are from 4 to the final one.
    pub fn levels(&self) -> usize {
        self.resolution.ilog2() as usize - 1
    }

    /// Feature maps at a level.
    pub fn width(&self, level: usize) -> usize {
        (self.fmaps_base >> (level + 2)).clamp(1, self.fmaps_max)
    }

    /// The generator's layers in genforce's order: three for each level.
    pub fn generator(&self) -> Vec<Layer> {
        let mut layers = Vec::new();
        for b in 0..self.levels() {
            let out = self.width(b);
            let first = if b == 0 { vec![out, self.latent_dim, 4, 4] } else { vec![out, self.width(b - 1), 3, 3] };
            layers.push(Layer::new(&format!("layer{}", 2 * b), first, 2_f64.sqrt()));
            layers.push(Layer::new(&format!("layer{}", 2 * b + 1), vec![out, out, 3, 3], 2_f64.sqrt()));
            layers.push(Layer::new(&format!("output{b}"), vec![self.image_channels, out, 1, 1], 1.0));
        }
        layers
    }

    /// The discriminator's layers: three for each level above the coarsest, finest first, then the coarsest level's
    /// four.
    pub fn discriminator(&self) -> Vec<Layer> {
        let last = self.levels() - 1;
        let mut layers = Vec::new();
        let gain = 2_f64.sqrt();
        for (i, b) in (0..=last).rev().enumerate() {
            let width = self.width(b);
            layers.push(Layer::new(&format!("input{i}"), vec![width, self.image_channels, 1, 1], gain));
            if b == 0 {
                layers.push(Layer::new(&format!("layer{}", 2 * i), vec![width, width + 1, 3, 3], gain));
                layers.push(Layer::new(&format!("layer{}", 2 * i + 1), vec![width, width, 4, 4], gain));
                layers.push(Layer::new("score", vec![1, width], 1.0));
            } else {
                layers.push(Layer::new(&format!("layer{}", 2 * i), vec![width, width, 3, 3], gain));
                layers.push(Layer::new(&format!("layer{}", 2 * i + 1), vec![self.width(b - 1), width, 3, 3], gain));
            }
        }
        layers
    }
}

/// The slots of layers, weight and bias in turn.
pub fn slots(layers: &[Layer]) -> Vec<Slot> {
    layers.iter().flat_map(|layer| [layer.weight.clone(), layer.bias.clone()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_1024_model_has_54_tensors_and_its_parameter_count() {
        let net = Pggan { resolution: 1024, latent_dim: 512, image_channels: 3, fmaps_base: 16384, fmaps_max: 512 };
        let slots = slots(&net.generator());
        assert_eq!(slots.len(), 54);
        assert_eq!(slots.iter().map(Slot::size).sum::<usize>(), 23_079_115);
        let shape = |name: &str| slots.iter().find(|slot| slot.name == name).unwrap().shape.clone();
        assert_eq!(shape("layer0.weight"), [512, 512, 4, 4]);
        assert_eq!(shape("layer8.weight"), [256, 512, 3, 3]);
        assert_eq!(shape("layer17.weight"), [16, 16, 3, 3]);
        assert_eq!(shape("output8.weight"), [3, 16, 1, 1]);
        let scale = |name: &str| net.generator().into_iter().find(|l| l.weight.name == name).unwrap().scale;
        assert!((scale("layer0.weight") - 0.015_625).abs() < 1e-9);
        assert!((scale("output8.weight") - 0.25).abs() < 1e-9);
        let discriminator = super::slots(&net.discriminator());
        assert_eq!(discriminator.iter().map(Slot::size).sum::<usize>(), 23_087_249);
    }

    #[test]
    fn every_size_has_layers() {
        for resolution in [4, 8, 1024] {
            let net = Pggan { resolution, latent_dim: 3, image_channels: 1, fmaps_base: resolution, fmaps_max: 7 };
            assert_eq!(net.generator().len(), 3 * net.levels());
            assert_eq!(net.discriminator().len(), 3 * net.levels() + 1);
        }
    }
}
