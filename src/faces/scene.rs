//! What all parts of a drawing share: the canvas, the traits, how the head is held, colours.

use super::canvas::Canvas;
use super::colour::{Colour, luma, mix, ramp, tinted};
use super::path::Point;
use super::traits::{Face, Trait};

/// A drawing in the making.
pub(super) struct Scene {
    pub(super) canvas: Canvas,
    face: Face,
    pub(super) head: Head,
    pub(super) skin: Skin,
    /// The hair's colour, in light and in shadow.
    pub(super) hair: [Colour; 2],
    /// Where the light comes from: -1 left, 1 right.
    pub(super) light: f32,
}

/// The skin's colours.
#[derive(Clone, Copy)]
pub(super) struct Skin {
    pub(super) base: Colour,
    pub(super) shadow: Colour,
    pub(super) light: Colour,
    /// Lines and creases.
    pub(super) line: Colour,
    pub(super) lips: Colour,
}

impl Scene {
    pub(super) fn new(face: &Face, side: usize) -> Self {
        let of = |which: Trait| face[which] as f32;
        Self {
            canvas: Canvas::new(side),
            face: *face,
            head: Head::new(face),
            skin: Skin::new(of(Trait::Skin), of(Trait::Undertone), of(Trait::Age)),
            hair: hair(of(Trait::HairTone), of(Trait::HairRed), of(Trait::HairGrey)),
            light: of(Trait::Light),
        }
    }

    /// A trait's value.
    pub(super) fn of(&self, which: Trait) -> f32 {
        self.face[which] as f32
    }
}

impl Skin {
    fn new(tone: f32, undertone: f32, age: f32) -> Self {
        let base = ramp(&TONES, tone);
        let warm = [1.0 + 0.01 * undertone, 1.0 + 0.035 * undertone, 1.0 - 0.075 * undertone];
        let base = mix(tinted(base, warm), [0.80, 0.72, 0.68], 0.10 * age);
        let shadow = tinted(base, [0.80, 0.68, 0.66]);
        Self {
            base,
            shadow,
            light: mix(base, [1.0, 0.95, 0.86], 0.38 - 0.14 * tone),
            line: tinted(base, [0.58, 0.43, 0.42]),
            lips: mix(tinted(base, [0.88, 0.58, 0.58]), [0.70, 0.30, 0.30], 0.35),
        }
    }
}

const TONES: [Colour; 5] =
    [[0.99, 0.87, 0.78], [0.94, 0.75, 0.61], [0.79, 0.56, 0.40], [0.56, 0.36, 0.25], [0.36, 0.22, 0.16]];

fn hair(tone: f32, red: f32, grey: f32) -> [Colour; 2] {
    let colour = ramp(&HAIRS, tone);
    let colour = mix(colour, mix([0.40, 0.12, 0.06], [0.90, 0.47, 0.20], tone), 0.85 * red);
    let colour = mix(colour, [0.86, 0.86, 0.88], grey);
    let depth = 0.62 + 0.10 * luma(colour);
    [colour, tinted(colour, [depth, depth * 0.94, depth * 0.95])]
}

const HAIRS: [Colour; 5] =
    [[0.13, 0.11, 0.13], [0.28, 0.18, 0.14], [0.47, 0.30, 0.18], [0.73, 0.54, 0.31], [0.94, 0.80, 0.51]];

/// The head's form, and how it is held.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// Half of its width, height and depth.
    pub(super) half: [f32; 3],
    yaw: [f32; 2],
    pitch: [f32; 2],
    roll: [f32; 2],
}

/// The middle of the head.
const CENTRE: Point = [0.0, -0.05];
/// About what the head tilts: the neck, below its middle.
const PIVOT: f32 = 0.55;

impl Head {
    fn new(face: &Face) -> Self {
        let turned = |which: Trait, degrees: f64| {
            let angle = (face[which] * degrees).to_radians();
            [libm::cos(angle) as f32, libm::sin(angle) as f32]
        };
        let width = face[Trait::FaceWidth] as f32;
        Self {
            half: [0.455 + 0.045 * width, 0.60 - 0.012 * width, 0.50],
            yaw: turned(Trait::Turn, 28.0),
            pitch: turned(Trait::Nod, 16.0),
            roll: turned(Trait::Tilt, 12.0),
        }
    }

    /// The sine of the turn.
    pub(super) fn turn(&self) -> f32 {
        self.yaw[1]
    }

    /// The picture's point of a point in the head: x and y from its middle, z to its front.
    pub(super) fn at(&self, [x, y, z]: [f32; 3]) -> Point {
        let (x, z) = (x * self.yaw[0] + z * self.yaw[1], z * self.yaw[0] - x * self.yaw[1]);
        let y = y * self.pitch[0] + z * self.pitch[1];
        self.tilted([x, y])
    }

    /// The picture's point of one that is x and y from the head's middle, before the tilt.
    fn tilted(&self, [x, y]: Point) -> Point {
        let y = y - PIVOT;
        let (x, y) = (x * self.roll[0] - y * self.roll[1], y * self.roll[0] + x * self.roll[1]);
        [CENTRE[0] + x, CENTRE[1] + PIVOT + y]
    }

    /// The picture's point of a point on the face, `u` and `v` in half widths and heights of the head, lifted off it.
    pub(super) fn on_face(&self, u: f32, v: f32, lift: f32) -> Point {
        let [width, height, depth] = self.half;
        let z = depth * (1.0 - 0.80 * u * u - 0.45 * v * v).max(0.02).sqrt();
        self.at([u * width, v * height, z + lift])
    }

    /// A point on the face at some distance (not in half widths, but as in the picture) from another.
    pub(super) fn near(&self, [u, v]: Point, [dx, dy]: Point, lift: f32) -> Point {
        self.on_face(u + dx / self.half[0], v + dy / self.half[1], lift)
    }

    /// The picture's point of the outline of something around the head's middle; `forward` is how far before it, in half
    /// depths, that outline runs.
    pub(super) fn outline(&self, u: f32, v: f32, forward: f32) -> Point {
        let [width, height, depth] = self.half;
        // The head is as wide from the side as from before, nearly.
        let wide = 1.0 + 0.5 * (depth / width - 1.0) * self.yaw[1] * self.yaw[1];
        let z = forward * depth;
        let x = u * width * wide;
        self.tilted([x + z * self.yaw[1], v * height + z * self.yaw[0] * self.pitch[1]])
    }
}
