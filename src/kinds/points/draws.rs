//! The chance of an epoch: which points, codes and mixing weights each of its iterations takes.

use crate::config::{GeneratorConfig, NoiseConfig, RunConfig, Shuffle};
use crate::engine::{self, Draws, Sample};
use crate::objective::penalties;
use crate::rng::{Stream, Use};

/// What an iteration takes besides real points: codes, weights that mix, moves, noise, sides. A part's chance follows from the seed
/// and the part alone; the part is the epoch.
#[derive(Debug)]
pub struct Chance {
    noise: Stream,
    mix: Stream,
    sides: Stream,
    jitter: Stream,
    /// The noise on points, with the iterations before this epoch and those of the run.
    noisy: Option<(NoiseConfig, [u64; 2])>,
    done: u64,
    batch: usize,
    real_size: usize,
    /// How many codes, of which generator.
    codes: usize,
    generator: GeneratorConfig,
    mix_size: usize,
    /// Whether real points are moved, whether the generator's step takes some of its own, and whether they stand beside
    /// generated ones.
    also: [bool; 3],
}

impl Chance {
    /// The chance of a part of a run.
    pub fn new(config: &RunConfig, part: u64) -> Self {
        Self {
            noise: Stream::new(config.seed, Use::Noise, part),
            mix: Stream::new(config.seed, Use::Mix, part),
            sides: Stream::new(config.seed, Use::Sides, part),
            jitter: Stream::new(config.seed, Use::Jitter, part),
            noisy: config.instance_noise.map(|noise| {
                let each = config.iterations_per_epoch();
                (noise, [part.saturating_sub(1) * each, config.epochs * each])
            }),
            done: 0,
            batch: config.batch_size,
            real_size: config.real_batches() * config.batch_size,
            codes: engine::noise_batches(config) * config.batch_size,
            generator: config.generator.clone(),
            mix_size: if engine::takes_mix(config) { config.real_batches() * config.packs() } else { 0 },
            also: [engine::takes_moves(config), engine::takes_more_real(config), engine::takes_sides(config)],
        }
    }

    /// The next iteration's draws with these real points: those of the critic's steps, and those of the generator's.
    pub fn next_iteration(&mut self, real: Vec<Sample>, more_real: Vec<Sample>) -> Draws {
        let [moved, more, sides] = self.also;
        let deviation = self.noisy.map(|(noise, [before, total])| noise.at((before + self.done) as f64 / total as f64));
        self.done += 1;
        let real = self.noised(real, self.real_size, deviation);
        let more_real = self.noised(more_real, if more { self.batch } else { 0 }, deviation);
        let generated = if deviation.is_some() { self.codes } else { 0 };
        Draws {
            noise: self.generator.codes(self.codes, &mut self.noise),
            mix: self.mix.uniform(self.mix_size),
            moves: if moved { self.moves(&real) } else { Vec::new() },
            real_first: if sides { self.real_first() } else { Vec::new() },
            fake_noise: self.noised(vec![[0.0; 2]; generated], generated, deviation),
            more_real,
            real,
        }
    }

    /// Points with noise of this deviation; as much is drawn as for `drawn` points, also where they are passed over.
    fn noised(&mut self, mut points: Vec<Sample>, drawn: usize, deviation: Option<f64>) -> Vec<Sample> {
        if let Some(deviation) = deviation {
            let noise = self.jitter.normal(2 * drawn);
            for (x, noise) in points.as_flattened_mut().iter_mut().zip(noise) {
                *x += deviation as f32 * noise;
            }
        }
        points
    }

    /// What each critic step's real points are moved by.
    fn moves(&mut self, real: &[Sample]) -> Vec<Sample> {
        let drawn = [self.mix.uniform(self.real_size), self.mix.uniform(2 * self.real_size)];
        let batches = real.chunks(self.batch).zip(drawn[0].chunks(self.batch)).zip(drawn[1].chunks(2 * self.batch));
        batches.flat_map(|((real, along), apart)| penalties::offsets(real, along, apart)).collect()
    }

    /// In which order real and generated points stand, in each batch as many one way as the other.
    fn real_first(&mut self) -> Vec<f32> {
        let mut all = Vec::with_capacity(self.codes);
        for _ in 0..self.codes / self.batch {
            // Where they are odd, one more of a kind that chance picks.
            let odd = self.sides.below(2);
            let mut batch: Vec<f32> = (0..self.batch).map(|i| ((i + odd) % 2) as f32).collect();
            self.sides.shuffle(&mut batch);
            all.extend(batch);
        }
        all
    }
}

/// An epoch's draws, iteration by iteration. They follow from the seed and the epoch alone.
#[derive(Debug)]
pub(super) struct EpochDraws {
    order: Vec<usize>,
    chance: Chance,
    /// Real points for the generator's step, where it takes some of its own.
    more: Option<Stream>,
    taken: usize,
}

impl EpochDraws {
    /// The draws of an epoch (the first is 1) over so many training points, in an order of its own where `shuffle` says
    /// so.
    pub(super) fn new(config: &RunConfig, shuffle: Shuffle, points: usize, epoch: u64) -> Self {
        let mut order: Vec<usize> = (0..points).collect();
        if shuffle == Shuffle::EveryEpoch {
            Stream::new(config.seed, Use::Shuffle, epoch).shuffle(&mut order);
        }
        let more = engine::takes_more_real(config).then(|| Stream::new(config.seed, Use::More, epoch));
        Self { order, chance: Chance::new(config, epoch), more, taken: 0 }
    }

    /// Passes over the draws of iterations that were done before.
    pub(super) fn pass(&mut self, iterations: u64) {
        for _ in 0..iterations {
            self.next_iteration(&[]);
        }
    }

    /// The next iteration's, from the training points; at most as many as the epoch has.
    pub(super) fn next_iteration(&mut self, points: &[Sample]) -> Draws {
        let batch = &self.order[self.taken..self.taken + self.chance.real_size];
        self.taken += self.chance.real_size;
        let real = batch.iter().filter_map(|&i| points.get(i).copied()).collect();
        let more_real = self.more_real(points);
        self.chance.next_iteration(real, more_real)
    }

    /// Real points besides the epoch's: any of the training points.
    fn more_real(&mut self, points: &[Sample]) -> Vec<Sample> {
        let Some(more) = &mut self.more else { return Vec::new() };
        let drawn = (0..self.chance.batch).map(|_| more.below(self.order.len()));
        drawn.collect::<Vec<_>>().into_iter().filter_map(|i| points.get(i).copied()).collect()
    }
}

/// The codes that every frame of a run is drawn from, one for each held-out point: [`held_out`, latent].
pub fn frame_codes(config: &RunConfig, held_out: usize) -> Vec<f32> {
    config.generator.codes(held_out, &mut Stream::new(config.seed, Use::Eval, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AdamOptions, DataConfig, Model, Objective, Optim, TrainConfig, UpdateOrder};

    fn config(change: impl Fn(&mut TrainConfig)) -> RunConfig {
        let mut config = TrainConfig {
            batch_size: 4,
            data: DataConfig { train_size: 10, ..DataConfig::default() },
            ..TrainConfig::lab(Model::Gan)
        };
        change(&mut config);
        config.check().unwrap()
    }

    fn points() -> Vec<Sample> {
        (0..10).map(|i| [i as f32, 0.0]).collect()
    }

    fn reals(draws: &Draws) -> Vec<usize> {
        draws.real.iter().map(|point| point[0] as usize).collect()
    }

    #[test]
    fn the_labs_batches_are_the_same_points_in_every_epoch_with_new_noise() {
        let (config, points) = (config(|_| ()), points());
        let [mut first, mut second] = [1, 2].map(|epoch| EpochDraws::new(&config, Shuffle::Once, points.len(), epoch));
        for expected in [[0, 1, 2, 3], [4, 5, 6, 7]] {
            let (a, b) = (first.next_iteration(&points), second.next_iteration(&points));
            assert_eq!(reals(&a), expected);
            assert_eq!(reals(&b), expected);
            assert_eq!(a.noise.len(), 8);
            assert_ne!(a.noise, b.noise);
            assert!(a.mix.is_empty());
        }
    }

    #[test]
    fn shuffling_every_epoch_takes_other_points_each_time() {
        let config = config(|_| ());
        let points = points();
        let take = |epoch| {
            let mut draws = EpochDraws::new(&config, Shuffle::EveryEpoch, points.len(), epoch);
            [reals(&draws.next_iteration(&points)), reals(&draws.next_iteration(&points))].concat()
        };
        assert_eq!(take(1), take(1));
        assert_ne!(take(1), take(2));
        let mut once = take(1);
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), 8, "a point twice in one epoch");
    }

    #[test]
    fn an_extragradient_takes_two_of_all() {
        let config = config(|c| c.optim = Optim::ExtraAdam(AdamOptions::DEFAULT));
        assert_eq!(config.iterations_per_epoch(), 1);
        let points = points();
        let draws = EpochDraws::new(&config, Shuffle::Once, points.len(), 1).next_iteration(&points);
        assert_eq!((reals(&draws), draws.noise.len()), ((0..8).collect(), 2 * 4 * 2));
    }

    #[test]
    fn the_papers_order_and_the_penalty_take_their_share() {
        let config = config(|c| {
            c.objective = Objective::lab(Model::WganGp);
            (c.critic_steps, c.update_order) = (2, UpdateOrder::CriticFirst);
        });
        let points = points();
        let draws = EpochDraws::new(&config, Shuffle::Once, points.len(), 1).next_iteration(&points);
        assert_eq!((draws.real.len(), draws.noise.len(), draws.mix.len()), (8, 3 * 4 * 2, 8));
        assert!(draws.mix.iter().all(|e| (0.0..1.0).contains(e)));
    }
}
