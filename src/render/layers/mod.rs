//! What a picture shows of a frame beside its points: one file each, and the list of them. To add one: a file, and its lines
//! in [`Layer`].

mod contours;
mod density;
mod field;
mod forces;
mod lattice;
mod plane;

pub use field::Field;
pub use forces::Forces;
pub use lattice::Mesh;

use plotters::backend::DrawingBackend;

use super::scale::Scale;
use super::scatter::{Area, Chart};
use super::theme::Look;
use super::{Axes, RenderError};
use crate::data::Point;

/// Something beside points.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// The discriminator's scores as tones.
    Field(Field),
    /// Lines of equal score.
    Contours(Field),
    /// How densely the generated points lie.
    Density(Vec<Point>),
    /// Where the generator takes a lattice of codes.
    Lattice(Mesh),
    /// Where generated points are pushed.
    Forces(Forces),
}

impl Layer {
    /// Whether it lies behind the points.
    pub(super) const fn is_behind(&self) -> bool {
        !matches!(self, Self::Forces(_))
    }

    /// Whether it has a key that says what its tones or lengths are.
    pub(super) fn has_key(&self) -> bool {
        !self.key_words().is_empty()
    }

    /// What its key says.
    pub(super) fn key_words(&self) -> Vec<&str> {
        match self {
            Self::Field(field) => field.words.iter().map(String::as_str).collect(),
            Self::Contours(_) => vec![contours::BLIND],
            Self::Forces(forces) => vec![&forces.words],
            Self::Density(_) => vec![density::WORDS_OF_KEY],
            Self::Lattice(_) => vec![lattice::WORDS_OF_KEY],
        }
    }

    /// What its tones or lengths are, in words; None of one whose tones have no numbers.
    pub fn said(&self) -> Option<String> {
        match self {
            Self::Field(field) => {
                let [name, low, high] = &field.words;
                // "score from the middle" is told by its range about 0.
                let name = name.split(' ').next().unwrap_or(name);
                let is_symmetric = low.strip_prefix('-').is_some_and(|low| low == high);
                Some(if is_symmetric { format!("{name} +-{high}") } else { format!("{name} {low} to {high}") })
            }
            Self::Forces(forces) => Some(forces.words.clone()),
            Self::Contours(_) | Self::Density(_) | Self::Lattice(_) => None,
        }
    }

    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        chart: &mut Chart<'_, DB>,
        axes: Axes,
        look: Look,
        scale: Scale,
    ) -> Result<(), RenderError> {
        match self {
            Self::Field(field) => field::draw(field, chart, axes, look, scale),
            Self::Contours(field) => contours::draw(field, chart, axes, look, scale),
            Self::Density(points) => density::draw(points, chart, axes, look, scale),
            Self::Lattice(mesh) => lattice::draw(mesh, chart, axes, look, scale),
            Self::Forces(forces) => forces::draw(forces, chart, axes, look, scale),
        }
    }

    /// Draws its key from this place on; gives how wide it is.
    pub(super) fn key<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        at: (i32, i32),
        look: Look,
        scale: Scale,
    ) -> Result<i32, RenderError> {
        match self {
            Self::Field(field) => field::key(field, area, at, look, scale),
            Self::Contours(field) => contours::key(field, area, at, look, scale),
            Self::Forces(forces) => forces::key(forces, area, at, look, scale),
            Self::Density(_) => plane::key(density::WORDS_OF_KEY, area, at, look, scale),
            Self::Lattice(_) => plane::key(lattice::WORDS_OF_KEY, area, at, look, scale),
        }
    }
}
