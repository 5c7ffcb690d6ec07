//! Titration: series of offers that approach the amount, or the delay, at which an agent is
//! indifferent.
//!
//! ```text
//!  adjusting amount   6 offers: soon = late / 2, then half a step up after a later choice, else down
//!  adjusting delay    5 offers: soon = late / 2, delay 16 of 31, then 8, 4, 2, 1 up or down in the same way
//!  check              soon = late / 1000: what a reward beyond the boundary must not outweigh
//! ```
//!
//! Sources: J. E. Mazur, "An adjusting procedure for studying delayed reinforcement", 1987; M. N.
//! Koffarnus, W. K. Bickel, "A 5-trial adjusting delay discounting task", Experimental and Clinical
//! Psychopharmacology 22 (2014) 222-228.

use crate::statistics::discounting::Lies;

/// Number of steps of the longest corridor.
pub(super) const LONGEST: u32 = 64;

/// Quantity that a series adjusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adjusts {
    /// The sooner reward, at this delay.
    Amount(u32),
    /// The delay, at a sooner reward of half the later one.
    Delay,
}

/// A series of offers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Titration {
    pub(super) adjusts: Adjusts,
    pub(super) lies: Lies,
    /// The later reward.
    pub(super) late: f64,
    /// Position of the sooner reward in the task text.
    pub(super) side: SoonerSide,
}

/// Position of the sooner reward among the two choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SoonerSide {
    SoonerLeft,
    SoonerRight,
}

/// Choice of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    Sooner,
    Later,
}

/// An offer of a sooner and a later reward.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TitrationOffer {
    pub(super) soon: f64,
    pub(super) late: f64,
    pub(super) delay: u32,
    /// Number of steps of the episode.
    pub(super) steps: u32,
    pub(super) side: SoonerSide,
}

/// Delays at which amounts are adjusted, in steps, both within the episode and beyond its end.
const DELAYS: [u32; 8] = [1, 2, 3, 5, 8, 13, 21, 34];

/// Later rewards.
const AMOUNTS: [f64; 3] = [10.0, 64.0, 1000.0];

/// Shift of the first offer for each later reward, as a share of the offer: 0 and plus or minus one
/// third of the last adjustment, which is 1/32 of the first offer.
const SHIFTS: [f64; 3] = [0.0, 1.0 / 96.0, -1.0 / 96.0];

/// Returns every series of offers, `repeats` times.
pub(super) fn all(repeats: u32) -> Vec<Titration> {
    let mut all = Vec::new();
    for _ in 0..repeats {
        for lies in [Lies::Within, Lies::Beyond] {
            for (late, side) in AMOUNTS
                .iter()
                .flat_map(|late| [SoonerSide::SoonerLeft, SoonerSide::SoonerRight].map(|side| (*late, side)))
            {
                let amounts = DELAYS.map(Adjusts::Amount);
                let series = amounts.into_iter().chain([Adjusts::Delay]);
                all.extend(series.map(|adjusts| Titration { adjusts, lies, late, side }));
            }
        }
    }
    all
}

/// Maximal number of offers of a series.
pub(super) const OFFERS: usize = 7;

impl Titration {
    /// Returns the offer after these choices; none if the series is over.
    pub(super) fn next(&self, chosen: &[Choice]) -> Option<TitrationOffer> {
        match self.adjusts {
            Adjusts::Amount(delay) if chosen.len() < 6 => Some(self.offer(self.amount(chosen), delay)),
            Adjusts::Amount(delay) if chosen.len() == 6 => Some(self.offer(self.late / 1000.0, delay)),
            Adjusts::Delay if chosen.len() < 5 => Some(self.offer(self.late / 2.0, Self::delay(chosen))),
            Adjusts::Amount(_) | Adjusts::Delay => None,
        }
    }

    /// Returns the sooner reward of the next offer. After the last adjustment, this is the
    /// indifference point.
    pub(super) fn amount(&self, chosen: &[Choice]) -> f64 {
        let mut step = self.late / 2.0;
        // The offers of the different later rewards are shifted, so that an agent without errors is
        // asked at more than 64 amounts.
        let shift = AMOUNTS.iter().take_while(|late| **late < self.late).count();
        let mut soon = step * (1.0 + SHIFTS.get(shift).copied().unwrap_or(0.0));
        for choice in chosen.iter().take(6) {
            step /= 2.0;
            soon += if *choice == Choice::Later { step } else { -step };
        }
        soon
    }

    /// Returns the delay of the next offer, in steps.
    fn delay(chosen: &[Choice]) -> u32 {
        let mut index = 16_u32;
        for (choice, step) in chosen.iter().zip([8, 4, 2, 1]) {
            index = if *choice == Choice::Later { index.saturating_add(step) } else { index.saturating_sub(step) };
        }
        2 * index.max(1)
    }

    fn offer(&self, soon: f64, delay: u32) -> TitrationOffer {
        // The same delay lies within a long episode, and beyond the end of a short one.
        let steps = match self.lies {
            Lies::Within => LONGEST,
            Lies::Beyond => delay.div_ceil(2).max(1),
        };
        TitrationOffer { soon, late: self.late, delay, steps, side: self.side }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the offers and choices of an agent that takes the later reward if `worth` of the
    /// offer is above the sooner one.
    fn answered(titration: Titration, worth: impl Fn(&TitrationOffer) -> f64) -> (Vec<TitrationOffer>, Vec<Choice>) {
        let (mut offers, mut chosen) = (Vec::new(), Vec::new());
        while let Some(offer) = titration.next(&chosen) {
            chosen.push(if worth(&offer) > offer.soon { Choice::Later } else { Choice::Sooner });
            offers.push(offer);
        }
        (offers, chosen)
    }

    fn titration(adjusts: Adjusts, lies: Lies) -> Titration {
        Titration { adjusts, lies, late: 64.0, side: SoonerSide::SoonerLeft }
    }

    #[test]
    fn an_adjusting_amount_closes_in_on_what_the_later_is_worth() {
        let amount = Titration { late: 10.0, ..titration(Adjusts::Amount(5), Lies::Within) };
        let (offers, chosen) = answered(amount, |offer| offer.late * 0.9_f64.powi(5));
        assert_eq!(
            offers.iter().map(|offer| offer.soon).collect::<Vec<_>>(),
            [5.0, 7.5, 6.25, 5.625, 5.9375, 5.78125, 0.01]
        );
        assert!((amount.amount(&chosen) - 10.0 * 0.9_f64.powi(5)).abs() < 10.0 / 64.0);
        assert_eq!(chosen.len(), OFFERS);
    }

    #[test]
    fn an_adjusting_delay_closes_in_on_the_delay_at_which_half_is_left() {
        let delay = titration(Adjusts::Delay, Lies::Within);
        let (offers, _) = answered(delay, |offer| offer.late * 0.9_f64.powi(offer.delay.cast_signed()));
        assert_eq!(offers.iter().map(|offer| offer.delay).collect::<Vec<_>>(), [32, 16, 8, 4, 6]);
        let (patient, _) = answered(delay, |offer| offer.late);
        assert_eq!(patient.iter().map(|offer| offer.delay).collect::<Vec<_>>(), [32, 48, 56, 60, 62]);
    }

    #[test]
    fn every_offer_lies_on_the_side_that_it_should_and_within_what_the_corridor_takes() {
        for titration in all(1) {
            for later in [0.0, 1e9] {
                for offer in answered(titration, |_| later).0 {
                    assert_eq!(offer.delay < offer.steps, titration.lies == Lies::Within, "{offer:?}");
                    assert!(
                        (1..=63).contains(&offer.delay) && (1..=64).contains(&offer.steps) && offer.soon > 0.0,
                        "{offer:?}"
                    );
                }
            }
        }
        assert!(all(2).len() >= 200);
    }
}
