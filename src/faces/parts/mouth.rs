//! The mouth: lips, and teeth and tongue between them.

use crate::faces::colour::{mix, tinted};
use crate::faces::path::{Path, Point};
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

/// Where the mouth's middle is.
const PLACE: Point = [0.0, 0.60];

/// The curves of a mouth, from its left corner (-1) to its right one (1).
struct Mouth {
    half: f32,
    corner: f32,
    middle: f32,
    open: f32,
    upper: f32,
    lower: f32,
}

impl Mouth {
    fn new(scene: &Scene) -> Self {
        let (smile, open, lips) = (scene.of(Trait::Smile), scene.of(Trait::MouthOpen), scene.of(Trait::Lips));
        Self {
            half: 0.178 + 0.040 * smile - 0.020 * open,
            corner: -0.062 * smile + 0.02 * open,
            middle: 0.026 * smile - 0.012 * open,
            open: 0.155 * open,
            upper: 0.026 + 0.030 * lips,
            lower: 0.034 + 0.040 * lips,
        }
    }

    fn bow(t: f32) -> f32 {
        1.0 - t * t
    }

    /// The upper edge of what is between the lips.
    fn top(&self, t: f32) -> f32 {
        self.middle + (self.corner - self.middle) * t * t
    }

    /// The lower edge.
    fn bottom(&self, t: f32) -> f32 {
        self.top(t) + self.open * Self::bow(t)
    }

    fn lip_top(&self, t: f32) -> f32 {
        // Cupid's bow.
        let bow = Self::bow(t) * (0.80 + 0.55 * t.abs() * (1.0 - t.abs()) * 2.0);
        self.top(t) - self.upper * bow
    }

    fn lip_bottom(&self, t: f32) -> f32 {
        self.bottom(t) + self.lower * Self::bow(t) * (1.0 - 0.12 * t * t)
    }
}

/// Places along a mouth.
const ALONG: [f32; 11] = [-1.0, -0.85, -0.65, -0.42, -0.2, 0.0, 0.2, 0.42, 0.65, 0.85, 1.0];

pub(super) fn draw(scene: &mut Scene) {
    let mouth = Mouth::new(scene);
    let (head, skin) = (scene.head, scene.skin);
    let at = |t: f32, y: f32| head.near(PLACE, [mouth.half * t, y], 0.02 * Mouth::bow(t));
    let between = |upper: Edge, lower: Edge| {
        let there = ALONG.iter().map(|&t| at(t, upper(t)));
        let back = ALONG.iter().rev().map(|&t| at(t, lower(t)));
        Path::polygon(&there.chain(back).collect::<Vec<_>>())
    };
    let paint = scene.of(Trait::Lipstick);
    let lip = mix(skin.lips, [0.78, 0.09, 0.18], 0.85 * paint);
    let (upper_lip, lower_lip) = (tinted(lip, [0.86, 0.80, 0.80]), lip);
    // The shadow below the lower lip.
    let below = |t: f32| mouth.lip_bottom(t) + 0.045 * Mouth::bow(t);
    scene.canvas.flat(&between(&|t| mouth.lip_bottom(t) - 0.01, &below), skin.shadow, 0.55);
    scene.canvas.flat(&between(&|t| mouth.lip_top(t), &|t| mouth.top(t) + 0.006), upper_lip, 1.0);
    scene.canvas.flat(&between(&|t| mouth.bottom(t) - 0.006, &|t| mouth.lip_bottom(t)), lower_lip, 1.0);
    let shine = |t: f32, y: f32| mouth.bottom(t) + mouth.lower * y * Mouth::bow(t);
    let bright = mix(lip, [1.0, 0.9, 0.88], 0.5);
    scene.canvas.flat(&between(&|t| shine(t * 0.6, 0.25), &|t| shine(t * 0.6, 0.62)), bright, 0.35 + 0.3 * paint);
    inside(scene, &mouth, &between);
    let ends = tinted(skin.line, [0.75, 0.65, 0.65]);
    let seam = Path::stroke(&ALONG.map(|t| at(t * 1.04, mouth.top(t))), |t| 0.012 + 0.014 * (2.0 * t - 1.0).abs());
    scene.canvas.flat(&seam, ends, 0.8);
}

/// A curve from the left corner to the right one.
type Edge<'a> = &'a dyn Fn(f32) -> f32;

/// What is between the lips; `between` makes the outline of what is between two curves.
fn inside(scene: &mut Scene, mouth: &Mouth, between: &dyn Fn(Edge, Edge) -> Path) {
    if mouth.open <= 0.0 {
        return;
    }
    let gap = scene.canvas.mask(&between(&|t| mouth.top(t), &|t| mouth.bottom(t)));
    scene.canvas.fill(&gap, |_| ([0.30, 0.08, 0.10], 1.0));
    let tongue = between(&|t| mouth.bottom(t) - 0.38 * mouth.open * Mouth::bow(t * 1.2).max(0.0), &|t| mouth.bottom(t));
    scene.canvas.flat_in(&tongue, &gap, [0.80, 0.36, 0.38], 1.0);
    let teeth = between(&|t| mouth.top(t), &|t| {
        mouth.top(t) + (0.5 * mouth.open).min(0.05) * Mouth::bow(0.9 * t).max(0.0).sqrt()
    });
    scene.canvas.flat_in(&teeth, &gap, [0.98, 0.96, 0.92], 1.0);
}
