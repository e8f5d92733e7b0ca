// What libtorch offers and tch does not: making work on a GPU repeatable. `src/torch_library/repeatable.rs` calls it.

#include <ATen/Context.h>
#include <c10/core/AutogradState.h>

// cuDNN's convolutions: only algorithms whose sums have one order, and products in the precision of the numbers.
extern "C" void gan_lab_repeatable_convolutions() noexcept {
  auto& context = at::globalContext();
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  context.setAllowTF32CuDNN(false);
}

// Backward passes that this thread begins run in it. Otherwise a GPU's share runs in a thread of its own, whose count of
// operations has no fixed relation to this one's; and the order in which gradients are summed follows these counts.
extern "C" void gan_lab_backward_in_this_thread() noexcept {
  c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
}
