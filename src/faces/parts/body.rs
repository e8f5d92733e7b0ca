//! Neck, shoulders and what is worn.

use crate::faces::colour::{Colour, mix, ramp, smooth_step, tinted};
use crate::faces::path::Path;
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

const HUES: [Colour; 5] =
    [[0.22, 0.31, 0.52], [0.15, 0.50, 0.50], [0.85, 0.64, 0.22], [0.87, 0.40, 0.33], [0.49, 0.27, 0.45]];

pub(super) fn draw(scene: &mut Scene) {
    neck(scene);
    shirt(scene);
}

fn neck(scene: &mut Scene) {
    let [left, right] = [-0.56, 0.56].map(|u| scene.head.outline(u, 0.45, -0.1));
    let path = Path::smooth(&[
        left,
        [left[0] * 0.55 - 0.09, 0.56],
        [-0.205, 0.76],
        [-0.33, 1.02],
        [0.33, 1.02],
        [0.205, 0.76],
        [right[0] * 0.55 + 0.09, 0.56],
        right,
    ]);
    let (base, shadow) = (tinted(scene.skin.base, [0.92, 0.87, 0.86]), tinted(scene.skin.shadow, [0.88, 0.84, 0.84]));
    let chin = scene.head.outline(0.0, 1.0, 0.6);
    let (mask, light) = (scene.canvas.mask(&path), scene.light);
    scene.canvas.fill(&mask, |[x, y]| {
        let aside = x - 0.6 * chin[0];
        let below = 1.0 - smooth_step(chin[1] + 0.09, chin[1] + 0.24, y + 0.5 * aside * aside);
        let far = smooth_step(-0.1, 0.5, -x * light);
        (mix(base, shadow, (0.95 * below + 0.5 * far).min(1.0)), 1.0)
    });
}

fn shirt(scene: &mut Scene) {
    let lightness = scene.of(Trait::ShirtLight);
    let hue = ramp(&HUES, scene.of(Trait::ShirtHue));
    let base = mix(tinted(hue, [0.55, 0.55, 0.6]), mix(hue, [1.0, 1.0, 0.98], 0.55), lightness);
    let shadow = tinted(base, [0.74, 0.72, 0.78]);
    let path = Path::smooth(&[
        [-1.15, 1.2],
        [-0.97, 0.93],
        [-0.60, 0.80],
        [-0.31, 0.72],
        [-0.20, 0.82],
        [0.0, 0.90],
        [0.20, 0.82],
        [0.31, 0.72],
        [0.60, 0.80],
        [0.97, 0.93],
        [1.15, 1.2],
    ]);
    let (mask, light) = (scene.canvas.mask(&path), scene.light);
    scene.canvas.fill(&mask, |[x, y]| {
        let lit = smooth_step(-0.8, 0.8, x * light - 0.6 * (y - 0.9));
        (mix(shadow, base, lit), 1.0)
    });
    let collar = [[-0.31, 0.725], [-0.20, 0.825], [0.0, 0.905], [0.20, 0.825], [0.31, 0.725]];
    let band = Path::stroke(&collar, |_| 0.05);
    scene.canvas.flat(&band, mix(base, [1.0, 1.0, 1.0], 0.22), 1.0);
}
