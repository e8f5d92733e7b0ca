//! Pages: one HTML file each, which holds its data, styles and scripts and fetches nothing.
//!
//! `base.html` has what all pages share: colours for light and dark, buttons, ranges, keys, the place in the address, print.
//! Each page has its HTML and scripts in files of its own, which stand behind the base, and a line in [`PAGES`]. Data come as JSON, large arrays as
//! packed numbers ([`packed`]). Scripts put text from data into the page as text only.

mod explore;
mod layers;
mod lesson;
mod live;
pub mod packed;
mod repeat;
mod run;
mod sefa;
mod tables;

pub use explore::ExplorePage;
pub use lesson::LessonPage;
pub use live::LivePage;
pub use repeat::{Repeat, Setting, quoted};
pub use run::{MOST_RUNS, MOST_SIDE_BY_SIDE, RunPage, Shown};
pub use sefa::{PageDirection, SefaPage};
pub use tables::{Table, TableCell, folder_name, is_short, tables};

use serde::Serialize;

const BASE: &str = include_str!("base.html");
/// Where in the base a page's own parts stand.
const OWN: &str = "<!--PAGE-->";
/// Where in the base the data stand.
const DATA: &str = "/*DATA*/ null";
/// Where in the base stands what a page may do besides nothing.
const ALSO: &str = "/*ALSO*/";
/// Where in the page of runs a lesson's text stands.
const TEXT: &str = "<!--TEXT-->";

/// A page without its data.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub shows: &'static str,
    /// Its styles and elements.
    html: &'static str,
    /// What it may ask of a server, as a Content-Security-Policy says it; a page in a file asks nothing.
    also: &'static str,
    /// Its scripts, in their order.
    scripts: &'static [&'static str],
}

/// Every page.
pub static PAGES: [&Template; 5] = [&SEFA, &EXPLORE, &RUN, &LESSON, &LIVE];

/// What `gan-lab sefa` writes as index.html.
pub static SEFA: Template = Template {
    name: "sefa",
    shows: "samples along semantic directions",
    html: include_str!("sefa.html"),
    also: "",
    scripts: &[include_str!("sefa.js")],
};

/// What `gan-lab sefa explore` serves.
pub static EXPLORE: Template = Template {
    name: "explore",
    shows: "a code's picture while sliders move it along directions",
    html: include_str!("explore.html"),
    also: "; connect-src 'self'",
    scripts: &[include_str!("explore/state.js"), include_str!("explore/draw.js"), include_str!("explore/page.js")],
};

/// What `gan-lab report` writes.
pub static RUN: Template = Template {
    name: "run",
    shows: "what runs of points recorded",
    html: include_str!("run.html"),
    also: "",
    scripts: &[
        include_str!("run/data.js"),
        include_str!("run/plot.js"),
        include_str!("run/layers.js"),
        include_str!("run/charts.js"),
        include_str!("run/page.js"),
    ],
};

/// What `gan-lab lesson` writes: the page of runs with a text that moves it.
pub static LESSON: Template = Template {
    name: "lesson",
    shows: "a lesson beside the runs that it speaks of",
    html: concat!(include_str!("lesson.html"), include_str!("run.html")),
    also: "",
    scripts: &[
        include_str!("run/data.js"),
        include_str!("run/plot.js"),
        include_str!("run/layers.js"),
        include_str!("run/charts.js"),
        include_str!("run/page.js"),
        include_str!("lesson.js"),
    ],
};

/// What stands around the page of runs while they go on.
pub static LIVE: Template = Template {
    name: "live",
    shows: "a page that grows, and what can be asked of the run",
    html: include_str!("live.html"),
    also: "; connect-src 'self'; frame-src 'self'",
    scripts: &[include_str!("live.js")],
};

/// Why a page cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Its data are no JSON.
    #[error("cannot make the page")]
    Json(#[from] serde_json::Error),
    /// A picture cannot be encoded.
    #[error(transparent)]
    Media(#[from] crate::media::MediaError),
}

impl Template {
    /// The page with its data.
    pub fn with(&self, data: &impl Serialize) -> Result<Vec<u8>, PageError> {
        self.with_text(data, "")
    }

    /// The page with its data and a text, which is HTML of this program's own.
    fn with_text(&self, data: &impl Serialize, text: &str) -> Result<Vec<u8>, PageError> {
        // In a script no text may end it, nor begin what swallows its end: `<!--` with `<script`.
        let data = serde_json::to_string(data)?.replace('<', "\\u003c");
        let (before, after) = BASE.split_once(DATA).unwrap_or((BASE, ""));
        let (between, behind) = after.split_once(OWN).unwrap_or((after, ""));
        let html = self.html.replacen(TEXT, text, 1);
        let mut page = [&before.replacen(ALSO, self.also, 1), data.as_str(), between, &html].concat();
        for script in self.scripts {
            page.extend(["<script>\n", script, "</script>\n"]);
        }
        page.extend([behind, "</html>\n"]);
        Ok(page.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "</script><b><!--<script>/*DATA*/ null<!--PAGE--><!--TEXT-->\u{2028}\"";

    fn made(template: &Template, data: &impl Serialize) -> String {
        String::from_utf8(template.with(data).unwrap()).unwrap()
    }

    /// The JSON in a page.
    fn data_of(page: &str) -> serde_json::Value {
        let line = page.lines().find_map(|line| line.strip_prefix("const DATA = ")).unwrap();
        serde_json::from_str(line.trim_end_matches(';')).unwrap()
    }

    #[test]
    fn no_text_in_the_data_ends_a_script_or_takes_the_place_of_a_part() {
        for template in PAGES {
            let (plain, hostile) = (made(template, &["a"]), made(template, &[HOSTILE]));
            for mark in ["<script", "</script>", "<!--", "<style", "</html>"] {
                let count = |page: &str| page.matches(mark).count();
                assert_eq!(count(&plain), count(&hostile), "{}: {mark}", template.name);
            }
            assert_eq!(data_of(&hostile)[0], HOSTILE);
            assert!(!plain.contains(OWN) && !plain.contains(DATA), "{}", template.name);
        }
    }

    /// Scripts that make HTML of text, or take something from elsewhere, are wrong in every page.
    #[test]
    fn every_page_is_one_file_that_fetches_nothing_and_makes_no_html_of_text() {
        for template in PAGES {
            // A name of elements, which nothing is fetched from.
            let page = made(template, &()).replace("http://www.w3.org/2000/svg", "");
            // What a live page asks of its own server its policy says.
            let of_server = ["fetch("].into_iter().filter(|_| template.also.is_empty());
            let wrong = [
                "http:",
                "https:",
                "//cdn",
                "@import",
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "XMLHttpRequest",
                "WebSocket",
                "sendBeacon",
                "import(",
                "src=\"",
            ];
            for words in wrong.into_iter().chain(of_server) {
                assert!(!page.contains(words), "{} has {words}", template.name);
            }
            // What stands around a page leaves these to it.
            let own = ["<h1", "<main"].into_iter().filter(|_| template.also.is_empty());
            let needed = ["<html lang=\"en\">", "name=\"viewport\"", "default-src 'none'", "@media print"];
            for words in needed.into_iter().chain(own) {
                assert!(page.contains(words), "{} lacks {words}", template.name);
            }
            assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"), "{}", template.name);
            assert!(!template.shows.is_empty());
        }
    }

    /// What a script asks for by its id is in the page's HTML, or is made by a script.
    #[test]
    fn every_id_that_a_script_asks_for_is_there() {
        for template in PAGES {
            // A lesson's text comes with its element.
            let page = template.with_text(&(), "<article id=\"lesson\"></article>").unwrap();
            let page = String::from_utf8(page).unwrap();
            let asked: Vec<&str> =
                page.split("byId(\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0)).collect();
            assert!(!asked.is_empty(), "{}", template.name);
            for id in asked {
                let is_there =
                    [format!("id=\"{id}\""), format!("id: \"{id}\"")].iter().any(|words| page.contains(words));
                assert!(is_there, "{}: nothing has the id {id}", template.name);
            }
        }
    }
}
