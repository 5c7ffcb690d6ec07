//! Counts in words.

/// So many of something: `1 step`, `2 steps`.
pub fn many(count: impl TryInto<u64>, what: &str) -> String {
    let count = number(count);
    format!("{count} {}", plural(count, what))
}

/// The word for so many of something, where their number stands elsewhere or is written otherwise: `step`, `steps`.
pub fn plural(count: impl TryInto<u64>, what: &str) -> String {
    if number(count) == 1 { what.to_owned() } else { format!("{what}s") }
}

fn number(count: impl TryInto<u64>) -> u64 {
    count.try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|count: usize| many(count, "step")), ["0 steps", "1 step", "2 steps"]);
        assert_eq!([0, 1, 2].map(|count: u32| plural(count, "step")), ["steps", "step", "steps"]);
    }
}
