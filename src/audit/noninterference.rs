//! Episode noninterference: a probe sees the same, byte for byte, after every agent.
//!
//! *Claim*: for every two agents in episode k the view of the probe in episode k+1 is the same, given the same seeds.
//!
//! *How it is tested*: in each pair two agents, drawn from a cast and from agents made of chance,
//! live episode k of two runs with the same seed. The same probe lives episode k+1 of both, and its
//! two transcripts are compared in full. In some pairs the probe does more than look. It goes
//! through all memory there may be and up to every quota, burns its fuel until it is cut, leaves by
//! an exit, or holds handles until that traps. Pairs are spread over workers that share one pool.
//! So the agents of other workers at the same time differ too, and so does the previous content of
//! a slot.
//!
//! The two agents of a pair also draw different numbers. Otherwise a table made with the one would
//! tell the other where it is, and what is shown elsewhere. A pair in which they draw the same
//! counts as one that differs.
//!
//! *What it does not show*: see the bound: clean pairs exclude, at a level, that more than a share
//! of pairs drawn as these were differs. An agent that knows what it looks for is drawn only if it
//! is in the cast.
//!
//! *Source*: two-run noninterference after Goguen, Meseguer, "Security policies and security models", IEEE Symposium on
//! Security and Privacy 1982, 11-20, with agents in place of inputs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Serialize;

use super::pair::{PairRun, TrialEpisodes, part_them};
use super::predecessors::{CHANCE, Predecessors};
use super::view::EpisodeView;
use super::{AuditSubject, Error, ProbeCrossing, ViewPart};
use crate::agent::Agent;
use crate::episode::Setting;
use crate::property::{Road, ViewPair};
use crate::run::spread;
use crate::statistics::{Interval, Level, Sides, Tally, clopper_pearson};
use crate::transcript::{End, Transcript};
use crate::value::{Digest, Seed};

/// Looks of the probe, by the ordinal of the pair.
const LOOKS: [&str; 8] = ["look m", "look", "look q", "look x", "look b", "look e", "look y", "look h"];

/// Result of all pairs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pairs {
    /// Number of pairs asked for.
    pub asked: u32,
    /// Number of pairs whose views were compared.
    pub compared: u32,
    /// Number of compared pairs that differ.
    pub differ: u32,
    /// Number of pairs that show nothing, because the wall clock ended an episode of the probe.
    pub uncompared: u32,
    /// `true` if the operator cancelled before all pairs were done. Pairs that were open then are
    /// not counted.
    pub cancelled: bool,
    /// First pair that differs.
    pub first: Option<ViewDifference>,
    /// Number of bytes compared, of one view of each pair.
    pub bytes: u64,
    /// Names of what the probe saw.
    pub sights: BTreeSet<String>,
    /// Agents that came before the probe, by name.
    pub guests: BTreeMap<String, Guests>,
    /// Share of such pairs that differ, with its limits.
    pub share: Option<Interval>,
    /// Root of the transcripts, if they are of one pair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Digest>,
}

/// Pair whose views differ.
#[derive(Clone, Debug, Serialize)]
pub struct ViewDifference {
    /// Ordinal of the pair.
    pub pair: u64,
    /// Seed of both runs.
    pub seed: Seed,
    /// Agent before the probe in the first run.
    pub one: String,
    /// Agent before the probe in the second run.
    pub other: String,
    /// Task of the probe.
    pub probe: &'static str,
    /// Parts of the views that differ.
    pub parts: Vec<ViewPart>,
}

/// Counts of the agents of one name before the probe.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Guests {
    /// Number of episodes.
    pub episodes: u64,
    /// Number of episodes in which the agent called the host.
    pub called: u64,
    /// Number of calls in all episodes.
    pub calls: u64,
    /// Number of episodes for each end.
    pub ends: BTreeMap<End, u64>,
}

/// Predecessors and looks that pairs are drawn from.
#[derive(Debug)]
pub struct Pairing {
    subject: AuditSubject,
    cast: Predecessors,
    looks: Vec<(&'static str, Setting)>,
}

/// Result of one pair.
struct ComparedPair {
    parts: Option<Vec<ViewPart>>,
    bytes: usize,
    before: [(String, Transcript); 2],
    sights: Vec<String>,
    root: Option<Digest>,
}

/// Compares `pairs` pairs; `guests` come before the probe beside the cast.
///
/// `observe` is called after each pair, in any order, with `true` if the views are alike.
///
/// # Errors
///
/// [`Error`] if the host could not go on.
pub fn noninterference(
    subject: &AuditSubject,
    guests: &[Agent],
    pairs: u32,
    observe: &(dyn Fn(bool) + Sync),
) -> Result<Pairs, Error> {
    Pairing::new(subject.clone(), guests, None)?.compare(0..pairs.into(), observe)
}

impl Pairing {
    /// Returns the pairing of two agents of the cast and `guests`. If there is an agent `of`, it
    /// comes first in every pair.
    ///
    /// # Errors
    ///
    /// [`Error`] if an agent cannot be made, or imports what the policy does not grant.
    pub fn new(subject: AuditSubject, guests: &[Agent], of: Option<&Agent>) -> Result<Self, Error> {
        let cast = Predecessors::new(&subject, guests, of)?;
        let looks = LOOKS.iter().map(|look| Ok((*look, subject.part(look)?))).collect::<Result<_, Error>>()?;
        Ok(Self { subject, cast, looks })
    }

    /// Compares the pairs with these ordinals.
    ///
    /// `observe` is called after each pair, in any order, with `true` if the views are alike.
    ///
    /// # Errors
    ///
    /// [`Error`] if the host could not go on.
    pub fn compare(&self, pairs: Range<u64>, observe: &(dyn Fn(bool) + Sync)) -> Result<Pairs, Error> {
        let is_one = pairs.end.saturating_sub(pairs.start) == 1;
        let done = self.subject.threads.install(|| {
            spread(pairs.clone(), &self.subject.cancel, &|pair| {
                let compared = self.one(pair, is_one);
                let is_alike = |pair: &Option<ComparedPair>| {
                    pair.as_ref().and_then(|pair| pair.parts.as_ref()).is_none_or(Vec::is_empty)
                };
                observe(compared.as_ref().is_ok_and(is_alike));
                compared
            })
        });
        let mut sum = Pairs {
            asked: u32::try_from(pairs.end.saturating_sub(pairs.start)).unwrap_or(u32::MAX),
            cancelled: self.subject.cancel.is_cancelled(),
            ..Pairs::default()
        };
        for (pair, compared) in pairs.zip(done) {
            if let Some(compared) = compared? {
                sum.add(self, pair, compared);
            }
        }
        if sum.compared > 0 {
            let tally = Tally::new(sum.differ, sum.compared)?;
            let sides = if sum.differ == 0 { Sides::Upper } else { Sides::Both };
            sum.share = Some(clopper_pearson::interval(tally, Level::P95, sides));
        }
        Ok(sum)
    }

    /// Runs the pair with this ordinal. The interrupt clock of the engine has to run.
    ///
    /// # Errors
    ///
    /// [`Error`] if the host could not go on.
    pub fn live(&self, pair: u64) -> Result<TrialEpisodes, Error> {
        let (draws, names, [one, other]) = self.pair(pair)?;
        let mut lived = TrialEpisodes::default();
        lived.add(&one)?;
        lived.add(&other)?;
        let mut pair = one.pair(&other, (ViewPair::ANY, Road::Undeclared), names, self.look(pair)?.0)?;
        if let Some(part) = draws.0 {
            part_them(&mut pair, part);
        }
        lived.pairs.push(pair);
        Ok(lived)
    }

    fn seed(&self, pair: u64) -> Seed {
        self.subject.plan.seed.derive("pair", pair)
    }

    fn look(&self, pair: u64) -> Result<&(&'static str, Setting), Error> {
        at(&self.looks, pair).ok_or_else(|| self.subject.blind())
    }

    fn pair(&self, pair: u64) -> Result<(Alike, [String; 2], [PairRun; 2]), Error> {
        let (seed, (_, look)) = (self.seed(pair), self.look(pair)?);
        let (one, other) = self.cast.pair(&self.subject, seed)?;
        let live = |before: &Setting| PairRun::live(&self.subject, ProbeCrossing::Avoided, seed, before, look);
        let lived = [live(&one.setting)?, live(&other.setting)?];
        let is_other = one.setting.handed() != other.setting.handed();
        Ok((Alike::of(is_other, &lived), [one.name, other.name], lived))
    }

    /// Runs one pair; `None` if the operator cancelled in the midst of it.
    fn one(&self, pair: u64, is_alone: bool) -> Result<Option<ComparedPair>, Error> {
        let (draws, [one, other], [first, second]) = self.pair(pair)?;
        if [&first.before, &first.saw, &second.before, &second.saw].iter().any(|lived| lived.body.end == End::Cancelled)
        {
            return Ok(None);
        }
        let mut lived = TrialEpisodes::default();
        if is_alone {
            lived.add(&first)?;
            lived.add(&second)?;
        }
        let root = is_alone.then(|| lived.root());
        let (mut parts, bytes) = (first.parts(&second)?, first.view.bytes());
        if let Some(parts) = &mut parts {
            parts.extend(draws.0);
        }
        let sights = EpisodeView::sights(&first.saw).map(str::to_owned).collect();
        Ok(Some(ComparedPair { parts, bytes, before: [(one, first.before), (other, second.before)], sights, root }))
    }
}

/// Difference of a pair whose agents drew the same numbers. A table of what the one draws would
/// tell the other where it is, and what is shown elsewhere.
struct Alike(Option<ViewPart>);

impl Alike {
    fn of(is_other: bool, [one, other]: &[PairRun; 2]) -> Self {
        let is_met = is_other && one.before.header.seed == other.before.header.seed;
        Self(is_met.then(|| ViewPart {
            field: "what the one before draws".to_owned(),
            one: format!("all that follows from {}", one.before.header.seed),
            other: "the same, although it is another agent".to_owned(),
            byte: 0,
        }))
    }
}

fn at<T>(among: &[T], ordinal: u64) -> Option<&T> {
    let count = u64::try_from(among.len()).unwrap_or(u64::MAX).max(1);
    among.get(usize::try_from(ordinal % count).unwrap_or(0))
}

impl Pairs {
    /// `true` if at least one pair was compared and no pair differs.
    pub const fn held(&self) -> bool {
        self.differ == 0 && self.compared > 0
    }

    fn add(&mut self, pairing: &Pairing, pair: u64, compared: ComparedPair) {
        let ComparedPair { parts, bytes, before, sights, root } = compared;
        self.root = root;
        let names = before.each_ref().map(|(name, _)| name.clone());
        for (name, transcript) in before {
            let kind = name.split(' ').next().filter(|word| *word == "secret").map_or(name.clone(), str::to_owned);
            self.guests.entry(kind).or_default().add(&transcript);
        }
        let Some(parts) = parts else {
            self.uncompared = self.uncompared.saturating_add(1);
            return;
        };
        self.compared = self.compared.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.sights.extend(sights);
        if parts.is_empty() {
            return;
        }
        self.differ = self.differ.saturating_add(1);
        if self.first.is_none() {
            let [one, other] = names;
            let probe = at(&pairing.looks, pair).map_or("look", |(look, _)| *look);
            let seed = pairing.seed(pair);
            self.first = Some(ViewDifference { pair, seed, one, other, probe, parts });
        }
    }

    /// Returns the counts of agents made of chance before the probe.
    pub fn generated(&self) -> Option<&Guests> {
        self.guests.get(CHANCE)
    }
}

impl Guests {
    fn add(&mut self, transcript: &Transcript) {
        self.episodes = self.episodes.saturating_add(1);
        self.called = self.called.saturating_add(u64::from(transcript.body.calls.count > 0));
        self.calls = self.calls.saturating_add(transcript.body.calls.count);
        let count = self.ends.entry(transcript.body.end).or_default();
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::super::unwinding::subject;
    use super::*;

    #[test]
    fn every_look_is_another_one() {
        let subject = subject("off-switch");
        let looks = Pairing::new(subject.clone(), &[], None).unwrap().looks;
        let seen = |(_, look): &(_, Setting)| {
            EpisodeView::of(&subject.relay(Seed(1), ProbeCrossing::Open, &[look]).unwrap()[0])
                .unwrap()
                .digest()
                .to_string()
        };
        assert_eq!(looks.iter().map(seen).collect::<BTreeSet<_>>().len(), LOOKS.len());
    }

    #[test]
    fn an_audit_that_compared_nothing_shows_nothing() {
        let found =
            |compared, differ| Pairs { asked: 9, compared, differ, uncompared: 9 - compared, ..Pairs::default() };
        assert!(found(9, 0).held() && found(1, 0).held());
        assert!(!found(0, 0).held() && !found(9, 1).held());
    }
}
