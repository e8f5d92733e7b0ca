//! One contender of `scripts/bench.py`: says "ready", then times some epochs for each line it reads and answers with
//! milliseconds an iteration. Like the other contenders it has its real points ready and draws all else in the loop.
//!
//! `bench_worker ENGINE CONFIG.json THREADS`

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::io::BufRead as _;
use std::time::Instant;

use gan_lab::config::{EngineKind, TrainConfig};
use gan_lab::engine::{self, Engine, EngineError, Sample};
use gan_lab::kinds::points::Chance;
use gan_lab::rng::{Stream, Use};

const ITERATIONS: u32 = 27;
const EPOCHS: u32 = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, config, threads] = &arguments[..] else {
        return Err("usage: bench_worker ENGINE CONFIG.json THREADS".into());
    };
    let engine = if engine == "torch" { EngineKind::Torch } else { EngineKind::Fused };
    let given = TrainConfig::from_json(&fs_err::read_to_string(config)?)?;
    let config = TrainConfig { engine, threads: threads.parse()?, ..given }.check()?;
    gan_lab::memory::keep_freed();
    let mut engine = engine::create(&config)?;
    let mut rng = Stream::new(0, Use::Data, 0);
    let mut points =
        |batches: usize| -> Vec<Sample> { rng.uniform(2 * batches * config.batch_size).as_chunks().0.to_vec() };
    let real = points(config.real_batches());
    let more_real = points(usize::from(engine::takes_more_real(&config)));
    let mut chance = Chance::new(&config, 0);
    let mut epochs = |n: u32, engine: &mut dyn Engine| -> Result<(), EngineError> {
        for _ in 0..n * ITERATIONS {
            engine.step(&chance.next_iteration(real.clone(), more_real.clone()))?;
        }
        Ok(())
    };
    epochs(3, engine.as_mut())?;
    println!("ready");
    for _ in std::io::stdin().lock().lines() {
        let start = Instant::now();
        epochs(EPOCHS, engine.as_mut())?;
        println!("{}", 1000.0 * start.elapsed().as_secs_f64() / f64::from(EPOCHS * ITERATIONS));
    }
    Ok(())
}
