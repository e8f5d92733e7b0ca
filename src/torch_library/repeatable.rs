//! Work on a GPU that comes out the same each time, which libtorch does only if it is asked to.

use std::borrow::Borrow;

use tch::{TchError, Tensor};

#[allow(unsafe_code, reason = "functions of C have no types that the compiler could check")]
// SAFETY: `build/repeatable.cpp` defines them like this. They set flags of libtorch, take nothing and throw nothing.
unsafe extern "C" {
    safe fn gan_lab_repeatable_convolutions();
    safe fn gan_lab_backward_in_this_thread();
}

/// Has cuDNN's convolutions sum in one order, and in the precision of their numbers; from then on, in the whole process.
pub fn convolutions() {
    gan_lab_repeatable_convolutions();
}

/// The gradients of `loss` by `inputs`, which are in its graph; each time the same, also on a GPU. `keep` keeps the graph
/// for another pass, `create` adds this pass to it.
///
/// # Errors
/// libtorch's, as an input that is not in the graph.
pub fn gradients(
    loss: &Tensor,
    inputs: &[impl Borrow<Tensor>],
    keep: bool,
    create: bool,
) -> Result<Vec<Tensor>, TchError> {
    if loss.device().is_cuda() {
        gan_lab_backward_in_this_thread();
    }
    Tensor::f_run_backward(&[loss], inputs, keep, create)
}
