//! NVIDIA's StyleGAN2 in PyTorch (stylegan2-ada-pytorch, and the `stylegan2` configs of stylegan3): `synthesis.b4.const`,
//! `synthesis.b8.conv0.affine.weight`, in its pickles or in state dicts made of them.
//!
//! A pickle also has the modules' attributes: where activations are cut, the multiplier of the mapping's rate, the architecture.

use super::super::CheckpointError;
use super::super::source::Value;
use super::super::weights::GeneratorWeights;
use super::reader::{Reader, Usual, side};
use super::style2::{Axes, MappingKind, Synthesis, generator, mapping, mapping_sizes, side_of};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "StyleGAN2 (NVIDIA's layout)",
    family: Family::StyleGan2,
    marks: &["synthesis.b4.const"],
    is: |view| view.has("synthesis.b4.conv1.affine.weight"),
    side: |view| side(view.reach(|b| format!("synthesis.b{0}.conv1.weight", 4 << b))),
    sizes: |view| Sizes {
        channels: view.extent(&format!("synthesis.b{}.torgb.bias", (NAMES.side)(view)), 0),
        ..mapping_sizes(view, &MAPPING)
    },
    read,
};

const SYNTHESIS: Synthesis = Synthesis {
    axes: Axes::OutputsFirst,
    constant: "synthesis.b4.const",
    conv,
    image: |_, b| format!("synthesis.b{}.torgb.", 4 << b),
    weight: "weight",
    bias: "bias",
    image_bias: "bias",
    style: ["affine.weight", "affine.bias"],
    strength: "noise_strength",
    noise: |i| format!("{}noise_const", conv(i)),
    turned: false,
    style_offset: 0.0,
    filter: Some(("synthesis.b8.conv0.resample_filter", 1.0)),
    clamp: |reader, layer| reader.number(&format!("{layer}conv_clamp")).filter(|&clamp| clamp > 0.0),
};

const MAPPING: MappingKind = MappingKind {
    axes: Axes::OutputsFirst,
    layer: |i| format!("mapping.fc{i}."),
    gains: |reader, i| {
        // The bias's gain is the multiplier of the rate.
        let rate = reader.number(&format!("mapping.fc{i}.bias_gain")).unwrap_or(0.01);
        [rate * 2_f64.sqrt(); 2]
    },
    mean: Some("mapping.w_avg"),
    labels: None,
    embedding: Some("mapping.embed."),
};

const ACTIVATION: (&str, Usual) = ("activation", Usual::Word("lrelu"));

fn conv(i: usize) -> String {
    let (side, second) = side_of(i);
    format!("synthesis.b{side}.conv{second}.")
}

fn read(reader: &Reader<'_>) -> Result<GeneratorWeights, CheckpointError> {
    for b in 0..reader.levels() {
        let block = format!("synthesis.b{}", 4 << b);
        let is = |name: &str, word: &str| matches!(reader.value(&format!("{block}.{name}")), Some(Value::Text(text)) if text == word);
        if is("architecture", "resnet") || reader.has(&format!("{block}.skip.weight")) {
            return Err(reader.refuse("its architecture is 'resnet', which is not built in; 'skip' and 'orig' are"));
        }
        reader.refuse_other(&format!("{block}.conv0."), &[ACTIVATION])?;
        reader.refuse_other(&format!("{block}.conv1."), &[ACTIVATION])?;
    }
    for i in 0..reader.view().reach(|i| format!("mapping.fc{i}.weight")) {
        reader.refuse_other(&format!("mapping.fc{i}."), &[ACTIVATION])?;
    }
    if reader.value("synthesis.b4.conv1.conv_clamp").is_none() {
        reader.note(
            "it does not say at which value activations are clamped (conv_clamp); they are not clamped, which rarely \
             matters",
        );
    }
    generator(reader, &SYNTHESIS, mapping(reader, &MAPPING)?)
}
