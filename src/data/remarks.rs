//! What a person should know of points before something is learnt from them.

use std::collections::HashSet;

use super::Point;

/// Fewer points than this say little about a law.
const FEW: usize = 100;
/// Of more points copies are not looked for.
const MOST_COMPARED: usize = 5_000_000;
/// More copies than this part of the points are worth a word.
const MANY_COPIES: f64 = 0.1;

/// A sentence for each thing that is odd: an axis without spread, copies, very few points.
pub fn remarks(points: &[Point]) -> Vec<String> {
    let Some(first) = points.first() else { return Vec::new() };
    let mut found = Vec::new();
    let constant = [0, 1].map(|axis| points.iter().all(|point| point[axis].to_bits() == first[axis].to_bits()));
    match constant {
        [true, true] => found.push(format!("every point is ({}, {}): there is nothing to learn", first[0], first[1])),
        [false, false] => {}
        [x, _] => {
            let (name, value) = if x { ("x", first[0]) } else { ("y", first[1]) };
            found.push(format!(
                "every point has the {name} {value}: they lie in a line, and there is one axis to learn"
            ));
        }
    }
    if points.len() <= MOST_COMPARED && constant != [true, true] {
        let mut known = HashSet::with_capacity(points.len());
        // Adding 0 makes -0 and 0 the same.
        known.extend(points.iter().map(|point| point.map(|x| (x + 0.0).to_bits())));
        let (all, different) = (points.len(), known.len());
        if (all - different) as f64 > MANY_COPIES * all as f64 {
            found.push(format!(
                "{different} of the {all} points differ, the others are copies: a copy of a training point may be held \
                 out, and then closeness to held-out points says less"
            ));
        }
    }
    if points.len() < FEW {
        found.push(format!("there are {} points: too few to tell well how near a generator comes", points.len()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_is_said_and_nothing_else() {
        let plain: Vec<Point> = (0..200).map(f64::from).map(|i| [i, i * i]).collect();
        assert!(remarks(&plain).is_empty());
        assert!(remarks(&[]).is_empty());
        let flat: Vec<Point> = plain.iter().map(|[x, _]| [*x, -2.5]).collect();
        assert!(remarks(&flat)[0].contains("the y -2.5"));
        let turned: Vec<Point> = flat.iter().map(|[x, y]| [*y, *x]).collect();
        assert!(remarks(&turned)[0].contains("the x -2.5"));
        let twice = [&plain[..], &plain[..]].concat();
        assert!(remarks(&twice)[0].contains("200 of the 400 points differ"));
        let some = [&plain[..], &plain[..10]].concat();
        assert!(remarks(&some).is_empty());
        let one = vec![[1.0, 2.0]; 300];
        assert_eq!(remarks(&one), ["every point is (1, 2): there is nothing to learn"]);
        assert!(remarks(&plain[..99])[0].contains("99 points"));
    }
}
