//! Curves over epochs, the band of a floor behind them, and the place where the frame is.

use plotters::backend::DrawingBackend;
use plotters::element::Circle;
use plotters::style::Color as _;
use plotters::style::text_anchor::HPos;

use super::super::RenderError;
use super::super::scale::Scale;
use super::super::scatter::Area;
use super::super::theme::Look;
use super::{Kind, Panel};
use crate::figures::measure;

/// Curves with one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    /// What it says above.
    pub title: String,
    /// The curves.
    pub lines: Vec<Line>,
    /// A floor: its lower edge and its upper one, and what it is called.
    pub band: Option<(f64, f64, String)>,
    /// A line over the whole width, and what it is.
    pub level: Option<(f64, String)>,
    /// Whether powers are as far apart; all numbers are above 0 then.
    pub is_logarithmic: bool,
    /// Where the frame is.
    pub at: f64,
    /// The last epoch.
    pub end: f64,
}

/// A curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is called.
    pub name: String,
    /// What it is of, for its colour.
    pub kind: Kind,
    /// (epoch, value)
    pub points: Vec<(f64, f64)>,
}

impl Lines {
    /// The range of its values.
    fn range(&self) -> (f64, f64) {
        let values = self.lines.iter().flat_map(|line| line.points.iter().map(|&(_, y)| y));
        let band = self.band.iter().flat_map(|(low, high, _)| [*low, *high]);
        let all = values.chain(band).chain(self.level.iter().map(|(y, _)| *y));
        let sound = all.filter(|y| y.is_finite() && (!self.is_logarithmic || *y > 0.0));
        let (low, high) = sound.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
        if low <= high { (low, high) } else { (1.0, 1.0) }
    }

    pub(super) fn draw<DB: DrawingBackend>(
        &self,
        area: &Area<DB>,
        across: (i32, i32),
        look: Look,
        scale: Scale,
    ) -> Result<(), RenderError> {
        let on = |y: f64| if self.is_logarithmic { y.max(f64::MIN_POSITIVE).log10() } else { y };
        let (low, high) = self.range();
        let margin = 0.06 * (on(high) - on(low));
        let panel = Panel::new(area, across, [(0.0, self.end), (on(low) - margin, on(high) + margin)], look, scale)?;
        if let Some((from, to, _)) = &self.band {
            panel.rectangle(panel.x, (on(*from), on(*to)), look.label.mix(0.25).filled())?;
        }
        if let Some((y, _)) = &self.level {
            let style = look.label.mix(0.8).stroke_width(scale.pixels(0.6));
            panel.line(&[(0.0, on(*y)), (self.end, on(*y))], style)?;
        }
        panel.upright(self.at, look.ink)?;
        for line in &self.lines {
            let colour = line.kind.colour(look);
            let points: Vec<(f64, f64)> = line.points.iter().map(|&(x, y)| (x, on(y))).collect();
            panel.line(&points, colour.stroke_width(scale.pixels(1.1)))?;
            if let Some(&(x, y)) = points.iter().rfind(|(x, _)| *x <= self.at) {
                let dot = Circle::new((panel.across(x), panel.up(y)), scale.pixels(3.0), colour.filled());
                area.draw(&dot).map_err(RenderError::new)?;
            }
        }
        let value = |line: &Line| line.points.iter().rfind(|(x, _)| *x <= self.at).map(|(_, y)| measure(*y));
        let named = |line: &Line| {
            let words = value(line).map_or_else(|| line.name.clone(), |value| format!("{} {value}", line.name));
            (words, line.kind)
        };
        let beside = self.band.iter().map(|(_, _, name)| name).chain(self.level.iter().map(|(_, name)| name));
        let title = std::iter::once(&self.title).chain(beside).map(String::as_str).collect::<Vec<_>>().join(", ");
        panel.title(&title, &self.lines.iter().map(named).collect::<Vec<_>>())?;
        let near = scale.at(4.0);
        for y in [low, high] {
            let at = panel.up(on(y));
            panel.text(&measure(y), (panel.left - near, at), HPos::Right, look.label)?;
        }
        panel.numbers(&[(0.0, "0".into()), (self.end, format!("epoch {}", self.end))])
    }
}
