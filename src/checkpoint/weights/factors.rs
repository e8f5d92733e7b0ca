//! What SeFa factorises: the first step from a code into the generator, an affine map for each output unit (Shen and Zhou 2021,
//! equation 4).

use super::{Dense, GeneratorWeights};

/// The weights from a code to units, one unit after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// Of the code that is edited: z of a ProGAN, w of the others.
    pub code_dim: usize,
    /// How many units there are.
    pub units: usize,
    /// `[units, code_dim]`, row-major.
    pub weight: Vec<f32>,
}

/// A row of w that the network does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRow {
    /// The row asked for.
    pub asked: usize,
    /// How many there are.
    pub rows: usize,
}

impl GeneratorWeights {
    /// How many rows of w there are, each with a style of its own; 0 for a ProGAN, which has z alone.
    pub fn rows(&self) -> usize {
        match self {
            Self::ProGan(_) => 0,
            Self::StyleGan(weights) => weights.rows(),
            Self::StyleGan2(weights) => weights.rows(),
        }
    }

    /// The weights from the code to the units that these rows of w move, all rows where none is named. Row i of a StyleGAN is the
    /// style of layer i; of a StyleGAN2 that of convolution i, the last row that of the last layer to an image. A ProGAN has its
    /// first layer alone.
    pub fn factors(&self, rows: &[usize]) -> Result<Factors, NoRow> {
        if let Some(&asked) = rows.iter().find(|&&row| row >= self.rows()) {
            return Err(NoRow { asked, rows: self.rows() });
        }
        let all: Vec<usize> = (0..self.rows()).collect();
        let rows = if rows.is_empty() { &all[..] } else { rows };
        let styles: Vec<&Dense> = match self {
            Self::ProGan(weights) => return Ok(first(weights.latent_dim, &weights.first_weight)),
            Self::StyleGan(weights) => rows.iter().map(|&row| &weights.layers[row].style).collect(),
            Self::StyleGan2(weights) => rows
                .iter()
                .map(|&row| match weights.convs.get(row) {
                    Some(conv) => &conv.style,
                    None => &weights.to_images[weights.to_images.len() - 1].style,
                })
                .collect(),
        };
        Ok(Factors {
            code_dim: styles[0].inputs,
            units: styles.iter().map(|style| style.outputs).sum(),
            weight: styles.iter().flat_map(|style| style.weight.iter().copied()).collect(),
        })
    }
}

/// `[outputs, latent, 4, 4]`: a unit for each feature map and place.
fn first(latent_dim: usize, weight: &[f32]) -> Factors {
    let maps = weight.chunks_exact(latent_dim * 16);
    let units = maps.flat_map(|map| (0..16).flat_map(move |place| map.iter().skip(place).step_by(16).copied()));
    Factors { code_dim: latent_dim, units: weight.len() / latent_dim, weight: units.collect() }
}
