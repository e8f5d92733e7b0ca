//! The hair: what is behind the head, and what is on it.

use crate::faces::canvas::Mask;
use crate::faces::colour::{mix, smooth_step};
use crate::faces::path::{Path, Point};
use crate::faces::scene::Scene;
use crate::faces::traits::Trait;

/// What the hair's outline is made of.
#[derive(Clone, Copy)]
struct Form {
    length: f32,
    volume: f32,
    wave: f32,
}

impl Form {
    fn new(scene: &Scene) -> Self {
        Self {
            length: scene.of(Trait::HairLength),
            volume: 0.04 + 0.17 * scene.of(Trait::HairVolume),
            wave: scene.of(Trait::HairWave),
        }
    }

    /// Curls on an outline, in half widths, at a place along it.
    fn curl(&self, along: f32) -> f32 {
        let angle = f64::from(along) * std::f64::consts::PI;
        self.wave * self.wave * 0.075 * (libm::sin(angle) as f32).abs()
    }
}

pub(super) fn behind(scene: &mut Scene) {
    let form = Form::new(scene);
    let head = scene.head;
    let end = -0.20 + 1.90 * form.length;
    let grown = smooth_step(0.1, 0.45, form.length);
    let wide = 0.80 + 0.18 * grown + form.volume * (0.5 + 0.9 * form.length) * grown + 0.10 * form.length;
    let mut right: Vec<Point> = Vec::new();
    for i in 0..=12_u8 {
        let t = f32::from(i) / 12.0;
        let v = -0.85 + (end + 0.85) * t;
        let round = (1.0 - (1.0 - 2.0 * t.min(0.5)) * (1.0 - 2.0 * t.min(0.5))).max(0.0).sqrt();
        let taper = 1.0 - (0.30 - 0.22 * form.length) * smooth_step(0.6, 1.0, t);
        let swing = form.wave * 0.05 * form.length * (libm::sin(f64::from(t) * 14.0) as f32);
        right.push([wide * round.max(0.4) * taper + form.curl(f32::from(i) * 0.5) + swing * t, v]);
    }
    let back = -0.22;
    // Below the chin the hair hangs and no longer turns with the head.
    let at = |side: f32, [u, v]: Point| {
        let turned = head.outline(side * u, v, back);
        let free = [side * u * head.half[0], v * head.half[1] - 0.05];
        let hang = smooth_step(0.4, 1.4, v);
        [turned[0] + hang * (free[0] - turned[0]), turned[1] + hang * (free[1] - turned[1])]
    };
    let mut points: Vec<Point> = right.iter().map(|&point| at(1.0, point)).collect();
    points.extend(right.iter().rev().map(|&point| at(-1.0, point)));
    let mask = scene.canvas.mask(&Path::smooth(&points));
    let [light, dark] = scene.hair;
    let deep = mix(dark, [0.05, 0.03, 0.06], 0.30);
    let lit_side = scene.light;
    scene.canvas.fill(&mask, |[x, y]| {
        let lit = smooth_step(0.25, 1.0, x.abs() + 0.25 * x * lit_side - 0.1 * y);
        (mix(deep, mix(dark, light, 0.55), lit), 1.0)
    });
}

pub(super) fn draw(scene: &mut Scene) {
    let form = Form::new(scene);
    let parting = 0.55 * scene.of(Trait::Parting);
    let path = front(scene, form, parting);
    // Its shadow on the face.
    let face = scene.canvas.mask(&super::head::outline(scene));
    let lowered: Vec<Point> = path.rings[0].iter().map(|&[x, y]| [x - 0.02 * scene.light, y + 0.045]).collect();
    scene.canvas.flat_in(&Path::polygon(&lowered), &face, scene.skin.shadow, 0.65);
    let mask = scene.canvas.mask(&path);
    let [light, dark] = scene.hair;
    let side = scene.light;
    let crown = scene.head.outline(0.25 * side, -0.62, 0.25);
    let bright = mix(light, [1.0, 0.95, 0.88], 0.30);
    scene.canvas.fill(&mask, |[x, y]| {
        let (dx, dy) = (x - crown[0], y - crown[1]);
        let lit = smooth_step(-0.65, 0.35, x * side * 0.8 - dy - 0.5 * dx * dx);
        let arc = dy + 0.9 * dx * dx + 0.02;
        let shine = smooth_step(0.10, 0.0, arc.abs()) * smooth_step(0.75, 0.1, dx.abs());
        (mix(mix(dark, light, lit), bright, 0.45 * shine), 1.0)
    });
    strands(scene, &mask, parting, form);
}

/// The outline of what lies on the head: over the top, down the sides of the face, the longer the further, and back along the
/// hairline.
fn front(scene: &Scene, form: Form, parting: f32) -> Path {
    let head = scene.head;
    let fringe = scene.of(Trait::Fringe);
    let out = 1.0 + form.volume;
    let side_end = 0.02 + 0.85 * smooth_step(0.15, 0.95, form.length);
    let side_in = 0.90 - 0.06 * smooth_step(0.2, 0.8, form.length);
    let mut points: Vec<Point> = Vec::new();
    for i in 0..=24_u8 {
        let t = f32::from(i) / 24.0;
        let angle = std::f64::consts::PI * f64::from(t);
        let (c, s) = (-(libm::cos(angle) as f32), libm::sin(angle) as f32);
        let bump = form.curl(f32::from(i) * 0.5);
        let far = out + bump;
        let top = 1.0 + 0.85 * form.volume + bump;
        points.push(head.outline(c * far * 0.985, -0.12 - (top - 0.12) * s, -0.06 * s));
    }
    // A lock beside the face, from its outer edge to its inner one.
    let lock =
        [[out + form.curl(0.6), 0.5 * side_end], [0.5 * (out + side_in) + 0.04, side_end], [side_in, 0.55 * side_end]];
    points.extend(lock.map(|[u, v]| head.outline(u, v, 0.08)));
    // From the right temple to the left one, highest at the parting.
    for i in 0..=12_u8 {
        let t = 1.0 - f32::from(i) / 6.0;
        points.push(hairline(scene, t, fringe, parting, side_in));
    }
    points.extend(lock.into_iter().rev().map(|[u, v]| head.outline(-u, v, 0.08)));
    Path::smooth(&points)
}

/// A point of the hairline; `t` from -1 (left temple) to 1 (right temple).
fn hairline(scene: &Scene, t: f32, fringe: f32, parting: f32, side_in: f32) -> Point {
    let bare = -0.66 + 0.54 * t * t * t * t;
    let d = (t - parting) / 0.85;
    let notch = (1.0 - d * d).max(0.0);
    let covered = -0.20 - 0.24 * notch * notch + 0.06 * t * t;
    let v = bare + fringe * (covered.max(bare) - bare);
    scene.head.on_face(t * side_in, v, 0.0)
}

/// Lines in which the hair lies, from the parting to the sides.
fn strands(scene: &mut Scene, within: &Mask, parting: f32, form: Form) {
    let head = scene.head;
    let [light, dark] = scene.hair;
    for i in 0..7_u8 {
        let t = f32::from(i) / 3.0 - 1.0;
        let reach = if t < parting { -1.0 } else { 1.0 };
        let from = head.on_face(parting * 0.9, -1.02 + 0.10 * t.abs(), 0.0);
        let u = t + 0.12 * reach;
        let bend = form.wave * 0.06 * (if i % 2 == 0 { 1.0 } else { -1.0 });
        let middle = head.outline(0.55 * (u + parting), -0.80 + 0.25 * u * u, 0.4 * (1.0 - u * u));
        let end =
            head.outline(u * (0.95 + 0.3 * form.volume), -0.42 + 0.55 * u * u + 0.10, 0.3 * (1.0 - u * u).max(0.0));
        let path = Path::stroke(&[from, [middle[0] + bend, middle[1]], end], |t| {
            0.034 * (4.0 * t * (1.0 - t)).max(0.0).sqrt()
        });
        let (colour, opacity) = if i % 2 == 0 { (dark, 0.45) } else { (mix(light, [1.0, 0.96, 0.9], 0.2), 0.35) };
        scene.canvas.flat_in(&path, within, colour, opacity);
    }
}
