//! Several pictures on one sheet.

use super::Picture;

/// Puts pictures of one size side by side, in rows of at most three (four where that fills the rows better).
pub fn sheet(pictures: &[Picture]) -> Picture {
    let Some(first) = pictures.first() else { return Picture::white(1, 1) };
    let columns = columns(pictures.len());
    let rows = pictures.len().div_ceil(columns);
    let mut sheet = Picture::white(columns * first.width, rows * first.height);
    for (i, picture) in pictures.iter().enumerate() {
        sheet.paste(picture, i % columns * first.width, i / columns * first.height);
    }
    sheet
}

fn columns(n: usize) -> usize {
    match n {
        0..=3 => n.max(1),
        4 => 2,
        7 | 8 => 4,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_is_on_the_sheet_in_order() {
        for n in 1..12_u8 {
            let pictures: Vec<_> = (0..n).map(|i| Picture { width: 2, height: 1, rgb: vec![i; 6] }).collect();
            let sheet = sheet(&pictures);
            let mut seen: Vec<u8> = sheet.pixels().chunks(2).map(|pair| pair[0][0]).filter(|&x| x != 255).collect();
            assert!(seen.is_sorted());
            seen.dedup();
            assert_eq!(seen.len(), usize::from(n));
        }
    }
}
