//! One contender of `scripts/bench.py`: says "ready", then times some epochs for each line it reads and answers with
//! milliseconds an iteration. Like the other contenders it has its real points ready and draws its noise in the loop.
//!
//! `bench_worker ENGINE MODEL THREADS`

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::io::BufRead as _;
use std::time::Instant;

use gan_lab::config::{EngineKind, Model, TrainConfig};
use gan_lab::engine::{self, Draws, Engine, EngineError};
use gan_lab::rng::{Stream, Use};

const ITERATIONS: u32 = 27;
const EPOCHS: u32 = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, model, threads] = &arguments[..] else {
        return Err("usage: bench_worker ENGINE MODEL THREADS".into());
    };
    let model = Model::ALL.into_iter().find(|known| known.name() == model).ok_or("no such model")?;
    let engine = if engine == "torch" { EngineKind::Torch } else { EngineKind::Fused };
    let config = TrainConfig { engine, threads: threads.parse()?, ..TrainConfig::lab(model) }.check()?;
    #[cfg(feature = "torch")]
    gan_lab::tensor::keep_freed_memory();
    let mut engine = engine::create(&config)?;
    let (batch, mut rng) = (config.batch_size, Stream::new(0, Use::Noise, 0));
    let real: Vec<[f32; 2]> = rng.uniform(2 * batch).as_chunks().0.to_vec();
    let mut epochs = |n: u32, engine: &mut dyn Engine| -> Result<(), EngineError> {
        for _ in 0..n * ITERATIONS {
            engine.step(&Draws {
                real: real.clone(),
                noise: rng.normal(batch * config.generator.latent_dim),
                mix: rng.uniform(if engine::takes_mix(&config) { batch } else { 0 }),
                moves: Vec::new(),
                more_real: Vec::new(),
                real_first: Vec::new(),
                fake_noise: Vec::new(),
            })?;
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
