//! Options that say how a file of points is read, for commands that take no config.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;

use super::options::help_of;
use crate::config::{Choice, DataConfig, DecimalMark, Heading, POINTS, Separator, name_pair};
use crate::data::Reading;

/// How the file is to be read.
#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    #[arg(long, default_value = DataConfig::KEY, hide_default_value = true, help = help_of(&POINTS, "key"))]
    key: String,
    #[arg(long, value_name = "X,Y", value_parser = columns, help = help_of(&POINTS, "columns"))]
    columns: Option<Columns>,
    #[arg(long, value_name = "NAME", value_parser = choice::<Separator>(&Separator::CHOICES), help = help_of(&POINTS, "separator"))]
    separator: Option<Separator>,
    #[arg(long, value_name = "MARK", value_parser = choice::<DecimalMark>(&DecimalMark::CHOICES), help = help_of(&POINTS, "decimal"))]
    decimal: Option<DecimalMark>,
    #[arg(long, value_name = "YES/NO", value_parser = choice::<Heading>(&Heading::CHOICES), help = help_of(&POINTS, "heading"))]
    heading: Option<Heading>,
}

/// The names of two columns.
type Columns = [String; 2];

impl ReadingArgs {
    /// What they say.
    pub(super) fn reading(&self) -> Reading {
        Reading {
            key: self.key.clone(),
            columns: self.columns.clone(),
            separator: self.separator,
            decimal: self.decimal,
            heading: self.heading,
        }
    }
}

fn columns(text: &str) -> Result<Columns, String> {
    name_pair(text).ok_or_else(|| "it must be two different columns, such as x,y or 1,2".to_owned())
}

/// One of a setting's words.
fn choice<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    choices: &'static [Choice],
) -> impl TypedValueParser<Value = T> {
    let words = choices.iter().map(|choice| PossibleValue::new(choice.name).help(choice.help));
    // The table's tests see that every word of it is one of the setting's.
    PossibleValuesParser::new(words).try_map(|word| serde_json::from_value::<T>(word.into()))
}
