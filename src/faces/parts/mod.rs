//! The parts of a portrait, one file each, and the list of them.

mod beard;
mod body;
mod brows;
mod ears;
mod eyes;
mod glasses;
mod ground;
mod hair;
mod head;
mod lines;
mod mouth;
mod nose;

use super::scene::Scene;

/// Something that is drawn.
pub(super) struct Part {
    /// What it is.
    #[cfg_attr(not(test), expect(dead_code, reason = "for people and tests"))]
    pub(super) name: &'static str,
    /// Draws it.
    pub(super) draw: fn(&mut Scene),
}

/// All parts, from the back to the front.
pub(super) const ALL: [Part; 15] = [
    Part { name: "ground", draw: ground::draw },
    Part { name: "hair behind", draw: hair::behind },
    Part { name: "body", draw: body::draw },
    Part { name: "ears", draw: ears::draw },
    Part { name: "head", draw: head::draw },
    Part { name: "near ear", draw: ears::near },
    Part { name: "lines", draw: lines::draw },
    Part { name: "nose", draw: nose::draw },
    Part { name: "beard", draw: beard::draw },
    Part { name: "mouth", draw: mouth::draw },
    Part { name: "eyes", draw: eyes::draw },
    Part { name: "brows", draw: brows::draw },
    Part { name: "glasses' arms", draw: glasses::arms },
    Part { name: "hair", draw: hair::draw },
    Part { name: "glasses", draw: glasses::draw },
];
