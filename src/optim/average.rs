//! The average of a generator's parameters over its steps (Yazıcı et al. 2019; StyleGAN2-ADA's and R3GAN's form), which
//! takes out the circling of the game: after each step of a batch of B samples
//!
//! w' = w + b (w' - w),  b = 0.5^(B / N),  N = min(half-life, ramp times the samples so far),
//!
//! so that the average forgets half in N samples, and in the beginning is over what there was.

use crate::real::Real;

/// How much of the average stays in the step that makes it `samples` in all; a `ramp` of 0 means none.
pub fn kept(half_life: f64, ramp: f64, batch: f64, samples: f64) -> f64 {
    let n = if ramp > 0.0 { half_life.min(ramp * samples) } else { half_life };
    0.5_f64.powf(batch / n.max(1e-8))
}

/// Moves an average towards `parameters` by `rate`, 1 - b. There may be none: then it is empty.
#[inline(always)]
pub fn step<T: Real>(average: &mut [T], parameters: &[T], rate: T) {
    for (average, &p) in average.iter_mut().zip(parameters) {
        *average += rate * (p - *average);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_is_forgotten_in_the_half_life() {
        let steps = |n: u32| (0..n).fold(1.0, |left, _| left * kept(1000.0, 0.0, 10.0, 1e9));
        assert!((steps(100) - 0.5).abs() < 1e-12);
        // In the beginning the average is over a twentieth of what there was.
        assert!((kept(1000.0, 0.05, 10.0, 200.0) - 0.5).abs() < 1e-12);
        assert!((kept(1000.0, 0.05, 10.0, 1e9) - kept(1000.0, 0.0, 10.0, 1.0)).abs() < 1e-15);
    }

    #[test]
    fn an_average_goes_part_of_the_way() {
        let mut average = [0.0, 10.0];
        step(&mut average, &[4.0, 2.0], 0.25);
        assert_eq!(average.map(|x: f64| x as i32), [1, 8]);
        step::<f64>(&mut [], &[1.0], 0.5);
    }
}
