//! Spectral norm (Miyato et al. 2018, section 2.1 and Algorithm 1): each of the critic's Linears works with W' = W / sigma
//! in the place of its weights W, where sigma is their largest singular value, so that no layer stretches anything and the
//! critic is as steep as its activations allow; biases are left alone.
//!
//! sigma = u^T W v, with vectors u and v that follow the first singular ones by power iteration: after each of the
//! critic's steps u = W v / |W v|, then v = W^T u / |W^T u|, once, as `torch.nn.utils.parametrizations.spectral_norm` does
//! in each forward pass of training; 15 times before the first step. u and v count as constants in the gradient,
//!
//! dL/dW = (G - <G, W'> u v^T) / sigma,  G = dL/dW'.

/// Against division by zero, as in `PyTorch`.
pub const EPS: f64 = 1e-12;

/// Power iterations before the first step.
const AT_FIRST: usize = 15;

/// u, a number for each output, and v, one for each input, for fresh weights \[outputs, inputs\], from random ones.
pub fn initial(weights: &[f64], [mut u, mut v]: [Vec<f64>; 2]) -> [Vec<f64>; 2] {
    normalise(&mut u);
    normalise(&mut v);
    for _ in 0..AT_FIRST {
        iterate(weights, &mut u, &mut v);
    }
    [u, v]
}

/// A power iteration for weights [outputs, inputs].
pub fn iterate(weights: &[f64], u: &mut [f64], v: &mut [f64]) {
    for (u, row) in u.iter_mut().zip(weights.chunks(v.len())) {
        *u = row.iter().zip(&*v).map(|(w, v)| w * v).sum();
    }
    normalise(u);
    v.fill(0.0);
    for (u, row) in u.iter().zip(weights.chunks(v.len())) {
        for (v, w) in v.iter_mut().zip(row) {
            *v += u * w;
        }
    }
    normalise(v);
}

/// The largest singular value as these vectors have it.
pub fn sigma(weights: &[f64], u: &[f64], v: &[f64]) -> f64 {
    let rows = weights.chunks(v.len()).zip(u);
    rows.map(|(row, u)| u * row.iter().zip(v).map(|(w, v)| w * v).sum::<f64>()).sum()
}

/// Turns a gradient by W' into that by W, in place.
pub fn by_weights(gradient: &mut [f64], normed: &[f64], [u, v]: [&[f64]; 2], sigma: f64) {
    let along: f64 = gradient.iter().zip(normed).map(|(g, w)| g * w).sum();
    for (row, u) in gradient.chunks_mut(v.len()).zip(u) {
        for (g, v) in row.iter_mut().zip(v) {
            *g = (*g - along * u * v) / sigma;
        }
    }
}

fn normalise(x: &mut [f64]) {
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt().max(EPS);
    for x in x {
        *x /= norm;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some weights [3, 4], and vectors for them.
    fn some() -> ([f64; 12], [Vec<f64>; 2]) {
        let weights = std::array::from_fn(|i| ((i * 7 + 3) % 11) as f64 / 5.0 - 1.0);
        (weights, [vec![1.0, -0.5, 0.3], vec![0.2, 0.4, -0.1, 1.0]])
    }

    #[test]
    fn sigma_is_the_largest_singular_value() {
        let (weights, vectors) = some();
        let [mut u, mut v] = initial(&weights, vectors);
        (0..200).for_each(|_| iterate(&weights, &mut u, &mut v));
        // The largest eigenvalue of W W^T, by its characteristic polynomial's sign: none above sigma^2, one at it.
        let row = |i: usize| &weights[4 * i..][..4];
        let product = |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
        let determinant = |shift: f64| {
            let m = |i: usize, j: usize| product(i, j) - if i == j { shift } else { 0.0 };
            m(0, 0) * (m(1, 1) * m(2, 2) - m(1, 2) * m(2, 1)) - m(0, 1) * (m(1, 0) * m(2, 2) - m(1, 2) * m(2, 0))
                + m(0, 2) * (m(1, 0) * m(2, 1) - m(1, 1) * m(2, 0))
        };
        let square = sigma(&weights, &u, &v).powi(2);
        assert!(determinant(square).abs() < 1e-9, "{}", determinant(square));
        assert!((1..1000).all(|i| determinant(square * (1.0 + 0.01 * f64::from(i))) < 0.0));
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let (weights, vectors) = some();
        let [u, v] = initial(&weights, vectors);
        // A loss of the normed weights: sum of k w'^2 / 2, with u and v held.
        let loss = |weights: &[f64]| {
            let s = sigma(weights, &u, &v);
            weights.iter().enumerate().map(|(k, w)| k as f64 * (w / s).powi(2) / 2.0).sum::<f64>()
        };
        let s = sigma(&weights, &u, &v);
        let normed = weights.map(|w| w / s);
        let mut gradient: Vec<f64> = normed.iter().enumerate().map(|(k, w)| k as f64 * w).collect();
        by_weights(&mut gradient, &normed, [&u, &v], s);
        for (i, exact) in gradient.iter().enumerate() {
            let at = |by: f64| {
                let mut moved = weights;
                moved[i] += by;
                loss(&moved)
            };
            let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((exact - numeric).abs() < 1e-7, "{i}: {exact} for {numeric}");
        }
    }

    #[test]
    fn weights_of_zero_give_numbers() {
        let [u, v] = initial(&[0.0; 6], [vec![1.0; 2], vec![1.0; 3]]);
        assert!(u.iter().chain(&v).all(|x| x.is_finite()));
    }
}
