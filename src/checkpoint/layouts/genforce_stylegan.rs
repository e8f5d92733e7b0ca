//! genforce's StyleGAN: `synthesis.layer0.const`, `synthesis.layer{i}.style.weight`, `mapping.dense{i}.weight`.
//!
//! Where side and file leave it open, an enlarging layer is a transposed convolution from side 128 on (its `fused_scale` of
//! `auto`). The weight has the same axes in both cases.

use super::reader::{Fused, Reader, side};
use super::style1::{Synthesis, generator};
use super::style2::{Axes, MappingKind, mapping, mapping_sizes};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "StyleGAN (genforce's layout)",
    family: Family::StyleGan,
    marks: &["synthesis.layer0.style.weight"],
    is: |view| !view.has("synthesis.early_layer.const") && !view.has("synthesis.early_layer.weight"),
    side: |view| side(view.reach(|b| format!("synthesis.output{b}.weight"))),
    sizes: |view| Sizes { channels: view.extent("synthesis.output0.weight", 0), ..mapping_sizes(view, &MAPPING) },
    read: |reader| generator(reader, &SYNTHESIS, mapping(reader, &MAPPING)?),
};

const SYNTHESIS: Synthesis = Synthesis {
    axes: Axes::OutputsFirst,
    constant: "synthesis.layer0.const",
    layer: |i| format!("synthesis.layer{i}."),
    image: |_, b| format!("synthesis.output{b}."),
    style: ["style.weight", "style.bias"],
    strength: "apply_noise.weight",
    noise: |i| format!("synthesis.layer{i}.apply_noise.noise"),
    lod: "synthesis.lod",
    fused: |reader| {
        if reader.fused_scale() == Fused::Auto && reader.levels() > 1 {
            reader.note(
                "it does not say whether genforce's fused_scale was used: it is assumed from side 128 on; \
                 --fused-scale overrides this",
            );
        }
        reader.fused_scale()
    },
};

const MAPPING: MappingKind = MappingKind {
    axes: Axes::OutputsFirst,
    layer: |i| format!("mapping.dense{i}."),
    gains,
    mean: Some("truncation.w_avg"),
    labels: Some("mapping.label_weight"),
    embedding: None,
};

/// StyleGAN has its gain in the weight; no gain follows the activation.
pub(super) fn gains(_: &Reader<'_>, _: usize) -> [f64; 2] {
    [0.01 * 2_f64.sqrt(), 0.01]
}
