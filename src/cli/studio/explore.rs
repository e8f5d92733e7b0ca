//! `gan-lab sefa explore`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;

use super::repeat::{Origin, command};
use super::{CodeArgs, Moves, Opened, Printer, StudioSettings, open, whole};
use crate::cli::exit::Exit;
use crate::cli::jobs::read_labels;
use crate::cli::signals::Signals;
use crate::config::{Config as _, SEFA, SefaConfig, SefaNoise, at};
use crate::kinds::sefa::{Drawn, Easel, Order, Wanted};
use crate::live::{Answer, Counter, Question};
use crate::page::ExplorePage;

/// How long it takes until a signal is seen.
const LOOK: Duration = Duration::from_millis(200);
/// The largest whole number that a script of a page holds exactly.
const LARGEST: u64 = (1 << 53) - 1;
/// Settings that the page changes.
const SETTINGS: [&str; 5] = ["layers", "truncation", "truncation_layers", "noise", "class"];
/// A page's own word is as long at most, and so is a file's name.
const MOST_LETTERS: usize = 64;
const MOST_NAME: usize = 200;

/// Move sliders along directions in a browser, and see the pictures at once
#[derive(Debug, Args)]
#[command(
    after_help = "Serves a page at the printed address, which only this machine can open (127.0.0.1); to open it on \
                  another machine, forward the port with `ssh -L`. The edits of all sliders add up; layers, truncation, \
                  seeds and labels can be changed. The page saves pictures and labels, and shows the gan-lab sefa edit \
                  command that draws the same picture. It needs no GPU. Ctrl-C ends it."
)]
pub(in crate::cli) struct ExploreArgs {
    #[command(flatten)]
    settings: StudioSettings,
    /// The seed that is shown first [default: 0]
    #[arg(long = "seed", value_name = "SEED", value_parser = whole::<u64>(0..=LARGEST), conflicts_with = "file of codes", help_heading = "Codes")]
    first_seed: Option<u64>,
    #[command(flatten)]
    codes: CodeArgs,
    /// Names of directions: a JSON file as the pages save it
    #[arg(long, value_name = "FILE", help_heading = "Page")]
    labels: Option<PathBuf>,
    /// Serve the page at this port [default: the first free one from 8641 on]
    #[arg(long, value_name = "PORT", value_parser = whole::<u16>(1..=65535), help_heading = "Page")]
    port: Option<u16>,
}

pub(super) fn run(args: &ExploreArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let labels = args.labels.as_deref().map(read_labels).transpose()?.unwrap_or_default();
    let signals = Signals::listen()?;
    let mut opened = open(&args.settings, &args.codes, printer)?;
    let first = if opened.studio.rows().is_some() { 0 } else { args.first_seed.unwrap_or(opened.seed.min(LARGEST)) };
    // What does not fit the model is said before there is a page.
    let wanted = opened.wanted(first, &Moves::default(), &args.settings)?;
    opened.studio.picture(&wanted)?;
    let begun = Instant::now();
    let other = Wanted { number: first, moves: "0=0.5".parse().unwrap_or_default(), ..wanted };
    opened.studio.picture(&other)?;
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    printer.note(&format!("a picture takes {} ms here", took.round().max(1.0)));
    let coarse = opened.studio.coarse(&other)?.is_some();
    let desk = Desk::new(opened, args, labels, first, (took, coarse))?;
    let counter = Counter::start(args.port, move |question| desk.answer(question))?;
    let (url, port) = (counter.url(), counter.address().port());
    let words = format!(
        "live: {url}\nfrom another machine: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE, and the same address there"
    );
    printer.result(&words, &url, || serde_json::json!({ "url": url, "port": port }))?;
    while signals.received().is_none() {
        std::thread::sleep(LOOK);
    }
    Ok(Exit::Done)
}

/// What requests are answered from.
struct Desk {
    page: ExplorePage,
    easel: Easel,
    config: SefaConfig,
    labels: BTreeMap<usize, String>,
    origin: Origin,
}

impl Desk {
    fn new(
        opened: Opened,
        args: &ExploreArgs,
        labels: BTreeMap<usize, String>,
        number: u64,
        (took, coarse): (f64, bool),
    ) -> anyhow::Result<Self> {
        let Opened { model, config, studio, .. } = opened;
        let settings = config.to_json();
        let text = |key: &'static str| (key, said(key, at(&settings, key), &config));
        let classes = studio.classes();
        let page = ExplorePage {
            token: String::new(),
            model,
            network: studio.network().to_owned(),
            side: studio.side(),
            layers: studio.layers(),
            classes,
            rows: studio.rows(),
            number,
            settings: SETTINGS.into_iter().filter(|&key| studio.layers() > 1 || key == "class").map(text).collect(),
            noises: SefaNoise::CHOICES.iter().map(|choice| choice.name).collect(),
            // As in the interface of SeFa's authors.
            range: match studio.network() {
                "StyleGAN" => 2.0,
                "StyleGAN2" => 15.0,
                _ => 5.0,
            },
            took,
            coarse,
        };
        Ok(Self { page, easel: Easel::new(studio)?, config, labels, origin: Origin::of(&args.codes) })
    }

    fn answer(&self, question: &Question<'_>) -> Answer {
        let page = || {
            let page = ExplorePage { token: question.token.to_owned(), ..self.page.clone() };
            page.bytes().map(Answer::html).map_err(|error| (500, error.to_string()))
        };
        let answer = match question.path {
            "/" => page(),
            "/picture" => self.asked(question).and_then(|asked| self.picture(asked)),
            "/directions" => self.asked(question).and_then(|asked| self.directions(asked)),
            "/command" => self.asked(question).map(|asked| self.command(&asked)),
            _ => Err((404, "there is nothing here".to_owned())),
        };
        answer.unwrap_or_else(|(code, words)| Answer::words(code, &words))
    }

    /// What a question asks for, checked.
    fn asked(&self, question: &Question<'_>) -> Result<Asked, Wrong> {
        Asked::read(question.query, &self.config).map_err(|words| (400, words))
    }

    fn picture(&self, asked: Asked) -> Result<Answer, Wrong> {
        let Asked { wanted, reader, turn, place, coarse, .. } = asked;
        match self.easel.draw(Order { reader, turn, place, coarse, wanted }) {
            Ok(Drawn::Picture(bytes)) => Ok(Answer::png(bytes.to_vec())),
            // No content: the page asks for another one by now, or takes the whole one.
            Ok(Drawn::Outdated | Drawn::NoneCoarse) => Ok(Answer { code: 204, kind: "image/png", bytes: Vec::new() }),
            Err(words) => Err((400, words)),
        }
    }

    fn directions(&self, asked: Asked) -> Result<Answer, Wrong> {
        let is_first = asked.wanted.config.layers == self.config.layers;
        let directions = self.easel.directions(asked.wanted.config).map_err(|words| (400, words))?;
        // Names that the program was given are of the layers that it was given.
        let given = if is_first { self.labels.clone() } else { BTreeMap::new() };
        Ok(Answer::json(&serde_json::json!({
            "key": directions.key(), "count": directions.len(), "shares": directions.shares(), "given": given,
        })))
    }

    fn command(&self, asked: &Asked) -> Answer {
        let name = asked.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("picture");
        Answer::words(200, &command(&asked.wanted, &self.origin, &format!("{name}.png")))
    }
}

/// Why there is no answer: HTTP's code, and words.
type Wrong = (u16, String);

/// A setting as an option takes it.
fn said(key: &str, value: &Value, config: &SefaConfig) -> String {
    match (key, value) {
        ("layers", Value::Array(list)) if list.is_empty() => "all".to_owned(),
        (_, Value::Array(list)) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        (_, Value::String(text)) => text.clone(),
        // What is left out is as it usually is.
        ("truncation", _) => config.truncation.to_string(),
        ("truncation_layers", _) => config.truncation_layers.to_string(),
        ("noise", Value::Null) => "const".to_owned(),
        (_, Value::Null) => String::new(),
        (_, value) => value.to_string(),
    }
}

/// What a page asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    wanted: Wanted,
    reader: String,
    turn: u64,
    place: usize,
    coarse: bool,
    name: Option<String>,
}

impl Asked {
    /// Reads `name=value&…`; every value is checked as an option's is.
    fn read(query: &str, base: &SefaConfig) -> Result<Self, String> {
        let mut config = base.to_json();
        let mut asked = Self {
            wanted: Wanted { config: base.clone(), number: 0, moves: Moves::default() },
            reader: String::new(),
            turn: 0,
            place: 0,
            coarse: false,
            name: None,
        };
        let mut known: Vec<String> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("'{pair}' is not NAME=VALUE"))?;
            let value = decoded(value).ok_or_else(|| format!("{name} is no text"))?;
            if known.iter().any(|known| known == name) {
                return Err(format!("{name} is said twice"));
            }
            known.push(name.to_owned());
            let whole = || value.parse::<u64>().map_err(|_| format!("{name} is '{value}'; it must be a whole number"));
            match name {
                "number" => asked.wanted.number = whole()?,
                "move" => asked.wanted.moves = value.parse::<Moves>()?.without_zeros(),
                "turn" => asked.turn = whole()?,
                "place" => asked.place = whole()?.min(1 << 16) as usize,
                "coarse" => asked.coarse = true,
                "reader" if value.len() <= MOST_LETTERS => asked.reader = value,
                "name" if is_name(&value) => asked.name = Some(value),
                "class" if value.is_empty() => {}
                setting if SETTINGS.contains(&setting) => {
                    let key = SEFA.find(setting).map_err(|error| error.to_string())?;
                    config[setting] = key.read(&value).map_err(|error| error.to_string())?;
                }
                _ => return Err(format!("'{name}' is nothing that this page asks for")),
            }
        }
        let config = SefaConfig::from_value(config).and_then(SefaConfig::check).map_err(|error| error.to_string())?;
        asked.wanted.config = config;
        Ok(asked)
    }
}

/// Whether a file may be called so.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.=+".contains(c);
    text.len() <= MOST_NAME && text.chars().all(is_plain) && !text.starts_with(['.', '-'])
}

/// Text out of an address; None where it is none.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked, String> {
        Asked::read(query, &SefaConfig::default())
    }

    #[test]
    fn a_query_is_a_picture() {
        let asked = read(
            "number=12&move=0%3D1.4%2C3%3D-1%2C5%3D0&layers=0-1%2C4&truncation=0.5&truncation_layers=18&noise=none&class=&\
             reader=ab&turn=7&place=2&coarse=1&name=seed0012_0=1.4",
        )
        .unwrap();
        assert_eq!((asked.wanted.number, asked.wanted.moves.to_string()), (12, "0=1.4,3=-1".to_owned()));
        let config = &asked.wanted.config;
        assert_eq!(
            (&config.layers[..], config.truncation_layers, config.noise),
            (&[0, 1, 4][..], 18, Some(SefaNoise::None))
        );
        assert!((config.truncation - 0.5).abs() < 1e-12 && config.class.is_none());
        assert_eq!((asked.reader.as_str(), asked.turn, asked.place, asked.coarse), ("ab", 7, 2, true));
        assert_eq!(asked.name.as_deref(), Some("seed0012_0=1.4"));
        assert_eq!(read("layers=all&noise=const").unwrap().wanted.config, SefaConfig::default());
    }

    #[test]
    fn what_is_wrong_in_a_query_is_said_and_nothing_panics() {
        for (query, words) in [
            ("number", "'number' is not NAME=VALUE"),
            ("number=-1", "it must be a whole number"),
            ("number=1&number=2", "number is said twice"),
            ("number=99999999999999999999", "it must be a whole number"),
            ("move=0", "'0' is no move"),
            ("move=0=NaN", "the distance along 0 is NaN"),
            ("move=0=1,0=2", "moved twice"),
            ("layers=x", "layers"),
            ("layers=99999999", "layers"),
            ("truncation=inf", "truncation"),
            ("truncation=1e9", "-10 to 10"),
            ("noise=loud", "noise"),
            ("class=-1", "class"),
            ("turn=%31%", "turn is no text"),
            ("turn=%zz", "turn is no text"),
            ("reader=%ff", "reader is no text"),
            ("name=../x", "'name' is nothing"),
            ("name=-rf", "'name' is nothing"),
            ("checkpoint=/etc/passwd", "'checkpoint' is nothing"),
            ("samples=3", "'samples' is nothing"),
            ("=", "'' is nothing"),
            ("&&==&", "'' is nothing"),
        ] {
            let message = read(query).unwrap_err();
            assert!(message.contains(words), "{query}: {message}");
        }
    }
}
