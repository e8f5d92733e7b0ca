//! Times the synthesis of pictures: `cargo bench --bench synthesis -- FILE [threads]`, FILE being what
//! bench_synthesis.py writes. Reads a line from standard input before each picture and answers with seconds and the
//! process's peak memory.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, missing_docs, reason = "a benchmark")]

#[path = "../tests/it/generators.rs"]
mod generators;

fn main() {
    use std::io::BufRead as _;
    use std::time::Instant;

    use gan_lab::config::Device;
    use gan_lab::synthesis::{Generator, NoiseMode, Truncation};

    gan_lab::memory::keep_freed();
    let Some(path) = std::env::args().nth(1).filter(|path| path.ends_with(".safetensors")) else { return };
    let threads = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(0);
    let (generator, rows) = {
        let numbers = generators::Numbers::read(path.as_ref());
        let generator = Generator::new(&numbers.weights(), Device::Cpu, threads).unwrap();
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
