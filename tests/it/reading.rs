//! Files of points as spreadsheets, pandas, R, MATLAB, Octave, Fortran and Weka write them: every way of writing the
//! same points gives the same points, and what cannot be read says what it is and what to do.

use std::io::Write as _;

use gan_lab::config::{DecimalMark, Heading, Separator};
use gan_lab::data::{self, DataError, PointSet, Reading, npy};
use proptest::prelude::*;

use crate::world::World;

const COUNT: usize = 24;

/// Points with few decimals and no whole numbers, so that text holds them exactly.
fn points() -> Vec<[f64; 2]> {
    (0..COUNT).map(|i| i as f64).map(|i| [0.25 * i + 0.125, 7.0625 - i * i / 64.0 + i / 512.0]).collect()
}

fn class(i: usize) -> usize {
    i % 3 + 1
}

/// A text with a line for each point.
fn lines(line: impl Fn(usize, f64, f64) -> String) -> String {
    points().iter().enumerate().map(|(i, [x, y])| line(i, *x, *y)).collect()
}

fn comma(x: f64) -> String {
    x.to_string().replace('.', ",")
}

fn read(bytes: &[u8], reading: &Reading) -> Result<PointSet, DataError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("points.set");
    std::fs::write(&path, bytes).unwrap();
    data::inspect(&path, reading).and_then(|_| data::load(&path, reading))
}

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(order).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_way_of_writing_a_table_gives_the_same_points() {
    let plain = lines(|_, x, y| format!("{x},{y}\n"));
    let spaced = lines(|_, x, y| format!("  {x}   {y}\n"));
    let german = lines(|_, x, y| format!("{};{}\r\n", comma(x), comma(y)));
    // What it is, its bytes, a word of what is said about it; empty where nothing is to be said.
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("plain", plain.clone().into(), ""),
        ("heading", format!("x,y\n{plain}").into(), ""),
        ("spaces", spaced.clone().into(), ""),
        ("tabs", plain.replace(',', "\t").into(), ""),
        ("bars", plain.replace(',', "|").into(), ""),
        ("semicolons", plain.replace(',', ";").into(), ""),
        ("old Mac", plain.replace('\n', "\r").into(), ""),
        ("byte order mark", format!("\u{feff}x,y\n{plain}").into(), ""),
        ("UTF-16, little", utf16(&plain, u16::to_le_bytes), ""),
        ("UTF-16, big", utf16(&plain, u16::to_be_bytes), ""),
        ("Latin-1", [b"gr\xf6\xdfe,y\n", plain.as_bytes()].concat(), "Latin-1"),
        ("German Excel", format!("x;y\r\n{german}").into(), "decimal comma"),
        ("German, no heading", german.clone().into(), "decimal comma"),
        ("decimal commas and tabs", german.replace(';', "\t").into(), "decimal comma"),
        ("decimal commas and spaces", german.replace(';', "  ").into(), "decimal comma"),
        ("quoted", lines(|_, x, y| format!("\"{}\",\"{}\"\n", comma(x), comma(y))).into(), "decimal comma"),
        ("sep=;", format!("sep=;\r\nx;y\r\n{}", plain.replace(',', ";")).into(), "semicolon"),
        ("\"sep=,\"", format!("\"sep=,\"\r\nx,y\r\n{plain}").into(), "comma"),
        ("pandas with its index", format!(",x,y\n{}", lines(|i, x, y| format!("{i},{x},{y}\n"))).into(), "counts the rows"),
        ("pandas without names", format!("0,1\n{plain}").into(), "heading"),
        ("pandas without names, with its index", format!(",0,1\n{}", lines(|i, x, y| format!("{i},{x},{y}\n"))).into(), "heading"),
        ("R", format!("\"x\" \"y\"\n{}", lines(|i, x, y| format!("\"{}\" {x} {y}\n", i + 1))).into(), "counts the rows"),
        ("its size before it", format!("{COUNT} 2\n{spaced}").into(), "line 1"),
        ("its columns and rows before it", format!("2 {COUNT}\n{spaced}").into(), "line 1"),
        ("its number of rows before it", format!("{COUNT}\n{spaced}").into(), "line 1"),
        ("its size in two lines", format!("% N and D\n{COUNT}\n2\n{spaced}").into(), "line 2"),
        ("classes in words", format!("x,y,label\n{}", lines(|i, x, y| format!("{x},{y},class {}\n", class(i)))).into(), "column"),
        ("classes in numbers", lines(|i, x, y| format!("{x}\t{y}\t{}\r\n", class(i))).into(), "column"),
        ("classes by savetxt", lines(|i, x, y| format!("{x:.18e} {y:.18e} {:.18e}\n", class(i) as f64)).into(), "column"),
        ("classes first", lines(|i, x, y| format!("{},{x},{y}\n", ["a", "b", "c"][class(i) - 1])).into(), "column"),
        ("a remark", format!("x,y,remark\n{}", lines(|i, x, y| format!("{x},{y},{}\n", if i == 3 { "7".into() } else { format!("odd {i}") }))).into(), "column"),
        ("separators at the end", lines(|_, x, y| format!("{x}\t{y}\t\n")).into(), ""),
        ("commas at the end", lines(|_, x, y| format!("{x},{y},\n")).into(), ""),
        ("empty rows at the end", format!("x,y\n{plain},\n,\n\n\n").into(), ""),
        ("an empty row between", format!(",\n{plain}").into(), ""),
        ("DOS's end", format!("{plain}\u{1a}").into(), ""),
        ("comments of NumPy", format!("# made\n{spaced}# end").into(), ""),
        ("comments of MATLAB", format!("% made, today\n{spaced}").into(), ""),
        ("comments after the values", lines(|i, x, y| format!("{x} {y} % point {i}\n")).into(), ""),
        ("comments of C++", format!("// made\n{plain}").into(), ""),
        ("Fortran", lines(|_, x, y| format!("  {} {}\n", format!("{x:e}").replace('e', "D"), format!("{y:e}").replace('e', "d+0").replace("d+0-", "d-"))).into(), ""),
        ("gzip", gzip(plain.as_bytes()), ""),
        ("gzip of UTF-16", gzip(&utf16(&german, u16::to_le_bytes)), "decimal comma"),
        ("ARFF", format!("@relation r\n@attribute x real\n@attribute y real\n@attribute class {{a,b}}\n@data\n{}", lines(|i, x, y| format!("{x},{y},{}\n", ["a", "b"][i % 2]))).into(), "column"),
        ("Octave", format!("# Created by Octave 9\n# name: q\n# type: scalar\n3\n\n\n# name: p\n# type: matrix\n# rows: {COUNT}\n# columns: 2\n{spaced}\n\n").into(), "'p'"),
        ("a title above", format!("My measurements\n\nx,y\n{plain}").into(), "line 1"),
    ];
    for (what, bytes, said) in cases {
        let set = read(&bytes, &Reading::default()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(set.points, points(), "{what}");
        let notes = set.taken.notes.join("; ");
        assert!(if said.is_empty() { notes.is_empty() } else { notes.contains(said) }, "{what}: {notes}");
        let classes = what.starts_with("classes") || what == "ARFF";
        assert_eq!(set.labels.is_some(), classes, "{what}: {:?}", set.labels);
        if let Some(labels) = set.labels.filter(|_| what != "ARFF") {
            assert_eq!(labels.of, (0..COUNT as u32).map(|i| i % 3).collect::<Vec<_>>(), "{what}");
        }
    }
}

#[test]
fn what_is_said_of_a_table_is_done() {
    let text = format!("0,1\n{}", lines(|_, x, y| format!("{x},{y}\n")));
    let reading = Reading { heading: Some(Heading::No), ..Reading::default() };
    let set = read(text.as_bytes(), &reading).unwrap();
    assert_eq!((set.points.len(), set.points[0]), (COUNT + 1, [0.0, 1.0]));
    let reading = Reading { heading: Some(Heading::Yes), ..Reading::default() };
    assert_eq!(read(b"1,2\n3,4\n5,6\n", &reading).unwrap().points, [[3.0, 4.0], [5.0, 6.0]]);
    // 1,5 2,5 are two numbers or three.
    let reading = Reading { decimal: Some(DecimalMark::Comma), ..Reading::default() };
    assert_eq!(read(b"1,5\t2,5\n", &reading).unwrap().points, [[1.5, 2.5]]);
    let reading = Reading { separator: Some(Separator::Comma), ..Reading::default() };
    assert_eq!(read(b"1,5;2\n", &reading).unwrap_err().to_string().matches("damaged").count(), 0);
    let four = lines(|i, x, y| format!("{i};{y};{};{x}\n", -x));
    let four = format!("t;y pos;z;x pos\n{four}");
    let columns = |pair: [&str; 2]| Reading { columns: Some(pair.map(str::to_owned)), ..Reading::default() };
    for pair in [["x pos", "y pos"], ["X POS", "Y POS"], ["4", "2"]] {
        assert_eq!(read(four.as_bytes(), &columns(pair)).unwrap().points, points(), "{pair:?}");
    }
}

#[test]
fn marks_of_thousands_are_read_where_they_can_be_told_and_said_where_they_are_guessed() {
    let said = |decimal| Reading { decimal: Some(decimal), ..Reading::default() };
    let (plain, point, comma) = (Reading::default(), said(DecimalMark::Point), said(DecimalMark::Comma));
    for (text, reading, points, note) in [
        // All with three digits after the mark: either. The guess is said, with the option.
        ("1.000;2.500\n3.250;4.125\n", &plain, [[1.0, 2.5], [3.25, 4.125]], "--decimal comma"),
        ("1.000;2.500\n3.250;4.125\n", &comma, [[1000.0, 2500.0], [3250.0, 4125.0]], ""),
        ("1.000;2.500\n3.250;4.125\n", &point, [[1.0, 2.5], [3.25, 4.125]], ""),
        ("1,000;2,500\n3,250;4,125\n", &plain, [[1.0, 2.5], [3.25, 4.125]], "--decimal point"),
        ("1,000;2,500\n3,250;4,125\n", &point, [[1000.0, 2500.0], [3250.0, 4125.0]], ""),
        ("x\ty\n1.000\t2.500\n3.250\t4.125\n", &plain, [[1.0, 2.5], [3.25, 4.125]], "--decimal comma"),
        // A spreadsheet in English quotes what has commas.
        ("\"1,000\",\"2,000\"\n\"3,250\",999\n", &plain, [[1000.0, 2000.0], [3250.0, 999.0]], "--decimal comma"),
        ("\"1,000\",\"2,000\"\n\"3,250\",999\n", &comma, [[1.0, 2.0], [3.25, 999.0]], ""),
        (
            "\"1,234.50\",\"2,000\"\n\"3,250\",999\n",
            &plain,
            [[1234.5, 2000.0], [3250.0, 999.0]],
            "'1,234.50' is 1234.5",
        ),
        // A second mark, a shorter part, a longer one, or a leading zero decides.
        ("12.345.678,90;1\n1.000;2,5\n", &plain, [[12_345_678.9, 1.0], [1000.0, 2.5]], "points mark thousands"),
        ("12.345.678;1\n1.000;2.000\n", &plain, [[12_345_678.0, 1.0], [1000.0, 2000.0]], "points mark thousands"),
        ("0.125;1.250\n1.000;2.000\n", &plain, [[0.125, 1.25], [1.0, 2.0]], ""),
        ("1.25;1.250\n1.000;2.000\n", &plain, [[1.25, 1.25], [1.0, 2.0]], ""),
        ("1500;1.250\n1.000;2.000\n", &plain, [[1500.0, 1.25], [1.0, 2.0]], ""),
        ("1.250,2.500\n1.000,2.000\n", &plain, [[1.25, 2.5], [1.0, 2.0]], ""),
        // Spaces, also those at which no line is broken, and apostrophes.
        (
            "1 000;2 500\n3 250,5;4\n",
            &plain,
            [[1000.0, 2500.0], [3250.5, 4.0]],
            "spaces mark thousands: '1 000' is 1000",
        ),
        ("1 000\t2 500\n3 250.5\t4\n", &plain, [[1000.0, 2500.0], [3250.5, 4.0]], "spaces mark thousands"),
        (
            "1\u{a0}000;2\u{202f}500\n3\u{202f}250,5;4\n",
            &plain,
            [[1000.0, 2500.0], [3250.5, 4.0]],
            "spaces mark thousands",
        ),
        (
            "1\u{202f}000 2\u{202f}500\n3\u{202f}250 4\n",
            &plain,
            [[1000.0, 2500.0], [3250.0, 4.0]],
            "spaces mark thousands",
        ),
        ("1'000;2'500\n3'250.5;4\n", &plain, [[1000.0, 2500.0], [3250.5, 4.0]], "apostrophes mark thousands"),
    ] {
        let set = read(text.as_bytes(), reading).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(set.points, points, "{text:?}");
        let notes: Vec<_> =
            set.taken.notes.iter().filter(|note| !note.starts_with("numbers have a")).cloned().collect();
        assert_eq!(notes.is_empty(), note.is_empty(), "{text:?}: {notes:?}");
        assert!(notes.join("; ").contains(note), "{text:?}: {notes:?}");
    }
}

#[test]
fn what_is_nearly_a_number_is_refused_with_its_cell_its_line_and_what_to_write() {
    let plain = Reading::default();
    for (what, text, words) in [
        ("currency", "x,y\n\"$1,234.50\",2\n\"$3\",4\n", &["line 2", "'$1,234.50'", "'x'", "currency sign"][..]),
        ("currency, split", "x,y\n$1,234.50,2\n$3,250.00,4\n", &["line 1 names 2", "line 2 has 3", "'$1'", "quotes"]),
        ("currency, split, no heading", "$1,234.50,2\n$3,250.00,4\n", &["line 1", "'$1'", "currency sign"]),
        (
            "currency, some split",
            "x,y\n1,2\n3,4\n$1,234.50,2\n",
            &["line 4", "3 fields where other lines have 2", "quotes"],
        ),
        ("a thousand in some", "x,y\n1,2\n3,4\n1,234,5\n", &["line 4", "3 fields where other lines have 2", "quotes"]),
        ("a thousand in all", "x,y\n1,234,5\n3,456,6\n", &["line 1 names 2", "line 2 has 3 fields", "quote"]),
        ("percent", "x;y\n12%;13%\n14%;15%\n", &["line 2", "'12%' in column 1", "percentage"]),
        ("percent with spaces", "12 %;13 %\n14 %;15 %\n", &["line 1", "'12 %'", "percentage"]),
        ("percent in one", "a,b\n1,12%\n2,13%\n", &["line 2", "'12%' in 'b'", "percentage"]),
        ("percent in y of three", "x,y,z\n1,12%,1.5\n2,13%,2.5\n", &["line 2", "'12%' in 'y'", "percentage"]),
        ("one percent", "x,y\n1,12\n2,13%\n", &["line 3", "'13%' in 'y'", "percentage"]),
        ("units", "x,y\n1 km,2 km\n3 km,4 km\n", &["line 2", "'1 km'", "a unit ('km')"]),
        ("degrees", "lat,lon\n48\u{b0}12'30\"N,16\u{b0}22'30\"E\n", &["line 2", "48\u{b0}12'30", "48.20833"]),
        ("letters", "lat,lon\n48.2 N,16.4 E\n48.3 N,16.5 E\n", &["line 2", "'48.2 N'", "an angle"]),
        ("inner spaces", "x;y\n1 2;3 4\n5 6;7 8\n", &["line 2", "'1 2'", "a space inside"]),
        ("brackets", "x,y\n(12.5),1\n(3.5),2\n", &["line 2", "'(12.5)'", "write -12.5"]),
        ("dates", "t,y\n2020-01-31,1\n2020-02-01,2\n", &["line 2", "'2020-01-31'", "a date"]),
        ("words", "x,y\nN,N\nS,S\n", &["line 1", "holds no numbers", "'N,N' in line 2"]),
        (
            "decimal commas",
            "1,5,2,5\n3,25,4,75\n5,5,6,5\n",
            &["line 1", "'1,5,2,5'", "cannot be told apart", "semicolons", "--columns"],
        ),
        ("decimal commas below 1", "0,123,0,456\n0,25,0,75\n0,5,0,5\n", &["cannot be told apart", "semicolons"]),
        ("decimal commas in one", "5,0,05\n7,0,25\n8,1,5\n", &["cannot be told apart"]),
        (
            "decimal commas, named",
            "x,y\n1,5,2,5\n3,25,4,75\n",
            &["line 1 names 2", "line 2 has 4", "cannot be told apart"],
        ),
        ("decimal commas, odd", "x,y\n1,5,2,5\n3,25,4\n", &["line 1 names 2", "cannot be told apart"]),
    ] {
        let message = read(text.as_bytes(), &plain).map(|set| set.points).unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)) && !message.contains("damaged"), "{what}: {message}");
        assert!(message.contains("points.set"), "{what}: {message}");
    }
    let four = Reading { columns: Some(["1", "3"].map(str::to_owned)), ..Reading::default() };
    assert_eq!(read(b"1,5,2,5\n3,25,4,75\n", &four).unwrap().points, [[1.0, 2.0], [3.0, 4.0]]);
    // A heading with a name too few is sound where the first column names the rows, or the last one is empty.
    let two = [[1.5, 2.5], [3.5, 4.5]];
    for text in [
        "x,y\n0,1.5,2.5\n1,3.5,4.5\n",
        "x,y\na,1.5,2.5\nb,3.5,4.5\n",
        "\"x\",\"y\"\n\"7\",1.5,2.5\n\"9\",3.5,4.5\n",
        "x,y\n1.5,2.5,\n3.5,4.5,\n",
        "x,y\n1.5,2.5,,\n3.5,4.5,,\n",
        "made by hand\n1.5,2.5\n3.5,4.5\n",
    ] {
        assert_eq!(
            read(text.as_bytes(), &plain).unwrap_or_else(|error| panic!("{text}: {error}")).points,
            two,
            "{text}"
        );
    }
}

#[test]
fn a_line_below_the_points_is_no_point() {
    let plain = Reading::default();
    let rows = lines(|i, x, y| format!("{i},{x},{y}\n"));
    let two = lines(|_, x, y| format!("{x},{y}\n"));
    let classes = lines(|i, x, y| format!("{x},{y},{}\n", ["a", "b"][i % 2]));
    let line = format!("line {}", COUNT + 2);
    for (what, text, words) in [
        ("a mean beside an index", format!("id,x,y\n{rows}Mean,0.5,0.25\n"), "'Mean'"),
        ("a total of classes", format!("x,y,label\n{classes}3.5,0.25,Total\n"), "'Total'"),
        ("a total alone", format!("x,y\n{two}Total,\n"), "below the points"),
        ("a count", format!("x,y\n{two}n = {COUNT}\n"), "below the points"),
    ] {
        let message = read(text.as_bytes(), &plain).map(|set| set.points.len()).unwrap_err().to_string();
        assert!(
            message.contains(words) && message.contains("remove it") && message.contains(&line),
            "{what}: {message}"
        );
    }
    // A class of that name is a class.
    let named = lines(|i, x, y| format!("{x},{y},{}\n", ["mean", "total"][i % 2]));
    assert_eq!(read(format!("x,y,label\n{named}").as_bytes(), &plain).unwrap().points, points());
}

#[test]
fn axes_that_a_map_has_the_other_way_are_said() {
    let plain = Reading::default();
    let set = read(lines(|_, x, y| format!("{x},{y}\n")).as_bytes(), &plain).unwrap();
    assert!(set.taken.notes.is_empty());
    let two = format!("latitude,longitude\n{}", lines(|_, x, y| format!("{x},{y}\n")));
    let set = read(two.as_bytes(), &plain).unwrap();
    assert_eq!(set.points, points(), "the file's order is kept");
    assert!(set.taken.notes.join("; ").contains("--columns longitude,latitude"), "{:?}", set.taken.notes);
    let four = format!("lat,lon,height,time\n{}", lines(|i, x, y| format!("{y},{x},{},{}\n", x * y, x + i as f64)));
    let set = read(four.as_bytes(), &plain).unwrap();
    assert_eq!(set.points, points());
    assert_eq!(set.taken.columns, Some(["lon".to_owned(), "lat".to_owned()]));
    assert!(set.taken.notes.join("; ").contains("'lon' and 'lat'"), "{:?}", set.taken.notes);
}

#[test]
fn digits_are_kept_as_they_are_written() {
    let text = b"easting,northing\n388095.135,3948995.517\n388095.136,3948995.518\n";
    let set = read(text, &Reading::default()).unwrap();
    assert_eq!(set.points, [[388_095.135, 3_948_995.517], [388_095.136, 3_948_995.518]]);
    let set = read(b"1700000000.125 -2.5e-7\n1700000000.25 1e-300\n", &Reading::default()).unwrap();
    assert_eq!(set.points, [[1_700_000_000.125, -2.5e-7], [1_700_000_000.25, 1e-300]]);
}

#[test]
fn sound_files_that_give_no_points_say_what_they_are_and_what_to_do() {
    let key = |key: &str| Reading::of(key);
    let plain = Reading::default();
    let columns = |pair: [&str; 2]| Reading { columns: Some(pair.map(str::to_owned)), ..Reading::default() };
    let octave = |names: [&str; 2]| {
        let one =
            |name: &str| format!("# name: {name}\n# type: matrix\n# rows: 3\n# columns: 2\n 1 2\n 3 4\n 5 6\n\n\n");
        names.map(one).concat()
    };
    let mat = data::write_mat(&[("a", vec![[0.5, 1.0]; 5]), ("b", vec![[0.5, 1.0]; 5])]).unwrap();
    let text = |text: &str| text.as_bytes().to_vec();
    for (what, bytes, reading, words) in [
        ("one column", text("0.5\n0.25\n"), &plain, &["one column of numbers"][..]),
        ("four columns", text("a,b,c,d\n0.5,1.5,2.5,3.5\n1,2,3,4.25\n"), &plain, &["4 columns", "--columns a,b"]),
        ("words", text("to be or\nnot to be\n"), &plain, &["line 1", "holds no numbers"]),
        ("a word among numbers", text("1,2\n3,four\n"), &plain, &["line 2", "'four' is not a number"]),
        ("a missing value", text("x,y\n1,2\n3,NA\n5,6\n"), &plain, &["line 3", "no value in 'y'", "remove the row"]),
        ("NaN", text("1,2\nNaN,3\n"), &plain, &["line 2", "finite"]),
        ("a short line", text("1,2\n\n# c\n3\n"), &plain, &["line 4", "1 field where other lines have 2"]),
        ("a long line", text("1,2\n3,4,5\n6,7\n"), &plain, &["line 2", "3 fields where other lines have 2"]),
        (
            "no such column",
            text("x,y\n1,2\n3,4\n"),
            &columns(["x", "z"]),
            &["--columns x,z", "no column z", "'x', 'y'"],
        ),
        ("a column of words", text("x,y,w\n1,2,a\n3,4,b\n"), &columns(["x", "w"]), &["'w' holds text"]),
        ("a key for a table", text("1,2\n3,4\n"), &key("yy"), &["--key yy does not go with", "--columns"]),
        ("two that fit", text(&octave(["a", "b"])), &plain, &["no variable 'xx'", "a (3 x 2 matrix), b", "--key"]),
        ("two that fit, MAT", mat.clone(), &plain, &["no variable 'xx'", "a (5 x 2 double), b"]),
        ("no such key", mat.clone(), &key("c"), &["no variable 'c'"]),
        ("matrices as vectors", mat.clone(), &key("a,b"), &["'a' is 5 x 2", "must be a vector"]),
        (
            "columns of vectors",
            text(&octave(["a", "b"])),
            &Reading { key: "a,b".into(), ..columns(["1", "2"]) },
            &["--columns does not go with"],
        ),
        (
            "text options for MAT",
            mat.clone(),
            &Reading { heading: Some(Heading::Yes), ..key("a") },
            &["--heading does not go with", "MAT v5"],
        ),
        (
            "names of columns in MAT",
            mat,
            &Reading { key: "a".into(), ..columns(["x", "y"]) },
            &["have no names", "counted from 1"],
        ),
        ("nothing", Vec::new(), &plain, &["is empty"]),
        ("blank lines", text("\n \n"), &plain, &["is empty"]),
        ("a heading alone", text("x,y\n"), &plain, &["line 1", "holds no numbers"]),
        ("comments alone", text("# a\n# b\n"), &plain, &["holds no table"]),
        ("one byte", vec![0], &plain, &["none of the formats"]),
        ("JSON", text("[[1, 2], [3, 4]]"), &plain, &["is JSON", "json.load"]),
        ("Parquet", text("PAR1...."), &plain, &["a Parquet file", "read_parquet"]),
        ("gzip twice", gzip(&gzip(b"1,2\n")), &plain, &["twice"]),
        ("UTF-16 cut", vec![0xff, 0xfe, b'1', 0, b','], &plain, &["UTF-16", "cut short"]),
    ] {
        let message = read(&bytes, reading).unwrap_err().to_string();
        assert!(message.contains("points.set"), "{what}: {message}");
        assert!(words.iter().all(|word| message.contains(word)) && !message.contains("damaged"), "{what}: {message}");
    }
}

#[test]
fn what_was_guessed_is_said_once_and_kept_with_the_run() {
    let world = World::new();
    let four = lines(|i, x, y| format!("{x},{y},{},{i}\n", -y));
    std::fs::write(world.path("four.csv"), format!("x pos,y pos,z,n\n{four}")).unwrap();
    std::fs::write(world.path("plain.csv"), lines(|_, x, y| format!("{x},{y}\n"))).unwrap();
    std::fs::write(
        world.path("named.csv"),
        format!("x,y,label\n{}", lines(|i, x, y| format!("{x},{y},{}\n", class(i)))),
    )
    .unwrap();
    let train = ["train", "gan", "--train-size", "12", "--batch-size", "12", "--epochs", "1"];
    let message = world.fails(1, &[&train[..], &["--data", "four.csv", "--out", "no"]].concat());
    assert!(message.contains("4 columns of numbers") && message.contains("--columns") && !world.path("no").exists());
    world.done(&[&train[..], &["--data", "four.csv", "--columns", "y pos,x pos", "--out", "four"]].concat());
    let config = std::fs::read_to_string(world.path("four/config.json")).unwrap();
    assert!(config.contains(r#""columns": "y pos,x pos""#), "{config}");
    let real = npy::decode(&std::fs::read(world.path("four/real.npy")).unwrap()).unwrap();
    let all: Vec<[f64; 2]> = points().iter().map(|[x, y]| [*y, *x].map(|x| f64::from(x as f32))).collect();
    assert!(real.values.as_chunks::<2>().0.iter().all(|point| all.contains(point)));
    world.done(&["eval", "four", "--repeats", "1"]);
    // A run of data of which nothing was said has the config that it always had.
    world.done(&[&train[..], &["--data", "plain.csv", "--out", "plain"]].concat());
    let config = std::fs::read_to_string(world.path("plain/config.json")).unwrap();
    assert!(["columns", "separator", "decimal", "heading"].iter().all(|key| !config.contains(key)), "{config}");
    let said = |file: &str, out: &str| {
        let output = world.command(&[&train[..], &["--data", file, "--out", out]].concat()).output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let words = said("named.csv", "named");
    assert!(
        words.contains("named.csv: x and y are the columns 'x' and 'y'; 'label' is kept as classes (3 of them)"),
        "{words}"
    );
    let words = said("plain.csv", "again");
    assert!(!words.replace("plain.csv: there are 24 points", "").contains("plain.csv:"), "{words}");
    let text = world.done(&["data", "inspect", "named.csv"]);
    for word in ["separator comma, decimal point, with a heading", "x, y", "classes", "1, 2, 3", "whole numbers", "24"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
    let json = world.done(&["data", "inspect", "four.csv", "--columns", "1,2", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["taken"]["columns"], serde_json::json!(["x pos", "y pos"]));
    for (args, code, words) in [
        (&["--columns", "x"][..], 2, "two different columns"),
        (&["--separator", "colon"], 2, "possible values"),
        (&["--set", "data.columns=1,1"], 2, "two different columns"),
        (&["--set", "data.heading=maybe"], 2, "yes or no"),
        (&["--key", "yy"], 1, "--key yy does not go with"),
        (&["--columns", "x,y"], 1, "counted from 1"),
    ] {
        let message = world.fails(code, &[&train[..], &["--data", "plain.csv", "--out", "wrong"], args].concat());
        assert!(message.contains(words), "{args:?}: {message}");
    }
    assert!(world.fails(2, &["data", "inspect", "plain.csv", "--columns", "x"]).contains("two different columns"));
    assert!(world.done(&["doctor", "--data", "four.csv", "--columns", "1,2"]).contains("24 points"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_read_or_refused(
        text in r#"(sep=;\n)?([#%@/]{0,2}[ \t,;|"'a-eD0-9.+-]{0,12}[\r\n]{1,2}){0,12}"#,
        mark in 0..4,
        heading in prop::option::of(prop::bool::ANY),
    ) {
        let bytes = match mark {
            0 => text.into_bytes(),
            1 => utf16(&text, u16::to_le_bytes),
            2 => gzip(text.as_bytes()),
            _ => format!("@relation r\n@attribute x real\n@attribute y real\n@data\n{text}").into_bytes(),
        };
        let heading = heading.map(|heading| if heading { Heading::Yes } else { Heading::No });
        let reading = Reading { heading, ..Reading::default() };
        if let Err(error) = read(&bytes, &reading) {
            prop_assert!(!error.to_string().contains("damaged"), "{}", error);
        }
    }

    #[test]
    fn any_octave_file_is_read_or_refused(
        text in r"(# (name|type|rows|columns|ndims|length): (a|xx|matrix|scalar struct|cell|[0-9]{1,3})\n( [0-9]( [0-9])?\n){0,3}){0,12}",
    ) {
        let _ = read(format!("# name: a\n# type: matrix\n{text}").as_bytes(), &Reading::default());
    }

    #[test]
    fn points_of_any_size_survive_text(
        points in prop::collection::vec(prop::array::uniform2(prop::num::f64::NORMAL), 3..40),
        separator in 0..4_usize,
    ) {
        let mark = [",", ";", "\t", "  "][separator];
        let text = points.iter().fold(String::new(), |text, [x, y]| text + &format!("{x:e}{mark}{y:e}\n"));
        prop_assert_eq!(read(text.as_bytes(), &Reading::default()).unwrap().points, points);
    }
}
