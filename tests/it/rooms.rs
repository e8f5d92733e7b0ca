//! The rooms' map in docs/architecture/rooms.md against what the code imports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::documents;

/// The Rust files under a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The room that a file is in: the first name under `src`, two for the kinds of run.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(documents::path("src")).unwrap();
    let names: Vec<String> =
        inside.iter().map(|name| name.to_str().unwrap().trim_end_matches(".rs").to_owned()).collect();
    if names[0] == "kinds" && names.len() > 2 { format!("kinds/{}", names[1]) } else { names[0].clone() }
}

/// A file's text without its tests and comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names after `crate::`, in paths and in grouped imports.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 && (c.is_alphanumeric() || c == '_' || c == ':') {
                    name.push(c);
                } else if !name.is_empty() && depth == 0 {
                    found.insert(std::mem::take(&mut name));
                }
            }
            found.insert(name);
        } else {
            let path: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':').collect();
            found.insert(path);
        }
    }
    let of = |path: &String| {
        let mut names = path.split("::").filter(|name| !name.is_empty());
        match (names.next()?, names.next()) {
            ("kinds", Some(kind)) if ["points", "progan", "sefa"].contains(&kind) => Some(format!("kinds/{kind}")),
            (room, _) => Some(room.to_owned()),
        }
    };
    found.iter().filter_map(of).collect()
}

/// Which rooms each room imports.
fn map() -> BTreeMap<String, BTreeSet<String>> {
    let src = documents::path("src");
    let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&src) {
        let here = room(&path);
        if ["main", "lib", "torch_functions"].contains(&here.as_str()) {
            continue;
        }
        let used = imports(&code(&path)).into_iter().filter(|other| *other != here);
        let used: Vec<String> = used.collect();
        map.entry(here).or_default().extend(used);
    }
    map
}

/// What the map in the documents says that each room uses.
#[test]
fn the_documents_have_the_map_of_imports() {
    let mut table = "| room | uses |\n|---|---|\n".to_owned();
    for (room, uses) in map() {
        let uses = uses.iter().map(|other| format!("`{other}`")).collect::<Vec<_>>().join(", ");
        table += &format!("| `{room}` | {uses} |\n");
    }
    documents::hold("docs/architecture/rooms.md", "imports", &table);
}

/// No two rooms import each other, directly or by way of others.
#[test]
fn data_go_forward_through_the_rooms_and_never_back() {
    let map = map();
    let mut order: Vec<&String> = Vec::new();
    while order.len() < map.len() {
        let free = map.iter().find(|(room, uses)| {
            !order.contains(room) && uses.iter().all(|other| order.contains(&other) || !map.contains_key(other))
        });
        let Some((room, _)) = free else {
            let left: Vec<_> = map.iter().filter(|(room, _)| !order.contains(room)).collect();
            panic!("these rooms import each other in a circle: {left:#?}");
        };
        order.push(room);
    }
}

/// The commands of the command line, which are those that `main` calls.
fn commands() -> BTreeSet<String> {
    let text = std::fs::read_to_string(documents::path("src/cli/mod.rs")).unwrap();
    let arms = text.lines().filter_map(|line| line.trim().strip_prefix("Command::")?.split_once("=> "));
    arms.map(|(_, call)| call.split("::").next().unwrap().to_owned()).collect()
}

/// What two commands share lies beside them.
#[test]
fn no_command_calls_another() {
    let commands = commands();
    assert!(commands.len() > 10, "{commands:?}");
    let cli = documents::path("src/cli");
    for path in sources(&cli) {
        let inside = path.strip_prefix(&cli).unwrap();
        let name = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if ["mod", "absent"].contains(&name) {
            continue;
        }
        let code = code(&path);
        for other in commands.iter().filter(|other| *other != name) {
            let calls = [format!("super::{other}::"), format!("crate::cli::{other}::"), format!("super::{{{other}")];
            let calls = calls.iter().any(|call| {
                // `crate::x` ends in what `super::x` begins with for rooms of the same name.
                code.match_indices(call.as_str()).any(|(at, _)| !code[..at].ends_with("options::"))
            });
            assert!(!calls, "{} calls the command {other}", path.display());
        }
    }
}
