//! ProGAN's synthesis (Karras et al. 2018, section 4 and appendix A), by libtorch.
//!
//! z / sqrt(mean(z^2) + 1e-8) goes through a dense layer to 4x4; each level doubles the side, and convolves twice;
//! each convolution reads activations that are normalised over channels in the same way, and ends in LeakyReLU; a 1x1
//! convolution makes the image.
//!
//! Nearest-neighbour enlargement followed by a 3x3 convolution reads each small pixel up to nine times. Along one axis,
//! with weights w0 w1 w2, an even place needs w0 of the pixel before and w1 + w2 of its own, an odd one w0 + w1 of its
//! own and w2 of the next: that is a transposed convolution of stride 2 with the four weights w2, w1 + w2, w0 + w1, w0,
//! and four products a place instead of nine in two dimensions.

use tch::{Device, TchError, Tensor};

use super::{SynthesisError, channels_last, check_class};
use crate::checkpoint::{Conv, ProGanWeights};
use crate::tensor::{doubled, leaky, pixel_norm};

/// A generator on a device.
#[derive(Debug)]
pub struct ProGan {
    first: Tensor,
    first_bias: Tensor,
    levels: Vec<Level>,
    latent: i64,
    lod: f64,
    negative_slope: f64,
    normalises_first: bool,
    tanh: bool,
    classes: usize,
}

#[derive(Debug)]
struct Level {
    enlarging: Option<(Tensor, Tensor)>,
    second: (Tensor, Tensor),
    to_image: (Tensor, Tensor),
}

impl ProGan {
    /// Puts the weights on a device, in the forms that the arithmetic takes.
    pub fn new(weights: &ProGanWeights, device: Device) -> Result<Self, TchError> {
        let outputs = weights.levels[0].second.inputs as i64;
        let latent = weights.latent_dim as i64;
        let first = Tensor::from_slice(&weights.first_weight).f_view([outputs, latent, 4, 4])?;
        let first = first.f_flip([2, 3])?.f_permute([1, 0, 2, 3])?.f_reshape([latent, outputs * 16])?;
        let levels = weights.levels.iter().map(|level| {
            Ok(Level {
                enlarging: level.enlarging.as_ref().map(|conv| enlarging(conv, device)).transpose()?,
                second: plain(&level.second, 3, device)?,
                to_image: plain(&level.to_image, 1, device)?,
            })
        });
        Ok(Self {
            first: first.f_to_device(device)?,
            first_bias: Tensor::from_slice(&weights.first_bias).f_view([1, outputs, 4, 4])?.f_to_device(device)?,
            levels: levels.collect::<Result<_, TchError>>()?,
            latent,
            lod: weights.lod,
            negative_slope: weights.negative_slope,
            normalises_first: weights.normalises_first,
            tanh: weights.tanh,
            classes: weights.classes,
        })
    }

    /// Numbers in a code, the label's not counted.
    pub fn latent_dim(&self) -> usize {
        self.latent as usize - self.classes
    }

    /// How many classes a label may say; 0 for a model without labels.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Codes `[n, latent_dim]` with a class's label after each.
    pub fn labelled(&self, codes: &[f32], class: Option<usize>) -> Result<Vec<f32>, SynthesisError> {
        check_class(class, self.classes)?;
        let label: Vec<f32> = (0..self.classes).map(|i| f32::from(Some(i) == class)).collect();
        Ok(codes.chunks_exact(self.latent_dim()).flat_map(|code| code.iter().chain(&label).copied()).collect())
    }

    /// Images [n, channels, side, side] of codes [n, latent], labels included, about in [-1, 1].
    pub fn images(&self, codes: &[f32]) -> Result<Tensor, TchError> {
        tch::no_grad(|| self.forward(codes))
    }

    fn forward(&self, codes: &[f32]) -> Result<Tensor, TchError> {
        let codes = Tensor::from_slice(codes).f_view([-1, self.latent])?.f_to_device(self.first.device())?;
        let outputs = self.first_bias.size()[1];
        let first = pixel_norm(&codes)?.f_matmul(&self.first)?.f_view([-1, outputs, 4, 4])?;
        let mut x = self.activated(&first.f_add(&self.first_bias)?)?;
        let last = self.levels.len() - 1;
        // With lod between whole numbers the side below is faded into.
        let top = last - (self.lod.floor() as usize).min(last);
        let fine_share = if self.lod.fract() > 0.0 && top > 0 { 1.0 - self.lod.fract() } else { 1.0 };
        let mut coarse = None;
        for (b, level) in self.levels[..=top].iter().enumerate() {
            if b == top && fine_share < 1.0 {
                coarse = Some(doubled(&image(&self.levels[b - 1], &x)?)?);
            }
            if let Some((weight, bias)) = &level.enlarging {
                let y = pixel_norm(&x)?;
                x = self.activated(&y.f_conv_transpose2d(weight, Some(bias), [2, 2], [1, 1], [0, 0], 1, [1, 1])?)?;
            }
            let y = if b > 0 || self.normalises_first { pixel_norm(&x)? } else { x };
            x = self.activated(&conv(&level.second, &y, 1)?)?;
        }
        let fine = image(&self.levels[top], &x)?;
        let mut image = match coarse {
            Some(coarse) => coarse.f_lerp(&fine, fine_share)?,
            None => fine,
        };
        for _ in top..last {
            image = doubled(&image)?;
        }
        if self.tanh { image.f_tanh() } else { image.f_contiguous() }
    }

    fn activated(&self, x: &Tensor) -> Result<Tensor, TchError> {
        leaky(x, self.negative_slope)
    }
}

fn image(level: &Level, x: &Tensor) -> Result<Tensor, TchError> {
    conv(&level.to_image, &pixel_norm(x)?, 0)
}

fn conv((weight, bias): &(Tensor, Tensor), x: &Tensor, padding: i64) -> Result<Tensor, TchError> {
    x.f_conv2d(weight, Some(bias), [1, 1], [padding, padding], [1, 1], 1)
}

fn plain(conv: &Conv, k: i64, device: Device) -> Result<(Tensor, Tensor), TchError> {
    let weight = Tensor::from_slice(&conv.weight).f_view([conv.outputs as i64, conv.inputs as i64, k, k])?;
    Ok((channels_last(&weight.f_to_device(device)?)?, Tensor::from_slice(&conv.bias).f_to_device(device)?))
}

/// The 4x4 weights of stride 2, [inputs, outputs, 4, 4].
fn enlarging(conv: &Conv, device: Device) -> Result<(Tensor, Tensor), TchError> {
    let weight = Tensor::from_slice(&conv.weight).f_view([conv.outputs as i64, conv.inputs as i64, 3, 3])?;
    let taps = Tensor::from_slice(&[0_f32, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0]).f_view([4, 3])?;
    let weight = taps.f_matmul(&weight)?.f_matmul(&taps.f_transpose(0, 1)?)?.f_transpose(0, 1)?.f_contiguous()?;
    Ok((channels_last(&weight.f_to_device(device)?)?, Tensor::from_slice(&conv.bias).f_to_device(device)?))
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;
    use crate::checkpoint;
    use crate::rng::{Stream, Use};

    fn random(inputs: usize, outputs: usize, k: usize, rng: &mut Stream) -> Conv {
        let scale = (2.0 / (inputs * k * k) as f32).sqrt();
        let weight = rng.normal(outputs * inputs * k * k).into_iter().map(|x| x * scale).collect();
        Conv { weight, bias: rng.normal(outputs).into_iter().map(|x| x * 0.1).collect(), inputs, outputs }
    }

    /// A generator with random weights.
    fn weights(levels: usize, latent_dim: usize, channels: usize, width: impl Fn(usize) -> usize) -> ProGanWeights {
        let mut rng = Stream::new(5, Use::Init, 0);
        let scale = (2.0 / (latent_dim * 16) as f32).sqrt();
        ProGanWeights {
            latent_dim,
            first_weight: rng.normal(width(0) * latent_dim * 16).into_iter().map(|x| x * scale).collect(),
            first_bias: rng.normal(width(0) * 16).into_iter().map(|x| x * 0.1).collect(),
            levels: (0..levels)
                .map(|b| checkpoint::Level {
                    enlarging: (b > 0).then(|| random(width(b - 1), width(b), 3, &mut rng)),
                    second: random(width(b), width(b), 3, &mut rng),
                    to_image: random(width(b), channels, 1, &mut rng),
                })
                .collect(),
            ..ProGanWeights::usual()
        }
    }

    /// The network as its papers draw it, with nothing merged.
    fn plainly(weights: &ProGanWeights, codes: &[f32]) -> Tensor {
        let of = |conv: &Conv, k: i64| {
            let shape = [conv.outputs as i64, conv.inputs as i64, k, k];
            (Tensor::from_slice(&conv.weight).view(shape), Tensor::from_slice(&conv.bias))
        };
        let apply = |conv: &Conv, k: i64, x: &Tensor| {
            let (weight, bias) = of(conv, k);
            x.conv2d(&weight, Some(&bias), [1, 1], [k / 2, k / 2], [1, 1], 1)
        };
        let latent = weights.latent_dim as i64;
        let outputs = weights.levels[0].second.inputs as i64;
        let z = pixel_norm(&Tensor::from_slice(codes).view([-1, latent])).unwrap().view([-1, latent, 1, 1]);
        let kernel = Tensor::from_slice(&weights.first_weight).view([outputs, latent, 4, 4]);
        let x = z.conv2d(&kernel, None::<Tensor>, [1, 1], [3, 3], [1, 1], 1);
        let x = x + Tensor::from_slice(&weights.first_bias).view([1, outputs, 4, 4]);
        // LeakyReLU by its definition.
        let activated = |x: &Tensor| x.clamp_min(0.0) + x.clamp_max(0.0) * weights.negative_slope;
        let mut x = activated(&x);
        for (b, level) in weights.levels.iter().enumerate() {
            if let Some(conv) = &level.enlarging {
                x = activated(&apply(conv, 3, &doubled(&pixel_norm(&x).unwrap()).unwrap()));
            }
            let y = if b == 0 && !weights.normalises_first { x } else { pixel_norm(&x).unwrap() };
            x = activated(&apply(&level.second, 3, &y));
        }
        let image = apply(&weights.levels[weights.levels.len() - 1].to_image, 1, &pixel_norm(&x).unwrap());
        if weights.tanh { image.tanh() } else { image }
    }

    #[test]
    fn no_pixel_is_more_than_one_step_from_the_plain_network() {
        for (levels, channels) in [(1, 1), (2, 3), (5, 3)] {
            let weights = weights(levels, 12, channels, |b| 16 >> b.min(3));
            let codes = Stream::new(0, Use::Eval, 0).normal(3 * 12);
            let fast = ProGan::new(&weights, Device::Cpu).unwrap().images(&codes).unwrap();
            let plain = plainly(&weights, &codes);
            assert_eq!(fast.size(), [3, channels as i64, 4 << (levels - 1), 4 << (levels - 1)]);
            let apart = (&fast - &plain).abs();
            // Where a place's features are all but zero, pixel norm enlarges what rounding left; elsewhere nothing
            // does.
            assert!(apart.mean(Kind::Float).double_value(&[]) < 1e-5, "{levels} levels");
            let bytes = |x: &Tensor| ((x + 1.0) * 127.5 + 0.5).clamp(0.0, 255.0).floor();
            let steps = (bytes(&fast) - bytes(&plain)).abs().max().double_value(&[]);
            assert!(steps <= 1.0, "{levels} levels: {steps} steps");
        }
    }

    /// The largest difference from the plain network.
    fn apart(weights: &ProGanWeights, codes: &[f32]) -> f64 {
        let fast = ProGan::new(weights, Device::Cpu).unwrap().images(codes).unwrap();
        (fast - plainly(weights, codes)).abs().max().double_value(&[])
    }

    #[test]
    fn what_other_layouts_have_beside_their_weights_is_obeyed() {
        let usual = weights(3, 12, 3, |_| 8);
        let codes = Stream::new(1, Use::Eval, 0).normal(2 * 12);
        let image = |weights: &ProGanWeights| ProGan::new(weights, Device::Cpu).unwrap().images(&codes).unwrap();
        for other in [
            ProGanWeights { negative_slope: 0.05, ..usual.clone() },
            ProGanWeights { normalises_first: false, ..usual.clone() },
            ProGanWeights { tanh: true, ..usual.clone() },
        ] {
            assert!(apart(&other, &codes) < 1e-4);
            assert!((image(&usual) - image(&other)).abs().max().double_value(&[]) > 0.01);
        }
    }

    #[test]
    fn a_class_is_a_one_hot_label_after_the_code() {
        let weights = ProGanWeights { classes: 3, ..weights(2, 12, 1, |_| 8) };
        let net = ProGan::new(&weights, Device::Cpu).unwrap();
        assert_eq!((net.latent_dim(), net.classes()), (9, 3));
        let codes = Stream::new(1, Use::Eval, 0).normal(2 * 9);
        let labelled = net.labelled(&codes, Some(1)).unwrap();
        assert_eq!((labelled.len(), &labelled[..9], &labelled[9..12]), (24, &codes[..9], &[0.0, 1.0, 0.0][..]));
        assert_eq!((&labelled[12..21], &labelled[21..]), (&codes[9..], &[0.0, 1.0, 0.0][..]));
        let said = |class| net.labelled(&codes, class).unwrap_err().to_string();
        assert!(said(None).contains("0 to 2") && said(Some(3)).contains("no class 3"));
    }

    #[test]
    fn lod_stops_below_and_fades() {
        let mut weights = weights(3, 6, 1, |_| 8);
        let codes = Stream::new(0, Use::Eval, 0).normal(2 * 6);
        let at = |weights: &ProGanWeights| ProGan::new(weights, Device::Cpu).unwrap().images(&codes).unwrap();
        weights.lod = 1.0;
        let stopped = at(&weights);
        let below = at(&ProGanWeights { levels: weights.levels[..2].to_vec(), lod: 0.0, ..weights.clone() });
        assert_eq!(stopped.size(), [2, 1, 16, 16]);
        assert!((&stopped - doubled(&below).unwrap()).abs().max().double_value(&[]) < 1e-6);
        weights.lod = 0.0;
        let finished = at(&weights);
        weights.lod = 0.25;
        let fading = at(&weights);
        assert!((&fading - (&finished * 0.75 + &stopped * 0.25)).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn a_side_of_1024_runs() {
        let weights = weights(9, 16, 3, |b| (256 >> b).clamp(4, 16));
        let image = ProGan::new(&weights, Device::Cpu).unwrap().images(&[0.5; 16]).unwrap();
        assert_eq!(image.size(), [1, 3, 1024, 1024]);
        assert!(image.isfinite().all().int64_value(&[]) == 1);
    }
}
