//! How scores become tones: from the generated points' side to the real ones', symmetric about the score at which the
//! discriminator cannot tell.

use super::{Groups, Recorded};
use crate::objective::Rule;

/// The share of a field's scores that the scale of values spans; those beyond it have the full tone.
const SPANNED: f64 = 0.98;

/// The scale of a run's scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    /// For each frame the score at which the discriminator cannot tell: the rule's own, or else the middle between the mean
    /// scores of training and of generated points.
    pub centre: Vec<f64>,
    /// Whether that is the middle between means.
    pub is_middle: bool,
    /// What is told about a score.
    pub span: Span,
}

/// What is told about a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    /// For a logit, the probability that a point is real: 2 D - 1.
    Probability,
    /// For a value, its distance from the centre, up to this, which is the run's.
    Value(f64),
}

impl Tone {
    /// The scale of what was recorded under a rule; None of a run without a field.
    pub fn of(rule: &Rule, recorded: &Recorded) -> Option<Self> {
        let field = recorded.field.as_ref()?;
        let middle = |frame: usize| match recorded.scores.as_ref().and_then(|scores| scores.get(frame)) {
            Some(groups) => between_means(groups),
            None => field.get(frame).map_or(0.0, |field| quantile(field.iter().map(|&x| f64::from(x)).collect(), 0.5)),
        };
        let centre: Vec<f64> = (0..field.len()).map(|frame| rule.blind.unwrap_or_else(|| middle(frame))).collect();
        let span = if rule.logits {
            Span::Probability
        } else {
            let reach = |(field, centre): (&Vec<f32>, &f64)| {
                quantile(field.iter().map(|&x| (f64::from(x) - centre).abs()).collect(), SPANNED)
            };
            let most = field.iter().zip(&centre).map(reach).fold(0.0, f64::max);
            Span::Value(if most > 0.0 { most } else { 1.0 })
        };
        Some(Self { centre, is_middle: rule.blind.is_none(), span })
    }

    /// The tone of a score in a frame: -1 for a generated point's, 1 for a real one's, 0 where the discriminator cannot tell.
    pub fn at(&self, frame: usize, score: f64) -> f64 {
        let away = score - self.centre.get(frame).copied().unwrap_or_default();
        match self.span {
            Span::Probability => (away / 2.0).tanh(),
            Span::Value(most) => (away / most).clamp(-1.0, 1.0),
        }
    }

    /// The score of a tone in a frame, between -1 and 1.
    pub fn score(&self, frame: usize, tone: f64) -> f64 {
        let away = match self.span {
            Span::Probability => 2.0 * tone.atanh(),
            Span::Value(most) => tone * most,
        };
        self.centre.get(frame).copied().unwrap_or_default() + away
    }
}

/// The middle between the mean scores of training and of generated points.
pub(in super::super) fn between_means([train, _, generated]: &Groups) -> f64 {
    let mean = |x: &[f32]| x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len().max(1) as f64;
    f64::midpoint(mean(train), mean(generated))
}

/// The number that this share of them does not exceed, of those that are finite; 0 of none.
pub(in super::super) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.retain(|x| x.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::rules;

    fn recorded(scale: f32) -> Recorded {
        let field = |frame: f32| (0..100).map(|i| scale * frame * (i as f32 / 99.0 - 0.25)).collect();
        let scores = |frame: f32| [vec![frame; 2], vec![0.0; 2], vec![-3.0 * frame; 2]];
        Recorded {
            field: Some(vec![field(1.0), field(2.0)]),
            scores: Some(vec![scores(1.0), scores(2.0)]),
            ..Recorded::default()
        }
    }

    #[test]
    fn a_tone_is_symmetric_about_the_blind_score() {
        for rule in rules::ALL {
            let tone = Tone::of(rule, &recorded(8.0)).unwrap();
            for frame in 0..2 {
                let centre = rule.blind.unwrap_or(-1.0 - frame as f64);
                assert!((tone.centre[frame] - centre).abs() < 1e-9, "{}", rule.name);
                for away in [0.0, 0.1, 0.7, 4.0, 1e30] {
                    let [above, below] = [1.0, -1.0].map(|sign| tone.at(frame, centre + sign * away));
                    assert!((above + below).abs() < 1e-9 && (0.0..=1.0).contains(&above), "{} {away}", rule.name);
                }
                let back = tone.score(frame, tone.at(frame, centre + 0.3));
                assert!((back - centre - 0.3).abs() < 1e-9, "{}: {back}", rule.name);
            }
        }
        assert!(Tone::of(rules::WASSERSTEIN, &Recorded::default()).is_none());
    }

    #[test]
    fn logits_are_told_as_probabilities_and_values_by_the_runs_largest() {
        let gan = Tone::of(rules::SATURATING, &recorded(8.0)).unwrap();
        // D = 3/4.
        assert!((gan.at(0, 3.0_f64.ln()) - 0.5).abs() < 1e-12);
        let wgan = Tone::of(rules::WASSERSTEIN, &recorded(8.0)).unwrap();
        let Span::Value(most) = wgan.span else { panic!() };
        // Frame 1 spans -4 to 12 about -2: 98 of 100 are no farther than 13.7.
        assert!((13.0..14.0).contains(&most), "{most}");
        // A field of one value has a scale too.
        let flat = Recorded { field: Some(vec![vec![3.0; 9]]), ..Recorded::default() };
        assert!(Tone::of(rules::WASSERSTEIN, &flat).unwrap().at(0, 3.0).abs() < 1e-12);
    }
}
