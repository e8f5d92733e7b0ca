//! NVIDIA's ProGAN in TensorFlow: `4x4/Dense/weight`, `8x8/Conv0/weight` (or `Conv0_up`), …, `ToRGB_lod0/weight`, lod 0 being the
//! last side.
//!
//! Constants are genforce's. Kernels are `[3, 3, inputs, outputs]`, of `Conv0_up`, a transposed convolution, `[3, 3, outputs,
//! inputs]`; the first layer is a matrix `[latent, 16 outputs]`, whose places are genforce's turned round.

use super::super::CheckpointError;
use super::super::source::Value;
use super::super::weights::{Conv, GeneratorWeights, Level, ProGanWeights};
use super::reader::{Reader, Usual, permuted, scaled, side, turned};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "ProGAN (NVIDIA's TensorFlow layout)",
    family: Family::ProGan,
    marks: &["4x4/Dense/weight"],
    is: |view| view.has("ToRGB_lod0/weight"),
    side: |view| side(view.reach(|k| format!("ToRGB_lod{k}/weight"))),
    sizes: |view| {
        let classes = view.number("static_kwargs.label_size").map_or(0, |n| n.max(0.0) as usize);
        let latent = view.extent("4x4/Dense/weight", 0).saturating_sub(classes);
        Sizes { latent, w: None, classes, channels: view.extent("ToRGB_lod0/bias", 0) }
    },
    read,
};

fn read(reader: &Reader<'_>) -> Result<GeneratorWeights, CheckpointError> {
    reader.refuse_other(
        "static_kwargs.",
        &[
            ("use_wscale", Usual::Is(true)),
            ("use_pixelnorm", Usual::Is(true)),
            ("normalize_latents", Usual::Is(true)),
            ("use_leakyrelu", Usual::Is(true)),
            ("pixelnorm_epsilon", Usual::Number(1e-8)),
        ],
    )?;
    let (shape, first) = reader.tensor("4x4/Dense/weight", &[0, 0])?;
    let (latent_dim, outputs) = (shape[0], shape[1] / 16);
    if shape[1] % 16 != 0 {
        return Err(reader.refuse(format!("'4x4/Dense/weight' has {} columns, not 16 for each feature map", shape[1])));
    }
    let bias = reader.row("4x4/Dense/bias", &[outputs])?;
    let mut width = outputs;
    let mut levels = Vec::with_capacity(reader.levels());
    for b in 0..reader.levels() {
        let res = 4 << b;
        let enlarging = match b {
            0 => None,
            _ if reader.has(&format!("{res}x{res}/Conv0_up/weight")) => {
                Some(enlarging(reader, &format!("{res}x{res}/Conv0_up"), width)?)
            }
            _ => Some(conv(reader, &format!("{res}x{res}/Conv0"), width, 3, 2_f64.sqrt())?),
        };
        width = enlarging.as_ref().map_or(width, |conv| conv.outputs);
        let name = if b == 0 { "4x4/Conv".to_owned() } else { format!("{res}x{res}/Conv1") };
        let second = conv(reader, &name, width, 3, 2_f64.sqrt())?;
        width = second.outputs;
        let to_image = conv(reader, &format!("ToRGB_lod{}", reader.levels() - 1 - b), width, 1, 1.0)?;
        levels.push(Level { enlarging, second, to_image });
    }
    let labels = reader.number("static_kwargs.label_size").map_or_else(|| reader.label_size(), |n| n.max(0.0) as usize);
    if labels >= latent_dim {
        return Err(
            reader.refuse(format!("it has {latent_dim} inputs, which cannot be {labels} label inputs and a code"))
        );
    }
    let tanh = matches!(reader.value("static_kwargs.tanh_at_end"), Some(Value::Bool(true)));
    // [latent, o, place] as [o, latent, place], turned round.
    let first = turned(permuted(&first, [1, latent_dim, outputs, 16], [0, 2, 1, 3]), 4);
    Ok(GeneratorWeights::ProGan(ProGanWeights {
        latent_dim,
        first_weight: scaled(first, 2_f64.sqrt() / ((latent_dim * 16) as f64).sqrt()),
        first_bias: bias.into_iter().flat_map(|x| [x; 16]).collect(),
        levels,
        lod: reader.lod("lod")?,
        tanh: tanh || reader.final_tanh(),
        classes: labels,
        ..ProGanWeights::usual()
    }))
}

/// A convolution whose kernel has outputs last.
fn conv(reader: &Reader<'_>, name: &str, inputs: usize, k: usize, gain: f64) -> Result<Conv, CheckpointError> {
    let (shape, weight) = reader.tensor(&format!("{name}/weight"), &[k, k, inputs, 0])?;
    let outputs = shape[3];
    let bias = reader.row(&format!("{name}/bias"), &[outputs])?;
    let weight = permuted(&weight, [k, k, inputs, outputs], [3, 2, 0, 1]);
    Ok(Conv { weight: scaled(weight, gain / ((inputs * k * k) as f64).sqrt()), bias, inputs, outputs })
}

/// A transposed convolution, as the convolution after a nearest-neighbour enlargement that does the same.
fn enlarging(reader: &Reader<'_>, name: &str, inputs: usize) -> Result<Conv, CheckpointError> {
    let (shape, weight) = reader.tensor(&format!("{name}/weight"), &[3, 3, 0, inputs])?;
    let outputs = shape[2];
    let bias = reader.row(&format!("{name}/bias"), &[outputs])?;
    let weight = turned(permuted(&weight, [3, 3, outputs, inputs], [2, 3, 0, 1]), 3);
    Ok(Conv { weight: scaled(weight, (2.0 / (inputs * 9) as f64).sqrt()), bias, inputs, outputs })
}
