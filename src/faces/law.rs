//! How faces are drawn from a seed.

use super::traits::{Draw, Face, TRAITS, Trait};
use crate::rng::{Stream, Use};

/// The face of this number under a seed; it depends on nothing else.
pub fn face(seed: u64, number: u64) -> Face {
    let mut rng = Stream::new(seed, Use::Faces, number);
    let mut face = Face([0.0; TRAITS.len()]);
    for about in TRAITS {
        // Each trait takes two numbers, whatever its law, so that another law of one changes no other.
        let chance = [rng.uniform_f64(), rng.uniform_f64()];
        let value = value(about.draw, about.range, chance, &face);
        face[about.what] = (value * 1e4).round() / 1e4;
    }
    face
}

fn value(draw: Draw, [low, high]: [f64; 2], [a, b]: [f64; 2], so_far: &Face) -> f64 {
    let some = |share: f64| if a < share { 0.25 + 0.75 * b } else { 0.0 };
    match draw {
        Draw::Even => low + (high - low) * a,
        Draw::Middle => low + (high - low) * f64::midpoint(a, b),
        Draw::Small => low + (high - low) * a * a,
        Draw::Large => high - (high - low) * a * a,
        Draw::Some(share) => some(share),
        Draw::Beard => some(if so_far[Trait::HairLength] < 0.5 { 0.5 } else { 0.08 }),
        Draw::Grey => (2.0 * so_far[Trait::Age] - 1.0).max(0.0) * (0.4 + 0.6 * a),
    }
}
