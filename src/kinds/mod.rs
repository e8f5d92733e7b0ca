//! What each kind of run does; `run` holds what they share.

pub mod points;
#[cfg(feature = "torch")]
pub mod progan;
pub mod sefa;
