//! The smallest game (Mescheder, Geiger and Nowozin 2018, section 2): one real point at 0, one generated at theta, and the
//! discriminator f(x) = psi x. Each objective's way through it is known; the numbers are those of the authors' notebook
//! (500 steps of rate 0.2), whose discriminator is low on real points, so that its psi is minus ours.

use super::penalties::{self, Penalised};
use super::{Constraint, Game, constraints, rules};

/// In which order the two networks step.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// Both at once.
    Together,
    /// The generator, then the discriminator so many times.
    GeneratorFirst(u32),
}

/// How far (psi, theta) ends from (0, 0), where neither has anything to gain.
fn distance(game: Game, order: Order) -> f64 {
    const RATE: f64 = 0.2;
    let (mut psi, mut theta) = (-1.0_f64, 1.0_f64);
    let by_theta = |psi: f64, theta: f64| {
        let mut slope = [0.0];
        game.generator(&[0.0], &[psi * theta], &mut slope);
        slope[0] * psi
    };
    let by_psi = |psi: f64, theta: f64| {
        let (mut real, mut fake) = ([0.0], [0.0]);
        game.critic(&[0.0], &[psi * theta], [&mut real, &mut fake]);
        let mut slope = [psi];
        let penalty = game.penalty.map_or(0.0, |p| {
            p.penalty.law.of_gradient(&mut slope);
            p.weight * slope[0]
        });
        fake[0] * theta + penalty
    };
    let step = |psi: &mut f64, slope: f64| {
        *psi -= RATE * slope;
        if let Constraint::Clip(bound) = game.constraint {
            constraints::clip(std::slice::from_mut(psi), bound);
        }
    };
    for _ in 0..500 {
        let generators = by_theta(psi, theta);
        match order {
            Order::Together => {
                let critics = by_psi(psi, theta);
                theta -= RATE * generators;
                step(&mut psi, critics);
            }
            Order::GeneratorFirst(steps) => {
                theta -= RATE * generators;
                (0..steps).for_each(|_| {
                    let slope = by_psi(psi, theta);
                    step(&mut psi, slope);
                });
            }
        }
    }
    psi.hypot(theta)
}

#[test]
fn every_objective_ends_where_it_is_known_to_end() {
    let penalised = |penalty, weight| Some(Penalised { penalty, weight, every: 1, end: 1.0 });
    let [gan, other, wasserstein] = [rules::SATURATING, rules::NON_SATURATING, rules::WASSERSTEIN].map(Game::of);
    let games = [
        ("GAN", gan, [3.097, 1.421, 1.845]),
        ("non-saturating", other, [0.640, 0.284, 0.139]),
        ("WGAN", Game { constraint: Constraint::Clip(1.0), ..wasserstein }, [1.002, 1.024, 0.917]),
        // Of the penalty's slope the notebook has half.
        ("WGAN-GP", Game { penalty: penalised(penalties::WGAN_GP, 0.35), ..wasserstein }, [1.802, 1.221, 0.716]),
        ("GAN + R1", Game { penalty: penalised(penalties::R1, 0.3), ..gan }, [0.0; 3]),
        ("GAN + critical R1", Game { penalty: penalised(penalties::R1, 1.0), ..gan }, [0.0; 3]),
        ("non-saturating + R1", Game { penalty: penalised(penalties::R1, 0.3), ..other }, [0.0; 3]),
    ];
    for (name, game, expected) in games {
        let orders = [Order::Together, Order::GeneratorFirst(1), Order::GeneratorFirst(5)];
        for (order, expected) in orders.into_iter().zip(expected) {
            let got = distance(game, order);
            assert!((got - expected).abs() < 6e-4, "{name}, {order:?}: {got} for {expected}");
        }
    }
}
