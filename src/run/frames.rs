//! `samples.npy` and `frames.json`: the points that the generator made at chosen epochs, all from the same codes.
//!
//! A frame is appended to `samples.npy` in two steps: its points go after the end, then the header, which says how
//! many frames there are, is replaced in place. Between the two, readers see the file without the new frame.

use std::io::{Seek as _, SeekFrom, Write as _};

use fs_err as fs;

use super::{FRAMES, RunDir, RunError, SAMPLES};
use crate::data::{Point, npy};
use crate::files;

/// The recorded frames of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frames {
    /// Each frame's epoch.
    pub epochs: Vec<u64>,
    /// Each frame's points, one for each of the run's codes.
    pub samples: Vec<Vec<Point>>,
}

impl Frames {
    /// Each frame's epoch with its points.
    pub fn into_pairs(self) -> impl Iterator<Item = (u64, Vec<Point>)> {
        self.epochs.into_iter().zip(self.samples)
    }
}

pub(super) fn read(run: &RunDir) -> Result<Frames, RunError> {
    let mut epochs = read_epochs(run)?;
    let array = run.read_array(SAMPLES)?;
    let [frames, points, 2] = array.shape[..] else {
        return Err(run.malformed(SAMPLES, format!("its shape is {:?}, not [frames, points, 2]", array.shape)));
    };
    // While a frame is being appended one of the two files is a frame ahead.
    epochs.truncate(frames as usize);
    let all = array.values.as_chunks().0;
    let samples = all.chunks((points as usize).max(1)).take(epochs.len()).map(<[Point]>::to_vec).collect();
    Ok(Frames { epochs, samples })
}

/// Starts both files, without a frame.
pub(super) fn create(run: &RunDir, points: usize) -> Result<(), RunError> {
    files::write(&run.file(SAMPLES), &npy::header(&[0, points as u64, 2]))?;
    write_epochs(run, &[])
}

/// Adds a frame after the ones at `epochs`.
pub(super) fn append(run: &RunDir, epochs: &mut Vec<u64>, epoch: u64, points: &[Point]) -> Result<(), RunError> {
    let shape = |frames: usize| [frames as u64, points.len() as u64, 2];
    let header = npy::header(&shape(epochs.len() + 1));
    let bytes: Vec<u8> = points.as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect();
    let mut file = fs::OpenOptions::new().write(true).open(run.file(SAMPLES))?;
    file.seek(SeekFrom::Start((header.len() + epochs.len() * bytes.len()) as u64))?;
    file.write_all(&bytes)?;
    file.sync_data()?;
    file.rewind()?;
    file.write_all(&header)?;
    file.sync_data()?;
    epochs.push(epoch);
    write_epochs(run, epochs)
}

/// Takes off the frames after `last`; gives the epochs of the others.
pub(super) fn truncate(run: &RunDir, last: u64, points: usize) -> Result<Vec<u64>, RunError> {
    let mut epochs = read(run)?.epochs;
    epochs.retain(|&epoch| epoch <= last);
    let header = npy::header(&[epochs.len() as u64, points as u64, 2]);
    let mut file = fs::OpenOptions::new().write(true).open(run.file(SAMPLES))?;
    file.write_all(&header)?;
    file.set_len((header.len() + epochs.len() * points * size_of::<Point>()) as u64)?;
    file.sync_data()?;
    write_epochs(run, &epochs)?;
    Ok(epochs)
}

fn read_epochs(run: &RunDir) -> Result<Vec<u64>, RunError> {
    let text = run.read_text(FRAMES)?;
    serde_json::from_str(&text).map_err(|error| run.malformed(FRAMES, error.to_string()))
}

fn write_epochs(run: &RunDir, epochs: &[u64]) -> Result<(), RunError> {
    let text = serde_json::to_string(epochs).map_err(|error| run.malformed(FRAMES, error.to_string()))?;
    Ok(files::write(&run.file(FRAMES), (text + "\n").as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(value: f32) -> Vec<Point> {
        vec![[value, -value]; 3]
    }

    #[test]
    fn frames_are_appended_read_and_taken_off_again() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::new(dir.path());
        create(&run, 3).unwrap();
        assert_eq!(read(&run).unwrap(), Frames::default());
        let mut epochs = Vec::new();
        for (i, epoch) in [10, 20, 25].into_iter().enumerate() {
            append(&run, &mut epochs, epoch, &points(i as f32)).unwrap();
        }
        let all = Frames { epochs: vec![10, 20, 25], samples: vec![points(0.0), points(1.0), points(2.0)] };
        assert_eq!(read(&run).unwrap(), all);
        let whole = fs::read(run.file(SAMPLES)).unwrap();
        let mut epochs = truncate(&run, 20, 3).unwrap();
        assert_eq!(read(&run).unwrap().epochs, [10, 20]);
        append(&run, &mut epochs, 25, &points(2.0)).unwrap();
        assert_eq!(fs::read(run.file(SAMPLES)).unwrap(), whole, "a frame taken off and put on again");
    }

    #[test]
    fn a_frame_that_was_cut_off_is_not_seen_and_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDir::new(dir.path());
        create(&run, 3).unwrap();
        let mut epochs = Vec::new();
        append(&run, &mut epochs, 10, &points(1.0)).unwrap();
        let sound = fs::read(run.file(SAMPLES)).unwrap();
        // Killed after half of the points: the header still says one frame.
        fs::write(run.file(SAMPLES), [&sound[..], &[7; 11]].concat()).unwrap();
        assert_eq!(read(&run).unwrap().samples, [points(1.0)]);
        assert_eq!(truncate(&run, 10, 3).unwrap(), [10]);
        assert_eq!(fs::read(run.file(SAMPLES)).unwrap(), sound);
    }
}
