//! The reader that is built in, and effects that it finds where the truth is known.

use super::card::read_drawings;
use super::network::{Network, shapes};
use super::picture::{at_side, blurred};
use super::skill::{Law, law, skills};
use super::*;
use crate::checkpoint::NamedTensor;
use crate::faces::{COUNT, Face, TRAITS, Trait, draw, face};
use crate::render::Picture;
use crate::rng::{Stream, Use};

fn picture(face: &Face, side: usize) -> Picture {
    let mut rgb = vec![0; side * side * 3];
    draw(face, side, &mut rgb);
    Picture { width: side, height: side, rgb }
}

fn random_tensors(seed: u64) -> Vec<NamedTensor> {
    let mut rng = Stream::new(seed, Use::Init, 0);
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let n = shape.iter().product::<usize>();
        let scale = (2.0 / shape[1..].iter().product::<usize>().max(1) as f32).sqrt();
        NamedTensor::f32(name, shape, rng.normal(n).into_iter().map(|x| x * scale).collect())
    };
    shapes().into_iter().map(tensor).collect()
}

#[cfg(feature = "torch")]
#[test]
fn the_network_is_libtorchs_with_the_same_weights() {
    use super::network::{CONVS, SIDE};
    use tch::{Kind, Tensor};

    let tensors = random_tensors(3);
    let network = Network::new(&tensors).unwrap();
    let picture = picture(&face(1, 2), SIDE);
    let numbers = at_side(&picture.rgb, SIDE, SIDE);
    let said = network.read(&picture.rgb, SIDE);
    let tensor = |name: &str| {
        let tensor = NamedTensor::find(&tensors, name).unwrap();
        let shape: Vec<i64> = tensor.shape.iter().map(|&n| n as i64).collect();
        Tensor::from_slice(tensor.as_f32_any().unwrap()).view(&shape[..]).to_kind(Kind::Double)
    };
    let side = SIDE as i64;
    let mut means = Vec::new();
    let mut x = Tensor::from_slice(&numbers).view([1, side, side, 3]).permute([0, 3, 1, 2]).to_kind(Kind::Double);
    for (i, (_, stride)) in CONVS.into_iter().enumerate() {
        let (weight, bias) = (tensor(&format!("conv{i}.weight")), tensor(&format!("conv{i}.bias")));
        x = x.conv2d(&weight, Some(&bias), [stride as i64; 2], [1, 1], [1, 1], 1).relu();
        means.push(x.mean_dim(&[2_i64, 3][..], false, None::<Kind>).view([-1]));
    }
    let hidden = x.flatten(1, -1).linear(&tensor("hidden.weight").flatten(1, -1), Some(tensor("hidden.bias"))).relu();
    let out = hidden.linear(&tensor("out.weight"), Some(tensor("out.bias")));
    for (name, got, expected) in [("means", &said.means[..], &Tensor::cat(&means, 0)), ("out", &said.traits[..], &out)]
    {
        let expected: Vec<f64> = Vec::try_from(expected.view([-1])).unwrap();
        assert_eq!(got.len(), expected.len());
        for (a, b) in got.iter().zip(&expected) {
            assert!((f64::from(*a) - b).abs() < 1e-4 * (1.0 + b.abs()), "{name}: {a}, not {b}");
        }
    }
    assert_eq!(out.size(), [1, COUNT as i64]);
}

#[test]
fn a_tensor_that_is_missing_or_of_another_shape_is_named() {
    let mut tensors = random_tensors(1);
    tensors[2].shape = vec![3, 3];
    assert!(Network::new(&tensors).unwrap_err().to_string().contains("conv1.weight"));
    tensors.remove(0);
    assert!(Network::new(&tensors).unwrap_err().to_string().contains("conv0.weight"));
    assert!(Reader::of(b"nothing").is_err());
    let bytes = crate::checkpoint::encode("x".as_ref(), &random_tensors(1), None).unwrap();
    assert!(Reader::of(&bytes).unwrap_err().to_string().contains("no card"));
}

#[test]
fn the_same_is_read_whatever_the_threads_and_whatever_else_is_read() {
    let reader = Reader::faces().unwrap();
    let pictures: Vec<Picture> =
        (0..11).map(|number| picture(&face(4, number), [64, 32, 100][number as usize % 3])).collect();
    let one = reader.read(&pictures, 1);
    assert!([2, 3, 16, 100].into_iter().all(|threads| reader.read(&pictures, threads) == one));
    assert_eq!(reader.read(&pictures[5..6], 1)[0], one[5]);
    assert!(reader.read(&[], 2).is_empty());
}

/// Drawings of a seed that neither the fit nor its measurement had.
#[test]
fn the_card_tells_the_truth_about_drawings_that_it_has_not_seen() {
    const N: u64 = 1000;
    let reader = Reader::faces().unwrap();
    let law = law();
    let faces: Vec<Face> = (0..N).map(|number| face(99, number)).collect();
    for side in [64, 32, 16] {
        let said = read_drawings(reader.network(), 99, N, side, 2);
        let at = reader.at(side);
        for (found, stated) in skills(&said, &faces, &law).iter().zip(&at.traits) {
            assert_eq!(found.name, stated.name);
            // Five standard errors of a share of variance, roughly.
            let allowed = 0.02 + 0.12 * (1.0 - stated.r2).abs().min(1.0);
            assert!((found.r2 - stated.r2).abs() < allowed, "{} at {side}: {} not {}", found.name, found.r2, stated.r2);
            let auc = found.auc.zip(stated.auc).map_or(0.0, |(a, b)| (a - b).abs());
            assert!(auc < 0.04, "{} at {side}: AUC {:?} not {:?}", found.name, found.auc, stated.auc);
        }
    }
    // What a reader is for.
    let r2 = |which: Trait| reader.at(64).traits[which as usize].r2;
    for which in [Trait::Turn, Trait::Nod, Trait::Tilt, Trait::Skin, Trait::HairTone, Trait::Glasses, Trait::Smile] {
        assert!(r2(which) > 0.75, "{which:?}: {}", r2(which));
    }
    let read = TRAITS.iter().filter(|about| r2(about.what) >= READABLE).count();
    assert!(read >= 28, "{read} of {COUNT} traits are read");
}

#[test]
fn noise_and_blur_cost_little_and_strange_pictures_are_told_to_be_far() {
    const N: u64 = 300;
    let reader = Reader::faces().unwrap();
    let at = reader.at(64);
    let faces: Vec<Face> = (0..N).map(|number| face(98, number)).collect();
    let clean: Vec<Picture> = faces.iter().map(|face| picture(face, 64)).collect();
    let blur = |picture: &Picture| {
        let made = blurred(&at_side(&picture.rgb, 64, 64));
        Picture { rgb: made.iter().map(|x| ((x + 1.0) * 127.5).round() as u8).collect(), ..picture.clone() }
    };
    let mut rng = Stream::new(1, Use::Data, 0);
    let mut grained = |picture: &Picture| {
        let grain = rng.normal(picture.rgb.len());
        let with = |(&x, grain): (&u8, f32)| (f32::from(x) + 6.0 * grain).round().clamp(0.0, 255.0) as u8;
        Picture { rgb: picture.rgb.iter().zip(grain).map(with).collect(), ..picture.clone() }
    };
    let sets: [(&str, Vec<Picture>); 3] = [
        ("clean", clean.clone()),
        ("blurred", clean.iter().map(blur).collect()),
        ("noisy", clean.iter().map(&mut grained).collect()),
    ];
    let law = law();
    let likeness = reader.likeness(64, 2);
    assert!(reader.likeness(64, 3) == likeness);
    for (name, pictures) in &sets {
        let readings = reader.read(pictures, 2);
        let r2 = |i: usize| {
            let z = |x: f64| (x - law.mean[i]) / law.deviation[i];
            // As the network says it, before it is brought to scale.
            let slope = at.traits[i].slope.max(0.3);
            let pairs: Vec<[f64; 2]> =
                readings.iter().zip(&faces).map(|(r, f)| [slope * z(r.traits[i]), z(f.0[i])]).collect();
            let mean = pairs.iter().map(|p| p[1]).sum::<f64>() / N as f64;
            let error: f64 = pairs.iter().map(|[r, t]| (r - t).powi(2)).sum();
            1.0 - error / pairs.iter().map(|[_, t]| (t - mean).powi(2)).sum::<f64>()
        };
        let read: Vec<usize> = (0..COUNT).filter(|&i| at.traits[i].r2 >= READABLE).collect();
        let lost = read.iter().map(|&i| at.traits[i].r2 - r2(i)).sum::<f64>() / read.len() as f64;
        assert!(lost < 0.1, "{name}: {lost} of the variance is lost, in the mean over traits");
        let far = readings.iter().filter(|reading| likeness.distance(&reading.means) > likeness.far).count();
        let far = far as f64 / N as f64;
        assert!(far < 0.1, "{name}: {far} are far");
    }
    // No portraits: noise, one upside down, red for blue, one colour.
    let mut rng = Stream::new(2, Use::Data, 0);
    let noise = Picture { width: 64, height: 64, rgb: (0..64 * 64 * 3).map(|_| rng.below(256) as u8).collect() };
    let turned = |rgb: Vec<u8>| Picture { rgb, ..clean[0].clone() };
    let upside_down = turned(clean[0].rgb.rchunks(64 * 3).flatten().copied().collect());
    let swapped = turned(clean[0].rgb.chunks(3).flat_map(|pixel| pixel.iter().rev().copied()).collect());
    let flat = turned(vec![140; 64 * 64 * 3]);
    for (name, strange) in [("noise", noise), ("upside down", upside_down), ("swapped", swapped), ("flat", flat)] {
        let distance = likeness.distance(&reader.read(&[strange], 1)[0].means);
        assert!(distance > likeness.far, "{name}: {distance}, and drawings up to {}", likeness.far);
    }
}

/// A generator whose truth is known: a code of independent normals, by fixed directions to traits, to a drawing.
struct Truth {
    /// For each trait the direction in the code that moves it, in standard deviations of the law.
    gradients: Vec<Vec<f64>>,
    law: Law,
}

const DIM: usize = 48;

impl Truth {
    /// Each trait by an axis of its own: a code is about a face of the law.
    fn new() -> Self {
        let gradients = (0..COUNT).map(|i| (0..DIM).map(|j| if i == j { 0.7 } else { 0.0 }).collect()).collect();
        Self { gradients, law: law() }
    }

    fn face(&self, code: &[f64]) -> Face {
        let mut face = Face::plain();
        for (i, about) in TRAITS.iter().enumerate() {
            let z: f64 = self.gradients[i].iter().zip(code).map(|(g, x)| g * x).sum();
            let value = self.law.mean[i] + self.law.deviation[i] * z;
            face[about.what] = value.clamp(about.range[0], about.range[1]);
        }
        face
    }
}

#[test]
fn effects_that_are_read_are_those_of_the_generator() {
    const SAMPLES: usize = 48;
    let truth = Truth::new();
    let reader = Reader::faces().unwrap();
    let axis = |which: Trait, x: f64| (0..DIM).map(|j| if j == which as usize { x } else { 0.0 }).collect::<Vec<f64>>();
    let add = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<f64>>();
    let mut along = vec![
        axis(Trait::Turn, 1.0),
        axis(Trait::HairTone, -1.0),
        add(axis(Trait::Smile, 0.8), axis(Trait::Skin, 0.6)),
        axis(Trait::MouthOpen, 1.0),
        axis(Trait::Glasses, 1.0),
        // An axis that moves nothing.
        axis(Trait::Turn, 0.0).into_iter().enumerate().map(|(j, _)| f64::from(u8::from(j == DIM - 1))).collect(),
    ];
    let known = along.len();
    let mut rng = Stream::new(12, Use::Floor, 0);
    along.extend((0..16).map(|_| {
        let drawn: Vec<f64> = (0..DIM).map(|_| rng.normal_f64()).collect();
        let length = drawn.iter().map(|x| x * x).sum::<f64>().sqrt();
        drawn.into_iter().map(|x| x / length).collect()
    }));
    let mut faces = Vec::new();
    for _ in 0..SAMPLES {
        let code: Vec<f64> = (0..DIM).map(|_| rng.normal_f64()).collect();
        faces.push(truth.face(&code));
        for direction in &along {
            for step in [-1.0, 1.0] {
                faces.push(truth.face(&code.iter().zip(direction).map(|(z, d)| z + step * d).collect::<Vec<f64>>()));
            }
        }
    }
    let pictures: Vec<Picture> = faces.iter().map(|face| picture(face, 64)).collect();
    let read: Vec<Vec<f64>> = reader.read(&pictures, 2).into_iter().map(|reading| reading.traits.to_vec()).collect();
    let exact: Vec<Vec<f64>> = faces.iter().map(|face| face.0.to_vec()).collect();
    let scored = || {
        let one = |skill: &Skill| Scored {
            name: skill.name.clone(),
            deviation: skill.deviation,
            counts: skill.r2 >= READABLE,
            r2: Some(skill.r2),
            floor: Floor::default(),
        };
        reader.at(64).traits.iter().map(one).collect::<Vec<Scored>>()
    };
    let effects = |rows: &[Vec<f64>]| {
        let sample =
            |rows: &[Vec<f64>]| Sample { plain: rows[0].clone(), steps: rows[1..].as_chunks::<2>().0.to_vec() };
        let samples: Vec<Sample> = rows.chunks_exact(1 + 2 * along.len()).map(sample).collect();
        Effects::of(&samples, &(0..known).collect::<Vec<_>>(), scored())
    };
    let (found, expected) = (effects(&read), effects(&exact));
    for (found, expected) in found.directions.iter().zip(&expected.directions) {
        for ((score, found), expected) in effects(&read).scores.iter().zip(&found.effects).zip(&expected.effects) {
            if !score.counts {
                continue;
            }
            let apart = (found.effect - expected.effect).abs();
            assert!(
                apart < 0.15 + 0.2 * expected.effect.abs(),
                "{}: {} read, {} in truth",
                score.name,
                found.effect,
                expected.effect
            );
        }
    }
    let labels: Vec<&str> = found.directions.iter().map(|row| row.proposed.as_str()).collect();
    assert_eq!(labels, ["turn up", "hair tone down", "smile up, skin up", "mouth open up", "glasses up", ""]);
    // A step of 1 along an axis is 0.7 deviations, less what is cut at the range's ends.
    let turn = found.directions[0].effects[Trait::Turn as usize].effect;
    assert!((0.6..0.8).contains(&turn), "{turn}");
}
