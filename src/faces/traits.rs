//! The traits that a face has, and by what law each is drawn: one list.
//!
//! A trait changes the picture smoothly. Its values are multiples of 0.0001, so that a table's decimals are exactly what was
//! drawn.

use std::ops::{Index, IndexMut};

/// How many traits there are.
pub const COUNT: usize = 37;

/// Of what a face is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "TRAITS says what each is")]
pub enum Trait {
    Turn,
    Nod,
    Tilt,
    FaceWidth,
    Jaw,
    Skin,
    Undertone,
    Blush,
    Age,
    EyeSize,
    EyeOpen,
    GazeX,
    GazeY,
    EyeColour,
    BrowHeight,
    BrowAngle,
    BrowWeight,
    NoseSize,
    Smile,
    MouthOpen,
    Lips,
    Lipstick,
    HairLength,
    HairVolume,
    HairWave,
    Fringe,
    Parting,
    HairTone,
    HairRed,
    HairGrey,
    Beard,
    Glasses,
    ShirtHue,
    ShirtLight,
    GroundHue,
    GroundLight,
    Light,
}

/// By what law a trait is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Draw {
    /// All values in the range are equally likely.
    Even,
    /// The mean of two even draws: the middle is likely, the ends are not.
    Middle,
    /// An even draw from 0 to 1, squared: small values are likely.
    Small,
    /// The range's end less its length times an even draw squared: large values are likely.
    Large,
    /// 0, and with this probability an even draw from 0.25 to 1.
    Some(f64),
    /// As `Some` with 0.5 where the hair's length is below 0.5, else 0.08.
    Beard,
    /// max(0, 2 age - 1) times an even draw from 0.4 to 1.
    Grey,
}

impl Draw {
    /// The law in words.
    pub fn words(self) -> String {
        match self {
            Self::Even => "even over the range".to_owned(),
            Self::Middle => "the mean of two draws that are even over the range".to_owned(),
            Self::Small => "the square of a draw that is even from 0 to 1".to_owned(),
            Self::Large => {
                "the range's upper end less its length times the square of a draw that is even from 0 to 1".to_owned()
            }
            Self::Some(share) => format!("0, or with probability {share} even from 0.25 to 1"),
            Self::Beard => {
                "0, or even from 0.25 to 1: with probability 0.5 where hair_length is below 0.5, else with 0.08"
                    .to_owned()
            }
            Self::Grey => "max(0, 2 age - 1) times a draw that is even from 0.4 to 1".to_owned(),
        }
    }
}

/// Where in the picture a trait is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Place {
    Everywhere,
    Face,
    Forehead,
    Eyes,
    Brows,
    Nose,
    Cheeks,
    Mouth,
    Chin,
    Hair,
    Shirt,
    Ground,
}

/// What there is to know about a trait.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Which it is.
    pub what: Trait,
    /// Its name in tables.
    pub name: &'static str,
    /// Its range.
    pub range: [f64; 2],
    /// Its law.
    pub draw: Draw,
    /// Where it is seen.
    pub place: Place,
    /// What its least and its largest value mean.
    pub meaning: &'static str,
}

const SIGNED: [f64; 2] = [-1.0, 1.0];
const SHARE: [f64; 2] = [0.0, 1.0];

const fn about(
    what: Trait,
    name: &'static str,
    range: [f64; 2],
    draw: Draw,
    place: Place,
    meaning: &'static str,
) -> About {
    About { what, name, range, draw, place, meaning }
}

/// Every trait, in the order in which they are drawn and stand in tables.
#[rustfmt::skip]
pub const TRAITS: [About; COUNT] = [
    about(Trait::Turn, "turn", SIGNED, Draw::Middle, Place::Face, "the head turned to the picture's left, by 28 degrees, to its right"),
    about(Trait::Nod, "nod", SIGNED, Draw::Middle, Place::Face, "the head up, by 16 degrees, to down"),
    about(Trait::Tilt, "tilt", SIGNED, Draw::Middle, Place::Face, "the head's top to the picture's left, by 12 degrees, to its right"),
    about(Trait::FaceWidth, "face_width", SIGNED, Draw::Middle, Place::Face, "narrow to wide"),
    about(Trait::Jaw, "jaw", SIGNED, Draw::Middle, Place::Chin, "pointed to square"),
    about(Trait::Skin, "skin", SHARE, Draw::Even, Place::Face, "light to dark"),
    about(Trait::Undertone, "undertone", SIGNED, Draw::Even, Place::Face, "rosy to golden"),
    about(Trait::Blush, "blush", SHARE, Draw::Even, Place::Cheeks, "none to strong"),
    about(Trait::Age, "age", SHARE, Draw::Even, Place::Face, "no lines to many"),
    about(Trait::EyeSize, "eye_size", SIGNED, Draw::Middle, Place::Eyes, "small to large"),
    about(Trait::EyeOpen, "eye_open", SHARE, Draw::Even, Place::Eyes, "drowsy to wide"),
    about(Trait::GazeX, "gaze_x", SIGNED, Draw::Even, Place::Eyes, "to the picture's left to its right, seen from the head"),
    about(Trait::GazeY, "gaze_y", SIGNED, Draw::Middle, Place::Eyes, "up to down, seen from the head"),
    about(Trait::EyeColour, "eye_colour", SHARE, Draw::Even, Place::Eyes, "brown, hazel, green, blue, grey"),
    about(Trait::BrowHeight, "brow_height", SIGNED, Draw::Middle, Place::Brows, "low to raised"),
    about(Trait::BrowAngle, "brow_angle", SIGNED, Draw::Middle, Place::Brows, "worried to stern"),
    about(Trait::BrowWeight, "brow_weight", SHARE, Draw::Even, Place::Brows, "thin to bushy"),
    about(Trait::NoseSize, "nose_size", SIGNED, Draw::Middle, Place::Nose, "small to large"),
    about(Trait::Smile, "smile", SIGNED, Draw::Large, Place::Mouth, "corners down to up"),
    about(Trait::MouthOpen, "mouth_open", SHARE, Draw::Small, Place::Mouth, "closed to open"),
    about(Trait::Lips, "lips", SHARE, Draw::Even, Place::Mouth, "thin to full"),
    about(Trait::Lipstick, "lipstick", SHARE, Draw::Some(0.45), Place::Mouth, "none to strong"),
    about(Trait::HairLength, "hair_length", SHARE, Draw::Even, Place::Hair, "cropped to below the shoulders"),
    about(Trait::HairVolume, "hair_volume", SHARE, Draw::Even, Place::Hair, "flat to full"),
    about(Trait::HairWave, "hair_wave", SHARE, Draw::Even, Place::Hair, "straight to curly"),
    about(Trait::Fringe, "fringe", SHARE, Draw::Even, Place::Forehead, "forehead free to covered"),
    about(Trait::Parting, "parting", SIGNED, Draw::Even, Place::Forehead, "at the picture's left to its right"),
    about(Trait::HairTone, "hair_tone", SHARE, Draw::Even, Place::Hair, "black, brown, blond"),
    about(Trait::HairRed, "hair_red", SHARE, Draw::Small, Place::Hair, "none to red"),
    about(Trait::HairGrey, "hair_grey", SHARE, Draw::Grey, Place::Hair, "none to white"),
    about(Trait::Beard, "beard", SHARE, Draw::Beard, Place::Chin, "shaven, stubble, full"),
    about(Trait::Glasses, "glasses", SHARE, Draw::Some(0.3), Place::Eyes, "none, thin frames, heavy frames"),
    about(Trait::ShirtHue, "shirt_hue", SHARE, Draw::Even, Place::Shirt, "navy, teal, mustard, coral, plum"),
    about(Trait::ShirtLight, "shirt_light", SHARE, Draw::Even, Place::Shirt, "dark to light"),
    about(Trait::GroundHue, "ground_hue", SHARE, Draw::Even, Place::Ground, "blue, teal, sand, peach, rose"),
    about(Trait::GroundLight, "ground_light", SHARE, Draw::Even, Place::Ground, "dark to light"),
    about(Trait::Light, "light", SIGNED, Draw::Even, Place::Everywhere, "light from the picture's left to its right"),
];

/// A face: a value for each trait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face(pub [f64; COUNT]);

impl Index<Trait> for Face {
    type Output = f64;

    fn index(&self, which: Trait) -> &f64 {
        &self.0[which as usize]
    }
}

impl IndexMut<Trait> for Face {
    fn index_mut(&mut self, which: Trait) -> &mut f64 {
        &mut self.0[which as usize]
    }
}

impl Face {
    /// A face from which a walk along one trait begins: the middle of every range, without glasses, beard and lipstick.
    pub fn plain() -> Self {
        let mut face = Self(TRAITS.map(|about| f64::midpoint(about.range[0], about.range[1])));
        for (which, value) in [
            (Trait::Skin, 0.3),
            (Trait::Age, 0.15),
            (Trait::EyeOpen, 0.65),
            (Trait::EyeColour, 0.75),
            (Trait::Smile, 0.35),
            (Trait::MouthOpen, 0.0),
            (Trait::Lipstick, 0.0),
            (Trait::Fringe, 0.25),
            (Trait::HairTone, 0.35),
            (Trait::HairWave, 0.2),
            (Trait::HairRed, 0.1),
            (Trait::HairGrey, 0.0),
            (Trait::Beard, 0.0),
            (Trait::Glasses, 0.0),
        ] {
            face[which] = value;
        }
        face
    }
}
