//! A number over repeats.

use serde::{Deserialize, Serialize};

/// A number over repeats or seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over repeats (n - 1); None for one, which says nothing of others.
    pub deviation: Option<f64>,
    /// The mean's standard error; None for one.
    pub error: Option<f64>,
}

impl Spread {
    /// Mean, deviation and standard error of values, of which there is at least one.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
        Self { mean, deviation, error: deviation.map(|deviation| deviation / n.sqrt()) }
    }

    /// What single draws do, from the draws of several splits of the data: the deviation is a draw's of any split, within
    /// a split and between splits; the error is the mean's over splits. None of no splits.
    ///
    /// With x = mean + b + e, b a split's and e a draw's own, the mean of the squared deviations is var(e), and the variance
    /// of the splits' means var(b) + var(e) / draws, of which the second part is the mean of the squared errors.
    pub fn pooled(splits: &[Self]) -> Option<Self> {
        let [first, others @ ..] = splits else { return None };
        if others.is_empty() {
            return Some(*first);
        }
        let over = Self::of(&splits.iter().map(|split| split.mean).collect::<Vec<_>>());
        let mean_square = |of: fn(&Self) -> Option<f64>| {
            let squares = splits.iter().map(|split| of(split).map(|x| x * x)).collect::<Option<Vec<f64>>>()?;
            Some(squares.iter().sum::<f64>() / squares.len() as f64)
        };
        let between = over.deviation.map(|deviation| deviation * deviation);
        let deviation = match (mean_square(|s| s.deviation), mean_square(|s| s.error), between) {
            (Some(within), Some(of_means), Some(between)) => Some((within + (between - of_means).max(0.0)).sqrt()),
            _ => over.deviation,
        };
        Some(Self { deviation, ..over })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_mean_deviation_and_standard_error() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 6.0]);
        assert!((spread.mean - 3.0).abs() < 1e-12);
        assert!((spread.deviation.unwrap() - (14.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((spread.error.unwrap() - spread.deviation.unwrap() / 2.0).abs() < 1e-12);
        assert_eq!(Spread::of(&[5.0]), Spread { mean: 5.0, deviation: None, error: None });
        let json = serde_json::to_string(&Spread::of(&[5.0])).unwrap();
        assert_eq!(json, r#"{"mean":5.0,"deviation":null,"error":null}"#);
    }

    #[test]
    fn pooled_draws_deviate_within_splits_and_between_them() {
        let splits = |shift: f64| [Spread::of(&[1.0, 3.0]), Spread::of(&[1.0 + shift, 3.0 + shift])];
        // Splits that agree: a draw deviates as within one of them.
        let same = Spread::pooled(&splits(0.0)).unwrap();
        assert!((same.mean - 2.0).abs() < 1e-12 && (same.deviation.unwrap() - 2.0_f64.sqrt()).abs() < 1e-12);
        // Splits far apart: variance within 2, of the means 50, of which 1 is the draws'.
        let apart = Spread::pooled(&splits(10.0)).unwrap();
        assert!((apart.deviation.unwrap() - 51.0_f64.sqrt()).abs() < 1e-12);
        assert!((apart.error.unwrap() - 5.0).abs() < 1e-12);
        assert_eq!(Spread::pooled(&[]), None);
        let one = Spread::of(&[4.0]);
        assert_eq!(Spread::pooled(&[one]), Some(one));
        assert_eq!(Spread::pooled(&[one, Spread::of(&[6.0])]), Some(Spread::of(&[4.0, 6.0])));
    }
}
