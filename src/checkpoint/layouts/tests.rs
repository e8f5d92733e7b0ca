//! Each family's one network in every layout (`scripts/layout_fixtures.py`), against the effective weights that PyTorch computes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::weights::{
    Conv, Dense, GeneratorWeights, Mapping, Noise, ProGanWeights, StyleGan2Weights, StyleGanWeights,
};
use super::super::{Enlarging, NamedTensor, load};
use super::*;

type Numbers = BTreeMap<String, Vec<f32>>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints/layouts").join(name)
}

fn expected(name: &str) -> Numbers {
    let tensors = load(&fixture(name)).unwrap().tensors;
    tensors.iter().map(|tensor: &NamedTensor| (tensor.name.clone(), tensor.as_f32_any().unwrap().to_vec())).collect()
}

fn read(name: &str) -> (GeneratorWeights, Vec<String>) {
    let source = Source::open(&fixture(name)).unwrap();
    let (layout, _) = choose(&source, None).unwrap();
    GeneratorWeights::read_noted(&source, &layout, &Options::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn conv(found: &mut Numbers, name: &str, conv: &Conv) {
    found.insert(format!("{name}.weight"), conv.weight.clone());
    found.insert(format!("{name}.bias"), conv.bias.clone());
}

fn dense(found: &mut Numbers, name: &str, dense: &Dense) {
    assert_eq!(dense.weight.len(), dense.inputs * dense.outputs);
    found.insert(format!("{name}.weight"), dense.weight.clone());
    found.insert(format!("{name}.bias"), dense.bias.clone());
}

fn noise(found: &mut Numbers, name: &str, noise: Option<&Noise>) {
    let noise = noise.unwrap();
    found.insert(format!("{name}.strength"), noise.strength.clone());
    found.extend(noise.map.clone().map(|map| (format!("{name}.noise"), map)));
}

fn mapping(found: &mut Numbers, mapping: &Mapping) {
    for (i, layer) in mapping.layers.iter().enumerate() {
        dense(found, &format!("mapping.{i}"), layer);
    }
    if let Some(classes) = &mapping.classes {
        dense(found, "embedding", &classes.embedding);
    }
    found.extend(mapping.mean.clone().map(|mean| ("mean".to_owned(), mean)));
}

fn progan(weights: &ProGanWeights) -> Numbers {
    let mut found = Numbers::from([
        ("first.weight".to_owned(), weights.first_weight.clone()),
        ("first.bias".to_owned(), weights.first_bias.clone()),
    ]);
    for (b, level) in weights.levels.iter().enumerate() {
        if let Some(enlarging) = &level.enlarging {
            conv(&mut found, &format!("enlarging{b}"), enlarging);
        }
        conv(&mut found, &format!("second{b}"), &level.second);
        conv(&mut found, &format!("image{b}"), &level.to_image);
    }
    found
}

fn stylegan(weights: &StyleGanWeights) -> Numbers {
    let mut found = Numbers::from([("constant".to_owned(), weights.constant.clone())]);
    mapping(&mut found, &weights.mapping);
    for (i, layer) in weights.layers.iter().enumerate() {
        let name = format!("layer{i}");
        match &layer.conv {
            Some(of) => conv(&mut found, &name, of),
            None => drop(found.insert(format!("{name}.bias"), layer.bias.clone())),
        }
        assert_eq!(layer.conv.is_none(), i == 0);
        assert_eq!(layer.enlarging, (i >= 2 && i % 2 == 0).then_some(Enlarging::Nearest));
        dense(&mut found, &format!("{name}.style"), &layer.style);
        noise(&mut found, &name, layer.noise.as_ref());
    }
    for (b, image) in weights.to_images.iter().enumerate() {
        conv(&mut found, &format!("image{b}"), image);
    }
    found
}

fn stylegan2(weights: &StyleGan2Weights) -> Numbers {
    let mut found = Numbers::from([("constant".to_owned(), weights.constant.clone())]);
    mapping(&mut found, &weights.mapping);
    for (i, conv) in weights.convs.iter().enumerate() {
        let name = format!("conv{i}");
        assert_eq!(conv.weight.len(), conv.inputs * conv.outputs * 9);
        found.insert(format!("{name}.weight"), conv.weight.clone());
        found.insert(format!("{name}.bias"), conv.bias.clone());
        dense(&mut found, &format!("{name}.style"), &conv.style);
        noise(&mut found, &name, conv.noise.as_ref());
    }
    for (b, image) in weights.to_images.iter().enumerate() {
        let name = format!("image{b}");
        found.insert(format!("{name}.weight"), image.weight.clone());
        found.insert(format!("{name}.bias"), image.bias.clone());
        dense(&mut found, &format!("{name}.style"), &image.style);
    }
    assert!(weights.skips);
    for (got, expected) in weights.filter.iter().zip([1.0, 3.0, 3.0, 1.0, 3.0, 9.0, 9.0, 3.0]) {
        assert!((got - expected / 64.0).abs() < 1e-7);
    }
    found
}

fn numbers(weights: &GeneratorWeights) -> Numbers {
    match weights {
        GeneratorWeights::ProGan(weights) => progan(weights),
        GeneratorWeights::StyleGan(weights) => stylegan(weights),
        GeneratorWeights::StyleGan2(weights) => stylegan2(weights),
    }
}

/// All numbers that the layout can say are PyTorch's; `unsaid` are parts of the names of those that it cannot.
fn assert_same(name: &str, weights: &GeneratorWeights, expected: &Numbers, unsaid: &[&str]) {
    let found = numbers(weights);
    let is_said = |key: &&String| !unsaid.iter().any(|part| key.ends_with(part));
    let [here, there] = [&found, expected].map(|all| all.keys().filter(is_said).collect::<Vec<_>>());
    assert_eq!(here, there, "{name}");
    assert!(found.keys().all(|key| is_said(&key)), "{name} says more than it can");
    for (key, expected) in expected.iter().filter(|(key, _)| is_said(key)) {
        let got = &found[key];
        assert_eq!(got.len(), expected.len(), "{name}: {key}");
        for (i, (a, b)) in got.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= 2e-6 * (1.0 + b.abs()), "{name}: {key} has {a} for {b} at {i}");
        }
    }
}

const STYLEGAN2: [(&str, &[&str]); 11] = [
    ("stylegan2-nvidia.pkl", &[]),
    ("stylegan2-nvidia-old.pkl", &[]),
    ("stylegan2-nvidia.safetensors", &[]),
    ("model.safetensors.index.json", &[]),
    ("stylegan2-rosinality.pt", &[]),
    ("stylegan2-rosinality-training.pt", &["mean"]),
    ("stylegan2-encoder.pt", &[".noise"]),
    ("stylegan2-genforce.pth", &[]),
    ("stylegan2-genforce-training.pth", &[]),
    ("stylegan2-tensorflow.pkl", &[]),
    ("stylegan2-tensorflow-4.pkl", &[]),
];

#[test]
fn every_layout_of_stylegan2_is_the_same_network() {
    let expected = expected("stylegan2.safetensors");
    for (name, unsaid) in STYLEGAN2 {
        let (weights, _) = read(name);
        assert_same(name, &weights, &expected, unsaid);
        let GeneratorWeights::StyleGan2(net) = &weights else { panic!("{name}") };
        assert_eq!((weights.latent_dim(), net.mapping.w_dim(), weights.classes()), (6, 5, 0), "{name}");
        assert_eq!((weights.resolution(), weights.image_channels(), weights.rows()), (16, 3, 6), "{name}");
        // NVIDIA's pickles say where activations are cut.
        let clamp = (name.contains("nvidia") || name.contains("tensorflow")).then_some(1.5);
        let clamp = clamp.filter(|_| !name.ends_with("safetensors"));
        assert!(net.convs.iter().all(|conv| conv.clamp == clamp), "{name}");
    }
}

#[test]
fn every_layout_of_stylegan_is_the_same_network() {
    let expected = expected("stylegan.safetensors");
    for name in ["stylegan-genforce.pth", "stylegan-tensorflow.pkl"] {
        let (weights, _) = read(name);
        assert_same(name, &weights, &expected, &[]);
        assert_eq!((weights.resolution(), weights.latent_dim(), weights.rows()), (16, 6, 6), "{name}");
    }
}

#[test]
fn every_layout_of_progan_is_the_same_network() {
    let expected = expected("progan.safetensors");
    for (name, normalises_first) in [
        ("progan-genforce.pth", true),
        ("progan-genforce-fused.pth", true),
        ("progan-zoo.pth", true),
        ("progan-pth-3.bin", false),
        ("progan-pth-2.pth", false),
        ("progan-tensorflow.pkl", true),
        ("progan-tensorflow-fused.pkl", true),
    ] {
        let (weights, _) = read(name);
        assert_same(name, &weights, &expected, &[]);
        let GeneratorWeights::ProGan(weights) = weights else { panic!("{name}") };
        assert_eq!(
            (weights.normalises_first, weights.lod, weights.negative_slope, weights.tanh, weights.classes),
            (normalises_first, 0.0, 0.2, false, 0),
            "{name}"
        );
    }
}

#[test]
fn classes_are_read_with_their_embedding() {
    let expected = expected("conditional.safetensors");
    for name in ["conditional-nvidia.pkl", "conditional-genforce.pth", "conditional-tensorflow.pkl"] {
        let (weights, _) = read(name);
        assert_same(name, &weights, &expected, &[]);
        assert_eq!((weights.classes(), weights.latent_dim()), (3, 6), "{name}");
        let GeneratorWeights::StyleGan2(net) = weights else { panic!("{name}") };
        assert!(net.mapping.classes.unwrap().each_normalised);
        let source = Source::open(&fixture(name)).unwrap();
        let sizes = choose(&source, None).unwrap().0.sizes(&source);
        assert_eq!(sizes, Sizes { latent: 6, w: Some(5), classes: 3, channels: 3 }, "{name}");
    }
}

#[test]
fn the_zoos_config_is_obeyed() {
    let (weights, _) = read("progan-zoo-unusual.pth");
    let GeneratorWeights::ProGan(weights) = weights else { panic!() };
    assert_eq!(
        (weights.lod, weights.negative_slope, weights.tanh, weights.classes, weights.latent_dim),
        (0.25, 0.1, true, 2, 6)
    );
    let expected = expected("progan.safetensors");
    assert_same("unusual", &GeneratorWeights::ProGan(weights), &expected, &[]);
}

#[test]
fn every_file_says_its_sizes_by_its_shapes_alone() {
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        let source = Source::open(&path).unwrap();
        let Some(layout) = detect(&source) else { continue };
        let name = path.display();
        let weights = match GeneratorWeights::read(&source, &layout, &Options::default()) {
            Ok(weights) => weights,
            Err(error) => {
                let said = error.to_string();
                assert!(
                    source.shard().is_some() && said.contains("of 2, and '") && said.contains("index.json"),
                    "{said}"
                );
                continue;
            }
        };
        let sizes = layout.sizes(&source);
        assert_eq!(
            (sizes.latent, sizes.classes, sizes.channels, layout.resolution),
            (weights.latent_dim(), weights.classes(), weights.image_channels(), weights.resolution()),
            "{name}"
        );
        let w = match &weights {
            GeneratorWeights::ProGan(_) => None,
            GeneratorWeights::StyleGan(weights) => Some(weights.mapping.w_dim()),
            GeneratorWeights::StyleGan2(weights) => Some(weights.mapping.w_dim()),
        };
        assert_eq!(sizes.w, w, "{name}");
    }
}

#[test]
fn averaged_generators_come_first_and_a_key_chooses() {
    for (name, first, other) in [
        ("stylegan2-genforce.pth", "generator_smooth", "generator"),
        ("stylegan2-genforce-training.pth", "models.generator_smooth", "models.generator"),
        ("stylegan2-nvidia.pkl", "G_ema", "G"),
        ("stylegan2-rosinality-training.pt", "g_ema", "g"),
        ("stylegan2-tensorflow.pkl", "Gs", "G"),
        ("progan-zoo.pth", "avgG", "netG"),
        ("progan-pth-3.bin", "shadow_generator.state_dict", "generator.state_dict"),
    ] {
        let source = Source::open(&fixture(name)).unwrap();
        let (layout, said) = choose(&source, None).unwrap();
        assert_eq!(layout.key(), first, "{name}");
        let said = said.unwrap();
        assert!(said.contains(&format!("{first}, {other}; taking {first}")), "{said}");
        let short = other.rsplit('.').next().unwrap();
        for key in [other, short, &format!("{other}.")] {
            // The last part alone is no key where it is another's too.
            let (layout, said) = choose(&source, Some(key)).unwrap();
            let is_plain = key != "state_dict";
            assert!(!is_plain || layout.key() == other, "{name}: {key} gave {}", layout.key());
            assert!(said.is_none());
        }
        let error = choose(&source, Some("nobody")).unwrap_err().to_string();
        assert!(error.contains("'nobody'") && error.contains(first), "{error}");
        let (weights, _) = choose(&source, Some(other)).unwrap();
        let chosen = GeneratorWeights::read(&source, &weights, &Options::default()).unwrap();
        assert_ne!(chosen, read(name).0, "{name}");
    }
}

#[test]
fn sefa_factorises_the_styles_of_rows() {
    let (weights, _) = read("stylegan2-nvidia.pkl");
    let all = weights.factors(&[]).unwrap();
    // Row i is convolution i's style, a factor for each feature map in; the last row that of the last layer to an image.
    assert_eq!((all.code_dim, all.units, all.weight.len()), (5, 6 + 6 + 5 + 5 + 4 + 4, 5 * 30));
    let GeneratorWeights::StyleGan2(net) = &weights else { panic!() };
    assert_eq!(weights.factors(&[5]).unwrap().weight, net.to_images[2].style.weight);
    assert_eq!(weights.factors(&[2, 0]).unwrap().weight[..25], net.convs[2].style.weight[..25]);
    assert_eq!(weights.factors(&[6]).unwrap_err(), super::super::NoRow { asked: 6, rows: 6 });
    let (stylegan, _) = read("stylegan-genforce.pth");
    assert_eq!(stylegan.factors(&[]).unwrap().units, 2 * (6 + 6 + 5 + 5 + 4 + 4));
    let (progan, _) = read("progan-genforce.pth");
    let factors = progan.factors(&[]).unwrap();
    assert_eq!((factors.code_dim, factors.units), (6, 96));
    let GeneratorWeights::ProGan(net) = &progan else { panic!() };
    // Unit 16 o + place is [o, :, place].
    assert_eq!(factors.weight[(16 + 3) * 6 + 2].to_bits(), net.first_weight[(6 + 2) * 16 + 3].to_bits());
    assert!(progan.factors(&[0]).is_err());
}

/// The published widths at side r: base / r, 512 at most.
fn published(base: usize, side: usize) -> Vec<usize> {
    (2..=side.ilog2()).map(|log| (base >> log).min(512)).collect()
}

fn row_of(units: usize) -> Dense {
    Dense { weight: vec![0.0; units], bias: vec![0.0; units], inputs: 1, outputs: units }
}

fn one_mapping() -> Mapping {
    Mapping { latent_dim: 1, classes: None, layers: vec![row_of(1)], mean: None }
}

#[test]
fn published_models_have_the_published_numbers_of_columns() {
    for (base, side, columns) in [(32768, 256, 5888), (32768, 512, 6016), (32768, 1024, 6080), (16384, 256, 4992)] {
        let widths = published(base, side);
        let conv = |inputs: usize, outputs: usize| super::super::StyleGan2Conv {
            weight: Vec::new(),
            inputs,
            outputs,
            style: row_of(inputs),
            bias: Vec::new(),
            noise: None,
            clamp: None,
        };
        let mut convs = vec![conv(widths[0], widths[0])];
        for pair in widths.windows(2) {
            convs.extend([conv(pair[0], pair[1]), conv(pair[1], pair[1])]);
        }
        let image = |&inputs: &usize| super::super::StyleGan2ToImage {
            weight: Vec::new(),
            inputs,
            style: row_of(inputs),
            bias: vec![0.0; 3],
            clamp: None,
        };
        let weights = GeneratorWeights::StyleGan2(StyleGan2Weights {
            mapping: one_mapping(),
            constant: Vec::new(),
            convs,
            to_images: widths.iter().map(image).collect(),
            skips: true,
            filter: Vec::new(),
        });
        assert_eq!(weights.factors(&[]).unwrap().units, columns, "StyleGAN2 {side}");
        assert_eq!(weights.factors(&[0, 1]).unwrap().units, 1024);
    }
    for (side, columns) in [(256, 9984), (512, 10112), (1024, 10176)] {
        let widths = published(16384, side);
        let layer = |&width: &usize| super::super::StyleGanLayer {
            conv: None,
            enlarging: None,
            bias: Vec::new(),
            noise: None,
            style: row_of(2 * width),
        };
        let weights = GeneratorWeights::StyleGan(StyleGanWeights {
            mapping: one_mapping(),
            constant: Vec::new(),
            layers: widths.iter().flat_map(|width| [layer(width), layer(width)]).collect(),
            to_images: Vec::new(),
            lod: 0.0,
        });
        assert_eq!(weights.factors(&[]).unwrap().units, columns, "StyleGAN {side}");
        assert_eq!(weights.factors(&[0, 1]).unwrap().units, 2048);
    }
}
