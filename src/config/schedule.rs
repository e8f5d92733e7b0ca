//! How the learning rates move over a run.
//!
//! With t for the share of the run's iterations that are done, w for the warm-up's, and e for the end:
//!
//! - t < w: the rate times (t + one iteration's share) / w;
//! - then, with u = (t - w) / (1 - w): linear, the rate times 1 - (1 - e) u; cosine, times e + (1 - e) (1 + cos(pi u)) / 2
//!   (Loshchilov and Hutter 2017, equation 5, without restarts); constant, the rate.

use serde::{Deserialize, Serialize};

use super::Choice;
use crate::objective::along_cosine;

/// A schedule of the learning rates of both networks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Its shape after the warm-up.
    pub name: Shape,
    /// The share of the run's iterations in which the rate rises to its own.
    pub warm_up: f64,
    /// What of the rate is left at the end.
    pub end: f64,
}

/// The shape of a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// The rate stays.
    #[default]
    Constant,
    /// It falls along a line.
    Linear,
    /// It falls along half a cosine.
    Cosine,
}

impl Shape {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: "constant", help: "The rate stays" },
        Choice { name: "linear", help: "It falls along a line" },
        Choice { name: "cosine", help: "It falls along half a cosine" },
    ];
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { name: Shape::Constant, warm_up: 0.0, end: 0.0 }
    }
}

impl ScheduleConfig {
    /// What the rate is multiplied by in the iteration after `done` of `total`.
    pub fn factor(&self, done: u64, total: u64) -> f64 {
        let (done, total) = (done as f64, total.max(1) as f64);
        let warm_up = self.warm_up * total;
        if done < warm_up {
            return ((done + 1.0) / warm_up).min(1.0);
        }
        let u = ((done - warm_up) / (total - warm_up)).min(1.0);
        match self.name {
            Shape::Constant => 1.0,
            Shape::Linear => 1.0 - (1.0 - self.end) * u,
            Shape::Cosine => along_cosine(self.end, u),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_fall_and_end_where_they_should() {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} for {b}");
        let of = |name, warm_up, end| ScheduleConfig { name, warm_up, end };
        near(of(Shape::Constant, 0.0, 0.0).factor(99, 100), 1.0);
        near(of(Shape::Linear, 0.0, 0.0).factor(0, 100), 1.0);
        near(of(Shape::Linear, 0.0, 0.2).factor(50, 100), 0.6);
        near(of(Shape::Cosine, 0.0, 0.0).factor(50, 100), 0.5);
        near(of(Shape::Cosine, 0.0, 0.1).factor(100, 100), 0.1);
        let warm = of(Shape::Linear, 0.1, 0.0);
        near(warm.factor(0, 100), 0.1);
        near(warm.factor(9, 100), 1.0);
        near(warm.factor(10, 100), 1.0);
        near(warm.factor(55, 100), 0.5);
        // A run that went on beyond its end.
        near(warm.factor(1000, 100), 0.0);
    }
}
