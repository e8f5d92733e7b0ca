//! libtorch, loaded when it is first needed.
//!
//! The program on Linux carries tch's C++ part as a shared library in itself, and starts without libtorch
//! (`build/on_demand.rs`). Whoever is about to call tch calls [`load`] first. In what is linked to libtorch, as tests,
//! examples and benchmarks are, and the program on macOS, there is nothing to do.

#[cfg(torch_on_demand)]
mod on_demand;
pub mod repeatable;

use std::path::PathBuf;

#[cfg(torch_on_demand)]
pub use on_demand::{Functions, on_demand};

/// Names the folder of another libtorch than the one at hand on building: the folder that holds `lib/`.
pub const VARIABLE: &str = "GAN_LAB_LIBTORCH_DIR";
/// The release that tch is written for.
pub const VERSION: &str = "2.13.0";

/// libtorch is needed and cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TorchLibraryError {
    /// It is not there.
    #[error(
        "this needs libtorch, and there is none in {}; fetch it with ./scripts/setup-libtorch.sh in gan-lab's folder, \
         or, where gan-lab was installed by pip, with: pip install torch=={}; or name the folder of a libtorch {} with {}",
        folder.display(), VERSION, VERSION, VARIABLE
    )]
    Missing {
        /// Where it should be.
        folder: PathBuf,
    },
    /// Another release.
    #[error("{} names a libtorch {found}, {}; gan-lab needs {}", VARIABLE, folder.display(), VERSION)]
    Version {
        /// Where it lies.
        folder: PathBuf,
        /// What it says that it is.
        found: String,
    },
    /// The system does not load it.
    #[error(
        "libtorch in {} cannot be loaded ({reason}); if it is damaged, remove .libtorch/ in gan-lab's folder and run \
         ./scripts/setup-libtorch.sh there",
        folder.display()
    )]
    Unloadable {
        /// Where it lies.
        folder: PathBuf,
        /// The system's words.
        reason: String,
    },
}

/// Makes libtorch ready for calls. From the second time on it only repeats what came of the first.
pub fn load() -> Result<(), TorchLibraryError> {
    #[cfg(torch_on_demand)]
    on_demand::load()?;
    Ok(())
}

/// What libtorch this is, and where.
pub fn description() -> String {
    #[cfg(torch_on_demand)]
    if let Some(other) = on_demand::other() {
        return other;
    }
    env!("GAN_LAB_LIBTORCH").to_owned()
}
