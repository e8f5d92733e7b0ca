//! TensorBoard's event files, by hand: few fields are needed, and a crate for them would bring a compiler of `.proto` files.
//!
//! A file is a row of records: u64 length, masked CRC of these 8 bytes, payload, masked CRC of the payload, all little-endian;
//! the CRC is CRC-32C, masked as rotate_right(crc, 15) + 0xA282EAD8 (tensorflow/core/lib/io/record_writer.h, lib/hash/crc32c.h).
//! Each payload is a protobuf message `Event` (tensorflow/core/util/event.proto):
//!
//! | message | fields that are written |
//! |---|---|
//! | `Event` | 1 `wall_time` double, 2 `step` int64, 3 `file_version` string, 5 `summary`, 10 `source_metadata` |
//! | `Summary` | 1 repeated `Value` |
//! | `Value` | 1 `tag`, 2 `simple_value` float, 4 `image`, 8 `tensor`, 9 `metadata` |
//! | `Image` | 1 `height`, 2 `width`, 3 `colorspace` (3 RGB), 4 `encoded_image_string` |
//! | `TensorProto` | 1 `dtype` (1 float, 7 string), 2 `tensor_shape` {2 repeated dim {1 size}}, 8 `string_val` |
//! | `SummaryMetadata` | 1 `plugin_data` {1 `plugin_name`, 2 `content`} |
//!
//! The first record has `file_version` and who wrote the file, by which gan-lab knows its own.

use std::io::Read as _;
use std::path::Path;

use fs_err as fs;

use crate::files;

/// What every file begins with that has summaries in this form.
const VERSION: &str = "brain.Event:2";
/// Who wrote the file.
const WRITER: &str = "gan-lab";
/// Colours are red, green, blue.
const RGB: u64 = 3;
const DT_FLOAT: u64 = 1;
const DT_STRING: u64 = 7;

/// A protobuf message, field after field.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// A whole number that is not negative.
    pub(super) fn whole(mut self, field: u32, value: u64) -> Self {
        self.key(field, 0);
        self.varint(value);
        self
    }

    pub(super) fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    pub(super) fn text(self, field: u32, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(super) fn message(self, field: u32, inner: &Self) -> Self {
        self.bytes(field, &inner.0)
    }

    /// The fields of both.
    pub(super) fn joined(mut self, other: &Self) -> Self {
        self.0.extend(&other.0);
        self
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// What an event says of a tag.
#[derive(Clone, Debug)]
pub(super) struct Value(Message);

impl Value {
    /// A number, which TensorBoard keeps in single precision.
    pub(super) fn scalar(tag: &str, value: f64) -> Self {
        Self(Message::default().text(1, tag).float(2, value as f32))
    }

    /// A picture.
    pub(super) fn image(tag: &str, png: &[u8], (width, height): (u32, u32)) -> Self {
        let image = Message::default();
        let image = image.whole(1, height.into()).whole(2, width.into()).whole(3, RGB).bytes(4, png);
        Self(Message::default().text(1, tag).message(4, &image))
    }

    /// Markdown.
    pub(super) fn markdown(tag: &str, text: &str) -> Self {
        let one = Message::default().message(2, &Message::default().whole(1, 1));
        let tensor = Message::default().whole(1, DT_STRING).message(2, &one).text(8, text);
        Self::of_plugin(tag, "text", None, &tensor)
    }

    /// Bytes for a plugin, as a tensor without axes.
    pub(super) fn content(tag: &str, plugin: &str, content: &Message) -> Self {
        let tensor = Message::default().whole(1, DT_STRING).message(2, &Message::default()).bytes(8, &content.0);
        Self::of_plugin(tag, plugin, None, &tensor)
    }

    /// What a plugin finds in its metadata; the tensor beside it is empty.
    pub(super) fn metadata(tag: &str, plugin: &str, content: &Message) -> Self {
        let none = Message::default().message(2, &Message::default().whole(1, 0));
        let tensor = Message::default().whole(1, DT_FLOAT).message(2, &none);
        Self::of_plugin(tag, plugin, Some(content), &tensor)
    }

    fn of_plugin(tag: &str, plugin: &str, content: Option<&Message>, tensor: &Message) -> Self {
        let data = Message::default().text(1, plugin);
        let data = content.map_or_else(|| data.clone(), |content| data.clone().message(2, content));
        let metadata = Message::default().message(1, &data);
        Self(Message::default().text(1, tag).message(8, tensor).message(9, &metadata))
    }
}

/// The record that a file begins with, written at this time (seconds since 1970).
pub(super) fn first_record(wall_time: f64) -> Vec<u8> {
    record(&first_event(wall_time))
}

fn first_event(wall_time: f64) -> Message {
    let writer = Message::default().text(1, WRITER);
    Message::default().double(1, wall_time).text(3, VERSION).message(10, &writer)
}

/// A record of what there is to say at a step.
pub(super) fn summary_record(wall_time: f64, step: u64, values: &[Value]) -> Vec<u8> {
    let summary = values.iter().fold(Message::default(), |summary, value| summary.message(1, &value.0));
    let event = Message::default().double(1, wall_time);
    // As protobuf writes it: what is 0 is left out.
    let event = if step == 0 { event } else { event.whole(2, step) };
    record(&event.message(5, &summary))
}

fn record(payload: &Message) -> Vec<u8> {
    let length = (payload.0.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(payload.0.len() + 16);
    record.extend(length);
    record.extend(masked(&length).to_le_bytes());
    record.extend(&payload.0);
    record.extend(masked(&payload.0).to_le_bytes());
    record
}

fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// Whether a file is an event file of gan-lab's, by its first record. What a link leads to is not.
pub(super) fn is_ours(path: &Path) -> bool {
    let ours = first_record(0.0);
    let mut there = Vec::new();
    let read = files::open_own(path, fs::OpenOptions::new().read(true))
        .and_then(|file| file.take(ours.len() as u64).read_to_end(&mut there));
    // Around the time, and without the CRC that follows from it.
    let time = 13..21;
    let end = ours.len() - 4;
    read.is_ok()
        && there.len() == ours.len()
        && there[..time.start] == ours[..time.start]
        && there[time.end..end] == ours[time.end..end]
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        crate::digest::hex(bytes)
    }

    /// The payloads of a file's records, all of which are whole.
    pub(in crate::export) fn payloads(mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            assert_eq!(bytes[8..12], masked(&bytes[..8]).to_le_bytes());
            let payload = &bytes[12..12 + length];
            assert_eq!(bytes[12 + length..16 + length], masked(payload).to_le_bytes());
            found.push(payload.to_vec());
            bytes = &bytes[16 + length..];
        }
        found
    }

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, B.4: 32 zeros; and the usual check.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(masked(b"123456789"), 0xE306_9283_u32.rotate_right(15).wrapping_add(0xA282_EAD8));
    }

    /// Independent bytes: `SerializeToString()` of TensorBoard's own `event_pb2` (2.21.0).
    #[test]
    fn events_are_protobufs_own_bytes() {
        let scalar = summary_record(1_700_000_000.5, 10, &[Value::scalar("loss/generator", 0.25)]);
        assert_eq!(
            hex(&payloads(&scalar)[0]),
            "0900002040fc54d941100a2a170a150a0e6c6f73732f67656e657261746f72150000803e"
        );
        let first = first_record(3.0);
        let as_written_by_w = "0900000000000008401a0d627261696e2e4576656e743a3252030a0177";
        assert_eq!(hex(&payloads(&first)[0]), as_written_by_w.replace("52030a0177", "52090a0767616e2d6c6162"));
    }

    #[test]
    fn long_lengths_take_several_bytes() {
        let message = Message::default().whole(1, 300).bytes(2, &[7; 200]);
        assert_eq!(message.0[..6], [0x08, 0xac, 0x02, 0x12, 0xc8, 0x01]);
        assert_eq!(Message::default().whole(1, u64::MAX).0.len(), 11);
    }

    #[test]
    fn a_file_is_ours_by_who_wrote_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("events");
        let at = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            is_ours(&path)
        };
        assert!(at(&first_record(1.7e9)));
        assert!(at(&[first_record(0.0), summary_record(1.0, 1, &[])].concat()));
        let writer = Message::default().text(1, "torch42");
        let other = record(&Message::default().double(1, 1.0).text(3, VERSION).message(10, &writer));
        assert!(!at(&other) && !at(b"") && !at(b"events of somebody else's, longer than a first record is"));
        assert!(!is_ours(dir.path()) && !is_ours(&dir.path().join("none")));
    }
}
