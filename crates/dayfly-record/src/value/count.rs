//! Counts in words.

/// Returns a count and its noun in words: `1 step`, `2 steps`.
pub fn many(count: impl TryInto<u64>, what: &str) -> String {
    let count = wide(count);
    format!("{count} {}", plural(count, what))
}

/// Returns the noun for a count that stands elsewhere or is written otherwise: `step`, `steps`.
pub fn plural(count: impl TryInto<u64>, what: &str) -> String {
    if wide(count) == 1 { what.to_owned() } else { format!("{what}s") }
}

/// Reads a whole number such as `1000000`, `1_000_000` or `1e6`. Returns `None` if the text is not one, or needs more
/// than 64 bits.
pub fn whole(text: &str) -> Option<u64> {
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, after) = digits.split_once('.').unwrap_or((digits, ""));
    let is_grouped = |digits: &str| {
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|digit| digit.is_ascii_digit()))
    };
    // A point needs an exponent: `1.5e3`.
    let has_point = digits.contains('.');
    if !is_grouped(before) || (has_point && (!is_grouped(after) || !text.contains(['e', 'E']))) {
        return None;
    }
    let mut number = format!("{before}{after}").replace('_', "").parse::<u64>().ok()?;
    let mut left = exponent.parse::<u32>().ok()?.checked_sub(u32::try_from(after.replace('_', "").len()).ok()?)?;
    while left > 0 && number > 0 {
        number = number.checked_mul(10)?;
        left -= 1;
    }
    Some(number)
}

/// Converts a count to 64 bits, or to the maximum if it does not fit.
pub fn wide(count: impl TryInto<u64>) -> u64 {
    count.try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_written_in_three_ways() {
        for (text, number) in [
            ("0", 0),
            ("1000000", 1_000_000),
            ("1_000_000", 1_000_000),
            ("1e6", 1_000_000),
            ("1E6", 1_000_000),
            ("2.5e3", 2_500),
            ("0e99", 0),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(whole(text), Some(number), "{text}");
        }
        for text in
            ["", "_1", "1_", "1__0", "1e", "e6", "1e-3", "1.5", "1.55e1", "-1", "+1", "1 0", "1e20", "0x10", "2e19"]
        {
            assert_eq!(whole(text), None, "{text}");
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|count: usize| many(count, "step")), ["0 steps", "1 step", "2 steps"]);
        assert_eq!([0, 1, 2].map(|count: u32| plural(count, "step")), ["steps", "step", "steps"]);
    }
}
