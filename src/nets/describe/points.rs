//! The networks of a run of points, from its config or from the names and shapes of a file's tensors.

use std::collections::BTreeMap;

use super::{LayerRow, Network, Norm, Role};
use crate::checkpoint::TensorInfo;
use crate::config::{Activation, GeneratorConfig, LatentLaw, TrainConfig};
use crate::figures::{measure, place};
use crate::nets::Slot;
use crate::nets::mlp::{Layer, Mlp, SPECTRAL_WEIGHT};
use crate::objective::Rule;

/// A network of points.
#[derive(Clone, Debug, PartialEq)]
pub struct PointsNet {
    role: Role,
    mlp: Mlp,
    /// The game that it plays and its name; a file does not say it, nor BatchNorm's eps and momentum, nor an activation's
    /// name.
    game: Option<(&'static Rule, String)>,
    /// From its units to the data's, where it has others.
    map: Option<Affine>,
    /// The law of the generator's codes, where it is known.
    law: Option<LatentLaw>,
}

/// An affine map of the plane: centre + matrix x, the matrix by rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Where the origin goes.
    pub centre: [f64; 2],
    /// What differences are multiplied by.
    pub matrix: [[f64; 2]; 2],
}

impl Affine {
    /// Where (u, v) goes: `(0.50 + 0.82 u, 0.24 + 0.50 v)`.
    fn words(&self) -> String {
        let row = |axis: usize| {
            let [of_u, of_v] = self.matrix[axis];
            let terms = [(of_u, "u"), (of_v, "v")].into_iter().filter(|(factor, _)| *factor != 0.0);
            let start = place(self.centre[axis], of_u.hypot(of_v));
            terms.fold(start, |text, (factor, name)| text + &format!(" + {} {name}", measure(factor)))
        };
        format!("({}, {})", row(0), row(1))
    }
}

impl PointsNet {
    /// Generator and discriminator of a config, which have points in units that `map` takes to the data's.
    pub fn of_config(config: &TrainConfig, map: Option<Affine>) -> [Self; 2] {
        let game = Some((config.game().rule, config.game_title()));
        let law = Some(config.generator.latent_law.unwrap_or_default());
        [
            Self { role: Role::Generator, mlp: Mlp::generator(config), game: game.clone(), map, law },
            Self { role: Role::Discriminator, mlp: Mlp::discriminator(config), game, map, law },
        ]
    }

    /// The network that the tensors whose names begin with `prefix` make up. None where they are not exactly those of a
    /// generator or a discriminator of points.
    pub fn of_tensors(tensors: &[TensorInfo], prefix: &str) -> Option<Self> {
        let named = tensors.iter().filter_map(|tensor| Some((tensor.name.strip_prefix(prefix)?, &tensor.shape[..])));
        let shapes: Shapes<'_> = named.collect();
        let mlp = Mlp::of_layers(layers(&shapes)?);
        let expected = mlp.tensors();
        let fits = |slot: &Slot| shapes.get(slot.name.as_str()) == Some(&&slot.shape[..]);
        if expected.len() != shapes.len() || !expected.iter().all(fits) {
            return None;
        }
        let role = match (inputs(mlp.layers()), outputs(mlp.layers())) {
            (Some(_), Some(2)) => Role::Generator,
            (Some(inputs), Some(1)) if inputs.is_multiple_of(2) => Role::Discriminator,
            _ => return None,
        };
        Some(Self { role, mlp, game: None, map: None, law: None })
    }

    /// Which of the two it is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// From its units to the data's, where it has others.
    pub(super) fn map(&self) -> Option<Affine> {
        self.map
    }

    /// Its layers.
    pub fn mlp(&self) -> &Mlp {
        &self.mlp
    }

    /// Whether BatchNorm's eps and momentum are not known, and there is a BatchNorm.
    pub fn lacks_norm(&self) -> bool {
        self.game.is_none() && self.mlp.has_norm()
    }

    /// The widths, first to last: `2-64-256-1`.
    pub fn widths(&self) -> String {
        let mut widths: Vec<String> = inputs(self.mlp.layers()).iter().map(usize::to_string).collect();
        widths.extend(self.mlp.layers().iter().filter_map(|layer| match layer {
            Layer::Activation { features, .. } => Some(features.to_string()),
            _ => None,
        }));
        widths.extend(outputs(self.mlp.layers()).map(|outputs| outputs.to_string()));
        widths.join("-")
    }

    /// Its layers for people.
    pub fn network(&self) -> Network {
        Network::new(self.role, self.rows(), self.notes())
    }

    fn rows(&self) -> Vec<LayerRow> {
        let mut rows: Vec<LayerRow> = Vec::new();
        for (i, layer) in self.mlp.layers().iter().enumerate() {
            let row = |kind: &str, norm, input: usize, output: usize, parameters: u64| LayerRow {
                side: None,
                name: format!("net.{i}"),
                kind: kind.to_owned(),
                norm,
                input: vec![input],
                output: vec![output],
                activation: None,
                parameters,
            };
            match *layer {
                Layer::Linear { inputs, outputs, spectral } => {
                    let kind = if spectral { "Linear, spectral norm" } else { "Linear" };
                    let weights = (inputs as u64).saturating_mul(outputs as u64);
                    rows.push(row(kind, None, inputs, outputs, weights.saturating_add(outputs as u64)));
                }
                Layer::BatchNorm { features, eps, momentum } => {
                    let norm = (!self.lacks_norm()).then_some(Norm { eps, momentum });
                    rows.push(row("BatchNorm1d", norm, features, features, (features as u64).saturating_mul(2)));
                }
                Layer::Activation { function, .. } => {
                    if let Some(before) = rows.last_mut() {
                        before.activation = Some(function.to_string());
                    }
                }
            }
        }
        rows
    }

    /// What it makes of what, in a sentence or two.
    pub(super) fn output(&self) -> String {
        match (self.role, &self.game) {
            (Role::Generator, _) => {
                let law = match self.law {
                    Some(LatentLaw::Normal) => " from N(0, 1)",
                    Some(LatentLaw::Uniform) => " from U(-1, 1)",
                    None => ", from N(0, 1) unless the run's config.json says otherwise",
                };
                format!("Input: codes z{law}. Output: points.")
            }
            (Role::Discriminator, Some((rule, _))) if rule.logits => {
                "Output: the logit of D(x). The sigmoid is not a layer here: it is part of the loss.".to_owned()
            }
            (Role::Discriminator, Some((_, title))) => {
                format!("Output: the critic's score. A {title} has no sigmoid.")
            }
            (Role::Discriminator, None) => {
                "Output: a GAN's logit, whose sigmoid is part of the loss, or a WGAN critic's score.".to_owned()
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![self.output()];
        let members = inputs(self.mlp.layers()).unwrap_or(0) / 2;
        if self.role == Role::Discriminator && members > 1 {
            notes.push(format!("It scores {members} points at once, side by side."));
        }
        if let Some(map) = self.map {
            let subject =
                if self.role == Role::Generator { "A point (u, v) that it makes" } else { "Its input (u, v)" };
            notes.push(format!("{subject} is {} in the data's units.", map.words()));
        }
        if self.lacks_norm() {
            notes.push("BatchNorm's eps and momentum are not in the file; the run's config.json has them.".to_owned());
        }
        let guessed = |layer: &Layer| matches!(layer, Layer::Activation { function, .. } if function.pieces() == 1);
        if self.game.is_none() && self.mlp.layers().iter().any(guessed) {
            notes.push(
                "Which activation stands between the layers is not in the file; LeakyReLU(0.2) is the usual one, and the \
                 run's config.json says which it is."
                    .to_owned(),
            );
        }
        if self.mlp.has_norm() {
            notes.push(
                "BatchNorm's running mean and variance are saved too; they are not learnt parameters.".to_owned(),
            );
        }
        notes
    }
}

fn inputs(layers: &[Layer]) -> Option<usize> {
    layers.first().and_then(|layer| match layer {
        Layer::Linear { inputs, .. } => Some(*inputs),
        _ => None,
    })
}

fn outputs(layers: &[Layer]) -> Option<usize> {
    layers.last().and_then(|layer| match layer {
        Layer::Linear { outputs, .. } => Some(*outputs),
        _ => None,
    })
}

/// Tensors' shapes by name.
type Shapes<'a> = BTreeMap<&'a str, &'a [usize]>;

/// The modules that names such as `net.3.weight` speak of. A number without tensors is an activation's: maxout's where the
/// next Linear takes a part of what comes before, else one that keeps the width.
fn layers(shapes: &Shapes<'_>) -> Option<Vec<Layer>> {
    let shape_of = |name: String| shapes.get(name.as_str()).copied();
    // A hostile file has any number in a name, but no network has more modules than twice its tensors.
    let last = shapes.keys().map(|name| module(name)).collect::<Option<Vec<_>>>()?.into_iter().max()?;
    if last >= 2 * shapes.len() {
        return None;
    }
    let lab = GeneratorConfig::default();
    let mut layers = Vec::with_capacity(last + 1);
    for i in 0..=last {
        let is_norm = shape_of(format!("net.{i}.running_mean")).is_some();
        let original = shape_of(format!("net.{i}.{SPECTRAL_WEIGHT}"));
        let spectral = original.is_some();
        layers.push(match original.or_else(|| shape_of(format!("net.{i}.weight"))) {
            Some(&[outputs, inputs]) if outputs > 0 && inputs > 0 => Layer::Linear { inputs, outputs, spectral },
            Some(&[features]) if is_norm => {
                Layer::BatchNorm { features, eps: lab.batch_norm_eps, momentum: lab.batch_norm_momentum }
            }
            None => activation(i, &shape_of)?,
            Some(_) => return None,
        });
    }
    is_chain(&layers).then_some(layers)
}

/// The activation at this place, between what comes before and what comes after.
fn activation<'a>(place: usize, shape_of: &impl Fn(String) -> Option<&'a [usize]>) -> Option<Layer> {
    let weights =
        |i: usize| shape_of(format!("net.{i}.weight")).or_else(|| shape_of(format!("net.{i}.{SPECTRAL_WEIGHT}")));
    let (before, after) = (*weights(place.checked_sub(1)?)?.first()?, *weights(place + 1)?.get(1)?);
    if after == 0 || !before.is_multiple_of(after) {
        return None;
    }
    let function = match before / after {
        1 => Activation::default(),
        pieces => Activation::Maxout { pieces },
    };
    Some(Layer::Activation { function, features: after })
}

/// The number in `net.3.weight`.
fn module(name: &str) -> Option<usize> {
    let (number, _) = name.strip_prefix("net.")?.split_once('.')?;
    number.parse().ok().filter(|parsed: &usize| parsed.to_string() == number)
}

/// Linear, then BatchNorm or nothing, then an activation, and again; a Linear at the end; each as wide as what comes
/// before.
fn is_chain(layers: &[Layer]) -> bool {
    let follows = |pair: &[Layer]| match (pair[0], pair[1]) {
        (Layer::Linear { outputs, .. }, Layer::BatchNorm { features, .. }) => outputs == features,
        (Layer::Linear { .. } | Layer::BatchNorm { .. }, Layer::Activation { .. }) => true,
        (Layer::Activation { features, .. }, Layer::Linear { inputs, .. }) => features == inputs,
        _ => false,
    };
    let linear = |layer: Option<&Layer>| matches!(layer, Some(Layer::Linear { .. }));
    linear(layers.first()) && linear(layers.last()) && layers.windows(2).all(follows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Model, Objective};

    fn infos(net: &PointsNet, prefix: &str) -> Vec<TensorInfo> {
        let info = |slot: Slot| TensorInfo {
            name: format!("{prefix}{}", slot.name),
            kind: "F32".to_owned(),
            bytes: 4 * slot.size() as u64,
            shape: slot.shape,
        };
        net.mlp.tensors().into_iter().map(info).collect()
    }

    fn lab(model: Model) -> [PointsNet; 2] {
        PointsNet::of_config(&TrainConfig::lab(model), None)
    }

    #[test]
    fn the_labs_networks_have_the_numbers_of_parameters_that_pytorch_counts() {
        let [generator, discriminator] = lab(Model::Gan).map(|net| net.network());
        assert_eq!((generator.parameters, discriminator.parameters), (150_978, 17_089));
        let rows = generator.rows();
        assert_eq!(rows[1], ["net.2", "Linear", "N x 64", "N x 256", "none", "16640"]);
        assert_eq!(
            rows[2],
            ["net.3", "BatchNorm1d (eps 0.8, momentum 0.1)", "N x 256", "N x 256", "LeakyReLU(0.2)", "512"]
        );
        assert_eq!(rows.last().unwrap(), &["total", "", "", "", "", "150978"]);
        assert!(discriminator.notes[0].contains("sigmoid is not a layer here"), "{discriminator:?}");
        assert!(lab(Model::Wgan)[1].network().notes[0].contains("critic"));
    }

    #[test]
    fn a_network_is_known_by_its_tensors_alone() {
        let mut config = TrainConfig::lab(Model::Gan);
        for (hidden, batch_norm) in [
            (vec![64, 256, 512], vec![false, true, true]),
            (vec![], vec![]),
            (vec![5], vec![true]),
            (vec![1, 1, 1], vec![true, false, true]),
        ] {
            config.generator =
                GeneratorConfig { hidden: hidden.clone(), batch_norm, latent_dim: 7, ..config.generator };
            config.discriminator.hidden = hidden;
            config.objective = Objective::lab(Model::Gan);
            for net in PointsNet::of_config(&config, None) {
                for prefix in ["", "generator."] {
                    let found = PointsNet::of_tensors(&infos(&net, prefix), prefix).unwrap();
                    assert_eq!((found.role(), found.mlp().tensors()), (net.role(), net.mlp().tensors()));
                    assert_eq!(found.lacks_norm(), !net.mlp().statistics().is_empty());
                }
            }
        }
    }

    #[test]
    fn whatever_differs_from_such_a_network_is_none() {
        let [generator, _] = lab(Model::Gan);
        let whole = infos(&generator, "");
        for i in 0..whole.len() {
            let mut less = whole.clone();
            less.remove(i);
            assert_eq!(PointsNet::of_tensors(&less, ""), None, "without {}", whole[i].name);
            let mut other = whole.clone();
            other[i].shape.push(3);
            assert_eq!(PointsNet::of_tensors(&other, ""), None, "{} of another shape", whole[i].name);
        }
        for name in ["net.9.weight", "net.1.weight", "net.00.weight", "net.18446744073709551615.weight", "lod", "net.0"]
        {
            let mut more = whole.clone();
            more.push(TensorInfo { name: name.to_owned(), ..whole[0].clone() });
            assert_eq!(PointsNet::of_tensors(&more, ""), None, "{name}");
        }
        assert_eq!(PointsNet::of_tensors(&[], ""), None);
        let image =
            TensorInfo { name: "net.0.weight".into(), kind: "F32".into(), shape: vec![usize::MAX; 2], bytes: 0 };
        let bias = TensorInfo { name: "net.0.bias".into(), shape: vec![usize::MAX], ..image.clone() };
        assert_eq!(PointsNet::of_tensors(&[image, bias], ""), None);
    }
}
