//! How good a run's generator is: every metric over fresh samples, and beside it the same metric between real points.

use crate::config::RunConfig;
use crate::data::{self, DataError, Point, Split};
use crate::engine::{self, EngineError};
use crate::metric::{MOST_MATCHED, Metric, measure};
use crate::rng::{Stream, Use};
use crate::run::{RunDir, RunError};

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Which metrics.
    pub metrics: Vec<Metric>,
    /// Points in each set; None for as many as are held out, [`MOST_MATCHED`] at most.
    pub samples: Option<usize>,
    /// Fresh draws.
    pub repeats: usize,
}

/// A number over repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation over repeats (n - 1); 0 for one.
    pub deviation: f64,
    /// The mean's standard error.
    pub error: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        let deviation = if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
        Self { mean, deviation, error: deviation / n.sqrt() }
    }
}

/// A metric of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Which.
    pub metric: Metric,
    /// Of generated points against the held-out ones.
    pub generated: Spread,
    /// Of training points against the held-out ones: what a perfect generator would get.
    pub floor: Spread,
}

/// A run, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The epoch of the generator.
    pub epoch: u64,
    /// Points in each set.
    pub samples: usize,
    /// The metrics, in the plan's order.
    pub metrics: Vec<Measured>,
}

/// Why a run cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Its data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Its generator does not work.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The data changed.
    #[error("the data in {path} are not those that this run was trained on")]
    OtherData {
        /// The data's file.
        path: String,
    },
    /// More points than there are, or than can be compared.
    #[error("{asked} samples were asked for; at most {most} can be compared here")]
    TooMany {
        /// Points asked for.
        asked: usize,
        /// Points there can be.
        most: usize,
    },
}

/// Measures a run's generator as it was last saved.
pub fn evaluate(run: &RunDir, plan: &Plan) -> Result<Report, EvalError> {
    let config = run.config()?;
    let snapshot = run.snapshot(&config)?;
    let set = data::load(&config.data.path, &config.data.key)?;
    if set.digest() != snapshot.data {
        return Err(EvalError::OtherData { path: config.data.path.display().to_string() });
    }
    let split = Split::new(&set, config.data.train_size, config.seed)?;
    let samples = sample_count(&split, plan)?;
    let real = &split.held_out[..samples];
    let mut engine = engine::create(&config)?;
    engine.load(&snapshot.state)?;
    let mut others = Vec::with_capacity(2 * plan.repeats);
    for repeat in 1..=plan.repeats as u64 {
        others.push(engine.generate(&codes(&config, repeat, samples))?);
        others.push(drawn(&split.train, config.seed, repeat, samples));
    }
    let measured = measure_all(&plan.metrics, real, &others);
    let (generated, floor): (Vec<_>, Vec<_>) = measured.as_chunks::<2>().0.iter().cloned().map(<(_, _)>::from).unzip();
    let spread = |values: &[Vec<f64>], i: usize| Spread::of(&values.iter().map(|row| row[i]).collect::<Vec<_>>());
    let metrics = plan.metrics.iter().enumerate().map(|(i, &metric)| Measured {
        metric,
        generated: spread(&generated, i),
        floor: spread(&floor, i),
    });
    Ok(Report { epoch: snapshot.progress.epoch, samples, metrics: metrics.collect() })
}

/// Measures several sets against the real one, as many at a time as there are processors.
fn measure_all(metrics: &[Metric], real: &[Point], others: &[Vec<Point>]) -> Vec<Vec<f64>> {
    let at_a_time = std::thread::available_parallelism().map_or(1, usize::from);
    let mut measured = Vec::with_capacity(others.len());
    for chunk in others.chunks(at_a_time) {
        std::thread::scope(|scope| {
            let workers: Vec<_> = chunk.iter().map(|other| scope.spawn(|| measure(metrics, real, other))).collect();
            // A worker that panicked is a mistake of ours, and goes on as one.
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            measured.extend(workers.into_iter().map(join));
        });
    }
    measured
}

fn sample_count(split: &Split, plan: &Plan) -> Result<usize, EvalError> {
    let matched = plan.metrics.iter().any(|metric| matches!(metric, Metric::W1 | Metric::W2));
    let most = split.held_out.len().min(split.train.len()).min(if matched { MOST_MATCHED } else { usize::MAX });
    match plan.samples {
        Some(asked) if asked > most => Err(EvalError::TooMany { asked, most }),
        Some(asked) => Ok(asked),
        None => Ok(most.min(MOST_MATCHED)),
    }
}

/// Fresh codes for a repeat; part 0 of the stream is the frames'.
fn codes(config: &RunConfig, repeat: u64, samples: usize) -> Vec<f32> {
    Stream::new(config.seed, Use::Eval, repeat).normal(samples * config.generator.latent_dim)
}

/// Some of the training points; part 0 of the stream is the split's.
fn drawn(train: &[Point], seed: u64, repeat: u64, samples: usize) -> Vec<Point> {
    let mut order: Vec<usize> = (0..train.len()).collect();
    Stream::new(seed, Use::Split, repeat).shuffle(&mut order);
    order[..samples].iter().map(|&i| train[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_mean_deviation_and_standard_error() {
        let spread = Spread::of(&[1.0, 2.0, 3.0, 6.0]);
        assert!((spread.mean - 3.0).abs() < 1e-12);
        assert!((spread.deviation - (14.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((spread.error - spread.deviation / 2.0).abs() < 1e-12);
        assert_eq!(Spread::of(&[5.0]), Spread { mean: 5.0, deviation: 0.0, error: 0.0 });
    }
}
