//! Values over epochs, on a logarithmic scale: a curve for each series with its name at its end, the band that it is the middle
//! of, and the band of the floor below.

mod strokes;
mod ticks;

use plotters::backend::BitMapBackend;
use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::combinators::{BindKeyPoints as _, IntoLogRange as _, LogCoord, WithKeyPoints};
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::IntoDrawingArea as _;
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::Cartesian2d;
use plotters::series::DashedLineSeries;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, RGBColor, ShapeStyle, WHITE};

use super::scale::Scale;
use super::scatter::{Area, FRAME, GRID, INK, LABEL, OVERSAMPLING, load_font};
use super::words::{apart, width, wrap};
use super::{Picture, RenderError, Size};
use strokes::{Place, Stroke};

/// A floor's band.
const BAND: RGBColor = RGBColor(0xE2, 0xE6, 0xE8);

// Lengths in pixels.
const MARGIN: f64 = 20.0;
const TITLE: f64 = 18.0;
const TITLE_LINE: f64 = 25.0;
const NOTE: f64 = 12.5;
const NOTE_LINE: f64 = 18.0;
/// The area for curves; it is higher where there are more names.
const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 400.0;
/// Labels of the vertical axis are no closer than this, from middle to middle.
const CLOSEST: f64 = 20.0;
/// Below the area.
const BELOW: f64 = 44.0;
/// Letters of the names at the curves' ends, and how far they are apart.
const NAME: f64 = 13.0;
const NAME_LINE: f64 = 18.0;
/// From the area to a name: a line that leads there, and a piece of the curve.
const LEADER: f64 = 24.0;
const SAMPLE: f64 = 38.0;
const SPACE: f64 = 7.0;

/// A named series of (epoch, value).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What stands at its end.
    pub name: String,
    /// The number of its style, below [`Curve::STYLES`]; what has one name in several charts has one style.
    pub style: usize,
    /// The line.
    pub line: Vec<(f64, f64)>,
    /// Behind it, for each epoch, from where to where the values go that it is the middle of.
    pub band: Vec<(f64, f64, f64)>,
    /// Where something ended before its time.
    pub broken: Vec<(f64, f64)>,
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
#[derive(Clone, Debug, Default)]
pub struct CurveChart<'a> {
    /// What it says above.
    pub title: &'a str,
    /// In smaller letters below that: what lines and bands are.
    pub notes: &'a [String],
    /// The curves.
    pub curves: &'a [Curve],
    /// Dashed horizontal lines with their names.
    pub levels: &'a [(String, f64)],
    /// A band behind them.
    pub band: Option<&'a Band>,
    /// What it says below: what is not on it.
    pub footnotes: &'a [String],
}

impl Curve {
    /// How many styles there are: as many curves of one chart are told apart, without colour too.
    pub const STYLES: usize = Stroke::COUNT;

    fn stroke(&self) -> Stroke {
        Stroke::of(self.style)
    }
}

/// Where the parts of a chart are, in pixels of its size.
struct Layout {
    size: Size,
    title: Vec<String>,
    notes: Vec<String>,
    footnotes: Vec<String>,
    /// The area for curves.
    left: f64,
    top: f64,
    height: f64,
    x: (f64, f64),
    y: (f64, f64),
    ticks: Vec<f64>,
}

impl CurveChart<'_> {
    /// Draws it, in the size that it needs.
    pub fn draw(&self) -> Result<Picture, RenderError> {
        load_font()?;
        let layout = self.layout();
        let drawn = Size { width: layout.size.width * OVERSAMPLING, height: layout.size.height * OVERSAMPLING };
        let scale = Scale::of(drawn, layout.size);
        let mut picture = Picture::white(drawn.width as usize, drawn.height as usize);
        let area = BitMapBackend::with_buffer(&mut picture.rgb, (drawn.width, drawn.height)).into_drawing_area();
        let below = f64::from(layout.size.height) - layout.top - layout.height - BELOW;
        let right = f64::from(layout.size.width) - layout.left - WIDTH;
        let mut chart = ChartBuilder::on(&area)
            .margin_top(scale.pixels(layout.top))
            .margin_right(scale.pixels(right))
            .margin_bottom(scale.pixels(below))
            .x_label_area_size(scale.pixels(BELOW))
            .y_label_area_size(scale.pixels(layout.left))
            .build_cartesian_2d(
                layout.x.0..layout.x.1,
                (layout.y.0..layout.y.1).log_scale().with_key_points(layout.ticks.clone()),
            )
            .map_err(RenderError::new)?;
        mesh(&mut chart, scale, &layout)?;
        self.floor(&mut chart, &layout)?;
        self.bands(&mut chart, layout.y)?;
        self.levels(&area, &mut chart, scale, layout.x)?;
        self.lines(&area, &chart, scale, &layout)?;
        self.floor_name(&area, &chart, scale, &layout)?;
        words(&area, scale, &layout)?;
        drop(chart);
        area.present().map_err(RenderError::new)?;
        drop(area);
        Ok(picture.halved())
    }

    fn layout(&self) -> Layout {
        let one = Size { width: 1, height: 1 };
        let scale = Scale::of(one, one);
        let wide = |text: &str| width(text, NAME, scale);
        let (x, y) = self.ranges();
        let height = HEIGHT.max(NAME_LINE * self.curves.len() as f64);
        let ticks = ticks::ticks(y, height / CLOSEST);
        let longest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let labels = longest(&mut ticks::labels(&ticks).iter().map(|label| wide(label)));
        let names = longest(&mut self.curves.iter().map(|curve| wide(&curve.name)));
        let left = (labels + 18.0).max(58.0);
        let across = left + WIDTH + LEADER + SAMPLE + SPACE + names + MARGIN;
        let room = across - 2.0 * MARGIN;
        let wrapped =
            |texts: &[String]| texts.iter().flat_map(|text| wrap(text, NOTE, scale, room)).collect::<Vec<_>>();
        let (title, notes) = (wrap(self.title, TITLE, scale, room), wrapped(self.notes));
        let footnotes = wrapped(self.footnotes);
        let top = 10.0 + TITLE_LINE * title.len() as f64 + NOTE_LINE * notes.len() as f64 + 12.0;
        let down = top + height + BELOW + NOTE_LINE * footnotes.len() as f64 + 22.0;
        let size = Size { width: across.ceil() as u32, height: down.ceil() as u32 };
        Layout { size, title, notes, footnotes, left, top, height, x, y, ticks }
    }

    /// From the first epoch to the last, and from the lowest value to the highest with a little room.
    fn ranges(&self) -> ((f64, f64), (f64, f64)) {
        let around = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)))
        };
        let curves = || self.curves.iter();
        let places = || curves().flat_map(|curve| curve.line.iter().chain(&curve.broken));
        let spreads = curves().flat_map(|curve| &curve.band).flat_map(|&(_, low, high)| [low, high]);
        let x = around(&mut places().map(|&(epoch, _)| epoch));
        let floor = self.band.iter().flat_map(|band| [band.low, band.middle, band.high]);
        let levels = self.levels.iter().map(|&(_, level)| level).chain(floor).chain(spreads);
        // What a logarithm of a double can be taken of, with room around it.
        let seen = |value: &f64| (1e-300..1e300).contains(value);
        let y = around(&mut places().map(|&(_, value)| value).chain(levels).filter(seen));
        // Below a band there is room for its name.
        let room = if self.band.is_some() { 0.6 } else { 0.8 };
        let y = if y.0 <= y.1 { (y.0 * room, y.1 * 1.25) } else { (0.1, 1.0) };
        ((0.0, x.1.max(1.0)), y)
    }

    /// The floor's band and its line.
    fn floor(&self, chart: &mut Chart<'_>, layout: &Layout) -> Result<(), RenderError> {
        let Some(band) = self.seen_band() else { return Ok(()) };
        let low = if band.low > 0.0 { band.low } else { layout.y.0 };
        let filled = Rectangle::new([(layout.x.0, low), (layout.x.1, band.high)], BAND.filled());
        chart.draw_series(std::iter::once(filled)).map(drop).map_err(RenderError::new)
    }

    fn seen_band(&self) -> Option<&Band> {
        self.band.filter(|band| band.middle > 0.0 && band.middle.is_finite())
    }

    /// Its line and its name, over the curves' bands; the name is below it, where no curve is expected.
    fn floor_name(
        &self,
        area: &Area<BitMapBackend<'_>>,
        chart: &Chart<'_>,
        scale: Scale,
        layout: &Layout,
    ) -> Result<(), RenderError> {
        let Some(band) = self.seen_band() else { return Ok(()) };
        let ends = [layout.x.0, layout.x.1].map(|x| chart.backend_coord(&(x, band.middle)));
        area.draw(&PathElement::new(ends.to_vec(), LABEL.stroke_width(scale.pixels(1.0)))).map_err(RenderError::new)?;
        let low = if band.low > 0.0 { band.low } else { band.middle };
        let (left, y) = chart.backend_coord(&(layout.x.0, low));
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
            let style = ShapeStyle::from(LABEL).stroke_width(scale.pixels(0.8));
            let ends = [(x.0, *level), (x.1, *level)];
            let dashes = DashedLineSeries::new(ends, scale.pixels(2.0), scale.pixels(4.0), style);
            chart.draw_series(dashes).map_err(RenderError::new)?;
            // At the left, where most lines are still above.
            let (left, y) = chart.backend_coord(&(x.0, *level));
            let text = scale.font(12.0, LABEL).pos(Pos::new(HPos::Left, VPos::Bottom));
            area.draw_text(name, &text, (left + scale.at(5.0), y - scale.at(1.0))).map_err(RenderError::new)?;
        }
        Ok(())
    }

    /// What the curves are the middle of.
    fn bands(&self, chart: &mut Chart<'_>, y: (f64, f64)) -> Result<(), RenderError> {
        for curve in self.curves {
            let edge = |value: f64| value.clamp(y.0, y.1);
            let lower = curve.band.iter().map(|&(epoch, low, _)| (epoch, edge(low)));
            let upper = curve.band.iter().rev().map(|&(epoch, _, high)| (epoch, edge(high)));
            let around: Vec<(f64, f64)> = lower.chain(upper).collect();
            if around.len() > 2 {
                let filled = Polygon::new(around, curve.stroke().colour().mix(0.16).filled());
                chart.draw_series(std::iter::once(filled)).map_err(RenderError::new)?;
            }
        }
        Ok(())
    }

    /// The curves, where they broke off, and their names.
    fn lines(
        &self,
        area: &Area<BitMapBackend<'_>>,
        chart: &Chart<'_>,
        scale: Scale,
        layout: &Layout,
    ) -> Result<(), RenderError> {
        let place = |&(epoch, value): &(f64, f64)| chart.backend_coord(&(epoch, value.clamp(layout.y.0, layout.y.1)));
        let mut ends: Vec<(&Curve, Place)> = Vec::new();
        for curve in self.curves {
            let places: Vec<Place> = curve.line.iter().map(place).collect();
            if let [dot] = places[..] {
                // Through a single point no line goes.
                let dot = Circle::new(dot, scale.pixels(4.0), curve.stroke().colour().filled());
                area.draw(&dot).map_err(RenderError::new)?;
            } else {
                curve.stroke().draw(area, &places, scale)?;
            }
            for broken in &curve.broken {
                curve.stroke().cross(area, place(broken), scale)?;
            }
            ends.extend(places.last().copied().or_else(|| curve.broken.last().map(place)).map(|end| (curve, end)));
        }
        // Names of curves that end in one place stand in the curves' order.
        let step = scale.length(NAME_LINE / 4.0);
        let wanted: Vec<f64> = ends.iter().map(|(_, (_, y))| (f64::from(*y) / step).round() * step).collect();
        let top = scale.length(layout.top);
        let places = apart(&wanted, scale.length(NAME_LINE), (top, top + scale.length(layout.height)));
        let x = scale.at(layout.left + WIDTH + LEADER);
        for ((curve, end), y) in ends.into_iter().zip(places) {
            let (y, stroke) = (y.round() as i32, curve.stroke());
            let leads = ShapeStyle::from(stroke.colour().mix(0.6)).stroke_width(scale.pixels(0.7));
            let (from, to) = ((end.0 + scale.at(3.0), end.1), (x - scale.at(3.0), y));
            area.draw(&PathElement::new(vec![from, to], leads)).map_err(RenderError::new)?;
            stroke.sample(area, (x, y), scale.at(SAMPLE), scale)?;
            let text = scale.font(NAME, INK).pos(Pos::new(HPos::Left, VPos::Center));
            area.draw_text(&curve.name, &text, (x + scale.at(SAMPLE + SPACE), y)).map_err(RenderError::new)?;
        }
        Ok(())
    }
}

/// What stands above and below.
fn words(area: &Area<BitMapBackend<'_>>, scale: Scale, layout: &Layout) -> Result<(), RenderError> {
    let mut y = 10.0;
    let below = layout.top + layout.height + BELOW + 8.0;
    for (lines, size, height, colour, from) in [
        (&layout.title, TITLE, TITLE_LINE, INK, None),
        (&layout.notes, NOTE, NOTE_LINE, LABEL, None),
        (&layout.footnotes, NOTE, NOTE_LINE, INK, Some(below)),
    ] {
        y = from.unwrap_or(y);
        let text = scale.font(size, colour).pos(Pos::new(HPos::Left, VPos::Center));
        for line in lines {
            area.draw_text(line, &text, (scale.at(MARGIN), scale.at(y + height / 2.0))).map_err(RenderError::new)?;
            y += height;
        }
    }
    Ok(())
}

fn mesh(chart: &mut Chart<'_>, scale: Scale, layout: &Layout) -> Result<(), RenderError> {
    let labels = ticks::labels(&layout.ticks);
    let label = |y: &f64| {
        let found = layout.ticks.iter().position(|tick| tick.to_bits() == y.to_bits());
        found.map_or_else(String::new, |i| labels[i].clone())
    };
    chart
        .configure_mesh()
        .bold_line_style(GRID)
        .light_line_style(WHITE)
        .axis_style(FRAME)
        .x_desc("epoch")
        // Epochs are whole.
        .x_labels((layout.x.1 as usize + 1).min(9))
        .y_labels(layout.ticks.len().max(1))
        .axis_desc_style(scale.font(13.0, LABEL))
        .x_label_style(scale.font(12.5, LABEL))
        .y_label_style(scale.font(12.5, LABEL))
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&label)
        .draw()
        .map_err(RenderError::new)
}

#[cfg(test)]
mod tests {
    use super::super::theme::SERIES;
    use super::*;

    fn curve(name: &str, values: &[f64]) -> Curve {
        let line = values.iter().enumerate().map(|(i, &y)| (10.0 * (i + 1) as f64, y)).collect();
        Curve { name: name.into(), style: usize::from(name == "high"), line, ..Curve::default() }
    }

    /// The rows of the area for curves in which a colour is.
    fn rows(picture: &Picture, RGBColor(r, g, b): RGBColor) -> Vec<usize> {
        let (wanted, across) = ([r, g, b], (LEFT + WIDTH) as usize);
        let pixels = picture.pixels().iter().enumerate();
        let found = pixels.filter(|&(i, &pixel)| i % picture.width < across && pixel == wanted);
        found.map(|(i, _)| i / picture.width).collect()
    }

    const LEFT: f64 = 58.0;

    #[test]
    fn every_curve_shows_in_its_colour_and_higher_values_are_higher() {
        let curves = [curve("low", &[0.01, 0.01, 0.01]), curve("high", &[1.0, 1.0, 1.0])];
        let levels = [("floor".to_owned(), 0.005)];
        let chart = CurveChart { title: "t", curves: &curves, levels: &levels, ..CurveChart::default() };
        let picture = chart.draw().unwrap();
        let (low, high) = (rows(&picture, SERIES[0]), rows(&picture, SERIES[1]));
        assert!(low.len() > 300 && high.len() > 300, "{} {}", low.len(), high.len());
        assert!(high.iter().max() < low.iter().min());
    }

    #[test]
    fn a_curve_of_one_point_and_one_that_broke_off_are_seen() {
        let curves = [curve("one", &[0.3]), curve("high", &[0.2, 0.4])];
        let picture = CurveChart { curves: &curves, ..CurveChart::default() }.draw().unwrap();
        assert!(rows(&picture, SERIES[0]).len() > 20);
        let alone = |broken: &[(f64, f64)]| {
            let curves = [Curve { broken: broken.to_vec(), line: Vec::new(), ..curve("one", &[]) }, curves[1].clone()];
            rows(&CurveChart { curves: &curves, ..CurveChart::default() }.draw().unwrap(), SERIES[0]).len()
        };
        assert!(alone(&[(5.0, 0.3)]) > 20 && alone(&[]) == 0);
    }

    #[test]
    fn nothing_is_drawn_as_nothing_and_what_is_not_above_0_at_the_edge() {
        CurveChart::default().draw().unwrap();
        for values in [&[0.3][..], &[0.3, 0.0, 0.1], &[f64::MAX, 1e-300], &[0.0, 0.0]] {
            let curves = [curve("one", values)];
            CurveChart { curves: &curves, ..CurveChart::default() }.draw().unwrap();
        }
    }

    #[test]
    fn many_names_have_room_and_none_is_cut() {
        let long = "WGAN-GP, RMSProp, lr 3e-4, critic steps 5, clip 0.01, epochs 320, batch size 64, hidden 64-256-512";
        let many: Vec<Curve> = (0..Curve::STYLES)
            .map(|style| Curve { style, ..curve(&format!("{long} {style}"), &[0.3, 0.2 + style as f64 / 1e4]) })
            .collect();
        let layout = |curves: &[Curve]| {
            let chart = CurveChart { curves, ..CurveChart::default() };
            let picture = chart.draw().unwrap();
            (chart.layout().size, picture)
        };
        let (size, picture) = layout(&many);
        assert!(f64::from(size.height) > NAME_LINE * many.len() as f64);
        assert_eq!((picture.width, picture.height), (size.width as usize, size.height as usize));
        // White at the right edge: the longest name ends before it.
        let edge = |x: usize| picture.pixels().chunks(picture.width).all(|row| row[x] == [255; 3]);
        assert!((picture.width - 10..picture.width).all(edge) && !(picture.width - 40..picture.width).all(edge));
    }

    #[test]
    fn a_floors_band_lies_where_its_edges_are() {
        let curves = [curve("low", &[0.001, 10.0])];
        let rows = |low: f64, high: f64| {
            let band = Band { name: String::new(), low, middle: f64::midpoint(low.max(0.001), high), high };
            let chart = CurveChart { curves: &curves, band: Some(&band), ..CurveChart::default() };
            let picture = chart.draw().unwrap();
            let column = picture.pixels().chunks(picture.width).map(|row| row[200]).enumerate();
            column.filter(|(_, pixel)| *pixel == [BAND.0, BAND.1, BAND.2]).map(|(y, _)| y).collect::<Vec<_>>()
        };
        let (upper, lower, down) = (rows(1.0, 9.0), rows(0.01, 0.09), rows(-1.0, 0.09));
        assert!(!upper.is_empty() && upper.iter().max() < lower.iter().min());
        // On a logarithmic scale both are as high, but for the lines that cross them.
        assert!(upper.len().abs_diff(lower.len()) < 8, "{} {}", upper.len(), lower.len());
        assert!(down.len() > lower.len(), "a band that reaches 0 goes down to the edge");
    }

    #[test]
    fn a_curves_band_lies_around_it() {
        let with = |low: f64, high: f64| {
            let band = [10.0, 20.0].map(|epoch| (epoch, low, high)).to_vec();
            let curves = [Curve { band, ..curve("a", &[0.1, 0.1]) }];
            // Which hold the axis where it is.
            let levels = [("low".to_owned(), 0.001), ("high".to_owned(), 10.0)];
            let picture = CurveChart { curves: &curves, levels: &levels, ..CurveChart::default() }.draw().unwrap();
            let x = (LEFT + WIDTH * 0.75) as usize;
            picture.pixels().chunks(picture.width).filter(|row| row[x][2].saturating_sub(row[x][0]) > 20).count()
        };
        assert!(with(0.01, 1.0) > 3 * with(0.08, 0.12), "{} {}", with(0.01, 1.0), with(0.08, 0.12));
        // One that reaches 0 goes to the edge.
        assert!(with(0.0, 0.12) > with(0.08, 0.12));
    }
}
