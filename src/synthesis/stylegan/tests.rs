//! Both implementations against the formulas in double precision, with nothing merged and no memory laid out for speed.

use tch::{Device, Kind, Tensor};

use super::{OnCpu, OnDevice, Place, Processor, StyleGan};
use crate::checkpoint::{Conv, Dense, Enlarging, Mapping, Noise, StyleGanLayer, StyleGanWeights};
use crate::rng::{Stream, Use};
use crate::synthesis::NoiseMode;
use crate::tensor::to_host;

const OURS: Processor = Processor::Cpu { threads: 2 };

/// A network with random weights, which enlarges so and has these widths.
fn random(widths: &[usize], channels: usize, enlarging: Enlarging) -> StyleGanWeights {
    let mut rng = Stream::new(5, Use::Init, 0);
    let mut normal = |n: usize, scale: f32| rng.normal(n).into_iter().map(|x| x * scale).collect::<Vec<f32>>();
    let w_dim = 12;
    let layer = |i: usize| {
        let (width, side) = (widths[i / 2], 4 << (i / 2));
        let inputs = if i.is_multiple_of(2) { widths[(i / 2).saturating_sub(1)] } else { width };
        let scale = (2.0 / (9 * inputs) as f32).sqrt();
        StyleGanLayer {
            conv: (i > 0).then(|| Conv {
                weight: normal(width * inputs * 9, scale),
                bias: normal(width, 0.2),
                inputs,
                outputs: width,
            }),
            enlarging: (i > 0 && i.is_multiple_of(2)).then_some(enlarging),
            bias: if i == 0 { normal(width, 0.2) } else { Vec::new() },
            noise: Some(Noise { strength: normal(width, 0.3), map: Some(normal(side * side, 1.0)) }),
            style: Dense {
                weight: normal(2 * width * w_dim, 0.3),
                bias: normal(2 * width, 0.5)
                    .into_iter()
                    .enumerate()
                    .map(|(j, x)| if j < width { x + 1.0 } else { x })
                    .collect(),
                inputs: w_dim,
                outputs: 2 * width,
            },
        }
    };
    let layers: Vec<StyleGanLayer> = (0..2 * widths.len()).map(layer).collect();
    let mut rng = Stream::new(6, Use::Init, 0);
    let to_image = |&width: &usize| {
        let weight = rng.normal(channels * width).into_iter().map(|x| x / (width as f32).sqrt()).collect();
        Conv { weight, bias: rng.normal(channels), inputs: width, outputs: channels }
    };
    let to_images = widths.iter().map(to_image).collect();
    let mapping = Mapping { latent_dim: w_dim, classes: None, layers: Vec::new(), mean: None };
    StyleGanWeights { mapping, constant: rng.normal(widths[0] * 16), layers, to_images, lod: 0.0 }
}

fn double(values: &[f32], shape: &[i64]) -> Tensor {
    Tensor::from_slice(values).view(shape).to_kind(Kind::Double)
}

fn convolved(conv: &Conv, enlarging: Option<Enlarging>, x: &Tensor) -> Tensor {
    let weight = double(&conv.weight, &[conv.outputs as i64, conv.inputs as i64, 3, 3]);
    let plain = |x: &Tensor| x.conv2d(&weight, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1);
    let y = match enlarging {
        None => return plain(x),
        Some(Enlarging::Nearest) => plain(&x.upsample_nearest2d([2 * x.size()[2], 2 * x.size()[3]], None, None)),
        Some(Enlarging::Fused) => {
            let wide = weight.constant_pad_nd([1, 1, 1, 1]);
            let shift = |y: i64, x: i64| wide.narrow(2, y, 4).narrow(3, x, 4);
            let four = shift(0, 0) + shift(0, 1) + shift(1, 0) + shift(1, 1);
            x.conv_transpose2d(&four.transpose(0, 1), None::<Tensor>, [2, 2], [1, 1], [0, 0], 1, [1, 1])
        }
    };
    let taps = double(&[0.25, 0.5, 0.25], &[3]);
    let channels = y.size()[1];
    let blur = taps.outer(&taps).view([1, 1, 3, 3]).repeat([channels, 1, 1, 1]);
    y.conv2d(&blur, None::<Tensor>, [1, 1], [1, 1], [1, 1], channels)
}

fn plainly(weights: &StyleGanWeights, rows: &[f32]) -> Vec<f32> {
    let mut x = double(&weights.constant, &[1, -1, 4, 4]);
    for (i, layer) in weights.layers.iter().enumerate() {
        if let Some(conv) = &layer.conv {
            x = convolved(conv, layer.enlarging, &x);
        }
        let noise = layer.noise.as_ref().unwrap();
        let side = x.size()[3];
        let map = double(noise.map.as_ref().unwrap(), &[1, 1, side, side]);
        x += map * double(&noise.strength, &[1, -1, 1, 1]);
        x += double(layer.conv.as_ref().map_or(&layer.bias, |conv| &conv.bias), &[1, -1, 1, 1]);
        x = x.clamp_min(0.0) + x.clamp_max(0.0) * 0.2;
        x = &x - x.mean_dim([2_i64, 3].as_slice(), true, None);
        x = &x / (x.square().mean_dim([2_i64, 3].as_slice(), true, None) + 1e-8).sqrt();
        let style =
            double(&layer.style.weight, &[-1, layer.style.inputs as i64]).mv(&double(&rows[i * 12..][..12], &[-1]));
        let style = (style + double(&layer.style.bias, &[-1])).view([2, 1, -1, 1, 1]);
        x = x * style.get(0) + style.get(1);
    }
    let last = weights.to_images.last().unwrap();
    let weight = double(&last.weight, &[last.outputs as i64, last.inputs as i64, 1, 1]);
    let image = x.conv2d(&weight, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1) + double(&last.bias, &[1, -1, 1, 1]);
    to_host(&image).unwrap()
}

fn drawn(net: &StyleGan, rows: &[f32]) -> Vec<f32> {
    let begun = net.begin(rows, 0, NoiseMode::Stored).unwrap();
    net.image(&begun, rows, NoiseMode::Stored).unwrap().planes()
}

fn rows(weights: &StyleGanWeights) -> Vec<f32> {
    Stream::new(1, Use::Eval, 0).normal(weights.rows() * 12)
}

#[test]
fn both_implementations_are_the_formulas() {
    for enlarging in [Enlarging::Nearest, Enlarging::Fused] {
        for (widths, channels) in [(&[3][..], 1), (&[20, 16, 7], 3), (&[33, 17, 16, 8, 5], 4)] {
            let weights = random(widths, channels, enlarging);
            let rows = rows(&weights);
            let expected = plainly(&weights, &rows);
            let by_torch = Place::Device(OnDevice::new(&weights, Device::Cpu).unwrap());
            for (name, net) in
                [("ours", StyleGan::new(&weights, OURS).unwrap()), ("libtorch's", StyleGan::at(&weights, by_torch))]
            {
                let made = drawn(&net, &rows);
                assert_eq!(made.len(), expected.len());
                let apart = made.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(apart < 2e-4, "{name}, {enlarging:?}, {widths:?}: {apart}");
            }
        }
    }
}

#[test]
fn any_number_of_threads_makes_the_same_bytes() {
    let weights = random(&[20, 20, 18, 16, 9], 3, Enlarging::Fused);
    let rows = rows(&weights);
    let with =
        |threads: usize| drawn(&StyleGan::at(&weights, Place::Cpu(Box::new(OnCpu::new(&weights, threads)))), &rows);
    let one = with(1);
    for threads in [2, 3, 7] {
        assert!(with(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_model_that_is_being_grown_draws_the_level_below_larger_or_both() {
    let mut weights = random(&[9, 8, 7], 2, Enlarging::Nearest);
    let rows = rows(&weights);
    for by_torch in [false, true] {
        let at = |weights: &StyleGanWeights| {
            let device = Place::Device(OnDevice::new(weights, Device::Cpu).unwrap());
            let net = if by_torch { StyleGan::at(weights, device) } else { StyleGan::new(weights, OURS).unwrap() };
            drawn(&net, &rows)
        };
        weights.lod = 1.0;
        let below = at(&weights);
        let small = StyleGanWeights {
            layers: weights.layers[..4].to_vec(),
            to_images: weights.to_images[..2].to_vec(),
            lod: 0.0,
            ..weights.clone()
        };
        let small = at(&small);
        for (i, x) in below.iter().enumerate() {
            let (channel, y, place) = (i / 256, i / 16 % 16, i % 16);
            assert!((x - small[(channel * 8 + y / 2) * 8 + place / 2]).abs() < 1e-6);
        }
        weights.lod = 0.0;
        let whole = at(&weights);
        weights.lod = 0.25;
        for ((x, whole), below) in at(&weights).iter().zip(&whole).zip(&below) {
            assert!((x - (0.75 * whole + 0.25 * below)).abs() < 1e-5);
        }
    }
}
