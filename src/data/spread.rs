//! Where points lie, how far they spread, and whether single precision keeps them apart.

use super::Point;

/// Coordinates are kept in single precision where its steps are below this part of every axis's standard deviation.
const FINE: f64 = 1e-4;

/// Where points lie and how far they spread.
#[derive(Clone, Debug)]
pub struct PointSpread {
    /// Their mean.
    pub mean: Point,
    /// Their covariance matrix.
    pub covariance: [[f64; 2]; 2],
    /// The smallest coordinates.
    pub low: Point,
    /// The largest ones.
    pub high: Point,
}

impl PointSpread {
    /// Of some points.
    pub fn of(points: &[Point]) -> Self {
        let n = points.len().max(1) as f64;
        // Around a point of theirs, so that no digit is lost where they lie far away.
        let origin = points.first().copied().unwrap_or_default();
        let mean = [0, 1].map(|i| origin[i] + points.iter().map(|p| p[i] - origin[i]).sum::<f64>() / n);
        let moment = |i: usize, j: usize| points.iter().map(|p| (p[i] - mean[i]) * (p[j] - mean[j])).sum::<f64>() / n;
        let extreme = |pick: fn(f64, f64) -> f64| [0, 1].map(|i| points.iter().map(|p| p[i]).fold(origin[i], pick));
        let xy = moment(0, 1);
        let covariance = [[moment(0, 0), xy], [xy, moment(1, 1)]];
        Self { mean, covariance, low: extreme(f64::min), high: extreme(f64::max) }
    }

    /// The standard deviation along an axis.
    pub fn deviation(&self, axis: usize) -> f64 {
        self.covariance[axis][axis].sqrt()
    }

    /// Of the axes; 0 where all points are one along one of them.
    pub fn correlation(&self) -> f64 {
        let both = self.deviation(0) * self.deviation(1);
        if both > 0.0 { self.covariance[0][1] / both } else { 0.0 }
    }

    /// The size of the steps of single precision along an axis, at the most.
    fn step(&self, axis: usize) -> f64 {
        self.low[axis].abs().max(self.high[axis].abs()) * f64::from(f32::EPSILON)
    }

    /// Whether single precision keeps the points apart: its steps are below a ten-thousandth of each axis's deviation.
    pub fn is_fine(&self) -> bool {
        // Points that all share a coordinate keep all of its digits.
        (0..2).all(|axis| self.step(axis) <= self.deviation(axis) * FINE)
    }

    /// For each axis along which the points spread and single precision is too coarse for it: its steps there.
    pub fn coarse_steps(&self) -> [Option<f64>; 2] {
        [0, 1].map(|axis| {
            let deviation = self.deviation(axis);
            let largest = self.low[axis].abs().max(self.high[axis].abs()) as f32;
            let step = f64::from(largest.next_up()) - f64::from(largest);
            Some(step).filter(|_| deviation > 0.0 && self.step(axis) > deviation * FINE)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_where_they_are_too_coarse() {
        let metres: Vec<Point> =
            (0..100).map(f64::from).map(|i| [388_095.0 + i / 100.0, 3_948_995.0 + i * i / 5e3]).collect();
        let spread = PointSpread::of(&metres);
        assert_eq!(spread.coarse_steps(), [Some(0.03125), Some(0.25)]);
        assert!(!spread.is_fine());
        let near: Vec<Point> = metres.iter().map(|[x, y]| [x - 388_095.0, y - 3_948_995.0]).collect();
        assert_eq!(PointSpread::of(&near).coarse_steps(), [None, None]);
        // Along a constant axis there is nothing to keep apart.
        let flat: Vec<Point> = near.iter().map(|[x, _]| [*x, 3_948_995.5]).collect();
        assert_eq!(PointSpread::of(&flat).coarse_steps(), [None, None]);
    }
}
