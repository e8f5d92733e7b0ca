//! genforce's StyleGAN2, and its `stylegan2ada`: `synthesis.early_layer.const`, `synthesis.layer{i}.weight`,
//! `synthesis.output{b}.weight`.
//!
//! Enlarging convolutions have their kernels turned round, 1 is to be added to the styles' biases, and the filter has a gain of 4.

use super::reader::{Reader, side};
use super::style2::{Axes, MappingKind, Synthesis, generator, mapping, mapping_sizes};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "StyleGAN2 (genforce's layout)",
    family: Family::StyleGan2,
    marks: &["synthesis.early_layer.const"],
    is: |_| true,
    side: |view| side(view.reach(|b| format!("synthesis.layer{}.weight", 2 * b))),
    sizes: |view| Sizes { channels: view.extent("synthesis.output0.bias", 0), ..mapping_sizes(view, &MAPPING) },
    read: |reader| {
        if reader.shape("synthesis.layer1.weight").is_some_and(|shape| shape.ends_with(&[1, 1])) {
            return Err(reader.refuse("its architecture is 'resnet', which genforce itself cannot draw"));
        }
        generator(reader, &SYNTHESIS, mapping(reader, &MAPPING)?)
    },
};

const SYNTHESIS: Synthesis = Synthesis {
    axes: Axes::OutputsFirst,
    constant: "synthesis.early_layer.const",
    conv: |i| format!("synthesis.layer{i}."),
    image: |_, b| format!("synthesis.output{b}."),
    weight: "weight",
    bias: "bias",
    image_bias: "bias",
    style: ["style.weight", "style.bias"],
    strength: "noise_strength",
    noise: |i| format!("synthesis.layer{i}.noise"),
    turned: true,
    style_offset: 1.0,
    filter: Some(("synthesis.layer1.filter.kernel", 4.0)),
    clamp: |_, _| None,
};

const MAPPING: MappingKind = MappingKind {
    axes: Axes::OutputsFirst,
    layer: |i| format!("mapping.dense{i}."),
    gains,
    mean: Some("truncation.w_avg"),
    labels: Some("mapping.label_weight"),
    embedding: Some("mapping.LabelEmbed."),
};

/// The gain of sqrt 2 follows the activation, which can take it before.
pub(super) fn gains(_: &Reader<'_>, _: usize) -> [f64; 2] {
    [0.01 * 2_f64.sqrt(); 2]
}
