//! Tests of what differs from file to file: architectures, classes, options, other networks, what is missing or too much.

use std::path::{Path, PathBuf};

use super::super::weights::{Enlarging, GeneratorWeights};
use super::super::{NamedTensor, save};
use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints/layouts").join(name)
}

/// The chosen generator's tensors of a fixture, as a bare state dict.
fn tensors(name: &str) -> Vec<NamedTensor> {
    let source = Source::open(&fixture(name)).unwrap();
    let prefix = detect(&source).unwrap().prefix;
    let under = source.tensors().iter().filter(|tensor| tensor.name.starts_with(&prefix));
    let plain = |tensor: &TensorInfo| {
        let values = source.read(&tensor.name).unwrap().unwrap();
        NamedTensor::f32(&tensor.name[prefix.len()..], tensor.shape.clone(), values)
    };
    under.map(plain).collect()
}

/// Reads these tensors from a file of their own.
fn read(tensors: &[NamedTensor], options: Options) -> Result<(GeneratorWeights, Vec<String>), String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("changed.safetensors");
    save(&path, tensors, None).unwrap();
    let source = Source::open(&path).unwrap();
    let (layout, _) = choose(&source, None).map_err(|error| error.to_string())?;
    GeneratorWeights::read_noted(&source, &layout, &options).map_err(|error| error.to_string())
}

fn usual(tensors: &[NamedTensor]) -> Result<GeneratorWeights, String> {
    read(tensors, Options::default()).map(|(weights, _)| weights)
}

fn zeros(name: &str, shape: &[usize]) -> NamedTensor {
    NamedTensor::f32(name, shape.to_vec(), vec![0.0; shape.iter().product()])
}

fn without(mut tensors: Vec<NamedTensor>, is: impl Fn(&str) -> bool) -> Vec<NamedTensor> {
    tensors.retain(|tensor| !is(&tensor.name));
    tensors
}

#[test]
fn a_stylegan2_with_one_layer_to_an_image_draws_that_alone() {
    let whole = tensors("stylegan2-nvidia.pkl");
    let GeneratorWeights::StyleGan2(skip) = usual(&whole).unwrap() else { panic!() };
    let lower = |name: &str| name.starts_with("synthesis.b4.torgb") || name.starts_with("synthesis.b8.torgb");
    let GeneratorWeights::StyleGan2(orig) = usual(&without(whole, lower)).unwrap() else { panic!() };
    assert!(skip.skips && !orig.skips);
    assert_eq!(orig.to_images[2], skip.to_images[2]);
    assert_eq!((orig.convs, orig.to_images.len()), (skip.convs, 3));
    // What is not there draws nothing, and has the sizes of what would be.
    for (none, some) in orig.to_images[..2].iter().zip(&skip.to_images) {
        assert!(none.weight.iter().chain(&none.bias).all(|&x| x == 0.0));
        assert_eq!((none.weight.len(), none.style.weight.len()), (some.weight.len(), some.style.weight.len()));
    }
}

#[test]
fn what_is_missing_wrong_or_too_much_is_named() {
    let whole = tensors("stylegan2-nvidia.pkl");
    let with = |tensor: NamedTensor| {
        let mut all = without(whole.clone(), |name| name == tensor.name);
        all.push(tensor);
        usual(&all).unwrap_err()
    };
    let missing = |gone: &str| usual(&without(whole.clone(), |name| name == gone)).unwrap_err();
    for gone in
        ["synthesis.b8.conv1.weight", "synthesis.b8.torgb.weight", "mapping.fc0.bias", "synthesis.b4.conv1.affine.bias"]
    {
        assert!(missing(gone).contains(&format!("no tensor '{gone}'")), "{gone}: {}", missing(gone));
    }
    for (tensor, words) in [
        (zeros("synthesis.b8.skip.weight", &[5, 6, 1, 1]), "'resnet'"),
        (zeros("synthesis.b4.const", &[6, 8, 4]), "begin from 8 x 4"),
        (
            zeros("synthesis.b8.conv0.weight", &[5, 7, 3, 3]),
            "'synthesis.b8.conv0.weight' is [5, 7, 3, 3]; expected [any, 6, 3, 3]",
        ),
        (zeros("synthesis.b8.extra.weight", &[2]), "'synthesis.b8.extra.weight' [2] does not belong to a StyleGAN2"),
        (zeros("synthesis.b8.conv0.resample_filter", &[4, 4]), "has the sum 0; 1 is expected"),
        (zeros("synthesis.b8.conv0.resample_filter", &[100]), "has 100 taps"),
        (zeros("mapping.w_avg", &[4]), "'mapping.w_avg' is [4]; expected [5]"),
    ] {
        let said = with(tensor);
        assert!(said.contains(words), "{said}");
    }
    let side = vec![
        zeros("layer0.weight", &[1, 1, 4, 4]),
        zeros("output12.weight", &[3, 1, 1, 1]),
        zeros("output0.weight", &[3, 1, 1, 1]),
    ];
    assert!(usual(&side).unwrap_err().contains("side 16384"));
}

#[test]
fn networks_that_are_not_built_in_are_refused_by_name() {
    for (tensor, words) in [
        ("G_ema.synthesis.input.freqs", "StyleGAN3"),
        ("g_ema.style_convs.0.modulated_conv.weight", "BasicSR"),
        ("GAN.G.blocks.0.to_style1.weight", "lucidrains"),
        ("initial_block.conv_1.deconv.weight", "pro-gan-pth 1"),
        ("G_ema.synthesis.se_64.main.1.weight", "Projected GAN"),
        ("something", "1 tensors, the first 'something'"),
    ] {
        let said = usual(&[zeros(tensor, &[1])]).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
    let inside: Vec<NamedTensor> =
        tensors("stylegan2-nvidia.pkl").into_iter().map(|tensor| tensor.prefixed("G_ema.backbone.")).collect();
    assert!(usual(&inside).unwrap_err().contains("EG3D"));
}

#[test]
fn a_matrix_of_labels_is_normalised_with_the_code() {
    let mut labelled = without(tensors("stylegan-genforce.pth"), |name| name == "mapping.dense0.weight");
    labelled.push(zeros("mapping.dense0.weight", &[7, 6 + 4]));
    labelled.push(NamedTensor::f32("mapping.label_weight", vec![3, 4], (0_u8..12).map(f32::from).collect()));
    let weights = usual(&labelled).unwrap();
    assert_eq!((weights.latent_dim(), weights.classes()), (6, 3));
    let GeneratorWeights::StyleGan(net) = weights else { panic!() };
    let classes = net.mapping.classes.unwrap();
    assert!(!classes.each_normalised && classes.embedding.bias == [0.0; 4]);
    // Class 1's embedding is the matrix's second row.
    let column: Vec<f32> = classes.embedding.weight.chunks(3).map(|row| row[1]).collect();
    assert_eq!(column, [4.0, 5.0, 6.0, 7.0]);
}

#[test]
fn options_say_what_no_file_says() {
    let stylegan = tensors("stylegan-genforce.pth");
    let with = |tensors: &[NamedTensor], options: Options| read(tensors, options).unwrap();
    let fused = |fused_scale| Options { fused_scale, ..Options::default() };
    for (option, enlarging, notes) in
        [(Fused::Auto, Enlarging::Nearest, 1), (Fused::No, Enlarging::Nearest, 0), (Fused::Yes, Enlarging::Fused, 0)]
    {
        let (GeneratorWeights::StyleGan(net), said) = with(&stylegan, fused(option)) else { panic!() };
        assert_eq!((net.layers[2].enlarging, net.layers[3].enlarging, said.len()), (Some(enlarging), None, notes));
    }
    // A ProGAN of one width does not show it; the fused layer's kernel is the other's turned round, axes exchanged.
    let conv = |name: &str, shape: &[usize]| {
        let size: usize = shape.iter().product();
        NamedTensor::f32(name, shape.to_vec(), (0..size).map(|i| i as f32).collect())
    };
    let mut progan = vec![conv("layer0.weight", &[2, 2, 4, 4])];
    progan.extend((1..4).map(|i| conv(&format!("layer{i}.weight"), &[2, 2, 3, 3])));
    progan.extend((0..2).map(|b| conv(&format!("output{b}.weight"), &[1, 2, 1, 1])));
    progan.extend((0..4).map(|i| zeros(&format!("layer{i}.bias"), &[2])));
    progan.extend((0..2).map(|b| zeros(&format!("output{b}.bias"), &[1])));
    let level = |option| {
        let (GeneratorWeights::ProGan(net), said) = with(&progan, fused(option)) else { panic!() };
        (net.levels[1].enlarging.clone().unwrap().weight, said.len())
    };
    let ((plain, none), (turned, _), (auto, one)) = (level(Fused::No), level(Fused::Yes), level(Fused::Auto));
    assert_eq!((none, one), (0, 1));
    assert_eq!(auto, plain);
    let at = |weight: &[f32], o: usize, i: usize, y: usize, x: usize| weight[((o * 2 + i) * 3 + y) * 3 + x];
    assert_eq!(at(&turned, 0, 1, 0, 2).to_bits(), at(&plain, 1, 0, 2, 0).to_bits());
    let tanh = Options { final_tanh: true, ..Options::default() };
    let (GeneratorWeights::ProGan(net), _) = with(&progan, tanh) else { panic!() };
    assert!(net.tanh);
    assert!(read(&stylegan, tanh).unwrap_err().contains("tanh"));
    let labels = Options { label_size: 1, ..Options::default() };
    assert!(read(&progan, labels).unwrap_err().contains("genforce's ProGAN with labels"));
    let (weights, _) = with(&tensors("progan-zoo.pth"), labels);
    assert_eq!((weights.classes(), weights.latent_dim()), (1, 5));
    // What nothing depends on is not ignored in silence.
    for (options, option) in [(labels, "--label-size"), (fused(Fused::No), "--fused-scale")] {
        let (_, said) = with(&tensors("stylegan2-nvidia.safetensors"), options);
        assert!(said.iter().any(|words| words.starts_with(option) && words.contains("not used")), "{said:?}");
    }
    assert!(with(&stylegan, labels).1.iter().any(|words| words.starts_with("--label-size is not used")));
    let all = Options { label_size: 6, ..Options::default() };
    assert!(read(&tensors("progan-zoo.pth"), all).unwrap_err().contains("label inputs"));
}
