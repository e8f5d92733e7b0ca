//! A generator's image.

/// An image of one picture, about in [-1, 1].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    pub(super) channels: usize,
    pub(super) side: usize,
    /// Line by line, in a line its channels one after another.
    pub(super) values: Vec<f32>,
}

impl Image {
    pub(super) fn zeros(channels: usize, side: usize) -> Self {
        Self { channels, side, values: vec![0.0; channels * side * side] }
    }

    /// Of numbers `[channels, side, side]`.
    pub fn of_planes(channels: usize, side: usize, planes: &[f32]) -> Self {
        let line = |y: usize, channel: usize| &planes[(channel * side + y) * side..][..side];
        let values = (0..side).flat_map(|y| (0..channels).flat_map(move |channel| line(y, channel)).copied()).collect();
        Self { channels, side, values }
    }

    /// The numbers as `[channels, side, side]`.
    pub fn planes(&self) -> Vec<f32> {
        let mut planes = Vec::with_capacity(self.values.len());
        for channel in 0..self.channels {
            for line in self.lines() {
                planes.extend_from_slice(&line[channel * self.side..][..self.side]);
            }
        }
        planes
    }

    /// The channels: 1 is grey, 3 are red, green and blue; one more is transparency.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Pixels along a side.
    pub fn side(&self) -> usize {
        self.side
    }

    fn lines(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.channels * self.side)
    }

    /// Without transparency, which is what lies beyond red, green and blue; the second of two channels is that too.
    #[must_use]
    pub fn opaque(&self) -> Self {
        let channels = if self.channels >= 3 { 3 } else { 1 };
        let values = self.lines().flat_map(|line| &line[..channels * self.side]).copied().collect();
        Self { channels, side: self.side, values }
    }

    /// At twice the side, each pixel four times.
    pub(super) fn doubled(&self) -> Self {
        let twice = |line: &[f32]| line.iter().flat_map(|&x| [x, x]).collect::<Vec<f32>>();
        let values = self.lines().flat_map(|line| [twice(line), twice(line)].concat()).collect();
        Self { channels: self.channels, side: 2 * self.side, values }
    }

    /// At another side by bilinear interpolation, as PyTorch's `interpolate` has it with `align_corners=False`.
    #[must_use]
    pub fn resized(&self, side: usize) -> Self {
        let places: Vec<Between> = (0..side).map(|i| Between::of(i, self.side, side)).collect();
        let mut values = Vec::with_capacity(self.channels * side * side);
        let lines: Vec<&[f32]> = self.lines().collect();
        for y in &places {
            for channel in 0..self.channels {
                let [above, below] = [y.first, y.second].map(|y| &lines[y][channel * self.side..][..self.side]);
                values.extend(places.iter().map(|x| y.mix(x.of_line(above), x.of_line(below))));
            }
        }
        Self { channels: self.channels, side, values }
    }

    /// At a part of the side: each pixel is the mean of a square of `by` times `by`. A rest is left out.
    #[must_use]
    pub fn averaged(&self, by: usize) -> Self {
        let side = self.side / by;
        let lines: Vec<&[f32]> = self.lines().collect();
        let mut values = Vec::with_capacity(self.channels * side * side);
        for y in 0..side {
            for channel in 0..self.channels {
                for x in 0..side {
                    let part = |y: usize| lines[y][channel * self.side + x * by..][..by].iter();
                    let sum: f32 = (y * by..(y + 1) * by).flat_map(part).sum();
                    values.push(sum / (by * by) as f32);
                }
            }
        }
        Self { channels: self.channels, side, values }
    }
}

/// Where a pixel lies between two of another size along an axis.
struct Between {
    first: usize,
    second: usize,
    share: f32,
}

impl Between {
    fn of(i: usize, from: usize, to: usize) -> Self {
        let place = ((from as f32 / to as f32) * (i as f32 + 0.5) - 0.5).max(0.0);
        let first = (place as usize).min(from - 1);
        Self { first, second: (first + 1).min(from - 1), share: place - first as f32 }
    }

    fn mix(&self, first: f32, second: f32) -> f32 {
        (1.0 - self.share) * first + self.share * second
    }

    fn of_line(&self, line: &[f32]) -> f32 {
        self.mix(line[self.first], line[self.second])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(channels: usize, side: usize) -> Image {
        let planes: Vec<f32> = (0..channels * side * side).map(|i| (i as f32 * 1.7).sin()).collect();
        let image = Image::of_planes(channels, side, &planes);
        assert_eq!(image.planes(), planes);
        image
    }

    #[test]
    fn what_is_opaque_has_one_channel_or_three() {
        for (channels, left) in [(1, 1), (2, 1), (3, 3), (4, 3)] {
            let image = image(channels, 5);
            assert_eq!(image.opaque().planes(), image.planes()[..left * 25]);
        }
    }

    /// `torch.nn.functional.interpolate(x, size=n, mode="bilinear")` of 0 .. 8 as 3 x 3, and of 0 .. 15 as 4 x 4.
    #[test]
    fn resizing_is_pytorchs() {
        let of = |side: usize| Image::of_planes(1, side, &(0..side * side).map(|i| i as f32).collect::<Vec<_>>());
        let line = |start: f32| [0.0, 0.25, 0.75, 1.25, 1.75, 2.0].map(|x| x + start);
        let expected: Vec<f32> = [0.0, 0.75, 2.25, 3.75, 5.25, 6.0].into_iter().flat_map(line).collect();
        assert_eq!(of(3).resized(6).planes(), expected);
        assert_eq!(of(4).resized(2).planes(), [2.5, 4.5, 10.5, 12.5]);
        for side in [1, 3, 8] {
            assert_eq!(of(side).resized(side), of(side));
            assert!(of(1).resized(side).values.iter().all(|&x| x == 0.0));
        }
    }

    #[test]
    fn averages_are_those_of_squares_and_doubling_is_their_inverse() {
        let image = image(3, 6);
        let half = image.averaged(2);
        let by_hand = |c: usize, y: usize, x: usize| {
            let at = |y: usize, x: usize| image.planes()[(c * 6 + y) * 6 + x];
            (at(2 * y, 2 * x) + at(2 * y, 2 * x + 1) + at(2 * y + 1, 2 * x) + at(2 * y + 1, 2 * x + 1)) / 4.0
        };
        for (i, value) in half.planes().iter().enumerate() {
            assert!((value - by_hand(i / 9, i / 3 % 3, i % 3)).abs() < 1e-6, "{i}");
        }
        let again = half.doubled().averaged(2);
        assert!(again.values.iter().zip(&half.values).all(|(a, b)| (a - b).abs() < 1e-6));
        assert_eq!(image.averaged(1), image);
    }
}
