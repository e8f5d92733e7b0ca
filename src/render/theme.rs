//! How pictures of points look.

use plotters::style::RGBColor;

/// A look for pictures of points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Real points quiet, generated ones strong, told apart in grey print too.
    #[default]
    Light,
    /// The lab's own colours, in which its report's figures are; real points are hollow.
    Lab,
    /// For slides on a dark ground.
    Dark,
    /// For print in black: real points hollow and light, generated ones black.
    Paper,
}

/// Dots of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dots {
    /// Their colour.
    pub(super) colour: RGBColor,
    /// How opaque one of a thousand is.
    pub(super) opacity: f64,
    /// Their radius, in pixels of a picture of the usual size.
    pub(super) radius: f64,
    /// Whether only their rim is drawn.
    pub(super) hollow: bool,
}

/// What a theme's parts look like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) ground: RGBColor,
    pub(super) ink: RGBColor,
    pub(super) label: RGBColor,
    pub(super) frame: RGBColor,
    pub(super) grid: RGBColor,
    pub(super) real: Dots,
    pub(super) generated: Dots,
    /// Real points' over a field of tones.
    pub(super) real_over: RGBColor,
    /// Arrows'.
    pub(super) force: RGBColor,
    /// A field's where a point passes as generated, where the discriminator cannot tell, and where it passes as real.
    pub(super) low: RGBColor,
    pub(super) blind: RGBColor,
    pub(super) high: RGBColor,
}

impl Theme {
    /// Every theme with its name.
    pub const ALL: [(Self, &str); 4] =
        [(Self::Light, "light"), (Self::Lab, "lab"), (Self::Dark, "dark"), (Self::Paper, "paper")];

    pub(super) const fn look(self) -> Look {
        match self {
            Self::Light => Look {
                ground: RGBColor(255, 255, 255),
                ink: RGBColor(0x26, 0x26, 0x26),
                label: RGBColor(0x59, 0x59, 0x59),
                frame: RGBColor(0xB0, 0xB0, 0xB0),
                grid: RGBColor(0xEE, 0xEE, 0xEE),
                real: dots(RGBColor(0x8F, 0xA9, 0xC4), 0.75, 1.9),
                generated: dots(RGBColor(0xC8, 0x2A, 0x0A), 0.7, 1.9),
                real_over: RGBColor(0x1F, 0x4E, 0x86),
                force: RGBColor(0x5B, 0x1A, 0x8C),
                low: RGBColor(0xF9, 0xBF, 0xA0),
                blind: RGBColor(0xFC, 0xFC, 0xFB),
                high: RGBColor(0xA9, 0xCB, 0xEA),
            },
            Self::Lab => Look {
                ground: RGBColor(255, 255, 255),
                ink: RGBColor(0x26, 0x26, 0x26),
                label: RGBColor(0x59, 0x59, 0x59),
                frame: RGBColor(0xB0, 0xB0, 0xB0),
                grid: RGBColor(0xEC, 0xEC, 0xEC),
                // #6699A1 and #F17C67, which are the same grey: real points are hollow, so that print tells them apart.
                real: Dots { colour: RGBColor(0x66, 0x99, 0xA1), opacity: 1.0, radius: 2.3, hollow: true },
                generated: dots(RGBColor(0xF1, 0x7C, 0x67), 1.0, 1.9),
                real_over: RGBColor(0x2B, 0x66, 0x70),
                force: RGBColor(0x5B, 0x1A, 0x8C),
                low: RGBColor(0xFB, 0xD5, 0xCC),
                blind: RGBColor(0xFC, 0xFC, 0xFB),
                high: RGBColor(0xB5, 0xD6, 0xDB),
            },
            Self::Dark => Look {
                ground: RGBColor(0x14, 0x17, 0x1C),
                ink: RGBColor(0xEC, 0xEC, 0xE8),
                label: RGBColor(0xA9, 0xAF, 0xB8),
                frame: RGBColor(0x4A, 0x51, 0x5C),
                grid: RGBColor(0x22, 0x27, 0x2F),
                real: dots(RGBColor(0x4F, 0x6F, 0x94), 0.8, 1.9),
                generated: dots(RGBColor(0xFF, 0xB8, 0x4D), 0.8, 1.9),
                real_over: RGBColor(0x8F, 0xC4, 0xFF),
                force: RGBColor(0xF0, 0x9C, 0xFF),
                low: RGBColor(0x70, 0x3C, 0x08),
                blind: RGBColor(0x1B, 0x1F, 0x26),
                high: RGBColor(0x17, 0x45, 0x74),
            },
            Self::Paper => Look {
                ground: RGBColor(255, 255, 255),
                ink: RGBColor(0, 0, 0),
                label: RGBColor(0x33, 0x33, 0x33),
                frame: RGBColor(0x80, 0x80, 0x80),
                grid: RGBColor(0xF2, 0xF2, 0xF2),
                real: Dots { colour: RGBColor(0x9A, 0x9A, 0x9A), opacity: 0.9, radius: 2.3, hollow: true },
                generated: dots(RGBColor(0, 0, 0), 0.8, 1.5),
                real_over: RGBColor(0x6A, 0x6A, 0x6A),
                force: RGBColor(0x00, 0x00, 0x00),
                low: RGBColor(0xAE, 0xAE, 0xAE),
                blind: RGBColor(0xD8, 0xD8, 0xD8),
                high: RGBColor(0xFF, 0xFF, 0xFF),
            },
        }
    }
}

/// Colours that people with any colour vision tell apart (Okabe and Ito 2008, without yellow), those of the same grey not
/// beside each other.
pub(super) const SERIES: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0x00, 0x00, 0x00),
];

const fn dots(colour: RGBColor, opacity: f64, radius: f64) -> Dots {
    Dots { colour, opacity, radius, hollow: false }
}

impl Dots {
    /// How opaque each of `n` dots is, so that places where many lie are told from those where few do.
    pub(super) fn opacity_of(self, n: usize) -> f64 {
        if self.opacity >= 1.0 {
            return 1.0;
        }
        (self.opacity * (1000.0 / n.max(1) as f64).sqrt()).clamp(0.04, self.opacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The light that a colour has in grey print (ITU-R BT.709).
    fn grey(RGBColor(r, g, b): RGBColor) -> f64 {
        0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b)
    }

    #[test]
    fn real_and_generated_points_are_told_apart_without_colour() {
        for (theme, name) in Theme::ALL {
            let look = theme.look();
            let apart = (grey(look.real.colour) - grey(look.generated.colour)).abs();
            // The lab's own two are the same grey, and stay as they are; only one of them is filled.
            assert!(look.real.hollow != look.generated.hollow || apart > 60.0, "{name}: {apart}");
            for dots in [look.real, look.generated] {
                assert!((grey(dots.colour) - grey(look.ground)).abs() > 50.0, "{name}");
            }
        }
    }
}
