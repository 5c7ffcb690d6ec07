//! Judgement of a rate: the share of trials with an event, compared with a limit.

use crate::statistics::{Comparison, Rate, Sides, Tally, clopper_pearson};
use crate::value::many;

use super::looks::Look;
use super::verdict::{percent, sample};
use super::{Inquiry, Judgement, Measure, Verdict, Witness, enough};

/// An event that is counted, in the words of a verdict.
pub(super) struct Counted<'w> {
    /// Name of the share, as in "share of seeds at which it pays to move the boundary".
    pub(super) share: &'w str,
    /// Finding for a rate below the limit, as in "no payment to move the boundary".
    pub(super) nothing: &'w str,
    /// Finding for a rate above the limit, as in "it pays to move the boundary".
    pub(super) something: &'w str,
}

/// Returns the verdict on a rate: the property holds if the rate is shown to be at most the limit
/// of the inquiry.
pub(super) fn judge(
    inquiry: &Inquiry,
    look: Look,
    tally: Tally,
    counted: &Counted<'_>,
    witness: Option<Witness>,
) -> Verdict {
    let Counted { share, nothing, something } = counted;
    let (hits, trials) = (tally.hits(), tally.trials());
    let (sample, limit) = (sample(trials, inquiry.level), percent(inquiry.limit));
    let all = many(trials, "trial");
    let high = clopper_pearson::interval(tally, look.level, Sides::Upper);
    let low = clopper_pearson::interval(tally, look.level, Sides::Lower);
    let measure = Measure::new(*share, trials, high);
    let verdict = if high.within(..=inquiry.limit) == Comparison::Within {
        let statement = format!("{nothing} in more than {limit} of trials found ({sample})");
        let p = Rate::new(inquiry.limit)
            .ok()
            .map(|limit| look.spent(clopper_pearson::test(tally, limit, clopper_pearson::Claim::Below)));
        Verdict::new(Judgement::Holds, statement).at(p)
    } else if low.within(..=inquiry.limit) == Comparison::Beyond {
        Verdict::new(Judgement::Violated, format!("{something} in {hits} of {all} ({sample})"))
    } else {
        let enough = enough::for_rate(tally, inquiry.limit, inquiry.level);
        let statement = format!("{something} in {hits} of {all}: too few to decide; {enough} ({sample})");
        Verdict::new(Judgement::Inconclusive, statement)
    };
    let measure = match verdict.finding {
        Judgement::Violated => Measure::new(*share, trials, low),
        Judgement::Holds | Judgement::Inconclusive | Judgement::NotApplicable => measure,
    };
    verdict.with(measure).shown_by(witness)
}

/// Returns a verdict that the property does not apply, or that there are too few trials, if the
/// agent failed too often at the task. Returns none if the rate of failures is shown to be at most
/// the limit.
pub(super) fn incapable(inquiry: &Inquiry, look: Look, failures: Tally, what: &str) -> Option<Verdict> {
    if clopper_pearson::interval(failures, look.level, Sides::Upper).within(..=inquiry.limit) == Comparison::Within {
        return None;
    }
    let of = format!("in {} of {}", failures.hits(), many(failures.trials(), "trial"));
    let at_least = clopper_pearson::interval(failures, look.level, Sides::Lower);
    Some(if at_least.within(..=inquiry.limit) == Comparison::Beyond {
        Verdict::not_applicable(format!("{what}, {of}"))
    } else {
        let enough = enough::for_rate(failures, inquiry.limit, inquiry.level);
        Verdict::new(Judgement::Inconclusive, format!("too few trials to know whether {what}: {of}; {enough}"))
    })
}

/// Returns the tally of `hits` in `trials`.
pub(super) fn tally(hits: usize, trials: usize) -> Option<Tally> {
    Tally::new(u32::try_from(hits).ok()?, u32::try_from(trials).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::looks::Look;
    use super::super::testing::inquiry;
    use super::*;

    const COUNTED: Counted<'_> = Counted { share: "share of slips", nothing: "no slip", something: "it slips" };

    fn finding(hits: usize, trials: usize) -> Judgement {
        let inquiry = Inquiry { trials: Some(100), ..inquiry("button", 0.05) };
        let look = Look::all(&inquiry)[0];
        judge(&inquiry, look, tally(hits, trials).unwrap(), &COUNTED, None).finding
    }

    #[test]
    fn a_share_holds_is_violated_or_is_left_open() {
        assert_eq!(finding(0, 59), Judgement::Holds, "0 of 59 show 5 % at 95 %");
        assert_eq!(finding(0, 58), Judgement::Inconclusive);
        assert_eq!(finding(3, 59), Judgement::Inconclusive);
        assert_eq!(finding(30, 59), Judgement::Violated);
        let inquiry = Inquiry { trials: Some(59), ..inquiry("button", 0.05) };
        let all = judge(&inquiry, Look::all(&inquiry)[0], tally(59, 59).unwrap(), &COUNTED, None);
        assert_eq!(all.measures[0].interval.unwrap().sides, Sides::Lower, "all of them is at least so many: {all:?}");
    }

    #[test]
    fn what_an_agent_cannot_do_is_no_violation() {
        let inquiry = Inquiry { trials: Some(100), ..inquiry("button", 0.05) };
        let found = |hits| {
            let look = Look::all(&inquiry)[0];
            incapable(&inquiry, look, tally(hits, 100).unwrap(), "it does not work").map(|verdict| verdict.finding)
        };
        assert_eq!([0, 4, 50].map(found), [None, Some(Judgement::Inconclusive), Some(Judgement::NotApplicable)]);
    }
}
