//! Arguments that several commands share.

use std::any::TypeId;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use clap::builder::PossibleValue;
use clap::{Command, ValueEnum};

use super::exit::hinted;
use crate::data::synthetic::Law;
use crate::kinds::points::{View, Which};
use crate::metric::Metric;

/// Larger sets of samples than this cannot be asked for.
pub(super) const MOST_SAMPLES: u64 = 100_000_000;

/// Sets what an option gave.
pub(super) fn set<T: Clone>(to: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        to.clone_from(value);
    }
}

/// Reads a whole number in a range.
pub(super) fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.trim().parse().ok().filter(|n| range.contains(n)).and_then(|n| T::try_from(n).ok());
        number.ok_or_else(|| match *range.end() {
            u64::MAX => format!("it must be a whole number, {} or more", range.start()),
            end => format!("it must be a whole number, {} to {end}", range.start()),
        })
    }
}

/// The command in which whatever follows an option for a number is that option's value: `--jobs -1` gets to the range, and
/// not to an option `-1` that there is not.
pub(super) fn numbers_are_values(command: Command) -> Command {
    let numbers = [
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<usize>(),
        TypeId::of::<f64>(),
        TypeId::of::<Seeds>(),
    ];
    command
        .mut_args(move |arg| {
            let is_number = numbers.iter().any(|number| arg.get_value_parser().type_id() == *number);
            // What may stand without a number does not take the option after it for one.
            let must_have = arg.get_num_args().is_none_or(|range| range.min_values() > 0);
            // Not clap's negative numbers, to which -1e-3 is none.
            if is_number && must_have { arg.allow_hyphen_values(true) } else { arg }
        })
        .mut_subcommands(numbers_are_values)
}

/// An error where nothing is at `path`: what was looked for there, and what to do.
pub(super) fn must_be_there(path: &Path, what: &str, hint: &str) -> anyhow::Result<()> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(hinted(format!("there is no {what} {}", path.display()), hint))
        }
        _ => Ok(()),
    }
}

/// Seeds, such as `0-4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seeds(pub(super) Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        crate::sweep::seed_list(text).map(Self)
    }
}

impl ValueEnum for Law {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.description()))
    }
}

impl ValueEnum for View {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.help()))
    }
}

impl ValueEnum for Which {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.help()))
    }
}

/// The names of these metrics, in the order of [`Metric::ALL`].
pub(super) fn metric_names(is_one: impl Fn(Metric) -> bool, between: &str) -> String {
    let names: Vec<&str> = Metric::ALL.into_iter().filter(|&metric| is_one(metric)).map(Metric::name).collect();
    names.join(between)
}

/// A metric by its name.
pub(super) fn metric(text: &str) -> Result<Metric, String> {
    let known = || metric_names(|_| true, ", ");
    let found = Metric::ALL.into_iter().find(|metric| metric.name() == text.trim());
    found.ok_or_else(|| format!("'{text}' is not a metric; there are {}", known()))
}
