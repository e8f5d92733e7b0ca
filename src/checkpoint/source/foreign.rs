//! Files that are no checkpoint, or none that is read: what they are, and what to do.

use super::super::bytes::{Bytes, Span};

/// How much of a file is looked at.
const HEAD: u64 = 1024;

/// What a file begins with, and what is said of it.
const MARKS: [(&[u8], &str); 17] = [
    (
        b"version https://git-lfs.github.com/spec/",
        "it is a Git LFS pointer, not the file itself: run 'git lfs pull' in its repository, or download the file by its link",
    ),
    (b"\x1f\x8b", "it is compressed with gzip: unpack it first (gunzip -c FILE > NEW)"),
    (b"BZh", "it is compressed with bzip2: unpack it first (bunzip2 FILE)"),
    (b"\xfd7zXZ\0", "it is compressed with xz: unpack it first (unxz -c FILE > NEW)"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with Zstandard: unpack it first (unzstd FILE)"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7-Zip archive: unpack it first"),
    (b"Rar!", "it is a RAR archive: unpack it first"),
    (
        b"\x89HDF\r\n\x1a\n",
        "it is an HDF5 file (such as a Keras .h5), whose weights have no layout that is known here; save them as safetensors or with torch.save",
    ),
    (b"\x93NUMPY", "it is a NumPy array, not a checkpoint"),
    (b"GGUF", "it is a GGUF file, the weights of a language model"),
    (b"\x89PNG", "it is a PNG picture"),
    (b"\xff\xd8\xff", "it is a JPEG picture"),
    (b"GIF8", "it is a GIF picture"),
    (b"%PDF", "it is a PDF document"),
    (b"\x7fELF", "it is a program or a library"),
    (b"#!", "it is a script"),
    (b"MATLAB", "it is a MATLAB file, not a checkpoint"),
];

/// What a file is that no reader knows.
pub(super) fn name(bytes: &Bytes) -> String {
    let len = bytes.len();
    if len == 0 {
        return "it is empty: the download or the copy failed, so do it again".into();
    }
    let head = bytes.head(bytes.whole(), HEAD).unwrap_or_default();
    if let Some((_, words)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return (*words).into();
    }
    if head.get(257..262) == Some(b"ustar") {
        return "it is a tar archive: unpack it (tar -xf FILE); if PyTorch before 0.1.10 wrote it, load and save it with a newer \
                PyTorch"
            .into();
    }
    if is_onnx(&head) {
        return "it is an ONNX model, whose weights have lost their names; take the checkpoint that it was exported from".into();
    }
    let text = String::from_utf8_lossy(&head).trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).to_lowercase();
    if text.starts_with("<!doctype html") || text.starts_with("<html") || text.starts_with("<head") {
        return "it is an HTML page: the link led to a web page (often one that asks to confirm or to sign in), not to the \
                file; download it again"
            .into();
    }
    if text.starts_with("<?xml") || text.starts_with("<error") {
        return "it is an XML text, often a server's error message; look at it with a text editor and download the file again"
            .into();
    }
    if text.starts_with('{') || text.starts_with('[') {
        return "it is a JSON text, but no list of shards (…index.json)".into();
    }
    if head.iter().all(|&byte| byte == 0) {
        return "it begins with zeros only: the download or the copy failed, so do it again".into();
    }
    if head.iter().all(|&byte| byte >= 0x80 || byte.is_ascii_graphic() || byte.is_ascii_whitespace()) && is_text(&head)
    {
        return "it is a text, not a checkpoint".into();
    }
    "it is no checkpoint of PyTorch, NVIDIA or safetensors: its first bytes are not those of any".into()
}

fn is_text(head: &[u8]) -> bool {
    // The last character may be cut.
    String::from_utf8(head.to_vec()).map_or_else(|error| error.utf8_error().valid_up_to() + 4 > head.len(), |_| true)
}

/// A protocol buffer whose first fields are ONNX's: a version, then the name of the program that wrote it.
fn is_onnx(head: &[u8]) -> bool {
    head.first() == Some(&8)
        && head.get(1).is_some_and(|&version| version < 20)
        && head.get(2) == Some(&0x12)
        && head.windows(7).any(|word| word == b"pytorch" || word == b"tf2onnx" || word == b"skl2onn")
        || head.starts_with(b"\x08") && head.windows(4).any(|word| word == b"onnx")
}

/// The number of a shard, and of how many it is, by its file's name: `model-00001-of-00003.safetensors`.
pub(super) fn shard(name: &str) -> Option<(u32, u32)> {
    let (before, after) = name.split_once("-of-")?;
    let digits = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = before.get(before.len().checked_sub(5)?..)?;
    let of = after.get(..5)?;
    if !digits(number) || !digits(of) {
        return None;
    }
    Some((number.parse().ok()?, of.parse().ok()?))
}

/// The first byte that is no blank.
pub(super) fn first_letter(bytes: &Bytes) -> Option<u8> {
    let head = bytes.head(Span { start: 0, len: HEAD }, HEAD).ok()?;
    head.into_iter().find(|byte| !byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn what_people_have_instead_of_a_checkpoint_is_named() {
        let onnx = b"\x08\x07\x12\x07pytorch\x1a\x031.9:\x10";
        for (bytes, words) in [
            (&b""[..], "empty"),
            (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
            (b"\n  <!DOCTYPE html>\n<html>", "HTML page"),
            (b"<html>404 not found</html>\n", "HTML page"),
            (b"<?xml version='1.0'?><Error><Code>AccessDenied", "XML"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"\x89HDF\r\n\x1a\n\0\0", "HDF5"),
            (onnx, "ONNX"),
            (b"{\"a\": 1}", "JSON"),
            (&[0; 600], "zeros"),
            (b"import torch\n", "a text"),
            (b"\x01\x02\x03\xff\xfe", "no checkpoint"),
        ] {
            let said = name(&Bytes::Memory(Cow::Owned(bytes.to_vec())));
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn shards_are_known_by_their_names() {
        assert_eq!(shard("model-00002-of-00003.safetensors"), Some((2, 3)));
        for other in ["of", "one-of-many.bin", "x-0001-of-0002.bin", "-of-"] {
            assert_eq!(shard(other), None);
        }
    }
}
