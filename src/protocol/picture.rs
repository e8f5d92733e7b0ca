//! A picture of a training at a mark, over true points: that of which the publication has pictures, where it has.

use crate::data::Point;
use crate::kinds::points::Extent;
use crate::render::Theme;
use crate::render::{Axes, AxesChoice, Field, Layer, Picture, Real, RenderError, ScatterPainter, Scene, Shown, Size};

use super::{Law, Protocol};

/// What the pictures of a recipe's trainings show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// True and generated points.
    Points,
    /// The same over the discriminator's scores and lines of equal score, where a single point has a score.
    Contours,
    /// How densely generated points lie.
    Density,
}

/// As large as is readable beside others.
const SIZE: Size = Size { width: 400, height: 400 };
/// More points hide each other.
const SHOWN: usize = 2000;
/// The seed of the points around which the axes lie, the same in every picture.
const OF_AXES: u64 = 0;

/// The part of the plane that the pictures of a law show.
fn axes(law: &Law) -> Axes {
    ScatterPainter::axes(SIZE, AxesChoice::Equal, &law.truth(SHOWN, OF_AXES).into(), false)
}

/// The same for the cells of a field of scores.
pub(super) fn extent(law: &Law) -> Extent {
    let Axes { x, y } = axes(law);
    Extent { x: [x.0, x.1], y: [y.0, y.1] }
}

/// The true points of a seed that its pictures show.
pub(super) fn truth(law: &Law, seed: u64) -> Vec<Point> {
    law.truth(SHOWN, seed)
}

/// The picture of a training with these generated points and this field of scores.
pub(super) fn of_training(
    protocol: &Protocol,
    (title, seed): (&str, u64),
    generated: &[Point],
    field: Option<Field>,
) -> Result<Picture, RenderError> {
    let shown = &generated[..generated.len().min(SHOWN)];
    let words = (format!("{title}, seed {seed}"), seed);
    match protocol.recipe.shows {
        Shows::Density => draw(protocol, words, Some(shown), &[Layer::Density(generated.to_vec())]),
        Shows::Points | Shows::Contours => {
            let layers = field.map(|field| [Layer::Field(field.clone()), Layer::Contours(field)]);
            draw(protocol, words, Some(shown), layers.as_ref().map_or(&[], |layers| layers))
        }
    }
}

/// The same of the law itself.
pub(super) fn of_law(protocol: &Protocol, seed: u64) -> Result<Picture, RenderError> {
    let layers = match protocol.recipe.shows {
        Shows::Density => vec![Layer::Density(protocol.law.truth(protocol.measure.samples, seed))],
        Shows::Points | Shows::Contours => Vec::new(),
    };
    draw(protocol, (format!("true points, seed {seed}"), seed), None, &layers)
}

fn draw(
    protocol: &Protocol,
    (title, seed): (String, u64),
    generated: Option<&[Point]>,
    layers: &[Layer],
) -> Result<Picture, RenderError> {
    let real = Real::from(truth(&protocol.law, seed));
    let painter = ScatterPainter::new(SIZE, axes(&protocol.law), Theme::Light, real)?;
    let without_points = protocol.recipe.shows == Shows::Density;
    let scene = Scene { without_points, layers, strips: &[] };
    painter.frame(&Shown { title: &title, generated, scene, ..Shown::default() })
}
