//! What a run records beside its points, as the page has it: the discriminator's field, the generator's lattice, forces,
//! scores, slopes, parameters.

use serde::Serialize;

use super::packed::Packed;
use super::run::{Cloud, OBJECT, PageAxes, cloud};
use crate::data::Point;
use crate::kinds::points::{Groups, Lattice as Recording, Recorded, SIDE, Span, Tone};
use crate::objective::Rule;

/// What a run recorded, of the frames of a page; None for what it did not record.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Layers {
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tone: Option<PageTone>,
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

/// How scores become colours, as pictures have it: see [`Tone`].
#[derive(Clone, Debug, Serialize)]
struct PageTone {
    /// For each frame the score at which the discriminator cannot tell.
    centre: Vec<f64>,
    /// Whether that is the middle between the mean scores of training and of generated points.
    is_middle: bool,
    /// How far from it the full colour is; None where the colour is the probability that a point is real.
    most: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
struct Lattice {
    /// How many numbers a code has: with 2 it is a sheet, with 1 a curve.
    dims: usize,
    /// Codes along a side.
    side: usize,
    frames: Vec<Cloud>,
}

/// Bytes that a frame of what was recorded takes in a page.
pub(super) fn frame_size(recorded: &Recorded) -> usize {
    let one = |n: usize| Packed::size(n) + OBJECT;
    let groups = |list: &Option<Vec<Groups>>| {
        let first = list.as_ref().and_then(|frames| frames.first());
        first.map_or(0, |groups| groups.iter().map(|group| one(group.len())).sum())
    };
    let numbers = |list: &Option<Vec<Vec<f32>>>| {
        list.as_ref().and_then(|frames| frames.first()).map_or(0, |values| one(values.len()))
    };
    let lattice = recorded.lattice.as_ref().and_then(|frames| frames.first());
    let forces = recorded.forces.as_ref().and_then(|frames| frames.first());
    numbers(&recorded.field)
        + numbers(&recorded.weights)
        + lattice.map_or(0, |lattice| 2 * one(points_of(lattice).len()))
        + forces.map_or(0, |points| 2 * one(points.len()))
        + groups(&recorded.scores)
        + groups(&recorded.slopes)
}

impl Layers {
    /// What was recorded of these frames, by their places among all, under a rule.
    pub(super) fn of(rule: &Rule, recorded: &Recorded, kept: &[usize], axes: &PageAxes) -> Self {
        let field = recorded.extent.zip(recorded.field.as_ref()).and_then(|(extent, all)| {
            let frames = chosen(all, kept, |values| numbers(values))?;
            Some(Field { size: [SIDE, SIDE], axes: FieldAxes { x: extent.x, y: extent.y }, frames })
        });
        let tone = Tone::of(rule, recorded).and_then(|tone| {
            let centre = chosen(&tone.centre, kept, |&centre| centre)?;
            let most = if let Span::Value(most) = tone.span { Some(most) } else { None };
            Some(PageTone { centre, is_middle: tone.is_middle, most })
        });
        let lattice = recorded.lattice.as_ref().and_then(|all| {
            let (dims, side) = match all.first()? {
                Recording::Curve(points) => (1, points.len()),
                Recording::Sheet(lines) => (2, lines.len()),
            };
            Some(Lattice { dims, side, frames: chosen(all, kept, |one| cloud(&points_of(one), usize::MAX, axes))? })
        });
        let groups = |all: &Option<Vec<Groups>>| {
            let frames = chosen(all.as_ref()?, kept, |groups| groups.each_ref().map(|group| numbers(group)))?;
            Some(PerFrame { frames })
        };
        let force = |points: &Vec<Point>| {
            let side = |axis: usize| Packed::of(&points.iter().map(|point| point[axis]).collect::<Vec<_>>());
            Cloud { x: side(0), y: side(1) }
        };
        let critic = recorded.scores.as_ref().and_then(|all| {
            chosen(all, kept, |[_, held_out, made]| {
                let mean = |list: &[f32]| list.iter().map(|&x| f64::from(x)).sum::<f64>() / list.len().max(1) as f64;
                mean(held_out) - mean(made)
            })
        });
        Self {
            field,
            tone,
            lattice,
            forces: recorded.forces.as_ref().and_then(|all| chosen(all, kept, force)).map(|frames| PerFrame { frames }),
            scores: groups(&recorded.scores),
            slopes: groups(&recorded.slopes),
            weights: recorded
                .weights
                .as_ref()
                .and_then(|all| chosen(all, kept, |values| numbers(values)))
                .map(|frames| PerFrame { frames }),
            critic,
        }
    }
}

fn points_of(lattice: &Recording) -> Vec<Point> {
    match lattice {
        Recording::Curve(points) => points.clone(),
        Recording::Sheet(lines) => lines.concat(),
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
