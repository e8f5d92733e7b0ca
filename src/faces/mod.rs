//! Drawn portraits whose traits are known: a world of pictures that a generator can learn, and in which what a direction does
//! can be measured.
//!
//! `traits.rs` lists what a face has and by what law, `law.rs` draws that from a seed, `parts/` has a file for each part of the
//! drawing, `set.rs` writes a set to a folder. A picture is the same to the last bit on every machine: it is made with the
//! operations that IEEE 754 fixes, and with sines of libm's own.

mod canvas;
mod colour;
mod law;
mod parts;
mod path;
mod scene;
mod set;
mod sheet;
#[cfg(test)]
mod tests;
mod traits;

pub use law::face;
pub use set::{CARD, FaceSet, PICTURES, TABLE, VERSION, law_of};
pub use sheet::{sheet, walks};
pub use traits::{About, COUNT, Draw, Face, Place, TRAITS, Trait};

/// The least and the largest side of a picture.
pub const SIDES: [usize; 2] = [16, 256];

/// Draws a face: `side` x `side` pixels, red, green and blue, into `bytes`.
pub fn draw(face: &Face, side: usize, bytes: &mut [u8]) {
    let mut scene = scene::Scene::new(face, side);
    for part in parts::ALL {
        (part.draw)(&mut scene);
    }
    scene.canvas.write(bytes);
}
