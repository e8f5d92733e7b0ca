//! What stands in for tch's C functions in the program, so that it starts without libtorch: `build/on_demand.rs` says
//! how. This belongs to the program and not to the library, because its object file has to come before all archives.

#![allow(unsafe_code, reason = "assembly counts as unsafe; it jumps to addresses that torch_library found")]

use std::ptr;
use std::sync::atomic::AtomicPtr;

use gan_lab::torch_library::Functions;

const COUNT: usize = match usize::from_str_radix(env!("GAN_LAB_TORCH_FUNCTIONS"), 10) {
    Ok(count) => count,
    Err(_) => panic!("build.rs counts the functions"),
};

/// An address for each name, nothing until libtorch is loaded.
static SLOTS: [AtomicPtr<()>; COUNT] = [const { AtomicPtr::new(ptr::null_mut()) }; COUNT];

/// The functions, and the library that has them.
pub(crate) static FUNCTIONS: Functions = Functions {
    names: include_str!(concat!(env!("OUT_DIR"), "/torch_functions.txt")),
    slots: &SLOTS,
    wrapper: include_bytes!(concat!(env!("OUT_DIR"), "/torch_wrapper.so")),
};

std::arch::global_asm!(
    include_str!(concat!(env!("OUT_DIR"), "/torch_functions.s")),
    slots = sym SLOTS,
    missing = sym missing,
);

/// Where a call of libtorch goes before `torch_library::load`, and one of the functions that were left out. tch's calls
/// cannot be unwound, so that nothing is left but to end.
#[allow(clippy::print_stderr, clippy::exit, reason = "nothing above this can print or end")]
extern "C" fn missing() -> ! {
    eprintln!("error: libtorch was called before it was loaded; this is a mistake in gan-lab, please report it");
    std::process::exit(70)
}
