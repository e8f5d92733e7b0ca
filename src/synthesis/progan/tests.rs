//! Both implementations against the network as its papers draw it, with nothing merged.

use tch::{Device, Kind, Tensor};

use super::{OnCpu, OnDevice, Place, ProGan, Processor};
use crate::checkpoint::{self, Conv, ProGanWeights};
use crate::rng::{Stream, Use};
use crate::synthesis::Image;
use crate::tensor::{doubled, pixel_norm};

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

/// `[n, channels, side, side]`.
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

/// By our code with these threads, and by libtorch.
fn both(weights: &ProGanWeights, threads: usize) -> [(&'static str, ProGan); 2] {
    let device = OnDevice::new(weights, Device::Cpu).unwrap();
    [("ours", Place::Cpu(OnCpu::new(weights, threads))), ("libtorch's", Place::Device(device))]
        .map(|(name, place)| (name, ProGan::at(weights, place)))
}

fn planes(images: &[Image]) -> Vec<f32> {
    images.iter().flat_map(Image::planes).collect()
}

fn drawn(net: &ProGan, codes: &[f32]) -> Vec<f32> {
    planes(&net.images(codes, None).unwrap())
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn host(x: &Tensor) -> Vec<f32> {
    crate::tensor::to_host(x).unwrap()
}

#[test]
fn no_pixel_is_more_than_one_step_from_the_plain_network() {
    // Channels below, at and beyond a whole block of 16; sides of every way to convolve.
    for (levels, channels, widths) in
        [(1, 1, [16; 5]), (2, 3, [16, 8, 8, 8, 8]), (5, 3, [16, 8, 4, 2, 2]), (5, 4, [33, 20, 17, 16, 3])]
    {
        let weights = weights(levels, 12, channels, |b| widths[b]);
        let codes = Stream::new(0, Use::Eval, 0).normal(3 * 12);
        let plain = plainly(&weights, &codes);
        assert_eq!(plain.size(), [3, channels as i64, 4 << (levels - 1), 4 << (levels - 1)]);
        for (name, net) in both(&weights, 2) {
            let fast = Tensor::from_slice(&drawn(&net, &codes)).view_as(&plain);
            let apart = (&fast - &plain).abs();
            // Where a place's features are all but zero, pixel norm enlarges what rounding left; elsewhere nothing
            // does.
            assert!(apart.mean(Kind::Float).double_value(&[]) < 1e-5, "{name}: {levels} levels");
            let bytes = |x: &Tensor| ((x + 1.0) * 127.5 + 0.5).clamp(0.0, 255.0).floor();
            let steps = (bytes(&fast) - bytes(&plain)).abs().max().double_value(&[]);
            assert!(steps <= 1.0, "{name}: {levels} levels: {steps} steps");
        }
    }
}

#[test]
fn any_number_of_threads_makes_the_same_bytes_and_pictures_do_not_touch_each_other() {
    let weights = weights(5, 12, 3, |b| [20, 20, 18, 16, 9][b]);
    let codes = Stream::new(2, Use::Eval, 0).normal(3 * 12);
    let [(_, one), _] = both(&weights, 1);
    let images = one.images(&codes, None).unwrap();
    for threads in [2, 3, 7] {
        let [(_, net), _] = both(&weights, threads);
        assert!(net.images(&codes, None).unwrap() == images, "{threads} threads");
    }
    for (code, image) in codes.chunks_exact(12).zip(&images) {
        assert!(one.image(code, None).unwrap() == *image);
    }
}

#[test]
fn what_other_layouts_have_beside_their_weights_is_obeyed() {
    let usual = weights(3, 12, 3, |_| 8);
    let codes = Stream::new(1, Use::Eval, 0).normal(2 * 12);
    for other in [
        ProGanWeights { negative_slope: 0.05, ..usual.clone() },
        ProGanWeights { normalises_first: false, ..usual.clone() },
        ProGanWeights { tanh: true, ..usual.clone() },
    ] {
        let plain = host(&plainly(&other, &codes));
        for ((name, net), (_, before)) in both(&other, 1).iter().zip(&both(&usual, 1)) {
            assert!(largest(&drawn(net, &codes), &plain) < 1e-4, "{name}");
            assert!(largest(&drawn(net, &codes), &drawn(before, &codes)) > 0.01, "{name}");
        }
    }
}

#[test]
fn a_class_is_a_one_hot_label_after_the_code() {
    let weights = ProGanWeights { classes: 3, ..weights(2, 12, 1, |_| 8) };
    let net = ProGan::new(&weights, Processor::Cpu { threads: 1 }).unwrap();
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
    let codes = Stream::new(0, Use::Eval, 0).normal(6);
    for which in 0..2 {
        let at = |weights: &ProGanWeights| both(weights, 1)[which].1.image(&codes, None).unwrap();
        weights.lod = 1.0;
        let stopped = at(&weights);
        let below = at(&ProGanWeights { levels: weights.levels[..2].to_vec(), lod: 0.0, ..weights.clone() });
        assert_eq!((stopped.side(), stopped.channels()), (16, 1));
        assert!(largest(&stopped.planes(), &below.doubled().planes()) < 1e-6);
        weights.lod = 0.0;
        let finished = at(&weights).planes();
        weights.lod = 0.25;
        let mixed: Vec<f32> =
            finished.iter().zip(stopped.planes()).map(|(fine, coarse)| 0.75 * fine + 0.25 * coarse).collect();
        assert!(largest(&at(&weights).planes(), &mixed) < 1e-5);
    }
}

#[test]
fn a_side_of_1024_runs() {
    let weights = weights(9, 16, 3, |b| (256 >> b).clamp(4, 16));
    for (name, net) in both(&weights, 2) {
        let image = net.image(&[0.5; 16], None).unwrap();
        assert_eq!((image.channels(), image.side()), (3, 1024));
        assert!(image.planes().iter().all(|x| x.is_finite()), "{name}");
    }
}
