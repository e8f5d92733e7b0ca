//! NVIDIA's StyleGAN2 and StyleGAN2-ADA in TensorFlow: `synthesis/4x4/Const/const`, `synthesis/8x8/Conv0_up/mod_weight`,
//! `synthesis/8x8/ToRGB/weight`.
//!
//! Kernels are `[k, k, inputs, outputs]`, those of `Conv0_up` turned round as well, matrices `[inputs, outputs]`, and 1 is to be
//! added to the styles' biases. `ToRGB_lod0` is the last layer to an image of a model that has no other.

use super::super::CheckpointError;
use super::super::source::Value;
use super::super::weights::GeneratorWeights;
use super::genforce_stylegan2::gains;
use super::reader::{Reader, Usual, side};
use super::style2::{Axes, MappingKind, Synthesis, generator, mapping, mapping_sizes, side_of};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "StyleGAN2 (NVIDIA's TensorFlow layout)",
    family: Family::StyleGan2,
    marks: &["synthesis/4x4/Const/const"],
    is: |view| view.has("synthesis/4x4/Conv/mod_weight"),
    side: |view| {
        side(view.reach(|b| if b == 0 { format!("{}weight", conv(0)) } else { format!("{}weight", conv(2 * b)) }))
    },
    sizes: |view| Sizes {
        channels: {
            let side = (NAMES.side)(view);
            view.extent(&format!("synthesis/{side}x{side}/ToRGB/bias"), 0)
                .max(view.extent("synthesis/ToRGB_lod0/bias", 0))
        },
        ..mapping_sizes(view, &MAPPING)
    },
    read,
};

const SYNTHESIS: Synthesis = Synthesis {
    axes: Axes::OutputsLast,
    constant: "synthesis/4x4/Const/const",
    conv,
    image: |reader, b| {
        let side = 4 << b;
        let lod = format!("synthesis/ToRGB_lod{}/", reader.levels() - 1 - b);
        if reader.has(&format!("{lod}weight")) { lod } else { format!("synthesis/{side}x{side}/ToRGB/") }
    },
    weight: "weight",
    bias: "bias",
    image_bias: "bias",
    style: ["mod_weight", "mod_bias"],
    strength: "noise_strength",
    noise: |i| format!("synthesis/noise{i}"),
    turned: true,
    style_offset: 1.0,
    filter: None,
    clamp: |reader, _| reader.number("static_kwargs.conv_clamp"),
};

const MAPPING: MappingKind = MappingKind {
    axes: Axes::OutputsLast,
    layer: |i| format!("mapping/Dense{i}/"),
    gains: |reader, i| {
        let times = reader.number("static_kwargs.mapping_lrmul").unwrap_or(0.01) / 0.01;
        gains(reader, i).map(|gain| gain * times)
    },
    mean: Some("dlatent_avg"),
    labels: Some("mapping/LabelConcat/weight"),
    embedding: Some("mapping/LabelEmbed/"),
};

fn conv(i: usize) -> String {
    let (side, second) = side_of(i);
    let name = match (i, second) {
        (0, _) => "Conv",
        (_, 0) => "Conv0_up",
        _ => "Conv1",
    };
    format!("synthesis/{side}x{side}/{name}/")
}

fn read(reader: &Reader<'_>) -> Result<GeneratorWeights, CheckpointError> {
    let is_resnet = matches!(reader.value("static_kwargs.architecture"), Some(Value::Text(word)) if word == "resnet");
    if is_resnet || reader.has("synthesis/8x8/Skip/weight") {
        return Err(reader.refuse("its architecture is 'resnet', which is not built in; 'skip' and 'orig' are"));
    }
    reader.refuse_other(
        "static_kwargs.",
        &[
            ("nonlinearity", Usual::Word("lrelu")),
            ("mapping_nonlinearity", Usual::Word("lrelu")),
            ("normalize_latents", Usual::Is(true)),
            ("resample_kernel", Usual::Taps(&[1.0, 3.0, 3.0, 1.0])),
        ],
    )?;
    let weights = generator(reader, &SYNTHESIS, mapping(reader, &MAPPING)?)?;
    // Where each side has a ToRGB_lod the last alone is drawn.
    Ok(match weights {
        GeneratorWeights::StyleGan2(mut weights) => {
            weights.skips &= !reader.has("synthesis/ToRGB_lod0/weight");
            GeneratorWeights::StyleGan2(weights)
        }
        other => other,
    })
}
