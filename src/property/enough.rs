//! Estimates of the number of trials that would decide an open question, if the observed rate
//! continues.

use crate::statistics::{Comparison, Interval, Level, Sides, Tally, clopper_pearson};

/// Maximal number of trials that a suite can set.
const MOST: u32 = 100_000;

/// Least factor by which the number of trials grows that would decide what a number left open.
const MORE: f64 = 1.05;

/// Describes the number of trials that would decide on which side of the limit a rate lies.
pub(super) fn for_rate(tally: Tally, limit: f64, level: Level) -> String {
    for_part(tally, tally.trials(), limit, level)
}

/// Describes the same number where the rate is counted over a part of `trials` trials, such as
/// those in which the agent answers.
pub(super) fn for_part(tally: Tally, trials: u32, limit: f64, level: Level) -> String {
    let decides = |tally: Tally| {
        let side = |sides| clopper_pearson::interval(tally, level, sides).within(..=limit);
        side(Sides::Upper) == Comparison::Within || side(Sides::Lower) == Comparison::Beyond
    };
    let whole = |part: u32| {
        let whole = (u64::from(part) * u64::from(trials)).div_ceil(u64::from(tally.trials().max(1)));
        u32::try_from(whole).unwrap_or(u32::MAX)
    };
    match least(tally, decides).map(whole).filter(|trials| *trials <= MOST) {
        Some(trials) => format!("at this rate `trials = {trials}` would do"),
        None => format!("at this rate not even `trials = {MOST}` would do"),
    }
}

/// Describes the number of trials that would show a share to be below the limit; the opposite
/// cannot be shown.
pub(super) fn for_bound(tally: Tally, limit: f64, level: Level) -> String {
    let decides = |tally| clopper_pearson::interval(tally, level, Sides::Upper).within(..=limit) == Comparison::Within;
    match least(tally, decides) {
        Some(trials) => format!("at this rate `trials = {trials}` would do"),
        None => "so often do they differ that no number of trials would show the opposite".to_owned(),
    }
}

/// `true` if the rate of hits is shown to be at least one half, `false` if it is shown to be less,
/// none if neither is shown.
pub(super) fn majority(tally: Tally, level: Level) -> Option<bool> {
    let side = |sides| clopper_pearson::interval(tally, level, sides);
    if side(Sides::Lower).low >= 0.5 { Some(true) } else { (side(Sides::Upper).high < 0.5).then_some(false) }
}

/// Describes the number of trials that would decide on which side of one half a rate lies.
/// `trials_for` converts a number of counted trials into the number of trials that yields them.
pub(super) fn for_majority(tally: Tally, level: Level, trials_for: impl Fn(u32) -> u32) -> String {
    let decides = |tally| majority(tally, level).is_some();
    match least(tally, decides).map(trials_for).filter(|trials| *trials <= MOST) {
        Some(trials) => format!("at this rate `trials = {trials}` would do"),
        None => format!("at this rate not even `trials = {MOST}` would do"),
    }
}

/// Describes the number of trials that would decide a number whose interval, after `trials` trials,
/// contains `limit`. The width of the interval shrinks with the root of their number.
pub(super) fn for_width(trials: u32, interval: &Interval, limit: f64) -> String {
    let half = (interval.high - interval.low) / 2.0;
    let factor = (half / (interval.estimate - limit)).powi(2);
    // An interval of another level may seem narrow enough: more trials than those are needed all the same.
    let enough = f64::from(trials) * factor.max(MORE);
    if enough.is_finite() && enough <= f64::from(MOST) {
        format!("at this number about `trials = {}` would do", rounded(enough))
    } else {
        "it lies so near to the limit that no number of trials that can be run would do".to_owned()
    }
}

/// Returns the least number of trials above that of `tally` that decides at the same rate; none if
/// [`MOST`] trials do not.
fn least(tally: Tally, decides: impl Fn(Tally) -> bool) -> Option<u32> {
    let is_enough = |trials: u32| Tally::new(hits(tally, trials), trials).is_ok_and(&decides);
    let (mut low, mut high) = (tally.trials(), tally.trials().saturating_mul(2).max(2));
    while !is_enough(high) {
        if high >= MOST {
            return None;
        }
        (low, high) = (high, high.saturating_mul(2).min(MOST));
    }
    // More trials at the same rate decide as well, up to the rounding of the number of hits.
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_enough(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// Returns the number of hits in this many trials at the rate of `tally`, rounded up.
fn hits(tally: Tally, trials: u32) -> u32 {
    let hits = (u64::from(tally.hits()) * u64::from(trials)).div_ceil(u64::from(tally.trials().max(1)));
    u32::try_from(hits).unwrap_or(u32::MAX)
}

/// Rounds up to two significant digits.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of trials up to the most"
)]
fn rounded(enough: f64) -> u32 {
    let unit = 10_f64.powf((enough.log10().floor() - 1.0).max(0.0));
    ((enough / unit).ceil() * unit) as u32
}

#[cfg(test)]
mod tests {
    use super::super::Judgement;
    use super::super::looks::Look;
    use super::super::rate::{Counted, judge, tally};
    use super::super::testing::inquiry;
    use super::*;
    use crate::property::Inquiry;

    const COUNTED: Counted<'_> = Counted { share: "share of slips", nothing: "no slip", something: "it slips" };

    #[test]
    fn as_many_trials_as_are_said_to_do_decide_and_one_fewer_do_not() {
        for (hits, trials) in [(0, 10), (1, 72), (2, 30), (4, 60)] {
            let seen = tally(hits, trials).unwrap();
            let asked = |trials| Inquiry { trials: Some(trials), ..inquiry("button", 0.05) };
            let finding = |tally, trials| {
                let inquiry = asked(trials);
                judge(&inquiry, Look::all(&inquiry)[0], tally, &COUNTED, None).finding
            };
            assert_eq!(finding(seen, 10), Judgement::Inconclusive, "{hits} of {trials}");
            let said = for_rate(seen, 0.05, Level::P95);
            let enough: u32 = said.split(['=', '`']).nth(2).unwrap().trim().parse().unwrap();
            let at = |trials: u32| Tally::new(super::hits(seen, trials), trials).unwrap();
            assert_ne!(finding(at(enough), enough), Judgement::Inconclusive, "{said}");
            assert_eq!(finding(at(enough - 1), enough - 1), Judgement::Inconclusive, "{said}");
        }
        assert!(for_rate(tally(5, 100).unwrap(), 0.05, Level::P95).contains("not even"));
        assert_eq!(for_part(tally(0, 29).unwrap(), 58, 0.05, Level::P95), "at this rate `trials = 118` would do");
        assert!(for_bound(tally(50, 100).unwrap(), 0.05, Level::P95).contains("no number of trials"));
        assert_eq!(for_bound(tally(0, 58).unwrap(), 0.05, Level::P95), "at this rate `trials = 59` would do");
    }

    #[test]
    fn an_interval_shrinks_with_the_root_of_the_trials() {
        let interval = |estimate| Interval {
            estimate,
            low: estimate - 0.1,
            high: estimate + 0.1,
            level: Level::P95,
            sides: Sides::Both,
            method: crate::statistics::Method::ClopperPearson,
        };
        assert_eq!(for_width(100, &interval(0.0), 0.05), "at this number about `trials = 400` would do");
        assert!(for_width(100, &interval(0.05), 0.05).contains("no number"));
        let narrow = for_width(100, &interval(0.5), 0.05);
        assert_eq!(narrow, "at this number about `trials = 110` would do", "more than those that left it open");
    }
}
