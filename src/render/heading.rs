//! A line of large letters above pictures.

use plotters::backend::BitMapBackend;
use plotters::drawing::IntoDrawingArea as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scale::Scale;
use super::scatter::{INK, OVERSAMPLING, load_font};
use super::{Picture, RenderError, Size};

const HEIGHT: u32 = 44;

/// A picture of this width with the text at its left.
pub fn heading(text: &str, width: usize) -> Result<Picture, RenderError> {
    load_font()?;
    let width = u32::try_from(width).map_err(RenderError::new)?.max(1);
    let size = Size { width: width * OVERSAMPLING, height: HEIGHT * OVERSAMPLING };
    let mut picture = Picture::white(size.width as usize, size.height as usize);
    let area = BitMapBackend::with_buffer(&mut picture.rgb, (size.width, size.height)).into_drawing_area();
    let scale = Scale::of(size, Size { width, height: HEIGHT });
    let style = scale.font(24.0, INK).pos(Pos::new(HPos::Left, VPos::Center));
    area.draw_text(text, &style, (scale.at(16.0), scale.at(24.0))).map_err(RenderError::new)?;
    area.present().map_err(RenderError::new)?;
    drop(area);
    Ok(picture.halved())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_has_its_width_and_shows() {
        let picture = heading("ring8", 301).unwrap();
        assert_eq!((picture.width, picture.height), (301, HEIGHT as usize));
        assert!(picture.pixels().contains(&[INK.0, INK.1, INK.2]));
    }
}
