//! What a person says of how a file is to be read, and how it was read.

use crate::config::{DataConfig, DecimalMark, Heading, Separator, name_pair};

/// How a file is to be read; what is not said follows from the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The variable, in files that name their variables: a name, a path into a struct, or the names of two vectors. With
    /// [`DataConfig::KEY`] a file that has none of that name gives the obvious one.
    pub key: String,
    /// The two columns that are x and y, by name or counted from 1.
    pub columns: Option<[String; 2]>,
    /// What stands between the columns of a text file.
    pub separator: Option<Separator>,
    /// The decimal mark of a text file.
    pub decimal: Option<DecimalMark>,
    /// Whether a text file's first line names the columns.
    pub heading: Option<Heading>,
}

impl Default for Reading {
    fn default() -> Self {
        Self::of(DataConfig::KEY)
    }
}

impl From<&DataConfig> for Reading {
    fn from(config: &DataConfig) -> Self {
        Self {
            key: config.key.clone(),
            // A checked config has two names here or none.
            columns: config.columns.as_deref().and_then(name_pair),
            separator: config.separator,
            decimal: config.decimal,
            heading: config.heading,
        }
    }
}

impl Reading {
    /// The variable `key`, and all else as the file shows it.
    pub fn of(key: &str) -> Self {
        Self { key: key.to_owned(), columns: None, separator: None, decimal: None, heading: None }
    }

    /// Whether the variable is the one that is read unless told otherwise.
    pub(super) fn is_default_key(&self) -> bool {
        self.key == DataConfig::KEY
    }

    /// The first option that says something of text files, if one was given.
    pub(super) fn text_option(&self) -> Option<&'static str> {
        let given = [
            ("--separator", self.separator.is_some()),
            ("--decimal", self.decimal.is_some()),
            ("--heading", self.heading.is_some()),
        ];
        given.into_iter().find_map(|(option, given)| given.then_some(option))
    }
}

/// How a file was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Taken {
    /// The file's format, for people.
    pub format: String,
    /// The variable or the two vectors, in files that name their variables.
    pub variable: Option<String>,
    /// The columns that are x and y, where there were more than two or they have names.
    pub columns: Option<[String; 2]>,
    /// How a text file is written.
    pub text: Option<TextForm>,
    /// What was guessed and may be wrong, a clause each: worth saying once.
    pub notes: Vec<String>,
}

impl Taken {
    /// What x and y are called, where the file says more than that they are x and y.
    pub fn axis_names(&self) -> Option<[String; 2]> {
        let names = self.columns.clone()?;
        // What has no name is called by its place.
        let says_nothing = |name: &String, letter: &str| {
            let place = name.strip_prefix("column ").is_some_and(|place| place.bytes().all(|b| b.is_ascii_digit()));
            name.is_empty() || place || name.eq_ignore_ascii_case(letter)
        };
        let silent = says_nothing(&names[0], "x") && says_nothing(&names[1], "y");
        (!silent).then_some(names)
    }
}

/// How a text file is written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TextForm {
    /// Its encoding.
    pub encoding: String,
    /// What stands between its columns.
    pub separator: Separator,
    /// Its decimal mark.
    pub decimal: DecimalMark,
    /// Whether a line names the columns.
    pub heading: bool,
}

/// The class of each point, as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// The column's name, where it has one.
    pub name: Option<String>,
    /// The classes, in the order in which they come.
    pub classes: Vec<String>,
    /// For each point, its class's place in `classes`.
    pub of: Vec<u32>,
}
