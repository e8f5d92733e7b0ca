//! A number over repeats.

use serde::{Deserialize, Serialize};

/// A number over repeats or seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over repeats (n - 1); 0 for one.
    pub deviation: f64,
    /// The mean's standard error.
    pub error: f64,
}

impl Spread {
    /// Mean, deviation and standard error of values, of which there is at least one.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let deviation = if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
        Self { mean, deviation, error: deviation / n.sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_mean_deviation_and_standard_error() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 6.0]);
        assert!((spread.mean - 3.0).abs() < 1e-12);
        assert!((spread.deviation - (14.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((spread.error - spread.deviation / 2.0).abs() < 1e-12);
        assert_eq!(Spread::of(&[5.0]), Spread { mean: 5.0, deviation: 0.0, error: 0.0 });
    }
}
