//! Pictures and films of edited codes as files: where they go, and what a file's ending says.

use std::path::{Path, PathBuf};

use crate::cli::exit::{UsageError, refused};
use crate::made::ResultFolder;
use crate::media::{Animation, MAKES_MP4, MediaError, encode_gif, encode_jpeg, encode_mp4, encode_png};
use crate::render::Picture;

/// Of JPEG files, for people who want small ones.
const QUALITY: u8 = 95;

/// What a file's ending says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Png,
    Jpeg,
    Gif,
    Mp4,
}

impl Form {
    /// What a film is unless an ending says it.
    pub(super) const USUAL_FILM: Self = if MAKES_MP4 { Self::Mp4 } else { Self::Gif };

    /// What a path's ending says; None without an ending that is known.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "gif" => Some(Self::Gif),
            "mp4" => Some(Self::Mp4),
            _ => None,
        }
    }

    pub(super) const fn is_film(self) -> bool {
        matches!(self, Self::Gif | Self::Mp4)
    }

    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Mp4 => "mp4",
        }
    }

    /// A picture's bytes in this form.
    pub(super) fn picture(self, picture: &Picture) -> Result<Vec<u8>, MediaError> {
        match self {
            Self::Jpeg => encode_jpeg(picture, QUALITY),
            _ => encode_png(picture),
        }
    }

    /// A film's bytes in this form.
    pub(super) fn film(self, film: &dyn Animation, fps: f64) -> Result<Vec<u8>, MediaError> {
        match self {
            Self::Gif => encode_gif(film, fps),
            _ => encode_mp4(film, fps),
        }
    }
}

/// Where a command's files go.
pub(super) struct Target {
    folder: ResultFolder,
    /// One for each picture.
    pub(super) names: Vec<String>,
    pub(super) form: Form,
}

impl Target {
    /// `out` is a file whose ending is known, or a folder in which each of `names` gets a file of the form `usual`; what would
    /// replace somebody else's file is refused.
    pub(super) fn of(out: &Path, names: &[String], usual: Form, force: bool) -> anyhow::Result<Self> {
        let usage = |words: String| UsageError(format!("--out {}: {words}", out.display()));
        let form = Form::of(out).filter(|_| !out.is_dir());
        let (folder, names, form) = match (form, names) {
            (Some(form), [_]) => {
                let name = out.file_name().unwrap_or_default().to_str();
                let name = name.ok_or_else(|| usage("a name that is no UTF-8".to_owned()))?;
                (out.parent().unwrap_or(Path::new("")), vec![name.to_owned()], form)
            }
            (Some(_), many) => {
                return Err(usage(format!("one file cannot hold {} pictures; name a folder", many.len())).into());
            }
            (None, _) if out.extension().is_some() && !out.is_dir() => {
                return Err(usage("pictures are .png or .jpg files, films .gif or .mp4".to_owned()).into());
            }
            (None, names) => {
                let names = names.iter().map(|name| format!("{name}.{}", usual.ending())).collect();
                (out, names, usual)
            }
        };
        let folder = ResultFolder::open(folder, force).map_err(refused)?;
        for name in &names {
            folder.permit(name).map_err(refused)?;
        }
        Ok(Self { folder, names, form })
    }

    /// Writes the file of this index, and gives its path.
    pub(super) fn write(&mut self, index: usize, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        self.folder.write(&self.names[index], bytes).map_err(refused)
    }
}
