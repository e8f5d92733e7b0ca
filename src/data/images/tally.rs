//! Things counted, with the names of the first: what is said of a thousand files is a line.

/// So many names are said.
const NAMED: usize = 3;

/// How many there are, and the first names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) count: usize,
    first: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(name());
        }
    }

    /// `a.png, b.png, c.png and 7 more`
    pub(super) fn names(&self) -> String {
        let more = self.count - self.first.len();
        let names = self.first.join(", ");
        if more == 0 { names } else { format!("{names} and {more} more") }
    }

    /// `3 links lead`, or `1 link leads`: the words for one or for more of them.
    pub(super) fn words(&self, one: &str, more: &str) -> String {
        counted(self.count, one, more)
    }

    /// The number, words for one or for more of them, and the names; None where there are none.
    pub(super) fn said(&self, one: &str, more: &str) -> Option<String> {
        (self.count > 0).then(|| format!("{}: {}", self.words(one, more), self.names()))
    }
}

/// The number before words for one or for more.
pub(super) fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_named_and_all_are_counted() {
        let mut tally = Tally::default();
        assert_eq!(tally.said("link", "links"), None);
        tally.add(|| "a".into());
        assert_eq!(tally.said("link", "links").unwrap(), "1 link: a");
        for name in ["b", "c", "d", "e"] {
            tally.add(|| name.into());
        }
        assert_eq!(tally.said("link", "links").unwrap(), "5 links: a, b, c and 2 more");
    }
}
