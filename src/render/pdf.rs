//! Pictures as PDF: a backend for plotters whose lines, dots and letters are paths, so that no font need be there where the
//! file is read.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::LineCapStyle;
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontTransform,
};
use ttf_parser::{Face, OutlineBuilder};

use super::{RenderError, Size};

/// What plotters means by a size of letters is their height from top to bottom, which is so many times the font's em.
const HEIGHT: f64 = 1.24;
/// A capital's height in ems; letters are centred by it, whichever they are.
const CAPITAL: f64 = 0.73;
/// A quarter circle as a curve: how far its control points lie, in radii.
const QUARTER: f32 = 0.552_284_8;

/// plotters counts in whole pixels: a picture is drawn so many times as large as its page, that dots lie where they belong.
pub(super) const FINENESS: u32 = 16;

type Done = Result<(), DrawingErrorKind<Infallible>>;

/// A page that plotters draws on.
pub(super) struct PdfBackend<'a> {
    size: Size,
    face: Face<'static>,
    content: Content,
    /// The degrees of opacity that are used, in percent.
    opacities: BTreeSet<u8>,
    /// The colour, its opacity and the line width that hold now.
    colour: Option<((u8, u8, u8), u8)>,
    width: Option<u32>,
    /// Where the finished file goes.
    bytes: &'a mut Vec<u8>,
}

impl<'a> PdfBackend<'a> {
    /// A page on which a picture that is drawn in `size` takes up one point for [`FINENESS`] pixels; `bytes` gets the file
    /// when the drawing is presented.
    pub(super) fn new(size: Size, bytes: &'a mut Vec<u8>) -> Result<Self, RenderError> {
        let face = Face::parse(dejavu::sans::regular(), 0).map_err(RenderError::new)?;
        let mut content = Content::new();
        // From the top, as plotters counts.
        let point = 1.0 / FINENESS as f32;
        content.transform([point, 0.0, 0.0, -point, 0.0, size.height as f32 * point]);
        content.set_line_cap(LineCapStyle::RoundCap);
        Ok(Self { size, face, content, opacities: BTreeSet::new(), colour: None, width: None, bytes })
    }

    /// Chooses a colour for what is drawn next; false for one that is not seen.
    fn colour(&mut self, colour: BackendColor) -> bool {
        let percent = (colour.alpha.clamp(0.0, 1.0) * 100.0).round() as u8;
        // Thousands of dots have one colour, which is said once.
        if percent > 0 && self.colour != Some((colour.rgb, percent)) {
            self.colour = Some((colour.rgb, percent));
            self.opacities.insert(percent);
            self.content.set_parameters(Name(&opacity_name(percent)));
            let (r, g, b) = colour.rgb;
            let [r, g, b] = [r, g, b].map(|part| f32::from(part) / 255.0);
            self.content.set_fill_rgb(r, g, b).set_stroke_rgb(r, g, b);
        }
        percent > 0
    }

    fn styled<S: BackendStyle>(&mut self, style: &S) -> bool {
        // What is one pixel wide at any size is meant to be as wide as one of a picture of the usual size.
        let width = style.stroke_width().max(FINENESS);
        if self.width.replace(width) != Some(width) {
            self.content.set_line_width(width as f32 * 0.75);
        }
        self.colour(style.color())
    }

    fn path(&mut self, points: impl IntoIterator<Item = BackendCoord>) {
        for (i, (x, y)) in points.into_iter().enumerate() {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            if i == 0 {
                self.content.move_to(x, y)
            } else {
                self.content.line_to(x, y)
            };
        }
    }

    fn finish(&mut self) -> Vec<u8> {
        let [catalogue, pages, page, content] = [1, 2, 3, 4].map(Ref::new);
        let mut pdf = Pdf::new();
        pdf.catalog(catalogue).pages(pages);
        pdf.pages(pages).kids([page]).count(1);
        let states: Vec<(u8, Ref)> =
            self.opacities.iter().zip(5..).map(|(&percent, id)| (percent, Ref::new(id))).collect();
        let mut sheet = pdf.page(page);
        sheet.media_box(Rect::new(0.0, 0.0, page_side(self.size.width), page_side(self.size.height))).parent(pages);
        sheet.contents(content);
        let mut resources = sheet.resources();
        let mut named = resources.ext_g_states();
        for (percent, id) in &states {
            named.pair(Name(&opacity_name(*percent)), id);
        }
        named.finish();
        resources.finish();
        sheet.finish();
        for (percent, id) in states {
            let opacity = f32::from(percent) / 100.0;
            pdf.ext_graphics(id).non_stroking_alpha(opacity).stroking_alpha(opacity);
        }
        let drawn = std::mem::replace(&mut self.content, Content::new()).finish();
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        // Memory takes all that is written.
        let packed = packed.write_all(&drawn).and_then(|()| packed.finish()).unwrap_or_default();
        pdf.stream(content, &packed).filter(Filter::FlateDecode);
        pdf.finish()
    }
}

fn page_side(pixels: u32) -> f32 {
    pixels as f32 / FINENESS as f32
}

fn opacity_name(percent: u8) -> Vec<u8> {
    format!("o{percent}").into_bytes()
}

impl DrawingBackend for PdfBackend<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.size.width, self.size.height)
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        if self.bytes.is_empty() {
            *self.bytes = self.finish();
        }
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Done {
        if self.colour(colour) {
            self.content.rect(x as f32, y as f32, 1.0, 1.0).fill_nonzero();
        }
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        if self.styled(style) {
            self.content.rect(left as f32, top as f32, (right - left) as f32, (bottom - top) as f32);
            if fill {
                self.content.fill_nonzero()
            } else {
                self.content.stroke()
            };
        }
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Done {
        if self.styled(style) {
            self.path(path);
            self.content.stroke();
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, (x, y): BackendCoord, radius: u32, style: &S, fill: bool) -> Done {
        if self.styled(style) {
            let (x, y, r) = (x as f32 + 0.5, y as f32 + 0.5, radius as f32);
            let k = r * QUARTER;
            self.content.move_to(x + r, y);
            self.content.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
            self.content.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
            self.content.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
            self.content.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
            if fill {
                self.content.fill_nonzero()
            } else {
                self.content.stroke()
            };
        }
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, corners: I, style: &S) -> Done {
        if self.styled(style) {
            self.path(corners);
            self.content.close_path().fill_nonzero();
        }
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Done {
        if !self.colour(style.color()) {
            return Ok(());
        }
        let em = style.size() / HEIGHT;
        let scale = em / f64::from(self.face.units_per_em());
        let glyphs: Vec<_> = text.chars().map(|c| self.face.glyph_index(c).unwrap_or_default()).collect();
        let advance = |id| f64::from(self.face.glyph_hor_advance(id).unwrap_or_default()) * scale;
        let width: f64 = glyphs.iter().map(|&id| advance(id)).sum();
        let left = match style.anchor().h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let baseline = match style.anchor().v_pos {
            VPos::Top => CAPITAL * em,
            VPos::Center => CAPITAL * em / 2.0,
            VPos::Bottom => 0.0,
        };
        let (cos, sin) = match style.transform() {
            FontTransform::None => (1.0, 0.0),
            FontTransform::Rotate90 => (0.0, 1.0),
            FontTransform::Rotate180 => (-1.0, 0.0),
            FontTransform::Rotate270 => (0.0, -1.0),
        };
        let mut at = left;
        for id in glyphs {
            let place = |gx: f32, gy: f32| {
                // A font counts upwards.
                let (along, down) = (at + f64::from(gx) * scale, baseline - f64::from(gy) * scale);
                ((f64::from(x) + along * cos - down * sin) as f32, (f64::from(y) + along * sin + down * cos) as f32)
            };
            let mut outline = Outline { content: &mut self.content, place: &place, last: (0.0, 0.0) };
            self.face.outline_glyph(id, &mut outline);
            at += advance(id);
        }
        self.content.fill_nonzero();
        Ok(())
    }
}

/// Letters' outlines on their way into the page.
struct Outline<'a> {
    content: &'a mut Content,
    place: &'a dyn Fn(f32, f32) -> (f32, f32),
    /// Where the path is, in the font's units.
    last: (f32, f32),
}

impl OutlineBuilder for Outline<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (px, py) = (self.place)(x, y);
        self.content.move_to(px, py);
        self.last = (x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (px, py) = (self.place)(x, y);
        self.content.line_to(px, py);
        self.last = (x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        // PDF has cubic curves only.
        let (x0, y0) = self.last;
        let towards = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
        self.curve_to(towards(x0, x1), towards(y0, y1), towards(x, x1), towards(y, y1), x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let [(ax, ay), (bx, by), (px, py)] = [(x1, y1), (x2, y2), (x, y)].map(|(x, y)| (self.place)(x, y));
        self.content.cubic_to(ax, ay, bx, by, px, py);
        self.last = (x, y);
    }

    fn close(&mut self) {
        self.content.close_path();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use plotters::drawing::IntoDrawingArea as _;
    use plotters::element::Circle;
    use plotters::style::text_anchor::Pos;
    use plotters::style::{Color as _, IntoFont as _, RGBColor};

    use super::*;

    /// What is drawn on the one page of a file.
    fn drawn(file: &[u8]) -> String {
        let start = file.windows(8).position(|bytes| bytes == b"stream\r\n" || bytes.starts_with(b"stream\n")).unwrap();
        let start = start + if file[start + 6] == b'\r' { 8 } else { 7 };
        let mut text = String::new();
        flate2::read::ZlibDecoder::new(&file[start..]).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_page_has_what_was_drawn_on_it() {
        let mut file = Vec::new();
        let area = PdfBackend::new(Size { width: 1600, height: 800 }, &mut file).unwrap().into_drawing_area();
        let red = RGBColor(255, 0, 0);
        for x in [100, 200, 300] {
            area.draw(&Circle::new((x, 50), 16, red.mix(0.5).filled())).unwrap();
        }
        let style = ("sans-serif", 200).into_font().color(&red).pos(Pos::new(HPos::Left, VPos::Center));
        area.draw_text("il", &style, (500, 400)).unwrap();
        area.present().unwrap();
        drop(area);
        let text = String::from_utf8_lossy(&file);
        assert!(text.starts_with("%PDF-1.7") && text.contains("/MediaBox [0 0 100 50]"), "{text}");
        assert!(text.contains("/ca 0.5"), "{text}");
        let page = drawn(&file);
        // Four quarters a dot, the colour once; the letters have no curves.
        assert_eq!((page.matches(" c\n").count(), page.matches("1 0 0 rg").count()), (12, 2), "{page}");
        assert_eq!(page.lines().filter(|line| *line == "f").count(), 4, "{page}");
        // An i has two outlines, an l one.
        assert_eq!(page.matches(" m\n").count(), 3 + 3, "{page}");
    }
}
