//! How often a measured property looks at its numbers, and how sure it has to be each time.
//!
//! ```text
//!  first look: as few trials as can show the limit, were all of them clean --decided?--> verdict
//!                                                                    |
//!                                        last look: four times as many --> verdict
//! ```
//!
//! Each look may be wrong half as often as the verdict, so that the two together are wrong no more often than it (the union
//! bound). Where the number of trials is given, there is one look.

use crate::statistics::{Level, PValue, Rate, size};

use super::{Inquiry, Verdict};

/// How much larger the last look is than the first.
const GROWTH: u32 = 4;

/// One look at the numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// How many trials each condition has by then.
    pub(super) trials: u32,
    /// How sure this look is.
    pub(super) level: Level,
    /// How many looks there are.
    looks: u32,
}

impl Look {
    /// The looks that an inquiry asks for.
    pub(super) fn all(inquiry: &Inquiry) -> Vec<Self> {
        if let Some(trials) = inquiry.trials {
            return vec![Self { trials, level: inquiry.level, looks: 1 }];
        }
        let level = Level::new(1.0 - inquiry.level.alpha() / 2.0).unwrap_or(inquiry.level);
        let first = Rate::new(inquiry.limit).map_or(1, |limit| size::clean_trials(limit, level));
        [first, first.saturating_mul(GROWTH)].map(|trials| Self { trials, level, looks: 2 }).to_vec()
    }

    /// The p-value of a verdict whose last look had `p`.
    pub(super) fn spent(self, p: PValue) -> PValue {
        PValue::new((p.get() * f64::from(self.looks)).min(1.0)).unwrap_or(p)
    }
}

/// The trials of the next look: none where the one before decided, or was the last.
///
/// `batch` makes the trials that bring a condition from so many to so many, as batch number so many.
pub(super) fn next<T>(
    inquiry: &Inquiry,
    batches: usize,
    judge: impl FnOnce(Look) -> Verdict,
    batch: impl FnOnce(u32, u64) -> Vec<T>,
) -> Vec<T> {
    let looks = Look::all(inquiry);
    let Some(look) = looks.get(batches) else { return Vec::new() };
    let before = batches.checked_sub(1).and_then(|before| looks.get(before));
    if before.is_some_and(|before| judge(*before).finding != super::Finding::Inconclusive) {
        return Vec::new();
    }
    let more = look.trials.saturating_sub(before.map_or(0, |before| before.trials));
    batch(more, u64::try_from(batches).unwrap_or(u64::MAX))
}

/// The look that so many batches came to.
pub(super) fn last(inquiry: &Inquiry, batches: usize) -> Option<Look> {
    Look::all(inquiry).into_iter().take(batches).next_back()
}
