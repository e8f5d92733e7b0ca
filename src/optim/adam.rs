//! Adam as in `torch.optim.Adam` (Kingma and Ba 2015, Algorithm 1; amsgrad: Reddi et al. 2018):
//!
//! g' = g + weight_decay p, in step t = 1, 2, …;
//! m = m + (1 - beta1) (g' - m);  v = beta2 v + (1 - beta2) g'^2;
//! amsgrad: v' = max(v', v), else v' = v;
//! p = p - lr / (1 - beta1^t) m / (sqrt(v') / sqrt(1 - beta2^t) + eps).

use super::BUFFERS;
use crate::config::AdamOptions;
use crate::real::Real;

pub(super) fn buffer_names(options: &AdamOptions) -> [Option<&'static str>; BUFFERS] {
    [Some("exp_avg"), Some("exp_avg_sq"), options.amsgrad.then_some("max_exp_avg_sq")]
}

/// One step's constants.
#[derive(Clone, Copy, Debug)]
pub struct Step<T> {
    weight_decay: T,
    beta2: T,
    rates: [T; 2],
    corrected_lr: T,
    root_correction: T,
    eps: T,
}

impl<T: Real> Step<T> {
    pub(super) fn new(options: &AdamOptions, lr: f64, taken: u64) -> Self {
        let [beta1, beta2] = options.betas;
        let correction = |beta: f64| 1.0 - beta.powf((taken + 1) as f64);
        Self {
            weight_decay: T::from_f64(options.weight_decay),
            beta2: T::from_f64(beta2),
            rates: [T::from_f64(1.0 - beta1), T::from_f64(1.0 - beta2)],
            corrected_lr: T::from_f64(lr / correction(beta1)),
            root_correction: T::from_f64(correction(beta2).sqrt()),
            eps: T::from_f64(options.eps),
        }
    }

    #[inline(always)]
    pub(super) fn apply(
        &self,
        parameters: &mut [T],
        gradient: &[T],
        [exp_avg, exp_avg_sq, max_exp_avg_sq]: [&mut [T]; BUFFERS],
    ) {
        let moments = exp_avg.iter_mut().zip(exp_avg_sq);
        if max_exp_avg_sq.is_empty() {
            for ((p, &g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
                self.take_in(g, *p, m, v);
                self.descend(p, *m, *v);
            }
            return;
        }
        for (((p, &g), (m, v)), largest) in parameters.iter_mut().zip(gradient).zip(moments).zip(max_exp_avg_sq) {
            self.take_in(g, *p, m, v);
            // NaN is kept, as PyTorch does, so that divergence shows.
            *largest = if *v <= *largest { *largest } else { *v };
            self.descend(p, *m, *largest);
        }
    }

    #[inline(always)]
    fn take_in(&self, g: T, p: T, m: &mut T, v: &mut T) {
        let [rate1, rate2] = self.rates;
        let g = g + self.weight_decay * p;
        *m += rate1 * (g - *m);
        *v = self.beta2 * *v + rate2 * g * g;
    }

    #[inline(always)]
    fn descend(&self, p: &mut T, m: T, v: T) {
        *p = *p - self.corrected_lr * m / (v.sqrt() / self.root_correction + self.eps);
    }
}
