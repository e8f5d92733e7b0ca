//! Pictures at the side that the network takes.

#[cfg(any(test, feature = "torch"))]
use super::network::SIDE;

/// One place along an axis: the first place that it is made of, and the shares of those that follow.
type Shares = (usize, Vec<f32>);

/// A square picture (red, green, blue; `side * side * 3` bytes) at side `to`, its numbers from -1 to 1. What is larger is made
/// smaller by the mean over areas, what is smaller larger by bilinear interpolation.
pub(super) fn at_side(rgb: &[u8], side: usize, to: usize) -> Vec<f32> {
    let plain: Vec<f32> = rgb.iter().map(|&byte| f32::from(byte) / 127.5 - 1.0).collect();
    if side == to || side == 0 {
        return plain;
    }
    let shares: Vec<Shares> =
        (0..to).map(|at| if side > to { area(at, side, to) } else { between(at, side, to) }).collect();
    let mut lines = vec![0.0; to * side * 3];
    for (line, (first, shares)) in lines.chunks_exact_mut(side * 3).zip(&shares) {
        for (from, share) in plain[first * side * 3..].chunks_exact(side * 3).zip(shares) {
            line.iter_mut().zip(from).for_each(|(sum, x)| *sum += share * x);
        }
    }
    let mut made = vec![0.0; to * to * 3];
    for (line, from) in made.chunks_exact_mut(to * 3).zip(lines.chunks_exact(side * 3)) {
        for (pixel, (first, shares)) in line.as_chunks_mut::<3>().0.iter_mut().zip(&shares) {
            for (from, share) in from.as_chunks::<3>().0[*first..].iter().zip(shares) {
                pixel.iter_mut().zip(from).for_each(|(sum, x)| *sum += share * x);
            }
        }
    }
    made
}

/// What of the places of a longer axis lies within one of a shorter.
fn area(at: usize, from: usize, to: usize) -> Shares {
    let scale = from as f32 / to as f32;
    let (left, right) = (at as f32 * scale, (at + 1) as f32 * scale);
    let first = left as usize;
    let last = (right.ceil() as usize).min(from).max(first + 1);
    let share = |place: usize| (right.min((place + 1) as f32) - left.max(place as f32)).max(0.0) / scale;
    (first, (first..last).map(share).collect())
}

/// The two places of a shorter axis that a place of a longer lies between.
fn between(at: usize, from: usize, to: usize) -> Shares {
    let centre = ((at as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, (from - 1) as f32);
    let first = (centre as usize).min(from.saturating_sub(2));
    let share = centre - first as f32;
    if from == 1 { (0, vec![1.0]) } else { (first, vec![1.0 - share, share]) }
}

/// The mean with the neighbours, weighted 1, 2, 1 along both axes; the border stays.
#[cfg(any(test, feature = "torch"))]
pub(super) fn blurred(picture: &[f32]) -> Vec<f32> {
    let mut between = picture.to_vec();
    let line = SIDE * 3;
    for y in 1..SIDE - 1 {
        for i in 0..line {
            let at = y * line + i;
            between[at] = 0.25 * (picture[at - line] + 2.0 * picture[at] + picture[at + line]);
        }
    }
    let mut made = between.clone();
    for y in 0..SIDE {
        for i in 3..line - 3 {
            let at = y * line + i;
            made[at] = 0.25 * (between[at - 3] + 2.0 * between[at] + between[at + 3]);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_change_and_what_is_even_stays_even() {
        for (side, to) in [(64, 64), (16, 64), (100, 64), (256, 64), (1, 8), (2, 8), (65, 64)] {
            let made = at_side(&vec![51; side * side * 3], side, to);
            assert_eq!(made.len(), to * to * 3);
            assert!(made.iter().all(|x| (x + 0.6).abs() < 1e-5), "{side} to {to}");
        }
    }

    #[test]
    fn a_pixel_is_the_mean_of_its_area_and_lies_between_its_neighbours() {
        // Columns of 0 and 255 by turns: halved they are grey.
        let stripes: Vec<u8> = (0..8 * 8 * 3).map(|i| if i / 3 % 2 == 0 { 0 } else { 255 }).collect();
        assert!(at_side(&stripes, 8, 4).iter().all(|x| x.abs() < 1e-6));
        // A ramp stays a ramp, but for its ends.
        let ramp: Vec<u8> = (0..8 * 8 * 3).map(|i| (i / 3 % 8 * 10) as u8).collect();
        let doubled = at_side(&ramp, 8, 16);
        for x in 1..14 {
            let step = doubled[(x + 1) * 3] - doubled[x * 3];
            assert!((step - 5.0 / 127.5).abs() < 1e-5, "{x}: {step}");
        }
    }
}
