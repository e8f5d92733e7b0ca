//! Which network a file of tensors holds, and under which names.
//!
//! | layout | where | names |
//! |---|---|---|
//! | genforce ProGAN, and our own | `generator_smooth`, else `generator`, under `models` in training checkpoints, or bare | `layer0.weight`, …, `output0.weight`, … |
//! | pytorch_GAN_zoo PGAN | `avgG`, else `netG`, or bare | `formatLayer.module.weight`, `scaleLayers.0.0.module.weight`, … |
//! | genforce StyleGAN and StyleGAN2 | as ProGAN | `synthesis.layer0.style.weight`, … |

use super::source::{Source, TensorInfo};

/// A network that SeFa can factorise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// ProGAN in genforce's names.
    Pggan,
    /// ProGAN in the names of facebookresearch/pytorch_GAN_zoo.
    PganZoo,
    /// StyleGAN.
    StyleGan,
    /// StyleGAN2.
    StyleGan2,
}

impl Family {
    /// Its name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Pggan => "ProGAN (genforce's layout)",
            Self::PganZoo => "ProGAN (pytorch_GAN_zoo's layout)",
            Self::StyleGan => "StyleGAN",
            Self::StyleGan2 => "StyleGAN2",
        }
    }
}

/// What was found, and what stands before its tensors' names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The network.
    pub family: Family,
    /// `generator_smooth.`, say; empty for a bare state dict.
    pub prefix: String,
    /// The side of the images.
    pub resolution: usize,
}

/// Averaged generators first.
const PREFIXES: [&str; 7] =
    ["generator_smooth.", "models.generator_smooth.", "avgG.", "generator.", "models.generator.", "netG.", ""];

/// Finds the layout; None where the file holds no generator of a known kind.
pub fn detect(source: &Source) -> Option<Layout> {
    let tensors = source.tensors();
    PREFIXES.iter().find_map(|&prefix| {
        let under: Vec<&str> = tensors.iter().filter_map(|tensor| tensor.name.strip_prefix(prefix)).collect();
        let (family, resolution) = recognise(&under)?;
        Some(Layout { family, prefix: prefix.to_owned(), resolution })
    })
}

fn recognise(names: &[&str]) -> Option<(Family, usize)> {
    let has = |name: &str| names.contains(&name);
    // A hostile file may have any number of tensors; no network has more levels than this.
    let count = |name: &dyn Fn(usize) -> String| (0..16).take_while(|&i| has(&name(i))).count();
    if has("formatLayer.module.weight") || has("formatLayer.weight") {
        let levels = 1 + count(&|i| {
            if has("formatLayer.weight") {
                format!("scaleLayers.{i}.0.weight")
            } else {
                format!("scaleLayers.{i}.0.module.weight")
            }
        });
        return Some((Family::PganZoo, 4 << (levels - 1)));
    }
    if has("synthesis.layer0.style.weight") {
        let levels = count(&|i| format!("synthesis.output{i}.weight"));
        let family = if has("synthesis.early_layer.const") { Family::StyleGan2 } else { Family::StyleGan };
        return (levels > 0).then_some((family, 4 << (levels - 1)));
    }
    if has("layer0.weight") && has("output0.weight") {
        let levels = count(&|i| format!("output{i}.weight"));
        return Some((Family::Pggan, 4 << (levels - 1)));
    }
    None
}

/// The tensors of a layout, without its prefix.
pub fn under(source: &Source, layout: &Layout) -> Vec<TensorInfo> {
    let named = source.tensors().iter().filter_map(|tensor| {
        let name = tensor.name.strip_prefix(&layout.prefix)?.to_owned();
        Some(TensorInfo { name, ..tensor.clone() })
    });
    named.collect()
}
