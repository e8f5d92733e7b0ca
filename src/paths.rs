//! Paths as text that leads back to them. JSON holds UTF-8 and file names are bytes: a byte that is no UTF-8 is written as
//! NUL and two hexadecimal digits, which no path can hold, so that every other path is written as it is.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize as _, Deserializer, Serializer};

const MARK: char = '\0';

/// The text for a path.
pub fn text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("{MARK}{byte:02x}"));
        }
    }
    text
}

/// The path that [`text`] has written.
pub fn path(text: &str) -> PathBuf {
    let mut parts = text.split(MARK);
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            // Nobody wrote it; what is said of such a file shows what it is.
            None => bytes.extend(format!("{MARK}{part}").bytes()),
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

/// Whether a path's text is the path itself.
pub fn is_plain(text: &str) -> bool {
    !text.contains(MARK)
}

/// For serde.
pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(path))
}

/// For serde.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    String::deserialize(deserializer).map(|text| path(&text))
}

/// The same for a path that may be left out.
pub mod optional {
    use super::{Deserializer, Path, PathBuf, Serializer, path, text};
    use serde::Deserialize as _;

    /// For serde.
    pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        match path.as_deref().map(Path::new) {
            Some(path) => serializer.serialize_some(&text(path)),
            None => serializer.serialize_none(),
        }
    }

    /// For serde.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(|text| path(&text)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn utf8_is_written_as_it_is_and_other_bytes_with_a_mark() {
        let odd = PathBuf::from(OsString::from_vec(b"a\xff\xfe/\xc3\xa4\xc3.pth".to_vec()));
        for (path, expected) in [
            (Path::new("checkpoints/a b.pth"), "checkpoints/a b.pth"),
            (Path::new("ä"), "ä"),
            (&odd, "a\0ff\0fe/ä\0c3.pth"),
        ] {
            assert_eq!(text(path), expected);
            assert_eq!(is_plain(expected), path.to_str().is_some());
        }
    }

    #[test]
    fn text_that_nobody_wrote_is_some_path() {
        for text in ["\0", "\0f", "\0zz", "\0\0", "a\0ü"] {
            assert!(path(text).as_os_str().as_bytes().contains(&0), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_path_comes_back(bytes in prop::collection::vec(1_u8.., 0..40)) {
            let odd = PathBuf::from(OsString::from_vec(bytes));
            prop_assert_eq!(path(&text(&odd)), odd);
        }
    }
}
