//! SGD as in `torch.optim.SGD`:
//!
//! g' = g + weight_decay p;
//! with momentum: b = g' in the first step, b = momentum b + (1 - dampening) g' after it,
//! and g' = b, or g' + momentum b with Nesterov's;
//! p = p - lr g'.

use super::BUFFERS;
use crate::config::SgdOptions;
use crate::real::Real;

pub(super) fn buffer_names(options: &SgdOptions) -> [Option<&'static str>; BUFFERS] {
    [(options.momentum != 0.0).then_some("momentum_buffer"), None, None]
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    lr: T,
    weight_decay: T,
    momentum: T,
    rate: T,
    nesterov: bool,
    first: bool,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &SgdOptions, lr: f64, taken: u64) -> Self {
        Self {
            lr: T::from_f64(lr),
            weight_decay: T::from_f64(options.weight_decay),
            momentum: T::from_f64(options.momentum),
            rate: T::from_f64(1.0 - options.dampening),
            nesterov: options.nesterov,
            first: taken == 0,
        }
    }

    #[inline(always)]
    pub(super) fn apply(&self, parameters: &mut [T], gradient: &[T], [momentum_buffer, ..]: [&mut [T]; BUFFERS]) {
        if momentum_buffer.is_empty() {
            for (p, &g) in parameters.iter_mut().zip(gradient) {
                *p = *p - self.lr * (g + self.weight_decay * *p);
            }
            return;
        }
        for ((p, &g), b) in parameters.iter_mut().zip(gradient).zip(momentum_buffer) {
            let g = g + self.weight_decay * *p;
            *b = if self.first { g } else { self.momentum * *b + self.rate * g };
            let direction = if self.nesterov { g + self.momentum * *b } else { *b };
            *p = *p - self.lr * direction;
        }
    }
}
