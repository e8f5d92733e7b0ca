//! What is behind the person.

use crate::faces::colour::{Colour, mix, ramp, spot, tinted};
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

const HUES: [Colour; 5] =
    [[0.42, 0.59, 0.84], [0.42, 0.74, 0.72], [0.93, 0.83, 0.57], [0.97, 0.69, 0.53], [0.86, 0.54, 0.64]];

pub(super) fn draw(scene: &mut Scene) {
    let lightness = scene.of(Trait::GroundLight);
    let hue = ramp(&HUES, scene.of(Trait::GroundHue));
    let dark = mix(tinted(tinted(hue, hue), [0.46, 0.46, 0.50]), [0.10, 0.11, 0.18], 0.25);
    let pale = mix(hue, [1.0, 0.99, 0.97], 0.55);
    let base = if lightness < 0.5 { mix(dark, hue, 2.0 * lightness) } else { mix(hue, pale, 2.0 * lightness - 1.0) };
    let glow = mix(base, mix(hue, [1.0, 0.98, 0.93], lightness), 0.30);
    let edge = tinted(base, [0.80, 0.80, 0.85]);
    let side = 0.45 * scene.light;
    scene.canvas.whole(|[x, y]| {
        let near = spot((x - side) / 1.9, (y + 0.35) / 1.9);
        let colour = mix(edge, base, (1.1 - 0.35 * y).clamp(0.0, 1.0));
        (mix(colour, glow, near), 1.0)
    });
}
