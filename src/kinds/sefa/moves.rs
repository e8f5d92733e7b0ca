//! Steps along several directions at once.

use std::fmt;
use std::str::FromStr;

use super::{Directions, SefaError};
use crate::config::FARTHEST;

/// Directions have smaller numbers.
const LARGEST: usize = 65_535;

/// Steps along directions, which add up: `0=1.4,3=-1`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moves(Vec<(usize, f64)>);

impl Moves {
    /// Each direction with its distance, in the order in which they were named.
    pub fn each(&self) -> &[(usize, f64)] {
        &self.0
    }

    /// Whether nothing moves: there are none, or all by 0.
    pub fn are_still(&self) -> bool {
        self.0.iter().all(|&(_, distance)| distance == 0.0)
    }

    /// The same steps, each times `share`.
    #[must_use]
    pub fn times(&self, share: f64) -> Self {
        Self(self.0.iter().map(|&(direction, distance)| (direction, distance * share)).collect())
    }

    /// Only those that move anything.
    #[must_use]
    pub fn without_zeros(&self) -> Self {
        Self(self.0.iter().copied().filter(|&(_, distance)| distance != 0.0).collect())
    }

    /// Refuses a direction that there is not.
    pub fn check(&self, directions: &Directions) -> Result<(), SefaError> {
        let count = directions.len();
        match self.0.iter().find(|&&(direction, _)| direction >= count) {
            Some(&(asked, _)) => Err(SefaError::Direction { asked, count }),
            None => Ok(()),
        }
    }

    /// Their sum, as long as a row of a code: each distance times its direction's unit vector, from the first direction to
    /// the last, so that the order in which they were named changes no bit.
    pub fn sum(&self, directions: &Directions) -> Result<Vec<f64>, SefaError> {
        self.check(directions)?;
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by_key(|&(direction, _)| direction);
        let mut sum = vec![0.0; directions.latent_dim];
        for (direction, distance) in sorted {
            for (x, d) in sum.iter_mut().zip(directions.vector(direction)) {
                *x += distance * d;
            }
        }
        Ok(sum)
    }
}

impl FromStr for Moves {
    type Err = String;

    /// Reads `0=1.4,3=-1`; an empty text is no move.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut moves: Vec<(usize, f64)> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty() || text.contains(',')) {
            let wrong = || format!("'{part}' is no move; say DIRECTION=DISTANCE, such as 0=1.4 or 0=1.4,3=-1");
            let (direction, distance) = part.split_once('=').ok_or_else(wrong)?;
            let direction = direction.trim().parse::<usize>().map_err(|_| wrong())?;
            let distance = distance.trim().parse::<f64>().map_err(|_| wrong())?;
            if direction > LARGEST {
                return Err(format!("direction {direction} is too large a number; {LARGEST} at most"));
            }
            if !distance.is_finite() || distance.abs() > FARTHEST {
                return Err(format!("the distance along {direction} is {distance}; it must be -1e6 to 1e6"));
            }
            if moves.iter().any(|&(known, _)| known == direction) {
                return Err(format!("direction {direction} is moved twice; say each once"));
            }
            moves.push((direction, distance));
        }
        Ok(Self(moves))
    }
}

impl fmt::Display for Moves {
    /// As it is read, each distance in as few digits as give it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (direction, distance)) in self.0.iter().enumerate() {
            write!(f, "{}{direction}={distance}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Moves, String> {
        text.parse()
    }

    #[test]
    fn moves_are_read_and_written_alike() {
        let moves = read("0=1.4, 3=-1,12=1e-3").unwrap();
        assert_eq!(moves.each(), [(0, 1.4), (3, -1.0), (12, 0.001)]);
        assert_eq!(moves.to_string(), "0=1.4,3=-1,12=0.001");
        assert_eq!(read(&moves.to_string()).unwrap(), moves);
        assert_eq!(read("").unwrap(), Moves::default());
        assert!(read("1=0,2=-0").unwrap().are_still() && !moves.are_still());
        assert_eq!(read("1=0,2=3").unwrap().without_zeros().to_string(), "2=3");
        assert_eq!(moves.times(0.5).each()[0], (0, 0.7));
    }

    #[test]
    fn what_is_no_move_is_named() {
        for (text, words) in [
            ("0", "'0' is no move; say DIRECTION=DISTANCE"),
            ("0=1,,1=2", "'' is no move"),
            (",", "'' is no move"),
            ("a=1", "'a=1'"),
            ("-1=1", "'-1=1'"),
            ("0=x", "'0=x'"),
            ("0=NaN", "the distance along 0 is NaN"),
            ("0=inf", "the distance along 0 is inf"),
            ("0=1e300", "it must be -1e6 to 1e6"),
            ("99999999=1", "too large a number"),
            ("184467440737095516160=1", "no move"),
            ("0=1,1=2,0=3", "direction 0 is moved twice"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn steps_add_up_and_a_direction_that_is_not_there_is_refused() {
        let directions = Directions { latent_dim: 2, vectors: vec![1.0, 0.0, 0.6, 0.8], eigenvalues: vec![2.0, 1.0] };
        assert_eq!(read("0=2,1=-1").unwrap().sum(&directions).unwrap(), [2.0 - 0.6, -0.8]);
        assert_eq!(read("").unwrap().sum(&directions).unwrap(), [0.0, 0.0]);
        let message = read("0=2,2=1").unwrap().sum(&directions).unwrap_err().to_string();
        assert_eq!(message, "there is no direction 2; there are 2 directions, numbered from 0");
    }
}
