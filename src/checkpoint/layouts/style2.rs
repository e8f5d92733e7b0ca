//! StyleGAN2 and mapping networks, whatever their names: what each layout's file says of its names and orders of axes, and one
//! way to read by it.

use super::super::CheckpointError;
use super::super::weights::{
    Classes, Dense, GeneratorWeights, Mapping, Noise, StyleGan2Conv, StyleGan2ToImage, StyleGan2Weights,
};
use super::Sizes;
use super::reader::{Reader, View, of_weight, permuted, scaled, transposed, turned};

/// In which order a kernel's axes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axes {
    /// `[outputs, inputs, k, k]`; fully connected `[outputs, inputs]`.
    OutputsFirst,
    /// `[1, outputs, inputs, k, k]`; fully connected as before.
    OneFirst,
    /// `[k, k, inputs, outputs]`; fully connected `[inputs, outputs]`.
    OutputsLast,
}

/// How a layout names and keeps a StyleGAN2's synthesis.
pub(super) struct Synthesis {
    pub(super) axes: Axes,
    /// `[channels, 4, 4]`, or the same with an axis of 1 before.
    pub(super) constant: &'static str,
    /// What stands before the names of convolution i's tensors.
    pub(super) conv: fn(usize) -> String,
    /// The same of the layer to an image of level b.
    pub(super) image: fn(&Reader<'_>, usize) -> String,
    pub(super) weight: &'static str,
    pub(super) bias: &'static str,
    /// Of the layer to an image.
    pub(super) image_bias: &'static str,
    pub(super) style: [&'static str; 2],
    pub(super) strength: &'static str,
    /// The noise map of convolution i.
    pub(super) noise: fn(usize) -> String,
    /// Whether enlarging convolutions have their kernels turned round.
    pub(super) turned: bool,
    /// What is to be added to a style's bias.
    pub(super) style_offset: f32,
    /// The filter, and the sum of its taps.
    pub(super) filter: Option<(&'static str, f64)>,
    /// Where activations of a layer are cut.
    pub(super) clamp: fn(&Reader<'_>, &str) -> Option<f64>,
}

/// The numbers of 3x3 convolutions as `synthesis.b8.conv0` and the like have them: side, then which of the side's two.
pub(super) fn side_of(i: usize) -> (usize, usize) {
    (4 << i.div_ceil(2), usize::from(i.is_multiple_of(2)))
}

/// Reads a StyleGAN2 whose mapping is read.
pub(super) fn generator(
    reader: &Reader<'_>,
    kind: &Synthesis,
    mapping: Mapping,
) -> Result<GeneratorWeights, CheckpointError> {
    if reader.final_tanh() {
        return Err(reader.refuse("a StyleGAN2 with a tanh at its end is not built in"));
    }
    let w_dim = mapping.w_dim();
    let constant = constant(reader, kind.constant)?;
    let last = reader.levels() - 1;
    let mut convs = Vec::with_capacity(2 * last + 1);
    let mut inputs = constant.len() / 16;
    for i in 0..=2 * last {
        let conv = conv(reader, kind, i, inputs, w_dim)?;
        inputs = conv.outputs;
        convs.push(conv);
    }
    let drawn: Vec<bool> =
        (0..=last).map(|b| reader.has(&format!("{}{}", (kind.image)(reader, b), kind.weight))).collect();
    // The last alone where no other is there; else each must be.
    let skips = drawn[..last].iter().any(|&is| is) || last == 0;
    let mut to_images: Vec<StyleGan2ToImage> = Vec::with_capacity(last + 1);
    for (b, &is_drawn) in drawn.iter().enumerate() {
        let inputs = convs[2 * b].outputs;
        to_images.push(if skips || is_drawn || b == last {
            image(reader, kind, b, inputs, w_dim)?
        } else {
            StyleGan2ToImage {
                weight: Vec::new(),
                inputs,
                style: nothing(inputs, w_dim),
                bias: Vec::new(),
                clamp: None,
            }
        });
    }
    let channels = to_images[last].bias.len();
    for image in &mut to_images {
        // A layer that is not there draws nothing.
        if image.bias.is_empty() {
            image.weight = vec![0.0; channels * image.inputs];
            image.bias = vec![0.0; channels];
        }
    }
    let filter = filter(reader, kind)?;
    let weights = StyleGan2Weights { mapping, constant, convs, to_images, skips, filter };
    Ok(GeneratorWeights::StyleGan2(weights))
}

fn nothing(outputs: usize, inputs: usize) -> Dense {
    Dense { weight: vec![0.0; outputs * inputs], bias: vec![0.0; outputs], inputs, outputs }
}

/// What every image begins from.
pub(super) fn constant(reader: &Reader<'_>, name: &str) -> Result<Vec<f32>, CheckpointError> {
    if let Some(&[.., height, width]) = reader.shape(name)
        && (height, width) != (4, 4)
    {
        let words = format!("its images begin from {height} x {width} ('{name}'); only 4 x 4 is built in");
        return Err(reader.refuse(words));
    }
    reader.either(name, &[0, 4, 4], &[1, 0, 4, 4])
}

/// A kernel as `[outputs, inputs, k, k]`, and how many outputs it has.
fn kernel(
    reader: &Reader<'_>,
    axes: Axes,
    name: &str,
    inputs: usize,
    k: usize,
) -> Result<(usize, Vec<f32>), CheckpointError> {
    Ok(match axes {
        Axes::OutputsFirst => {
            let (shape, weight) = reader.tensor(name, &[0, inputs, k, k])?;
            (shape[0], weight)
        }
        Axes::OneFirst => {
            let (shape, weight) = reader.tensor(name, &[1, 0, inputs, k, k])?;
            (shape[1], weight)
        }
        Axes::OutputsLast => {
            let (shape, weight) = reader.tensor(name, &[k, k, inputs, 0])?;
            (shape[3], permuted(&weight, [k, k, inputs, shape[3]], [3, 2, 0, 1]))
        }
    })
}

/// From w to a number for each of `outputs`.
pub(super) fn style(
    reader: &Reader<'_>,
    axes: Axes,
    [weight, bias]: [String; 2],
    outputs: usize,
    w_dim: usize,
) -> Result<Dense, CheckpointError> {
    let numbers = match axes {
        Axes::OutputsLast => transposed(&reader.row(&weight, &[w_dim, outputs])?, [w_dim, outputs]),
        _ => reader.row(&weight, &[outputs, w_dim])?,
    };
    let weight = scaled(numbers, 1.0 / (w_dim as f64).sqrt());
    Ok(Dense { weight, bias: reader.row(&bias, &[outputs])?, inputs: w_dim, outputs })
}

fn modulation(
    reader: &Reader<'_>,
    kind: &Synthesis,
    name: &str,
    inputs: usize,
    w_dim: usize,
) -> Result<Dense, CheckpointError> {
    let names = kind.style.map(|part| format!("{name}{part}"));
    let mut dense = style(reader, kind.axes, names, inputs, w_dim)?;
    if kind.style_offset != 0.0 {
        dense.bias.iter_mut().for_each(|x| *x += kind.style_offset);
    }
    Ok(dense)
}

fn conv(
    reader: &Reader<'_>,
    kind: &Synthesis,
    i: usize,
    inputs: usize,
    w_dim: usize,
) -> Result<StyleGan2Conv, CheckpointError> {
    let name = (kind.conv)(i);
    let (outputs, mut weight) = kernel(reader, kind.axes, &format!("{name}{}", kind.weight), inputs, 3)?;
    if kind.turned && i % 2 == 1 {
        weight = turned(weight, 3);
    }
    let style = modulation(reader, kind, &name, inputs, w_dim)?;
    let bias = reader.row(&format!("{name}{}", kind.bias), &[outputs])?;
    let strength = format!("{name}{}", kind.strength);
    let noise = if reader.has(&strength) {
        let strength = reader.either(&strength, &[], &[1])?;
        Some(reader.noise(strength, &(kind.noise)(i), side_of(i).0)?)
    } else {
        None
    };
    let clamp = (kind.clamp)(reader, &name).map(|clamp| clamp as f32);
    Ok(StyleGan2Conv { weight, inputs, outputs, style, bias, noise, clamp })
}

fn image(
    reader: &Reader<'_>,
    kind: &Synthesis,
    b: usize,
    inputs: usize,
    w_dim: usize,
) -> Result<StyleGan2ToImage, CheckpointError> {
    let name = (kind.image)(reader, b);
    let (channels, weight) = kernel(reader, kind.axes, &format!("{name}{}", kind.weight), inputs, 1)?;
    let weight = scaled(weight, 1.0 / (inputs as f64).sqrt());
    let style = modulation(reader, kind, &name, inputs, w_dim)?;
    let bias = reader.either(&format!("{name}{}", kind.image_bias), &[channels], &[1, channels, 1, 1])?;
    let clamp = (kind.clamp)(reader, &name).map(|clamp| clamp as f32);
    Ok(StyleGan2ToImage { weight, inputs, style, bias, clamp })
}

/// The filter `[1, 3, 3, 1]` in both directions, as every published model has it.
pub(super) fn usual_filter() -> Vec<f32> {
    let taps = [1.0, 3.0, 3.0, 1.0_f32];
    taps.iter().flat_map(|a| taps.iter().map(move |b| a * b / 64.0)).collect()
}

fn filter(reader: &Reader<'_>, kind: &Synthesis) -> Result<Vec<f32>, CheckpointError> {
    let Some((name, gain)) = kind.filter.filter(|(name, _)| reader.has(name)) else { return Ok(usual_filter()) };
    let shape = reader.shape(name).unwrap_or_default().to_vec();
    let taps = shape.last().copied().unwrap_or(0);
    if !(1..=12).contains(&taps) {
        return Err(reader.refuse(format!("its filter '{name}' has {taps} taps; published ones have 4")));
    }
    let values = scaled(reader.row(name, &shape)?, 1.0 / gain);
    let square = match values.len() {
        // A filter that is the same in both directions.
        n if n == taps && shape.len() == 1 => values.iter().flat_map(|a| values.iter().map(move |b| a * b)).collect(),
        n if n == taps * taps => values,
        _ => return Err(reader.refuse(format!("its filter '{name}' {shape:?} is not square"))),
    };
    let sum: f64 = square.iter().map(|&x| f64::from(x)).sum();
    if (sum - 1.0).abs() > 1e-3 {
        return Err(reader.refuse(format!("its filter '{name}' has the sum {sum}; 1 is expected")));
    }
    Ok(square)
}

/// How a layout names a mapping network, and its constants.
pub(super) struct MappingKind {
    pub(super) axes: Axes,
    /// Layer i, and what stands before `weight` and `bias`.
    pub(super) layer: fn(usize) -> String,
    /// The gain of layer i's weight without its fan in, and that of its bias; a `LeakyReLU` follows without a gain.
    pub(super) gains: fn(&Reader<'_>, usize) -> [f64; 2],
    /// The mean of w.
    pub(super) mean: Option<&'static str>,
    /// A matrix `[classes, latent]` without a bias.
    pub(super) labels: Option<&'static str>,
    /// A fully connected layer from classes, and what stands before `weight` and `bias`.
    pub(super) embedding: Option<&'static str>,
}

/// What the shapes of a mapping network say.
pub(super) fn mapping_sizes(view: &View<'_>, kind: &MappingKind) -> Sizes {
    let weight = |i: usize| format!("{}weight", (kind.layer)(i));
    let [into, out] = if kind.axes == Axes::OutputsLast { [0, 1] } else { [1, 0] };
    let last = view.reach(weight).saturating_sub(1);
    let (mut classes, mut embedded) = (0, 0);
    if let Some(name) = kind.labels.filter(|name| view.has(name)) {
        (classes, embedded) = (view.extent(name, 0), view.extent(name, 1));
    }
    if let Some(name) = kind.embedding.map(|name| format!("{name}weight")).filter(|name| view.has(name)) {
        (classes, embedded) = (view.extent(&name, into), view.extent(&name, out));
    }
    let latent = view.extent(&weight(0), into).saturating_sub(embedded);
    Sizes { latent, w: Some(view.extent(&weight(last), out)), classes, channels: 0 }
}

/// Reads a mapping network.
pub(super) fn mapping(reader: &Reader<'_>, kind: &MappingKind) -> Result<Mapping, CheckpointError> {
    let classes = classes(reader, kind)?;
    let count = reader.view().reach(|i| format!("{}weight", (kind.layer)(i)));
    if count == 0 {
        return Err(reader.missing(&format!("{}weight", (kind.layer)(0))));
    }
    let mut layers: Vec<Dense> = Vec::with_capacity(count);
    for i in 0..count {
        let [gain, of_bias] = (kind.gains)(reader, i);
        let inputs = layers.last().map_or(0, |layer| layer.outputs);
        let scale = |fan_in: usize| [gain / (fan_in as f64).sqrt(), of_bias];
        layers.push(dense(reader, kind.axes, &(kind.layer)(i), inputs, scale)?);
    }
    let embedded = classes.as_ref().map_or(0, |classes| classes.embedding.outputs);
    let latent_dim = layers[0].inputs.checked_sub(embedded).filter(|&dim| dim > 0);
    let latent_dim = latent_dim.ok_or_else(|| {
        reader.refuse(format!(
            "its mapping has {} inputs, and {embedded} for the class leave none for the code",
            layers[0].inputs
        ))
    })?;
    let w_dim = layers[count - 1].outputs;
    let mean = match kind.mean.filter(|name| reader.has(name)) {
        Some(name) => Some(reader.row(name, &[w_dim])?),
        None => None,
    };
    Ok(Mapping { latent_dim, classes, layers, mean })
}

/// A fully connected layer in either order of axes; an `inputs` of 0 stands for any.
fn dense(
    reader: &Reader<'_>,
    axes: Axes,
    name: &str,
    inputs: usize,
    scale: impl Fn(usize) -> [f64; 2],
) -> Result<Dense, CheckpointError> {
    if axes != Axes::OutputsLast {
        return reader.dense(name.trim_end_matches('.'), inputs, scale);
    }
    let (shape, weight) = reader.tensor(&format!("{name}weight"), &[inputs, 0])?;
    let [inputs, outputs] = [shape[0], shape[1]];
    let [of_weight, of_bias] = scale(inputs);
    let weight = scaled(transposed(&weight, [inputs, outputs]), of_weight);
    let bias = scaled(reader.row(&format!("{name}bias"), &[outputs])?, of_bias);
    Ok(Dense { weight, bias, inputs, outputs })
}

fn classes(reader: &Reader<'_>, kind: &MappingKind) -> Result<Option<Classes>, CheckpointError> {
    if let Some(name) = kind.embedding
        && reader.has(&format!("{name}weight"))
    {
        let embedding = dense(reader, kind.axes, name, 0, of_weight(1.0))?;
        return Ok(Some(Classes { embedding, each_normalised: true }));
    }
    let Some(name) = kind.labels.filter(|name| reader.has(name)) else { return Ok(None) };
    let (shape, weight) = reader.tensor(name, &[0, 0])?;
    let [inputs, outputs] = [shape[0], shape[1]];
    let weight = transposed(&weight, [inputs, outputs]);
    let embedding = Dense { weight, bias: vec![0.0; outputs], inputs, outputs };
    Ok(Some(Classes { embedding, each_normalised: false }))
}

/// Where a layer has a noise strength for each feature map, as StyleGAN has it.
pub(super) fn channel_noise(
    reader: &Reader<'_>,
    strength: &str,
    map: &str,
    channels: usize,
    side: usize,
) -> Result<Option<Noise>, CheckpointError> {
    if !reader.has(strength) {
        return Ok(None);
    }
    let strength = reader.row(strength, &[channels])?;
    Ok(Some(reader.noise(strength, map, side)?))
}
