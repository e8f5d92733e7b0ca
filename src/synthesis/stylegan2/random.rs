//! Networks for tests.

use crate::checkpoint::{Dense, Mapping, Noise, StyleGan2Conv, StyleGan2ToImage, StyleGan2Weights};
use crate::rng::{Stream, Use};

/// A network with random weights; `width` says the channels of a level.
pub(crate) fn random(levels: usize, w_dim: usize, channels: usize, width: impl Fn(usize) -> usize) -> StyleGan2Weights {
    let mut rng = Stream::new(5, Use::Init, 0);
    let mut normal = |n: usize, scale: f32| rng.normal(n).into_iter().map(|x| x * scale).collect::<Vec<f32>>();
    let mut dense = |inputs: usize, outputs: usize, bias: f32| Dense {
        weight: normal(inputs * outputs, 1.0 / (inputs as f32).sqrt()),
        bias: normal(outputs, 0.2).into_iter().map(|x| x + bias).collect(),
        inputs,
        outputs,
    };
    let mapping = Mapping { latent_dim: w_dim, classes: None, layers: vec![dense(w_dim, w_dim, 0.0)], mean: None };
    let styles: Vec<Dense> = (0..2 * levels - 1).map(|i| dense(w_dim, width(i / 2), 1.0)).collect();
    let image_styles: Vec<Dense> = (0..levels).map(|b| dense(w_dim, width(b), 1.0)).collect();
    let conv = |(i, style): (usize, Dense)| {
        let (inputs, outputs, side) = (style.outputs, width(i.div_ceil(2)), 4 << i.div_ceil(2));
        StyleGan2Conv {
            weight: normal(outputs * inputs * 9, 1.0),
            inputs,
            outputs,
            style,
            bias: normal(outputs, 0.2),
            noise: Some(Noise { strength: vec![0.3], map: Some(normal(side * side, 1.0)) }),
            clamp: Some(2.5),
        }
    };
    let convs: Vec<StyleGan2Conv> = styles.into_iter().enumerate().map(conv).collect();
    let to_image = |style: Dense| StyleGan2ToImage {
        weight: normal(channels * style.outputs, 1.0 / (style.outputs as f32).sqrt()),
        inputs: style.outputs,
        style,
        bias: normal(channels, 0.2),
        clamp: Some(2.5),
    };
    let to_images = image_styles.into_iter().map(to_image).collect();
    let constant = normal(width(0) * 16, 1.0);
    let filter = [1.0, 3.0, 3.0, 1.0];
    let filter = filter.iter().flat_map(|a| filter.map(|b| a * b / 64.0)).collect();
    StyleGan2Weights { mapping, constant, convs, to_images, skips: true, filter }
}
