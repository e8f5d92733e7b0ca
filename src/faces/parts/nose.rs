//! The nose, by its shadows.

use crate::faces::colour::{mix, spot};
use crate::faces::path::Path;
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

pub(super) fn draw(scene: &mut Scene) {
    let size = scene.of(Trait::NoseSize);
    let (wide, long) = (0.088 * (1.0 + 0.38 * size), 0.36 + 0.06 * size);
    let (head, skin, light) = (scene.head, scene.skin, scene.light);
    let lift = 0.11 * (1.0 + 0.35 * size);
    let bridge = |x: f32, v: f32, lift: f32| head.near([0.0, v], [x, 0.0], lift);
    // The side away from the light, and a little of the other.
    for (side, opacity) in [(-1.0, 0.26 + 0.34 * light), (1.0, 0.26 - 0.34 * light)] {
        let path = Path::smooth(&[
            bridge(side * 0.030, -0.05, 0.02),
            bridge(side * 0.028, 0.14, 0.6 * lift),
            bridge(side * 0.035, long - 0.08, lift),
            bridge(side * wide, long - 0.01, 0.03),
            bridge(side * (wide * 0.9), long - 0.10, 0.02),
            bridge(side * 0.065, 0.10, 0.0),
        ]);
        scene.canvas.flat(&path, skin.shadow, opacity.max(0.0));
    }
    let tip = bridge(0.0, long - 0.045, lift);
    let ball = Path::ellipse(tip, [wide * 0.95, 0.075 * (1.0 + 0.2 * size)], 0.0);
    let mask = scene.canvas.mask(&ball);
    let red = mix(skin.base, [0.92, 0.45, 0.38], 0.16);
    scene.canvas.fill(&mask, |_| (red, 0.55));
    let shine = [tip[0] + 0.022 * light, tip[1] - 0.022];
    scene.canvas.fill(&mask, |[x, y]| (skin.light, 0.95 * spot((x - shine[0]) / 0.05, (y - shine[1]) / 0.05)));
    let under = Path::stroke(
        &[
            bridge(-wide, long - 0.015, 0.02),
            bridge(-wide * 0.62, long + 0.045, 0.05),
            bridge(0.0, long + 0.035, lift * 0.75),
            bridge(wide * 0.62, long + 0.045, 0.05),
            bridge(wide, long - 0.015, 0.02),
        ],
        |t| 0.018 + 0.03 * (4.0 * t * (1.0 - t)).max(0.0) * (1.0 - 2.2 * t * (1.0 - t)),
    );
    scene.canvas.flat(&under, skin.line, 0.75);
}
