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
        Self::of_turned(turned, bias.clone())
    }

    /// Of `turned` `[inputs, outputs]`.
    pub(super) fn of_turned(turned: Vec<f32>, bias: Vec<f32>) -> Self {
        Self { turned, bias }
    }

    pub(super) fn of(&self, w: &[f32]) -> Vec<f32> {
        let mut sums = self.bias.clone();
        let outputs = sums.len();
        // Four inputs at a time, so that a sum is fetched once for four terms; they are added in their order.
        let (fours, rest) = w.as_chunks::<4>();
        let (blocks, last) = self.turned.split_at(fours.len() * 4 * outputs);
        for (x, block) in fours.iter().zip(blocks.chunks_exact(4 * outputs)) {
            let (front, back) = block.split_at(2 * outputs);
            let ((w0, w1), (w2, w3)) = (front.split_at(outputs), back.split_at(outputs));
            for ((((sum, w0), w1), w2), w3) in sums.iter_mut().zip(w0).zip(w1).zip(w2).zip(w3) {
                *sum = *sum + x[0] * w0 + x[1] * w1 + x[2] * w2 + x[3] * w3;
            }
        }
        for (x, weights) in rest.iter().zip(last.chunks_exact(outputs)) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += x * weight;
            }
        }
        sums
    }
}
