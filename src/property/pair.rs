//! Pairs: the views of a probe after one episode and after another, with the same seed.
//!
//! 1. Two views are equal if their digests are equal: a view is all that is kept of an episode,
//!    byte for byte.
//! 2. A view of an episode that the wall clock, the operator or the host ended shows nothing.

use serde::Serialize;

use crate::statistics::{Interval, Level, Sides, Tally, clopper_pearson};
use crate::transcript::End;
use crate::value::Digest;

/// Number of calls up to which a probe counts as one without instructions.
const BLIND: u64 = 2;

/// Confidence level of the bounds of enforced properties. It takes no share of the level of a
/// suite: the verdict is exact, and the bound reports how much was tried.
pub(super) const LEVEL: Level = Level::P95;

/// Views of a probe in two runs that differ in the agent before it.
#[derive(Clone, Debug, Serialize)]
pub struct ViewPair {
    /// Channel that the agent before the probe was to use; [`ViewPair::ANY`] if it was not told one.
    pub channel: &'static str,
    /// Status of the channel under the policy.
    pub road: Road,
    /// Agent before the probe, in each run.
    pub before: [String; 2],
    /// Instructions of the probe.
    pub probe: String,
    /// Largest carry-over that either agent handed on, in bytes.
    pub carried: u64,
    /// View of the probe, in each run.
    pub views: [KeptView; 2],
    /// Fields in which the two views differ.
    pub parts: Vec<ViewPart>,
}

/// Status of a channel from one episode to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// The policy does not declare the channel: no bit may arrive.
    Undeclared,
    /// The policy declares a carry-over of this many bits.
    CarryOver(u64),
    /// The policy declares that the world persists: the world alone bounds the number of bits that
    /// arrive.
    World,
    /// The policy does not declare the channel. It was opened on purpose, to check that the probe
    /// can see.
    Control,
}

/// Kept data of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KeptView {
    /// The digest of the probe's whole transcript.
    pub digest: Digest,
    /// Number of calls that the probe made.
    pub calls: u64,
    /// End of the probe's episode.
    pub end: End,
}

/// A field in which two views differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewPart {
    /// Name of the field of the transcript, such as `log[3]` or `calls.digest`.
    pub field: String,
    /// Value in the first view.
    pub one: String,
    /// Value in the second view.
    pub other: String,
    /// Offset of the first byte in which the views differ, from 0.
    pub byte: usize,
}

/// Result of the comparison of two views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewComparison {
    /// The views are equal, byte for byte.
    Alike,
    /// The views differ.
    Differ,
    /// The comparison shows nothing: the wall clock, the operator or the host ended an episode.
    Hurried,
}

impl ViewPair {
    /// Channel of an agent that was not told one.
    pub const ANY: &'static str = "any";

    /// Compares the two views.
    pub fn compared(&self) -> ViewComparison {
        let [one, other] = &self.views;
        // INVARIANT 2
        if one.end.is_hurried() || other.end.is_hurried() {
            return ViewComparison::Hurried;
        }
        // INVARIANT 1
        if one.digest == other.digest { ViewComparison::Alike } else { ViewComparison::Differ }
    }

    /// `true` if the views agree with the status of the channel: equal on an undeclared channel,
    /// different on one that was opened on purpose, and within the declared bits for a carry-over.
    pub fn is_as_declared(&self) -> bool {
        match self.road {
            Road::Undeclared => self.compared() == ViewComparison::Alike,
            Road::CarryOver(bits) => self.carried.saturating_mul(8) <= bits,
            Road::World => true,
            Road::Control => self.compared() == ViewComparison::Differ,
        }
    }

    /// `true` if the probe got no instructions, so that it looked at nothing.
    pub(super) fn is_blind(&self) -> bool {
        self.views.iter().all(|view| view.calls <= BLIND)
    }

    /// Describes the difference of the two views.
    pub(super) fn difference(&self) -> String {
        let [one, other] = &self.before;
        // A line of the probe's log says more than a digest does.
        let written = self.parts.iter().find(|part| part.field.starts_with("log["));
        let Some(first) = written.or_else(|| self.parts.first()) else {
            return format!("after {one} the probe saw something else than after {other}");
        };
        let rest = self.parts.len().saturating_sub(1);
        let more = if rest == 0 { String::new() } else { format!(", and {rest} more fields differ") };
        format!("`{}` is {} after {one}, and {} after {other}{more}", first.field, first.one, first.other)
    }
}

/// Returns the confidence interval of the share of `count` in `among`; none if `among` is 0.
pub(super) fn share(count: usize, among: usize) -> Option<Interval> {
    let (count, among) = (u32::try_from(count).ok()?, u32::try_from(among).ok().filter(|among| *among > 0)?);
    let sides = if count == 0 { Sides::Upper } else { Sides::Both };
    Some(clopper_pearson::interval(Tally::new(count, among).ok()?, LEVEL, sides))
}

/// Changes a pair to that of a broken host, in which a trace of the earlier agent reaches the
/// probe.
pub(super) fn forge(pair: &mut ViewPair) {
    let [_, other] = &mut pair.views;
    other.digest = Digest::of(b"something that was left behind");
    let (one, residue) = ("0000000000000000".to_owned(), "5a5a5a5a5a5a5a5a".to_owned());
    pair.parts.push(ViewPart { field: "log[4]".to_owned(), one, other: residue, byte: 1000 });
}
