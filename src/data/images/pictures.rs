//! Many pictures, one after another: first all headers, then each picture is decoded, made small and let go.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use super::fit::fitted;
use super::picture::Header;
use super::set::numbers;
use super::shelf::{Entry, Shelf};
use super::tally::{Tally, counted};
use super::{DataError, ImageReading, ImageSet, Watch, no_images, no_key};
use crate::config::SmallImages;

/// What is decoded at one time takes this much at most, unless it is one picture.
const IN_FLIGHT: u64 = 320 << 20;
/// Finished images that wait for one before them take this much at most.
const WAITING: usize = 32 << 20;
/// And are so many at most.
const MOST_WAITING: usize = 1024;

/// Reads all pictures of a shelf.
pub(super) fn load(
    shelf: &Shelf,
    side: usize,
    reading: &ImageReading,
    watch: &mut Watch<'_>,
) -> Result<ImageSet, DataError> {
    if shelf.entries.is_empty() {
        return Err(shelf.empty());
    }
    if let Some(key) = &reading.key {
        return Err(no_key(&shelf.root, key, "it holds pictures"));
    }
    let total = shelf.entries.len() as u64;
    watch(0, total);
    let headers = headers(shelf)?;
    let tints = |header: &Header| header.colour || (header.alpha && !reading.as_before && !reading.is_grey());
    let colour = headers.iter().any(tints);
    let notes = remarks(shelf, &headers, side, reading, colour)?;
    let mut set = ImageSet::with_room(&shelf.root, total, colour, side)?;
    let (classes, passed) = shelf.classes();
    set.classes = classes.filter(|_| !reading.as_before);
    set.notes = passed.into_iter().chain(notes).collect();
    let work = Work { shelf, headers: &headers, side, channels: set.channels, reading };
    let batch = (WAITING / set.size().max(1)).clamp(1, MOST_WAITING);
    for first in (0..headers.len()).step_by(batch) {
        let end = (first + batch).min(headers.len());
        for image in work.batch(first, end, &mut |done| watch((first + done) as u64, total))? {
            set.pixels.extend(image);
        }
    }
    Ok(set)
}

/// The headers of all pictures. Where some cannot be read, the first is named with what is wrong with it, and how many
/// others there are.
fn headers(shelf: &Shelf) -> Result<Vec<Header>, DataError> {
    let mut headers = Vec::with_capacity(shelf.entries.len());
    let mut first = None;
    let mut wrong = Tally::default();
    for entry in &shelf.entries {
        match header(shelf, entry) {
            Ok(header) => headers.push(header),
            Err(error) if first.is_none() => first = Some(error),
            Err(_) => wrong.add(|| entry.path.display().to_string()),
        }
    }
    match first {
        None => Ok(headers),
        Some(error) if wrong.count == 0 => Err(error),
        Some(error) => {
            let others = wrong.said("other cannot be read either", "others cannot be read either");
            Err(no_images(&shelf.root, format!("{error}; {}", others.unwrap_or_default())))
        }
    }
}

fn header(shelf: &Shelf, entry: &Entry) -> Result<Header, DataError> {
    let place = shelf.place(entry);
    Header::read(&place, shelf.open(entry)?, shelf.bytes(entry)?)
}

/// What is to be said of the pictures, by their headers.
fn remarks(
    shelf: &Shelf,
    headers: &[Header],
    side: usize,
    reading: &ImageReading,
    colour: bool,
) -> Result<Vec<String>, DataError> {
    let pictures = || shelf.entries.iter().zip(headers);
    let tally = |is: &dyn Fn(&Header) -> bool| {
        let mut tally = Tally::default();
        for (entry, _) in pictures().filter(|(_, header)| is(header)) {
            tally.add(|| entry.path.display().to_string());
        }
        tally
    };
    let mut notes = Vec::new();
    let small = tally(&|header| (header.width.min(header.height) as usize) < side);
    if small.count > 0 {
        let which = small.words("image is", "images are");
        notes.push(small_images(&shelf.root, &which, &small.names(), side, reading)?);
    }
    let animated = tally(&|header| header.animated);
    notes.extend(animated.said(
        "file holds several pictures, of which the first is taken",
        "files hold several pictures, of which the first is taken",
    ));
    if !reading.as_before {
        let alpha = tally(&|header| header.alpha);
        let ground = reading.ground.map(|x| format!("{x:02x}")).concat();
        if alpha.count > 0 {
            let words = alpha.words("image has an alpha channel, and is", "images have an alpha channel, and are");
            notes.push(format!("{words} laid on #{ground} (--ground): {}", alpha.names()));
        }
        let turned = tally(&|header| header.orientation != image::metadata::Orientation::NoTransforms);
        notes.extend(turned.said(
            "image is turned as its EXIF or TIFF orientation says",
            "images are turned as their EXIF or TIFF orientation says",
        ));
    }
    let oblong = headers.iter().filter(|header| header.width != header.height).count();
    if oblong > 0 {
        let words = counted(oblong, "image is not square, and loses", "images are not square, and lose");
        notes.push(format!("{words} what lies outside the largest square in the middle"));
    }
    let grey = headers.iter().filter(|header| !header.colour).count();
    if colour && grey > 0 && grey < headers.len() {
        notes.push(format!("{} read as colour, as others are", counted(grey, "grey image is", "grey images are")));
    }
    Ok(notes)
}

/// What becomes of small images, or the error that they are: `which` are they, and what are they called?
pub(super) fn small_images(
    root: &Path,
    which: &str,
    names: &str,
    side: usize,
    reading: &ImageReading,
) -> Result<String, DataError> {
    match reading.small {
        SmallImages::Enlarge => {
            Ok(format!("{which} smaller than {side}, and enlarged (--strict refuses that): {names}"))
        }
        SmallImages::Frame => Ok(format!(
            "{which} smaller than {side}, and framed in black, which the networks learn too (--small enlarge avoids \
             it): {names}"
        )),
        SmallImages::Refuse => Err(no_images(
            root,
            format!(
                "{which} smaller than {side}: {names}; take a smaller --resolution, or leave out --strict (--small refuse) \
                 to have them enlarged"
            ),
        )),
    }
}

/// What the decoding threads share.
struct Work<'a> {
    shelf: &'a Shelf,
    headers: &'a [Header],
    side: usize,
    channels: usize,
    reading: &'a ImageReading,
}

impl Work<'_> {
    /// One picture, decoded and made small.
    fn image(&self, index: usize) -> Result<Vec<u8>, DataError> {
        let entry = &self.shelf.entries[index];
        let place = self.shelf.place(entry);
        let image = self.headers[index].decode(&place, self.shelf.open(entry)?, !self.reading.as_before)?;
        Ok(numbers(&fitted(image, self.side as u32, self.channels, self.reading), self.channels))
    }

    /// Pictures `first` to `end`, in their order, on as many threads as memory lets. Of several errors the first
    /// picture's is given, as with one thread.
    fn batch(&self, first: usize, end: usize, done: &mut dyn FnMut(usize)) -> Result<Vec<Vec<u8>>, DataError> {
        let cost = self.headers[first..end].iter().map(Header::cost).max().unwrap_or(1).max(1);
        let threads = self.reading.threads.min((IN_FLIGHT / cost) as usize).min(end - first);
        if threads <= 1 {
            let one = |index| {
                let image = self.image(index);
                done(index + 1 - first);
                image
            };
            return (first..end).map(one).collect();
        }
        let (next, stop) = (AtomicUsize::new(first), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        let mut images: Vec<Vec<u8>> = vec![Vec::new(); end - first];
        let mut wrong: Option<(usize, DataError)> = None;
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= end || sender.send((index, self.image(index))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for (count, (index, image)) in receiver.iter().enumerate() {
                match image {
                    Ok(image) => images[index - first] = image,
                    Err(error) => {
                        // Pictures before it are in work already, and may be wrong too.
                        stop.store(true, Ordering::Relaxed);
                        if wrong.as_ref().is_none_or(|(other, _)| index < *other) {
                            wrong = Some((index, error));
                        }
                    }
                }
                done(count + 1);
            }
        });
        wrong.map_or(Ok(images), |(_, error)| Err(error))
    }
}
