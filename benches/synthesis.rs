//! Times the synthesis of pictures: `cargo bench --bench synthesis -- FILE [repeats]`, FILE being what
//! bench_synthesis.py writes. Reads a line from standard input before each picture and answers with seconds and the
//! process's peak memory.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, missing_docs, reason = "a benchmark")]

#[cfg(feature = "torch")]
#[path = "../tests/it/generators.rs"]
mod generators;

#[cfg(feature = "torch")]
fn main() {
    use std::io::BufRead as _;
    use std::time::Instant;

    use gan_lab::synthesis::{Generator, NoiseMode, Truncation};

    gan_lab::tensor::keep_freed_memory();
    let Some(path) = std::env::args().nth(1).filter(|path| path.ends_with(".safetensors")) else { return };
    let (generator, rows) = {
        let numbers = generators::Numbers::read(path.as_ref());
        let generator = Generator::new(&numbers.weights(), tch::Device::Cpu).unwrap();
        let rows = generator.rows(&numbers.of("z"), None, &Truncation::NONE).unwrap();
        (generator, rows)
    };
    for line in std::io::stdin().lock().lines() {
        let start = Instant::now();
        let images = generator.images(&rows, None, NoiseMode::Stored).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let line = line.unwrap();
        if !line.is_empty() {
            let values = images.iter().flat_map(gan_lab::synthesis::Image::planes);
            let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
            std::fs::write(line, bytes).unwrap();
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim().to_owned();
        println!("{seconds} {peak}");
    }
}

#[cfg(not(feature = "torch"))]
fn main() {}
