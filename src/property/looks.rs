//! Looks: interim analyses of a measured property, with the confidence level of each.
//!
//! ```text
//!  first look: as few trials as can show the limit, were all of them clean --decided?--> verdict
//!                                                                    |
//!                                        last look: four times as many --> verdict
//! ```
//!
//! Each look may be wrong half as often as the verdict. By the union bound, both together are wrong
//! no more often than the verdict may be. If the inquiry gives the number of trials, there is one
//! look.

use crate::statistics::{Level, PValue, Rate, size};

use super::{Inquiry, Verdict};

/// Factor by which the last look has more trials than the first.
const GROWTH: u32 = 4;

/// One look at the observations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// Number of trials that each condition has at this look.
    pub(super) trials: u32,
    /// Confidence level of this look.
    pub(super) level: Level,
    /// Number of looks of the property.
    looks: u32,
}

impl Look {
    /// Returns the looks of an inquiry, in order.
    pub(super) fn all(inquiry: &Inquiry) -> Vec<Self> {
        if let Some(trials) = inquiry.trials {
            return vec![Self { trials, level: inquiry.level, looks: 1 }];
        }
        let level = Level::new(1.0 - inquiry.level.alpha() / 2.0).unwrap_or(inquiry.level);
        let first = Rate::new(inquiry.limit).map_or(1, |limit| size::clean_trials(limit, level));
        [first, first.saturating_mul(GROWTH)].map(|trials| Self { trials, level, looks: 2 }).to_vec()
    }

    /// Returns the p-value of the verdict, given the p-value `p` of its last look: `p` times the
    /// number of looks (Bonferroni).
    pub(super) fn spent(self, p: PValue) -> PValue {
        PValue::new((p.get() * f64::from(self.looks)).min(1.0)).unwrap_or(p)
    }
}

/// Returns the trials of the next look; none if the previous look decided or was the last.
///
/// `batch(more, index)` returns the trials that add `more` trials to each condition, as the batch
/// with this index.
pub(super) fn next<T>(
    inquiry: &Inquiry,
    batches: usize,
    judge: impl FnOnce(Look) -> Verdict,
    batch: impl FnOnce(u32, u64) -> Vec<T>,
) -> Vec<T> {
    let looks = Look::all(inquiry);
    let Some(look) = looks.get(batches) else { return Vec::new() };
    let before = batches.checked_sub(1).and_then(|before| looks.get(before));
    if before.is_some_and(|before| judge(*before).finding != super::Judgement::Inconclusive) {
        return Vec::new();
    }
    let more = look.trials.saturating_sub(before.map_or(0, |before| before.trials));
    batch(more, u64::try_from(batches).unwrap_or(u64::MAX))
}

/// Returns the last look after this many batches.
pub(super) fn last(inquiry: &Inquiry, batches: usize) -> Option<Look> {
    Look::all(inquiry).into_iter().take(batches).next_back()
}
