//! What settings there are: the text of `docs/CONFIG.md`, and JSON schemas for editors.

use serde_json::{Map, Value, json};

use super::{Key, TABLES, Table, Values, shown};

const HEAD: &str = "\
# Settings

Written by `gan-lab config --reference --markdown` from the table of settings in `src/config/tables.rs`; a test compares
the two.

A setting can be given in four ways; each of the later ones overrides those before it:

1. a preset, which is built in: `--preset paper-wgan`;
2. or a JSON file: `--config my.json`. The key `optim.alpha` is `{\"optim\": {\"alpha\": 0.9}}` in it; keys that it
   leaves out have their defaults. `configs/schema-<kind>.json` are JSON schemas of such files, for editors;
3. an option of the command, where there is one: `--lr 1e-4`;
4. `--set KEY=VALUE` for every setting, by its key or its option's name: `--set optim.eps=1e-6`,
   `--set generator.hidden=64,128,256`. The value is bare text or JSON.

Options and `--set` are taken in their order; choices (the model, the optimiser, the loss) are taken first. A grid of
`gan-lab sweep` takes the same names. `gan-lab config` prints what comes of them.
";

/// All settings of all kinds, as Markdown: `docs/CONFIG.md`.
pub fn markdown() -> String {
    TABLES.iter().fold(HEAD.to_owned(), |text, table| text + "\n" + &section(table))
}

fn section(table: &Table) -> String {
    let mut text = format!("## {}: `{}`\n\n", table.kind, table.command);
    text += "| key | option | value | default | what it is |\n|---|---|---|---|---|\n";
    for key in table.keys {
        let cells = [
            format!("`{}`", key.path),
            key.flag.map(|flag| format!("`--{flag}`")).unwrap_or_default(),
            value(&key.values),
            default(table, key).map(|default| format!("`{default}`")).unwrap_or_default(),
            key.owned_help(),
        ];
        text += &format!("| {} |\n", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
    let names = |keys: Vec<&Key>| keys.iter().map(|key| format!("`{}`", key.path)).collect::<Vec<_>>().join(", ");
    let machine = table.keys.iter().filter(|key| key.is_machine()).collect();
    text += &format!("\nThese say how the work is done, not what it is: {}.\n", names(machine));
    text += "\nPresets:\n\n";
    for preset in table.presets {
        text += &format!("- `{}`: {}\n", preset.name, preset.help);
    }
    text
}

fn value(values: &Values) -> String {
    match values {
        Values::Choice(choices) => {
            choices.iter().map(|choice| format!("`{}`: {}", choice.name, choice.help)).collect::<Vec<_>>().join("; ")
        }
        Values::Device => "`cpu`, `cuda` or `cuda:N`".to_owned(),
        Values::Whole => "a whole number".to_owned(),
        other => other.expected(),
    }
}

/// A setting's default in words, where it has one.
pub fn default(table: &Table, key: &Key) -> Option<String> {
    let default = match table.default_of(key) {
        // The help says what it means that there is nothing.
        Value::Null => return None,
        Value::Array(list) if list.is_empty() => return None,
        default => default,
    };
    let others = table.defaults_of(key).into_iter().filter(|(_, other)| *other != default);
    Some(others.fold(shown(&default), |text, (name, other)| text + &format!(", {} with {name}", shown(&other))))
}

impl Key {
    /// What it is, after the choice that it belongs to.
    pub fn owned_help(&self) -> String {
        match self.only {
            Some(owner) => format!("{}: {}", owner.words(), lower_first(self.help)),
            None => self.help.to_owned(),
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_lowercase().chain(rest).collect()).unwrap_or_default()
}

/// The JSON schema (draft 2020-12) of a kind's configs.
pub fn schema(table: &Table) -> Value {
    let mut properties = Map::new();
    for key in table.keys {
        match key.group() {
            None => drop(properties.insert(key.path.to_owned(), property(table, key))),
            Some(group) if !properties.contains_key(group) => {
                properties.insert(group.to_owned(), level(table, group));
            }
            Some(_) => {}
        }
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("A config of {}", table.command),
    });
    extend(&mut schema, object(&properties, table.required));
    schema
}

fn extend(object: &mut Value, with: Value) {
    if let (Value::Object(map), Value::Object(with)) = (object, with) {
        map.extend(with);
    }
}

fn object(properties: &Map<String, Value>, required: &[&str]) -> Value {
    let mut object = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// The settings of one level; where a choice has settings of its own, one schema for each.
fn level(table: &Table, group: &str) -> Value {
    let keys: Vec<&Key> = table.keys.iter().filter(|key| key.group() == Some(group)).collect();
    let properties = |keys: &[&Key]| -> Map<String, Value> {
        keys.iter().map(|key| (key.last().to_owned(), property(table, key))).collect()
    };
    let selectors = keys.iter().filter(|key| table.selects(key));
    let variants: Vec<Value> = selectors.clone().flat_map(|selector| variants(table, &keys, selector)).collect();
    let Some(first) = selectors.clone().next() else { return object(&properties(&keys), &[]) };
    json!({ "description": first.help, "oneOf": variants })
}

/// A schema for each of a setting's choices, with what belongs to it.
fn variants(table: &Table, keys: &[&Key], selector: &Key) -> Vec<Value> {
    let Values::Choice(choices) = selector.values else { return Vec::new() };
    let variant = |choice: &super::Choice| {
        let belongs = |key: &&&Key| match key.only {
            Some(owner) => owner.selector == selector.path && owner.names.contains(&choice.name),
            None => !table.selects(key),
        };
        let with_default = |key: &Key| {
            let of_choice = table.defaults_of(key).into_iter().find(|(name, _)| *name == choice.name);
            let mut property = property(table, key);
            if let Some((_, default)) = of_choice.filter(|(_, default)| !default.is_null()) {
                property["default"] = default;
            }
            property
        };
        let own = keys.iter().filter(belongs).map(|key| (key.last().to_owned(), with_default(key)));
        let name = json!({ "const": choice.name, "description": choice.help });
        let properties = [(selector.last().to_owned(), name)].into_iter().chain(own).collect();
        object(&properties, &[selector.last()])
    };
    choices.iter().map(variant).collect()
}

fn property(table: &Table, key: &Key) -> Value {
    let default = table.default_of(key);
    let list = |items: &str| json!({ "type": "array", "items": { "type": items } });
    let mut property = match key.values {
        Values::Whole => json!({ "type": "integer", "minimum": 0 }),
        Values::Number => json!({ "type": "number" }),
        Values::Switch => json!({ "type": "boolean" }),
        Values::Text | Values::Path => json!({ "type": "string" }),
        Values::Device => json!({ "type": "string", "pattern": "^(cpu|cuda(:[0-9]+)?)$" }),
        Values::Choice(choices) => json!({ "enum": choices.iter().map(|choice| choice.name).collect::<Vec<_>>() }),
        Values::Wholes => json!({ "type": "array", "items": { "type": "integer", "minimum": 0 } }),
        Values::Numbers => list("number"),
        Values::Switches => list("boolean"),
        Values::Texts => list("string"),
    };
    if default.is_null()
        && let Some(Value::Array(words)) = property.get_mut("enum")
    {
        words.push(Value::Null);
    } else if default.is_null() {
        property["type"] = json!([property["type"], "null"]);
    } else {
        property["default"] = default;
    }
    property["description"] = key.help.into();
    property
}
