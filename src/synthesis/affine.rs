//! Styles out of w.

use crate::checkpoint::Dense;

/// y = A w + b, with A turned so that the loop over outputs is the inner one.
#[derive(Debug)]
pub(super) struct Affine {
    /// `[inputs, outputs]`.
    turned: Vec<f32>,
    bias: Vec<f32>,
}

impl Affine {
    pub(super) fn new(dense: &Dense) -> Self {
        let Dense { weight, bias, inputs, outputs } = dense;
        let mut turned = vec![0.0; inputs * outputs];
        for (output, weight) in weight.chunks_exact(*inputs).enumerate() {
            for (input, x) in weight.iter().enumerate() {
                turned[input * outputs + output] = *x;
            }
        }
        Self { turned, bias: bias.clone() }
    }

    pub(super) fn of(&self, w: &[f32]) -> Vec<f32> {
        let mut sums = self.bias.clone();
        for (x, weights) in w.iter().zip(self.turned.chunks_exact(self.bias.len())) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += x * weight;
            }
        }
        sums
    }
}
