//! Reader of TOML that somebody else wrote.

use toml::Spanned;
use toml::de::{DeTable, Error};

/// Maximum number of bytes of a text of which all syntax errors are looked for.
const SHORT: usize = 64 << 10;

/// Parses a text. All syntax errors of a short text are returned, and the first of a longer one:
/// there may be one for each byte.
pub(crate) fn parse_toml(text: &str) -> (Spanned<DeTable<'_>>, Vec<Error>) {
    if text.len() <= SHORT {
        return DeTable::parse_recoverable(text);
    }
    match DeTable::parse(text) {
        Ok(root) => (root, Vec::new()),
        Err(error) => (Spanned::new(0..0, DeTable::new()), vec![error]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_the_first_fault_is_enough() {
        assert!(parse_toml("=\n=\n").1.len() > 1);
        assert_eq!(parse_toml(&"=".repeat(SHORT + 1)).1.len(), 1);
        let valid = format!("a = 1\n#{}", "-".repeat(SHORT));
        let (root, errors) = parse_toml(&valid);
        assert!(errors.is_empty() && root.get_ref().contains_key("a"));
    }
}
