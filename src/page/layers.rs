//! What a run records beside its points, as the page has it: the discriminator's field, the generator's lattice, forces,
//! scores, slopes, parameters.

use serde::Serialize;

use super::packed::Packed;
use super::run::{Cloud, OBJECT, PageAxes, cloud};
use crate::data::Point;

/// What a run recorded, a value a frame; None for what it did not record.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorded {
    /// The axes over which the field was taken.
    pub(super) axes: Option<([f64; 2], [f64; 2])>,
    /// The score at the centres of cells, row by row from the lowest.
    pub(super) field: Option<Vec<Vec<f32>>>,
    /// Cells in a column and in a row of the field.
    pub(super) field_size: [usize; 2],
    /// The generator's points on a lattice of codes, in the data's units.
    pub(super) lattice: Option<Vec<Vec<Point>>>,
    /// How many numbers a code of the lattice has.
    pub(super) lattice_dims: usize,
    /// Minus the gradient of the generator's loss by each of the first generated points, in the data's units.
    pub(super) forces: Option<Vec<Vec<Point>>>,
    /// Scores of training, held-out and generated points.
    pub(super) scores: Option<Vec<[Vec<f32>; 3]>>,
    /// Norms of the score's gradient there.
    pub(super) slopes: Option<Vec<[Vec<f32>; 3]>>,
    /// Percentiles of the discriminator's parameters.
    pub(super) weights: Option<Vec<Vec<f32>>>,
}

/// The same for the frames of a page.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Layers {
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lattice: Option<Lattice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forces: Option<PerFrame<Cloud>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<PerFrame<[Packed; 3]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slopes: Option<PerFrame<[Packed; 3]>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<PerFrame<Packed>>,
    /// For each frame the mean score of held-out points minus that of generated ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    critic: Option<Vec<f64>>,
}

#[derive(Clone, Debug, Serialize)]
struct PerFrame<T> {
    frames: Vec<T>,
}

#[derive(Clone, Debug, Serialize)]
struct Field {
    /// Rows and columns.
    size: [usize; 2],
    axes: FieldAxes,
    frames: Vec<Packed>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct FieldAxes {
    x: [f64; 2],
    y: [f64; 2],
}

#[derive(Clone, Debug, Serialize)]
struct Lattice {
    /// How many numbers a code has: with 2 it is a sheet, with 1 a curve.
    dims: usize,
    /// Codes along a side.
    side: usize,
    frames: Vec<Cloud>,
}

impl Recorded {
    /// Bytes that a frame of it takes in a page.
    pub(super) fn frame_size(&self) -> usize {
        let one = |n: usize| Packed::size(n) + OBJECT;
        let first = |list: &Option<Vec<[Vec<f32>; 3]>>| {
            let list = list.as_ref().and_then(|frames| frames.first());
            list.map_or(0, |lists| lists.iter().map(|list| one(list.len())).sum())
        };
        let points = |list: &Option<Vec<Vec<Point>>>| {
            list.as_ref().and_then(|frames| frames.first()).map_or(0, |points| 2 * one(points.len()))
        };
        let numbers = |list: &Option<Vec<Vec<f32>>>| {
            list.as_ref().and_then(|frames| frames.first()).map_or(0, |values| one(values.len()))
        };
        numbers(&self.field)
            + numbers(&self.weights)
            + points(&self.lattice)
            + points(&self.forces)
            + first(&self.scores)
            + first(&self.slopes)
    }
}

impl Layers {
    /// What was recorded of these frames, by their places among all.
    pub(super) fn of(recorded: &Recorded, kept: &[usize], axes: &PageAxes) -> Self {
        let field = recorded.axes.zip(recorded.field.as_ref()).and_then(|((x, y), all)| {
            let frames = chosen(all, kept, |values| numbers(values))?;
            Some(Field { size: recorded.field_size, axes: FieldAxes { x, y }, frames })
        });
        let lattice = recorded.lattice.as_ref().and_then(|all| {
            let frames = chosen(all, kept, |points| cloud(points, usize::MAX, axes))?;
            let count = all.first().map_or(0, Vec::len);
            let side = if recorded.lattice_dims == 2 { count.isqrt() } else { count };
            Some(Lattice { dims: recorded.lattice_dims, side, frames })
        });
        let three = |all: &Option<Vec<[Vec<f32>; 3]>>| {
            let frames = chosen(all.as_ref()?, kept, |lists| lists.each_ref().map(|list| numbers(list)))?;
            Some(PerFrame { frames })
        };
        let force = |points: &Vec<Point>| {
            let side = |axis: usize| Packed::of(&points.iter().map(|point| point[axis]).collect::<Vec<_>>());
            Cloud { x: side(0), y: side(1) }
        };
        let of_all = |all: &Vec<Vec<f32>>| chosen(all, kept, |values| numbers(values));
        let critic = recorded.scores.as_ref().and_then(|all| {
            chosen(all, kept, |[_, held_out, made]| {
                let mean = |list: &[f32]| list.iter().map(|&x| f64::from(x)).sum::<f64>() / list.len().max(1) as f64;
                mean(held_out) - mean(made)
            })
        });
        Self {
            field,
            lattice,
            forces: recorded.forces.as_ref().and_then(|all| chosen(all, kept, force)).map(|frames| PerFrame { frames }),
            scores: three(&recorded.scores),
            slopes: three(&recorded.slopes),
            weights: recorded.weights.as_ref().and_then(of_all).map(|frames| PerFrame { frames }),
            critic,
        }
    }
}

/// Frames by their places; None where one of them is not there, or there are none.
fn chosen<T, U>(all: &[T], kept: &[usize], of: impl Fn(&T) -> U) -> Option<Vec<U>> {
    let found: Option<Vec<U>> = kept.iter().map(|&i| all.get(i).map(&of)).collect();
    found.filter(|frames| !frames.is_empty())
}

fn numbers(values: &[f32]) -> Packed {
    Packed::of(&values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>())
}
