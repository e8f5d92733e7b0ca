//! The game x y, the smallest in which two players circle: one lowers it by x, the other raises it by y. From (1, 1), with
//! the rate 0.2, 500 iterations of both players at once end where each method is known to end (Gidel et al. 2019, figure 1;
//! Chavdarova et al. 2021, section 3): descent leaves, what looks ahead arrives.

use super::{AdamOptions, AdamwOptions, BUFFERS, Optim, RmspropOptions, Update, lookahead};

/// So large that an Adam without memory divides by it alone, and is plain descent with the rate lr / it.
const BLUNT: f64 = 1e12;

struct Player {
    at: [f64; 1],
    slow: [f64; 1],
    buffers: [[f64; 1]; BUFFERS],
}

impl Player {
    fn new() -> Self {
        Self { at: [1.0], slow: [1.0], buffers: [[0.0]; BUFFERS] }
    }

    fn step(&mut self, optim: &Optim, lr: f64, taken: u64, gradient: f64) {
        let mut names = optim.buffer_names().into_iter();
        let buffers = self.buffers.each_mut().map(|buffer| match names.next().flatten() {
            Some(_) => &mut buffer[..],
            None => &mut [],
        });
        Update::new(optim, lr, taken).apply(&mut self.at, &[gradient], buffers);
    }
}

/// How far (x, y) ends from (0, 0), with slow weights that take over every so many iterations.
fn distance(optim: &Optim, lr: f64, sync: Option<(u64, f64)>) -> f64 {
    let (mut players, mut taken) = ([Player::new(), Player::new()], 0);
    for iteration in 1..=500 {
        for _ in 0..optim.steps_in_one() {
            let [x, y] = players.each_ref().map(|player| player.at[0]);
            for (player, gradient) in players.iter_mut().zip([y, -x]) {
                player.step(optim, lr, taken, gradient);
            }
            taken += 1;
        }
        if let Some((every, step)) = sync
            && iteration % every == 0
        {
            for player in &mut players {
                lookahead::sync(&mut player.slow, &mut player.at, step);
            }
        }
    }
    let [x, y] = players.map(|player| player.at[0]);
    x.hypot(y)
}

/// The optimiser as plain descent with the rate 0.2, but for what is its own; and the rate that makes it so.
fn blunt(of: &Optim) -> (Optim, f64) {
    let adam = AdamOptions { betas: [0.0; 2], eps: BLUNT, ..AdamOptions::DEFAULT };
    let blunt = match *of {
        Optim::Sgd(options) => return (Optim::Sgd(options), 0.2),
        Optim::Rmsprop(options) => Optim::Rmsprop(RmspropOptions { alpha: 0.0, eps: BLUNT, ..options }),
        Optim::Adam(_) => Optim::Adam(adam),
        Optim::Adamw(options) => {
            Optim::Adamw(AdamwOptions { betas: [0.0; 2], eps: BLUNT, weight_decay: 0.0, ..options })
        }
        Optim::OptimisticAdam(_) => Optim::OptimisticAdam(adam),
        Optim::ExtraAdam(_) => Optim::ExtraAdam(adam),
    };
    (blunt, 0.2 * BLUNT)
}

#[test]
fn every_optimiser_ends_where_it_is_known_to_end() {
    for of in Optim::ALL_DEFAULTS {
        let (optim, lr) = blunt(&of);
        // The distance, how near to it, and the distance with slow weights round it.
        let (expected, within, slowly) = match of {
            Optim::Sgd(_) | Optim::Rmsprop(_) | Optim::Adam(_) | Optim::Adamw(_) => (25_636.0, 0.5, Some(0.0007)),
            Optim::OptimisticAdam(_) => (0.0, 5e-5, None),
            Optim::ExtraAdam(_) => (0.0001, 5e-5, None),
        };
        let got = distance(&optim, lr, None);
        assert!((got - expected).abs() < within, "{}: {got} for {expected}", of.title());
        let got = distance(&optim, lr, Some((5, 0.5)));
        let near = slowly.map_or(got < 0.1, |expected| (got - expected).abs() < 5e-5);
        assert!(near, "lookahead round {}: {got}", of.title());
    }
}
