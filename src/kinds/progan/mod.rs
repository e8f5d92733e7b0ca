//! Training a ProGAN (Karras et al. 2018): networks that grow from 4x4 images to the final side, each new side faded
//! in; equalised learning rate, pixel norm, minibatch standard deviation, an averaged generator.

mod networks;
mod schedule;
mod trainer;
mod work;

pub use schedule::{Phase, Schedule};
pub use trainer::{Arrays, ProganError, Trainer};
pub use work::{ImageRecord, Progan, film, open, settings};
