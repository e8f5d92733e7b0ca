//! Which two columns of a table are x and y, and which one holds the points' classes.

use std::collections::HashSet;

/// Columns beyond this many are not looked into one by one.
pub(super) const MOST_COLUMNS: usize = 256;
/// A column of more different values than this does not hold classes.
const MOST_CLASSES: usize = 100;
/// Names of columns that hold classes, in small letters.
const CLASS_NAMES: [&str; 14] = [
    "class", "classes", "label", "labels", "target", "targets", "cluster", "clusters", "group", "groups", "category",
    "species", "kind", "type",
];
/// Names of columns that count the rows, in small letters.
const INDEX_NAMES: [&str; 12] =
    ["", "index", "idx", "id", "no", "no.", "nr", "#", "row", "rownames", "row.names", "rownum"];

/// Names of columns that go across a picture, and of those that go up, in small letters: in pairs.
const ACROSS: [&str; 9] = ["x", "lon", "lng", "long", "longitude", "easting", "east", "x_coord", "x coordinate"];
const UP: [&str; 9] = ["y", "lat", "lat", "lat", "latitude", "northing", "north", "y_coord", "y coordinate"];

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Numbers only.
    Numbers,
    /// Numbers, and something else in places.
    Flawed,
    /// Words.
    Text,
    /// Nothing.
    Empty,
}

/// What is known of a column after a look at all of it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Its name; None in tables that name no columns.
    pub(super) name: Option<String>,
    numbers: usize,
    texts: usize,
    missing: usize,
    whole: bool,
    /// Different values, up to one more than can be classes.
    values: HashSet<u64>,
    words: HashSet<String>,
    /// The first value, while the values count on from it by ones.
    counts_from: Option<usize>,
    /// The smallest and the largest number.
    range: Option<(f64, f64)>,
}

/// A field of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Number(f64),
    Missing,
    Text(&'a str),
}

/// The columns that were chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    /// Which are x and y, from 0.
    pub(super) points: [usize; 2],
    /// Which holds classes.
    pub(super) labels: Option<usize>,
    /// What was decided that was not said.
    pub(super) notes: Vec<String>,
}

impl Column {
    pub(super) fn new(name: Option<String>) -> Self {
        Self {
            name,
            numbers: 0,
            texts: 0,
            missing: 0,
            whole: true,
            values: HashSet::new(),
            words: HashSet::new(),
            counts_from: None,
            range: None,
        }
    }

    /// Takes the next row's cell into account.
    pub(super) fn add(&mut self, cell: Cell<'_>) {
        let row = self.numbers + self.texts + self.missing;
        match cell {
            Cell::Number(x) => {
                let count =
                    if x.fract() == 0.0 && (0.0..=row as f64 + 1.0).contains(&x) { Some(x as usize) } else { None };
                if row == 0 {
                    self.counts_from = count;
                }
                self.counts_from = self.counts_from.filter(|first| count == Some(first + row));
                self.numbers += 1;
                self.whole &= x.fract() == 0.0;
                if self.values.len() <= MOST_CLASSES {
                    // Adding 0 makes -0 and 0 the same value.
                    self.values.insert((x + 0.0).to_bits());
                }
                let (low, high) = self.range.unwrap_or((x, x));
                self.range = Some((low.min(x), high.max(x)));
            }
            Cell::Missing => {
                self.missing += 1;
                self.counts_from = None;
            }
            Cell::Text(text) => {
                self.texts += 1;
                self.counts_from = None;
                if self.words.len() <= MOST_CLASSES && !self.words.contains(text) {
                    self.words.insert(text.to_owned());
                }
            }
        }
    }

    pub(super) fn kind(&self) -> Kind {
        match (self.numbers, self.texts) {
            (0, 0) => Kind::Empty,
            (_, 0) => Kind::Numbers,
            (numbers, texts) if numbers >= texts => Kind::Flawed,
            _ => Kind::Text,
        }
    }

    /// Its type for people.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.kind() {
            Kind::Numbers if self.whole => "whole numbers",
            Kind::Numbers => "numbers",
            Kind::Flawed => "numbers and text",
            Kind::Text => "text",
            Kind::Empty => "empty",
        }
    }

    /// The smallest and the largest number, where it holds nothing else.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        self.range.filter(|(low, high)| self.kind() == Kind::Numbers && !low.is_nan() && !high.is_nan())
    }

    fn rows(&self) -> usize {
        self.numbers + self.texts + self.missing
    }

    fn distinct(&self) -> usize {
        self.values.len() + self.words.len()
    }

    fn is_called(&self, names: &[&str]) -> bool {
        self.name.as_ref().is_some_and(|name| names.contains(&name.trim().to_lowercase().as_str()))
    }

    /// Whether it can hold classes: a few values, each several times.
    fn holds_few(&self) -> bool {
        let few = (2..=MOST_CLASSES).contains(&self.distinct()) && 2 * self.distinct() <= self.rows();
        few && match self.kind() {
            Kind::Numbers => self.whole,
            Kind::Text | Kind::Flawed => true,
            Kind::Empty => false,
        }
    }

    /// Whether no two rows have the same in it, as names do.
    pub(super) fn names_rows(&self) -> bool {
        self.distinct() > MOST_CLASSES || self.distinct() == self.rows()
    }

    fn is_index(&self, unnamed: bool) -> bool {
        let called = self.is_called(&INDEX_NAMES)
            || self.name.as_ref().is_some_and(|name| name.to_lowercase().starts_with("unnamed"));
        self.counts_from.is_some() && self.rows() > 2 && (called || unnamed)
    }
}

/// Which axis a column is by its name: 0 for x and what goes across a map, 1 for y and what goes up.
pub(super) fn axis_of(column: &Column) -> Option<usize> {
    if column.is_called(&ACROSS) {
        return Some(0);
    }
    column.is_called(&UP).then_some(1)
}

/// The two columns whose names are a pair of axes', the one that goes across first; None where several are.
fn by_names(columns: &[Column], of: &[usize]) -> Option<[usize; 2]> {
    let called = |name: &str| of.iter().copied().filter(|&at| columns[at].is_called(&[name])).collect::<Vec<_>>();
    let mut found =
        ACROSS.into_iter().zip(UP).filter_map(|(across, up)| match (&called(across)[..], &called(up)[..]) {
            (&[x], &[y]) => Some([x, y]),
            _ => None,
        });
    found.next().filter(|_| found.next().is_none())
}

/// A word about two columns that were taken in their order, though by their names they go the other way.
fn turned(columns: &[Column], [x, y]: [usize; 2]) -> Option<String> {
    let names = [x, y].map(|at| columns[at].name.as_deref().unwrap_or_default().trim());
    let turned = axis_of(&columns[x]) == Some(1) && axis_of(&columns[y]) == Some(0);
    let quote = if names.iter().any(|name| name.contains(' ')) { "'" } else { "" };
    turned.then(|| {
        format!(
            "x is '{}' and y is '{}', in the file's order; --columns {quote}{},{}{quote} swaps them, as on a map",
            names[0], names[1], names[1], names[0]
        )
    })
}

/// A column for people: its name in quotes, or its place.
pub(super) fn shown(columns: &[Column], at: usize) -> String {
    match columns.get(at).and_then(|column| column.name.as_deref()).map(str::trim) {
        Some(name) if !name.is_empty() => format!("'{name}'"),
        _ => format!("column {}", at + 1),
    }
}

/// The columns of numbers, for a refusal.
fn listed(columns: &[Column]) -> String {
    let of_numbers = |&at: &usize| matches!(columns[at].kind(), Kind::Numbers | Kind::Flawed);
    let names: Vec<String> = (0..columns.len()).filter(of_numbers).map(|at| shown(columns, at)).collect();
    if names.len() <= 12 {
        names.join(", ")
    } else {
        format!("{}, … and {} more", names[..10].join(", "), names.len() - 10)
    }
}

/// The columns that were asked for, out of `width`.
pub(super) fn asked(said: &[String; 2], columns: &[Column], width: usize) -> Result<Pick, String> {
    let named = columns.iter().any(|column| column.name.is_some());
    let exactly = |name: &String| columns.iter().position(|column| column.name.as_deref().map(str::trim) == Some(name));
    let roughly = |name: &String| {
        let same = |column: &Column| column.name.as_ref().is_some_and(|own| own.trim().eq_ignore_ascii_case(name));
        columns.iter().position(same)
    };
    let counted = |name: &String| name.parse::<usize>().ok().filter(|n| (1..=width).contains(n)).map(|n| n - 1);
    // Both are names or both are counted: a table may have columns that are called 0 and 1.
    let both = |find: &dyn Fn(&String) -> Option<usize>| Some([find(&said[0])?, find(&said[1])?]);
    let found = both(&exactly)
        .or_else(|| both(&roughly))
        .or_else(|| both(&counted))
        .or_else(|| both(&|name| roughly(name).or_else(|| counted(name))));
    let Some(points) = found else {
        let unknown = said.iter().find(|name| roughly(name).is_none() && counted(name).is_none());
        let unknown = unknown.unwrap_or(&said[0]);
        return Err(if named {
            format!("it has no column {unknown}; its columns are {}", all(columns, width))
        } else {
            format!("it has no column {unknown}: its {width} columns have no names and are counted from 1")
        });
    };
    if points[0] == points[1] {
        return Err(format!("{} and {} are the same column", said[0], said[1]));
    }
    if let Some(&at) =
        points.iter().find(|&&at| matches!(columns.get(at).map(Column::kind), Some(Kind::Text | Kind::Empty)))
    {
        return Err(format!("{} holds {}, not numbers", shown(columns, at), columns[at].kind_name()));
    }
    Ok(Pick { points, labels: labels(columns, points), notes: Vec::new() })
}

fn all(columns: &[Column], width: usize) -> String {
    let names: Vec<String> = (0..columns.len().min(20)).map(|at| shown(columns, at)).collect();
    let more = if width > names.len() { format!(", … {width} in all") } else { String::new() };
    names.join(", ") + &more
}

/// The obvious two; the error says why there are none and what to do.
pub(super) fn obvious(columns: &[Column]) -> Result<Pick, String> {
    let is = |at: usize, kind: Kind| columns[at].kind() == kind;
    let live: Vec<usize> = (0..columns.len()).filter(|&at| !is(at, Kind::Empty)).collect();
    let maybe: Vec<usize> = live.iter().copied().filter(|&at| !is(at, Kind::Text)).collect();
    let named = |name: &str| maybe.iter().copied().find(|&at| columns[at].is_called(&[name]));
    let by_name = named("x").zip(named("y")).map(|(x, y)| [x, y]);
    if let &[first, second] = &maybe[..]
        && live.len() == 2
    {
        let points = by_name.unwrap_or([first, second]);
        let note = if points == [second, first] {
            Some("x and y are taken by their names; the file has y first".to_owned())
        } else {
            turned(columns, points)
        };
        return Ok(Pick { points, labels: None, notes: note.into_iter().collect() });
    }
    let unnamed = columns.iter().all(|column| column.name.is_none());
    let index = live.first().copied().filter(|&at| live.len() > 2 && columns[at].is_index(unnamed));
    let sound: Vec<usize> = maybe.iter().copied().filter(|&at| is(at, Kind::Numbers) && Some(at) != index).collect();
    let varied: Vec<usize> = sound.iter().copied().filter(|&at| columns[at].distinct() > 1).collect();
    let without = |from: &[usize], not: &dyn Fn(usize) -> bool| -> Vec<usize> {
        from.iter().copied().filter(|&at| !not(at)).collect()
    };
    let no_classes = without(&varied, &|at| columns[at].is_called(&CLASS_NAMES));
    let chosen = by_name
        .or_else(|| pair(&sound))
        .or_else(|| pair(&varied))
        .or_else(|| pair(&no_classes))
        .or_else(|| by_values(columns, &no_classes))
        .or_else(|| by_names(columns, &sound))
        // What is wrong in one of them is said when it is read, with its line.
        .or_else(|| pair(&without(&maybe, &|at| Some(at) == index)));
    let Some(points) = chosen else {
        return Err(match maybe.len() {
            0 => "it has no column of numbers; points are two columns of numbers".to_owned(),
            1 => format!("it has one column of numbers, {}; points are two", listed(columns)),
            n => {
                let word = |at: usize| match columns[at].name.as_deref().map(str::trim) {
                    Some(name) if !name.is_empty() && !name.contains([',', '"', '\'']) => name.to_owned(),
                    _ => (at + 1).to_string(),
                };
                let first = if sound.len() > 1 { &sound } else { &maybe };
                let pair = first.iter().take(2).map(|&at| word(at)).collect::<Vec<_>>().join(",");
                let pair = if pair.contains(' ') { format!("'{pair}'") } else { pair };
                format!(
                    "it has {n} columns of numbers: {}; choose two with --columns, such as --columns {pair}",
                    listed(columns),
                )
            }
        });
    };
    let labels = labels(columns, points);
    let mut left = Vec::new();
    for &at in live.iter().filter(|at| !points.contains(at)) {
        let name = shown(columns, at);
        left.push(if Some(at) == labels {
            format!("{name} is kept as classes ({} of them)", columns[at].distinct())
        } else if Some(at) == index {
            format!("{name} counts the rows and is left out")
        } else {
            format!("{name} is left out")
        });
    }
    let [x, y] = points.map(|at| shown(columns, at));
    let the = if x.starts_with('\'') && y.starts_with('\'') { "the columns " } else { "" };
    let mut notes = vec![format!("x and y are {the}{x} and {y}; {} (--columns chooses others)", left.join(", "))];
    notes.extend(turned(columns, points));
    Ok(Pick { points, labels, notes })
}

fn pair(of: &[usize]) -> Option<[usize; 2]> {
    <[usize; 2]>::try_from(of).ok()
}

/// Two of three columns, the last or the first of which holds classes to go by its values.
fn by_values(columns: &[Column], three: &[usize]) -> Option<[usize; 2]> {
    let &[first, middle, last] = three else { return None };
    let classes = |at: usize, others: [usize; 2]| {
        columns[at].holds_few()
            && others.iter().all(|&other| {
                columns[other].distinct() > columns[at].distinct()
                    && !(columns[other].holds_few() && columns[other].distinct() <= 20)
            })
    };
    if classes(last, [first, middle]) {
        return Some([first, middle]);
    }
    classes(first, [middle, last]).then_some([middle, last])
}

/// The column with the classes of points from the other two.
fn labels(columns: &[Column], points: [usize; 2]) -> Option<usize> {
    let others: Vec<usize> = (0..columns.len()).filter(|at| !points.contains(at) && columns[*at].holds_few()).collect();
    let called = others.iter().copied().find(|&at| columns[at].is_called(&CLASS_NAMES));
    called.or_else(|| others.iter().copied().rfind(|&at| columns[at].kind() != Kind::Numbers)).or_else(|| {
        // Of numbers, only one that stands at the end or the beginning.
        others.last().copied().filter(|&at| others.len() == 1 && (at + 1 == columns.len() || at == 0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of 12 rows: `w` and `z` are words, `i` counts, `c` has three whole values, `0` is constant, `f` has a
    /// word among its numbers, anything else is a coordinate.
    fn table(names: &str, kinds: &str) -> Vec<Column> {
        let mut names = names.split(',').filter(|_| !names.is_empty()).map(str::to_owned);
        kinds
            .chars()
            .map(|kind| {
                let mut column = Column::new(names.next());
                for row in 0..12 {
                    let x = f64::from(row);
                    column.add(match kind {
                        'w' => Cell::Text(["red", "green"][row as usize % 2]),
                        'i' => Cell::Number(x),
                        'c' => Cell::Number(f64::from(row % 3 + 1)),
                        '0' => Cell::Number(0.0),
                        'f' if row == 5 => Cell::Text("four"),
                        'e' => Cell::Missing,
                        kind => Cell::Number(x * 0.37 + f64::from(kind as u32)),
                    });
                }
                column
            })
            .collect()
    }

    #[test]
    fn the_obvious_two_are_found() {
        for (names, kinds, points, classes) in [
            ("", "xy", [0, 1], None),
            ("", "xye", [0, 1], None),
            ("", "xyc", [0, 1], Some(2)),
            ("", "cxy", [1, 2], Some(0)),
            ("", "xyw", [0, 1], Some(2)),
            ("", "wxy", [1, 2], Some(0)),
            ("", "ixy", [1, 2], None),
            ("", "xy0", [0, 1], None),
            (",x,y", "iab", [1, 2], None),
            ("Unnamed: 0,u,v,label", "iabc", [1, 2], Some(3)),
            ("y,x,t", "abd", [1, 0], None),
            ("y,x", "ab", [1, 0], None),
            ("duration,waiting,kind", "abw", [0, 1], Some(2)),
            ("id,lat,lon,height", "iabd", [2, 1], None),
            ("Easting,Northing,Height", "abd", [0, 1], None),
            ("u,v,target", "iac", [0, 1], Some(2)),
            ("x,y,remark", "abf", [0, 1], None),
            // Two columns are taken whatever they hold.
            (",y", "ia", [0, 1], None),
            ("lat,lon", "ab", [0, 1], None),
            ("", "cc", [0, 1], None),
            ("", "fx", [0, 1], None),
        ] {
            let pick = obvious(&table(names, kinds)).unwrap_or_else(|reason| panic!("{names} {kinds}: {reason}"));
            assert_eq!((pick.points, pick.labels), (points, classes), "{names} {kinds}");
            let plain = kinds.trim_end_matches('e').len() == 2 && names != "y,x" && names != "lat,lon";
            assert_eq!(pick.notes.is_empty(), plain, "{names} {kinds}: {:?}", pick.notes);
        }
    }

    #[test]
    fn where_nothing_is_obvious_the_columns_are_listed() {
        for (names, kinds, words) in [
            ("", "abd", "--columns 1,2"),
            ("", "ccc", "3 columns of numbers"),
            (
                "sepal,petal,size",
                "abd",
                "'sepal', 'petal', 'size'; choose two with --columns, such as --columns sepal,petal",
            ),
            ("", "xw", "one column of numbers, column 1"),
            ("", "ww", "no column of numbers"),
            ("", "ee", "no column of numbers"),
        ] {
            let reason = obvious(&table(names, kinds)).unwrap_err();
            assert!(reason.contains(words), "{names} {kinds}: {reason}");
        }
    }

    #[test]
    fn columns_are_asked_for_by_name_or_place() {
        let ask = |names: &str, kinds: &str, x: &str, y: &str| {
            asked(&[x.to_owned(), y.to_owned()], &table(names, kinds), kinds.len())
                .map(|pick| (pick.points, pick.labels))
        };
        assert_eq!(ask("", "abd", "3", "1"), Ok(([2, 0], None)));
        assert_eq!(ask("a,b,label", "abc", "B", "a"), Ok(([1, 0], Some(2))));
        // Names before places, and both in one way.
        assert_eq!(ask("0,1,2", "abd", "0", "1"), Ok(([0, 1], None)));
        assert_eq!(ask("0,1,2", "abd", "1", "3"), Ok(([0, 2], None)));
        for (names, x, y, words) in [
            ("", "1", "4", "no column 4"),
            ("", "0", "1", "counted from 1"),
            ("", "x", "y", "have no names"),
            ("a,b,w", "a", "z", "no column z; its columns are 'a', 'b', 'w'"),
            ("a,b,w", "a", "w", "'w' holds text"),
            ("a,b,w", "a", "1", "same column"),
        ] {
            let reason = ask(names, "abw", x, y).unwrap_err();
            assert!(reason.contains(words), "{x},{y}: {reason}");
        }
    }
}
