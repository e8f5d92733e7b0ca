//! Ears. The far one is behind the head; how much of the near one is before it depends on how far the head is turned.

use crate::faces::colour::{mix, smooth_step};
use crate::faces::path::{Path, Point};
use crate::faces::scene::Scene;

pub(super) fn draw(scene: &mut Scene) {
    for side in [-1.0, 1.0] {
        ear(scene, side, 1.0);
    }
}

pub(super) fn near(scene: &mut Scene) {
    let turn = scene.head.turn();
    let opacity = smooth_step(0.0, 0.35, turn.abs());
    ear(scene, if turn > 0.0 { -1.0 } else { 1.0 }, opacity);
}

fn ear(scene: &mut Scene, side: f32, opacity: f32) {
    let [a, b, d] = scene.head.half;
    let at = |x: f32, y: f32| -> Point { scene.head.at([side * (a + x), b * y, -0.12 * d]) };
    let shape = |k: f32| {
        Path::smooth(&[
            at(-0.06, -0.10),
            at(0.035 * k, -0.17 * k + 0.02),
            at(0.085 * k, -0.06 * k),
            at(0.075 * k, 0.10),
            at(0.03 * k, 0.10 + 0.16 * k),
            at(-0.06, 0.22),
        ])
    };
    let (outer, inner) = (shape(1.0), shape(0.55));
    let skin = scene.skin;
    let lit = 0.5 + 0.5 * side * scene.light;
    scene.canvas.flat(&outer, mix(skin.shadow, skin.base, 0.35 + 0.65 * lit), opacity);
    scene.canvas.flat(&inner, skin.shadow, 0.8 * opacity);
}
