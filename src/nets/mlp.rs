//! The lab's multilayer perceptrons.
//!
//! A network is Linear - activation - … - Linear, with BatchNorm between a hidden Linear and its activation where the
//! config asks for it; the activation is LeakyReLU(0.2) unless it says otherwise. Tensors carry the names that PyTorch gives them in
//!
//! ```python
//! class Net(nn.Module):
//!     def __init__(self):
//!         super().__init__()
//!         self.net = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), …)
//! ```
//!
//! where every module counts, so that such a module loads them with `strict=True`. A GAN's discriminator ends in a
//! sigmoid there; here the losses take its logit, and a sigmoid has no tensors.

use crate::checkpoint::{NamedTensor, TensorError};
use crate::config::{Activation, Init, TrainConfig};
use crate::nets::Slot;
use crate::objective::Constraint;
use crate::objective::constraints::spectral_norm;
use crate::rng::Stream;

/// PyTorch's name for the weights of a Linear with a spectral norm, and those for the vectors that follow it.
pub(in crate::nets) const SPECTRAL_WEIGHT: &str = "parametrizations.weight.original";
const SPECTRAL_VECTORS: [&str; 2] = ["parametrizations.weight.0._u", "parametrizations.weight.0._v"];

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layer {
    /// y = x W^T + b, with W of shape [outputs, inputs].
    Linear {
        /// Numbers in.
        inputs: usize,
        /// Numbers out.
        outputs: usize,
        /// Whether W is divided by its largest singular value (`objective::constraints::spectral_norm`); the two vectors
        /// that follow it are statistics.
        spectral: bool,
    },
    /// Batch normalisation over the batch, with a learnt scale and shift (Ioffe and Szegedy 2015).
    BatchNorm {
        /// Numbers in and out.
        features: usize,
        /// Added to the variance.
        eps: f64,
        /// How much of a batch's statistics goes into the running ones.
        momentum: f64,
    },
    /// What makes the layer more than linear; it has no numbers of its own.
    Activation {
        /// Which.
        function: Activation,
        /// Numbers out.
        features: usize,
    },
}

/// How a network is made.
struct Shape<'a> {
    inputs: usize,
    outputs: usize,
    hidden: &'a [usize],
    activation: Activation,
    spectral: bool,
    /// For each hidden layer; what is missing has none.
    batch_norm: &'a [bool],
    /// BatchNorm's eps and momentum.
    norm: [f64; 2],
}

/// A network's layers, first to last; a layer's place is its number in tensor names.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    layers: Vec<Layer>,
}

/// A network's numbers, in the order of [`Mlp::parameters`] and [`Mlp::statistics`].
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// All learnt parameters, one tensor after another.
    pub parameters: Vec<f32>,
    /// BatchNorm's running means and variances, or the vectors of spectral norms, one tensor after another.
    pub statistics: Vec<f32>,
    /// Training batches seen, which PyTorch keeps as `num_batches_tracked`.
    pub batches: u64,
}

impl Mlp {
    /// The generator: latent codes to points.
    pub fn generator(config: &TrainConfig) -> Self {
        let generator = &config.generator;
        Self::new(&Shape {
            inputs: generator.latent_dim,
            outputs: 2,
            hidden: &generator.hidden,
            activation: config.activations()[0],
            spectral: false,
            batch_norm: &generator.batch_norm,
            norm: [generator.batch_norm_eps, generator.batch_norm_momentum],
        })
    }

    /// The discriminator or critic: points, or packs of them side by side, to one score each.
    pub fn discriminator(config: &TrainConfig) -> Self {
        let discriminator = &config.discriminator;
        Self::new(&Shape {
            inputs: 2 * config.members(),
            outputs: 1,
            hidden: &discriminator.hidden,
            activation: config.activations()[1],
            spectral: config.game().constraint == Constraint::SpectralNorm,
            batch_norm: &discriminator.batch_norm,
            norm: discriminator.norm(),
        })
    }

    /// A network of these layers.
    pub fn of_layers(layers: Vec<Layer>) -> Self {
        Self { layers }
    }

    fn new(shape: &Shape<'_>) -> Self {
        let &Shape { activation: function, spectral, norm: [eps, momentum], .. } = shape;
        let mut layers = Vec::new();
        let mut width = shape.inputs;
        for (i, &next) in shape.hidden.iter().enumerate() {
            let outputs = next * function.pieces();
            layers.push(Layer::Linear { inputs: width, outputs, spectral });
            if shape.batch_norm.get(i) == Some(&true) {
                layers.push(Layer::BatchNorm { features: outputs, eps, momentum });
            }
            layers.push(Layer::Activation { function, features: next });
            width = next;
        }
        layers.push(Layer::Linear { inputs: width, outputs: shape.outputs, spectral });
        Self { layers }
    }

    /// Whether a layer normalises a batch by its own statistics, so that its samples influence each other.
    pub fn has_norm(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::BatchNorm { .. }))
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The learnt parameters, in PyTorch's order.
    pub fn parameters(&self) -> Vec<Slot> {
        self.slots(|layer| match *layer {
            Layer::Linear { inputs, outputs, spectral } => {
                let weight = if spectral { SPECTRAL_WEIGHT } else { "weight" };
                vec![(weight, vec![outputs, inputs]), ("bias", vec![outputs])]
            }
            Layer::BatchNorm { features, .. } => vec![("weight", vec![features]), ("bias", vec![features])],
            Layer::Activation { .. } => vec![],
        })
    }

    /// BatchNorm's running statistics, in PyTorch's order; and the vectors of Linears with a spectral norm.
    pub fn statistics(&self) -> Vec<Slot> {
        self.slots(|layer| match *layer {
            Layer::Linear { inputs, outputs, spectral: true } => {
                vec![(SPECTRAL_VECTORS[0], vec![outputs]), (SPECTRAL_VECTORS[1], vec![inputs])]
            }
            Layer::BatchNorm { features, .. } => {
                vec![("running_mean", vec![features]), ("running_var", vec![features])]
            }
            _ => vec![],
        })
    }

    fn batch_counters(&self) -> Vec<Slot> {
        self.slots(|layer| match layer {
            Layer::BatchNorm { .. } => vec![("num_batches_tracked", vec![])],
            _ => vec![],
        })
    }

    /// Every tensor of [`Mlp::to_tensors`].
    pub fn tensors(&self) -> Vec<Slot> {
        [self.parameters(), self.statistics(), self.batch_counters()].concat()
    }

    fn slots(&self, of: impl Fn(&Layer) -> Vec<(&'static str, Vec<usize>)>) -> Vec<Slot> {
        let all = self.layers.iter().enumerate();
        all.flat_map(|(i, layer)| {
            of(layer).into_iter().map(move |(part, shape)| Slot { name: format!("net.{i}.{part}"), shape })
        })
        .collect()
    }

    /// Initial weights. BatchNorm's scale is 1, its shift 0, its mean 0, its variance 1; a Linear's are drawn by the law of
    /// this name, times a gain where it has one: this, or what keeps the variance through the activation.
    pub fn initial(&self, init: Init, gain: Option<f64>, rng: &mut Stream) -> Weights {
        let activation = self.layers.iter().find_map(|layer| match layer {
            Layer::Activation { function, .. } => Some(*function),
            _ => None,
        });
        let gains = Gains { said: gain, of_activation: activation.unwrap_or_default().gain() };
        let mut parameters = Vec::new();
        let mut statistics = Vec::new();
        let mut normed = Vec::new();
        for layer in &self.layers {
            match *layer {
                Layer::Linear { inputs, outputs, spectral } => {
                    if spectral {
                        normed.push((parameters.len(), statistics.len(), [outputs, inputs]));
                        statistics.extend(vec![0.0; outputs + inputs]);
                    }
                    parameters.extend(linear(init, &gains, [outputs, inputs], rng));
                }
                Layer::BatchNorm { features, .. } => {
                    let (ones, zeros) = (vec![1.0; features], vec![0.0; features]);
                    parameters.extend(ones.iter().chain(&zeros));
                    statistics.extend(zeros.iter().chain(&ones));
                }
                Layer::Activation { .. } => {}
            }
        }
        // Drawn after all weights, which are those of the same network without a norm.
        for (first, place, [outputs, inputs]) in normed {
            let doubles = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
            let weights = doubles(&parameters[first..][..outputs * inputs]);
            let vectors = [outputs, inputs].map(|size| doubles(&rng.normal(size)));
            let vectors = spectral_norm::initial(&weights, vectors);
            statistics[place..].iter_mut().zip(vectors.iter().flatten()).for_each(|(to, &x)| *to = x as f32);
        }
        Weights { parameters, statistics, batches: 0 }
    }

    /// The weights as tensors with PyTorch's names.
    pub fn to_tensors(&self, weights: &Weights) -> Vec<NamedTensor> {
        let floats = |slots: Vec<Slot>, values: &[f32]| {
            let mut rest = values;
            let tensors = slots.into_iter().map(|slot| {
                let (taken, left) = rest.split_at(slot.size());
                rest = left;
                NamedTensor::f32(slot.name, slot.shape, taken.to_vec())
            });
            tensors.collect::<Vec<_>>()
        };
        let mut tensors = floats(self.parameters(), &weights.parameters);
        tensors.extend(floats(self.statistics(), &weights.statistics));
        let counters = self.batch_counters().into_iter();
        tensors.extend(counters.map(|slot| NamedTensor::i64(slot.name, slot.shape, vec![weights.batches as i64])));
        tensors
    }

    /// The weights out of tensors with PyTorch's names; every one must be there in its shape.
    pub fn from_tensors(&self, tensors: &[NamedTensor]) -> Result<Weights, TensorError> {
        let floats = |slots: Vec<Slot>| {
            let mut values = Vec::new();
            for slot in slots {
                values.extend(NamedTensor::find(tensors, &slot.name)?.as_f32(&slot.shape)?);
            }
            Ok(values)
        };
        let mut batches = 0;
        for slot in self.batch_counters() {
            batches = NamedTensor::find(tensors, &slot.name)?.as_count()?;
        }
        Ok(Weights { parameters: floats(self.parameters())?, statistics: floats(self.statistics())?, batches })
    }
}

/// What a law's deviation is multiplied by.
struct Gains {
    said: Option<f64>,
    of_activation: f64,
}

/// A Linear's weight [outputs, inputs] and bias.
fn linear(init: Init, gains: &Gains, [outputs, inputs]: [usize; 2], rng: &mut Stream) -> Vec<f32> {
    let (weights, biases) = (outputs * inputs, outputs);
    let uniform = |rng: &mut Stream, n: usize, bound: f64| -> Vec<f32> {
        rng.uniform(n).into_iter().map(|u| (2.0 * u - 1.0) * bound as f32).collect()
    };
    let normal = |rng: &mut Stream, deviation: f64| -> Vec<f32> {
        rng.normal(weights).into_iter().map(|x| x * deviation as f32).collect()
    };
    let zeros = vec![0.0; biases];
    let (fan_in, fan_out) = (inputs as f64, outputs as f64);
    let gain = gains.said.unwrap_or(gains.of_activation);
    match init {
        Init::Pytorch => uniform(rng, weights + biases, (1.0 / fan_in).sqrt()),
        Init::He => [normal(rng, gain / fan_in.sqrt()), zeros].concat(),
        Init::HeUniform => [uniform(rng, weights, gain * (3.0 / fan_in).sqrt()), zeros].concat(),
        Init::Orthogonal => {
            let drawn = rng.normal(weights);
            [orthogonal([outputs, inputs], &drawn).into_iter().map(|x| (x * gain) as f32).collect(), zeros].concat()
        }
        Init::Xavier => {
            let bound = gains.said.unwrap_or(1.0) * (6.0 / (fan_in + fan_out)).sqrt();
            [uniform(rng, weights, bound), zeros].concat()
        }
        Init::Normal => [normal(rng, 0.02), zeros].concat(),
    }
}

/// A matrix whose rows, or where there are more of those its columns, are of length 1 and at right angles, from one of
/// normal numbers: those are made so one after another (Gram and Schmidt, twice against rounding).
fn orthogonal([rows, columns]: [usize; 2], drawn: &[f32]) -> Vec<f64> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    for vector in drawn.chunks(length).take(count) {
        let mut vector: Vec<f64> = vector.iter().map(|&x| f64::from(x)).collect();
        for before in vectors.iter().chain(&vectors) {
            let along: f64 = vector.iter().zip(before).map(|(x, y)| x * y).sum();
            vector.iter_mut().zip(before).for_each(|(x, y)| *x -= along * y);
        }
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        vectors.push(vector.into_iter().map(|x| x / norm).collect());
    }
    if rows <= columns {
        return vectors.concat();
    }
    (0..rows).flat_map(|row| vectors.iter().map(move |vector| vector[row])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConstraintConfig, DiscriminatorConfig, Model};
    use crate::rng::Use;

    fn generator() -> Mlp {
        Mlp::generator(&TrainConfig::lab(Model::Gan))
    }

    #[test]
    fn every_law_has_the_deviation_of_its_formula() {
        let mlp = Mlp::of_layers(vec![Layer::Linear { inputs: 100, outputs: 200, spectral: false }]);
        for (init, deviation, biases) in [
            (Init::Pytorch, 0.1 / 3.0_f64.sqrt(), true),
            (Init::He, (2.0 / 1.04_f64).sqrt() / 10.0, false),
            (Init::Xavier, (2.0 / 300.0_f64).sqrt(), false),
            (Init::HeUniform, (2.0 / 1.04_f64).sqrt() / 10.0, false),
            (Init::Normal, 0.02, false),
            (Init::Orthogonal, (2.0 / 1.04 / 200.0_f64).sqrt(), false),
        ] {
            let weights = mlp.initial(init, None, &mut Stream::new(3, Use::Init, 0)).parameters;
            let (weights, bias) = weights.split_at(20_000);
            let square = weights.iter().map(|x| f64::from(x * x)).sum::<f64>() / 20_000.0;
            assert!((square.sqrt() / deviation - 1.0).abs() < 0.02, "{init:?}: {}", square.sqrt());
            assert_eq!(bias.iter().any(|x| x.abs() > 0.0), biases, "{init:?}");
        }
    }

    #[test]
    fn orthogonal_weights_stand_at_right_angles() {
        for [outputs, inputs] in [[3, 8], [8, 3], [5, 5], [1, 4], [4, 1]] {
            let drawn = Stream::new(1, Use::Init, 0).normal(outputs * inputs);
            let weights = orthogonal([outputs, inputs], &drawn);
            let entry = |line: usize, i: usize| {
                if outputs <= inputs { weights[line * inputs + i] } else { weights[i * inputs + line] }
            };
            for a in 0..outputs.min(inputs) {
                for b in 0..=a {
                    let product: f64 = (0..outputs.max(inputs)).map(|i| entry(a, i) * entry(b, i)).sum();
                    let expected = f64::from(u8::from(a == b));
                    assert!((product - expected).abs() < 1e-12, "{outputs} x {inputs}: {a} {b} {product}");
                }
            }
        }
    }

    #[test]
    fn the_labs_networks_have_pytorchs_names_and_shapes() {
        let names = |slots: Vec<Slot>| slots.into_iter().map(|s| (s.name, s.shape)).collect::<Vec<_>>();
        let expect =
            |pairs: &[(&str, &[usize])]| pairs.iter().map(|(n, s)| ((*n).into(), s.to_vec())).collect::<Vec<_>>();
        assert_eq!(
            names(generator().parameters()),
            expect(&[
                ("net.0.weight", &[64, 2]),
                ("net.0.bias", &[64]),
                ("net.2.weight", &[256, 64]),
                ("net.2.bias", &[256]),
                ("net.3.weight", &[256]),
                ("net.3.bias", &[256]),
                ("net.5.weight", &[512, 256]),
                ("net.5.bias", &[512]),
                ("net.6.weight", &[512]),
                ("net.6.bias", &[512]),
                ("net.8.weight", &[2, 512]),
                ("net.8.bias", &[2]),
            ])
        );
        assert_eq!(
            names(Mlp::discriminator(&TrainConfig::lab(Model::Gan)).parameters()),
            expect(&[
                ("net.0.weight", &[64, 2]),
                ("net.0.bias", &[64]),
                ("net.2.weight", &[256, 64]),
                ("net.2.bias", &[256]),
                ("net.4.weight", &[1, 256]),
                ("net.4.bias", &[1]),
            ])
        );
    }

    #[test]
    fn initial_weights_follow_pytorchs_law() {
        let weights = generator().initial(Init::Pytorch, None, &mut Stream::new(0, Use::Init, 0));
        let tensors = generator().to_tensors(&weights);
        for (name, inputs) in [("net.0.weight", 2.0), ("net.5.weight", 256.0), ("net.5.bias", 256.0_f64)] {
            let values = NamedTensor::find(&tensors, name).unwrap().as_f32_any().unwrap();
            let bound = 1.0 / inputs.sqrt();
            let n = values.len() as f64;
            let largest = values.iter().fold(0.0_f64, |m, &x| m.max(f64::from(x).abs()));
            assert!(largest <= bound && largest > 0.9 * bound, "{name}: {largest} for {bound}");
            let variance = values.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
            // A uniform law's second moment is bound^2 / 3; its estimate has relative deviation 0.9 / sqrt(n).
            assert!((variance / (bound * bound / 3.0) - 1.0).abs() < 4.0 / n.sqrt(), "{name}");
        }
        for (name, value) in
            [("net.3.weight", 1.0), ("net.3.bias", 0.0), ("net.6.running_mean", 0.0), ("net.6.running_var", 1.0)]
        {
            let values = NamedTensor::find(&tensors, name).unwrap().as_f32_any().unwrap();
            assert_eq!(values, vec![value; values.len()], "{name}");
        }
    }

    #[test]
    fn weights_survive_their_tensors() {
        let mlp = generator();
        let weights = Weights { batches: 9, ..mlp.initial(Init::He, None, &mut Stream::new(1, Use::Init, 0)) };
        assert_eq!(mlp.from_tensors(&mlp.to_tensors(&weights)).unwrap(), weights);
    }

    #[test]
    fn a_network_without_hidden_layers_is_one_linear() {
        let discriminator = DiscriminatorConfig { hidden: vec![], ..DiscriminatorConfig::default() };
        let mlp = Mlp::discriminator(&TrainConfig { discriminator, ..TrainConfig::lab(Model::Gan) });
        assert_eq!(mlp.layers(), [Layer::Linear { inputs: 2, outputs: 1, spectral: false }]);
    }

    #[test]
    fn a_spectral_norm_has_pytorchs_names_and_the_weights_of_the_same_network_without() {
        let plain = TrainConfig::lab(Model::Gan);
        let normed = TrainConfig { constraint: Some(ConstraintConfig::SpectralNorm {}), ..plain.clone() };
        let [plain, normed] = [plain, normed].map(|config| Mlp::discriminator(&config));
        let initial = |mlp: &Mlp| mlp.initial(Init::Pytorch, None, &mut Stream::new(0, Use::Init, 0));
        let (without, with) = (initial(&plain), initial(&normed));
        assert_eq!(with.parameters, without.parameters);
        let tensors = normed.to_tensors(&with);
        for (name, size) in [("weight.original", 64 * 2), ("weight.0._u", 64), ("weight.0._v", 2)] {
            let name = format!("net.0.parametrizations.{name}");
            assert_eq!(NamedTensor::find(&tensors, &name).unwrap().as_f32_any().unwrap().len(), size);
        }
        assert_eq!(normed.from_tensors(&tensors).unwrap(), with);
    }
}
