//! Lookahead for games (Chavdarova et al. 2021, Algorithm 1; Zhang et al. 2019), round any optimiser: both networks have
//! slow weights beside those that are trained, which begin with the initial ones. After every K iterations of both:
//!
//! slow = slow + step (fast - slow), then fast = slow.
//!
//! The optimisers keep their moments. In the authors' code slow weights are first set at the K-th iteration, so that
//! there nothing happens.

use crate::real::Real;

/// Moves the slow weights towards the fast ones, and the fast ones there.
pub fn sync<T: Real>(slow: &mut [T], fast: &mut [T], step: T) {
    for (slow, fast) in slow.iter_mut().zip(fast) {
        *slow += step * (*fast - *slow);
        *fast = *slow;
    }
}
