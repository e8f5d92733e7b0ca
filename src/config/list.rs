//! Lists as people write them.

/// The two names of `x,y` or `1,2`, without the space around them; a name with a comma in it stands in double quotes.
/// None for anything but two different names.
pub fn name_pair(text: &str) -> Option<[String; 2]> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.trim().as_bytes());
    let mut records = reader.records();
    let names: Vec<String> = records.next()?.ok()?.iter().map(str::to_owned).collect();
    let pair: [String; 2] = names.try_into().ok()?;
    let sound = pair[0] != pair[1] && pair.iter().all(|name| !name.is_empty()) && records.next().is_none();
    sound.then_some(pair)
}

/// The numbers of `0-4` or `0,3,7-9`, at most `most` of them in all; None for anything else.
pub fn number_list(text: &str, most: u64) -> Option<Vec<u64>> {
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (first, last) = (number(first)?, number(last)?);
        let left = most - numbers.len() as u64;
        if first > last || last - first >= left {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_two_different_names() {
        let pair = |text: &str| name_pair(text).map(|pair| pair.join("|"));
        assert_eq!(pair(" x , y "), Some("x|y".into()));
        assert_eq!(pair("\"a,b\",2"), Some("a,b|2".into()));
        for wrong in ["", "x", "x,", ",y", "x,x", "x,y,z", "x\ny", "x,y\nz,w"] {
            assert_eq!(pair(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn numbers_and_ranges_are_read_in_their_order() {
        assert_eq!(number_list("4-6, 1,5", 100), Some(vec![4, 5, 6, 1, 5]));
        for wrong in ["", "a", "3-1", "-1", "1-2-3", "0-100", "0-49,0-49,7"] {
            assert_eq!(number_list(wrong, 100), None, "{wrong}");
        }
        assert_eq!(number_list("0-9,0-9", 20).unwrap().len(), 20);
    }

    #[test]
    fn a_list_is_never_longer_than_its_limit() {
        for long in ["0-99,0", "0-9,".repeat(11).trim_end_matches(','), "1,".repeat(101).trim_end_matches(',')] {
            let counted = allocation_counter::measure(|| assert_eq!(number_list(long, 100), None, "{long}"));
            assert!(counted.bytes_max < 4096, "{long}: {counted:?}");
        }
        assert_eq!(number_list("0-18446744073709551615", 100), None);
        assert_eq!(number_list("0-18446744073709551615", u64::MAX), None);
    }
}
