//! The head's skin: its outline, light and shadow on it, cheeks.

use crate::faces::colour::{mix, smooth_step, spot};
use crate::faces::path::{Path, Point};
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

/// The head's outline.
pub(super) fn outline(scene: &Scene) -> Path {
    Path::smooth(&points(scene, 1.0))
}

/// Points of the outline, `beyond` times as far below the cheeks.
pub(super) fn points(scene: &Scene, beyond: f32) -> Vec<Point> {
    let jaw = scene.of(Trait::Jaw);
    let drop = 0.05 * scene.of(Trait::MouthOpen);
    // The right half from the top to the chin: half widths, half heights, and how far before the middle.
    let half = [
        [0.48, -0.93, 0.0],
        [0.83, -0.62, 0.0],
        [0.985, -0.15, 0.0],
        [0.965, 0.22, 0.05],
        [0.83 + 0.075 * jaw, 0.56, 0.18],
        [0.54 + 0.17 * jaw, (0.84 + 0.025 * jaw + drop) * beyond, 0.42],
        [0.20 + 0.10 * jaw, (0.985 + drop) * beyond, 0.58],
    ];
    let at = |side: f32, [u, v, forward]: [f32; 3]| scene.head.outline(side * u, v, forward);
    let mut all = vec![scene.head.outline(0.0, -1.0, 0.0)];
    all.extend(half.map(|point| at(1.0, point)));
    all.push(scene.head.outline(0.0, (1.01 + drop) * beyond, 0.6));
    all.extend(half.into_iter().rev().map(|point| at(-1.0, point)));
    all
}

pub(super) fn draw(scene: &mut Scene) {
    let mask = scene.canvas.mask(&outline(scene));
    let (skin, light, blush) = (scene.skin, scene.light, scene.of(Trait::Blush));
    let head = scene.head;
    let middle = head.on_face(0.0, 0.0, 0.0);
    let [a, b, _] = head.half;
    let cheeks = [-0.50, 0.50].map(|u| head.on_face(u, 0.36, 0.0));
    let forehead = head.on_face(0.28 * light, -0.42, 0.0);
    let rosy = mix(skin.base, [0.93, 0.38, 0.36], 0.55);
    scene.canvas.fill(&mask, |[x, y]| {
        let (dx, dy) = ((x - 0.55 * middle[0]) / a, (y - middle[1]) / b);
        // Darker where the face turns away from the light, and at its edge.
        let away = smooth_step(-0.15, 1.25, -1.25 * dx * light + 0.30 * dx * dx + 0.22 * dy);
        let mut colour = mix(skin.base, skin.shadow, 0.95 * away);
        colour = mix(colour, skin.light, 0.75 * spot((x - forehead[0]) / 0.42, (y - forehead[1]) / 0.36));
        for (side, cheek) in [(-1.0, cheeks[0]), (1.0, cheeks[1])] {
            let near = spot((x - cheek[0]) / 0.24, (y - cheek[1]) / 0.19);
            colour = mix(colour, skin.light, (0.18 + 0.22 * side * light).max(0.0) * near);
            colour = mix(colour, rosy, (0.06 + 0.90 * blush) * near);
        }
        (colour, 1.0)
    });
}
