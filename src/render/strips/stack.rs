//! Strips without a picture above them: a run's curves.

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::drawing::IntoDrawingArea as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::pdf::{FINENESS, PdfBackend};
use super::super::scale::Scale;
use super::super::scatter::{Area, OVERSAMPLING, load_font};
use super::super::{Picture, RenderError, Size, Theme};
use super::Strip;

// In pixels of a picture of the usual size.
const TITLE: f64 = 44.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 18.0;

/// Strips under each other, with a title.
#[derive(Clone, Debug)]
pub struct Stack {
    /// What it says above.
    pub title: String,
    /// The strips.
    pub strips: Vec<Strip>,
    /// The size of the whole.
    pub size: Size,
    /// Its look.
    pub theme: Theme,
}

impl Stack {
    /// The picture.
    pub fn draw(&self) -> Result<Picture, RenderError> {
        let size = Size { width: self.size.width * OVERSAMPLING, height: self.size.height * OVERSAMPLING };
        let mut picture = Picture::white(size.width as usize, size.height as usize);
        let area = BitMapBackend::with_buffer(&mut picture.rgb, (size.width, size.height)).into_drawing_area();
        self.on(&area, size)?;
        drop(area);
        Ok(picture.halved())
    }

    /// The same as SVG.
    pub fn svg(&self) -> Result<String, RenderError> {
        let mut text = String::new();
        let area = SVGBackend::with_string(&mut text, (self.size.width, self.size.height)).into_drawing_area();
        self.on(&area, self.size)?;
        drop(area);
        Ok(text)
    }

    /// The same as PDF.
    pub fn pdf(&self) -> Result<Vec<u8>, RenderError> {
        let mut bytes = Vec::new();
        let fine = Size { width: self.size.width * FINENESS, height: self.size.height * FINENESS };
        let area = PdfBackend::new(fine, &mut bytes)?.into_drawing_area();
        self.on(&area, fine)?;
        drop(area);
        Ok(bytes)
    }

    fn on<DB: DrawingBackend>(&self, area: &Area<DB>, size: Size) -> Result<(), RenderError> {
        load_font()?;
        let (scale, look) = (Scale::of(size, Size::default()), self.theme.look());
        area.fill(&look.ground).map_err(RenderError::new)?;
        let (top, mut rest) = area.split_vertically(scale.pixels(TITLE));
        let style = scale.font(17.0, look.ink).pos(Pos::new(HPos::Left, VPos::Center));
        top.draw_text(&self.title, &style, (scale.at(LEFT), scale.at(TITLE / 2.0))).map_err(RenderError::new)?;
        let height = size.height.saturating_sub(scale.pixels(TITLE)) / (self.strips.len() as u32).max(1);
        let across = (scale.at(LEFT), size.width as i32 - scale.at(RIGHT));
        for strip in &self.strips {
            let (own, others) = rest.split_vertically(height);
            strip.draw(&own, across, look, scale)?;
            rest = others;
        }
        area.present().map_err(RenderError::new)
    }
}
