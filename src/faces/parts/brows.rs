//! The eyebrows.

use crate::faces::colour::{luma, mix};
use crate::faces::path::Path;
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

pub(super) fn draw(scene: &mut Scene) {
    let (height, angle, weight) =
        (scene.of(Trait::BrowHeight), scene.of(Trait::BrowAngle), scene.of(Trait::BrowWeight));
    let head = scene.head;
    // Darker than blond hair, and not quite black.
    let hair = scene.hair[1];
    let colour = mix(hair, mix(scene.skin.line, [0.16, 0.10, 0.08], 0.5), 0.25 + 0.4 * luma(hair));
    let v = -0.205 - 0.075 * height;
    for side in [-1.0, 1.0] {
        let at = |u: f32, dv: f32| head.on_face(side * u, v + dv, 0.01);
        let path = Path::stroke(
            &[
                at(0.17, 0.045 + 0.075 * angle),
                at(0.32, 0.005 + 0.030 * angle),
                at(0.52, -0.030 - 0.012 * angle),
                at(0.74, 0.045 - 0.045 * angle),
            ],
            |t| (0.034 + 0.042 * weight) * (1.0 - 0.75 * t * t) * (0.72 + 1.4 * t * (1.0 - t)),
        );
        scene.canvas.flat(&path, colour, 0.72 + 0.25 * weight);
    }
}
