//! Sheets of many faces.

use super::draw;
use super::traits::{Face, TRAITS};
use crate::render::Picture;

/// Faces in rows of `columns`, each `side` pixels wide and high.
pub fn sheet(faces: &[Face], columns: usize, side: usize) -> Picture {
    let columns = columns.max(1);
    let mut all = Picture::white(columns * side, faces.len().div_ceil(columns) * side);
    for (i, face) in faces.iter().enumerate() {
        let mut picture = Picture::white(side, side);
        draw(face, side, &mut picture.rgb);
        all.paste(&picture, i % columns * side, i / columns * side);
    }
    all
}

/// One face as each trait goes through its range in `steps` steps: a row for each trait.
pub fn walks(steps: usize) -> Vec<Face> {
    let last = steps.saturating_sub(1).max(1) as f64;
    let mut faces = Vec::with_capacity(TRAITS.len() * steps);
    for about in TRAITS {
        let [low, high] = about.range;
        faces.extend((0..steps).map(|step| {
            let mut face = Face::plain();
            face[about.what] = low + (high - low) * step as f64 / last;
            face
        }));
    }
    faces
}
