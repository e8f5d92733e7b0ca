//! Streams as Python writes them, and streams that it never would.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

fn bytes(stream: &[u8]) -> Bytes {
    Bytes::Memory(Cow::Owned(stream.to_vec()))
}

/// A value as Python would print it.
fn shown(bytes: &Bytes, pickle: &Pickle, id: Id) -> String {
    let all = |items: &[Id]| items.iter().map(|&id| shown(bytes, pickle, id)).collect::<Vec<_>>();
    match pickle.node(id) {
        Node::None => "None".into(),
        Node::Bool(is) => is.to_string(),
        Node::Int(n) => n.to_string(),
        Node::Float(x) => x.to_string(),
        Node::Text(_) => format!("'{}'", pickle.text(bytes, id).unwrap()),
        Node::Bytes(_) | Node::Big(_) => format!("{:?}", bytes.read(pickle.span(id).unwrap()).unwrap()),
        Node::Global(_) => pickle.global(id).unwrap().path(),
        Node::Tuple(items) => format!("({})", all(items.all()).join(", ")),
        Node::List(items) => format!("[{}]", all(items.all()).join(", ")),
        Node::Set(items) => format!("{{{}}}", all(items.all()).join(", ")),
        Node::Dict(items) => {
            let pairs: Vec<String> = all(items.all()).chunks(2).map(|pair| pair.join(": ")).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Node::Record(record) => {
            let Record { callee, args, state, pairs, list } = &**record;
            let state = state.map_or_else(String::new, |state| format!(" state {}", shown(bytes, pickle, state)));
            let [pairs, list] = [pairs, list].map(|items| all(items.all()).join(", "));
            format!("{}{}{state}<{pairs}|{list}>", shown(bytes, pickle, *callee), shown(bytes, pickle, *args))
        }
        Node::Persistent(id) => format!("persistent {}", shown(bytes, pickle, *id)),
    }
}

fn read_shown(stream: &[u8]) -> Result<String, String> {
    let bytes = bytes(stream);
    let pickle = read(&bytes, bytes.whole()).map_err(|error| error.to_string())?;
    assert_eq!(pickle.end, stream.len() as u64);
    Ok(shown(&bytes, &pickle, pickle.root))
}

/// What Python 3.11 writes of
/// `{"a": [1, 300, -7, 2.5, "xé", None, True, (1, 2, 3, 4)], "n": 2**40, "s": {1}, "b": 0}`.
const PYTHONS: [&[u8]; 3] = [
    b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01M,\x01J\xf9\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00X\x03\x00\x00\x00x\xc3\xa9q\x03N\x88(K\x01K\x02K\x03K\x04tq\x04eX\x01\x00\x00\x00nq\x05\x8a\x06\x00\x00\x00\x00\x00\x01X\x01\x00\x00\x00sq\x06c__builtin__\nset\nq\x07]q\x08K\x01a\x85q\tRq\nX\x01\x00\x00\x00bq\x0bK\x00u.",
    b"\x80\x03}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01M,\x01J\xf9\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00X\x03\x00\x00\x00x\xc3\xa9q\x03N\x88(K\x01K\x02K\x03K\x04tq\x04eX\x01\x00\x00\x00nq\x05\x8a\x06\x00\x00\x00\x00\x00\x01X\x01\x00\x00\x00sq\x06cbuiltins\nset\nq\x07]q\x08K\x01a\x85q\tRq\nX\x01\x00\x00\x00bq\x0bK\x00u.",
    b"\x80\x04\x95O\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01M,\x01J\xf9\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00\x8c\x03x\xc3\xa9\x94N\x88(K\x01K\x02K\x03K\x04t\x94e\x8c\x01n\x94\x8a\x06\x00\x00\x00\x00\x00\x01\x8c\x01s\x94\x8f\x94(K\x01\x90\x8c\x01b\x94K\x00u.",
];

#[test]
fn all_protocols_mean_the_same() {
    let all = PYTHONS.map(|stream| read_shown(stream).unwrap());
    for (shown, set) in all.iter().zip(["__builtin__.set([1])<|>", "builtins.set([1])<|>", "{1}"]) {
        let expected = "{'a': [1, 300, -7, 2.5, 'xé', None, true, (1, 2, 3, 4)], 'n': 1099511627776, 's': SET, 'b': 0}";
        assert_eq!(*shown, expected.replace("SET", set));
    }
    // Bytes of the fifth, strings of Python 2.
    assert_eq!(read_shown(b"\x80\x05\x96\x02\0\0\0\0\0\0\0\x00\xff.").unwrap(), "[0, 255]");
    assert_eq!(read_shown(b"\x80\x02U\x02abT\x01\0\0\0c\x86.").unwrap(), "('ab', 'c')");
}

#[test]
fn whole_numbers_of_any_length() {
    for (stream, expected) in [
        (&b"\x8a\x00."[..], "0"),
        (b"\x8a\x01\xff.", "-1"),
        (b"\x8a\x02\xff\x00.", "255"),
        (b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", "9223372036854775807"),
        (b"\x8b\x02\0\0\0\x00\x80.", "-32768"),
        (b"\x8a\x09\x01\0\0\0\0\0\0\0\x01.", "[1, 0, 0, 0, 0, 0, 0, 0, 1]"),
    ] {
        assert_eq!(read_shown(stream).unwrap(), expected);
    }
}

#[test]
fn a_value_that_is_changed_after_it_was_kept_is_changed_everywhere() {
    // A list is kept, put into a tuple twice, and filled at the end.
    assert_eq!(read_shown(b"]q\x00h\x00\x86h\x00K\x05a0.").unwrap(), "([5], [5])");
    // A state that is set on what the memo has: NumPy's types are shared so.
    let stream = b"cnumpy\ndtype\n)Rq\x01(h\x01K\x01bh\x01t.";
    assert_eq!(read_shown(stream).unwrap(), "(numpy.dtype() state 1<|>, numpy.dtype() state 1<|>)");
}

#[test]
fn calls_and_objects_are_records() {
    assert_eq!(read_shown(b"cos\nsystem\nU\x02ls\x85R.").unwrap(), "os.system('ls')<|>");
    assert_eq!(read_shown(b"ca\nB\n)\x81}K\x01K\x02sbK\x03K\x04sK\x05a.").unwrap(), "a.B() state {1: 2}<3, 4|5>");
    assert_eq!(read_shown(b"(ca\nB\nK\x01o.").unwrap(), "a.B(1)<|>");
    assert_eq!(read_shown(b"(K\x01ia\nB\n.").unwrap(), "a.B(1)<|>");
    assert_eq!(read_shown(b"ca\nB\n)}\x92.").unwrap(), "a.B((), {})<|>");
    assert_eq!(read_shown(b"U\x01kQ.").unwrap(), "persistent 'k'");
    // A class named in either way is the same.
    let stream = b"ca\nB\n\x8c\x01a\x8c\x01B\x93\x86.";
    let bytes = bytes(stream);
    let pickle = read(&bytes, bytes.whole()).unwrap();
    let items = pickle.items(pickle.root).unwrap();
    assert_eq!((items[0], pickle.globals.len()), (items[1], 1));
}

#[test]
fn what_is_unsound_is_refused_with_its_place() {
    for (stream, words) in [
        (&b"\x80\x02N0."[..], "damaged at byte 4: it takes a value where there is none"),
        (b"(N(\x85.", "damaged at byte 3: it takes a value where there is none"),
        (b"t.", "mark where there is none"),
        (b"h\x05.", "a value that it did not keep"),
        (b"NNs.", "it takes a value where there is none"),
        (b"NNNs.", "values for what holds none"),
        (b"}(Nu.", "a key without a value"),
        (b"NN\x81.", "a call of what is no function"),
        (b"]Nb.", "a state for what is no object"),
        (b"NN\x93.", "whose name is no text"),
        (b"I01\n.", "the opcode INT at byte 0"),
        (b"N\x82\x01.", "the opcode EXT1 at byte 1"),
        (b"\xff.", "the opcode 0xff at byte 0"),
        (b"X\xff\xff\xff\xff", "cut short"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "cut short"),
        (b"", "cut short"),
    ] {
        let said = read_shown(stream).unwrap_err();
        assert!(said.contains(words), "{stream:?}: {said}");
    }
    let long = [b"c".to_vec(), vec![b'a'; 2000], b"\nB\n.".to_vec()].concat();
    assert!(read_shown(&long).unwrap_err().contains("more than 1024 bytes"));
    for stream in PYTHONS {
        for cut in 0..stream.len() {
            assert!(read_shown(&stream[..cut]).unwrap_err().contains("cut short"), "{cut}");
        }
    }
}

#[test]
fn more_values_than_any_checkpoint_has_are_refused() {
    let many = [vec![b'N'; MOST_VALUES + 2], b".".to_vec()].concat();
    let said = read_shown(&many).unwrap_err();
    assert!(said.contains("more than 4194304 values"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken_apart_or_refused(stream in prop::collection::vec(any::<u8>(), 0..500)) {
        let bytes = bytes(&stream);
        drop(read(&bytes, bytes.whole()));
    }

    #[test]
    fn damaged_streams_are_taken_apart_or_refused(
        which in 0_usize..3,
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut stream = PYTHONS[which].to_vec();
        let at = place.index(stream.len());
        stream[at] = byte;
        let bytes = bytes(&stream);
        drop(read(&bytes, bytes.whole()));
    }
}
