//! What a SeFa job measured, for people.

use std::path::Path;

use crate::kinds::sefa::{Found, Measuring};
use crate::run::RunDir;
use crate::traits::{Effect, READABLE, Row, Scored};

/// Scores that a line has at most.
const SHOWN: usize = 4;

/// The label that a direction gets by what it does, where it has none.
pub(super) fn proposed(measuring: Option<&Measuring>, direction: usize) -> String {
    let found = measuring.and_then(Measuring::found);
    let row = found.and_then(|found| found.effects.directions.iter().find(|row| row.direction == direction));
    match row {
        Some(row) if !row.proposed.is_empty() => format!("{} (proposed)", row.proposed),
        _ => String::new(),
    }
}

/// Lines for each direction, and what there is to know of them; or what is still to be done.
pub(super) fn words(measuring: Option<&Measuring>, job: &Path) -> String {
    let Some(measuring) = measuring else { return String::new() };
    let Some(found) = measuring.found() else {
        return format!(
            "\n\nscore the pictures that {} lists, in a CSV file with the column image and a column of numbers \
             for each score; then repeat the command with --scores FILE",
            job.join("traits/images.csv").display()
        );
    };
    let mut text = format!(
        "\n\nwhat a step of {} does, in standard deviations (floor: what random directions do, in the mean):",
        measuring.distance()
    );
    for row in &found.effects.directions {
        text += &format!("\n  direction {}: {}", row.direction, moved(found, row));
    }
    text += &cautions(found);
    text
}

/// What a direction moves: what is beyond its line, else the largest alone.
fn moved(found: &Found, row: &Row) -> String {
    let order = found.effects.ordered(row);
    let is_beyond = |&&i: &&usize| found.effects.scores[i].counts && row.effects[i].beyond;
    let beyond: Vec<usize> = order.iter().filter(is_beyond).copied().collect();
    let word = |i: usize| effect_words(&found.effects.scores[i], &row.effects[i]);
    match (beyond.as_slice(), order.first()) {
        ([], Some(&largest)) => format!("nothing beyond chance; the most is {}", word(largest)),
        ([], None) => "nothing".to_owned(),
        (some, _) => {
            let mut words: Vec<String> = some.iter().take(SHOWN).map(|&i| word(i)).collect();
            if some.len() > SHOWN {
                words.push(format!("{} more", some.len() - SHOWN));
            }
            words.join(", ")
        }
    }
}

fn effect_words(score: &Scored, effect: &Effect) -> String {
    format!(
        "{} {:+.2} \u{b1} {:.2} (floor {:.2})",
        score.name.replace('_', " "),
        effect.effect,
        effect.error,
        score.floor.mean
    )
}

/// What keeps these numbers from being the truth.
fn cautions(found: &Found) -> String {
    let mut text = String::new();
    let unread: Vec<String> =
        found.effects.scores.iter().filter(|score| !score.counts).map(|score| score.name.replace('_', " ")).collect();
    if !unread.is_empty() {
        text += &format!(
            "\nnot told: {}, of which less than {:.0} % is read at this side, even in drawings",
            unread.join(", "),
            100.0 * READABLE
        );
    }
    if let Some(far) = found.far.filter(|&far| far > 0.05) {
        text += &format!(
            "\n{:.0} % of the samples are farther from the law's drawings than 99 % of drawings are: the reader may be wrong there",
            100.0 * far
        );
    }
    text
}

/// The same for programs: where it is, and what each direction does beyond chance.
pub(super) fn json(measuring: Option<&Measuring>, dir: &RunDir) -> serde_json::Value {
    let Some(found) = measuring.and_then(Measuring::found) else { return serde_json::Value::Null };
    let row =
        |row: &Row| serde_json::json!({ "direction": row.direction, "proposed": row.proposed, "purity": row.purity });
    let rows: Vec<_> = found.effects.directions.iter().map(row).collect();
    serde_json::json!({ "file": crate::json::path(&dir.file("traits.json")), "directions": rows, "far": found.far })
}
