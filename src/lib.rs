//! Train, record and draw small GANs; find the semantic directions of a ProGAN.
//!
//! The library returns values and never prints; `cli` is the only room that speaks to a person.
//! `docs/ARCHITECTURE.md` is the map.

pub mod checkpoint;
pub mod cli;
pub mod compare;
pub mod config;
pub mod data;
pub mod digest;
pub mod engine;
pub mod export;
pub mod faces;
pub mod figures;
pub mod files;
pub mod json;
pub mod kinds;
pub mod lesson;
pub mod live;
pub mod made;
pub mod media;
pub mod memory;
pub mod metric;
pub mod nets;
pub mod objective;
pub mod optim;
pub mod page;
pub mod paths;
pub mod protocol;
pub mod real;
pub mod render;
pub mod rng;
pub mod run;
mod simd;
pub mod sweep;
pub mod synthesis;
#[cfg(feature = "torch")]
pub mod tensor;
mod threads;
#[cfg(feature = "torch")]
pub mod torch_library;
pub mod traits;
pub mod version;
