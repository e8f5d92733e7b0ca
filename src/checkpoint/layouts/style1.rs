//! StyleGAN's synthesis, whatever its names.

use super::super::CheckpointError;
use super::super::weights::{Conv, Dense, Enlarging, GeneratorWeights, Mapping, StyleGanLayer, StyleGanWeights};
use super::reader::{Fused, Reader, permuted, scaled};
use super::style2::{Axes, channel_noise, constant, style};

/// How a layout names and keeps it.
pub(super) struct Synthesis {
    pub(super) axes: Axes,
    pub(super) constant: &'static str,
    /// What stands before the names of layer i's tensors.
    pub(super) layer: fn(usize) -> String,
    /// The same of the layer to an image of level b.
    pub(super) image: fn(&Reader<'_>, usize) -> String,
    pub(super) style: [&'static str; 2],
    pub(super) strength: &'static str,
    /// The noise map of layer i.
    pub(super) noise: fn(usize) -> String,
    pub(super) lod: &'static str,
    /// Whether an enlarging layer of this side is a transposed convolution, where the file says it.
    pub(super) fused: fn(&Reader<'_>) -> Fused,
}

/// From this side on the codes take transposed convolutions unless told otherwise.
const FUSED_FROM: usize = 128;

/// Reads a StyleGAN whose mapping is read.
pub(super) fn generator(
    reader: &Reader<'_>,
    kind: &Synthesis,
    mapping: Mapping,
) -> Result<GeneratorWeights, CheckpointError> {
    if reader.final_tanh() {
        return Err(reader.refuse("a StyleGAN with a tanh at its end is not built in"));
    }
    let w_dim = mapping.w_dim();
    let constant = constant(reader, kind.constant)?;
    let fused = (kind.fused)(reader);
    let mut inputs = constant.len() / 16;
    let (mut layers, mut to_images) = (Vec::new(), Vec::new());
    for b in 0..reader.levels() {
        for i in [2 * b, 2 * b + 1] {
            let layer = layer(reader, kind, i, inputs, w_dim, fused)?;
            inputs = layer.conv.as_ref().map_or(inputs, |conv| conv.outputs);
            layers.push(layer);
        }
        to_images.push(conv(reader, kind.axes, &(kind.image)(reader, b), inputs, 1, 1.0)?);
    }
    let lod = reader.lod(kind.lod)?;
    Ok(GeneratorWeights::StyleGan(StyleGanWeights { mapping, constant, layers, to_images, lod }))
}

fn layer(
    reader: &Reader<'_>,
    kind: &Synthesis,
    i: usize,
    inputs: usize,
    w_dim: usize,
    fused: Fused,
) -> Result<StyleGanLayer, CheckpointError> {
    let (name, side) = ((kind.layer)(i), 4 << (i / 2));
    let conv = if i > 0 { Some(conv(reader, kind.axes, &name, inputs, 3, 2_f64.sqrt())?) } else { None };
    let bias = if i > 0 { Vec::new() } else { reader.row(&format!("{name}bias"), &[inputs])? };
    let channels = conv.as_ref().map_or(inputs, |conv| conv.outputs);
    let noise = channel_noise(reader, &format!("{name}{}", kind.strength), &(kind.noise)(i), channels, side)?;
    let names = kind.style.map(|part| format!("{name}{part}"));
    let mut style: Dense = style(reader, kind.axes, names, 2 * channels, w_dim)?;
    // The first half are factors, to which the codes add 1 where they are used.
    style.bias[..channels].iter_mut().for_each(|x| *x += 1.0);
    let is_fused = match fused {
        Fused::Auto => side >= FUSED_FROM,
        Fused::Yes => true,
        Fused::No => false,
    };
    let enlarging =
        (i >= 2 && i.is_multiple_of(2)).then_some(if is_fused { Enlarging::Fused } else { Enlarging::Nearest });
    Ok(StyleGanLayer { conv, enlarging, bias, noise, style })
}

fn conv(
    reader: &Reader<'_>,
    axes: Axes,
    name: &str,
    inputs: usize,
    k: usize,
    gain: f64,
) -> Result<Conv, CheckpointError> {
    let weight = format!("{name}weight");
    let (outputs, numbers) = if axes == Axes::OutputsLast {
        let (shape, numbers) = reader.tensor(&weight, &[k, k, inputs, 0])?;
        (shape[3], permuted(&numbers, [k, k, inputs, shape[3]], [3, 2, 0, 1]))
    } else {
        let (shape, numbers) = reader.tensor(&weight, &[0, inputs, k, k])?;
        (shape[0], numbers)
    };
    let bias = reader.row(&format!("{name}bias"), &[outputs])?;
    Ok(Conv { weight: scaled(numbers, gain / ((inputs * k * k) as f64).sqrt()), bias, inputs, outputs })
}
