//! Arguments that several commands share.

use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::data::synthetic::Law;
use crate::metric::Metric;

/// Sets what an option gave.
pub(super) fn set<T: Clone>(to: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        to.clone_from(value);
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

/// A metric by its name.
pub(super) fn metric(text: &str) -> Result<Metric, String> {
    let known = || Metric::ALL.map(Metric::name).join(", ");
    let found = Metric::ALL.into_iter().find(|metric| metric.name() == text.trim());
    found.ok_or_else(|| format!("'{text}' is not a metric; there are {}", known()))
}
