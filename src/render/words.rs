//! Words in pictures: how wide they are, where long ones are broken, and how names stand apart that would overlap.

use plotters::style::RGBColor;

use super::scale::Scale;

/// How wide a text is in letters of this size, in the pixels that are drawn.
pub(super) fn width(text: &str, size: f64, scale: Scale) -> f64 {
    // The colour does not matter. A font that cannot be had is said where something is drawn.
    let font = scale.font(size, RGBColor(0, 0, 0)).font;
    let guess = || scale.length(text.chars().count() as f64 * size * 0.6);
    font.box_size(text).map_or_else(|_| guess(), |(width, _)| f64::from(width))
}

/// A text in lines that are no wider than `most` pixels, broken between words; a longer word is broken too.
pub(super) fn wrap(text: &str, size: f64, scale: Scale, most: f64) -> Vec<String> {
    let fits = |line: &str| width(line, size, scale) <= most;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(line)) if fits(&longer) => *line = longer,
            _ => lines.extend(broken(word, &fits)),
        }
    }
    lines
}

/// A word in pieces that fit, each of one letter at least.
fn broken(word: &str, fits: &impl Fn(&str) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for letter in word.chars() {
        match pieces.last_mut() {
            Some(piece) if piece.is_empty() || fits(&format!("{piece}{letter}")) => piece.push(letter),
            _ => pieces.push(letter.to_string()),
        }
    }
    pieces
}

/// Places for names that want these, `gap` apart at least and within `low..=high`, as near to the wanted ones as can be:
/// names that push each other stand around the mean of what they want.
pub(super) fn apart(wanted: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // With i gaps taken off the i-th place, being apart is being in order.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (i, &k) in order.iter().enumerate() {
        let mut block = (wanted[k] - i as f64 * gap, 1);
        while let Some(&(mean, count)) = blocks.last().filter(|last| last.0 > block.0) {
            let both = count + block.1;
            block = ((mean * count as f64 + block.0 * block.1 as f64) / both as f64, both);
            blocks.pop();
        }
        blocks.push(block);
    }
    let last = high - gap * wanted.len().saturating_sub(1) as f64;
    let in_order = blocks.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count));
    let mut places = vec![0.0; wanted.len()];
    for (i, (place, k)) in in_order.zip(order).enumerate() {
        places[k] = place.clamp(low, last.max(low)) + i as f64 * gap;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::Size;
    use super::super::scatter::load_font;
    use super::*;

    #[test]
    fn names_that_would_overlap_stand_apart_and_others_where_they_want() {
        assert_eq!(apart(&[10.0, 50.0, 90.0], 16.0, (0.0, 100.0)), [10.0, 50.0, 90.0]);
        assert_eq!(apart(&[50.0, 50.0, 10.0], 16.0, (0.0, 100.0)), [42.0, 58.0, 10.0]);
        assert_eq!(apart(&[99.0, 99.0], 16.0, (0.0, 100.0)), [84.0, 100.0]);
        assert_eq!(apart(&[0.0, 1.0, 2.0], 10.0, (0.0, 100.0)), [0.0, 10.0, 20.0]);
        // Too many for the room still stand apart, from its beginning.
        assert_eq!(apart(&[5.0; 3], 10.0, (0.0, 10.0)), [0.0, 10.0, 20.0]);
        assert!(apart(&[], 10.0, (0.0, 10.0)).is_empty());
    }

    #[test]
    fn long_texts_are_broken_between_words_and_nothing_is_lost() {
        load_font().unwrap();
        let size = Size { width: 100, height: 100 };
        let scale = Scale::of(size, size);
        let text = "WGAN-GP, RMSProp, lr 3e-4, averyveryverylongnameofafilethatsomebodyhas";
        let lines = wrap(text, 13.0, scale, 110.0);
        assert!(lines.len() > 3 && lines.iter().all(|line| width(line, 13.0, scale) <= 110.0), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        assert_eq!(wrap(text, 13.0, scale, 1e9), [text]);
        assert!(wrap("", 13.0, scale, 10.0).is_empty());
        // Where not even a letter fits, each stands alone.
        assert_eq!(wrap("abc", 13.0, scale, 0.0), ["a", "b", "c"]);
    }
}
