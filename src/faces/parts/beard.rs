//! Beard and moustache: from nothing by way of stubble to a full beard.

use crate::faces::colour::{luma, mix, smooth_step};
use crate::faces::path::Path;
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

pub(super) fn draw(scene: &mut Scene) {
    let beard = scene.of(Trait::Beard);
    if beard <= 0.0 {
        return;
    }
    let drop = 0.05 * scene.of(Trait::MouthOpen);
    let face = scene.head;
    let full = smooth_step(0.35, 1.0, beard);
    let grown = 1.0 + 0.02 * beard + 0.13 * full;
    let wide = 1.0 + 0.05 * full;
    let jaw = scene.of(Trait::Jaw);
    let outer = [
        [0.985, 0.05, 0.0],
        [0.975 * wide, 0.26, 0.05],
        [(0.84 + 0.075 * jaw) * wide, 0.58, 0.18],
        [(0.55 + 0.17 * jaw) * wide, (0.85 + 0.025 * jaw + drop) * grown, 0.42],
        [0.22 + 0.10 * jaw, (0.99 + drop) * grown, 0.58],
    ];
    // From the temple along the cheek to below the nose.
    let inner = [[0.88, 0.12], [0.80, 0.34], [0.62, 0.50], [0.38, 0.47], [0.17, 0.435]];
    let mut points = Vec::new();
    points.extend(outer.map(|[u, v, forward]| face.outline(u, v, forward)));
    points.push(face.outline(0.0, (1.015 + drop) * grown, 0.6));
    points.extend(outer.iter().rev().map(|&[u, v, forward]| face.outline(-u, v, forward)));
    points.extend(inner.map(|[u, v]| face.on_face(-u, v, 0.0)));
    points.push(face.on_face(0.0, 0.455, 0.03));
    points.extend(inner.iter().rev().map(|&[u, v]| face.on_face(u, v, 0.0)));
    let path = Path::smooth(&points);
    let mask = scene.canvas.mask(&path);
    // Stubble is seen through the skin; a beard has the hair's colour, a little darker.
    let grown_colour = |colour| mix(colour, [0.22, 0.13, 0.10], 0.30 * luma(colour));
    let through = smooth_step(0.25, 0.75, beard);
    let [light, dark] = scene.hair.map(|colour| mix(scene.skin.line, grown_colour(colour), through));
    let side = scene.light;
    let opacity = 0.36 * smooth_step(0.0, 0.3, beard) + 0.60 * smooth_step(0.25, 0.75, beard);
    let middle = face.on_face(0.0, 0.7, 0.0);
    scene.canvas.fill(&mask, |[x, y]| {
        let lit = smooth_step(-0.5, 0.5, (x - middle[0]) * side - 0.4 * (y - middle[1]));
        (mix(dark, mix(dark, light, 0.8), lit), opacity)
    });
}
