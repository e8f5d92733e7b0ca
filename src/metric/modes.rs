//! Measures against a known law of K Gaussians with shares p_k, which are 1/K where they are equally likely.
//!
//! A point belongs to the mode whose Mahalanobis distance is least, and is of high quality within 3 of it (Srivastava et
//! al. 2017; Lin et al. 2018); with n points, h of them of high quality and h_k of those in mode k:
//!
//! - high-quality share h / n: best is the law's own, 1 - exp(-9/2) = 0.989 where modes do not overlap; more says that
//!   modes have shrunk.
//! - modes captured: how many h_k are above 0, from 0 to K; K is best.
//! - mode total variation with an invalid class: (sum_k |h_k / n - p_k| + (n - h) / n) / 2, from 0 to 1; small is best.
//!   It sees both lost modes and junk.
//! - reverse KL: sum_k q_k log(q_k / p_k) with q_k = h_k / h, in nats, from 0 to log K, or -log of the least share; small is
//!   best, about (K - 1) / (2 h) for the law itself. Without a point of high quality it is the largest that it can be.
//! - spread ratio: deviation within the modes over the law's: the root of the mean squared Mahalanobis distance of high
//!   quality points from their own mode's sample mean, over that of a Gaussian cut off at 3; 1 is best, below it modes
//!   have shrunk. Without two such points in a mode there is none.

use super::{About, Best, By, CannotTell, Least};
use crate::data::{Mode, Point};

/// [`ModeScores::high_quality`].
pub(super) const HIGH_QUALITY: About = About {
    name: "high-quality",
    best: Best::Floor,
    is_distance: false,
    least: Least::Points(1),
    by: By::Modes(|scores| Ok(scores.high_quality)),
};

/// [`ModeScores::captured`].
pub(super) const MODES: About = About {
    name: "modes",
    best: Best::Most,
    is_distance: false,
    least: Least::AsManyAsModes,
    by: By::Modes(|scores| Ok(scores.captured)),
};

/// [`ModeScores::total_variation`].
pub(super) const MODE_TV: About = About {
    name: "mode-tv",
    best: Best::Zero,
    is_distance: true,
    least: Least::AsManyAsModes,
    by: By::Modes(|scores| Ok(scores.total_variation)),
};

/// [`ModeScores::reverse_kl`].
pub(super) const REVERSE_KL: About = About {
    name: "reverse-kl",
    best: Best::Zero,
    is_distance: true,
    least: Least::AsManyAsModes,
    by: By::Modes(|scores| Ok(scores.reverse_kl)),
};

/// [`ModeScores::spread_ratio`].
pub(super) const SPREAD: About = About {
    name: "spread",
    best: Best::One,
    is_distance: false,
    least: Least::Points(2),
    by: By::Modes(|scores| scores.spread_ratio.ok_or(CannotTell::NoSpread)),
};

/// Points of high quality are within this many deviations.
const RADIUS: f64 = 3.0;

/// How points stand to a known law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModeScores {
    /// Share of points within 3 deviations of a mode.
    pub high_quality: f64,
    /// Modes with at least one such point.
    pub captured: f64,
    /// Total variation between shares of modes, junk a class of its own, and the law's shares.
    pub total_variation: f64,
    /// KL divergence of the modes' shares from the law's, in nats.
    pub reverse_kl: f64,
    /// Deviation within modes, relative to the law's; None where no mode has two points.
    pub spread_ratio: Option<f64>,
}

/// All five for points against the modes of a law, of which there is at least one.
pub fn mode_scores(modes: &[Mode], points: &[Point]) -> ModeScores {
    let (n, k) = (points.len().max(1) as f64, modes.len().max(1) as f64);
    let members = members(modes, points);
    let counts: Vec<f64> = members.iter().map(|points| points.len() as f64).collect();
    let good: f64 = counts.iter().sum();
    let invalid = 1.0 - good / n;
    let of_modes = || counts.iter().zip(modes);
    let apart: f64 = of_modes().map(|(count, mode)| (count / n - mode.share.unwrap_or(1.0 / k)).abs()).sum();
    // One over a mode's share.
    let rarity = |mode: &Mode| mode.share.map_or(k, |share| 1.0 / share);
    let divergence = |(count, mode): (&f64, &Mode)| {
        if *count > 0.0 { count / good * (rarity(mode) * count / good).ln() } else { 0.0 }
    };
    let most = modes.iter().map(rarity).fold(1.0, f64::max).ln();
    ModeScores {
        high_quality: good / n,
        captured: counts.iter().filter(|&&count| count > 0.0).count() as f64,
        total_variation: f64::midpoint(apart, invalid),
        reverse_kl: if good > 0.0 { of_modes().map(divergence).sum::<f64>().max(0.0) } else { most },
        spread_ratio: spread_ratio(modes, &members),
    }
}

/// The points of high quality in each mode.
fn members(modes: &[Mode], points: &[Point]) -> Vec<Vec<[f64; 2]>> {
    let mut members = vec![Vec::new(); modes.len()];
    for &point in points {
        let distances = modes.iter().map(|mode| mode.distance_squared(point)).enumerate();
        let nearest = distances.min_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((mode, _)) = nearest.filter(|&(_, squared)| squared <= RADIUS * RADIUS) {
            members[mode].push(point);
        }
    }
    members
}

fn spread_ratio(modes: &[Mode], members: &[Vec<[f64; 2]>]) -> Option<f64> {
    let (mut squares, mut freedom) = (0.0, 0.0);
    for (mode, points) in modes.iter().zip(members).filter(|(_, points)| points.len() > 1) {
        let n = points.len() as f64;
        let centre = [0, 1].map(|i| points.iter().map(|point| point[i]).sum::<f64>() / n);
        let own = Mode { mean: centre, ..*mode };
        squares += points.iter().map(|&point| own.distance_squared(point)).sum::<f64>();
        freedom += n - 1.0;
    }
    (freedom > 0.0).then(|| (squares / freedom / cut_off_mean()).sqrt())
}

/// The mean squared distance of a two-dimensional standard Gaussian within the radius r: its law is exponential with
/// mean 2, cut off at r^2.
fn cut_off_mean() -> f64 {
    let (square, beyond) = (RADIUS * RADIUS, (-RADIUS * RADIUS / 2.0).exp());
    2.0 - square * beyond / (1.0 - beyond)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic::Law;

    fn drawn(law: Law, n: usize) -> Vec<Point> {
        let arrays = law.draw(n, 1);
        let xx = arrays.iter().find(|(name, _)| *name == "xx").unwrap();
        xx.1.clone()
    }

    #[test]
    fn the_law_itself_scores_what_theory_says() {
        for law in [Law::Ring8, Law::Grid25] {
            let modes = law.modes().unwrap();
            let (n, k) = (40_000.0, modes.len() as f64);
            let scores = mode_scores(&modes, &drawn(law, 40_000));
            let ceiling = 1.0 - (-4.5_f64).exp();
            // Four standard errors each.
            assert!((scores.high_quality - ceiling).abs() < 4.0 * (ceiling * (1.0 - ceiling) / n).sqrt());
            assert!((scores.captured - k).abs() < 1e-12);
            assert!(scores.reverse_kl < 3.0 * (k - 1.0) / (2.0 * n), "{}", scores.reverse_kl);
            assert!((scores.spread_ratio.unwrap() - 1.0).abs() < 4.0 / (2.0 * n).sqrt(), "{scores:?}");
            assert!(scores.total_variation < 0.03, "{}", scores.total_variation);
        }
    }

    #[test]
    fn a_point_at_the_radius_itself_is_of_high_quality() {
        let modes = [Mode::round([0.0, 0.0], 1.0)];
        let quality = |x: f64| mode_scores(&modes, &[[x, 0.0]]).high_quality.to_bits();
        assert_eq!((quality(RADIUS), quality(RADIUS + 1e-6)), (1.0_f64.to_bits(), 0.0_f64.to_bits()));
    }

    #[test]
    fn modes_of_other_shares_are_held_against_those() {
        let modes: Vec<Mode> = [0.75, 0.25]
            .iter()
            .zip([[0.0, 0.0], [9.0, 0.0]])
            .map(|(&share, mean)| Mode { share: Some(share), ..Mode::round(mean, 1.0) })
            .collect();
        let points = |first: usize| [vec![[0.0, 0.0]; first], vec![[9.0, 0.0]; 100 - first]].concat();
        let right = mode_scores(&modes, &points(75));
        assert!(right.total_variation.abs() < 1e-12 && right.reverse_kl.abs() < 1e-12, "{right:?}");
        let equal = mode_scores(&modes, &points(50));
        assert!((equal.total_variation - 0.25).abs() < 1e-12);
        let expected = 0.5 * (0.5_f64 / 0.75).ln() + 0.5 * (0.5_f64 / 0.25).ln();
        assert!((equal.reverse_kl - expected).abs() < 1e-12, "{}", equal.reverse_kl);
        let junk = mode_scores(&modes, &[[50.0, 50.0]; 10]);
        assert!((junk.reverse_kl - 4.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn collapse_junk_and_shrinking_are_told_apart() {
        let modes = Law::Ring8.modes().unwrap();
        let collapsed = mode_scores(&modes, &vec![[1.0, 0.0]; 100]);
        assert_eq!((collapsed.high_quality, collapsed.captured, collapsed.spread_ratio), (1.0, 1.0, Some(0.0)));
        assert!((collapsed.total_variation - 7.0 / 8.0).abs() < 1e-12);
        assert!((collapsed.reverse_kl - 8.0_f64.ln()).abs() < 1e-12);
        let junk = mode_scores(&modes, &[[0.0, 0.0]; 10]);
        assert_eq!((junk.high_quality, junk.captured, junk.total_variation), (0.0, 0.0, 1.0));
        assert_eq!(junk.spread_ratio, None);
        let mut shrunk = drawn(Law::Ring8, 8000);
        for point in &mut shrunk {
            let mode = modes.iter().find(|mode| mode.distance_squared(*point) < 100.0).unwrap();
            *point = [0, 1].map(|i| f64::midpoint(mode.mean[i], point[i]));
        }
        let shrunk = mode_scores(&modes, &shrunk);
        assert!(shrunk.high_quality > 0.9999 && (shrunk.spread_ratio.unwrap() - 0.5).abs() < 0.01, "{shrunk:?}");
    }
}
