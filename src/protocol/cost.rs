//! What a training takes of one core, roughly: before hours begin, a person is told of them.
//!
//! Counted are the multiplications and additions of the networks' layers, as many as each iteration has, over what an engine does
//! of them in a second on a core with AVX2, and what it takes for an iteration whatever its size.

use crate::config::{EngineKind, RunConfig, UpdateOrder};
use crate::nets::mlp::{Layer, Mlp};

/// Operations in a second of one core, and seconds for an iteration of nothing.
const FUSED: (f64, f64) = (150e9, 5e-5);
const TORCH: (f64, f64) = (45e9, 5e-4);
const PLAIN: (f64, f64) = (4e9, 1e-4);

/// About how many seconds so many iterations take.
pub fn seconds(config: &RunConfig, iterations: u64) -> f64 {
    let (rate, each) = match config.engine {
        EngineKind::Fused | EngineKind::Auto => FUSED,
        EngineKind::Torch => TORCH,
        EngineKind::Plain => PLAIN,
    };
    iterations as f64 * (operations(config) / rate + each)
}

/// A time in words: seconds, minutes, hours or days.
pub fn in_words(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 90.0 => (s, "s"),
        s if s < 5400.0 => (s / 60.0, "min"),
        s if s < 172_800.0 => (s / 3600.0, "h"),
        s => (s / 86_400.0, "days"),
    };
    if number < 9.5 && unit != "s" { format!("{number:.1} {unit}") } else { format!("{number:.0} {unit}") }
}

/// Operations of an iteration. A forward pass of a layer has two for each weight and sample; a backward pass twice that, or as
/// many where the gradient by the points alone is taken.
fn operations(config: &RunConfig) -> f64 {
    let [generator, critic] =
        [Mlp::generator(config), Mlp::discriminator(config)].map(|network| 2.0 * weights(&network));
    let (batch, scores, steps) = (config.batch_size as f64, config.packs() as f64, config.real_batches() as f64);
    let pass = critic * scores;
    // A penalty is at points of its own, or costs each of the loss's own one more pass.
    let penalty = if config.game().penalty.is_some() { 4.0 * pass } else { 0.0 };
    // With the generator first its points serve the first critic step too.
    let generated = match config.update_order {
        UpdateOrder::GeneratorFirst => steps - 1.0,
        UpdateOrder::CriticFirst => steps,
    };
    let of_critic = generated * generator * batch + steps * (6.0 * pass + penalty);
    let of_generator = 3.0 * generator * batch + 2.0 * pass;
    // Steps forward, and the two second derivatives back, of real and of generated points.
    let unrolled = config.unroll.map_or(0.0, |steps| 18.0 * pass * steps as f64);
    of_critic + of_generator + unrolled
}

fn weights(network: &Mlp) -> f64 {
    let of = |layer: &Layer| if let Layer::Linear { inputs, outputs, .. } = *layer { inputs * outputs } else { 0 };
    network.layers().iter().map(of).sum::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ALL, Protocol};

    fn config(protocol: &str, method: &str) -> RunConfig {
        let protocol = Protocol::named(protocol).unwrap();
        protocol.method(method).unwrap().config(protocol, 1000, 0).unwrap()
    }

    /// Counted by hand, in millions.
    #[test]
    fn operations_are_those_of_the_layers() {
        for (protocol, method, millions) in [
            ("grid3", "vanilla", 107.0),
            ("grid3", "pacgan2", 73.0),
            ("unrolled", "unrolled0", 289.0),
            ("unrolled", "unrolled5", 1830.0),
            ("wgan-gp-ring", "wgan-gp", 16_155.0),
            ("wgan-gp-ring", "wgan", 10_771.0),
            // A pass of the discriminator that both networks can share is counted twice here.
            ("pacgan-ring", "gan", 852.0 + 80.0),
            ("pacgan-ring", "pacgan4", 1727.0 + 82.0),
        ] {
            let found = operations(&config(protocol, method)) / 1e6;
            assert!((found / millions - 1.0).abs() < 0.01, "{protocol}, {method}: {found} for {millions}");
        }
    }

    #[test]
    fn times_are_in_words_that_say_something() {
        for (seconds, words) in
            [(0.2, "0 s"), (72.4, "72 s"), (95.0, "1.6 min"), (1700.0, "28 min"), (9000.0, "2.5 h"), (1e6, "12 days")]
        {
            assert_eq!(in_words(seconds), words);
        }
        for protocol in ALL {
            for method in protocol.recipe.methods {
                let config = method.config(protocol, 10, 0).unwrap();
                let [some, more] = [10, 1000].map(|iterations| seconds(&config, iterations));
                assert!(some > 0.0 && (more / some - 100.0).abs() < 1e-9, "{}", method.name);
            }
        }
    }
}
