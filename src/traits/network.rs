//! The small convolutional network that reads traits, in plain Rust.
//!
//! Four convolutions 3x3 of stride 2 with ReLU, a hidden layer with ReLU, and a linear one. The batch
//! normalisation of the training is folded into weights and biases. A picture is read by itself and every number is made by one
//! sequence of roundings, so that neither the number of threads nor the other pictures change a bit.

use super::picture::at_side;
use crate::checkpoint::{NamedTensor, TensorError};
use crate::faces::COUNT;
use crate::simd::{Cpu, Isa, Kernel, LANES, Lanes, add_products};

/// The side of the pictures that the network takes.
pub(super) const SIDE: usize = 64;
/// Features after each convolution, and how many places lie between two of its outputs.
pub(super) const CONVS: [(usize, usize); 4] = [(32, 2), (48, 2), (64, 2), (96, 2)];
/// Hidden units.
pub(super) const HIDDEN: usize = 128;
/// The side of the last feature maps.
const LAST: usize = 4;

/// Pixels that are worked on together.
const TOGETHER: usize = 4;

/// Feature maps: line by line, in a line place by place, in a place its channels; around them a border of zeros.
struct Map {
    side: usize,
    channels: usize,
    values: Vec<f32>,
}

impl Map {
    fn empty(side: usize, channels: usize) -> Self {
        Self { side, channels, values: vec![0.0; (side + 2) * (side + 2) * channels] }
    }

    /// The mean of each channel.
    fn means(&self) -> Vec<f32> {
        let mut sums = vec![0.0; self.channels];
        // The border is zeros.
        for place in self.values.chunks_exact(self.channels) {
            sums.iter_mut().zip(place).for_each(|(sum, x)| *sum += x);
        }
        sums.into_iter().map(|sum: f32| sum / (self.side * self.side) as f32).collect()
    }

    /// Of values without a border.
    fn of(side: usize, channels: usize, inside: &[f32]) -> Self {
        let mut map = Self::empty(side, channels);
        let line = (side + 2) * channels;
        for (y, from) in inside.chunks_exact(side * channels).enumerate() {
            map.values[(y + 1) * line + channels..][..side * channels].copy_from_slice(from);
        }
        map
    }
}

/// A convolution's weights: for each block of 16 outputs its rows by place in the kernel and input.
#[derive(Clone, Debug, PartialEq)]
struct Conv {
    inputs: usize,
    outputs: usize,
    stride: usize,
    rows: Vec<Lanes<f32>>,
    bias: Vec<Lanes<f32>>,
}

/// A linear layer's weights: for each input its rows of 16 outputs.
#[derive(Clone, Debug, PartialEq)]
struct Dense {
    rows: Vec<Lanes<f32>>,
    bias: Vec<Lanes<f32>>,
}

/// The network with its weights.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Network {
    convs: Vec<Conv>,
    hidden: Dense,
    out: Dense,
}

/// What the network says of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    /// The mean of every feature map, convolution by convolution.
    pub(super) means: Vec<f32>,
    /// A number for each trait, in standard deviations from the law's mean.
    pub(super) traits: [f32; COUNT],
}

/// Names and shapes of the tensors, in their order.
pub(super) fn shapes() -> Vec<(String, Vec<usize>)> {
    let mut shapes = Vec::new();
    let mut inputs = 3;
    for (i, (outputs, _)) in CONVS.into_iter().enumerate() {
        shapes.push((format!("conv{i}.weight"), vec![outputs, inputs, 3, 3]));
        shapes.push((format!("conv{i}.bias"), vec![outputs]));
        inputs = outputs;
    }
    shapes.push(("hidden.weight".into(), vec![HIDDEN, inputs, LAST, LAST]));
    shapes.push(("hidden.bias".into(), vec![HIDDEN]));
    shapes.push(("out.weight".into(), vec![COUNT, HIDDEN]));
    shapes.push(("out.bias".into(), vec![COUNT]));
    shapes
}

impl Network {
    /// Of tensors in single or half precision, in PyTorch's order of axes.
    pub(super) fn new(tensors: &[NamedTensor]) -> Result<Self, TensorError> {
        let mut arrays = Vec::new();
        for (name, shape) in shapes() {
            arrays.push(single(NamedTensor::find(tensors, &name)?, &shape)?);
        }
        let mut arrays = arrays.into_iter();
        let mut next = || arrays.next().unwrap_or_default();
        let mut inputs = 3;
        let mut convs = Vec::new();
        for (outputs, stride) in CONVS {
            let (weight, bias) = (next(), next());
            let mut rows = Vec::with_capacity(weight.len() / LANES);
            for block in (0..outputs).step_by(LANES) {
                for place in 0..9 {
                    for input in 0..inputs {
                        rows.push(std::array::from_fn(|j| weight[((block + j) * inputs + input) * 9 + place]));
                    }
                }
            }
            convs.push(Conv { inputs, outputs, stride, rows, bias: blocks(&bias) });
            inputs = outputs;
        }
        let (weight, bias) = (next(), next());
        // The maps lie channels last.
        let places = LAST * LAST;
        let from = |i: usize| (i % inputs) * places + i / inputs;
        let hidden = Dense::new(&weight, bias, places * inputs, from);
        let (weight, bias) = (next(), next());
        Ok(Self { convs, hidden, out: Dense::new(&weight, bias, HIDDEN, |i| i) })
    }

    /// Reads a square picture of any side.
    pub(super) fn read(&self, rgb: &[u8], side: usize) -> Said {
        self.read_numbers(&at_side(rgb, side, SIDE))
    }

    /// Reads numbers from -1 to 1 of a picture of side [`SIDE`].
    pub(super) fn read_numbers(&self, numbers: &[f32]) -> Said {
        let cpu = Cpu::detect();
        let mut map = Map::of(SIDE, 3, numbers);
        let mut means = Vec::new();
        for conv in &self.convs {
            let mut to = Map::empty(map.side / conv.stride, conv.outputs);
            cpu.run(Convolve { conv, from: &map, to: &mut to });
            map = to;
            means.extend(map.means());
        }
        let line = (map.side + 2) * map.channels;
        let inside = |y: usize| &map.values[(y + 1) * line + map.channels..][..map.side * map.channels];
        let flat: Vec<f32> = (0..map.side).flat_map(inside).copied().collect();
        let mut hidden = self.hidden.apply(cpu, &flat);
        hidden.iter_mut().for_each(|x| *x = x.max(0.0));
        hidden.truncate(HIDDEN);
        let out = self.out.apply(cpu, &hidden);
        Said { means, traits: std::array::from_fn(|i| out[i]) }
    }
}

/// Numbers of a tensor of this shape in single precision.
fn single(tensor: &NamedTensor, shape: &[usize]) -> Result<Vec<f32>, TensorError> {
    if tensor.shape != shape {
        return Err(TensorError::Unexpected {
            name: tensor.name.clone(),
            found: format!("{:?}", tensor.shape),
            expected: format!("{shape:?}"),
        });
    }
    match &tensor.numbers {
        crate::checkpoint::Numbers::F16(values) => Ok(values.iter().map(|x| x.to_f32()).collect()),
        _ => Ok(tensor.as_f32(shape)?.to_vec()),
    }
}

/// Numbers in rows of 16, with zeros at the end.
fn blocks(values: &[f32]) -> Vec<Lanes<f32>> {
    values.chunks(LANES).map(|some| std::array::from_fn(|j| some.get(j).copied().unwrap_or(0.0))).collect()
}

impl Dense {
    /// `weight` is [outputs, inputs]; input i is its column `from(i)`.
    fn new(weight: &[f32], bias: Vec<f32>, inputs: usize, from: impl Fn(usize) -> usize) -> Self {
        let outputs = bias.len();
        let column = |i: usize| (0..outputs).map(|o| weight[o * inputs + from(i)]).collect::<Vec<f32>>();
        Self { rows: (0..inputs).flat_map(|i| blocks(&column(i))).collect(), bias: blocks(&bias) }
    }

    fn apply(&self, cpu: Cpu, x: &[f32]) -> Vec<f32> {
        let mut sums = self.bias.clone();
        cpu.run(Multiply { rows: &self.rows, x, sums: &mut sums });
        sums.into_iter().flatten().collect()
    }
}

struct Multiply<'a> {
    rows: &'a [Lanes<f32>],
    x: &'a [f32],
    sums: &'a mut [Lanes<f32>],
}

impl Kernel for Multiply<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let blocks = self.sums.len();
        for (block, sum) in self.sums.iter_mut().enumerate() {
            let mut own = [*sum];
            for (i, &x) in self.x.iter().enumerate() {
                add_products::<I, f32, 1>(&mut own, [x], &self.rows[i * blocks + block]);
            }
            *sum = own[0];
        }
    }
}

struct Convolve<'a> {
    conv: &'a Conv,
    from: &'a Map,
    to: &'a mut Map,
}

impl Kernel for Convolve<'_> {
    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { conv: &Conv { inputs, outputs, stride, ref rows, ref bias }, from, to } = self;
        let (line, to_line) = ((from.side + 2) * inputs, (to.side + 2) * outputs);
        for y in 0..to.side {
            for (block, &bias) in bias.iter().enumerate() {
                let rows = &rows[block * 9 * inputs..][..9 * inputs];
                for x in (0..to.side).step_by(TOGETHER) {
                    let mut sums = [bias; TOGETHER];
                    for ky in 0..3 {
                        // A kernel's line of three places is one range of inputs.
                        let start = (y * stride + ky) * line + x * stride * inputs;
                        let span = &from.values[start..][..(stride * (TOGETHER - 1) + 3) * inputs];
                        for (i, row) in rows[ky * 3 * inputs..][..3 * inputs].iter().enumerate() {
                            let a = std::array::from_fn(|p| span[p * stride * inputs + i]);
                            add_products::<I, f32, TOGETHER>(&mut sums, a, row);
                        }
                    }
                    for (p, sum) in sums.iter().enumerate() {
                        let at = (y + 1) * to_line + (x + p + 1) * outputs + block * LANES;
                        let place = &mut to.values[at..][..LANES];
                        for j in 0..LANES {
                            place[j] = sum[j].max(0.0);
                        }
                    }
                }
            }
        }
    }
}
