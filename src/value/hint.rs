//! Hints at names that a user may have meant.

use std::cmp::Reverse;

/// Maximum number of names that are listed.
const LISTED: usize = 13;

/// Maximum number of names that a wrong one is compared with. A comparison takes time in proportion to the product of
/// the lengths.
const COMPARED: usize = 1_000;

/// Returns `true` if a user who wrote `wrong` may have meant `name`.
pub fn is_near(wrong: &str, name: &str) -> bool {
    strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase()) <= name.len() / 3
}

/// Returns help for a name that does not exist: the nearest of the `names`, if one is near, and the list of names.
///
/// `hint("levle", "its parameters are", ..)` is "did you mean `level`? its parameters are `level`, `interruption`".
pub fn hint<'n>(wrong: &str, introduction: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    let wrong = wrong.to_lowercase();
    let letters = wrong.chars().count();
    let distance = |name: &&str| strsim::damerau_levenshtein(&wrong, &name.to_lowercase());
    // The distance of two names is at least the difference of their lengths.
    let may_be_near = |name: &&str| name.to_lowercase().chars().count().abs_diff(letters) <= name.len() / 3;
    let compared = names.clone().filter(may_be_near).take(COMPARED);
    // Of two that are as near, who types goes wrong at the end.
    let begins =
        |name: &str| name.to_lowercase().chars().zip(wrong.chars()).take_while(|(one, other)| one == other).count();
    let meant = compared
        .min_by_key(|name| (distance(name), Reverse(begins(name))))
        .filter(|name| distance(name) <= name.len() / 3);
    let question = meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
    let list = names.clone().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let rest = if names.count() > LISTED { ", ..." } else { "" };
    format!("{question}{introduction} {list}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let names = ["level", "interruption"];
        let help = |wrong| hint(wrong, "its parameters are", names.into_iter());
        assert_eq!(help("levle"), "did you mean `level`? its parameters are `level`, `interruption`");
        assert_eq!(help("LEVLE"), help("levle"));
        let codes = |wrong| hint(wrong, "there are", ["P01", "P11", "P21"].into_iter());
        assert!(codes("P211").starts_with("did you mean `P21`?"), "{}", codes("P211"));
        assert_eq!(help("lover"), "its parameters are `level`, `interruption`");
    }

    #[test]
    fn a_long_list_is_cut() {
        assert!(hint("z", "they are", ["aaaa"; 14].into_iter()).ends_with("`aaaa`, ..."));
    }
}
