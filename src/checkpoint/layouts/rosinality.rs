//! rosinality's stylegan2-pytorch: `conv1.conv.modulation.weight`, `convs.0.conv.weight`, `to_rgbs.0.conv.weight`; also as the
//! `decoder` of pSp, e4e and ReStyle.
//!
//! Values are NVIDIA's; kernels have an axis of 1 before, and the filter a gain of 4. The mean of w stands beside the generator, as
//! `latent_avg`, if it was kept; old files have no noise maps.

use super::super::CheckpointError;
use super::super::weights::Mapping;
use super::genforce_stylegan2::gains;
use super::reader::{Reader, side};
use super::style2::{Axes, MappingKind, Synthesis, generator, mapping, mapping_sizes};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "StyleGAN2 (rosinality's layout)",
    family: Family::StyleGan2,
    marks: &["conv1.conv.modulation.weight"],
    is: |view| view.has("input.input"),
    // By all that a level has, so that what is missing of the last is missed.
    side: |view| {
        let of_images = view.reach(|b| format!("to_rgbs.{b}.conv.weight"));
        let [first, second] = [0, 1].map(|i| view.reach(|b| format!("convs.{}.conv.weight", 2 * b + i)));
        side(1 + of_images.max(first).max(second))
    },
    sizes: |view| Sizes { channels: view.extent("to_rgb1.bias", 1), ..mapping_sizes(view, &MAPPING) },
    read: |reader| generator(reader, &SYNTHESIS, with_mean(reader, mapping(reader, &MAPPING)?)?),
};

const SYNTHESIS: Synthesis = Synthesis {
    axes: Axes::OneFirst,
    constant: "input.input",
    conv: |i| if i == 0 { "conv1.".to_owned() } else { format!("convs.{}.", i - 1) },
    image: |_, b| if b == 0 { "to_rgb1.".to_owned() } else { format!("to_rgbs.{}.", b - 1) },
    weight: "conv.weight",
    bias: "activate.bias",
    image_bias: "bias",
    style: ["conv.modulation.weight", "conv.modulation.bias"],
    strength: "noise.weight",
    noise: |i| format!("noises.noise_{i}"),
    turned: false,
    style_offset: 0.0,
    filter: Some(("convs.0.conv.blur.kernel", 4.0)),
    clamp: |_, _| None,
};

const MAPPING: MappingKind = MappingKind {
    axes: Axes::OutputsFirst,
    // Layer 0 of the list is the norm.
    layer: |i| format!("style.{}.", i + 1),
    gains,
    mean: None,
    labels: None,
    embedding: None,
};

/// The mean of w from beside the generator, or from further up.
fn with_mean(reader: &Reader<'_>, mut mapping: Mapping) -> Result<Mapping, CheckpointError> {
    let w_dim = mapping.w_dim();
    let mut place = reader.parent();
    loop {
        if let Some(mean) = reader.mean_at(&format!("{place}latent_avg"), w_dim)? {
            mapping.mean = Some(mean);
            break;
        }
        if place.is_empty() {
            break;
        }
        let up = place.trim_end_matches('.');
        place = &up[..up.rfind('.').map_or(0, |at| at + 1)];
    }
    Ok(mapping)
}
