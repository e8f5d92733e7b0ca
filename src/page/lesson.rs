//! The page of a lesson: runs beside a text whose links move them.

use serde::Serialize;

use super::{LESSON, PageError, RunPage};

/// A lesson with its runs.
#[derive(Clone, Debug)]
pub struct LessonPage<'a> {
    /// What it is about.
    pub title: &'a str,
    /// What it shows, in a sentence.
    pub shows: &'a str,
    /// Its text: HTML of this program's own, which is put into the page as it is.
    pub text: &'a str,
    /// For each run, in the page's order, what the text calls it.
    pub ids: Vec<&'a str>,
    /// For each run the one on whose scale its forces are drawn; empty where each has its own.
    pub arrows: &'a [usize],
    /// The runs.
    pub runs: RunPage,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(flatten)]
    runs: &'a RunPage,
    lesson: Head<'a>,
}

#[derive(Serialize)]
struct Head<'a> {
    title: &'a str,
    shows: &'a str,
    ids: &'a [&'a str],
    arrows: &'a [usize],
}

impl LessonPage<'_> {
    /// The page's bytes.
    pub fn bytes(&self) -> Result<Vec<u8>, PageError> {
        let lesson = Head { title: self.title, shows: self.shows, ids: &self.ids, arrows: self.arrows };
        let text = ["<article id=\"lesson\">\n", self.text, "</article>"].concat();
        LESSON.with_text(&Data { runs: &self.runs, lesson }, &text)
    }
}
