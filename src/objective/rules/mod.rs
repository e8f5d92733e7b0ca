//! Score rules: what the two networks pay for the scores of a batch. To add one: a file with its formula, and a line in
//! [`ALL`].

mod hinge;
mod least_squares;
mod minimax;
mod non_saturating;
mod paired;
mod ragan;
mod rpgan;
mod wasserstein;

use super::Term;

/// Every rule.
pub static ALL: [&Rule; 8] = [
    &minimax::RULE,
    &non_saturating::RULE,
    &least_squares::RULE,
    &hinge::RULE,
    &wasserstein::RULE,
    &rpgan::RULE,
    &ragan::RULE,
    &paired::RULE,
];

/// The lab's GAN.
pub static SATURATING: &Rule = &minimax::RULE;
/// The GAN whose generator's slope does not vanish.
pub static NON_SATURATING: &Rule = &non_saturating::RULE;
/// The Wasserstein models'.
pub static WASSERSTEIN: &Rule = &wasserstein::RULE;

/// What the scores of a batch cost.
#[derive(Debug)]
pub struct Rule {
    /// The word for it in configs, options and file names.
    pub name: &'static str,
    /// The name as papers write it.
    pub title: &'static str,
    /// What it is, in one line.
    pub help: &'static str,
    /// How scores meet.
    pub meets: Meets,
    /// Whether scores are logits: differences of log-odds.
    pub logits: bool,
    /// The score at which the discriminator cannot tell; None where only differences of scores mean something.
    pub blind: Option<f64>,
}

/// How the scores of a batch meet in a loss.
#[derive(Clone, Copy, Debug)]
pub enum Meets {
    /// Each for itself.
    Alone(Alone),
    /// A real and a generated one.
    Pairs(Pairs),
    /// Each with the mean of the others' kind; needs the whole batch at once.
    Means(Means),
    /// There is one score for a real and a generated point side by side.
    Sides(Sides),
}

/// Terms of single scores.
#[derive(Clone, Copy, Debug)]
pub struct Alone {
    /// The discriminator's, for a real point's score.
    pub real: fn(f64) -> Term,
    /// The discriminator's, for a generated point's score.
    pub fake: fn(f64) -> Term,
    /// The generator's, for a generated point's score.
    pub generator: fn(f64) -> Term,
}

/// Terms of differences between the scores of a real and a generated point.
#[derive(Clone, Copy, Debug)]
pub struct Pairs {
    /// The discriminator's, for r - f.
    pub critic: fn(f64) -> Term,
    /// The generator's, for f - r.
    pub generator: fn(f64) -> Term,
}

/// Terms of differences between a score and the mean of the other kind's; the loss is half their sum. The generator has
/// the kinds change places.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    /// For those that are to be high: r - mean(f).
    pub high: fn(f64) -> Term,
    /// For those that are to be low: f - mean(r).
    pub low: fn(f64) -> Term,
}

/// Terms of the score that a real and a generated point have together, and of 1 where the real one stands first, else 0.
#[derive(Clone, Copy, Debug)]
pub struct Sides {
    /// The discriminator's.
    pub critic: fn(f64, f64) -> Term,
    /// The generator's.
    pub generator: fn(f64, f64) -> Term,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Rule {
    /// Whether a real and a generated point have one score.
    pub const fn has_sides(&self) -> bool {
        matches!(self.meets, Meets::Sides(_))
    }

    /// Whether real points have a label, which may be smoothed.
    pub const fn takes_labels(&self) -> bool {
        self.logits && matches!(self.meets, Meets::Alone(_))
    }

    /// The rule of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|rule| rule.name == name)
    }
}

impl Means {
    /// The loss times the batch's size, and its derivatives by the scores that are to be high and to be low.
    pub(super) fn loss(&self, [high, low]: [&[f64]; 2], [by_high, by_low]: [&mut [f64]; 2]) -> f64 {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (of_high, of_low) = (mean(high), mean(low));
        let sum = super::each(high, by_high, |score| (self.high)(score - of_low))
            + super::each(low, by_low, |score| (self.low)(score - of_high));
        // A score moves its own term, and all of the other kind's through the mean.
        let (slope_high, slope_low) = (mean(by_high), mean(by_low));
        for (slopes, others) in [(by_high, slope_low), (by_low, slope_high)] {
            for slope in slopes {
                *slope = (*slope - others) / 2.0;
            }
        }
        sum / 2.0
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "exact numbers are meant")]
mod tests {
    use super::super::{Curvature, Game};
    use super::*;

    const SCORES: [f64; 7] = [-30.0, -2.0, -0.1, 0.2, 0.7, 5.0, 40.0];

    /// Of the rules that score points of one kind.
    fn games() -> Vec<Game> {
        let smoothed =
            ALL.into_iter().filter(|rule| rule.takes_labels()).map(|rule| Game { real_label: 0.9, ..Game::of(rule) });
        let drifting = ALL.into_iter().filter(|rule| !rule.has_sides());
        let drifting = drifting.map(|rule| Game { drift: 0.3, ..Game::of(rule) });
        ALL.into_iter().filter(|rule| !rule.has_sides()).map(Game::of).chain(smoothed).chain(drifting).collect()
    }

    /// A network's loss times the batch's size, and its derivatives: by real and by generated scores.
    fn losses(game: &Game, real: &[f64], fake: &[f64]) -> [(f64, [Vec<f64>; 2]); 2] {
        let n = real.len();
        let (mut by_real, mut by_fake, mut generator) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let critic = game.critic(real, fake, [&mut by_real, &mut by_fake]);
        let value = game.generator(real, fake, &mut generator);
        [(critic, [by_real, by_fake]), (value, [Vec::new(), generator])]
    }

    #[test]
    fn a_discriminator_that_cannot_tell_gives_the_blind_score() {
        for rule in ALL {
            let Meets::Alone(alone) = rule.meets else { continue };
            // Where both kinds are as likely the best score has no slope.
            let slope = |score: f64| (alone.real)(score).slope + (alone.fake)(score).slope;
            match rule.blind {
                Some(blind) => {
                    assert!(slope(blind).abs() < 1e-12, "{}", rule.name);
                    assert!(slope(blind + 2.0) > 0.0 && slope(blind - 2.0) < 0.0, "{}", rule.name);
                }
                None => assert!((-5..=5).all(|score| slope(f64::from(score)).abs() < 1e-12), "{}", rule.name),
            }
        }
    }

    /// Compares the slopes by real and by generated scores that `loss` gives beside its value with finite differences of
    /// the value.
    fn check_slopes(title: &str, loss: impl Fn(&[f64], &[f64]) -> (f64, [Vec<f64>; 2])) {
        let fake: Vec<f64> = SCORES.iter().rev().map(|s| s * 0.6 + 0.3).collect();
        let (_, slopes) = loss(&SCORES, &fake);
        for (kind, slopes) in slopes.iter().enumerate() {
            for (i, slope) in slopes.iter().enumerate() {
                let at = |shift: f64| {
                    let mut moved = [SCORES.to_vec(), fake.clone()];
                    moved[kind][i] += shift;
                    loss(&moved[0], &moved[1]).0
                };
                let numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((slope - numeric).abs() < 1e-6, "{title} {kind} {i}: {slope} for {numeric}");
            }
        }
    }

    #[test]
    fn every_slope_is_that_of_finite_differences() {
        for game in games() {
            for (network, name) in ["critic", "generator"].into_iter().enumerate() {
                let loss = |real: &[f64], fake: &[f64]| losses(&game, real, fake)[network].clone();
                check_slopes(&format!("{} {name}", game.title()), loss);
            }
        }
    }

    #[test]
    fn every_curvature_is_that_of_finite_differences_of_slopes() {
        let fake: Vec<f64> = SCORES.iter().rev().map(|s| s * 0.6 + 0.3).collect();
        for game in games() {
            let slopes = |real: &[f64], fake: &[f64]| losses(&game, real, fake)[0].1.clone();
            let Some(Curvature { alone, gaps }) = game.critic_curvature(&SCORES, &fake) else {
                assert_eq!(game.rule.name, "ragan");
                continue;
            };
            for (kind, alone) in alone.iter().enumerate() {
                for (i, (alone, gap)) in alone.iter().zip(&gaps).enumerate() {
                    let at = |shift: f64| {
                        let mut moved = [SCORES.to_vec(), fake.clone()];
                        moved[kind][i] += shift;
                        let slopes = slopes(&moved[0], &moved[1]);
                        [slopes[kind][i], slopes[1 - kind][i]]
                    };
                    let (above, below) = (at(1e-5), at(-1e-5));
                    // A score moves its own slope, and in a pair the other's against it.
                    for (j, exact) in [alone + gap, -gap].into_iter().enumerate() {
                        let numeric = (above[j] - below[j]) / 2e-5;
                        assert!((exact - numeric).abs() < 1e-6, "{} {kind} {i} {j}: {exact} {numeric}", game.title());
                    }
                }
            }
        }
    }

    /// The generator's loss through an unrolled discriminator, times the batch's size, and its derivatives by all scores.
    fn unrolled(game: &Game, real: &[f64], fake: &[f64]) -> (f64, [Vec<f64>; 2]) {
        let mut slopes = [vec![0.0; real.len()], vec![0.0; fake.len()]];
        let [by_real, by_fake] = &mut slopes;
        let value = game.unrolled_generator(real, fake, [by_real, by_fake]);
        (value, slopes)
    }

    #[test]
    fn every_slope_of_an_unrolled_loss_is_that_of_finite_differences() {
        for game in games().into_iter().filter(|game| !matches!(game.rule.meets, Meets::Means(_))) {
            check_slopes(&game.title(), |real, fake| unrolled(&game, real, fake));
        }
    }

    /// The notebook of Metz et al. has the saturating rule's generator maximise all that the discriminator minimises.
    #[test]
    fn in_a_game_of_sum_zero_an_unrolled_loss_is_the_discriminators_with_the_other_sign() {
        for (name, score, loss) in [
            ("saturating", 0.0, -2.0 * std::f64::consts::LN_2),
            ("wasserstein", 0.5, 0.0),
            ("non-saturating", 0.0, std::f64::consts::LN_2),
            ("hinge", 0.5, -0.5),
            ("rpgan", 0.5, std::f64::consts::LN_2),
        ] {
            let game = Game::of(Rule::named(name).unwrap());
            let (value, [by_real, _]) = unrolled(&game, &[score; 3], &[score; 3]);
            assert!((value / 3.0 - loss).abs() < 1e-12, "{name}: {value}");
            // Alone and with a loss of its own the generator does not look at real points.
            let looks = !["non-saturating", "hinge"].contains(&name);
            assert!(by_real.iter().all(|slope| (*slope > 0.0) == looks), "{name}: {by_real:?}");
        }
    }

    #[test]
    fn no_score_overflows_a_loss_that_is_not_that_large_itself_and_nan_stays() {
        for game in games() {
            // A square overflows single precision's largest numbers, no double.
            let real = [3e38, -3e38, 1e4, -1e4];
            let fake = [-3e38, 3e38, -1e4, 1e4];
            for (value, slopes) in losses(&game, &real, &fake) {
                assert!(value.is_finite(), "{}: {value}", game.title());
                assert!(slopes.iter().flatten().all(|slope| slope.is_finite()), "{}: {slopes:?}", game.title());
            }
            let [(critic, _), (generator, _)] = losses(&game, &[f64::NAN, 1.0], &[f64::NAN, 1.0]);
            assert!(critic.is_nan() && generator.is_nan(), "{}: divergence must show", game.title());
        }
    }

    #[test]
    fn a_blind_discriminator_has_the_losses_that_papers_name() {
        let log2 = std::f64::consts::LN_2;
        for (name, score, critic, generator) in [
            ("saturating", 0.0, 2.0 * log2, -log2),
            ("non-saturating", 0.0, 2.0 * log2, log2),
            ("least-squares", 0.5, 0.25, 0.125),
            ("hinge", 0.0, 2.0, 0.0),
            ("wasserstein", 0.0, 0.0, 0.0),
            ("rpgan", 0.0, log2, log2),
            ("ragan", 0.0, log2, log2),
        ] {
            let game = Game::of(Rule::named(name).unwrap());
            let [(d, _), (g, _)] = losses(&game, &[score; 3], &[score; 3]);
            assert!((d / 3.0 - critic).abs() < 1e-12 && (g / 3.0 - generator).abs() < 1e-12, "{name}: {d} {g}");
        }
    }

    #[test]
    fn every_rule_wants_real_scores_high_and_the_generator_its_own() {
        for game in games() {
            let [(_, [by_real, by_fake]), (_, [_, generator])] = losses(&game, &[0.3, 0.2], &[0.1, 0.4]);
            let title = game.title();
            assert!(by_real.iter().all(|slope| *slope < 0.0), "{title}: {by_real:?}");
            assert!(by_fake.iter().all(|slope| *slope > 0.0), "{title}: {by_fake:?}");
            assert!(generator.iter().all(|slope| *slope < 0.0), "{title}: {generator:?}");
        }
    }

    #[test]
    fn parts_of_a_batch_add_up_where_scores_do_not_need_the_whole() {
        let fake: Vec<f64> = SCORES.iter().map(|s| s * 0.3).collect();
        for game in games().into_iter().filter(|game| !matches!(game.rule.meets, Meets::Means(_))) {
            let [(whole, slopes), _] = losses(&game, &SCORES, &fake);
            let parts = [0..3, 3..7].map(|part| losses(&game, &SCORES[part.clone()], &fake[part])[0].clone());
            assert!((whole - parts[0].0 - parts[1].0).abs() < 1e-9, "{}", game.title());
            assert_eq!(slopes[0], [&parts[0].1[0][..], &parts[1].1[0]].concat(), "{}", game.title());
        }
    }

    #[test]
    fn names_are_words_and_unique() {
        for (i, rule) in ALL.iter().enumerate() {
            assert!(rule.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", rule.name);
            assert!(ALL[..i].iter().all(|other| other.name != rule.name && other.title != rule.title));
            assert_eq!(Rule::named(rule.name), Some(*rule));
        }
    }

    #[test]
    fn a_smoothed_label_is_the_cross_entropy_with_that_label() {
        let game = Game { real_label: 0.9, ..Game::of(SATURATING) };
        for r in [-2.0_f64, 0.0, 3.0] {
            let [(value, _), _] = losses(&game, &[r], &[0.0]);
            let softplus = (1.0 + r.exp()).ln();
            assert!((value - std::f64::consts::LN_2 - (softplus - 0.9 * r)).abs() < 1e-12);
        }
    }
}
