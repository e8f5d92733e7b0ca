//! Series: an npy array that grows by a frame at a time, and the JSON list of the frames' labels.
//!
//! A frame is appended in two steps: its numbers go after the end, then the header, which says how many frames there are,
//! is replaced in place. Between the two, readers see the file without the new frame. The labels are written before a state
//! is saved that counts the frames, so that no reader labels a frame wrongly.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use fs_err as fs;
use sha2::{Digest as _, Sha256};

use super::state::Ledger;
use super::{RunDir, RunError, hex};
use crate::data::npy::{self, Precision};
use crate::files;

/// Which files a series has, and what belongs into them.
pub struct SeriesPlan {
    /// The array's file.
    pub array: &'static str,
    /// The labels' file.
    pub labels: &'static str,
    /// The shape of a frame.
    pub shape: Vec<u64>,
    /// What the array keeps its numbers in.
    pub precision: Precision,
    /// Whether a frame with this label belongs there.
    pub due: Box<dyn Fn(u64) -> bool>,
}

/// A series that this process writes.
#[derive(Debug)]
pub(super) struct Series {
    array: PathBuf,
    labels_path: PathBuf,
    shape: Vec<u64>,
    precision: Precision,
    labels: Vec<u64>,
    digest: Sha256,
}

impl Series {
    /// Starts both files, without a frame.
    pub(super) fn create(dir: &RunDir, plan: &SeriesPlan) -> Result<Self, RunError> {
        let series = Self::empty(dir, plan);
        files::write(&series.array, &series.header(0))?;
        series.write_labels()?;
        Ok(series)
    }

    /// Goes on with the frames up to `last`; what is beyond them is taken off by [`Self::cut`]. A state that counts frames
    /// says which labels they have, and the labels' file is not asked.
    pub(super) fn open(dir: &RunDir, plan: &SeriesPlan, last: u64, counted: Option<u64>) -> Result<Self, RunError> {
        let mut series = Self::empty(dir, plan);
        let labels = match counted {
            None => read_labels(dir, plan.labels)?,
            Some(count) => {
                let mut due: Vec<u64> = (1..=last).filter(|&label| (plan.due)(label)).collect();
                // One that was recorded only because it was to be the last.
                if due.len() as u64 + 1 == count {
                    due.push(last);
                }
                due
            }
        };
        let there = frames_there(dir, plan)?;
        series.labels = labels.into_iter().take(there as usize).take_while(|&label| label <= last).collect();
        series.count_in()?;
        Ok(series)
    }

    /// Leaves the last frame out where it was recorded only because it was to be the last of a run that has become longer.
    pub(super) fn leave_undue(&mut self, plan: &SeriesPlan) -> Result<(), RunError> {
        if self.labels.last().is_some_and(|&label| !(plan.due)(label)) {
            self.labels.pop();
            self.count_in()?;
        }
        Ok(())
    }

    /// The digest of the frames that have labels.
    fn count_in(&mut self) -> Result<(), RunError> {
        self.digest = Sha256::new();
        let mut file = read_only(&self.array)?;
        file.seek(SeekFrom::Start(self.start()))?;
        let mut bytes = vec![0; self.frame_bytes()];
        for _ in 0..self.labels.len() {
            file.read_exact(&mut bytes)?;
            self.digest.update(&bytes);
        }
        Ok(())
    }

    /// Takes off what is beyond the frames that count.
    pub(super) fn cut(&self) -> Result<(), RunError> {
        let header = self.header(self.labels.len());
        let length = self.start() + (self.labels.len() * self.frame_bytes()) as u64;
        let mut there = Vec::new();
        let file = read_only(&self.array)?;
        let is_whole = file.metadata()?.len() == length;
        file.take(header.len() as u64).read_to_end(&mut there)?;
        // What is right is not opened for writing: it may lie where nobody can.
        if is_whole && there == header {
            return self.write_labels();
        }
        let mut file = self.open_array()?;
        file.write_all(&header)?;
        file.set_len(length)?;
        file.sync_data()?;
        self.write_labels()
    }

    /// Adds a frame.
    pub(super) fn append(&mut self, label: u64, values: &[f64]) -> Result<(), RunError> {
        let header = self.header(self.labels.len() + 1);
        let bytes = self.precision.bytes(values);
        let mut file = self.open_array()?;
        file.seek(SeekFrom::Start(self.start() + (self.labels.len() * bytes.len()) as u64))?;
        file.write_all(&bytes)?;
        file.rewind()?;
        file.write_all(&header)?;
        self.digest.update(&bytes);
        self.labels.push(label);
        Ok(())
    }

    /// What counts now.
    pub(super) fn mark(&self) -> (usize, Sha256) {
        (self.labels.len(), self.digest.clone())
    }

    /// Lets what was appended after a mark not count.
    pub(super) fn back_to(&mut self, (frames, digest): (usize, Sha256)) {
        self.labels.truncate(frames);
        self.digest = digest;
    }

    /// The label of the last frame.
    pub(super) fn last(&self) -> Option<u64> {
        self.labels.last().copied()
    }

    /// Waits until all frames are on the disk, and labels them.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        self.open_array()?.sync_data()?;
        self.write_labels()
    }

    /// The array's file, to be written in place.
    fn open_array(&self) -> Result<fs::File, RunError> {
        Ok(files::open_own(&self.array, fs::OpenOptions::new().write(true))?)
    }

    pub(super) fn ledger(&self) -> Ledger {
        Ledger { count: self.labels.len() as u64, sha256: hex(&self.digest.clone().finalize()) }
    }

    fn empty(dir: &RunDir, plan: &SeriesPlan) -> Self {
        Self {
            array: dir.file(plan.array),
            labels_path: dir.file(plan.labels),
            shape: plan.shape.clone(),
            precision: plan.precision,
            labels: Vec::new(),
            digest: Sha256::new(),
        }
    }

    /// The array's header when it has so many frames.
    fn header(&self, frames: usize) -> Vec<u8> {
        npy::header(self.precision, &[&[frames as u64], &self.shape[..]].concat())
    }

    /// Where the numbers begin: our headers are of one length.
    fn start(&self) -> u64 {
        self.header(0).len() as u64
    }

    fn frame_bytes(&self) -> usize {
        self.shape.iter().product::<u64>() as usize * self.precision.size()
    }

    /// The labels' file: its name, and what is in it.
    pub(super) fn labels(&self) -> (String, Vec<u8>) {
        let name = self.labels_path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, (serde_json::Value::from(self.labels.clone()).to_string() + "\n").into_bytes())
    }

    fn write_labels(&self) -> Result<(), RunError> {
        let (_, bytes) = self.labels();
        if fs::read(&self.labels_path).is_ok_and(|old| old == bytes) {
            return Ok(());
        }
        Ok(files::write(&self.labels_path, &bytes)?)
    }
}

/// Frames in the array, whose shape and length are looked at.
fn frames_there(dir: &RunDir, plan: &SeriesPlan) -> Result<u64, RunError> {
    let path = dir.file(plan.array);
    let mut head = Vec::new();
    read_only(&path)?.take(1 << 16).read_to_end(&mut head)?;
    let (precision, first) = npy::layout(&head).map_err(|error| dir.malformed(plan.array, error.to_string()))?;
    if precision != plan.precision {
        let bits = |precision: Precision| 8 * precision.size();
        let reason = format!("it is float{}, not float{}", bits(precision), bits(plan.precision));
        return Err(dir.malformed(plan.array, reason));
    }
    let expected = format!("[frames, {}]", plan.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
    let frames = match first.split_first() {
        Some((&frames, rest)) if rest == plan.shape => frames,
        _ => return Err(dir.malformed(plan.array, format!("its shape is {first:?}, not {expected}"))),
    };
    // What a header claims is not there before its numbers are.
    let start = npy::header(precision, &[&[0], &plan.shape[..]].concat()).len() as u64;
    let bytes = plan.shape.iter().product::<u64>() * precision.size() as u64;
    let length = fs::metadata(&path)?.len().saturating_sub(start);
    Ok(frames.min(length / bytes.max(1)))
}

/// The labels in a series' file, which ascend.
pub(super) fn read_labels(dir: &RunDir, name: &str) -> Result<Vec<u64>, RunError> {
    let text = dir.read_text(name)?;
    let labels: Vec<u64> = serde_json::from_str(&text).map_err(|error| dir.malformed(name, error.to_string()))?;
    if !labels.is_sorted_by(|a, b| a < b) {
        return Err(dir.malformed(name, "its numbers do not ascend"));
    }
    Ok(labels)
}

fn read_only(path: &std::path::Path) -> Result<fs::File, RunError> {
    Ok(files::open_own(path, fs::OpenOptions::new().read(true))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> SeriesPlan {
        SeriesPlan {
            array: "a.npy",
            labels: "l.json",
            shape: vec![3, 2],
            precision: Precision::Single,
            due: Box::new(|_| true),
        }
    }

    fn frame(value: f64) -> Vec<f64> {
        vec![value; 6]
    }

    #[test]
    fn frames_are_appended_counted_and_taken_off_again() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        let mut series = Series::create(&dir, &plan()).unwrap();
        for (i, label) in [10, 20, 25].into_iter().enumerate() {
            series.append(label, &frame(i as f64)).unwrap();
        }
        series.sync().unwrap();
        let whole = fs::read(dir.file("a.npy")).unwrap();
        let array = npy::decode(&whole).unwrap();
        assert_eq!(array.shape, [3, 3, 2]);
        assert_eq!(array.values, [frame(0.0), frame(1.0), frame(2.0)].concat());
        let mut cut = Series::open(&dir, &plan(), 20, None).unwrap();
        cut.cut().unwrap();
        assert_eq!(read_labels(&dir, "l.json").unwrap(), [10, 20]);
        cut.append(25, &frame(2.0)).unwrap();
        cut.sync().unwrap();
        assert_eq!(fs::read(dir.file("a.npy")).unwrap(), whole, "a frame taken off and put on again");
        assert_eq!(cut.ledger(), series.ledger());
    }

    #[test]
    fn labels_are_written_when_a_state_counts_them_and_not_for_every_frame() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        let mut series = Series::create(&dir, &plan()).unwrap();
        let there = || fs::read_to_string(dir.file("l.json")).unwrap();
        let mut written = there().len();
        // Written anew for every frame, 1000 of them would be two million bytes.
        for label in 1..=1000 {
            let before = there();
            series.append(label, &frame(0.0)).unwrap();
            written += if there() == before { 0 } else { there().len() };
        }
        assert!(written < 10, "{written} bytes of labels for frames that no state counts");
        series.sync().unwrap();
        assert_eq!(read_labels(&dir, "l.json").unwrap().len(), 1000);
    }

    #[test]
    fn a_frame_that_was_cut_off_is_not_counted_and_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        let mut series = Series::create(&dir, &plan()).unwrap();
        series.append(10, &frame(1.0)).unwrap();
        series.sync().unwrap();
        let sound = fs::read(dir.file("a.npy")).unwrap();
        // Killed after half of the numbers: the header still says one frame.
        fs::write(dir.file("a.npy"), [&sound[..], &[7; 11]].concat()).unwrap();
        let again = Series::open(&dir, &plan(), 100, None).unwrap();
        assert_eq!(again.ledger(), series.ledger());
        again.cut().unwrap();
        assert_eq!(fs::read(dir.file("a.npy")).unwrap(), sound);
    }
}
