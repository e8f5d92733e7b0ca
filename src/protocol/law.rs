//! What is learnt, and how a training has its points of it.

use super::Mixture;
use crate::data::Point;
use crate::data::synthetic::swiss_roll;
use crate::rng::{Stream, Use};

/// The law that is learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Gaussians, whose modes can be counted.
    Mixture(Mixture),
    /// A spiral with noise, as [`swiss_roll`] draws it.
    SwissRoll,
}

/// How a training has its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Anew from the law in every iteration.
    Fresh,
    /// From so many points that the seed draws once, as in PacGAN's code: each member of a pack is a column of as many rows,
    /// each row one of the points drawn with replacement; an epoch takes every row once, in an order of its own.
    Packs {
        /// How many points, and rows.
        points: usize,
    },
    /// From so many points of each mode that the seed draws and puts in order once, as in WGAN-GP's code: batch after batch,
    /// round after round, without what is left over at the end of a round.
    Rounds {
        /// How many of each mode.
        each: usize,
    },
}

/// Which points of the law are drawn for what, as parts of the data's stream.
const TRUE: u64 = 0;
const POOL: u64 = 1;
const OTHERS: u64 = 2;
const COLUMNS: u64 = 3;

/// Steps in which the spiral's mean and deviation are summed.
const STEPS: usize = 20_000;

impl Law {
    /// What it is, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Mixture(mixture) => mixture.words(),
            Self::SwissRoll => "a swiss roll with noise 0.25, all over 7.5".to_owned(),
        }
    }

    /// The Gaussians, where it is of such.
    pub fn mixture(&self) -> Option<&Mixture> {
        match self {
            Self::Mixture(mixture) => Some(mixture),
            Self::SwissRoll => None,
        }
    }

    /// What results say of it: a law of other words is another.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Mixture(mixture) => format!("{mixture:?}"),
            Self::SwissRoll => format!("{self:?}"),
        }
    }

    /// `n` points.
    pub fn draw(&self, n: usize, rng: &mut Stream) -> Vec<Point> {
        match self {
            Self::Mixture(mixture) => mixture.draw(n, rng),
            Self::SwissRoll => swiss_roll(n, rng),
        }
    }

    /// True points of a seed, which no training has.
    pub(super) fn truth(&self, n: usize, seed: u64) -> Vec<Point> {
        self.draw(n, &mut Stream::new(seed, Use::Data, TRUE))
    }

    /// Others, from which distances are taken.
    pub(super) fn others(&self, n: usize, seed: u64) -> Vec<Point> {
        self.draw(n, &mut Stream::new(seed, Use::Data, OTHERS))
    }

    /// The mean, and the standard deviation along each axis.
    pub fn moments(&self) -> [Point; 2] {
        match self {
            Self::Mixture(mixture) => mixture.moments(),
            Self::SwissRoll => {
                let turns =
                    (0..STEPS).map(|i| 1.5 * std::f64::consts::PI * (1.0 + 2.0 * (i as f64 + 0.5) / STEPS as f64));
                let along: Vec<Point> = turns.map(|t| [t * t.cos() / 7.5, t * t.sin() / 7.5]).collect();
                let mean_of = |of: &dyn Fn(&Point) -> f64| along.iter().map(of).sum::<f64>() / STEPS as f64;
                let mean = [0, 1].map(|i| mean_of(&|point| point[i]));
                let noise = 0.25_f64 / 7.5;
                let square = |i: usize| mean_of(&|point| (point[i] - mean[i]).powi(2)) + noise * noise;
                [mean, [square(0).sqrt(), square(1).sqrt()]]
            }
        }
    }
}

/// Where a training's real points come from.
#[derive(Debug)]
pub(super) enum Feed {
    /// The law itself.
    Fresh,
    /// Rows of packs, each member a column's place in the pool.
    Packs { pool: Vec<Point>, columns: Vec<Vec<u32>>, order: Vec<u32>, epoch: Option<u64> },
    /// Points in the order in which they are taken.
    Rounds { pool: Vec<Point> },
}

impl Feed {
    /// The points of a seed, for packs of so many members.
    pub(super) fn new(source: Source, law: &Law, members: usize, seed: u64) -> Self {
        let rng = &mut Stream::new(seed, Use::Data, POOL);
        match (source, law) {
            (Source::Packs { points }, _) => {
                let columns = &mut Stream::new(seed, Use::Data, COLUMNS);
                let column = |_| (0..points).map(|_| columns.below(points) as u32).collect();
                Self::Packs {
                    pool: law.draw(points, rng),
                    columns: (0..members).map(column).collect(),
                    order: Vec::new(),
                    epoch: None,
                }
            }
            (Source::Rounds { each }, Law::Mixture(mixture)) => {
                let mut pool = mixture.rounds(each, rng);
                rng.shuffle(&mut pool);
                Self::Rounds { pool }
            }
            // What has no modes has no rounds of them.
            (Source::Fresh | Source::Rounds { .. }, _) => Self::Fresh,
        }
    }

    /// The `n` real points of iteration `part`, the first of which is 1. They follow from seed and part alone.
    pub(super) fn take(&mut self, law: &Law, n: usize, seed: u64, part: u64) -> Vec<Point> {
        match self {
            Self::Fresh => law.draw(n, &mut Stream::new(seed, Use::Fresh, part)),
            Self::Packs { pool, columns, order, epoch } => {
                let rows = n / columns.len();
                let an_epoch = (pool.len() / rows.max(1)).max(1) as u64;
                let (now, within) = ((part - 1) / an_epoch, (part - 1) % an_epoch);
                if *epoch != Some(now) {
                    *order = (0..pool.len() as u32).collect();
                    Stream::new(seed, Use::Shuffle, now).shuffle(order);
                    *epoch = Some(now);
                }
                let taken = (0..rows).map(|i| order[(within as usize * rows + i) % order.len()] as usize);
                taken.flat_map(|row| columns.iter().map(move |column| column[row])).map(|i| pool[i as usize]).collect()
            }
            Self::Rounds { pool } => {
                let in_a_round = (pool.len() / n.max(1)).max(1) as u64;
                let first = ((part - 1) % in_a_round) as usize * n;
                (0..n).map(|i| pool[(first + i) % pool.len()]).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Layout;

    const GRID: Law = Law::Mixture(Mixture { layout: Layout::Grid { side: 2, spacing: 2.0 }, sigma: 0.05 });

    fn bits(points: &[Point]) -> Vec<[u64; 2]> {
        points.iter().map(|point| point.map(f64::to_bits)).collect()
    }

    #[test]
    fn the_swiss_roll_has_the_moments_that_its_points_have() {
        let (n, [mean, deviation]) = (200_000, Law::SwissRoll.moments());
        let points = Law::SwissRoll.truth(n, 3);
        for i in 0..2 {
            let own = points.iter().map(|point| point[i]).sum::<f64>() / n as f64;
            let square = points.iter().map(|point| (point[i] - own).powi(2)).sum::<f64>() / n as f64;
            assert!((own - mean[i]).abs() < 4.0 * deviation[i] / (n as f64).sqrt(), "{own} for {mean:?}");
            assert!((square.sqrt() / deviation[i] - 1.0).abs() < 0.01, "{square} for {deviation:?}");
        }
        // t cos t over [1.5 pi, 4.5 pi] has the integral [t sin t + cos t] = 4.5 pi + 1.5 pi.
        assert!((mean[0] - 2.0 / 7.5).abs() < 1e-6, "{mean:?}");
    }

    #[test]
    fn packs_are_rows_of_columns_and_an_epoch_has_each_row_once() {
        let mut feed = Feed::new(Source::Packs { points: 60 }, &GRID, 3, 5);
        let Feed::Packs { pool, columns, .. } = &feed else { panic!("{feed:?}") };
        let row = |i: usize| bits(&[0, 1, 2].map(|c| pool[columns[c][i] as usize]));
        let mut rows: Vec<_> = (0..60).map(row).collect();
        // Members of a pack are no copies of each other, and some points of the pool are taken more than once.
        assert!(columns[0] != columns[1] && columns[1] != columns[2]);
        assert!(columns[0].iter().collect::<std::collections::BTreeSet<_>>().len() < 55);
        let epoch = |feed: &mut Feed, parts: std::ops::Range<u64>| {
            let points = parts.flat_map(|part| feed.take(&GRID, 30, 5, part)).collect::<Vec<_>>();
            points.chunks(3).map(bits).collect::<Vec<_>>()
        };
        let (mut first, mut second) = (epoch(&mut feed, 1..7), epoch(&mut feed, 7..13));
        assert_ne!(first, second);
        // From the part alone, whatever was asked before.
        assert_eq!(epoch(&mut feed, 1..7), first);
        for taken in [&mut first, &mut second] {
            taken.sort();
            rows.sort();
            assert_eq!(*taken, rows);
        }
    }

    #[test]
    fn rounds_take_every_point_once_but_for_what_is_left_over() {
        let mut feed = Feed::new(Source::Rounds { each: 10 }, &GRID, 1, 2);
        let round = |feed: &mut Feed, from: u64| {
            (from..from + 4).flat_map(|part| bits(&feed.take(&GRID, 9, 2, part))).collect::<Vec<_>>()
        };
        let (first, second) = (round(&mut feed, 1), round(&mut feed, 5));
        assert_eq!(first, second);
        let different: std::collections::BTreeSet<_> = first.iter().collect();
        assert_eq!(different.len(), 36);
    }

    #[test]
    fn another_seed_has_other_points() {
        for source in [Source::Fresh, Source::Packs { points: 50 }, Source::Rounds { each: 10 }] {
            let take = |seed, part| bits(&Feed::new(source, &GRID, 1, seed).take(&GRID, 10, seed, part));
            assert_eq!(take(0, 1), take(0, 1));
            assert_ne!(take(0, 1), take(1, 1), "{source:?}");
            assert_ne!(take(0, 1), take(0, 2), "{source:?}");
        }
    }
}
