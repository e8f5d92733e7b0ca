//! genforce's ProGAN, and gan-lab's own: `layer0.weight`, …, `output0.weight`, ….
//!
//! A weight is multiplied by gain / sqrt(fan in), the bias is not; layers to an image have gain 1, the others sqrt 2. With
//! `fused_scale` an enlarging layer is a transposed convolution `[inputs, outputs, 3, 3]`, which is what the plain one does whose
//! kernel is turned round.

use super::super::CheckpointError;
use super::super::weights::{Conv, GeneratorWeights, Level, ProGanWeights};
use super::reader::{Fused, Reader, of_weight, permuted, scaled, side, turned};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "ProGAN (genforce's layout)",
    family: Family::ProGan,
    marks: &["layer0.weight"],
    is: |view| {
        view.has("output0.weight")
            && view.shape("layer0.weight").is_some_and(|shape| shape.len() == 4)
            && !view.has("layer0.style.weight")
    },
    side: |view| side(view.reach(|b| format!("output{b}.weight"))),
    sizes: |view| Sizes {
        latent: view.extent("layer0.weight", 1),
        w: None,
        classes: 0,
        channels: view.extent("output0.weight", 0),
    },
    read,
};

fn read(reader: &Reader<'_>) -> Result<GeneratorWeights, CheckpointError> {
    let (shape, first) = reader.tensor("layer0.weight", &[0, 0, 4, 4])?;
    let (outputs, latent_dim) = (shape[0], shape[1]);
    if reader.label_size() > 0 {
        return Err(reader.refuse(
            "genforce's ProGAN with labels is not built in: it normalises the code, appends the label, and normalises \
             both together",
        ));
    }
    let first_bias = match reader.shape("layer0.bias").map(<[usize]>::len) {
        Some(3) => reader.row("layer0.bias", &[outputs, 4, 4])?,
        _ => reader.row("layer0.bias", &[outputs])?.into_iter().flat_map(|x| [x; 16]).collect(),
    };
    let fused = is_fused(reader);
    let mut width = outputs;
    let mut levels = Vec::with_capacity(reader.levels());
    for b in 0..reader.levels() {
        let name = format!("layer{}", 2 * b);
        let enlarging = match (b, fused) {
            (0, _) => None,
            (_, false) => Some(reader.conv(&name, width, 3, of_weight(2_f64.sqrt()))?),
            (_, true) => Some(transposed(reader, &name, width)?),
        };
        width = enlarging.as_ref().map_or(width, |conv| conv.outputs);
        let second = reader.conv(&format!("layer{}", 2 * b + 1), width, 3, of_weight(2_f64.sqrt()))?;
        width = second.outputs;
        let to_image = reader.conv(&format!("output{b}"), width, 1, of_weight(1.0))?;
        levels.push(Level { enlarging, second, to_image });
    }
    let scale = 2_f64.sqrt() / ((latent_dim * 16) as f64).sqrt();
    let weights = ProGanWeights {
        latent_dim,
        first_weight: scaled(first, scale),
        first_bias,
        levels,
        lod: reader.lod("lod")?,
        tanh: reader.final_tanh(),
        ..ProGanWeights::usual()
    };
    Ok(GeneratorWeights::ProGan(noted(reader, weights)?))
}

/// Whether enlarging layers are transposed convolutions: where inputs and outputs are unequally many their shapes tell.
fn is_fused(reader: &Reader<'_>) -> bool {
    let width = |name: &str| reader.shape(name).and_then(<[usize]>::first).copied();
    let mut told = None;
    for b in 1..reader.levels() {
        let weight = reader.shape(&format!("layer{}.weight", 2 * b));
        let (before, after) = (width(&format!("layer{}.bias", 2 * b - 1)), width(&format!("layer{}.bias", 2 * b)));
        if let (Some(&[first, second, 3, 3]), Some(before), Some(after)) = (weight, before, after)
            && before != after
        {
            told = told.or(Some((first, second) == (before, after)));
        }
    }
    match (told, reader.fused_scale()) {
        (Some(told), _) => told,
        (None, Fused::Yes) => true,
        (None, Fused::No) => false,
        (None, Fused::Auto) => {
            // Our own files are never fused.
            if reader.levels() > 1 && reader.source_note().is_none() {
                reader.note(
                    "its shapes do not show whether genforce's fused_scale was used: if pictures look torn, use --fused-scale yes",
                );
            }
            false
        }
    }
}

/// A transposed convolution's kernel, as the convolution's after a nearest-neighbour enlargement.
pub(super) fn transposed(reader: &Reader<'_>, name: &str, inputs: usize) -> Result<Conv, CheckpointError> {
    let (shape, weight) = reader.tensor(&format!("{name}.weight"), &[inputs, 0, 3, 3])?;
    let outputs = shape[1];
    let bias = reader.row(&format!("{name}.bias"), &[outputs])?;
    let weight = turned(permuted(&weight, [inputs, outputs, 3, 3], [1, 0, 2, 3]), 3);
    Ok(Conv { weight: scaled(weight, (2.0 / (inputs * 9) as f64).sqrt()), bias, inputs, outputs })
}

/// What gan-lab's own files say in their note, because the layout has no place for it.
fn noted(reader: &Reader<'_>, mut weights: ProGanWeights) -> Result<ProGanWeights, CheckpointError> {
    let Some(note) = reader.source_note() else { return Ok(weights) };
    let note = &note["generator"];
    if let Some(slope) = note["negative_slope"].as_f64() {
        weights.negative_slope = slope;
    }
    if let Some(is) = note["normalises_first"].as_bool() {
        weights.normalises_first = is;
    }
    weights.tanh |= note["tanh"].as_bool().unwrap_or(false);
    weights.classes = note["classes"].as_u64().map_or(0, |n| n as usize);
    if weights.classes >= weights.latent_dim {
        return Err(reader.refuse(format!(
            "its note says that there are {} classes, but it has only {} inputs",
            weights.classes, weights.latent_dim
        )));
    }
    Ok(weights)
}
