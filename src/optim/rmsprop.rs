//! RMSProp as in `torch.optim.RMSprop` (Hinton's lecture 6e; centred: Graves 2013, equations 38 to 45):
//!
//! g' = g + weight_decay p;
//! v = alpha v + (1 - alpha) g'^2;
//! centred: m = m + (1 - alpha) (g' - m) and d = sqrt(v - m^2) + eps, else d = sqrt(v) + eps;
//! with momentum: b = momentum b + g' / d and p = p - lr b, else p = p - lr g' / d.
//!
//! eps is added after the root, unlike in TensorFlow.

use super::BUFFERS;
use crate::config::RmspropOptions;
use crate::real::Real;

pub(super) fn buffer_names(options: &RmspropOptions) -> [Option<&'static str>; BUFFERS] {
    [Some("square_avg"), options.centered.then_some("grad_avg"), (options.momentum > 0.0).then_some("momentum_buffer")]
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    lr: T,
    weight_decay: T,
    alpha: T,
    rate: T,
    eps: T,
    momentum: T,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &RmspropOptions, lr: f64) -> Self {
        Self {
            lr: T::from_f64(lr),
            weight_decay: T::from_f64(options.weight_decay),
            alpha: T::from_f64(options.alpha),
            rate: T::from_f64(1.0 - options.alpha),
            eps: T::from_f64(options.eps),
            momentum: T::from_f64(options.momentum),
        }
    }

    #[inline(always)]
    pub(super) fn apply(
        &self,
        parameters: &mut [T],
        gradient: &[T],
        [square_avg, grad_avg, momentum_buffer]: [&mut [T]; BUFFERS],
    ) {
        if grad_avg.is_empty() && momentum_buffer.is_empty() {
            for ((p, &g), v) in parameters.iter_mut().zip(gradient).zip(square_avg) {
                let g = g + self.weight_decay * *p;
                *v = self.alpha * *v + self.rate * g * g;
                *p = *p - self.lr * g / (v.sqrt() + self.eps);
            }
            return;
        }
        for (i, ((p, &g), v)) in parameters.iter_mut().zip(gradient).zip(square_avg).enumerate() {
            let g = g + self.weight_decay * *p;
            *v = self.alpha * *v + self.rate * g * g;
            let variance = match grad_avg.get_mut(i) {
                Some(m) => {
                    *m += self.rate * (g - *m);
                    *v - *m * *m
                }
                None => *v,
            };
            let step = g / (variance.sqrt() + self.eps);
            let direction = match momentum_buffer.get_mut(i) {
                Some(b) => {
                    *b = self.momentum * *b + step;
                    *b
                }
                None => step,
            };
            *p = *p - self.lr * direction;
        }
    }
}
