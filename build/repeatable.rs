//! Compiles `build/repeatable.cpp` against libtorch's headers.

use std::env;
use std::path::{Path, PathBuf};

/// What it defines.
pub(crate) const FUNCTIONS: [&str; 2] = ["gan_lab_repeatable_convolutions", "gan_lab_backward_in_this_thread"];
/// The archive with them, in this package's folder of build outputs.
pub(crate) const ARCHIVE: &str = "libgan_lab_repeatable.a";

/// Compiles and links it; `root` is libtorch's folder. Language and layout of strings are as in torch-sys.
pub(crate) fn compile(root: &Path) -> Result<(), String> {
    println!("cargo:rerun-if-changed=build/repeatable.cpp");
    println!("cargo:rerun-if-env-changed=LIBTORCH_INCLUDE");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    let root = env::var_os("LIBTORCH_INCLUDE").map_or_else(|| root.to_owned(), PathBuf::from);
    let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_owned());
    let mut build = cc::Build::new();
    build.cpp(true).std("c++17").define("_GLIBCXX_USE_CXX11_ABI", abi.as_str()).warnings(false);
    build.file("build/repeatable.cpp").include(root.join("include"));
    build.try_compile("gan_lab_repeatable").map_err(|error| error.to_string())
}
