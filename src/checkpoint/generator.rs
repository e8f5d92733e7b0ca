//! A ProGAN generator out of a file, in either layout, as effective weights: constants are multiplied in, so that both
//! layouts load into one network.
//!
//! genforce multiplies a weight by gain / sqrt(fan in) and leaves its bias; its first bias has one number a channel.
//! pytorch_GAN_zoo multiplies a layer's whole output, bias included, by sqrt(2 / fan in), its image layers too; its
//! first layer is a matrix whose row o 16 + y 4 + x is genforce's `weight[o, :, 3 - y, 3 - x]`, and its bias differs
//! from place to place. Its pixel norm stands after each activation, which is the same network as norm before each
//! convolution.

use std::cell::{Cell, RefCell};

use super::layout::{self, Family, Layout};
use super::source::Source;
use super::{CheckpointError, Conv, Level, NamedTensor, ProGanWeights, TensorError};

impl ProGanWeights {
    /// Reads the generator that `layout` found; every tensor must be there in the shape that the others imply, and
    /// none beside them.
    pub fn read(source: &Source, layout: &Layout) -> Result<Self, CheckpointError> {
        let reader = Reader { source, layout, taken: RefCell::default(), bytes: Cell::default() };
        let weights = match layout.family {
            Family::Pggan => genforce(&reader),
            Family::PganZoo => zoo(&reader),
            Family::StyleGan | Family::StyleGan2 => Err(reader.refuse(format!(
                "it holds a {}, whose synthesis is not built in; it can be factorised only",
                layout.family.title()
            ))),
        }?;
        reader.refuse_others()?;
        Ok(weights)
    }

    /// The weights in genforce's layout, with our scales taken out again. The 4x4 bias of pytorch_GAN_zoo's first layer
    /// does not fit there unless it is the same everywhere; it is then kept as [outputs, 4, 4].
    pub fn to_tensors(&self) -> Vec<NamedTensor> {
        let mut tensors = vec![NamedTensor::f32("lod", vec![], vec![self.lod as f32])];
        let outputs = self.levels[0].second.inputs;
        let scale = 2_f64.sqrt() / ((self.latent_dim * 16) as f64).sqrt();
        let shape = vec![outputs, self.latent_dim, 4, 4];
        tensors.push(NamedTensor::f32("layer0.weight", shape, divided(&self.first_weight, scale)));
        let flat = self.first_bias.chunks(16).all(|places| places.iter().all(|x| x.to_bits() == places[0].to_bits()));
        tensors.push(if flat {
            NamedTensor::f32("layer0.bias", vec![outputs], self.first_bias.iter().step_by(16).copied().collect())
        } else {
            NamedTensor::f32("layer0.bias", vec![outputs, 4, 4], self.first_bias.clone())
        });
        for (b, level) in self.levels.iter().enumerate() {
            let convs = level.enlarging.iter().map(|conv| (format!("layer{}", 2 * b), conv, 3, 2_f64.sqrt()));
            let rest = [
                (format!("layer{}", 2 * b + 1), &level.second, 3, 2_f64.sqrt()),
                (format!("output{b}"), &level.to_image, 1, 1.0),
            ];
            for (name, conv, k, gain) in convs.chain(rest) {
                let scale = gain / ((conv.inputs * k * k) as f64).sqrt();
                let shape = vec![conv.outputs, conv.inputs, k, k];
                tensors.push(NamedTensor::f32(format!("{name}.weight"), shape, divided(&conv.weight, scale)));
                tensors.push(NamedTensor::f32(format!("{name}.bias"), vec![conv.outputs], conv.bias.clone()));
            }
        }
        tensors
    }
}

fn divided(values: &[f32], by: f64) -> Vec<f32> {
    values.iter().map(|&x| (f64::from(x) / by) as f32).collect()
}

fn scaled(values: &[f32], by: f64) -> Vec<f32> {
    values.iter().map(|&x| (f64::from(x) * by) as f32).collect()
}

/// A generator of larger images is refused: no published one makes them, and a few bytes could ask for any number.
const LARGEST_SIDE: usize = 2048;

/// Reads tensors by name and remembers which, and how many bytes they took.
struct Reader<'a> {
    source: &'a Source,
    layout: &'a Layout,
    taken: RefCell<Vec<String>>,
    bytes: Cell<u64>,
}

impl Reader<'_> {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let full = format!("{}{name}", self.layout.prefix);
        self.source.tensor(&full).map(|tensor| tensor.shape.clone())
    }

    /// A tensor of this shape; a 0 in `expected` stands for any size.
    fn tensor(&self, name: &str, expected: &[usize]) -> Result<(Vec<usize>, Vec<f32>), CheckpointError> {
        let full = format!("{}{name}", self.layout.prefix);
        let shape = self.shape(name).ok_or_else(|| self.wrong(TensorError::Missing { name: full.clone() }))?;
        let fits =
            shape.len() == expected.len() && shape.iter().zip(expected).all(|(&s, &e)| s > 0 && (e == 0 || s == e));
        if !fits {
            let expected = expected.iter().map(|&e| if e == 0 { "any".into() } else { e.to_string() });
            let expected = format!("[{}]", expected.collect::<Vec<_>>().join(", "));
            return Err(self.wrong(TensorError::Unexpected { name: full, found: format!("{shape:?}"), expected }));
        }
        // Each tensor may be a view of the same numbers.
        self.bytes.set(self.bytes.get() + self.source.tensor(&full).map_or(0, |tensor| tensor.bytes));
        let values = self.source.read(&full)?.ok_or_else(|| self.wrong(TensorError::Missing { name: full.clone() }))?;
        if self.bytes.get() > self.source.size() {
            return Err(self.refuse(format!("its tensors, up to '{full}', unpack to more bytes than the file holds")));
        }
        self.taken.borrow_mut().push(name.to_owned());
        Ok((shape, values))
    }

    fn conv(&self, name: &str, inputs: usize, k: usize, gain: f64, scale_bias: bool) -> Result<Conv, CheckpointError> {
        let (shape, weight) = self.tensor(&format!("{name}.weight"), &[0, inputs, k, k])?;
        let outputs = shape[0];
        let (_, bias) = self.tensor(&format!("{name}.bias"), &[outputs])?;
        let scale = gain / ((inputs * k * k) as f64).sqrt();
        let bias = if scale_bias { scaled(&bias, scale) } else { bias };
        Ok(Conv { weight: scaled(&weight, scale), bias, inputs, outputs })
    }

    fn wrong(&self, source: TensorError) -> CheckpointError {
        CheckpointError::Tensor { path: self.source.path().to_owned(), problem: source }
    }

    fn refuse(&self, reason: String) -> CheckpointError {
        CheckpointError::Unreadable { path: self.source.path().to_owned(), reason }
    }

    fn refuse_others(&self) -> Result<(), CheckpointError> {
        let taken = self.taken.borrow();
        let other = layout::under(self.source, self.layout).into_iter().find(|tensor| {
            // Under a bare layout other networks' tensors may stand beside; their names have a place of their own.
            let ours =
                tensor.name.starts_with("layer") || tensor.name.starts_with("output") || tensor.name.contains("Layer");
            ours && !taken.contains(&tensor.name)
        });
        match other {
            Some(tensor) => Err(self.refuse(format!(
                "tensor '{}{}' {:?} does not belong to a {} of side {}",
                self.layout.prefix,
                tensor.name,
                tensor.shape,
                self.layout.family.title(),
                self.layout.resolution
            ))),
            None => Ok(()),
        }
    }
}

fn genforce(reader: &Reader<'_>) -> Result<ProGanWeights, CheckpointError> {
    let levels = reader.layout.resolution.ilog2() as usize - 1;
    let (shape, first) = reader.tensor("layer0.weight", &[0, 0, 4, 4])?;
    let (outputs, latent_dim) = (shape[0], shape[1]);
    let first_bias = match reader.shape("layer0.bias").map(|shape| shape.len()) {
        Some(3) => reader.tensor("layer0.bias", &[outputs, 4, 4])?.1,
        _ => reader.tensor("layer0.bias", &[outputs])?.1.into_iter().flat_map(|x| [x; 16]).collect(),
    };
    let lod = match reader.shape("lod") {
        Some(_) => {
            reader.tensor("lod", &[]).or_else(|_| reader.tensor("lod", &[1]))?.1.first().map_or(0.0, |&x| f64::from(x))
        }
        None => 0.0,
    };
    let gain = 2_f64.sqrt();
    let mut width = outputs;
    let mut read = Vec::with_capacity(levels);
    for b in 0..levels {
        let enlarging =
            if b > 0 { Some(reader.conv(&format!("layer{}", 2 * b), width, 3, gain, false)?) } else { None };
        width = enlarging.as_ref().map_or(width, |conv| conv.outputs);
        let second = reader.conv(&format!("layer{}", 2 * b + 1), width, 3, gain, false)?;
        width = second.outputs;
        let to_image = reader.conv(&format!("output{b}"), width, 1, 1.0, false)?;
        read.push(Level { enlarging, second, to_image });
    }
    let scale = gain / ((latent_dim * 16) as f64).sqrt();
    finish(
        reader,
        ProGanWeights {
            latent_dim,
            first_weight: scaled(&first, scale),
            first_bias,
            levels: read,
            lod,
            ..ProGanWeights::usual()
        },
    )
}

fn zoo(reader: &Reader<'_>) -> Result<ProGanWeights, CheckpointError> {
    let levels = reader.layout.resolution.ilog2() as usize - 1;
    // Older versions saved without `.module`.
    let module = if reader.shape("formatLayer.module.weight").is_some() { ".module" } else { "" };
    let gain = 2_f64.sqrt();
    let (shape, rows) = reader.tensor(&format!("formatLayer{module}.weight"), &[0, 0])?;
    let latent_dim = shape[1];
    if shape[0] % 16 != 0 {
        return Err(reader.refuse(format!("'formatLayer' has {} rows, not 16 for each feature map", shape[0])));
    }
    let outputs = shape[0] / 16;
    let (_, row_bias) = reader.tensor(&format!("formatLayer{module}.bias"), &[shape[0]])?;
    let scale = gain / (latent_dim as f64).sqrt();
    let mut first = vec![0.0; rows.len()];
    for o in 0..outputs {
        for (y, x) in (0..4).flat_map(|y| (0..4).map(move |x| (y, x))) {
            for c in 0..latent_dim {
                let from = (o * 16 + y * 4 + x) * latent_dim + c;
                first[((o * latent_dim + c) * 4 + (3 - y)) * 4 + (3 - x)] = rows[from];
            }
        }
    }
    let conv = |name: String, inputs, k| reader.conv(&format!("{name}{module}"), inputs, k, gain, true);
    let mut read = Vec::with_capacity(levels);
    let mut width = outputs;
    for b in 0..levels {
        let (enlarging, second) = if b == 0 {
            (None, conv("groupScale0.0".into(), width, 3)?)
        } else {
            let first = conv(format!("scaleLayers.{}.0", b - 1), width, 3)?;
            let second = conv(format!("scaleLayers.{}.1", b - 1), first.outputs, 3)?;
            (Some(first), second)
        };
        width = second.outputs;
        let to_image = conv(format!("toRGBLayers.{b}"), width, 1)?;
        read.push(Level { enlarging, second, to_image });
    }
    finish(
        reader,
        ProGanWeights {
            latent_dim,
            first_weight: scaled(&first, scale),
            first_bias: scaled(&row_bias, scale),
            levels: read,
            lod: 0.0,
            ..ProGanWeights::usual()
        },
    )
}

/// What the shapes of single tensors do not show.
fn finish(reader: &Reader<'_>, weights: ProGanWeights) -> Result<ProGanWeights, CheckpointError> {
    let side = weights.resolution();
    if side > LARGEST_SIDE {
        return Err(reader.refuse(format!("its images have side {side}; up to {LARGEST_SIDE} are made")));
    }
    let channels = weights.image_channels();
    if ![1, 3].contains(&channels) || weights.levels.iter().any(|level| level.to_image.outputs != channels) {
        return Err(
            reader.refuse(format!("its images have {channels} channels; 1 or 3 are known, the same at every side"))
        );
    }
    if !(0.0..=weights.levels.len() as f64).contains(&weights.lod) {
        return Err(reader.refuse(format!("its lod is {}, beyond its {} levels", weights.lod, weights.levels.len())));
    }
    Ok(weights)
}
