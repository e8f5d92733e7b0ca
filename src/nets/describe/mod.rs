//! Networks as people read them: each layer with its shapes, its activation and its number of parameters. The same as
//! Markdown tables for a report ([`markdown`]) and as PyTorch source ([`pytorch`]).

pub mod markdown;
mod points;
mod progan;
pub mod pytorch;

pub use points::{Affine, PointsNet};
pub use progan::{progan, progan_of_tensors};

use serde::Serialize;

use super::Slot;
use crate::checkpoint::TensorInfo;
use crate::config::shown;

/// Which of the two networks it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It makes points or images from codes.
    Generator,
    /// It scores them; a WGAN's is called a critic.
    Discriminator,
}

impl Role {
    /// Its name in files and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::Discriminator => "discriminator",
        }
    }

    /// Its name as a heading and as a Python class.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Generator => "Generator",
            Self::Discriminator => "Discriminator",
        }
    }
}

/// A layer: what has tensors of its own, with the activation that follows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerRow {
    /// The side of the images that it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<usize>,
    /// Its name, which its tensors' names begin with.
    pub name: String,
    /// What it does, such as `Linear`.
    pub kind: String,
    /// BatchNorm's eps and momentum, where they are known.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub norm: Option<Norm>,
    /// The shape of its input, without the batch.
    pub input: Vec<usize>,
    /// The shape of its output, without the batch.
    pub output: Vec<usize>,
    /// The activation after it.
    pub activation: Option<String>,
    /// How many numbers it learns.
    pub parameters: u64,
}

/// BatchNorm's constants.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Norm {
    /// Added to the variance.
    pub eps: f64,
    /// How much of a batch's statistics goes into the running ones.
    pub momentum: f64,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    /// Which of the two it is.
    pub role: Role,
    /// How many numbers it learns.
    pub parameters: u64,
    /// Its layers, first to last.
    pub layers: Vec<LayerRow>,
    /// What the table does not show, a sentence each.
    pub notes: Vec<String>,
}

impl Network {
    fn new(role: Role, layers: Vec<LayerRow>, notes: Vec<String>) -> Self {
        let parameters = layers.iter().map(|layer| layer.parameters).fold(0, u64::saturating_add);
        Self { role, parameters, layers, notes }
    }

    fn has_sides(&self) -> bool {
        self.layers.iter().any(|layer| layer.side.is_some())
    }

    /// The titles of the columns.
    pub fn header(&self) -> Vec<&'static str> {
        let side = self.has_sides().then_some("side");
        side.into_iter().chain(["layer", "kind", "input", "output", "activation", "parameters"]).collect()
    }

    /// Whether each column holds numbers.
    pub fn numeric(&self) -> Vec<bool> {
        self.header().into_iter().map(|title| ["side", "parameters"].contains(&title)).collect()
    }

    /// A row for each layer, and one with the total.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let has_sides = self.has_sides();
        let side = |side: Option<usize>| side.map_or_else(String::new, |side| side.to_string());
        let row = |layer: &LayerRow| {
            let cells = [
                layer.name.clone(),
                layer.words(),
                shape(&layer.input),
                shape(&layer.output),
                layer.activation.clone().unwrap_or_else(|| "none".to_owned()),
                layer.parameters.to_string(),
            ];
            has_sides.then(|| side(layer.side)).into_iter().chain(cells).collect()
        };
        let mut rows: Vec<Vec<String>> = self.layers.iter().map(row).collect();
        let empty = String::new;
        let total = ["total".to_owned(), empty(), empty(), empty(), empty(), self.parameters.to_string()];
        rows.push(has_sides.then(empty).into_iter().chain(total).collect());
        rows
    }
}

impl LayerRow {
    /// Its kind with its constants.
    fn words(&self) -> String {
        match self.norm {
            Some(Norm { eps, momentum }) => {
                let [eps, momentum] = [eps, momentum].map(|x| shown(&x.into()));
                format!("{} (eps {eps}, momentum {momentum})", self.kind)
            }
            None => self.kind.clone(),
        }
    }
}

/// A shape with the batch as N.
fn shape(sizes: &[usize]) -> String {
    sizes.iter().fold("N".to_owned(), |text, size| format!("{text} x {size}"))
}

/// In what a file's tensors differ from those that gan-lab writes for a network; empty if they fit.
pub fn differences(expected: &[Slot], found: &[TensorInfo]) -> Vec<String> {
    let mut differences = Vec::new();
    for slot in expected {
        // Counters alone are whole numbers.
        let kind = if slot.name.ends_with("num_batches_tracked") { "I64" } else { "F32" };
        match found.iter().find(|tensor| tensor.name == slot.name) {
            None => differences.push(format!("there is no tensor '{}'", slot.name)),
            Some(tensor) if tensor.shape != slot.shape || tensor.kind != kind => differences.push(format!(
                "tensor '{}' is {} {:?}; expected {kind} {:?}",
                slot.name, tensor.kind, tensor.shape, slot.shape
            )),
            Some(_) => {}
        }
    }
    let others = found.iter().filter(|tensor| !expected.iter().any(|slot| slot.name == tensor.name));
    differences.extend(others.map(|tensor| format!("tensor '{}' belongs to no layer", tensor.name)));
    differences
}
