//! How images become what is trained on.

use serde::{Deserialize, Serialize};

use super::check::require;
use super::{Choice, ConfigError};

/// How images are read. A config without it is of before there were choices, and reads as it did then: PNG and JPEG files
/// of the folder itself, colours under transparency as the file has them, no EXIF, small images framed in black.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageConfig {
    /// The colour that shows through where a picture is transparent.
    pub ground: String,
    /// What becomes of images smaller than the side that is trained.
    pub small: SmallImages,
    /// The array of a file that holds several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Default for ImageConfig {
    fn default() -> Self {
        Self { ground: "white".to_owned(), small: SmallImages::Enlarge, key: None }
    }
}

/// What becomes of images smaller than the side that is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmallImages {
    /// They are enlarged.
    #[default]
    Enlarge,
    /// They stand in the middle of black.
    Frame,
    /// They are an error.
    Refuse,
}

impl SmallImages {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: "enlarge", help: "Enlarge them" },
        Choice { name: "frame", help: "Centre them on black, which the model then learns too" },
        Choice { name: "refuse", help: "Stop with an error, as with --strict" },
    ];
}

impl ImageConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let found = format!("'{}'", self.ground);
        let expected =
            "a colour: white, black, grey, red, green, blue, yellow, cyan, magenta, or digits such as #ff8000";
        require("images.ground", found, self.ground_colour().is_some(), expected)?;
        let key = self.key.as_ref();
        require("images.key", "empty", key.is_none_or(|key| !key.is_empty()), "an array's name, such as train_images")
    }

    /// The ground's red, green and blue.
    pub fn ground_colour(&self) -> Option<[u8; 3]> {
        colour(&self.ground)
    }
}

/// A colour by one of a few names, or by three or six hexadecimal digits after `#`, which may be left out.
fn colour(text: &str) -> Option<[u8; 3]> {
    let text = text.trim().to_ascii_lowercase();
    let named = match text.as_str() {
        "white" => [255; 3],
        "black" => [0; 3],
        "grey" | "gray" => [128; 3],
        "red" => [255, 0, 0],
        // As CSS has it.
        "green" => [0, 128, 0],
        "lime" => [0, 255, 0],
        "blue" => [0, 0, 255],
        "yellow" => [255, 255, 0],
        "cyan" => [0, 255, 255],
        "magenta" => [255, 0, 255],
        digits => return hexadecimal(digits.strip_prefix('#').unwrap_or(digits)),
    };
    Some(named)
}

fn hexadecimal(digits: &str) -> Option<[u8; 3]> {
    let nibbles: Vec<u8> =
        digits.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<Vec<u8>>>()?;
    let bytes: Vec<u8> = match nibbles.len() {
        3 => nibbles.iter().map(|nibble| nibble * 17).collect(),
        6 => nibbles.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect(),
        _ => return None,
    };
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_names_and_digits() {
        for (text, expected) in [
            ("white", Some([255; 3])),
            ("Gray", Some([128; 3])),
            ("#ff8000", Some([255, 128, 0])),
            ("0AF", Some([0, 170, 255])),
            ("#0af", Some([0, 170, 255])),
            ("transparent", None),
            ("#ff80", None),
            ("", None),
            ("#", None),
            ("ff80é0", None),
        ] {
            assert_eq!(colour(text), expected, "{text}");
        }
    }
}
