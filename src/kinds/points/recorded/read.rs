//! What was recorded, as readers have it.

use super::super::run::PointsRun;
use super::{Extent, LINES, RECORDED, Scope, layer};
use crate::config::Recording;
use crate::data::{Point, npy};
use crate::run::RunError;

/// Numbers of training, held-out and generated points, in this order.
pub type Groups = [Vec<f32>; 3];

/// The generator's lattice in a frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Lattice {
    /// Of codes of one number: points along a curve.
    Curve(Vec<Point>),
    /// Of codes of two: lines of points, [`LINES`] of both.
    Sheet(Vec<Vec<Point>>),
}

/// What was recorded of each frame; None for what was not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The part of the plane of the field.
    pub extent: Option<Extent>,
    /// The scores on a grid, rows from the lowest: [`super::SIDE`] by that.
    pub field: Option<Vec<Vec<f32>>>,
    /// The generator's lattice.
    pub lattice: Option<Vec<Lattice>>,
    /// Where the first generated points are pushed, as a direction in the data's units: what the gradient does to the
    /// networks' points, seen there.
    pub forces: Option<Vec<Vec<Point>>>,
    /// The scores of points.
    pub scores: Option<Vec<Groups>>,
    /// The norms of the score's gradients.
    pub slopes: Option<Vec<Groups>>,
    /// The percentiles of the discriminator's parameters.
    pub weights: Option<Vec<Vec<f32>>>,
}

impl Recorded {
    /// Whether it holds this.
    pub fn has(&self, what: Recording) -> bool {
        match what {
            Recording::Field => self.field.is_some(),
            Recording::Lattice => self.lattice.is_some(),
            Recording::Forces => self.forces.is_some(),
            Recording::Scores => self.scores.is_some(),
            Recording::Slopes => self.slopes.is_some(),
            Recording::Weights => self.weights.is_some(),
        }
    }
}

impl PointsRun {
    /// Whether this was recorded; not if that cannot be read.
    pub fn has_recorded(&self, what: Recording) -> bool {
        self.scope().is_ok_and(|scope| scope.is_some_and(|scope| scope.recordings().contains(&what)))
    }

    /// What is recorded beside points, and of how many; None for a run that records nothing.
    pub fn scope(&self) -> Result<Option<Scope>, RunError> {
        if !self.dir().manifest()?.digests.contains_key(RECORDED) {
            return Ok(None);
        }
        let scope = serde_json::from_value(self.dir().json(RECORDED)?);
        scope.map(Some).map_err(|error| self.dir().malformed(RECORDED, error.to_string()))
    }

    /// The same; where the file is lost, what follows from the run.
    pub(in super::super) fn scope_or(&self, made: impl FnOnce() -> Scope) -> Result<Option<Scope>, RunError> {
        match self.scope() {
            Err(RunError::Malformed { .. } | RunError::NoRun { .. } | RunError::Lacks { .. }) => Ok(Some(made())),
            other => other,
        }
    }

    /// What was recorded beside the points of the first frames, so many of them.
    pub fn recorded(&self, frames: usize) -> Result<Recorded, RunError> {
        let Some(scope) = self.scope()? else { return Ok(Recorded::default()) };
        let units = self.units()?;
        let mut recorded = Recorded { extent: Some(scope.extent), ..Recorded::default() };
        for recording in scope.recordings() {
            let array = self.frames_of(recording, &scope, frames)?;
            let size = array.shape.iter().skip(1).product::<u64>() as usize;
            let each = || array.values.chunks_exact(size.max(1)).take(frames);
            match recording {
                Recording::Field => recorded.field = Some(each().map(singles).collect()),
                Recording::Weights => recorded.weights = Some(each().map(singles).collect()),
                Recording::Scores => recorded.scores = Some(each().map(groups).collect()),
                Recording::Slopes => recorded.slopes = Some(each().map(groups).collect()),
                Recording::Lattice => recorded.lattice = Some(each().map(|values| lattice(&scope, values)).collect()),
                Recording::Forces => {
                    let direction = |&[x, y]: &Point| units.direction_outward([x, y]);
                    recorded.forces =
                        Some(each().map(|values| values.as_chunks().0.iter().map(direction).collect()).collect());
                }
            }
        }
        Ok(recorded)
    }

    /// An array with so many frames at least, each of the shape that it is to have.
    fn frames_of(&self, recording: Recording, scope: &Scope, frames: usize) -> Result<npy::Array, RunError> {
        let (dir, layer) = (self.dir(), layer(recording));
        let array = dir.array(layer.file)?;
        let expected = (layer.shape)(scope);
        match array.shape.split_first() {
            Some((&there, shape)) if shape == expected && there >= frames as u64 => {}
            _ => {
                let reason = format!("its shape is {:?}, not {frames} frames of {expected:?}", array.shape);
                return Err(dir.malformed(layer.file, reason));
            }
        }
        dir.check_frames(layer.file, &array)?;
        Ok(array)
    }
}

fn singles(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

fn groups(values: &[f64]) -> Groups {
    let size = values.len() / 3;
    [0, 1, 2].map(|i| singles(&values[i * size..(i + 1) * size]))
}

fn lattice(scope: &Scope, values: &[f64]) -> Lattice {
    let points: Vec<Point> = values.as_chunks().0.to_vec();
    if scope.latent == 1 {
        return Lattice::Curve(points);
    }
    Lattice::Sheet(points.chunks(LINES).map(<[Point]>::to_vec).collect())
}
