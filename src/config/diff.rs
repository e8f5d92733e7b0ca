//! How two configs differ, key by key, in words.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Table, at, shown};

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

/// The keys whose values differ, in the order of the configs' JSON. [`Table::differences`] knows the settings' order.
pub fn differences(left: &impl Serialize, right: &impl Serialize) -> Vec<Difference> {
    let mut found = Vec::new();
    let (left, right) = (json(left), json(right));
    walk("", Some(&left), Some(&right), &mut found);
    found
}

impl Table {
    /// The settings whose values differ, in the table's order. What is no setting is passed over.
    pub fn differences(&self, left: &impl Serialize, right: &impl Serialize) -> Vec<Difference> {
        let (left, right) = (json(left), json(right));
        let differing = self.keys.iter().filter(|key| at(&left, key.path) != at(&right, key.path));
        differing
            .map(|key| Difference {
                key: key.path.to_owned(),
                left: words(at(&left, key.path)),
                right: words(at(&right, key.path)),
            })
            .collect()
    }
}

/// A config always becomes JSON: its keys are strings and its numbers finite or null.
fn json(config: &impl Serialize) -> Value {
    serde_json::to_value(config).unwrap_or(Value::Null)
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        // Every number is written in one way, wherever it is shown.
        Value::Number(_) => shown(value),
        other => other.to_string(),
    }
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
    let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), words);
    found.push(Difference { key: key.to_owned(), left: show(left), right: show(right) });
}

#[cfg(test)]
mod tests {
    use super::super::{Model, Objective, Optim, POINTS, TrainConfig};
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
        let mut lines: Vec<_> = differences(&left, &right).iter().map(Difference::to_string).collect();
        assert!(lines.contains(&"objective.clip: 0.1 there, 0.01 now".to_owned()), "{lines:?}");
        assert!(lines.contains(&"lr: 5e-5 there, 1e-4 now".to_owned()), "{lines:?}");
        assert!(lines.contains(&"optim.alpha: 0.99 there, nothing now".to_owned()), "{lines:?}");
        assert!(lines.contains(&"optim.dampening: nothing there, 0 now".to_owned()), "{lines:?}");
        let ordered = POINTS.differences(&left, &right);
        let keys: Vec<_> = ordered.iter().map(|difference| difference.key.as_str()).collect();
        assert_eq!(&keys[..2], ["optim.name", "optim.alpha"], "not in the table's order");
        assert_eq!(keys.last(), Some(&"objective.clip"));
        let mut ordered: Vec<_> = ordered.iter().map(Difference::to_string).collect();
        lines.sort();
        ordered.sort();
        assert_eq!(lines, ordered, "the table lacks a key that differs");
    }

    #[test]
    fn what_is_no_setting_is_no_difference() {
        let config = |comment: &str| serde_json::json!({ "lr": 1.0, "comment": comment });
        assert!(POINTS.differences(&config("a"), &config("b")).is_empty());
        assert_eq!(differences(&config("a"), &config("b")).len(), 1);
    }
}
