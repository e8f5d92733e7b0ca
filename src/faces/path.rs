//! Outlines: smooth closed curves through given points, strokes of changing width, ellipses.
//!
//! Nothing but addition, multiplication, division and square roots, which IEEE 754 fixes to the last bit, so that an outline is
//! the same on every machine.

/// A point of the picture: x to the right and y down, both from the picture's middle; see `canvas::REACH`.
pub(super) type Point = [f32; 2];

/// Points of a smooth curve between two that were given.
const STEPS: usize = 6;

/// Closed rings; what lies in one of them is inside.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    pub(super) rings: Vec<Vec<Point>>,
}

impl Path {
    /// The smooth closed curve through points (Catmull and Rom 1974).
    pub(super) fn smooth(points: &[Point]) -> Self {
        let n = points.len();
        let mut ring = Vec::with_capacity(n * STEPS);
        for i in 0..n {
            span(&mut ring, [points[(i + n - 1) % n], points[i], points[(i + 1) % n], points[(i + 2) % n]]);
        }
        Self::of(ring)
    }

    /// A polygon.
    pub(super) fn polygon(points: &[Point]) -> Self {
        Self::of(points.to_vec())
    }

    /// An ellipse; `squareness` from 0 (an ellipse) to 1 (nearly its box).
    pub(super) fn ellipse(centre: Point, radii: Point, squareness: f32) -> Self {
        Self::of(round_points(squareness).map(|[x, y]| [centre[0] + radii[0] * x, centre[1] + radii[1] * y]).collect())
    }

    /// The smooth open curve through points as a stroke, whose width at t from 0 (the first point) to 1 is `width(t)`.
    pub(super) fn stroke(points: &[Point], width: impl Fn(f32) -> f32) -> Self {
        let curve = open(points);
        let last = curve.len() - 1;
        let (mut there, mut back) = (Vec::with_capacity(2 * curve.len()), Vec::with_capacity(curve.len()));
        for (i, &[x, y]) in curve.iter().enumerate() {
            let (before, after) = (curve[i.saturating_sub(1)], curve[(i + 1).min(last)]);
            let [dx, dy] = unit([after[0] - before[0], after[1] - before[1]]);
            let half = width(i as f32 / last as f32) / 2.0;
            there.push([x - half * dy, y + half * dx]);
            back.push([x + half * dy, y - half * dx]);
        }
        there.extend(back.into_iter().rev());
        Self::of(there)
    }

    /// What is in either.
    #[must_use]
    pub(super) fn with(mut self, other: Self) -> Self {
        self.rings.extend(other.rings);
        self
    }

    /// This without `hole`, which lies inside.
    #[must_use]
    pub(super) fn without(mut self, hole: Self) -> Self {
        self.rings.extend(hole.rings.into_iter().map(|mut ring| {
            ring.reverse();
            ring
        }));
        self
    }

    /// One ring, which goes round clockwise as it is seen.
    fn of(mut ring: Vec<Point>) -> Self {
        let next = ring.iter().cycle().skip(1);
        let area: f32 = ring.iter().zip(next).map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum();
        if area < 0.0 {
            ring.reverse();
        }
        Self { rings: vec![ring] }
    }
}

/// Points on the unit circle, or on what is between it and its box.
pub(super) fn round_points(squareness: f32) -> impl Iterator<Item = Point> {
    (0..48_u8).map(move |i| {
        let angle = std::f64::consts::TAU * f64::from(i) / 48.0;
        let (x, y) = (libm::cos(angle) as f32, libm::sin(angle) as f32);
        // The superellipse of exponent 4 needs square roots alone.
        [x, y].map(|x| x + squareness * (x.abs().sqrt().copysign(x) - x))
    })
}

/// Points along the smooth open curve through `points`, of which there are two at least.
pub(super) fn open(points: &[Point]) -> Vec<Point> {
    let last = points.len() - 1;
    let mut curve = Vec::with_capacity(last * STEPS + 1);
    for i in 0..last {
        span(&mut curve, [points[i.saturating_sub(1)], points[i], points[i + 1], points[(i + 2).min(last)]]);
    }
    curve.push(points[last]);
    curve
}

/// The curve from the second of four points to the third, without its end.
fn span(curve: &mut Vec<Point>, [before, from, to, after]: [Point; 4]) {
    for step in 0..STEPS {
        let t = step as f32 / STEPS as f32;
        let (t2, t3) = (t * t, t * t * t);
        let at = |k: usize| {
            0.5 * (2.0 * from[k]
                + (to[k] - before[k]) * t
                + (2.0 * before[k] - 5.0 * from[k] + 4.0 * to[k] - after[k]) * t2
                + (3.0 * from[k] - before[k] - 3.0 * to[k] + after[k]) * t3)
        };
        curve.push([at(0), at(1)]);
    }
}

/// A vector of length 1, or nothing of one of length 0.
fn unit([x, y]: Point) -> Point {
    let length = (x * x + y * y).sqrt().max(1e-6);
    [x / length, y / length]
}
