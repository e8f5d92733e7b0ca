//! pro-gan-pth (PyPI): version 3 has `layers.0.conv_1.weight`, version 2 `initial_block.conv_1.weight`, and both
//! `rgb_converters.0.weight`.
//!
//! Every weight is multiplied by sqrt(2 / fan in), also where it makes an image; biases are not. The first layer is a transposed
//! convolution `[latent, outputs, 4, 4]` of the code as a 1x1 map, with the code's length as its fan in, and there is no norm
//! between it and the second.

use super::super::CheckpointError;
use super::super::source::Value;
use super::super::weights::{GeneratorWeights, Level, ProGanWeights};
use super::reader::{Reader, View, of_weight, permuted, scaled, side, turned};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "ProGAN (pro-gan-pth 3's layout)",
    family: Family::ProGan,
    marks: &["layers.0.conv_1.weight"],
    is: |view| {
        is_first(view, "layers.0") && view.has("rgb_converters.0.weight") && !view.has("initial_block.conv_1.weight")
    },
    side: |view| side(view.reach(|b| format!("rgb_converters.{b}.weight"))),
    sizes: |view| sizes(view, "layers.0"),
    read: |reader| read(reader, |b| format!("layers.{b}")),
};

pub(super) static OLDER: Names = Names {
    title: "ProGAN (pro-gan-pth 2's layout)",
    marks: &["initial_block.conv_1.weight"],
    is: |view| is_first(view, "initial_block") && view.has("rgb_converters.0.weight"),
    sizes: |view| sizes(view, "initial_block"),
    read: |reader| {
        read(reader, |b| match b {
            0 => "initial_block".to_owned(),
            b => format!("layers.{}", b - 1),
        })
    },
    ..NAMES
};

/// The discriminator has blocks of such names too, but no kernel of 4 in its first layer.
fn is_first(view: &View<'_>, block: &str) -> bool {
    matches!(view.shape(&format!("{block}.conv_1.weight")), Some([_, _, 4, 4]))
}

fn sizes(view: &View<'_>, block: &str) -> Sizes {
    Sizes {
        latent: view.extent(&format!("{block}.conv_1.weight"), 0),
        w: None,
        classes: 0,
        channels: view.extent("rgb_converters.0.weight", 0),
    }
}

fn read(reader: &Reader<'_>, block: impl Fn(usize) -> String) -> Result<GeneratorWeights, CheckpointError> {
    // conf stands beside the state dict.
    let equalised = reader.beside(&format!("{}conf.use_eql", reader.parent())).and_then(Value::number) != Some(0.0);
    let scale = |fan_in: usize| if equalised { of_weight(2_f64.sqrt())(fan_in) } else { [1.0; 2] };
    let (shape, first) = reader.tensor(&format!("{}.conv_1.weight", block(0)), &[0, 0, 4, 4])?;
    let (latent_dim, outputs) = (shape[0], shape[1]);
    let bias = reader.row(&format!("{}.conv_1.bias", block(0)), &[outputs])?;
    let mut width = outputs;
    let mut levels = Vec::with_capacity(reader.levels());
    for b in 0..reader.levels() {
        let name = block(b);
        let enlarging = if b > 0 { Some(reader.conv(&format!("{name}.conv_1"), width, 3, scale)?) } else { None };
        width = enlarging.as_ref().map_or(width, |conv| conv.outputs);
        let second = reader.conv(&format!("{name}.conv_2"), width, 3, scale)?;
        width = second.outputs;
        let to_image = reader.conv(&format!("rgb_converters.{b}"), width, 1, scale)?;
        levels.push(Level { enlarging, second, to_image });
    }
    // A k4 pad3 convolution of a 1x1 map reads its kernel turned round.
    let first = turned(permuted(&first, [latent_dim, outputs, 4, 4], [1, 0, 2, 3]), 4);
    Ok(GeneratorWeights::ProGan(ProGanWeights {
        latent_dim,
        first_weight: scaled(first, scale(latent_dim)[0]),
        first_bias: bias.into_iter().flat_map(|x| [x; 16]).collect(),
        levels,
        normalises_first: false,
        ..ProGanWeights::usual()
    }))
}
