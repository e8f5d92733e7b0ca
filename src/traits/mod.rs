//! What a direction does to pictures, in numbers.
//!
//! A [`Reader`] reads traits out of portraits of the law `faces`: a small network that was fitted on drawings, whose traits are
//! known, with its error on drawings that it has not seen. [`Scores`] are what any other program says of pictures. [`Effects`]
//! has what a step along each direction does to them, beside what random directions do.

mod card;
mod effects;
#[cfg(feature = "torch")]
mod fit;
mod likeness;
mod network;
mod picture;
mod reader;
mod scores;
#[cfg(any(test, feature = "torch"))]
mod skill;
#[cfg(test)]
mod tests;

pub use card::{AtSide, Card, Skill};
pub use effects::{Effect, Effects, Floor, Row, Sample, Scored};
#[cfg(feature = "torch")]
pub use fit::{FitError, Plan, fit};
pub use likeness::Likeness;
pub use reader::{READABLE, Reader, ReaderError, Reading};
pub use scores::{LISTED, Scores, ScoresError};
