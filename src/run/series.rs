//! Series: npy arrays that grow by a frame at a time, and the JSON list of the frames' labels.
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
    /// The arrays that get a frame at a time. The first is the one whose frames are counted.
    pub arrays: Vec<ArrayPlan>,
    /// The labels' file.
    pub labels: &'static str,
    /// Whether a frame with this label belongs there.
    pub due: Box<dyn Fn(u64) -> bool>,
}

/// An array of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayPlan {
    /// Its file.
    pub file: &'static str,
    /// The shape of a frame.
    pub shape: Vec<u64>,
    /// What it keeps its numbers in.
    pub precision: Precision,
}

/// A series that this process writes.
#[derive(Debug)]
pub(super) struct Series {
    arrays: Vec<Growing>,
    labels_path: PathBuf,
    labels: Vec<u64>,
}

/// An array that this process writes.
#[derive(Debug)]
struct Growing {
    path: PathBuf,
    plan: ArrayPlan,
    /// Of the frames that count.
    digest: Sha256,
}

impl Series {
    /// Starts all files, without a frame.
    pub(super) fn create(dir: &RunDir, plan: &SeriesPlan) -> Result<Self, RunError> {
        let series = Self::empty(dir, plan);
        for array in &series.arrays {
            files::write(&array.path, &array.plan.header(0))?;
        }
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
        let mut there = u64::MAX;
        for array in &plan.arrays {
            there = there.min(frames_there(dir, array)?);
        }
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

    /// The digests of the frames that have labels.
    fn count_in(&mut self) -> Result<(), RunError> {
        let frames = self.labels.len();
        self.arrays.iter_mut().try_for_each(|array| array.count_in(frames))
    }

    /// Takes off what is beyond the frames that count.
    pub(super) fn cut(&self) -> Result<(), RunError> {
        self.arrays.iter().try_for_each(|array| array.cut(self.labels.len()))?;
        self.write_labels()
    }

    /// Adds a frame: numbers for each array, in their order.
    pub(super) fn append(&mut self, label: u64, values: &[Vec<f64>]) -> Result<(), RunError> {
        debug_assert_eq!(values.len(), self.arrays.len(), "a frame has a part in each array");
        let frames = self.labels.len();
        // The first array last: whoever reads meanwhile counts its frames, and finds them in all others.
        for (array, values) in self.arrays.iter_mut().zip(values).rev() {
            array.append(frames, values)?;
        }
        self.labels.push(label);
        Ok(())
    }

    /// What counts now.
    pub(super) fn mark(&self) -> (usize, Vec<Sha256>) {
        (self.labels.len(), self.arrays.iter().map(|array| array.digest.clone()).collect())
    }

    /// Lets what was appended after a mark not count.
    pub(super) fn back_to(&mut self, (frames, digests): (usize, Vec<Sha256>)) {
        self.labels.truncate(frames);
        for (array, digest) in self.arrays.iter_mut().zip(digests) {
            array.digest = digest;
        }
    }

    /// The label of the last frame.
    pub(super) fn last(&self) -> Option<u64> {
        self.labels.last().copied()
    }

    /// Waits until all frames are on the disk, and labels them.
    pub(super) fn sync(&self) -> Result<(), RunError> {
        for array in &self.arrays {
            array.open()?.sync_data()?;
        }
        self.write_labels()
    }

    /// What counts of each array, by its file.
    pub(super) fn ledgers(&self) -> Vec<(&'static str, Ledger)> {
        let count = self.labels.len() as u64;
        let ledger = |array: &Growing| Ledger { count, sha256: hex(&array.digest.clone().finalize()) };
        self.arrays.iter().map(|array| (array.plan.file, ledger(array))).collect()
    }

    fn empty(dir: &RunDir, plan: &SeriesPlan) -> Self {
        let growing =
            |plan: &ArrayPlan| Growing { path: dir.file(plan.file), plan: plan.clone(), digest: Sha256::new() };
        Self {
            arrays: plan.arrays.iter().map(growing).collect(),
            labels_path: dir.file(plan.labels),
            labels: Vec::new(),
        }
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

impl ArrayPlan {
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
}

impl Growing {
    /// The digest of so many frames.
    fn count_in(&mut self, frames: usize) -> Result<(), RunError> {
        self.digest = Sha256::new();
        let mut file = read_only(&self.path)?;
        file.seek(SeekFrom::Start(self.plan.start()))?;
        let mut bytes = vec![0; self.plan.frame_bytes()];
        for _ in 0..frames {
            file.read_exact(&mut bytes)?;
            self.digest.update(&bytes);
        }
        Ok(())
    }

    /// Takes off what is beyond so many frames.
    fn cut(&self, frames: usize) -> Result<(), RunError> {
        let header = self.plan.header(frames);
        let length = self.plan.start() + (frames * self.plan.frame_bytes()) as u64;
        let mut there = Vec::new();
        let file = read_only(&self.path)?;
        let is_whole = file.metadata()?.len() == length;
        file.take(header.len() as u64).read_to_end(&mut there)?;
        // What is right is not opened for writing: it may lie where nobody can.
        if is_whole && there == header {
            return Ok(());
        }
        let mut file = self.open()?;
        file.write_all(&header)?;
        file.set_len(length)?;
        Ok(file.sync_data()?)
    }

    /// Adds a frame after so many.
    fn append(&mut self, frames: usize, values: &[f64]) -> Result<(), RunError> {
        let header = self.plan.header(frames + 1);
        let bytes = self.plan.precision.bytes(values);
        debug_assert_eq!(bytes.len(), self.plan.frame_bytes(), "{}", self.plan.file);
        let mut file = self.open()?;
        file.seek(SeekFrom::Start(self.plan.start() + (frames * bytes.len()) as u64))?;
        file.write_all(&bytes)?;
        file.rewind()?;
        file.write_all(&header)?;
        self.digest.update(&bytes);
        Ok(())
    }

    /// The file, to be written in place.
    fn open(&self) -> Result<fs::File, RunError> {
        Ok(files::open_own(&self.path, fs::OpenOptions::new().write(true))?)
    }
}

/// Frames in an array, whose shape and length are looked at.
fn frames_there(dir: &RunDir, plan: &ArrayPlan) -> Result<u64, RunError> {
    let path = dir.file(plan.file);
    let mut head = Vec::new();
    read_only(&path)?.take(1 << 16).read_to_end(&mut head)?;
    let (precision, first) = npy::layout(&head).map_err(|error| dir.malformed(plan.file, error.to_string()))?;
    if precision != plan.precision {
        let bits = |precision: Precision| 8 * precision.size();
        let reason = format!("it is float{}, not float{}", bits(precision), bits(plan.precision));
        return Err(dir.malformed(plan.file, reason));
    }
    let expected = format!("[frames, {}]", plan.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", "));
    let frames = match first.split_first() {
        Some((&frames, rest)) if rest == plan.shape => frames,
        _ => return Err(dir.malformed(plan.file, format!("its shape is {first:?}, not {expected}"))),
    };
    // What a header claims is not there before its numbers are.
    let length = fs::metadata(&path)?.len().saturating_sub(plan.start());
    Ok(frames.min(length / plan.frame_bytes().max(1) as u64))
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
            arrays: vec![
                ArrayPlan { file: "a.npy", shape: vec![3, 2], precision: Precision::Single },
                ArrayPlan { file: "b.npy", shape: vec![2], precision: Precision::Double },
            ],
            labels: "l.json",
            due: Box::new(|_| true),
        }
    }

    fn frame(value: f64) -> [Vec<f64>; 2] {
        [vec![value; 6], vec![-value; 2]]
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
        let read = || ["a.npy", "b.npy"].map(|name| fs::read(dir.file(name)).unwrap());
        let whole = read();
        let arrays = whole.each_ref().map(|bytes| npy::decode(bytes).unwrap());
        assert_eq!(arrays.each_ref().map(|array| array.shape.clone()), [vec![3, 3, 2], vec![3, 2]]);
        for (i, array) in arrays.into_iter().enumerate() {
            assert_eq!(array.values, [0.0, 1.0, 2.0].map(|value| frame(value)[i].clone()).concat());
        }
        let mut cut = Series::open(&dir, &plan(), 20, None).unwrap();
        cut.cut().unwrap();
        assert_eq!(read_labels(&dir, "l.json").unwrap(), [10, 20]);
        cut.append(25, &frame(2.0)).unwrap();
        cut.sync().unwrap();
        assert_eq!(read(), whole, "a frame taken off and put on again");
        assert_eq!(cut.ledgers(), series.ledgers());
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
        assert_eq!(again.ledgers(), series.ledgers());
        again.cut().unwrap();
        assert_eq!(fs::read(dir.file("a.npy")).unwrap(), sound);
    }

    #[test]
    fn a_frame_counts_where_all_arrays_have_it() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        let mut series = Series::create(&dir, &plan()).unwrap();
        series.append(10, &frame(1.0)).unwrap();
        series.sync().unwrap();
        let sound = ["a.npy", "b.npy"].map(|name| fs::read(dir.file(name)).unwrap());
        let ledgers = series.ledgers();
        series.append(20, &frame(2.0)).unwrap();
        // Killed between the two: the second array has the frame, the first, which is written last, has not.
        fs::write(dir.file("a.npy"), &sound[0]).unwrap();
        let again = Series::open(&dir, &plan(), 100, None).unwrap();
        assert_eq!(again.ledgers(), ledgers);
        again.cut().unwrap();
        assert_eq!(["a.npy", "b.npy"].map(|name| fs::read(dir.file(name)).unwrap()), sound);
    }
}
