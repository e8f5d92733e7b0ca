//! Both implementations against the formulas in double precision, with nothing merged and no memory laid out for speed.

use tch::{Device, Kind, Tensor};

use super::{OnCpu, Place, Processor, StyleGan2, random};
use crate::checkpoint::{Dense, StyleGan2Weights};
use crate::rng::{Stream, Use};
use crate::synthesis::NoiseMode;
use crate::tensor::to_host;

const OURS: Processor = Processor::Cpu { threads: 2 };

fn double(values: &[f32], shape: &[i64]) -> Tensor {
    Tensor::from_slice(values).view(shape).to_kind(Kind::Double)
}

fn styled(style: &Dense, w: &[f32]) -> Tensor {
    let weight = double(&style.weight, &[style.outputs as i64, style.inputs as i64]);
    weight.mv(&double(w, &[-1])) + double(&style.bias, &[-1])
}

fn clamped(x: &Tensor, clamp: Option<f32>) -> Tensor {
    clamp.map_or_else(|| x.shallow_clone(), |clamp| x.clamp(-f64::from(clamp), f64::from(clamp)))
}

/// The four taps [1, 3, 3, 1] / 8 both ways, twice in each of them: the gain of 4.
fn filtered(x: &Tensor, before: i64, after: i64) -> Tensor {
    let channels = x.size()[1];
    let taps = double(&[0.25, 0.75, 0.75, 0.25], &[4]);
    let filter = taps.outer(&taps).view([1, 1, 4, 4]).repeat([channels, 1, 1, 1]);
    x.constant_pad_nd([before, after, before, after]).conv2d(&filter, None::<Tensor>, [1, 1], [0, 0], [1, 1], channels)
}

fn plainly(weights: &StyleGan2Weights, rows: &[f32]) -> Vec<f32> {
    let row = |i: usize| &rows[i * weights.mapping.w_dim()..][..weights.mapping.w_dim()];
    let mut x = double(&weights.constant, &[1, -1, 4, 4]);
    let mut image: Option<Tensor> = None;
    for (i, conv) in weights.convs.iter().enumerate() {
        let (inputs, outputs) = (conv.inputs as i64, conv.outputs as i64);
        let weight = double(&conv.weight, &[outputs, inputs, 3, 3]) * styled(&conv.style, row(i)).view([1, -1, 1, 1]);
        let norms = (weight.square().sum_dim_intlist([1_i64, 2, 3].as_slice(), true, None) + 1e-8).sqrt();
        let weight = weight / norms;
        x = if i % 2 == 1 {
            let y = x.conv_transpose2d(&weight.transpose(0, 1), None::<Tensor>, [2, 2], [0, 0], [0, 0], 1, [1, 1]);
            filtered(&y, 1, 1)
        } else {
            x.conv2d(&weight, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)
        };
        let noise = conv.noise.as_ref().unwrap();
        let side = x.size()[3];
        x += double(noise.map.as_ref().unwrap(), &[1, 1, side, side]) * f64::from(noise.strength[0]);
        x += double(&conv.bias, &[1, -1, 1, 1]);
        x = clamped(&((x.clamp_min(0.0) + x.clamp_max(0.0) * 0.2) * 2_f64.sqrt()), conv.clamp);
        if i % 2 == 1 {
            continue;
        }
        let layer = &weights.to_images[i / 2];
        let weight = double(&layer.weight, &[-1, layer.inputs as i64, 1, 1]);
        let weight = weight * styled(&layer.style, row(i + 1)).view([1, -1, 1, 1]);
        let own = x.conv2d(&weight, None::<Tensor>, [1, 1], [0, 0], [1, 1], 1) + double(&layer.bias, &[1, -1, 1, 1]);
        let own = clamped(&own, layer.clamp);
        image = Some(match image {
            None => own,
            Some(below) => {
                let (_, channels, lower, _) = below.size4().unwrap();
                let spread = Tensor::zeros([1, channels, lower, 2, lower, 2], (Kind::Double, Device::Cpu));
                spread.select(5, 0).select(3, 0).copy_(&below);
                filtered(&spread.view([1, channels, 2 * lower, 2 * lower]), 2, 1) + own
            }
        });
    }
    to_host(&image.unwrap()).unwrap()
}

fn rows(weights: &StyleGan2Weights) -> Vec<f32> {
    Stream::new(1, Use::Eval, 0).normal(weights.rows() * weights.mapping.w_dim())
}

fn drawn(net: &StyleGan2, rows: &[f32]) -> Vec<f32> {
    let begun = net.begin(rows, 0, NoiseMode::Stored).unwrap();
    net.image(&begun, rows, NoiseMode::Stored).unwrap().planes()
}

#[test]
fn both_implementations_are_the_formulas() {
    // One level alone; channels below, at and beyond a whole block of 16; sides of every way to convolve.
    for (levels, channels, widths) in [(1, 1, [3, 3, 3, 3, 3]), (3, 3, [20, 16, 7, 7, 7]), (5, 4, [33, 17, 16, 8, 5])] {
        let weights = random(levels, 12, channels, |b| widths[b]);
        let rows = rows(&weights);
        let expected = plainly(&weights, &rows);
        for (name, net) in [
            ("ours", StyleGan2::new(&weights, OURS).unwrap()),
            ("libtorch's", StyleGan2::by_torch(&weights, Device::Cpu).unwrap()),
        ] {
            let made = drawn(&net, &rows);
            assert_eq!(made.len(), expected.len());
            let apart = made.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 5e-5, "{name}, {levels} levels: {apart}");
        }
    }
}

#[test]
fn any_number_of_threads_makes_the_same_bytes() {
    let weights = random(6, 12, 3, |b| [20, 20, 18, 16, 9, 8][b]);
    let rows = rows(&weights);
    let with = |threads: usize| {
        let net =
            StyleGan2 { place: Place::Cpu(OnCpu::new(&weights, threads)), ..StyleGan2::new(&weights, OURS).unwrap() };
        drawn(&net, &rows)
    };
    let one = with(1);
    for threads in [2, 3, 7] {
        assert!(with(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_picture_after_a_larger_one_has_no_trace_of_it() {
    // The memory of maps is used again: what lies around them has to be zero in every shape.
    let weights = random(5, 12, 3, |b| [9, 20, 18, 16, 9][b]);
    let net = StyleGan2::new(&weights, OURS).unwrap();
    let rows = rows(&weights);
    let first = drawn(&net, &rows);
    let other: Vec<f32> = rows.iter().map(|x| 3.0 - x).collect();
    assert!(drawn(&net, &other) != first);
    assert!(drawn(&net, &rows) == first);
}

#[test]
fn a_style_of_zero_is_no_division_by_zero() {
    let mut weights = random(3, 4, 3, |_| 8);
    for conv in &mut weights.convs {
        conv.style.weight.fill(0.0);
        conv.style.bias.fill(0.0);
    }
    let rows = rows(&weights);
    let (made, expected) = (drawn(&StyleGan2::new(&weights, OURS).unwrap(), &rows), plainly(&weights, &rows));
    assert!(made.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn a_coarse_picture_is_that_of_the_sides_so_far_and_the_rest_goes_on_from_it() {
    let weights = random(5, 12, 3, |b| [20, 18, 16, 8, 5][b]);
    let rows = rows(&weights);
    for net in [StyleGan2::new(&weights, OURS).unwrap(), StyleGan2::by_torch(&weights, Device::Cpu).unwrap()] {
        let whole = drawn(&net, &rows);
        let nothing = net.begin(&rows, 0, NoiseMode::Stored).unwrap();
        for b in 0..4 {
            let (begun, image) = net.coarse(&nothing, &rows, b, NoiseMode::Stored).unwrap().unwrap();
            // The same network without its upper levels.
            let lower = StyleGan2Weights {
                convs: weights.convs[..=2 * b].to_vec(),
                to_images: weights.to_images[..=b].to_vec(),
                ..weights.clone()
            };
            let expected = plainly(&lower, &rows[..lower.rows() * 12]);
            let image = image.planes();
            assert_eq!(image.len(), 3 << (2 * (b + 2)));
            let apart = image.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 5e-5, "block {b}: {apart}");
            let finished = net.image(&begun, &rows, NoiseMode::Stored).unwrap().planes();
            assert!(finished == whole, "block {b}");
            assert!(net.coarse(&begun, &rows, b, NoiseMode::Stored).unwrap().is_none(), "it is beyond that");
        }
        // From any row that was begun.
        for first in 1..8 {
            let begun = net.begin(&rows, first, NoiseMode::Stored).unwrap();
            if let Some((begun, _)) = net.coarse(&begun, &rows, 3, NoiseMode::Stored).unwrap() {
                let finished = net.image(&begun, &rows, NoiseMode::Stored).unwrap().planes();
                assert!(finished == whole, "from row {first}");
            }
        }
        assert!(net.coarse(&nothing, &rows, 4, NoiseMode::Stored).unwrap().is_none(), "that is the whole picture");
    }
    let alone = StyleGan2::new(&StyleGan2Weights { skips: false, ..weights.clone() }, OURS).unwrap();
    let nothing = alone.begin(&rows, 0, NoiseMode::Stored).unwrap();
    assert!(alone.coarse(&nothing, &rows, 1, NoiseMode::Stored).unwrap().is_none(), "there is one image only");
}
