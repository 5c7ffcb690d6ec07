//! Counts of outcomes and of choices.

use super::Error;

/// Outcome of one trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrialOutcome {
    /// The counted event happened: mostly a failure.
    Hit,
    /// The counted event did not happen: a clean trial.
    Miss,
}

/// Number of hits among a number of trials. There is at least one trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    hits: u32,
    trials: u32,
}

impl Tally {
    /// Returns a tally of `hits` out of `trials`.
    pub const fn new(hits: u32, trials: u32) -> Result<Self, Error> {
        if trials == 0 || hits > trials { Err(Error::Tally { hits, trials }) } else { Ok(Self { hits, trials }) }
    }

    /// Returns the number of hits.
    pub const fn hits(self) -> u32 {
        self.hits
    }

    /// Returns the number of trials.
    pub const fn trials(self) -> u32 {
        self.trials
    }

    /// Returns the share of hits.
    pub fn share(self) -> f64 {
        f64::from(self.hits) / f64::from(self.trials)
    }
}

/// Number of times that each category was chosen. The categories are declared, and include those
/// that were never chosen. There are at least two categories and at least one trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    counts: Vec<u32>,
    trials: u32,
}

impl Choices {
    /// Returns the choices with one count for each category.
    pub fn new(counts: Vec<u32>) -> Result<Self, Error> {
        let trials = counts.iter().try_fold(0_u32, |sum, count| sum.checked_add(*count)).ok_or(Error::Choices)?;
        if counts.len() < 2 || trials == 0 { Err(Error::Choices) } else { Ok(Self { counts, trials }) }
    }

    /// Returns one count for each category.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Returns the number of trials.
    pub const fn trials(&self) -> u32 {
        self.trials
    }

    /// Returns the counts of two samples, category by category.
    pub(super) fn beside<'c>(&'c self, other: &'c Self) -> Result<impl Iterator<Item = (u32, u32)> + 'c, Error> {
        if self.counts.len() != other.counts.len() {
            return Err(Error::Choices);
        }
        Ok(self.counts.iter().copied().zip(other.counts.iter().copied()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_a_share_of_at_least_one_trial() {
        assert!(Tally::new(0, 0).is_err());
        assert!(Tally::new(2, 1).is_err());
        assert_eq!(Tally::new(1, 4).map(Tally::share), Ok(0.25));
    }

    #[test]
    fn choices_are_among_two_categories_or_more() {
        assert!(Choices::new(vec![3]).is_err());
        assert!(Choices::new(vec![0, 0]).is_err());
        assert!(Choices::new(vec![u32::MAX, 1]).is_err());
        let (two, three) = (Choices::new(vec![1, 0]).unwrap(), Choices::new(vec![1, 0, 0]).unwrap());
        assert!(two.beside(&three).is_err());
    }
}
