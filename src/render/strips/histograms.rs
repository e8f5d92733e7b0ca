//! Histograms over each other: how the discriminator scores points of several kinds.

use plotters::backend::DrawingBackend;
use plotters::style::Color as _;

use super::super::RenderError;
use super::super::scale::Scale;
use super::super::scatter::Area;
use super::super::theme::Look;
use super::{Kind, Panel};
use crate::figures::measure;

/// Bars of each.
const BARS: usize = 48;

/// Histograms over one range.
#[derive(Clone, Debug, PartialEq)]
pub struct Histograms {
    /// What it says above.
    pub title: String,
    /// From which number to which; what lies beyond is in the first and the last bar.
    pub range: (f64, f64),
    /// The number at which the discriminator cannot tell.
    pub blind: f64,
    /// One for each kind of points.
    pub groups: Vec<Histogram>,
}

/// A histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// What it is of.
    pub name: String,
    /// The same, for its colour.
    pub kind: Kind,
    /// The numbers.
    pub values: Vec<f32>,
}

impl Histograms {
    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        across: (i32, i32),
        look: Look,
        scale: Scale,
    ) -> Result<(), RenderError> {
        let shares: Vec<Vec<f64>> = self.groups.iter().map(|group| self.shares(group)).collect();
        let most = shares.iter().flatten().copied().fold(0.0, f64::max);
        let panel = Panel::new(area, across, [self.range, (0.0, most * 1.08)], look, scale)?;
        let (low, high) = panel.x;
        let edge = |bar: usize| low + (high - low) * bar as f64 / BARS as f64;
        for (group, shares) in self.groups.iter().zip(&shares) {
            let colour = group.kind.colour(look);
            // Held-out points are only a line, so that the other two are seen.
            let filled = if group.kind == Kind::HeldOut { 0.0 } else { 0.3 };
            let mut outline = vec![(low, 0.0)];
            for (bar, &share) in shares.iter().enumerate() {
                if filled > 0.0 && share > 0.0 {
                    panel.rectangle((edge(bar), edge(bar + 1)), (0.0, share), colour.mix(filled).filled())?;
                }
                outline.extend([(edge(bar), share), (edge(bar + 1), share)]);
            }
            outline.push((high, 0.0));
            panel.line(&outline, colour.mix(0.9).stroke_width(scale.pixels(0.9)))?;
        }
        panel.upright(self.blind, look.ink)?;
        let above = |group: &Histogram| {
            let above = group.values.iter().filter(|&&x| f64::from(x) > self.blind).count();
            format!("{} {:.0} %", group.name, 100.0 * above as f64 / group.values.len().max(1) as f64)
        };
        let names: Vec<_> = self.groups.iter().map(|group| (above(group), group.kind)).collect();
        panel.title(&self.title, &names)?;
        let ends = [self.range.0, self.range.1].map(|x| (x, measure(x)));
        // Where the blind score is near an end, two numbers would lie over each other.
        let share = (self.blind - low) / (high - low);
        let middle = (0.15..0.85).contains(&share).then(|| (self.blind, measure(self.blind)));
        panel.numbers(&ends.into_iter().chain(middle).collect::<Vec<_>>())
    }

    /// The share of a group's numbers in each bar.
    fn shares(&self, group: &Histogram) -> Vec<f64> {
        let (low, high) = self.range;
        let mut counts = vec![0_usize; BARS];
        for &value in &group.values {
            let place = ((f64::from(value) - low) / (high - low) * BARS as f64).clamp(0.0, BARS as f64 - 1.0);
            counts[place as usize] += 1;
        }
        counts.into_iter().map(|count| count as f64 / group.values.len().max(1) as f64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_a_bar() {
        let group = |values: Vec<f32>| Histogram { name: "x".into(), kind: Kind::Real, values };
        let histograms = Histograms { title: String::new(), range: (0.0, 48.0), blind: 0.0, groups: Vec::new() };
        let shares = histograms.shares(&group(vec![-3.0, 0.5, 47.5, 99.0]));
        assert!((shares[0] - 0.5).abs() < 1e-12 && (shares[47] - 0.5).abs() < 1e-12);
        assert!((histograms.shares(&group(vec![1.0; 7])).iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(histograms.shares(&group(Vec::new())).iter().all(|share| *share == 0.0));
    }
}
