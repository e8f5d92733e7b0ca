//! The eyes.

use crate::faces::colour::{Colour, mix, ramp, smooth_step, tinted};
use crate::faces::path::{Path, Point};
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

/// Where an eye is, at each side.
pub(super) const PLACE: Point = [0.43, 0.06];

const IRISES: [Colour; 5] =
    [[0.33, 0.18, 0.10], [0.52, 0.36, 0.16], [0.34, 0.52, 0.28], [0.25, 0.50, 0.74], [0.52, 0.60, 0.66]];

pub(super) fn draw(scene: &mut Scene) {
    for side in [-1.0, 1.0] {
        eye(scene, side);
    }
}

fn eye(scene: &mut Scene, side: f32) {
    let (large, open) = (scene.of(Trait::EyeSize), scene.of(Trait::EyeOpen));
    let (head, skin) = (scene.head, scene.skin);
    let place = [side * PLACE[0], PLACE[1]];
    let half = 0.122 * (1.0 + 0.20 * large);
    let upper = 0.098 * (1.0 + 0.26 * large) * (0.24 + 0.76 * open);
    let lower = 0.060 * (1.0 + 0.26 * large) * (0.55 + 0.45 * open);
    // Offsets at the eye, positive to the outer side.
    let at = |x: f32, y: f32| head.near(place, [side * x, y], 0.0);
    let lid = [
        at(-half, 0.020),
        at(-0.62 * half, -0.68 * upper),
        at(0.0, -upper),
        at(0.60 * half, -0.80 * upper),
        at(half, -0.005),
    ];
    let rim = [at(0.55 * half, 0.80 * lower), at(0.0, lower), at(-0.55 * half, 0.78 * lower)];
    let opening = Path::smooth(&[lid.as_slice(), &rim].concat());
    // The hollow of the eye.
    let hollow = Path::ellipse(at(0.0, -0.03), [half * 1.25, 0.135], 0.2);
    scene.canvas.flat(&hollow, skin.shadow, 0.30);
    let mask = scene.canvas.mask(&opening);
    let shade: Colour = [0.74, 0.74, 0.80];
    let top = at(0.0, -upper)[1];
    scene.canvas.fill(&mask, |[_, y]| (mix([0.985, 0.98, 0.97], shade, smooth_step(0.05, 0.0, y - top)), 1.0));
    let gaze = [0.050 * scene.of(Trait::GazeX), 0.036 * scene.of(Trait::GazeY)];
    let middle = head.near(place, [gaze[0], gaze[1] - 0.012], 0.0);
    let radius = 0.074 * (1.0 + 0.14 * large);
    let iris = ramp(&IRISES, scene.of(Trait::EyeColour));
    let disc = |r: f32| Path::ellipse(middle, [r * head_width(scene), r], 0.0);
    let (ring, colour, inner, pupil) = (disc(radius), disc(radius * 0.86), disc(radius * 0.66), disc(radius * 0.46));
    scene.canvas.flat_in(&ring, &mask, tinted(iris, [0.45, 0.42, 0.45]), 1.0);
    scene.canvas.flat_in(&colour, &mask, iris, 1.0);
    scene.canvas.flat_in(&inner, &mask, mix(iris, [1.0, 0.95, 0.8], 0.22), 0.8);
    scene.canvas.flat_in(&pupil, &mask, [0.05, 0.04, 0.06], 1.0);
    let glint = [middle[0] + 0.030 * scene.light + 0.008, middle[1] - 0.030];
    scene.canvas.flat_in(&Path::ellipse(glint, [0.021; 2], 0.0), &mask, [1.0; 3], 0.95);
    let lash = mix(skin.line, [0.10, 0.07, 0.08], 0.8);
    let under = Path::stroke(&[lid[4], rim[0], rim[1], rim[2], lid[0]], |_| 0.012);
    scene.canvas.flat(&under, skin.line, 0.55);
    let wing = [lid[0], lid[1], lid[2], lid[3], at(1.10 * half, -0.012)];
    scene.canvas.flat(
        &Path::stroke(&wing, |t| 0.014 + 0.026 * smooth_step(0.0, 0.75, t) * (1.0 - smooth_step(0.88, 1.0, t))),
        lash,
        0.95,
    );
    let crease = lid.map(|[x, y]| [x, y - 0.036]);
    scene.canvas.flat(&Path::stroke(&crease[1..], |t| 0.014 * (4.0 * t * (1.0 - t)).max(0.0).sqrt()), skin.line, 0.55);
}

/// How narrow a disc on the face is seen when the head is turned.
fn head_width(scene: &Scene) -> f32 {
    1.0 - 0.35 * scene.head.turn() * scene.head.turn()
}
