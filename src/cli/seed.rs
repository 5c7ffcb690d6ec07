//! Seed of a claim, given or fresh, and the command line that repeats it.

use super::failure::Failure;
use crate::suite::{SeedOrigin, quoted};
use crate::value::Seed;

/// Returns the given seed, or one from the system's randomness, for which nobody can have built an
/// agent.
pub(super) fn drawn(given: Option<Seed>) -> Result<(Seed, SeedOrigin), Failure> {
    match given {
        Some(seed) => Ok((seed, SeedOrigin::Fixed)),
        // At most the largest integer of TOML, so that a suite can hold it.
        None => Ok((Seed(getrandom::u64().map_err(|error| Failure::host(&error))? >> 1), SeedOrigin::Fresh)),
    }
}

/// Returns this command with `seed`, which repeats the same trials.
pub(super) fn again(seed: Seed) -> String {
    let given = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    line(given, seed)
}

/// Options that the line leaves out, with their values: the seed, which is written anew, and the
/// number of jobs, on which nothing depends.
const LEFT_OUT: [&str; 3] = ["--seed", "--jobs", "-j"];

fn line(given: impl Iterator<Item = String>, seed: Seed) -> String {
    let mut words = vec!["dayfly".to_owned()];
    let mut is_value = false;
    for word in given {
        let is_left_out = LEFT_OUT.iter().any(|option| word.starts_with(&format!("{option}=")));
        let takes_one = !is_value && LEFT_OUT.contains(&word.as_str());
        if !is_value && !takes_one && !is_left_out {
            words.push(quoted(&word));
        }
        is_value = takes_one;
    }
    words.extend(["--seed".to_owned(), seed.to_string()]);
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_asks_the_same_again_has_one_seed() {
        let all: [&[&str]; 4] = [
            &["test", "my suite.toml", "-P", "P04"],
            &["test", "--seed", "3", "my suite.toml", "-P", "P04"],
            &["test", "my suite.toml", "-P", "P04", "--seed=3"],
            &["test", "-j", "2", "my suite.toml", "--jobs=1", "-P", "P04", "--jobs", "3"],
        ];
        for given in all {
            let line = line(given.iter().map(|word| (*word).to_owned()), Seed(9));
            assert_eq!(line, "dayfly test 'my suite.toml' -P P04 --seed 9");
        }
    }

    #[test]
    fn a_fresh_seed_is_another_one_each_time_and_fits_into_a_suite() {
        let [one, other] = [drawn(None).unwrap(), drawn(None).unwrap()];
        assert!(one.1 == SeedOrigin::Fresh && one.0 != other.0 && i64::try_from(one.0.0).is_ok());
        assert_eq!(drawn(Some(Seed(3))).unwrap(), (Seed(3), SeedOrigin::Fixed));
    }
}
