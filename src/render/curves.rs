//! Values over epochs, on a logarithmic scale: a line for each series, the floor dashed below them.

use plotters::backend::BitMapBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::combinators::{BindKeyPoints as _, IntoLogRange as _, LogCoord, WithKeyPoints};

use plotters::coord::types::RangedCoordf64;
use plotters::drawing::IntoDrawingArea as _;
use plotters::element::{Circle, PathElement, Rectangle};
use plotters::prelude::Cartesian2d;
use plotters::series::{DashedLineSeries, LineSeries};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor, ShapeStyle, WHITE};

use super::scale::Scale;
use super::scatter::{Area, FRAME, GRID, INK, LABEL, OVERSAMPLING, load_font};
use super::{Picture, RenderError, Size};

/// Colours that people with any colour vision tell apart (Okabe and Ito 2008, without yellow and with black last).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x00, 0x00, 0x00),
];

/// Labels of the vertical axis are no closer than this, from middle to middle.
const CLOSEST: f64 = 20.0;
/// A band's colour.
const BAND: RGBColor = RGBColor(0xE4, 0xE8, 0xEA);

/// What lengths are given for.
const MEANT: Size = Size { width: 960, height: 540 };

/// A named series of (epoch, value), each value above 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What the legend says.
    pub name: String,
    /// The number of its colour; what has one name in several charts has one colour.
    pub colour: usize,
    /// The line.
    pub line: Vec<(f64, f64)>,
    /// Thin lines behind it: the runs that it is the middle of.
    pub behind: Vec<Vec<(f64, f64)>>,
}

/// A band over the whole width, such as that of a floor and its spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// What stands at it.
    pub name: String,
    /// Its lower edge; where that is not above 0 it goes down to the chart's edge.
    pub low: f64,
    /// A line in it.
    pub middle: f64,
    /// Its upper edge.
    pub high: f64,
}

type Chart<'a> = ChartContext<'a, BitMapBackend<'a>, Cartesian2d<RangedCoordf64, WithKeyPoints<LogCoord<f64>>>>;

/// A chart of curves.
#[derive(Clone, Debug)]
pub struct CurveChart<'a> {
    /// What it says above.
    pub title: &'a str,
    /// The curves.
    pub curves: &'a [Curve],
    /// Dashed horizontal lines with their names.
    pub levels: &'a [(String, f64)],
    /// A band behind them.
    pub band: Option<&'a Band>,
}

impl CurveChart<'_> {
    /// Draws it.
    pub fn draw(&self, size: Size) -> Result<Picture, RenderError> {
        load_font()?;
        let drawn = Size { width: size.width * OVERSAMPLING, height: size.height * OVERSAMPLING };
        let mut picture = Picture::white(drawn.width as usize, drawn.height as usize);
        let area = BitMapBackend::with_buffer(&mut picture.rgb, (drawn.width, drawn.height)).into_drawing_area();
        let scale = Scale::of(drawn, MEANT);
        let (x, y) = self.ranges();
        let height = f64::from(drawn.height) - f64::from(scale.pixels(46.0 + 12.0 + 42.0));
        let ticks = ticks(y, height / f64::from(scale.pixels(CLOSEST)));
        let mut chart = ChartBuilder::on(&area)
            .margin_top(scale.pixels(46.0))
            .margin_right(scale.pixels(30.0 + self.legend_width()))
            .margin_bottom(scale.pixels(12.0))
            .margin_left(scale.pixels(12.0))
            .x_label_area_size(scale.pixels(42.0))
            .y_label_area_size(scale.pixels(58.0))
            .build_cartesian_2d(x.0..x.1, (y.0..y.1).log_scale().with_key_points(ticks.clone()))
            .map_err(RenderError::new)?;
        mesh(&mut chart, scale, x.1, &ticks)?;
        self.band(&area, &mut chart, scale, (x, y))?;
        self.levels(&area, &mut chart, scale, x)?;
        self.lines(&mut chart, scale)?;
        self.words(&area, scale, drawn)?;
        drop(chart);
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(picture.halved())
    }

    /// A legend's place, for names in letters of about 7 pixels.
    fn legend_width(&self) -> f64 {
        let longest = self.curves.iter().map(|curve| curve.name.chars().count()).max().unwrap_or(0);
        36.0 + 7.2 * longest as f64
    }

    /// From the first epoch to the last, and from the lowest value to the highest with a little room.
    fn ranges(&self) -> ((f64, f64), (f64, f64)) {
        let lines = || self.curves.iter().flat_map(|curve| std::iter::once(&curve.line).chain(&curve.behind)).flatten();
        let around = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
        };
        let x = around(&mut lines().map(|&(epoch, _)| epoch));
        let band = self.band.iter().flat_map(|band| [band.low, band.middle, band.high]);
        let levels = self.levels.iter().map(|&(_, level)| level).chain(band);
        let y = around(&mut lines().map(|&(_, value)| value).chain(levels).filter(|value| *value > 0.0));
        let x = if x.0 < x.1 { (0.0, x.1) } else { (0.0, x.1.max(1.0)) };
        // Below a band there is room for its name.
        let room = if self.band.is_some() { 0.6 } else { 0.8 };
        let y = if y.0 <= y.1 { (y.0 * room, y.1 * 1.25) } else { (0.1, 1.0) };
        (x, y)
    }

    /// The band, its line, and its name below them, where no curve is expected.
    fn band(
        &self,
        area: &Area<BitMapBackend<'_>>,
        chart: &mut Chart<'_>,
        scale: Scale,
        (x, y): ((f64, f64), (f64, f64)),
    ) -> Result<(), RenderError> {
        let Some(band) = self.band.filter(|band| band.middle > 0.0 && band.middle.is_finite()) else { return Ok(()) };
        let low = if band.low > 0.0 { band.low } else { y.0 };
        let filled = Rectangle::new([(x.0, low), (x.1, band.high)], BAND.filled());
        let line = PathElement::new([(x.0, band.middle), (x.1, band.middle)], LABEL.stroke_width(scale.pixels(1.0)));
        chart.draw_series(std::iter::once(filled)).map_err(RenderError::new)?;
        chart.draw_series(std::iter::once(line)).map_err(RenderError::new)?;
        let (left, y) = chart.backend_coord(&(x.0, low));
        let text = scale.font(12.0, LABEL).pos(Pos::new(HPos::Left, VPos::Top));
        area.draw_text(&band.name, &text, (left + scale.at(5.0), y + scale.at(2.0))).map_err(RenderError::new)
    }

    fn levels(
        &self,
        area: &Area<BitMapBackend<'_>>,
        chart: &mut Chart<'_>,
        scale: Scale,
        x: (f64, f64),
    ) -> Result<(), RenderError> {
        for (name, level) in self.levels {
            let style = ShapeStyle::from(LABEL).stroke_width(scale.pixels(1.0));
            let ends = [(x.0, *level), (x.1, *level)];
            let dashes = DashedLineSeries::new(ends, scale.pixels(5.0), scale.pixels(4.0), style);
            chart.draw_series(dashes).map_err(RenderError::new)?;
            // At the left, where most lines are still above.
            let (left, y) = chart.backend_coord(&(x.0, *level));
            let text = scale.font(12.0, LABEL).pos(Pos::new(HPos::Left, VPos::Bottom));
            area.draw_text(name, &text, (left + scale.at(5.0), y - scale.at(1.0))).map_err(RenderError::new)?;
        }
        Ok(())
    }

    fn lines(&self, chart: &mut Chart<'_>, scale: Scale) -> Result<(), RenderError> {
        for curve in self.curves {
            let colour = colour(curve.colour);
            for behind in &curve.behind {
                let style = ShapeStyle::from(colour.mix(0.3)).stroke_width(scale.pixels(0.8));
                line(chart, behind, style, scale.pixels(2.5))?;
            }
        }
        for curve in self.curves {
            let style = ShapeStyle::from(colour(curve.colour)).stroke_width(scale.pixels(2.0));
            line(chart, &curve.line, style, scale.pixels(4.0))?;
        }
        Ok(())
    }

    /// Title and legend.
    fn words(&self, area: &Area<BitMapBackend<'_>>, scale: Scale, size: Size) -> Result<(), RenderError> {
        let left = Pos::new(HPos::Left, VPos::Center);
        let title = scale.font(18.0, INK).pos(left);
        area.draw_text(self.title, &title, (scale.at(20.0), scale.at(24.0))).map_err(RenderError::new)?;
        let x = size.width as i32 - scale.at(self.legend_width());
        for (i, curve) in self.curves.iter().enumerate() {
            let y = scale.at(60.0 + 22.0 * i as f64);
            let style = ShapeStyle::from(colour(curve.colour)).stroke_width(scale.pixels(3.0));
            area.draw(&PathElement::new([(x, y), (x + scale.at(18.0), y)], style)).map_err(RenderError::new)?;
            let text = scale.font(13.0, INK).pos(left);
            area.draw_text(&curve.name, &text, (x + scale.at(25.0), y)).map_err(RenderError::new)?;
        }
        Ok(())
    }
}

fn colour(i: usize) -> RGBColor {
    COLOURS[i % COLOURS.len()]
}

/// A line through points; a single point, through which no line goes, is a dot.
fn line(chart: &mut Chart<'_>, points: &[(f64, f64)], style: ShapeStyle, dot: u32) -> Result<(), RenderError> {
    if let [point] = points {
        chart.draw_series([Circle::new(*point, dot, style.filled())]).map_err(RenderError::new)?;
    } else {
        chart.draw_series(LineSeries::new(points.iter().copied(), style)).map_err(RenderError::new)?;
    }
    Ok(())
}

/// The values on a logarithmic axis that have labels, as many as leave room between each other: the axis is as long as
/// `room` labels. Over a decade and more they are round in the way of a logarithmic scale, else evenly spaced round numbers.
fn ticks((low, high): (f64, f64), room: f64) -> Vec<f64> {
    let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
    // Written and read again, so that 3 x 10^-1 is 0.3.
    let value = |digits: i64, exponent: i32| format!("{digits}e{exponent}").parse::<f64>().unwrap_or(f64::NAN);
    let within = |values: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
        values.filter(|value| (low..=high).contains(value)).collect()
    };
    let fits = |values: &[f64]| {
        let closest = values.windows(2).map(|pair| (pair[1] / pair[0]).ln()).fold(f64::INFINITY, f64::min);
        closest * room >= (high / low).ln()
    };
    let logarithmic = [&[1, 2, 3, 4, 5, 6, 7, 8, 9][..], &[1, 2, 3, 5, 7], &[1, 2, 5], &[1, 3], &[1]].map(|digits| {
        within(&mut exponents.clone().flat_map(|exponent| digits.iter().map(move |&digit| value(digit, exponent))))
    });
    let sparse = (2..=exponents.clone().count().max(2))
        .map(|every| within(&mut exponents.clone().step_by(every).map(|exponent| value(1, exponent))));
    let step = (high - low).log10().floor() as i32;
    let even =
        (step - 2..=step).flat_map(|exponent| [1, 2, 5].map(|digit| (digit, exponent))).map(|(digit, exponent)| {
            let first = (low / value(digit, exponent)).ceil() as i64;
            within(&mut (first..first + 1000).map(|i| value(i * digit, exponent)))
        });
    // Nearly a decade is too uneven for many even steps.
    let even: Vec<Vec<f64>> = if high / low < 10.0 { even.collect() } else { Vec::new() };
    let mut in_order = even.into_iter().chain(logarithmic).chain(sparse);
    in_order.find(|values| values.len() > 1 && fits(values)).unwrap_or_default()
}

/// A number on an axis.
fn tick_label(value: f64, decimals: usize) -> String {
    if value < 1e-4 { format!("{value:e}") } else { format!("{value:.decimals$}") }
}

/// The decimals that all numbers on an evenly spaced axis are written with.
fn decimals(ticks: &[f64]) -> usize {
    let needed = |value: &f64| value.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    ticks.iter().map(needed).max().unwrap_or(0).min(9)
}

fn mesh(chart: &mut Chart<'_>, scale: Scale, epochs: f64, ticks: &[f64]) -> Result<(), RenderError> {
    let is_even = ticks.last().zip(ticks.first()).is_some_and(|(last, first)| last / first < 10.0);
    let all = if is_even { Some(decimals(ticks)) } else { None };
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(WHITE)
        .axis_style(FRAME)
        .x_desc("epoch")
        // Epochs are whole.
        .x_labels((epochs as usize + 1).min(9))
        .y_labels(ticks.len().max(1))
        .axis_desc_style(scale.font(13.0, LABEL))
        .x_label_style(scale.font(12.5, LABEL))
        .y_label_style(scale.font(12.5, LABEL))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| tick_label(*y, all.unwrap_or_else(|| decimals(&[*y]))))
        .draw()
        .map_err(RenderError::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(name: &str, values: &[f64]) -> Curve {
        let line = values.iter().enumerate().map(|(i, &y)| (10.0 * (i + 1) as f64, y)).collect();
        Curve { name: name.into(), colour: usize::from(name == "high"), line, behind: Vec::new() }
    }

    #[test]
    fn every_curve_shows_in_its_colour_and_higher_values_are_higher() {
        let curves = [curve("low", &[0.01, 0.01, 0.01]), curve("high", &[1.0, 1.0, 1.0])];
        let chart = CurveChart { title: "t", curves: &curves, levels: &[("floor".into(), 0.005)], band: None };
        let size = Size { width: 960, height: 540 };
        let picture = chart.draw(size).unwrap();
        let rows = |colour: RGBColor| {
            let wanted = [colour.0, colour.1, colour.2];
            // Left of the legend.
            let found = picture.pixels().iter().enumerate().filter(|&(i, &pixel)| i % 960 < 800 && pixel == wanted);
            found.map(|(i, _)| i / 960).collect::<Vec<_>>()
        };
        let (low, high) = (rows(COLOURS[0]), rows(COLOURS[1]));
        assert!(low.len() > 300 && high.len() > 300, "{} {}", low.len(), high.len());
        assert!(high.iter().max() < low.iter().min());
    }

    #[test]
    fn labels_are_round_and_leave_room_on_every_range() {
        assert_eq!(ticks((0.012, 0.9), 22.0), [0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 0.7]);
        assert_eq!(ticks((0.5, 0.61), 6.0), [0.5, 0.52, 0.54, 0.56, 0.58, 0.6]);
        assert_eq!(ticks((1e-5, 1e5), 6.0), [1e-5, 1e-3, 1e-1, 1e1, 1e3, 1e5]);
        for low in [1e-9, 0.003, 0.7, 42.0, 1e6] {
            for ratio in [1.001, 1.05, 1.5, 2.0, 5.0, 9.0, 11.0, 50.0, 1e3, 1e9] {
                for room in [5.0, 20.0] {
                    let ticks = ticks((low, low * ratio), room);
                    assert!((2..=room as usize + 1).contains(&ticks.len()), "{low} {ratio} {room}: {ticks:?}");
                    let close = ticks.windows(2).any(|pair| (pair[1] / pair[0]).ln() * room < ratio.ln());
                    assert!(!close, "{low} {ratio}: {ticks:?}");
                }
            }
        }
    }

    #[test]
    fn a_curve_of_one_point_is_seen() {
        let curves = [curve("one", &[0.3]), curve("two", &[0.2, 0.4])];
        let picture = CurveChart { title: "", curves: &curves, levels: &[], band: None }.draw(MEANT).unwrap();
        let wanted = [COLOURS[0].0, COLOURS[0].1, COLOURS[0].2];
        let found = picture.pixels().iter().enumerate().filter(|&(i, &pixel)| i % 960 < 800 && pixel == wanted).count();
        assert!(found > 20, "{found} pixels");
    }

    #[test]
    fn nothing_and_a_single_value_can_be_drawn() {
        let one = [curve("one", &[0.3])];
        for curves in [&[][..], &one] {
            CurveChart { title: "", curves, levels: &[], band: None }.draw(Size { width: 200, height: 160 }).unwrap();
        }
    }

    #[test]
    fn a_band_lies_where_its_edges_are() {
        let curves = [curve("low", &[0.001, 10.0])];
        let size = Size { width: 960, height: 540 };
        let rows = |low: f64, high: f64| {
            let band = Band { name: String::new(), low, middle: f64::midpoint(low.max(0.001), high), high };
            let chart = CurveChart { title: "", curves: &curves, levels: &[], band: Some(&band) };
            let picture = chart.draw(size).unwrap();
            let column = (0..540).filter(|y| picture.pixels()[y * 960 + 200] == [BAND.0, BAND.1, BAND.2]);
            column.collect::<Vec<_>>()
        };
        let (upper, lower, down) = (rows(1.0, 9.0), rows(0.01, 0.09), rows(-1.0, 0.09));
        assert!(!upper.is_empty() && upper.iter().max() < lower.iter().min());
        // On a logarithmic scale both are as high, but for the lines that cross them.
        assert!(upper.len().abs_diff(lower.len()) < 8, "{} {}", upper.len(), lower.len());
        assert!(down.len() > lower.len(), "a band that reaches 0 goes down to the edge");
    }
}
