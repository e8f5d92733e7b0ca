//! The lines of age, and the folds of a smile.

use crate::faces::colour::{mix, smooth_step};
use crate::faces::path::Path;
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

pub(super) fn draw(scene: &mut Scene) {
    let age = scene.of(Trait::Age);
    let head = scene.head;
    let colour = mix(scene.skin.line, scene.skin.shadow, 0.35);
    let thin = |width: f32| move |t: f32| width * (4.0 * t * (1.0 - t)).max(0.0).sqrt();
    let line = |points: &[[f32; 2]], width: f32| {
        let points: Vec<_> = points.iter().map(|&[u, v]| head.on_face(u, v, 0.0)).collect();
        Path::stroke(&points, thin(width))
    };
    let forehead = smooth_step(0.25, 1.0, age);
    for (v, wide) in [(-0.40, 0.42), (-0.49, 0.36), (-0.31, 0.30)] {
        let path = line(&[[-wide, v + 0.015], [-0.15, v - 0.01], [0.15, v - 0.005], [wide, v + 0.02]], 0.022);
        scene.canvas.flat(&path, colour, 0.62 * forehead);
    }
    let folds = (smooth_step(0.15, 1.0, age) * 0.70 + 0.10).min(1.0);
    let crows = smooth_step(0.3, 1.0, age);
    for side in [-1.0, 1.0] {
        let fold = line(&[[side * 0.27, 0.385], [side * 0.42, 0.47], [side * 0.52, 0.60]], 0.026);
        scene.canvas.flat(&fold, colour, folds);
        let bag = line(&[[side * 0.24, 0.225], [side * 0.40, 0.28], [side * 0.58, 0.225]], 0.026);
        scene.canvas.flat(&bag, colour, 0.62 * crows);
        for rise in [-0.06, 0.0, 0.06] {
            let crow = line(
                &[[side * 0.74, 0.07 + rise * 0.5], [side * 0.79, 0.07 + rise], [side * 0.86, 0.08 + 2.0 * rise]],
                0.016,
            );
            scene.canvas.flat(&crow, colour, 0.6 * crows);
        }
    }
}
