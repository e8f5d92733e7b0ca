//! What all JSON of this program has in common: who wrote it, and how a path is told. docs/JSON.md describes the objects.

use std::borrow::Borrow;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{digest, version};

/// The number of the objects' form. It is raised when a field is renamed, removed or means something else; a field
/// that is added does not raise it.
pub const SCHEMA: u32 = 1;

/// An object with the form's number, the program and its commit in front.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document<T> {
    schema: u32,
    program: String,
    commit: &'static str,
    #[serde(flatten)]
    fields: T,
}

impl<T: Serialize> Document<T> {
    /// Writes the document in one line, with its end. A list whose items are made while they are written never is in memory
    /// as a whole.
    pub fn write_line(&self, mut to: impl std::io::Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut to, self)?;
        to.write_all(b"\n")
    }

    /// The document in one line.
    pub fn to_line(&self) -> String {
        // Our own objects of strings, numbers and the like always become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `fields`, something that becomes a JSON object, as a document.
pub fn document<T: Serialize>(fields: T) -> Document<T> {
    Document { schema: SCHEMA, program: version::program(), commit: version::commit(), fields }
}

/// A path: a string, and only where its name is not UTF-8 an object of `text`, in which U+FFFD stands for what cannot
/// be shown, and `bytes`, all of it in hexadecimal digits.
pub fn path(path: &Path) -> Value {
    match path.to_str() {
        Some(text) => json!(text),
        None => json!({ "text": path.to_string_lossy(), "bytes": digest::hex(path.as_os_str().as_encoded_bytes()) }),
    }
}

/// A list of paths.
pub fn paths<P: Borrow<Path>>(paths: impl IntoIterator<Item = P>) -> Value {
    paths.into_iter().map(|one| path(one.borrow())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_begins_with_its_form_and_who_wrote_it() {
        let text = serde_json::to_string(&document(json!({ "a": 1, "z": [2] }))).unwrap();
        let start =
            format!(r#"{{"schema":1,"program":"gan-lab {}","commit":"{}","#, version::version(), version::commit());
        assert_eq!(text, start + r#""a":1,"z":[2]}"#);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_keeps_its_bytes() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt as _;
        let odd = Path::new(OsStr::from_bytes(b"n\xff"));
        assert_eq!(path(odd), json!({ "text": "n\u{fffd}", "bytes": "6eff" }));
        assert_eq!(paths([Path::new("a/ü"), odd])[0], json!("a/ü"));
    }
}
