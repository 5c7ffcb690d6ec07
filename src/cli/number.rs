//! Numbers on the command line: `1000000`, `1_000_000` and `1e6` are the same.

use std::ops::RangeInclusive;

use crate::value;

/// Returns a parser of whole numbers in a range.
pub(super) fn whole<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = value::whole(text).ok_or("write a whole number, such as `1000`, `1_000` or `1e3`")?;
        let within = Some(number).filter(|number| range.contains(number)).and_then(|number| T::try_from(number).ok());
        within.ok_or_else(|| match range.end() {
            &u64::MAX => format!("{number} is not in {}..", range.start()),
            end => format!("{number} is not in {}..={end}", range.start()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::whole;

    #[test]
    fn a_number_is_held_to_its_range_however_it_is_written() {
        let read = whole::<u16>(1..=1000);
        assert_eq!([read("1_000"), read("1e3"), read("1000")], [Ok(1000), Ok(1000), Ok(1000)]);
        assert_eq!(read("1e4").unwrap_err(), "10000 is not in 1..=1000");
        assert_eq!(read("0").unwrap_err(), "0 is not in 1..=1000");
        assert_eq!(whole::<u64>(1..=u64::MAX)("0").unwrap_err(), "0 is not in 1..");
        assert!(read("many").unwrap_err().starts_with("write a whole number"));
    }
}
