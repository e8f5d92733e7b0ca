//! Codes, and steps along directions.

use tch::{Device, Kind, Tensor};

use super::{Directions, SefaError};

/// Latent codes, one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// Numbers in a code.
    pub latent_dim: usize,
    /// The codes.
    pub values: Vec<f32>,
}

/// Draws codes as the lab and genforce do: `torch.manual_seed(seed)`, then `torch.randn(n, latent)` on the CPU, so
/// that a published picture of "seed 0" shows the same. With `normalise` they are brought to length sqrt(latent), as
/// genforce's own script does before it edits.
pub fn draw_codes(seed: u64, n: usize, latent_dim: usize, normalise: bool) -> Result<Codes, SefaError> {
    tch::manual_seed(seed as i64);
    let mut codes = Tensor::f_randn([n as i64, latent_dim as i64], (Kind::Float, Device::Cpu))?;
    if normalise {
        let mean = codes.f_square()?.f_mean_dim([1_i64].as_slice(), true, None::<Kind>)?;
        codes = codes.f_mul(&mean.f_add_scalar(1e-8)?.f_rsqrt()?)?;
    }
    Ok(Codes { latent_dim, values: Vec::try_from(&codes.f_view([-1])?)? })
}

impl Codes {
    /// One of them.
    pub fn code(&self, index: usize) -> &[f32] {
        &self.values[index * self.latent_dim..][..self.latent_dim]
    }

    /// One of them after a step along a direction.
    pub fn edited(&self, index: usize, directions: &Directions, direction: usize, distance: f64) -> Vec<f32> {
        let step = directions.vector(direction);
        self.code(index).iter().zip(step).map(|(&z, &d)| z + (distance * d) as f32).collect()
    }
}

/// How far the steps go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distances {
    /// The first.
    pub start: f64,
    /// The last.
    pub end: f64,
    /// How many, evenly from first to last.
    pub steps: usize,
}

impl Distances {
    /// All of them.
    pub fn all(&self) -> Vec<f64> {
        let span = self.end - self.start;
        let at =
            |i: usize| if self.steps > 1 { self.start + span * i as f64 / (self.steps - 1) as f64 } else { self.start };
        // What should be 0 is 0, not a rounding error beside it.
        (0..self.steps).map(at).map(|d| if d.abs() < span.abs() * 1e-12 { 0.0 } else { d }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_0_draws_pytorchs_numbers() {
        let codes = draw_codes(0, 5, 512, false).unwrap();
        for (got, expected) in codes.values.iter().zip([-1.1258, -1.1524, -0.2506, -0.4339]) {
            assert!((got - expected).abs() < 1e-4, "{got} for {expected}");
        }
        assert_eq!(codes.values.len(), 5 * 512);
    }

    #[test]
    fn normalised_codes_have_length_root_of_their_dimension() {
        let codes = draw_codes(3, 2, 64, true).unwrap();
        for i in 0..2 {
            let length = codes.code(i).iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length - 8.0).abs() < 1e-3);
        }
    }

    #[test]
    fn distances_are_linspaces_with_a_true_zero() {
        let lab = Distances { start: -2.0, end: 2.0, steps: 21 }.all();
        assert_eq!((lab.len(), lab[0], lab[10], lab[20]), (21, -2.0, 0.0, 2.0));
        assert!((lab[1] + 1.8).abs() < 1e-12);
        assert_eq!(Distances { start: 1.0, end: 3.0, steps: 1 }.all(), [1.0]);
    }

    #[test]
    fn a_step_forward_and_the_turned_direction_backward_are_one() {
        let codes = Codes { latent_dim: 2, values: vec![0.5, -0.5] };
        let along =
            |sign: f64| Directions { latent_dim: 2, vectors: vec![0.6 * sign, 0.8 * sign], eigenvalues: vec![1.0] };
        assert_eq!(codes.edited(0, &along(1.0), 0, 2.0), codes.edited(0, &along(-1.0), 0, -2.0));
        assert_eq!(codes.edited(0, &along(1.0), 0, 0.0), codes.values);
    }
}
