//! What all layouts read with: tensors by name in the shapes that they must have, constants multiplied in.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use super::super::source::{Source, Value};
use super::super::weights::{Conv, Dense, GeneratorWeights, Noise};
use super::super::{CheckpointError, TensorError};
use super::{Family, Layout};

/// What no file says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// genforce's `fused_scale`.
    pub fused_scale: Fused,
    /// genforce's `final_tanh`: the image goes through tanh.
    pub final_tanh: bool,
    /// How many of a ProGAN's inputs are a one-hot label.
    pub label_size: usize,
}

/// Which layers double the side by a transposed convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fused {
    /// What the file shows, else the code's default: none in ProGAN, from side 128 on in StyleGAN.
    #[default]
    Auto,
    /// All.
    Yes,
    /// None.
    No,
}

/// What stands under a prefix.
pub(super) struct View<'a> {
    source: &'a Source,
    prefix: &'a str,
}

impl<'a> View<'a> {
    pub(super) fn new(source: &'a Source, prefix: &'a str) -> Self {
        Self { source, prefix }
    }

    pub(super) fn shape(&self, name: &str) -> Option<&'a [usize]> {
        self.source.tensor(&format!("{}{name}", self.prefix)).map(|tensor| &tensor.shape[..])
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.shape(name).is_some()
    }

    /// A tensor's extent along an axis; 0 where there is none.
    pub(super) fn extent(&self, name: &str, axis: usize) -> usize {
        self.shape(name).and_then(|shape| shape.get(axis)).copied().unwrap_or(0)
    }

    /// A number under the prefix.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.source.value(&format!("{}{name}", self.prefix))?.number()
    }

    /// A number that stands beside what the prefix means.
    pub(super) fn number_beside(&self, name: &str) -> Option<f64> {
        self.source.value(&format!("{}{name}", parent(self.prefix)))?.number()
    }

    /// The largest number that such a name has, missing ones before it or not, and 1: so a layer that is missing in the
    /// middle is named where it is asked for. No network has more than 16, whatever a file claims.
    pub(super) fn reach(&self, name: impl Fn(usize) -> String) -> usize {
        (0..16).rev().find(|&i| self.has(&name(i))).map_or(0, |i| i + 1)
    }
}

/// What stands before a prefix's last part.
fn parent(prefix: &str) -> &str {
    let prefix = prefix.trim_end_matches('.');
    &prefix[..prefix.rfind('.').map_or(0, |at| at + 1)]
}

/// The side of images of so many levels, each twice as large as the one before.
pub(super) fn side(levels: usize) -> usize {
    4 << levels.saturating_sub(1).min(30)
}

/// How every generator that is built in was made, where a file says how it was.
#[derive(Clone, Copy, Debug)]
pub(super) enum Usual {
    Number(f64),
    Is(bool),
    Word(&'static str),
    /// A filter's taps, up to a factor.
    Taps(&'static [f64]),
}

impl Usual {
    /// What a file says instead, in words.
    fn other(self, said: Option<&Value>, taps: &[f64]) -> Option<String> {
        match (self, said) {
            (Self::Taps(usual), _) if !taps.is_empty() => {
                let [sum, of_usual] = [taps.iter().sum::<f64>(), usual.iter().sum::<f64>()];
                let near = |(tap, usual): (&f64, &f64)| (tap / sum - usual / of_usual).abs() < 1e-6;
                let same = taps.len() == usual.len() && taps.iter().zip(usual).all(near);
                (!same).then(|| format!("{taps:?}"))
            }
            (_, None) | (Self::Number(_) | Self::Is(_), Some(Value::None)) => None,
            (Self::Word(_) | Self::Taps(_), Some(Value::None)) => Some("none".to_owned()),
            (Self::Word(usual), Some(Value::Text(word))) => (word != usual).then(|| format!("'{word}'")),
            (Self::Is(usual), Some(value)) => {
                let is = value.number()? != 0.0;
                (is != usual).then(|| if is { "on" } else { "off" }.to_owned())
            }
            (Self::Number(usual), Some(value)) => {
                let x = value.number()?;
                ((x - usual).abs() > 1e-6 * usual.abs()).then(|| x.to_string())
            }
            _ => None,
        }
    }
}

/// That there is no tensor of this name, or none that can be read.
pub(super) fn missing(source: &Source, name: &str) -> CheckpointError {
    let path = source.path().to_owned();
    let is_it = |skipped: &&String| skipped.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', '.']));
    match source.skipped().iter().find(is_it) {
        Some(skipped) => {
            CheckpointError::Unreadable { path, reason: format!("it has a tensor that cannot be read: {skipped}") }
        }
        None => CheckpointError::Tensor { path, problem: TensorError::Missing { name: name.to_owned() } },
    }
}

/// A generator of larger images is refused: no published one makes them, and a few bytes could ask for any number.
const LARGEST_SIDE: usize = 2048;

/// Reads tensors by name and remembers which, and how many bytes they took.
pub(super) struct Reader<'a> {
    source: &'a Source,
    layout: &'a Layout,
    options: Options,
    /// The options that the layout has asked for: the others mean nothing to it.
    asked: RefCell<Vec<&'static str>>,
    taken: RefCell<HashSet<String>>,
    bytes: Cell<u64>,
    notes: RefCell<Vec<String>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source, layout: &'a Layout, options: Options) -> Self {
        Self {
            source,
            layout,
            options,
            asked: RefCell::default(),
            taken: RefCell::default(),
            bytes: Cell::default(),
            notes: RefCell::default(),
        }
    }

    /// How a person says that the side is doubled.
    pub(super) fn fused_scale(&self) -> Fused {
        self.asked.borrow_mut().push("fused-scale");
        self.options.fused_scale
    }

    /// Whether a person says that the image goes through tanh.
    pub(super) fn final_tanh(&self) -> bool {
        self.asked.borrow_mut().push("final-tanh");
        self.options.final_tanh
    }

    /// How many inputs a person says to be a label.
    pub(super) fn label_size(&self) -> usize {
        self.asked.borrow_mut().push("label-size");
        self.options.label_size
    }

    /// Says which options were given though nothing depends on them in this layout, or in this file of it.
    pub(super) fn note_unasked(&self) {
        let usual = Options::default();
        let given = [
            ("fused-scale", self.options.fused_scale != usual.fused_scale),
            ("final-tanh", self.options.final_tanh),
            ("label-size", self.options.label_size > 0),
        ];
        for (option, _) in given.into_iter().filter(|(option, given)| *given && !self.asked.borrow().contains(option)) {
            self.note(format!("--{option} is not used: nothing in this {} depends on it", self.layout.title()));
        }
    }

    fn full(&self, name: &str) -> String {
        format!("{}{name}", self.layout.prefix)
    }

    /// How many sides there are.
    pub(super) fn levels(&self) -> usize {
        (self.layout.resolution.ilog2() as usize).saturating_sub(1).max(1)
    }

    /// What stands under the prefix.
    pub(super) fn view(&self) -> View<'_> {
        View::new(self.source, &self.layout.prefix)
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.source.tensor(&self.full(name)).map(|tensor| &tensor.shape[..])
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.shape(name).is_some()
    }

    /// A plain value under the prefix.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.source.value(&self.full(name))
    }

    /// A number under the prefix.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.value(name)?.number()
    }

    /// A plain value by its whole name.
    pub(super) fn beside(&self, name: &str) -> Option<&Value> {
        self.source.value(name)
    }

    /// What stands before the prefix's last part: `model.` of `model.netG.`.
    pub(super) fn parent(&self) -> &str {
        parent(&self.layout.prefix)
    }

    /// Our own note in the file.
    pub(super) fn source_note(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self.source.note()?).ok()
    }

    /// Says what the file does not and may matter.
    pub(super) fn note(&self, words: impl Into<String>) {
        self.notes.borrow_mut().push(words.into());
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.notes.borrow().clone()
    }

    /// A tensor of this shape; a 0 in `expected` stands for any size.
    pub(super) fn tensor(&self, name: &str, expected: &[usize]) -> Result<(Vec<usize>, Vec<f32>), CheckpointError> {
        let full = self.full(name);
        let shape = self.shape(name).ok_or_else(|| self.missing(name))?.to_vec();
        let fits =
            shape.len() == expected.len() && shape.iter().zip(expected).all(|(&s, &e)| s > 0 && (e == 0 || s == e));
        if !fits {
            let expected = expected.iter().map(|&e| if e == 0 { "any".into() } else { e.to_string() });
            let expected = format!("[{}]", expected.collect::<Vec<_>>().join(", "));
            return Err(self.wrong(TensorError::Unexpected { name: full, found: format!("{shape:?}"), expected }));
        }
        let values = self.numbers(&full, false)?;
        self.taken.borrow_mut().insert(name.to_owned());
        Ok((shape, values))
    }

    /// A tensor's numbers, by its whole name; each tensor may be a view of the same numbers, so that they are counted.
    fn numbers(&self, full: &str, wholes: bool) -> Result<Vec<f32>, CheckpointError> {
        self.bytes.set(self.bytes.get().saturating_add(self.source.tensor(full).map_or(0, |tensor| tensor.bytes)));
        let read = if wholes { self.source.read_any(full) } else { self.source.read(full) };
        let values = read?.ok_or_else(|| self.wrong(TensorError::Missing { name: full.to_owned() }))?;
        if self.bytes.get() > self.source.size() {
            return Err(self.refuse(format!("its tensors, up to '{full}', unpack to more bytes than the file holds")));
        }
        Ok(values)
    }

    /// A tensor's numbers.
    pub(super) fn row(&self, name: &str, expected: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        Ok(self.tensor(name, expected)?.1)
    }

    /// A tensor's numbers in one of two shapes with equally many of them.
    pub(super) fn either(&self, name: &str, one: &[usize], other: &[usize]) -> Result<Vec<f32>, CheckpointError> {
        let fits = self.shape(name).is_some_and(|shape| shape.len() == other.len());
        self.row(name, if fits { other } else { one })
    }

    /// A tensor with one number, whatever its type and its axes; 0 where there is none.
    pub(super) fn lod(&self, name: &str) -> Result<f64, CheckpointError> {
        let Some(shape) = self.shape(name) else { return Ok(0.0) };
        if shape.iter().any(|&extent| extent != 1) {
            let (found, expected) = (format!("{shape:?}"), "one number".to_owned());
            return Err(self.wrong(TensorError::Unexpected { name: self.full(name), found, expected }));
        }
        self.taken.borrow_mut().insert(name.to_owned());
        Ok(f64::from(self.numbers(&self.full(name), true)?[0]))
    }

    /// The mean of w by its whole name; some files repeat it for every row.
    pub(super) fn mean_at(&self, full: &str, w_dim: usize) -> Result<Option<Vec<f32>>, CheckpointError> {
        let Some(tensor) = self.source.tensor(full) else { return Ok(None) };
        if tensor.shape.last() != Some(&w_dim) {
            let (found, expected) = (format!("{:?}", tensor.shape), format!("[{w_dim}]"));
            return Err(self.wrong(TensorError::Unexpected { name: full.to_owned(), found, expected }));
        }
        let mut values = self.numbers(full, false)?;
        if values.chunks(w_dim).any(|row| row != &values[..w_dim]) {
            self.note(format!("'{full}' has another mean of w for each row; the first is taken"));
        }
        values.truncate(w_dim);
        Ok(Some(values).filter(|values| !values.is_empty()))
    }

    /// A convolution `[outputs, inputs, k, k]` and its bias, with a gain over the square root of its fan in.
    pub(super) fn conv(
        &self,
        name: &str,
        inputs: usize,
        k: usize,
        scale: impl Fn(usize) -> [f64; 2],
    ) -> Result<Conv, CheckpointError> {
        let (shape, weight) = self.tensor(&format!("{name}.weight"), &[0, inputs, k, k])?;
        let bias = self.row(&format!("{name}.bias"), &[shape[0]])?;
        let [of_weight, of_bias] = scale(inputs * k * k);
        Ok(Conv { weight: scaled(weight, of_weight), bias: scaled(bias, of_bias), inputs, outputs: shape[0] })
    }

    /// A fully connected layer `[outputs, inputs]`; an `inputs` of 0 stands for any.
    pub(super) fn dense(
        &self,
        name: &str,
        inputs: usize,
        scale: impl Fn(usize) -> [f64; 2],
    ) -> Result<Dense, CheckpointError> {
        let (shape, weight) = self.tensor(&format!("{name}.weight"), &[0, inputs])?;
        let bias = self.row(&format!("{name}.bias"), &[shape[0]])?;
        let [of_weight, of_bias] = scale(shape[1]);
        Ok(Dense {
            weight: scaled(weight, of_weight),
            bias: scaled(bias, of_bias),
            inputs: shape[1],
            outputs: shape[0],
        })
    }

    /// A noise map `[side, side]`, or the same with two axes of 1 before; the strength is read by the caller.
    pub(super) fn noise(&self, strength: Vec<f32>, map: &str, side: usize) -> Result<Noise, CheckpointError> {
        let map = if self.has(map) { Some(self.either(map, &[1, 1, side, side], &[side, side])?) } else { None };
        Ok(Noise { strength, map })
    }

    /// Refuses a generator that was made in another way than those that are built in, where values under `before` say so.
    pub(super) fn refuse_other(&self, before: &str, usual: &[(&str, Usual)]) -> Result<(), CheckpointError> {
        for &(setting, usual) in usual {
            let name = format!("{before}{setting}");
            let taps: Vec<f64> = (0..16).map_while(|i| self.number(&format!("{name}.{i}"))).collect();
            if let Some(other) = usual.other(self.value(&name), &taps) {
                return Err(self.refuse(format!("it was made with {setting} {other}, which is not built in")));
            }
        }
        Ok(())
    }

    pub(super) fn missing(&self, name: &str) -> CheckpointError {
        missing(self.source, &self.full(name))
    }

    pub(super) fn wrong(&self, problem: TensorError) -> CheckpointError {
        CheckpointError::Tensor { path: self.source.path().to_owned(), problem }
    }

    pub(super) fn refuse(&self, reason: impl Into<String>) -> CheckpointError {
        CheckpointError::Unreadable { path: self.source.path().to_owned(), reason: reason.into() }
    }

    pub(super) fn refuse_side(&self, side: usize) -> Result<(), CheckpointError> {
        if side > LARGEST_SIDE {
            return Err(self.refuse(format!("its images have side {side}; up to {LARGEST_SIDE} are made")));
        }
        Ok(())
    }

    /// What the shapes of single tensors do not show.
    pub(super) fn refuse_weights(&self, weights: &GeneratorWeights) -> Result<(), CheckpointError> {
        self.refuse_side(weights.resolution())?;
        let channels = weights.image_channels();
        let (same, lod) = match weights {
            GeneratorWeights::ProGan(weights) => {
                (weights.levels.iter().all(|level| level.to_image.outputs == channels), weights.lod)
            }
            GeneratorWeights::StyleGan(weights) => {
                (weights.to_images.iter().all(|image| image.outputs == channels), weights.lod)
            }
            GeneratorWeights::StyleGan2(weights) => {
                (weights.to_images.iter().all(|image| image.bias.len() == channels), 0.0)
            }
        };
        if !same {
            return Err(self.refuse(format!(
                "its largest images have {channels} channels, and those of another side another number"
            )));
        }
        if ![1, 3].contains(&channels) {
            return Err(self.refuse(format!("its images have {channels} channels; 1 or 3 are known")));
        }
        if !(0.0..=self.levels() as f64).contains(&lod) {
            return Err(self.refuse(format!("its lod is {lod}, beyond its {} levels", self.levels())));
        }
        if weights.classes() > 0 && weights.latent_dim() == 0 {
            return Err(self.refuse("its inputs are labels only"));
        }
        Ok(())
    }

    /// Refuses what stands under the prefix and belongs to no such network. Under a bare layout other networks' tensors may
    /// stand beside; their names have a place of their own.
    pub(super) fn refuse_others(&self) -> Result<(), CheckpointError> {
        let taken = self.taken.borrow();
        let is_ours = |name: &str| match self.layout.names.family {
            Family::ProGan => name.starts_with("layer") || name.starts_with("output") || name.contains("Layer"),
            Family::StyleGan | Family::StyleGan2 => {
                name.starts_with("synthesis.") || name.starts_with("mapping.") || name.starts_with("synthesis/")
            }
        };
        let under = self.source.tensors().iter().filter_map(|tensor| {
            let name = tensor.name.strip_prefix(&self.layout.prefix)?;
            Some((tensor, name))
        });
        for (tensor, name) in under {
            if is_ours(name) && !is_filter(name) && !taken.contains(name) {
                return Err(self.refuse(format!(
                    "tensor '{}' {:?} does not belong to a {} of side {}",
                    tensor.name, tensor.shape, self.layout.names.title, self.layout.resolution
                )));
            }
        }
        Ok(())
    }
}

/// Buffers whose numbers follow from the code.
fn is_filter(name: &str) -> bool {
    name.ends_with("filter") || name.ends_with(".kernel") || name.ends_with("_avg")
}

/// Numbers times a constant that is computed in double precision.
pub(super) fn scaled(values: Vec<f32>, by: f64) -> Vec<f32> {
    if (by - 1.0).abs() == 0.0 {
        return values;
    }
    values.into_iter().map(|x| (f64::from(x) * by) as f32).collect()
}

/// Kernels turned round in both spatial axes.
pub(super) fn turned(mut weight: Vec<f32>, k: usize) -> Vec<f32> {
    weight.chunks_mut(k * k).for_each(<[f32]>::reverse);
    weight
}

/// The axes in another order: axis i of what comes out is axis `order[i]` of what goes in.
pub(super) fn permuted(values: &[f32], shape: [usize; 4], order: [usize; 4]) -> Vec<f32> {
    let strides = [shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1];
    let [a, b, c, d] = order;
    let mut all = Vec::with_capacity(values.len());
    for i in 0..shape[a] {
        for j in 0..shape[b] {
            for k in 0..shape[c] {
                let start = i * strides[a] + j * strides[b] + k * strides[c];
                all.extend((0..shape[d]).map(|l| values[start + l * strides[d]]));
            }
        }
    }
    all
}

/// `[rows, columns]` as `[columns, rows]`.
pub(super) fn transposed(values: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    permuted(values, [1, 1, rows, columns], [0, 1, 3, 2])
}

/// A gain over the square root of the fan in, for the weight alone.
pub(super) fn of_weight(gain: f64) -> impl Fn(usize) -> [f64; 2] {
    move |fan_in| [gain / (fan_in as f64).sqrt(), 1.0]
}

/// The same for weight and bias.
pub(super) fn of_both(gain: f64) -> impl Fn(usize) -> [f64; 2] {
    move |fan_in| [gain / (fan_in as f64).sqrt(); 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_put_in_order() {
        let values: Vec<f32> = (0_u8..24).map(f32::from).collect();
        let moved = permuted(&values, [1, 2, 3, 4], [3, 2, 1, 0]);
        // Element [d, c, b, a] is what was at [a, b, c, d]: 4 (3 b + c) + d.
        assert_eq!((moved[0], moved[1], moved[2], moved[6]), (0.0, 12.0, 4.0, 1.0));
        assert_eq!(transposed(&values[..6], [2, 3]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(turned(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 2), [4.0, 3.0, 2.0, 1.0, 8.0, 7.0, 6.0, 5.0]);
    }
}
