//! Gradient clipping (Pascanu, Mikolov and Bengio 2013), as `torch.nn.utils.clip_grad_norm_` does it: where the norm of the
//! gradient by all of a network's parameters is above a bound, the gradient is scaled by bound / (norm + 1e-6).

/// What a gradient with this sum of squares is scaled by.
pub fn scale(bound: f64, sum_of_squares: f64) -> f64 {
    let scale = bound / (sum_of_squares.sqrt() + 1e-6);
    // A norm that is no number scales nothing: its gradient shows that by itself.
    if scale < 1.0 { scale } else { 1.0 }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::scale;

    #[test]
    fn only_a_gradient_that_is_too_long_is_scaled() {
        assert!((scale(1.0, 25.0) - 0.2).abs() < 1e-6);
        assert_eq!([scale(10.0, 25.0), scale(1.0, 0.0), scale(1.0, f64::NAN)], [1.0; 3]);
        assert_eq!(scale(1.0, f64::INFINITY), 0.0);
    }
}
