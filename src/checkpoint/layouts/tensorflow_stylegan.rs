//! NVIDIA's StyleGAN in TensorFlow: `synthesis/4x4/Const/const`, `synthesis/8x8/Conv0_up/StyleMod/weight`,
//! `synthesis/ToRGB_lod0/weight`, lod 0 being the last side.
//!
//! Kernels are `[k, k, inputs, outputs]`, also those of transposed convolutions, and matrices `[inputs, outputs]`.

use super::super::source::Value;
use super::genforce_stylegan::gains;
use super::reader::{Fused, Reader, Usual, side};
use super::style1::{Synthesis, generator};
use super::style2::{Axes, MappingKind, mapping, mapping_sizes};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "StyleGAN (NVIDIA's TensorFlow layout)",
    family: Family::StyleGan,
    marks: &["synthesis/4x4/Const/StyleMod/weight"],
    is: |_| true,
    side: |view| side(view.reach(|k| format!("synthesis/ToRGB_lod{k}/weight"))),
    sizes: |view| Sizes { channels: view.extent("synthesis/ToRGB_lod0/bias", 0), ..mapping_sizes(view, &MAPPING) },
    read: |reader| {
        reader.refuse_other(
            "static_kwargs.",
            &[
                ("nonlinearity", Usual::Word("lrelu")),
                ("mapping_nonlinearity", Usual::Word("lrelu")),
                ("use_wscale", Usual::Is(true)),
                ("mapping_use_wscale", Usual::Is(true)),
                ("normalize_latents", Usual::Is(true)),
                ("use_pixel_norm", Usual::Is(false)),
                ("use_instance_norm", Usual::Is(true)),
                ("use_styles", Usual::Is(true)),
                ("blur_filter", Usual::Taps(&[1.0, 2.0, 1.0])),
            ],
        )?;
        generator(reader, &SYNTHESIS, mapping(reader, &MAPPING)?)
    },
};

const SYNTHESIS: Synthesis = Synthesis {
    axes: Axes::OutputsLast,
    constant: "synthesis/4x4/Const/const",
    layer: |i| {
        let side = 4 << (i / 2);
        let name = match i {
            0 => "Const",
            1 => "Conv",
            _ if i % 2 == 0 => "Conv0_up",
            _ => "Conv1",
        };
        format!("synthesis/{side}x{side}/{name}/")
    },
    image: |reader, b| format!("synthesis/ToRGB_lod{}/", reader.levels() - 1 - b),
    style: ["StyleMod/weight", "StyleMod/bias"],
    strength: "Noise/weight",
    noise: |i| format!("synthesis/noise{i}"),
    lod: "synthesis/lod",
    fused,
};

/// What it was made with; its own default is `auto`.
fn fused(reader: &Reader<'_>) -> Fused {
    match reader.value("static_kwargs.fused_scale") {
        Some(Value::Bool(true)) => Fused::Yes,
        Some(Value::Bool(false)) => Fused::No,
        _ => reader.fused_scale(),
    }
}

const MAPPING: MappingKind = MappingKind {
    axes: Axes::OutputsLast,
    layer: |i| format!("mapping/Dense{i}/"),
    gains: |reader, i| {
        let usual = gains(reader, i);
        let times = reader.number("static_kwargs.mapping_lrmul").unwrap_or(0.01) / 0.01;
        usual.map(|gain| gain * times)
    },
    mean: Some("dlatent_avg"),
    labels: Some("mapping/LabelConcat/weight"),
    embedding: None,
};
