//! pytorch_GAN_zoo's PGAN: `formatLayer.module.weight`, `scaleLayers.0.0.module.weight`, … (older versions drop `.module`).
//!
//! A layer's whole output is multiplied by sqrt(2 / fan in), the bias too, also where it makes an image. The first layer is a
//! matrix whose row 16 o + 4 y + x is genforce's `layer0.weight[o, :, 3 - y, 3 - x]`, and its bias differs from place to place.
//! Pixel norm stands after each activation, which is the same network as norm before each convolution. Beside the weights an
//! object `config` says how they are to be used.

use super::super::CheckpointError;
use super::super::source::Value;
use super::super::weights::{GeneratorWeights, Level, ProGanWeights};
use super::reader::{Reader, of_both, permuted, scaled, side, turned};
use super::{Family, Names, Sizes};

pub(super) static NAMES: Names = Names {
    title: "ProGAN (pytorch_GAN_zoo's layout)",
    family: Family::ProGan,
    marks: &["formatLayer.module.weight", "formatLayer.weight"],
    is: |_| true,
    side: |view| {
        let module = if view.has("formatLayer.weight") { "" } else { ".module" };
        side(1 + view.reach(|i| format!("scaleLayers.{i}.0{module}.weight")))
    },
    sizes: |view| {
        let module = if view.has("formatLayer.weight") { "" } else { ".module" };
        let classes = view.number_beside("config.categoryVectorDim").map_or(0, |n| n.max(0.0) as usize);
        let latent = view.extent(&format!("formatLayer{module}.weight"), 1).saturating_sub(classes);
        Sizes { latent, w: None, classes, channels: view.extent(&format!("toRGBLayers.0{module}.weight"), 0) }
    },
    read,
};

fn read(reader: &Reader<'_>) -> Result<GeneratorWeights, CheckpointError> {
    let config = Config::read(reader)?;
    let module = if reader.has("formatLayer.module.weight") { ".module" } else { "" };
    let scale = |fan_in: usize| if config.equalised { of_both(2_f64.sqrt())(fan_in) } else { [1.0; 2] };
    let (shape, rows) = reader.tensor(&format!("formatLayer{module}.weight"), &[0, 0])?;
    let latent_dim = shape[1];
    if shape[0] % 16 != 0 {
        return Err(reader.refuse(format!("'formatLayer' has {} rows, not 16 for each feature map", shape[0])));
    }
    let outputs = shape[0] / 16;
    let row_bias = reader.row(&format!("formatLayer{module}.bias"), &[shape[0]])?;
    // [o, place, latent] as [o, latent, place], and each kernel turned round.
    let first = turned(permuted(&rows, [1, outputs, 16, latent_dim], [0, 1, 3, 2]), 4);
    let conv = |name: String, inputs, k| reader.conv(&format!("{name}{module}"), inputs, k, scale);
    let mut levels = Vec::with_capacity(reader.levels());
    let mut width = outputs;
    for b in 0..reader.levels() {
        let (enlarging, second) = if b == 0 {
            (None, conv("groupScale0.0".into(), width, 3)?)
        } else {
            let first = conv(format!("scaleLayers.{}.0", b - 1), width, 3)?;
            let second = conv(format!("scaleLayers.{}.1", b - 1), first.outputs, 3)?;
            (Some(first), second)
        };
        width = second.outputs;
        let to_image = conv(format!("toRGBLayers.{b}"), width, 1)?;
        levels.push(Level { enlarging, second, to_image });
    }
    if config.classes >= latent_dim {
        return Err(
            reader.refuse(format!("its config speaks of {} label inputs, and it has {latent_dim}", config.classes))
        );
    }
    let [of_weight, of_bias] = scale(latent_dim);
    Ok(GeneratorWeights::ProGan(ProGanWeights {
        latent_dim,
        first_weight: scaled(first, of_weight),
        first_bias: scaled(row_bias, of_bias),
        levels,
        // Its alpha is the share of the coarser image.
        lod: config.alpha,
        negative_slope: config.slope,
        tanh: config.tanh,
        classes: config.classes,
        ..ProGanWeights::usual()
    }))
}

/// What stands beside the weights.
struct Config {
    alpha: f64,
    slope: f64,
    equalised: bool,
    tanh: bool,
    classes: usize,
}

impl Config {
    fn read(reader: &Reader<'_>) -> Result<Self, CheckpointError> {
        let value = |name: &str| reader.beside(&format!("{}config.{name}", reader.parent()));
        let number = |name: &str, usual: f64| value(name).and_then(Value::number).unwrap_or(usual);
        let is = |name: &str| number(name, 1.0) != 0.0;
        if !is("perChannelNormalization") {
            return Err(
                reader.refuse("its config turns the pixel norm off (perChannelNormalization), which is not built in")
            );
        }
        let alpha = number("alpha", 0.0);
        if !(0.0..=1.0).contains(&alpha) || alpha > 0.0 && reader.levels() == 1 {
            return Err(reader
                .refuse(format!("its config's alpha is {alpha}; it should be 0 to 1, and 0 without a coarser side")));
        }
        let slope = number("leakyReluLeak", 0.2);
        if !(0.0..=1.0).contains(&slope) {
            return Err(reader.refuse(format!("its config's leakyReluLeak is {slope}; it should be 0 to 1")));
        }
        let classes = match number("categoryVectorDim", 0.0) {
            0.0 => reader.label_size(),
            stored => stored.max(0.0) as usize,
        };
        let by_loss = matches!(value("lossCriterion"), Some(Value::Text(loss)) if loss == "DCGAN" || loss == "MSE");
        let tanh = by_loss || reader.final_tanh();
        Ok(Self { alpha, slope, equalised: is("equalizedlR"), tanh, classes })
    }
}
