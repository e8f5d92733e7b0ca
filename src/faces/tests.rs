//! What holds for all faces and every trait.

use std::collections::BTreeSet;

use fs_err as fs;

use super::canvas::{Canvas, REACH};
use super::path::{Path, Point};
use super::*;
use crate::digest::digest;
use crate::rng::{Stream, Use};

const SIDE: usize = 64;

fn picture(face: &Face) -> Vec<u8> {
    let mut bytes = vec![0; SIDE * SIDE * 3];
    draw(face, SIDE, &mut bytes);
    bytes
}

/// The plain face with one trait at a place of its range from 0 to 1.
fn with(about: About, t: f64) -> Face {
    let mut face = Face::plain();
    // Where hair is white, its tone is not seen, and so on: nothing that hides another is at its end here.
    face[about.what] = about.range[0] + t * (about.range[1] - about.range[0]);
    face
}

/// Left, top, right and bottom of where a trait is seen in the plain face, as shares of the picture.
fn rectangle(place: Place) -> [f64; 4] {
    match place {
        Place::Everywhere => [0.0, 0.0, 1.0, 1.0],
        Place::Face => [0.22, 0.14, 0.78, 0.86],
        Place::Forehead => [0.24, 0.14, 0.76, 0.42],
        Place::Eyes => [0.26, 0.38, 0.74, 0.62],
        Place::Brows => [0.28, 0.32, 0.72, 0.50],
        Place::Nose => [0.40, 0.42, 0.60, 0.66],
        Place::Cheeks => [0.24, 0.46, 0.76, 0.72],
        Place::Mouth => [0.34, 0.58, 0.66, 0.84],
        Place::Chin => [0.20, 0.52, 0.80, 0.96],
        Place::Hair => [0.12, 0.05, 0.88, 1.0],
        Place::Shirt => [0.0, 0.85, 1.0, 1.0],
        // What is not the person.
        Place::Ground => [0.22, 0.12, 0.78, 1.0],
    }
}

/// The mean difference of two pictures inside a rectangle, and outside.
fn apart(a: &[u8], b: &[u8], [left, top, right, bottom]: [f64; 4]) -> [f64; 2] {
    let mut sums = [[0.0; 2]; 2];
    for (i, (a, b)) in a.as_chunks::<3>().0.iter().zip(b.as_chunks::<3>().0).enumerate() {
        let (x, y) = (((i % SIDE) as f64 + 0.5) / SIDE as f64, ((i / SIDE) as f64 + 0.5) / SIDE as f64);
        let inside = x > left && x < right && y > top && y < bottom;
        let difference: f64 = a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum();
        let [sum, count] = &mut sums[usize::from(!inside)];
        *sum += difference;
        *count += 3.0;
    }
    sums.map(|[sum, count]| if count > 0.0 { sum / count } else { 0.0 })
}

#[test]
fn the_list_is_in_the_order_of_the_traits_and_names_are_one_traits_alone() {
    for (i, about) in TRAITS.iter().enumerate() {
        assert_eq!(about.what as usize, i, "{}", about.name);
        assert!(about.range[0] < about.range[1] && !about.meaning.is_empty());
    }
    assert_eq!(TRAITS.map(|about| about.name).into_iter().collect::<BTreeSet<_>>().len(), COUNT);
    assert_eq!(parts::ALL.map(|part| part.name).into_iter().collect::<BTreeSet<_>>().len(), parts::ALL.len());
}

#[test]
fn every_trait_changes_the_picture_and_most_where_it_is_seen() {
    for about in TRAITS {
        let [low, high] = [0.0, 1.0].map(|t| picture(&with(about, t)));
        let mut found = apart(&low, &high, rectangle(about.place));
        if about.place == Place::Ground {
            found.reverse();
        }
        let [inside, outside] = found;
        assert!(inside > 0.8, "{}: {inside} within its place, {outside} outside", about.name);
        assert!(inside > 2.5 * outside, "{}: {inside} within its place, {outside} outside", about.name);
    }
}

#[test]
fn the_picture_changes_step_by_step_and_never_at_once() {
    const STEPS: usize = 50;
    let whole = rectangle(Place::Everywhere);
    for about in TRAITS {
        let walk: Vec<Vec<u8>> = (0..=STEPS).map(|i| picture(&with(about, i as f64 / STEPS as f64))).collect();
        let steps: Vec<f64> = walk.windows(2).map(|pair| apart(&pair[0], &pair[1], whole)[0]).collect();
        let mean = steps.iter().sum::<f64>() / STEPS as f64;
        let most = steps.iter().copied().fold(0.0, f64::max);
        assert!(most < 4.5 * mean, "{}: a step of {most}, {mean} in the mean", about.name);
    }
}

#[test]
fn left_and_right_are_mirrored() {
    let mut faces = [Face::plain(); 2];
    for (face, sign) in faces.iter_mut().zip([-1.0, 1.0]) {
        for which in [Trait::Turn, Trait::Tilt, Trait::GazeX, Trait::Parting, Trait::Light] {
            face[which] = 0.7 * sign;
        }
    }
    let [left, right] = faces.map(|face| picture(&face));
    let mirrored: Vec<u8> =
        left.chunks(SIDE * 3).flat_map(|row| row.rchunks(3).flatten().copied().collect::<Vec<_>>()).collect();
    // But for the glint in the eyes and every second strand, which are not.
    let [difference, _] = apart(&mirrored, &right, rectangle(Place::Everywhere));
    let [other, _] = apart(&left, &right, rectangle(Place::Everywhere));
    assert!(difference < 1.0 && other > 10.0, "{difference} after mirroring, {other} before");
}

#[test]
fn the_same_seed_gives_the_bytes_that_it_always_gave() {
    let drawn: Vec<u8> = (0..8).flat_map(|number| picture(&face(0, number))).collect();
    let traits: Vec<u8> = (0..100).flat_map(|number| face(7, number).0).flat_map(f64::to_le_bytes).collect();
    // Other numbers here are another law: raise VERSION with them.
    assert_eq!((VERSION, digest(&drawn).as_str(), digest(&traits).as_str()), (1, DRAWN, DRAWN_TRAITS));
    assert_ne!(face(0, 1), face(0, 2));
    assert_ne!(face(0, 1), face(1, 1));
}

const DRAWN: &str = "50daaff98431341bfd2cc721163b18297f35ad793ce18a58ce235163cbee3828";
const DRAWN_TRAITS: &str = "525d67910f52eb574a4ddbbe3377d70ce58dd2b92d6fa659ed7a41734b9f5153";

#[test]
fn a_set_is_the_same_for_any_number_of_threads_and_its_table_is_what_was_drawn() {
    let dir = tempfile::tempdir().unwrap();
    let set = FaceSet { n: 1201, side: 16, seed: 5 };
    let read = |folder: &str| [PICTURES, TABLE, CARD].map(|name| fs::read(dir.path().join(folder).join(name)).unwrap());
    for threads in [1, 2, 3, 7] {
        set.write(&dir.path().join(threads.to_string()), threads).unwrap();
        assert!(read(&threads.to_string()) == read("1"), "{threads} threads");
    }
    // More faces begin with these.
    FaceSet { n: 1300, ..set }.write(&dir.path().join("more"), 2).unwrap();
    let [pictures, table, card] = read("1");
    assert_eq!(pictures.len() as u64, 128 + set.bytes());
    assert_eq!(read("more")[0][128..pictures.len()], pictures[128..]);
    let mut reader = csv::Reader::from_reader(&table[..]);
    assert_eq!(reader.headers().unwrap(), &TRAITS.map(|about| about.name)[..]);
    let mut rows = 0;
    for (row, drawn) in reader.records().zip(pictures[128..].chunks(16 * 16 * 3)) {
        let mut values = [0.0; COUNT];
        for (value, cell) in values.iter_mut().zip(row.unwrap().iter()) {
            *value = cell.parse().unwrap();
        }
        let mut again = vec![0; 16 * 16 * 3];
        draw(&Face(values), 16, &mut again);
        assert!(again == drawn, "line {rows}");
        rows += 1;
    }
    assert_eq!(rows, 1201);
    let card: serde_json::Value = serde_json::from_slice(&card).unwrap();
    assert_eq!(card["sha256"][PICTURES], digest(&pictures).as_str());
    assert_eq!(card["sha256"][TABLE], digest(&table).as_str());
    assert_eq!(card["traits"].as_array().unwrap().len(), COUNT);
    assert_eq!((&card["n"], &card["seed"], &card["resolution"]), (&1201.into(), &5.into(), &16.into()));
}

#[test]
fn traits_are_drawn_by_their_laws() {
    const N: usize = 20_000;
    let faces: Vec<Face> = FaceSet { n: N as u64, side: 16, seed: 3 }.faces().collect();
    let share = |of: &dyn Fn(&Face) -> bool, among: &dyn Fn(&Face) -> bool| {
        let (hits, all) = faces
            .iter()
            .filter(|face| among(face))
            .fold((0.0, 0.0), |(hits, all), face| (hits + f64::from(u8::from(of(face))), all + 1.0));
        hits / all
    };
    let near = |what: &str, found: f64, expected: f64| {
        assert!((found - expected).abs() < 0.02, "{what}: {found}, not {expected}");
    };
    let all = |_: &Face| true;
    for about in TRAITS {
        let [low, high] = about.range;
        let at = |face: &Face| (face[about.what] - low) / (high - low);
        assert!(faces.iter().all(|face| (0.0..=1.0).contains(&at(face))), "{} leaves its range", about.name);
        // The share below a quarter of the range, by the law.
        let quarter = match about.draw {
            Draw::Even => 0.25,
            Draw::Middle => 0.125,
            Draw::Small => 0.5,
            Draw::Large => 1.0 - 0.75_f64.sqrt(),
            Draw::Some(share) => 1.0 - share,
            Draw::Beard | Draw::Grey => continue,
        };
        near(about.name, share(&|face| at(face) < 0.25, &all), quarter);
    }
    let bearded = |face: &Face| face[Trait::Beard] > 0.0;
    near("beards with short hair", share(&bearded, &|face| face[Trait::HairLength] < 0.5), 0.5);
    near("beards with long hair", share(&bearded, &|face| face[Trait::HairLength] >= 0.5), 0.08);
    assert!(share(&|face| face[Trait::HairGrey] > 0.0, &|face| face[Trait::Age] <= 0.5) == 0.0);
    near("grey when old", share(&|face| face[Trait::HairGrey] > 0.0, &|face| face[Trait::Age] > 0.5), 1.0);
}

#[test]
fn traits_of_which_the_law_does_not_say_it_do_not_go_together() {
    const N: usize = 20_000;
    let faces: Vec<Face> = FaceSet { n: N as u64, side: 16, seed: 4 }.faces().collect();
    let standard: Vec<Vec<f64>> = (0..COUNT)
        .map(|i| {
            let values: Vec<f64> = faces.iter().map(|face| face.0[i]).collect();
            let mean = values.iter().sum::<f64>() / N as f64;
            let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / N as f64).sqrt();
            values.into_iter().map(|x| (x - mean) / deviation).collect()
        })
        .collect();
    let together = [[Trait::HairLength, Trait::Beard], [Trait::Age, Trait::HairGrey]];
    for i in 0..COUNT {
        for j in 0..i {
            let correlation = standard[i].iter().zip(&standard[j]).map(|(a, b)| a * b).sum::<f64>() / N as f64;
            let pair = [TRAITS[i].what, TRAITS[j].what];
            let known = together.iter().any(|known| pair.iter().all(|which| known.contains(which)));
            // Five standard errors.
            let limit = 5.0 / (N as f64).sqrt();
            assert_eq!(correlation.abs() > limit, known, "{pair:?}: {correlation}");
        }
    }
}

#[test]
fn whatever_the_traits_a_picture_comes_out() {
    let mut rng = Stream::new(9, Use::Data, 0);
    for number in 0..300 {
        let mut face = Face::plain();
        for about in TRAITS {
            face[about.what] = about.range[rng.below(2)];
        }
        let side = [16, 17, 33, 64, 100, 255][number % 6];
        let mut bytes = vec![0; side * side * 3];
        draw(&face, side, &mut bytes);
        let kinds = bytes.iter().collect::<BTreeSet<_>>().len();
        assert!(kinds > 30, "{kinds} values in a picture of side {side}: {face:?}");
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300] {
        for about in TRAITS {
            let mut face = Face::plain();
            face[about.what] = value;
            draw(&face, 16, &mut [0; 16 * 16 * 3]);
        }
        draw(&Face([value; COUNT]), 16, &mut [0; 16 * 16 * 3]);
    }
    for (side, bytes) in [(0, 0), (1, 3), (16, 5), (16, 5000)] {
        draw(&Face::plain(), side, &mut vec![0; bytes]);
    }
}

#[test]
fn what_is_covered_is_the_outlines_exact_area() {
    let mut rng = Stream::new(2, Use::Data, 0);
    // The sum of all pixels' shares, in units of coordinates.
    let area = |side: usize, path: &Path| {
        let canvas = Canvas::new(side);
        let scale = side as f32 / (2.0 * REACH);
        canvas.mask(path).sum() / (scale * scale)
    };
    for _ in 0..200 {
        let mut place = || REACH * (1.8 * rng.uniform_f64() as f32 - 0.9);
        let [a, b, c]: [Point; 3] = std::array::from_fn(|_| [place(), place()]);
        let exact = 0.5 * ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])).abs();
        for side in [16, 37, 64] {
            let found = area(side, &Path::polygon(&[a, b, c]));
            assert!((found - exact).abs() < 1e-4, "{found}, not {exact}, of {a:?} {b:?} {c:?} at side {side}");
        }
    }
    let disc = Path::ellipse([0.1, -0.2], [0.5, 0.3], 0.0);
    let hole = Path::ellipse([0.1, -0.2], [0.25, 0.15], 0.0);
    // 48 points of an ellipse.
    let polygon = 24.0 * (std::f32::consts::TAU / 48.0).sin() * 0.5 * 0.3;
    assert!((area(64, &disc) - polygon).abs() < 1e-4);
    assert!((area(64, &disc.without(hole)) - 0.75 * polygon).abs() < 1e-4);
    // Half of it outside the picture.
    let cut = Path::ellipse([REACH, 0.3], [0.5, 0.3], 0.0);
    assert!((area(64, &cut) - polygon / 2.0).abs() < 2e-3, "{}", area(64, &cut));
    let cut = Path::ellipse([0.0, -REACH], [0.5, 0.3], 0.0);
    assert!((area(64, &cut) - polygon / 2.0).abs() < 1e-4);
}
