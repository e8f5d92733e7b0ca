//! A ProGAN's networks, layer by layer, from its sizes or from the shapes in a file.

use super::{LayerRow, Network, Role};
use crate::checkpoint::TensorInfo;
use crate::config::Downscale;
use crate::nets::NEGATIVE_SLOPE;
use crate::nets::pggan::{Layer, Pggan};

/// Generator and discriminator.
pub fn progan(net: &Pggan, downscale: Downscale) -> [Network; 2] {
    let shape = |layer: &Layer| (layer.weight.shape.clone(), (layer.weight.size() + layer.bias.size()) as u64);
    let generator: Vec<_> = net.generator().iter().map(shape).collect();
    let discriminator: Vec<_> = net.discriminator().iter().map(shape).collect();
    [generator_of(&generator), discriminator_of(&discriminator, downscale)]
}

/// The generator that the tensors whose names begin with `prefix` make up, in genforce's layout; None where one is
/// missing or has another shape than a convolution's.
pub fn progan_of_tensors(tensors: &[TensorInfo], prefix: &str, resolution: usize) -> Option<Network> {
    let find = |name: String| tensors.iter().find(|tensor| tensor.name == name).map(|tensor| tensor.shape.clone());
    let levels = resolution.checked_ilog2()?.checked_sub(1)? as usize;
    let mut layers = Vec::new();
    for b in 0..levels {
        for name in [format!("layer{}", 2 * b), format!("layer{}", 2 * b + 1), format!("output{b}")] {
            let weight = find(format!("{prefix}{name}.weight")).filter(|shape| shape.len() == 4)?;
            let parameters = size(&weight)?.checked_add(size(&find(format!("{prefix}{name}.bias"))?)?)?;
            layers.push((weight, parameters));
        }
    }
    (!layers.is_empty()).then(|| generator_of(&layers))
}

fn size(shape: &[usize]) -> Option<u64> {
    shape.iter().try_fold(1_u64, |size, &extent| size.checked_mul(extent as u64))
}

const EQUALISED: &str = "Weights are multiplied by gain / sqrt(fan in) where they are used (equalised learning rate).";

fn row(side: usize, name: String, kind: &str, [input, output]: [Vec<usize>; 2], parameters: u64) -> LayerRow {
    LayerRow {
        side: Some(side),
        name,
        kind: kind.to_owned(),
        norm: None,
        input,
        output,
        activation: Some(format!("LeakyReLU({NEGATIVE_SLOPE})")),
        parameters,
    }
}

/// Three layers a level, given by their weights' shapes and their numbers of parameters.
fn generator_of(layers: &[(Vec<usize>, u64)]) -> Network {
    let mut rows = Vec::new();
    for (b, level) in layers.chunks(3).enumerate() {
        let side = 4 << b;
        for (i, (weight, parameters)) in level.iter().enumerate() {
            let (out, into) = (weight[0], weight[1]);
            let image = |features: usize, side: usize| vec![features, side, side];
            let (name, kind, input) = match (i, b) {
                (0, 0) => ("layer0".to_owned(), "Conv 4x4, padding 3", vec![into, 1, 1]),
                (0, _) => (format!("layer{}", 2 * b), "Upsample 2x, Conv 3x3", image(into, side / 2)),
                (1, _) => (format!("layer{}", 2 * b + 1), "Conv 3x3", image(into, side)),
                _ => (format!("output{b}"), "Conv 1x1, to an image", image(into, side)),
            };
            let mut row = row(side, name, kind, [input, image(out, side)], *parameters);
            row.activation = row.activation.filter(|_| i < 2);
            rows.push(row);
        }
    }
    let notes = [
        "PixelNorm stands before every layer.",
        EQUALISED,
        "Only the output of the side at work makes the image; while a side is faded in, the one before is blended with it.",
    ];
    Network::new(Role::Generator, rows, notes.map(str::to_owned).to_vec())
}

/// Three layers a level, finest first, and four at the coarsest.
fn discriminator_of(layers: &[(Vec<usize>, u64)], downscale: Downscale) -> Network {
    let last = (layers.len() - 1) / 3 - 1;
    let mut rows = Vec::new();
    for (at, (weight, parameters)) in layers.iter().enumerate() {
        let (i, part) = if at == layers.len() - 1 { (last, 3) } else { (at / 3, at % 3) };
        let side = 4 << (last - i);
        let (out, into) = (weight[0], weight[1]);
        let image = |features: usize, side: usize| vec![features, side, side];
        let (name, kind, shapes) = match (part, i == last) {
            (0, _) => (format!("input{i}"), "Conv 1x1, from an image", [image(into, side), image(out, side)]),
            (1, false) => (format!("layer{}", 2 * i), "Conv 3x3", [image(into, side), image(out, side)]),
            (2, false) => {
                let shapes = [image(into, side), image(out, side / 2)];
                (format!("layer{}", 2 * i + 1), "Conv 3x3, average pool 2x", shapes)
            }
            (1, true) => {
                // One channel of the weight is for the deviation, which is made here.
                let shapes = [image(into - 1, side), image(out, side)];
                (format!("layer{}", 2 * i), "Minibatch deviation, Conv 3x3", shapes)
            }
            (2, true) => (format!("layer{}", 2 * i + 1), "Dense", [image(into, side), vec![out]]),
            _ => ("score".to_owned(), "Dense", [vec![into], vec![out]]),
        };
        let mut row = row(side, name, kind, shapes, *parameters);
        row.activation = row.activation.filter(|_| part < 3);
        rows.push(row);
    }
    let pool = match downscale {
        Downscale::BeforeActivation => "The average pool comes before the activation.",
        Downscale::AfterActivation => "The average pool comes after the activation.",
    };
    let notes = [EQUALISED, pool];
    Network::new(Role::Discriminator, rows, notes.map(str::to_owned).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::pggan::slots;

    const NET: Pggan =
        Pggan { resolution: 1024, latent_dim: 512, image_channels: 3, fmaps_base: 16384, fmaps_max: 512 };

    #[test]
    fn the_published_model_has_its_parameters_and_every_layer_reads_what_the_one_before_wrote() {
        let [generator, discriminator] = progan(&NET, Downscale::default());
        assert_eq!((generator.parameters, discriminator.parameters), (23_079_115, 23_087_249));
        for (network, layers) in [(&generator, NET.generator()), (&discriminator, NET.discriminator())] {
            let names: Vec<String> = layers.iter().map(|l| l.weight.name.replace(".weight", "")).collect();
            let rows: Vec<&str> = network.layers.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(rows, names);
        }
        let through = |network: &Network, skipped: &str| {
            let rows: Vec<LayerRow> =
                network.layers.iter().filter(|row| !row.name.starts_with(skipped)).cloned().collect();
            assert!(rows.windows(2).all(|pair| pair[0].output == pair[1].input), "{rows:?}");
        };
        through(&generator, "output");
        through(&Network { layers: discriminator.layers[1..].to_vec(), ..discriminator.clone() }, "input");
        assert_eq!(generator.layers.last().unwrap().output, [3, 1024, 1024]);
        assert_eq!(discriminator.layers.last().unwrap().output, [1]);
    }

    #[test]
    fn a_file_of_such_a_generator_is_the_same() {
        let tensors: Vec<TensorInfo> = slots(&NET.generator())
            .into_iter()
            .map(|slot| TensorInfo {
                name: format!("g.{}", slot.name),
                kind: "F32".into(),
                shape: slot.shape,
                bytes: 0,
            })
            .collect();
        assert_eq!(progan_of_tensors(&tensors, "g.", 1024), Some(progan(&NET, Downscale::default())[0].clone()));
        assert_eq!(progan_of_tensors(&tensors[1..], "g.", 1024), None);
        assert_eq!(progan_of_tensors(&tensors, "g.", 0), None);
    }
}
