//! An iteration of the lab's recipe in the fused engine: `cargo bench --bench engine`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot go on has failed")]

use criterion::{Criterion, criterion_group, criterion_main};
use gan_lab::config::{Model, TrainConfig};
use gan_lab::engine::{self, Draws};
use gan_lab::rng::{Stream, Use};

fn iterations(criterion: &mut Criterion) {
    for model in Model::ALL {
        for threads in [1, 2] {
            let config = TrainConfig { threads, ..TrainConfig::lab(model) }.check().unwrap();
            let mut engine = engine::create(&config).unwrap();
            let (batch, mut rng) = (config.batch_size, Stream::new(0, Use::Data, 0));
            let draws = Draws {
                real: rng.uniform(2 * batch).as_chunks().0.to_vec(),
                noise: rng.normal(engine::noise_batches(&config) * batch * config.generator.latent_dim),
                mix: rng.uniform(if engine::takes_mix(&config) { batch } else { 0 }),
                moves: Vec::new(),
                more_real: Vec::new(),
                real_first: Vec::new(),
                fake_noise: Vec::new(),
            };
            criterion.bench_function(&format!("{model}, {threads} thread(s)"), |bencher| {
                bencher.iter(|| engine.step(&draws).unwrap());
            });
        }
    }
}

criterion_group!(benches, iterations);
criterion_main!(benches);
