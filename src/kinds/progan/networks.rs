//! The networks with autograd.
//!
//! Maps are kept with a pixel's channels side by side, and layers are computed in the numbers that [`Network::at_work`]
//! says; the weights, the deviation over a batch and the last layers' sums are in single precision.

use tch::{Device, Kind, TchError, Tensor};

use super::schedule::Phase;
use crate::config::Downscale;
use crate::nets::pggan::{Layer, Pggan, slots};
use crate::optim::torch::Optimizer;
use crate::rng::Stream;
use crate::tensor::{Flat, channels_last, doubled, leaky_relu, pixel_norm};
use crate::torch_library::repeatable::gradients;

/// Images over which the standard deviation is taken.
const GROUP: i64 = 4;

/// Which of the two a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Generator,
    Discriminator,
}

/// One of the two networks.
#[derive(Debug)]
pub(super) struct Network {
    role: Role,
    net: Pggan,
    layers: Vec<Layer>,
    at_work: Kind,
    downscale: Downscale,
    pub(super) parameters: Flat,
}

impl Network {
    pub(super) fn generator(net: Pggan, device: Device) -> Result<Self, TchError> {
        Self::new(Role::Generator, net, net.generator(), device)
    }

    pub(super) fn discriminator(net: Pggan, device: Device) -> Result<Self, TchError> {
        Self::new(Role::Discriminator, net, net.discriminator(), device)
    }

    fn new(role: Role, net: Pggan, layers: Vec<Layer>, device: Device) -> Result<Self, TchError> {
        let parameters = Flat::zeros(&slots(&layers), true, Kind::Float, device)?;
        Ok(Self { role, net, layers, at_work: Kind::Float, downscale: Downscale::default(), parameters })
    }

    /// The same with its layers computed in such numbers.
    pub(super) fn at_work(self, at_work: Kind) -> Self {
        Self { at_work, ..self }
    }

    /// The same, a discriminator that halves its maps there.
    pub(super) fn halving(self, downscale: Downscale) -> Self {
        Self { downscale, ..self }
    }

    /// Weights from N(0, 1), biases 0.
    pub(super) fn initialise(&mut self, rng: &mut Stream) -> Result<(), TchError> {
        let mut values = Vec::new();
        for layer in &self.layers {
            values.extend(rng.normal(layer.weight.size()));
            values.resize(values.len() + layer.bias.size(), 0.0);
        }
        self.parameters.copy_from(&values)
    }

    /// A layer's scaled weight, and its bias.
    fn weights(&self, layer: usize) -> Result<(Tensor, &Tensor), TchError> {
        let weight = self.parameters.views[2 * layer].f_mul_scalar(self.layers[layer].scale)?;
        Ok((weight, &self.parameters.views[2 * layer + 1]))
    }

    /// A convolution in the numbers that `x` has.
    fn conv(&self, layer: usize, x: &Tensor, padding: i64) -> Result<Tensor, TchError> {
        let (weight, bias) = self.weights(layer)?;
        let (weight, bias) = (channels_last(&weight.f_to_kind(x.kind())?)?, bias.f_to_kind(x.kind())?);
        x.f_conv2d(&weight, Some(bias), [1, 1], [padding, padding], [1, 1], 1)
    }

    /// A 3x3 convolution of `x` enlarged by nearest neighbours, as one transposed convolution: of the four pixels that are
    /// equal only sums of weights are multiplied, 4 a pixel instead of 9.
    fn conv_doubled(&self, layer: usize, x: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = self.weights(layer)?;
        let kernel = blurred(&weight)?.f_flip([2, 3])?.f_transpose(0, 1)?.f_to_kind(x.kind())?;
        let bias = bias.f_to_kind(x.kind())?;
        x.f_conv_transpose2d(&channels_last(&kernel)?, Some(bias), [2, 2], [1, 1], [0, 0], 1, [1, 1])
    }

    /// A 3x3 convolution whose maps are halved by means of four, as one convolution with steps of two.
    fn conv_halved(&self, layer: usize, x: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = self.weights(layer)?;
        let kernel = blurred(&weight)?.f_mul_scalar(0.25)?.f_to_kind(x.kind())?;
        x.f_conv2d(&channels_last(&kernel)?, Some(bias.f_to_kind(x.kind())?), [2, 2], [1, 1], [1, 1], 1)
    }

    fn dense(&self, layer: usize, x: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = self.weights(layer)?;
        x.f_flatten(1, -1)?.f_linear(&weight.f_flatten(1, -1)?, Some(bias))
    }

    /// Images of side 4 2^level from codes [n, latent].
    pub(super) fn generate(&self, codes: &Tensor, phase: Phase) -> Result<Tensor, TchError> {
        let Phase { level, alpha } = phase;
        let mut x = channels_last(&self.first(codes)?)?.f_to_kind(self.at_work)?;
        let image = |b: usize, x: &Tensor| self.conv(3 * b + 2, &normalised(x)?, 0)?.f_to_kind(Kind::Float);
        let mut coarse = None;
        for b in 0..=level {
            if b == level && alpha < 1.0 {
                coarse = Some(doubled(&image(b - 1, &x)?)?);
            }
            if b > 0 {
                x = leaky_relu(&self.conv_doubled(3 * b, &normalised(&x)?)?)?;
            }
            x = leaky_relu(&self.conv(3 * b + 1, &normalised(&x)?, 1)?)?;
        }
        blended(&image(level, &x)?, coarse.as_ref(), alpha)
    }

    /// The first layer: a 4x4 convolution of a 1x1 map padded by 3, which reads its kernel reversed. It is a matrix
    /// product, and that matrix is what SeFa factorises.
    fn first(&self, codes: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = self.weights(0)?;
        let (outputs, latent) = (weight.size()[0], weight.size()[1]);
        let matrix = weight.f_flip([2, 3])?.f_permute([1, 0, 2, 3])?.f_reshape([latent, outputs * 16])?;
        let x = pixel_norm(codes)?.f_matmul(&matrix)?.f_view([-1, outputs, 4, 4])?;
        leaky_relu(&x.f_add(&bias.f_view([1, -1, 1, 1])?)?)
    }

    /// The logits [n, 1] of images of side 4 2^level.
    pub(super) fn score(&self, images: &Tensor, phase: Phase) -> Result<Tensor, TchError> {
        let Phase { level, alpha } = phase;
        // Layers count from the finest level; the coarsest has one more.
        let at = |b: usize| 3 * (self.net.levels() - 1 - b);
        let from_image = |b: usize, images: &Tensor| {
            let images = channels_last(images)?.f_to_kind(self.at_work)?;
            leaky_relu(&self.conv(at(b), &images, 0)?)
        };
        let mut x = from_image(level, images)?;
        for b in (1..=level).rev() {
            x = leaky_relu(&self.conv(at(b) + 1, &x, 1)?)?;
            x = match self.downscale {
                Downscale::BeforeActivation => leaky_relu(&self.conv_halved(at(b) + 2, &x)?)?,
                Downscale::AfterActivation => halved(&leaky_relu(&self.conv(at(b) + 2, &x, 1)?)?)?,
            };
            if b == level && alpha < 1.0 {
                x = blended(&x, Some(&from_image(b - 1, &halved(images)?)?), alpha)?;
            }
        }
        let x = channels_last(&with_deviation(&x.f_to_kind(Kind::Float)?)?)?;
        let x = leaky_relu(&self.conv(at(0) + 1, &x, 1)?)?;
        let x = leaky_relu(&self.dense(at(0) + 2, &x)?)?;
        self.dense(at(0) + 3, &x)
    }

    /// The layers that take part in a phase.
    fn active(&self, phase: Phase) -> Vec<usize> {
        let is_generator = self.role == Role::Generator;
        let levels = self.net.levels();
        let image_layer = |b: usize| if is_generator { 3 * b + 2 } else { 3 * (levels - 1 - b) };
        let is_image_layer = |layer: usize| (0..levels).any(|b| image_layer(b) == layer);
        let level_of = |layer: usize| if is_generator { layer / 3 } else { (levels - 1).saturating_sub(layer / 3) };
        (0..self.layers.len())
            .filter(|&layer| {
                let level = level_of(layer);
                let fading = phase.alpha < 1.0 && level + 1 == phase.level;
                if is_image_layer(layer) { level == phase.level || fading } else { level <= phase.level }
            })
            .collect()
    }

    /// One optimiser step against the gradient of `loss`.
    pub(super) fn descend(&mut self, loss: &Tensor, phase: Phase, optim: &mut Optimizer) -> Result<(), TchError> {
        let active = self.active(phase);
        let inputs: Vec<&Tensor> = active
            .iter()
            .flat_map(|&layer| [&self.parameters.views[2 * layer], &self.parameters.views[2 * layer + 1]])
            .collect();
        let mut gradients = gradients(loss, &inputs, false, false)?.into_iter();
        let mut flat = Vec::with_capacity(self.parameters.views.len());
        for layer in 0..self.layers.len() {
            for view in &self.parameters.views[2 * layer..2 * layer + 2] {
                let gradient = if active.contains(&layer) { gradients.next() } else { None };
                // A layer that takes no part stays as it is: Adam without a mean of past gradients does not move it.
                flat.push(gradient.map_or_else(|| view.f_zeros_like(), Ok)?.f_reshape([-1])?);
            }
        }
        optim.step(&mut self.parameters.all, &Tensor::f_cat(&flat, 0)?)
    }
}

/// [`pixel_norm`] of maps with channels side by side, whose gradient libtorch finds in fewer passes.
fn normalised(x: &Tensor) -> Result<Tensor, TchError> {
    let x = x.f_permute([0, 2, 3, 1])?;
    let channels = x.size()[3];
    x.f_rms_norm(&[channels][..], None::<&Tensor>, 1e-8)?.f_permute([0, 3, 1, 2])
}

/// A kernel's sums over squares of two by two, [outputs, inputs, 4, 4] of [outputs, inputs, 3, 3].
fn blurred(weight: &Tensor) -> Result<Tensor, TchError> {
    let wide = weight.f_constant_pad_nd([1, 1, 1, 1])?;
    let rows = wide.f_narrow(2, 0, 4)?.f_add(&wide.f_narrow(2, 1, 4)?)?;
    rows.f_narrow(3, 0, 4)?.f_add(&rows.f_narrow(3, 1, 4)?)
}

pub(super) fn halved(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)
}

/// alpha fine + (1 - alpha) coarse.
pub(super) fn blended(fine: &Tensor, coarse: Option<&Tensor>, alpha: f64) -> Result<Tensor, TchError> {
    match coarse {
        Some(coarse) => coarse.f_lerp(fine, alpha),
        None => Ok(fine.shallow_clone()),
    }
}

/// Images of a batch at half their side and back, as a fade-in shows them.
pub(super) fn softened(images: &Tensor, alpha: f64) -> Result<Tensor, TchError> {
    if alpha >= 1.0 {
        return Ok(images.shallow_clone());
    }
    blended(images, Some(&doubled(&halved(images)?)?), alpha)
}

/// One more channel: the mean over features and places of the deviation over the images of a group.
fn with_deviation(x: &Tensor) -> Result<Tensor, TchError> {
    let [images, features, height, width] = x.size()[..] else {
        return Err(TchError::Shape(format!("{:?} is not [images, features, height, width]", x.size())));
    };
    let group = if images % GROUP == 0 { GROUP } else { images };
    let grouped = x.f_view([group, images / group, features, height, width])?;
    let centred = grouped.f_sub(&grouped.f_mean_dim([0_i64].as_slice(), true, None::<Kind>)?)?;
    let variance = centred.f_square()?.f_mean_dim([0_i64].as_slice(), false, None::<Kind>)?;
    let deviation = variance.f_add_scalar(1e-8)?.f_sqrt()?;
    let mean = deviation.f_mean_dim([1_i64, 2, 3].as_slice(), false, None::<Kind>)?;
    let channel = mean.f_view([1, images / group, 1, 1, 1])?;
    let channel = channel.f_expand([group, images / group, 1, height, width], false)?;
    Tensor::f_cat(&[x, &channel.f_reshape([images, 1, height, width])?], 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Use;

    const NET: Pggan = Pggan { resolution: 16, latent_dim: 5, image_channels: 1, fmaps_base: 64, fmaps_max: 8 };

    fn network(generator: bool) -> Network {
        let mut network = if generator {
            Network::generator(NET, Device::Cpu).unwrap()
        } else {
            Network::discriminator(NET, Device::Cpu).unwrap()
        };
        network.initialise(&mut Stream::new(3, Use::Init, 0)).unwrap();
        network
    }

    fn codes() -> Tensor {
        Tensor::from_slice(&Stream::new(1, Use::Noise, 0).normal(8 * 5)).view([8, 5])
    }

    fn apart(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn every_phase_makes_and_scores_images_of_its_side() {
        let (generator, discriminator) = (network(true), network(false));
        for level in 0..3 {
            for alpha in if level == 0 { vec![1.0] } else { vec![0.0, 0.3, 1.0] } {
                let phase = Phase { level, alpha };
                let images = generator.generate(&codes(), phase).unwrap();
                let side = 4 << level;
                assert_eq!(images.size(), [8, 1, side, side]);
                let scores = discriminator.score(&images, phase).unwrap();
                assert_eq!(scores.size(), [8, 1]);
                assert!(scores.isfinite().all().int64_value(&[]) == 1);
            }
        }
    }

    #[test]
    fn a_new_side_begins_as_the_old_one_enlarged() {
        let (generator, discriminator) = (network(true), network(false));
        for level in 1..3 {
            let (old, new) = (Phase { level: level - 1, alpha: 1.0 }, Phase { level, alpha: 0.0 });
            let small = generator.generate(&codes(), old).unwrap();
            let large = generator.generate(&codes(), new).unwrap();
            assert!(apart(&large, &doubled(&small).unwrap()) < 1e-6);
            let (a, b) = (discriminator.score(&small, old).unwrap(), discriminator.score(&large, new).unwrap());
            assert!(apart(&a, &b) < 1e-5);
        }
    }

    #[test]
    fn a_code_and_its_multiple_make_the_same_image_whatever_else_is_in_the_batch() {
        let phase = Phase { level: 2, alpha: 1.0 };
        let generator = network(true);
        let all = generator.generate(&codes(), phase).unwrap();
        let scaled = generator.generate(&(codes() * 7.0), phase).unwrap();
        let one = generator.generate(&codes().narrow(0, 3, 1), phase).unwrap();
        assert!(apart(&all, &scaled) < 1e-4);
        assert!(apart(&all.narrow(0, 3, 1), &one) < 1e-5);
    }

    #[test]
    fn the_first_layer_is_a_convolution_of_a_padded_point() {
        let generator = network(true);
        let (weight, bias) = generator.weights(0).unwrap();
        let x = pixel_norm(&codes()).unwrap().view([8, 5, 1, 1]);
        let expected = x.f_conv2d(&weight, Some(bias), [1, 1], [3, 3], [1, 1], 1).unwrap().leaky_relu();
        let got = generator.first(&codes()).unwrap();
        // tch's own LeakyReLU has slope 0.01; where both are above zero they agree.
        let above = expected.gt(0.0).to_kind(Kind::Float);
        assert!(apart(&(&got * &above), &(&expected * &above)) < 1e-5);
    }

    #[test]
    fn layers_in_bfloat16_make_and_score_nearly_the_same() {
        for alpha in [0.4, 1.0] {
            let phase = Phase { level: 2, alpha };
            let (generator, discriminator) = (network(true), network(false));
            let images = generator.generate(&codes(), phase).unwrap();
            let scores = discriminator.score(&images, phase).unwrap();
            let (generator, discriminator) = (generator.at_work(Kind::BFloat16), discriminator.at_work(Kind::BFloat16));
            let rounded = generator.generate(&codes(), phase).unwrap();
            assert_eq!((rounded.kind(), rounded.size()), (Kind::Float, images.size()));
            // 8 bits of each number are kept; a pixel in which much cancels may be far off.
            let mean = |x: &Tensor| x.square().mean(Kind::Float).sqrt().double_value(&[]);
            let error = mean(&(&rounded - &images)) / mean(&images);
            assert!(error > 1e-5 && error < 0.06, "{error}");
            let rounded = discriminator.score(&images, phase).unwrap();
            let error = mean(&(&rounded - &scores)) / mean(&scores);
            assert!(rounded.kind() == Kind::Float && error > 1e-6 && error < 0.1, "{error}");
        }
    }

    #[test]
    fn convolutions_between_sides_are_those_of_each_pixel() {
        let (generator, discriminator) = (network(true), network(false));
        // Layer 3 of both has as many features in as the map: of the generator the first that doubles, and so on.
        let features = generator.layers[3].weight.shape[1];
        let x = Tensor::from_slice(&Stream::new(5, Use::Noise, 0).normal(3 * features * 6 * 10));
        let x = x.view([3, features as i64, 6, 10]);
        let plain = generator.conv(3, &doubled(&x).unwrap(), 1).unwrap();
        assert!(apart(&plain, &generator.conv_doubled(3, &x).unwrap()) < 1e-5);
        let features = discriminator.layers[2].weight.shape[1];
        let x = Tensor::from_slice(&Stream::new(6, Use::Noise, 0).normal(3 * features * 6 * 10));
        let x = x.view([3, features as i64, 6, 10]);
        let plain = halved(&discriminator.conv(2, &x, 1).unwrap()).unwrap();
        assert!(apart(&plain, &discriminator.conv_halved(2, &x).unwrap()) < 1e-5);
    }

    #[test]
    fn where_maps_are_halved_changes_a_score_and_old_runs_keep_theirs() {
        let images = Tensor::from_slice(&Stream::new(2, Use::Noise, 0).normal(4 * 16 * 16)).view([4, 1, 16, 16]);
        let phase = Phase { level: 2, alpha: 1.0 };
        let score = |downscale| network(false).halving(downscale).score(&images, phase).unwrap();
        assert!(apart(&score(Downscale::BeforeActivation), &score(Downscale::AfterActivation)) > 1e-3);
    }

    #[test]
    fn maps_are_normalised_as_the_paper_says() {
        let x = Tensor::from_slice(&Stream::new(4, Use::Noise, 0).normal(2 * 6 * 3 * 3)).view([2, 6, 3, 3]);
        let x = channels_last(&x).unwrap();
        assert!(apart(&normalised(&x).unwrap(), &pixel_norm(&x).unwrap()) < 1e-6);
    }

    #[test]
    fn each_phase_moves_its_own_layers_and_no_others() {
        for generator in [true, false] {
            for (level, alpha) in [(0, 1.0), (1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)] {
                let phase = Phase { level, alpha };
                let mut network = network(generator);
                let before = network.parameters.all.copy();
                let adam =
                    crate::config::Optim::Adam(crate::config::AdamOptions { betas: [0.0, 0.99], ..Default::default() });
                let mut optim = Optimizer::new(adam, 0.01, &before).unwrap();
                let loss = if generator {
                    network.generate(&codes(), phase).unwrap().square().sum(Kind::Float)
                } else {
                    let side = 4 << level;
                    let images = Tensor::from_slice(&Stream::new(2, Use::Noise, 0).normal(8 * side * side));
                    let images = images.view([8, 1, side as i64, side as i64]);
                    network.score(&images, phase).unwrap().square().sum(Kind::Float)
                };
                network.descend(&loss, phase, &mut optim).unwrap();
                let active = network.active(phase);
                let moved = (&network.parameters.all - &before).abs();
                let mut start = 0;
                for (layer, spec) in network.layers.iter().enumerate() {
                    let size = (spec.weight.size() + spec.bias.size()) as i64;
                    let most = moved.narrow(0, start, size).max().double_value(&[]);
                    assert_eq!(most > 0.0, active.contains(&layer), "{} in {phase:?}", spec.weight.name);
                    start += size;
                }
            }
        }
    }

    #[test]
    fn the_deviation_is_zero_for_equal_images_and_known_for_two_kinds() {
        let x = Tensor::ones([4, 2, 3, 3], (Kind::Float, Device::Cpu));
        let with = with_deviation(&x).unwrap();
        assert!(with.narrow(1, 2, 1).max().double_value(&[]) < 1e-3);
        let x = Tensor::from_slice(&[0.0_f32, 2.0, 0.0, 2.0]).view([4, 1, 1, 1]);
        let with = with_deviation(&x).unwrap();
        assert!((with.double_value(&[2, 1, 0, 0]) - 1.0).abs() < 1e-4);
    }
}
