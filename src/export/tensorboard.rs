//! A TensorBoard event file: scalars, ten pictures, hparams, text, and charts of distances over their floors.
//!
//! A file is written whole, in the order of the records, and has the same bytes for the same run: its times are those of the
//! records, counted from when the run was begun. While a run trains [`super::live`] writes the same file record by record. A
//! reader that meets two files of a run takes both: so the new one is put beside the old one, which then goes. It has
//! another name, because a TensorBoard that is open keeps to the files that it knows.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::content::{Content, Row, State};
use super::events::{Message, Value, first_record, is_ours, summary_record};
use super::pictures::{Pictures, Png};
use super::{Export, ExportError, Target};
use crate::config::shown;
use crate::files;
use crate::run::Kind;

/// hparams' words for how a session ended.
const SUCCESS: u64 = 1;
const FAILURE: u64 = 2;

pub(super) fn write(export: &mut Export, target: &Target) -> Result<Vec<PathBuf>, ExportError> {
    let bytes = bytes(&export.content, &mut export.pictures, &mut export.notes)?;
    Ok(vec![place(&target.path(), export.content.begun, &bytes)?])
}

/// The whole file of what is recorded now.
pub(super) fn bytes(
    content: &Content,
    pictures: &mut Pictures,
    notes: &mut Vec<String>,
) -> Result<Vec<u8>, ExportError> {
    let steps = pictures.steps(content)?;
    let mut bytes = opening(content);
    for row in &content.rows {
        let png = if steps.contains(&row.step) { pictures.draw(row, notes)? } else { None };
        bytes.extend(of_row(content, row, png.as_ref().map(|png| (pictures.tag(), png))));
    }
    bytes.extend(ending(content));
    Ok(bytes)
}

/// What comes before the records.
pub(super) fn opening(content: &Content) -> Vec<u8> {
    let begun = content.begun as f64;
    let values = [
        Value::content("custom_scalars__config__", "custom_scalars", &layout(content)),
        Value::markdown("run/settings", &settings(content)),
        Value::markdown("run/repeat", &repeat(content)),
        Value::metadata("_hparams_/session_start_info", "hparams", &session_start(content)),
    ];
    [first_record(begun), summary_record(begun, 0, &values)].concat()
}

/// A record, and its picture with the name that pictures have.
pub(super) fn of_row(content: &Content, row: &Row, picture: Option<(&str, &Png)>) -> Vec<u8> {
    let mut values: Vec<Value> = row.numbers.iter().map(|(key, value)| Value::scalar(&tag(key), *value)).collect();
    // A constant line, as far as the number that it is the floor of.
    for floor in content.floors.iter().filter(|floor| row.number(floor.key).is_some()) {
        let deviation = floor.deviation.unwrap_or(0.0);
        let levels = [("", floor.mean), ("_low", floor.mean - deviation), ("_high", floor.mean + deviation)];
        values.extend(levels.map(|(part, level)| Value::scalar(&format!("floor/{}{part}", floor.key), level)));
    }
    values.extend(picture.map(|(tag, png)| Value::image(tag, &png.bytes, png.size)));
    summary_record(time(content, row), row.step, &values)
}

/// What comes after the last record, where the run is over.
pub(super) fn ending(content: &Content) -> Vec<u8> {
    let status = match content.state {
        State::Unfinished => return Vec::new(),
        State::Over => SUCCESS,
        State::Diverged => FAILURE,
    };
    let (step, end) = content.rows.last().map_or((0, content.begun as f64), |row| (row.step, time(content, row)));
    let info = Message::default().message(4, &Message::default().whole(1, status).double(2, end));
    summary_record(end, step, &[Value::metadata("_hparams_/session_end_info", "hparams", &info)])
}

fn time(content: &Content, row: &Row) -> f64 {
    content.begun as f64 + row.seconds
}

/// What a record's number is called in TensorBoard, where the part before the stroke makes a group.
pub(super) fn tag(key: &str) -> String {
    match key {
        "d_loss" => return "loss/discriminator".to_owned(),
        "g_loss" => return "loss/generator".to_owned(),
        "clip_idle" => return "idle/clip".to_owned(),
        "penalty_idle" => return "idle/penalty".to_owned(),
        "clip_share" => return "clip/share".to_owned(),
        "iteration" | "seconds" | "side" | "alpha" => return format!("progress/{key}"),
        "coverage" | "generator_coverage" => return format!("coverage/{key}"),
        "sliced_w2" | "mode_tv" | "generator_sliced_w2" | "generator_mode_tv" => return format!("distance/{key}"),
        _ => {}
    }
    match key.split_once('_') {
        Some((group @ ("scores" | "signs"), of)) => format!("{group}/{of}"),
        _ => format!("other/{key}"),
    }
}

/// Charts of several tags in one: `Layout` of custom_scalars/layout.proto.
fn layout(content: &Content) -> Message {
    let lines = |title: &str, tags: &[&str]| {
        let exactly = |tags: Message, tag: &&str| tags.text(1, &format!("^{tag}$"));
        Message::default().text(1, title).message(2, &tags.iter().fold(Message::default(), exactly))
    };
    let category = |title: &str, charts: &[Message]| {
        charts.iter().fold(Message::default().text(1, title), |category, chart| category.message(2, chart))
    };
    let mut layout = Message::default()
        .message(2, &category("losses", &[lines("losses", &["loss/discriminator", "loss/generator"])]));
    if content.kind == Kind::Points {
        let charts: Vec<Message> = content.floors.iter().map(|floor| over_floor(floor.key)).collect();
        layout = layout.message(2, &category("over their floors", &charts));
    }
    if content.has_scores {
        let three = |group: &str| ["train", "held_out", "generated"].map(|of| format!("{group}/{of}"));
        let chart = |title: &str, group: &str| lines(title, &three(group).each_ref().map(String::as_str));
        let charts = [chart("mean score", "scores"), chart("share of scores above 0", "signs")];
        layout = layout.message(2, &category("scores", &charts));
    }
    layout
}

/// A number of the records over the band of its floor, which has a deviation to both sides.
fn over_floor(key: &str) -> Message {
    let series = |value: &str, lower: &str, upper: &str| {
        Message::default().message(1, &Message::default().text(1, value).text(2, lower).text(3, upper))
    };
    let floor = format!("floor/{key}");
    let value = tag(key);
    let series = [series(&floor, &format!("{floor}_low"), &format!("{floor}_high")), series(&value, &value, &value)];
    // Both are fields of the same message.
    let margin = series.iter().fold(Message::default(), Message::joined);
    Message::default().text(1, &format!("{key} over its floor")).message(3, &margin)
}

/// The settings as a table in Markdown.
fn settings(content: &Content) -> String {
    let rows = content.settings.iter().map(|(key, value)| format!("| {} | {} |", plain(key), plain(&shown(value))));
    let head = format!("{}\n\n| setting | value |\n|---|---|", plain(&content.title));
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

/// How the run is done again.
fn repeat(content: &Content) -> String {
    let config = serde_json::to_string_pretty(&content.config).unwrap_or_default();
    let indented = config.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    let (command, program) = (content.kind.command(), plain(&content.program));
    format!(
        "Recorded by {program}. To do it again, save this as config.json (the run's folder has it too):\n\n{indented}\n\n\
         and type\n\n    {command} --config config.json --out again\n"
    )
}

/// Text as it is, whatever Markdown or HTML makes of its characters.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => safe.extend(c.escape_default()),
            c if c.is_ascii_punctuation() && !".,-:;/=+ ".contains(c) => safe += &format!("&#{};", u32::from(c)),
            c => safe.push(c),
        }
    }
    safe
}

/// hparams' `SessionStartInfo`: the settings, by a name that seeds of one setting share.
fn session_start(content: &Content) -> Message {
    let mut info = Message::default();
    for (key, value) in &content.settings {
        let value = match value {
            serde_json::Value::Bool(flag) => Message::default().whole(4, u64::from(*flag)),
            serde_json::Value::Number(number) => Message::default().double(2, number.as_f64().unwrap_or(f64::NAN)),
            other => Message::default().text(3, &shown(other)),
        };
        info = info.message(1, &Message::default().text(1, key).message(2, &value));
    }
    Message::default().message(3, &info.text(4, &content.group).double(5, content.begun as f64))
}

/// Puts a file into a run's folder in the place of those that gan-lab wrote there; gives its path. What is there already as
/// it is to be stays.
pub(super) fn place(folder: &Path, begun: u64, bytes: &[u8]) -> Result<PathBuf, ExportError> {
    let ours = permit(folder)?;
    if let [path] = &ours[..]
        && fs::read(path).is_ok_and(|there| there == bytes)
    {
        return Ok(path.clone());
    }
    let number = |path: &PathBuf| path.extension()?.to_str()?.parse::<u64>().ok();
    let first = ours.iter().filter_map(number).max().map_or(0, |last| last + 1);
    let name = |n: u64| folder.join(format!("events.out.tfevents.{begun:010}.gan-lab.{n}"));
    let mut path = name(first);
    let mut next = first;
    // Something of that name that is not ours is passed over.
    while std::fs::symlink_metadata(&path).is_ok() {
        next += 1;
        path = name(next);
    }
    files::write(&path, bytes)?;
    for old in &ours {
        fs::remove_file(old)?;
    }
    Ok(path)
}

/// The event files in a run's folder that are gan-lab's; refused while a run at work writes one of them.
pub(super) fn permit(folder: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let mut ours = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(ours),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !name.contains("tfevents") || !is_ours(&path) {
            continue;
        }
        let file = files::open_own(&path, fs::OpenOptions::new().read(true))?;
        // Where files cannot be locked nobody can tell.
        if matches!(file.file().try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
            return Err(ExportError::AtWork { path });
        }
        ours.push(path);
    }
    ours.sort();
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::super::events::tests::payloads;
    use super::*;
    use crate::export::content::Floor;

    fn content() -> Content {
        Content {
            kind: Kind::Points,
            title: "WGAN, Adam".to_owned(),
            program: "gan-lab 0.2.0".to_owned(),
            config: serde_json::json!({ "lr": 1e-4 }),
            settings: vec![("lr".to_owned(), 1e-4.into()), ("data.path".to_owned(), "a|<b>.npy".into())],
            group: "wgan-adam-01234567".to_owned(),
            seed: 0,
            begun: 1_700_000_000,
            state: State::Over,
            rows: Vec::new(),
            has_scores: false,
            floors: vec![Floor { key: "sliced_w2", mean: 0.5, deviation: Some(0.25) }],
            arrays: Vec::new(),
        }
    }

    fn row(step: u64, numbers: &[(&str, f64)]) -> Row {
        let numbers = numbers.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect();
        Row { step, seconds: 1.5, numbers, file: None }
    }

    fn says(bytes: &[u8], words: &str) -> bool {
        bytes.windows(words.len()).any(|part| part == words.as_bytes())
    }

    #[test]
    fn every_number_of_a_record_has_a_group_of_its_kind() {
        let record = crate::kinds::points::EpochRecord {
            sliced_w2: Some(0.1),
            coverage: Some(0.1),
            mode_tv: Some(0.1),
            generator_sliced_w2: Some(0.1),
            generator_coverage: Some(0.1),
            generator_mode_tv: Some(0.1),
            clip_idle: Some(true),
            penalty_idle: Some(true),
            ..Default::default()
        };
        let row = Row::of(Kind::Points, &serde_json::to_value(record).unwrap());
        let tags: Vec<String> = row.numbers.iter().map(|(key, _)| tag(key)).collect();
        assert!(tags.len() >= 12 && tags.iter().all(|tag| !tag.starts_with("other/")), "{tags:?}");
        let mut distinct = tags.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), tags.len(), "two numbers have one tag: {tags:?}");
        assert_eq!(
            (tag("scores_held_out").as_str(), tag("unheard_of").as_str()),
            ("scores/held_out", "other/unheard_of")
        );
    }

    #[test]
    fn a_floor_stands_where_its_number_was_measured_and_nowhere_else() {
        let content = content();
        let measured = of_row(&content, &row(2, &[("d_loss", 1.0), ("sliced_w2", 0.75)]), None);
        for tag in ["distance/sliced_w2", "floor/sliced_w2", "floor/sliced_w2_low", "floor/sliced_w2_high"] {
            assert!(says(&measured, tag), "{tag}");
        }
        let other = of_row(&content, &row(3, &[("d_loss", 1.0)]), None);
        assert!(says(&other, "loss/discriminator") && !says(&other, "floor/"));
        // 1.5 seconds after it began.
        assert_eq!(payloads(&other)[0][1..9], 1_700_000_001.5_f64.to_le_bytes());
    }

    #[test]
    fn markdown_and_html_in_names_are_only_characters() {
        assert_eq!(plain("a|b<i>_*`\n"), "a&#124;b&#60;i&#62;&#95;&#42;&#96;\\n");
        let text = settings(&content());
        assert!(text.contains("| data.path | a&#124;&#60;b&#62;.npy |"), "{text}");
        assert!(repeat(&content()).contains("gan-lab train --config config.json"));
    }

    #[test]
    fn a_run_has_one_file_of_ours_and_an_unchanged_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("run");
        let (one, two) = (opening(&content()), [opening(&content()), ending(&content())].concat());
        let first = place(&folder, 5, &one).unwrap();
        assert!(first.ends_with("events.out.tfevents.0000000005.gan-lab.0"), "{}", first.display());
        assert_eq!(place(&folder, 5, &one).unwrap(), first);
        let second = place(&folder, 5, &two).unwrap();
        assert!(second.ends_with("events.out.tfevents.0000000005.gan-lab.1") && !first.exists());
        // Something of that name that is not ours is passed over.
        fs::create_dir(folder.join("events.out.tfevents.0000000005.gan-lab.2")).unwrap();
        let third = place(&folder, 5, &one).unwrap();
        assert!(third.ends_with("events.out.tfevents.0000000005.gan-lab.3"), "{}", third.display());
        assert_eq!(permit(&folder).unwrap(), [third]);
        assert!(permit(&dir.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn only_a_run_that_is_over_has_an_end() {
        let end = |state| payloads(&ending(&Content { state, ..content() }));
        assert!(end(State::Unfinished).is_empty());
        // 22: field 4 of the plugin's data, 2 bytes and a double long; 08: its status.
        let status = |payload: &[u8]| payload.windows(3).find(|part| part[..2] == [0x0b, 0x08]).map(|part| part[2]);
        assert_eq!(status(&end(State::Over)[0]), Some(1));
        assert_eq!(status(&end(State::Diverged)[0]), Some(2));
    }
}
