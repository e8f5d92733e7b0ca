//! The hinge loss (Lim and Ye 2017; Miyato et al. 2018, equations 16 and 17), meant to go with spectral normalisation:
//!
//! - discriminator: L = mean(max(0, 1 - r)) + mean(max(0, 1 + f)), at 2 when every score is 0;
//! - generator: L = -mean(f).

use super::super::Term;
use super::wasserstein::high;
use super::{Alone, Meets, Rule};

pub(super) static RULE: Rule = Rule {
    name: "hinge",
    title: "hinge",
    help: "Hinge loss: scores beyond a margin of 1 cost the discriminator nothing; meant for --constraint spectral-norm",
    meets: Meets::Alone(Alone { real, fake, generator: high }),
    logits: false,
    blind: Some(0.0),
};

fn real(score: f64) -> Term {
    let Term { value, slope, curvature } = fake(-score);
    Term { value, slope: -slope, curvature }
}

/// Written so that NaN stays.
fn fake(score: f64) -> Term {
    if score <= -1.0 { Term::line(0.0, 0.0) } else { Term::line(1.0 + score, 1.0) }
}
