//! NumPy's older generator, `numpy.random.RandomState(seed).randn`: NVIDIA's tools draw their codes with it, so that people
//! quote seeds which mean its numbers. NumPy promises never to change them.
//!
//! Doubles in [0, 1) come from 53 bits of MT19937, normal numbers from Marsaglia's polar method (1964), the second of each
//! pair first.

use super::mersenne::Mersenne;

/// A stream of `RandomState`'s numbers.
#[derive(Clone, Debug)]
pub struct RandomState {
    words: Mersenne,
    /// The normal number of the last pair that is still to come.
    kept: Option<f64>,
}

impl RandomState {
    /// `RandomState(seed)`.
    pub fn new(seed: u32) -> Self {
        Self { words: Mersenne::new(seed), kept: None }
    }

    /// One draw from the uniform law on [0, 1).
    fn uniform(&mut self) -> f64 {
        let (high, low) = (self.words.word() >> 5, self.words.word() >> 6);
        (f64::from(high) * f64::from(1 << 26) + f64::from(low)) / (1_u64 << 53) as f64
    }

    /// One draw from N(0, 1), as `randn` draws it. The logarithm is the same on every machine; NumPy's is the C library's,
    /// so that a last digit of 17 may differ.
    pub fn normal(&mut self) -> f64 {
        if let Some(kept) = self.kept.take() {
            return kept;
        }
        loop {
            let x = 2.0 * self.uniform() - 1.0;
            let y = 2.0 * self.uniform() - 1.0;
            let square = x * x + y * y;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * libm::log(square) / square).sqrt();
                self.kept = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// `randn(n)` brought to single precision, as the networks take it.
    pub fn normals(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.normal() as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::digest::digest;

    /// What `scripts/code_fixtures.py` had from NumPy.
    fn fixture() -> Value {
        serde_json::from_str(include_str!("../../tests/fixtures/codes.json")).unwrap()
    }

    #[test]
    fn the_numbers_are_numpys() {
        let cases = fixture();
        let cases = cases["numpy"].as_array().unwrap();
        assert!(cases.len() >= 5);
        for case in cases {
            let seed = case["seed"].as_u64().unwrap() as u32;
            let mut state = RandomState::new(seed);
            for expected in case["first"].as_array().unwrap() {
                let (got, expected) = (state.normal(), expected.as_f64().unwrap());
                assert!((got - expected).abs() <= f64::EPSILON * expected.abs(), "seed {seed}: {got}, not {expected}");
            }
            let numbers = RandomState::new(seed).normals(case["n"].as_u64().unwrap() as usize);
            let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            assert_eq!(digest(&bytes), case["float32_sha256"].as_str().unwrap(), "seed {seed}");
        }
    }
}
