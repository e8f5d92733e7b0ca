//! Lists of numbers as people write them.

/// The numbers of `0-4` or `0,3,7-9`, at most `most` of them; None for anything else.
pub fn number_list(text: &str, most: u64) -> Option<Vec<u64>> {
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let (first, last) = (number(first)?, number(last)?);
        if first > last || last - first >= most.saturating_sub(numbers.len() as u64) {
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
    fn numbers_and_ranges_are_read_in_their_order() {
        assert_eq!(number_list("4-6, 1,5", 100), Some(vec![4, 5, 6, 1, 5]));
        for wrong in ["", "a", "3-1", "-1", "1-2-3", "0-100", "0-49,0-49,7"] {
            assert_eq!(number_list(wrong, 100), None, "{wrong}");
        }
    }
}
