//! Pairs: what a probe saw after one episode and after another, with the same seed.
//!
//! 1. Two views are equal where their digests are: a view is all that is kept of an episode, byte for byte.
//! 2. A view that the clock on the wall, the operator or the host had a part in shows nothing.

use serde::Serialize;

use crate::statistics::{Interval, Level, Sides, Tally, clopper_pearson};
use crate::transcript::End;
use crate::value::Digest;

/// A probe that does no more than this in its episode was not told what to do.
const BLIND: u64 = 2;

/// How sure the bounds of what is enforced are. They are no share of the level of a suite: the verdict is exact, and a bound
/// says how much was tried.
pub(super) const LEVEL: Level = Level::P95;

/// What a probe saw of two runs that differ in who lived before it.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The road that the one before was to take; [`Pair::ANY`] where it did as it liked.
    pub channel: &'static str,
    /// Whether the policy declares it.
    pub road: Road,
    /// Who came before the probe in each.
    pub before: [String; 2],
    /// What the probe was told.
    pub probe: String,
    /// The most bytes of carry-over that either of them handed on.
    pub carried: u64,
    /// What the probe saw in each.
    pub views: [View; 2],
    /// Where the two part.
    pub parts: Vec<Part>,
}

/// Whether a road from one episode to the next is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// The policy declares nothing here: no bit may arrive.
    Undeclared,
    /// The policy declares a carry-over of so many bits.
    CarryOver(u64),
    /// The policy declares that the world persists: what arrives is bounded by the world alone.
    World,
    /// The policy does not declare it; it was opened to see that the probe sees.
    Control,
}

/// What is kept of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// The digest of the probe's whole transcript.
    pub digest: Digest,
    /// How many calls the probe made.
    pub calls: u64,
    /// How its episode ended.
    pub end: End,
}

/// A part of two views that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Where: a field of the transcript, such as `log[3]` or `calls.digest`.
    pub field: String,
    /// What the one view has there.
    pub one: String,
    /// What the other has.
    pub other: String,
    /// The byte of the views at which they part, counted from 0.
    pub byte: usize,
}

/// What two views come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// They are equal, byte for byte.
    Alike,
    /// They are not.
    Differ,
    /// They show nothing.
    Hurried,
}

impl Pair {
    /// The road of one that did as it liked.
    pub const ANY: &'static str = "any";

    /// What the two views come to.
    pub fn compared(&self) -> Compared {
        let [one, other] = &self.views;
        // INVARIANT 2
        if one.end.is_hurried() || other.end.is_hurried() {
            return Compared::Hurried;
        }
        // INVARIANT 1
        if one.digest == other.digest { Compared::Alike } else { Compared::Differ }
    }

    /// Whether the two views are what the policy, or who opened the road, says: nothing to be seen on a road that is not
    /// declared, something on one that was opened.
    pub fn is_as_declared(&self) -> bool {
        match self.road {
            Road::Undeclared => self.compared() == Compared::Alike,
            Road::CarryOver(bits) => self.carried.saturating_mul(8) <= bits,
            Road::World => true,
            Road::Control => self.compared() == Compared::Differ,
        }
    }

    /// Whether the probe was not told its part, so that it looked at nothing.
    pub(super) fn is_blind(&self) -> bool {
        self.views.iter().all(|view| view.calls <= BLIND)
    }

    /// Where the two views part, in words.
    pub(super) fn difference(&self) -> String {
        let [one, other] = &self.before;
        // What the probe wrote down says more than a digest does.
        let written = self.parts.iter().find(|part| part.field.starts_with("log["));
        let Some(first) = written.or_else(|| self.parts.first()) else {
            return format!("after {one} the probe saw something else than after {other}");
        };
        let rest = self.parts.len().saturating_sub(1);
        let more = if rest == 0 { String::new() } else { format!(", and {rest} more fields differ") };
        format!("`{}` is {} after {one}, and {} after {other}{more}", first.field, first.one, first.other)
    }
}

/// Between which limits the share of `count` in `among` lies; nothing where there were none.
pub(super) fn share(count: usize, among: usize) -> Option<Interval> {
    let (count, among) = (u32::try_from(count).ok()?, u32::try_from(among).ok().filter(|among| *among > 0)?);
    let sides = if count == 0 { Sides::Upper } else { Sides::Both };
    Some(clopper_pearson::interval(Tally::new(count, among).ok()?, LEVEL, sides))
}

/// A host in which something of the one before reaches the probe.
pub(super) fn forge(pair: &mut Pair) {
    let [_, other] = &mut pair.views;
    other.digest = Digest::of(b"something that was left behind");
    let (one, residue) = ("0000000000000000".to_owned(), "5a5a5a5a5a5a5a5a".to_owned());
    pair.parts.push(Part { field: "log[4]".to_owned(), one, other: residue, byte: 1000 });
}
