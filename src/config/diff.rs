//! How two configs differ, key by key, in words.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// One key that two configs give different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key, with dots between levels: `optim.alpha`.
    pub key: String,
    /// The first config's value as JSON, or `nothing`.
    pub left: String,
    /// The second config's value as JSON, or `nothing`.
    pub right: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} there, {} now", self.key, self.left, self.right)
    }
}

/// The keys whose values differ, in the order of the configs' JSON.
pub fn differences(left: &impl Serialize, right: &impl Serialize) -> Vec<Difference> {
    let mut found = Vec::new();
    // A config always becomes JSON: its keys are strings and its numbers finite or null.
    let json = |config: Result<Value, _>| config.unwrap_or(Value::Null);
    let (left, right) = (json(serde_json::to_value(left)), json(serde_json::to_value(right)));
    walk("", Some(&left), Some(&right), &mut found);
    found
}

fn walk(key: &str, left: Option<&Value>, right: Option<&Value>, found: &mut Vec<Difference>) {
    if left == right {
        return;
    }
    if let (Some(Value::Object(a)), Some(Value::Object(b))) = (left, right) {
        let only_right = b.keys().filter(|name| !a.contains_key(*name));
        for name in a.keys().chain(only_right) {
            let inner = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            walk(&inner, a.get(name), b.get(name), found);
        }
        return;
    }
    let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
    found.push(Difference { key: key.to_owned(), left: show(left), right: show(right) });
}

#[cfg(test)]
mod tests {
    use super::super::{Model, Objective, Optim, TrainConfig};
    use super::*;

    #[test]
    fn every_differing_key_is_named_with_both_values() {
        let left = TrainConfig::lab(Model::Wgan);
        assert!(differences(&left, &left).is_empty());
        let right = TrainConfig {
            objective: Objective::Wgan { clip: 0.01 },
            optim: Optim::ALL_DEFAULTS[0],
            lr: 1e-4,
            ..left.clone()
        };
        let lines: Vec<_> = differences(&left, &right).iter().map(Difference::to_string).collect();
        assert!(lines.contains(&"objective.clip: 0.1 there, 0.01 now".to_owned()), "{lines:?}");
        assert!(lines.contains(&"lr: 0.00005 there, 0.0001 now".to_owned()), "{lines:?}");
        assert!(lines.contains(&"optim.alpha: 0.99 there, nothing now".to_owned()), "{lines:?}");
        assert!(lines.contains(&"optim.dampening: nothing there, 0.0 now".to_owned()), "{lines:?}");
    }
}
