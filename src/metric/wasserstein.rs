//! Wasserstein distances between equally large, equally weighted point sets.
//!
//! - W_p(X, Y) = (min over matchings of mean |x - y|^p)^(1/p), exact, by an assignment (Crouse 2016): 0 for equal sets,
//!   no upper bound, smaller is better.
//! - sliced W2: the root of the mean over directions of the squared W2 of the projections (Rabin et al. 2012), each of
//!   which is a sort. The directions are evenly spaced over the half circle, not drawn: in the plane that is a
//!   quadrature, and the same sets always get the same number.

use super::{About, Best, By, Least, distance, squared};
use crate::data::Point;

/// Directions of the sliced distance.
const DIRECTIONS: usize = 512;

/// [`w1`].
pub(super) const W1: About =
    About { name: "w1", best: Best::Zero, is_distance: true, least: Least::Points(1), by: By::Sets(w1) };

/// [`w2`].
pub(super) const W2: About =
    About { name: "w2", best: Best::Zero, is_distance: true, least: Least::Points(1), by: By::Sets(w2) };

/// [`sliced_w2`].
pub(super) const SLICED_W2: About =
    About { name: "sliced-w2", best: Best::Zero, is_distance: true, least: Least::Points(1), by: By::Sets(sliced_w2) };

/// The exact Wasserstein-1 distance.
pub fn w1(a: &[Point], b: &[Point]) -> f64 {
    matched(a, b, distance)
}

/// The exact Wasserstein-2 distance.
pub fn w2(a: &[Point], b: &[Point]) -> f64 {
    matched(a, b, squared).sqrt()
}

/// The sliced Wasserstein-2 distance.
pub fn sliced_w2(a: &[Point], b: &[Point]) -> f64 {
    let n = a.len().min(b.len());
    sliced_w2_to(&Projections::of(&a[..n]), &b[..n])
}

/// A point set along each direction, sorted: what the sliced distance needs of it.
#[derive(Clone, Debug)]
pub(super) struct Projections(Vec<Vec<f64>>);

impl Projections {
    pub(super) fn of(points: &[Point]) -> Self {
        Self((0..DIRECTIONS).map(|k| projected(points, k)).collect())
    }
}

/// The sliced distance of as many points.
pub(super) fn sliced_w2_to(projections: &Projections, points: &[Point]) -> f64 {
    if points.is_empty() {
        return 0.0;
    }
    let along = |(k, sorted): (usize, &Vec<f64>)| {
        let squares = sorted.iter().zip(projected(points, k)).map(|(x, y)| (x - y) * (x - y));
        squares.sum::<f64>() / points.len() as f64
    };
    let total: f64 = projections.0.iter().enumerate().map(along).sum();
    (total / DIRECTIONS as f64).sqrt()
}

/// The points along direction k, sorted.
fn projected(points: &[Point], k: usize) -> Vec<f64> {
    let (sin, cos) = (std::f64::consts::PI * (k as f64 + 0.5) / DIRECTIONS as f64).sin_cos();
    let mut values: Vec<i64> = points.iter().map(|p| in_order((p[0] * cos + p[1] * sin).to_bits() as i64)).collect();
    // As integers they are sorted several times faster than by a comparison of floats.
    values.sort_unstable();
    values.into_iter().map(|bits| f64::from_bits(in_order(bits) as u64)).collect()
}

/// Between the bits of a number and an integer in the same order as the numbers: its own inverse.
fn in_order(bits: i64) -> i64 {
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}

/// The least mean cost of a matching; sets of different sizes are compared by as many points as the smaller has.
fn matched(a: &[Point], b: &[Point], cost: fn(Point, Point) -> f64) -> f64 {
    let n = a.len().min(b.len());
    if n == 0 {
        return 0.0;
    }
    let costs: Vec<f64> = a[..n].iter().flat_map(|&x| b[..n].iter().map(move |&y| cost(x, y))).collect();
    let columns = assignment(&costs, n);
    columns.iter().enumerate().map(|(row, &column)| costs[row * n + column]).sum::<f64>() / n as f64
}

const NONE: usize = usize::MAX;

/// The column for each row in the matching of least cost: shortest augmenting paths, one row after another.
fn assignment(costs: &[f64], n: usize) -> Vec<usize> {
    let (mut u, mut v) = (vec![0.0; n], vec![0.0; n]);
    let (mut column_of, mut row_of) = (vec![NONE; n], vec![NONE; n]);
    let mut path = vec![NONE; n];
    for start in 0..n {
        let mut shortest = vec![f64::INFINITY; n];
        let (mut rows, mut columns) = (Vec::new(), Vec::new());
        let mut remaining: Vec<usize> = (0..n).rev().collect();
        let (mut row, mut least) = (start, 0.0);
        let sink = loop {
            rows.push(row);
            let (mut best, mut lowest) = (0, f64::INFINITY);
            for (place, &column) in remaining.iter().enumerate() {
                let reduced = least + costs[row * n + column] - u[row] - v[column];
                if reduced < shortest[column] {
                    (path[column], shortest[column]) = (row, reduced);
                }
                let here = shortest[column];
                if here < lowest || (here <= lowest && row_of[column] == NONE) {
                    (best, lowest) = (place, here);
                }
            }
            least = lowest;
            let column = remaining.swap_remove(best);
            columns.push(column);
            if row_of[column] == NONE {
                break column;
            }
            row = row_of[column];
        };
        u[start] += least;
        for &row in rows.iter().filter(|&&row| row != start) {
            u[row] += least - shortest[column_of[row]];
        }
        for &column in &columns {
            v[column] -= least - shortest[column];
        }
        let mut column = sink;
        loop {
            let row = path[column];
            row_of[column] = row;
            std::mem::swap(&mut column_of[row], &mut column);
            if row == start {
                break;
            }
        }
    }
    column_of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, Use};
    use proptest::prelude::*;

    fn points(seed: u64, n: usize) -> Vec<Point> {
        let drawn = Stream::new(seed, Use::Data, 0).normal(2 * n);
        drawn.as_chunks().0.iter().map(|pair: &[f32; 2]| pair.map(f64::from)).collect()
    }

    #[test]
    fn the_best_of_all_matchings_is_found() {
        fn best(costs: &[f64], n: usize, row: usize, used: &mut Vec<usize>) -> f64 {
            if row == n {
                return 0.0;
            }
            let mut least = f64::INFINITY;
            for column in 0..n {
                if !used.contains(&column) {
                    used.push(column);
                    least = least.min(costs[row * n + column] + best(costs, n, row + 1, used));
                    used.pop();
                }
            }
            least
        }
        for n in 1..7 {
            let costs: Vec<f64> = Stream::new(n as u64, Use::Data, 1)
                .uniform(n * n)
                .into_iter()
                .map(|x| f64::from((x * 9.0).floor()))
                .collect();
            let total: f64 = assignment(&costs, n).iter().enumerate().map(|(r, &c)| costs[r * n + c]).sum();
            assert!((total - best(&costs, n, 0, &mut Vec::new())).abs() < 1e-12);
        }
    }

    #[test]
    fn a_shift_is_its_own_length() {
        let a = points(0, 200);
        let b: Vec<Point> = a.iter().map(|p| [p[0] + 3.0, p[1] - 4.0]).collect();
        assert!((w1(&a, &b) - 5.0).abs() < 1e-5 && (w2(&a, &b) - 5.0).abs() < 1e-5);
        // The mean square of a unit vector's component is 1/2.
        assert!((sliced_w2(&a, &b) - 5.0 / 2_f64.sqrt()).abs() < 1e-4);
    }

    proptest! {
        #[test]
        fn distances_are_symmetric_zero_at_home_and_blind_to_order(seed in 0_u64..1000, n in 1_usize..40) {
            let (a, b) = (points(seed, n), points(seed + 5000, n));
            let mut turned = a.clone();
            turned.reverse();
            for metric in [w1, w2, sliced_w2] {
                prop_assert!(metric(&a, &turned) < 1e-9);
                prop_assert!((metric(&a, &b) - metric(&b, &a)).abs() < 1e-9);
                prop_assert!((metric(&turned, &b) - metric(&a, &b)).abs() < 1e-9);
            }
            prop_assert!(w1(&a, &b) <= w2(&a, &b) + 1e-12);
            prop_assert!(sliced_w2(&a, &b) <= w2(&a, &b) + 1e-12);
        }
    }
}
