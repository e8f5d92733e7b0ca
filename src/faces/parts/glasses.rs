//! Glasses; with their weight from 0 they appear and grow.

use super::eyes;
use crate::faces::colour::{Colour, smooth_step};
use crate::faces::path::{Path, Point, round_points};
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

const FRAME: Colour = [0.13, 0.11, 0.13];
/// How far before the face glasses sit.
const LIFT: f32 = 0.06;

/// What goes to the ears, below the hair.
pub(super) fn arms(scene: &mut Scene) {
    let weight = scene.of(Trait::Glasses);
    let (head, opacity) = (scene.head, smooth_step(0.0, 0.3, weight));
    let [a, b, d] = head.half;
    for side in [-1.0, 1.0] {
        let hinge = head.near([side * (eyes::PLACE[0] + 0.01), eyes::PLACE[1]], [side * 0.165, 0.0], LIFT);
        let ear = head.at([side * a, 0.02 * b, 0.05 * d]);
        scene.canvas.flat(&Path::stroke(&[hinge, ear], |_| 0.010 + 0.026 * weight), FRAME, opacity);
    }
}

pub(super) fn draw(scene: &mut Scene) {
    let weight = scene.of(Trait::Glasses);
    if weight <= 0.0 {
        return;
    }
    let opacity = smooth_step(0.0, 0.3, weight);
    let (head, light) = (scene.head, scene.light);
    let thick = 0.014 + 0.034 * weight;
    let mut frames = Path::default();
    for side in [-1.0, 1.0] {
        let place: Point = [side * (eyes::PLACE[0] + 0.01), eyes::PLACE[1] + 0.03];
        let ring = |grow: f32| {
            let points: Vec<Point> = round_points(0.55)
                .map(|[x, y]| head.near(place, [(0.170 + grow) * x, (0.145 + grow) * y], LIFT))
                .collect();
            Path::polygon(&points)
        };
        let lens = scene.canvas.mask(&ring(0.0));
        let middle = head.near(place, [0.0, 0.0], LIFT);
        scene.canvas.fill(&lens, |[x, y]| {
            // A reflection across the lens.
            let across = x - middle[0] + 0.8 * (y - middle[1]) + 0.10 - 0.06 * light;
            let band = smooth_step(0.055, 0.02, across.abs());
            ([0.92, 0.97, 1.0], opacity * (0.10 + 0.22 * band))
        });
        frames = frames.with(ring(thick / 2.0).without(ring(-thick / 2.0)));
    }
    let bridge =
        [-1.0, 0.0, 1.0].map(|x: f32| head.near([0.0, eyes::PLACE[1] - 0.02], [0.035 * x, 0.012 * x * x], LIFT + 0.02));
    frames = frames.with(Path::stroke(&bridge, |_| thick));
    scene.canvas.flat(&frames, FRAME, opacity);
}
