//! What the two networks minimise, in parts: a score rule, a penalty on the critic's gradient, a constraint on its
//! parameters. Each part is a file with its formula, sign and source, and a line in a list.
//!
//! All losses are minimised. Scores are the discriminator's raw outputs, r_i = f(x_i) for real points and f_i = f(G(z_i))
//! for generated ones, high for real: logits for a GAN, the critic's values for a Wasserstein model. Every part gives its
//! value *and* its slope as plain numbers, so that one definition serves all engines: the sum of slope times score, with
//! the slopes held constant, has exactly the loss's gradient (`torch.rs`).

pub mod constraints;
#[cfg(test)]
mod dirac;
pub mod penalties;
pub mod rules;
#[cfg(feature = "torch")]
pub mod torch;

pub use constraints::Constraint;
pub use penalties::{Penalised, Penalty};
pub use rules::{Meets, Rule};

use crate::real::Real;

/// What a score costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// Its value.
    pub value: f64,
    /// Its derivative by the score.
    pub slope: f64,
    /// Its second derivative, which steps that are unrolled go through.
    pub curvature: f64,
}

impl Term {
    /// One that has no curvature there.
    const fn line(value: f64, slope: f64) -> Self {
        Self { value, slope, curvature: 0.0 }
    }
}

/// The second derivatives of the discriminator's loss times the batch's size, which is a sum of terms of single scores and of
/// differences between a real and a generated one.
#[derive(Clone, Debug, PartialEq)]
pub struct Curvature {
    /// Of the terms of each real and of each generated score.
    pub alone: [Vec<f64>; 2],
    /// Of the terms of each difference; 0 where scores meet alone.
    pub gaps: Vec<f64>,
}

/// One of the two networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The discriminator, or critic.
    Discriminator,
    /// The generator.
    Generator,
}

/// The game that the two networks play.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Game {
    /// What the scores cost.
    pub rule: &'static Rule,
    /// The discriminator's label for real points: 1, or less to keep it from being sure of itself (one-sided label
    /// smoothing, Salimans et al. 2016, section 3.4).
    pub real_label: f64,
    /// What the discriminator pays for the mean square of real points' scores, so that these stay near 0 (Karras et al.
    /// 2018, appendix A.1, with 0.001); 0 for nothing.
    pub drift: f64,
    /// What the discriminator's gradient by its points costs.
    pub penalty: Option<Penalised>,
    /// What is done to the discriminator's parameters after each of its steps.
    pub constraint: Constraint,
}

impl Game {
    /// A rule and nothing else.
    pub const fn of(rule: &'static Rule) -> Self {
        Self { rule, real_label: 1.0, drift: 0.0, penalty: None, constraint: Constraint::None }
    }

    /// The discriminator's term for a real point's score, for a rule that takes scores alone.
    fn on_real(&self, alone: &rules::Alone, score: f64) -> Term {
        let real = (alone.real)(score);
        if self.real_label >= 1.0 {
            return real;
        }
        let fake = (alone.fake)(score);
        let mixed = |real: f64, fake: f64| self.real_label * real + (1.0 - self.real_label) * fake;
        Term {
            value: mixed(real.value, fake.value),
            slope: mixed(real.slope, fake.slope),
            curvature: mixed(real.curvature, fake.curvature),
        }
    }

    /// The discriminator's loss times the batch's size, and the derivatives of that by every score. Where the rule meets
    /// scores alone or in pairs, the scores may be part of a batch. A rule that has both kinds side by side has no such
    /// terms: [`Self::beside`].
    pub fn critic(&self, real: &[f64], fake: &[f64], [by_real, by_fake]: [&mut [f64]; 2]) -> f64 {
        let loss = self.critic_of_rule(real, fake, [&mut *by_real, by_fake]);
        if self.drift <= 0.0 {
            return loss;
        }
        by_real.iter_mut().zip(real).for_each(|(slope, score)| *slope += 2.0 * self.drift * score);
        loss + self.drift * real.iter().map(|score| score * score).sum::<f64>()
    }

    fn critic_of_rule(&self, real: &[f64], fake: &[f64], [by_real, by_fake]: [&mut [f64]; 2]) -> f64 {
        match self.rule.meets {
            Meets::Alone(alone) => {
                each(real, by_real, |score| self.on_real(&alone, score)) + each(fake, by_fake, alone.fake)
            }
            Meets::Pairs(pairs) => {
                let mut sum = 0.0;
                for (((&r, &f), by_r), by_f) in real.iter().zip(fake).zip(by_real).zip(by_fake) {
                    let term = (pairs.critic)(r - f);
                    sum += term.value;
                    (*by_r, *by_f) = (term.slope, -term.slope);
                }
                sum
            }
            Meets::Means(means) => means.loss([real, fake], [by_real, by_fake]),
            Meets::Sides(_) => 0.0,
        }
    }

    /// The second derivatives of [`Self::critic`]; None for a rule whose scores meet otherwise than alone or in pairs.
    pub fn critic_curvature(&self, real: &[f64], fake: &[f64]) -> Option<Curvature> {
        let of = |scores: &[f64], term: &dyn Fn(f64) -> Term| scores.iter().map(|&x| term(x).curvature).collect();
        let nothing = |scores: &[f64]| vec![0.0; scores.len()];
        let mut found = match self.rule.meets {
            Meets::Alone(alone) => Curvature {
                alone: [of(real, &|score| self.on_real(&alone, score)), of(fake, &alone.fake)],
                gaps: nothing(real),
            },
            Meets::Pairs(pairs) => {
                let gaps: Vec<f64> = real.iter().zip(fake).map(|(r, f)| r - f).collect();
                Curvature { alone: [nothing(real), nothing(fake)], gaps: of(&gaps, &pairs.critic) }
            }
            Meets::Means(_) | Meets::Sides(_) => return None,
        };
        found.alone[0].iter_mut().for_each(|curvature| *curvature += 2.0 * self.drift);
        Some(found)
    }

    /// The generator's loss times the batch's size, and the derivatives of that by the generated points' scores. A rule
    /// that takes scores alone does not look at the real ones.
    pub fn generator(&self, real: &[f64], fake: &[f64], by_fake: &mut [f64]) -> f64 {
        match self.rule.meets {
            Meets::Alone(alone) => each(fake, by_fake, alone.generator),
            Meets::Pairs(pairs) => {
                let mut sum = 0.0;
                for ((&r, &f), by_f) in real.iter().zip(fake).zip(by_fake) {
                    let term = (pairs.generator)(f - r);
                    sum += term.value;
                    *by_f = term.slope;
                }
                sum
            }
            Meets::Means(means) => {
                let mut by_real = vec![0.0; real.len()];
                means.loss([fake, real], [by_fake, &mut by_real])
            }
            Meets::Sides(_) => 0.0,
        }
    }

    /// The generator's loss times the batch's size where the discriminator's weights move with the generated points, and the
    /// derivatives of that by every score. In a game of sum zero it is all that the discriminator minimises, with the other sign,
    /// for real points' scores move with those weights too (Metz et al. 2017, equation 8).
    pub fn unrolled_generator(&self, real: &[f64], fake: &[f64], [by_real, by_fake]: [&mut [f64]; 2]) -> f64 {
        if self.is_of_sum_zero() {
            let loss = self.critic(real, fake, [&mut *by_real, &mut *by_fake]);
            by_real.iter_mut().chain(by_fake).for_each(|slope| *slope = -*slope);
            return -loss;
        }
        let loss = self.generator(real, fake, by_fake);
        let meets = self.generator_meets_real();
        // In pairs what a generated score gains a real one loses.
        by_real.iter_mut().zip(by_fake).for_each(|(real, fake)| *real = if meets { -*fake } else { 0.0 });
        loss
    }

    /// Whether the generator minimises of a generated point's score what the discriminator maximises.
    fn is_of_sum_zero(&self) -> bool {
        let Meets::Alone(alone) = self.rule.meets else { return false };
        let sum = |score: f64| (alone.generator)(score).value + (alone.fake)(score).value;
        [-2.0, -0.5, 0.0, 0.5, 2.0].into_iter().all(|score| sum(score).abs() < 1e-12)
    }

    /// For a rule that has a real and a generated point side by side: a network's loss times the batch's size, and the
    /// derivatives of that by the scores; `real_first` is 1 where the real point stands first, else 0. The scores may be
    /// part of a batch.
    pub fn beside(&self, network: Network, scores: &[f64], real_first: &[f32], slopes: &mut [f64]) -> f64 {
        let Meets::Sides(sides) = self.rule.meets else { return 0.0 };
        let term = if network == Network::Discriminator { sides.critic } else { sides.generator };
        let mut sum = 0.0;
        for ((&score, &first), slope) in scores.iter().zip(real_first).zip(slopes) {
            let Term { value, slope: by_score, .. } = term(score, f64::from(first));
            sum += value;
            *slope = by_score;
        }
        sum
    }

    /// The penalty's weight in the discriminator's step after `taken` others, when this share of the run is done; None
    /// where that step has none.
    pub fn penalty_weight(&self, taken: u64, done: f64) -> Option<f64> {
        let Penalised { weight, every, end, .. } = self.penalty?;
        let left = if (end - 1.0).abs() > 0.0 { along_cosine(end, done) } else { 1.0 };
        taken.is_multiple_of(every).then_some(weight * every as f64 * left)
    }

    /// Where its penalty is taken.
    pub fn penalty_points(&self) -> &'static [penalties::Points] {
        self.penalty.map_or(&[], |penalised| penalised.penalty.points)
    }

    /// Whether the generator's step looks at real points' scores too.
    pub fn generator_meets_real(&self) -> bool {
        !matches!(self.rule.meets, Meets::Alone(_))
    }

    /// What it is called in file names: `rpgan-r1+r2`.
    pub fn name(&self) -> String {
        let penalty = self.penalty.map(|penalised| penalised.penalty.name);
        let drift = (self.drift > 0.0).then_some("drift");
        let parts = [Some(self.rule.name), penalty, drift, self.constraint.name()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("-")
    }

    /// What it is called in pictures: `RpGAN + R1 + R2`.
    pub fn title(&self) -> String {
        let penalty = self.penalty.map(|penalised| penalised.penalty.title);
        let drift = (self.drift > 0.0).then_some("drift");
        let parts = [Some(self.rule.title), penalty, drift, self.constraint.title()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" + ")
    }
}

fn each(scores: &[f64], slopes: &mut [f64], term: impl Fn(f64) -> Term) -> f64 {
    let mut sum = 0.0;
    for (&score, slope) in scores.iter().zip(slopes) {
        let term = term(score);
        sum += term.value;
        *slope = term.slope;
    }
    sum
}

/// Half a cosine from 1 to `end`, when this share of it is done.
pub fn along_cosine(end: f64, done: f64) -> f64 {
    end + (1.0 - end) * (1.0 + (std::f64::consts::PI * done).cos()) / 2.0
}

/// log(1 + e^x), which no x makes overflow.
fn softplus(x: f64) -> Term {
    let e = (-x.abs()).exp();
    let slope = if x > 0.0 { 1.0 } else { e } / (1.0 + e);
    Term { value: x.max(0.0) + e.ln_1p(), slope, curvature: e / ((1.0 + e) * (1.0 + e)) }
}

/// The weighted mean of two points: mix x + (1 - mix) y.
pub fn mixed<T: Real>(x: T, y: T, mix: T) -> T {
    mix * x + (T::ONE - mix) * y
}
