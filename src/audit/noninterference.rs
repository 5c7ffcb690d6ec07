//! Episode noninterference: a probe sees the same, byte for byte, whoever lived before it.
//!
//! *Claim*: for every two agents in episode k the view of the probe in episode k+1 is the same, given the same seeds.
//!
//! *How it is tested*: in each pair two agents, drawn from a cast and from agents made of chance, live episode k of two runs
//! with the same seed; the same probe lives episode k+1 of both. All that is kept of the two is compared. In some pairs the
//! probe does more than look: it goes through all memory there may be and up to every quota, burns its fuel until it is cut,
//! leaves by an exit, or holds handles until that traps. Pairs are spread over workers that share one pool, so that what another worker's agent does at the same time, and
//! what stood in the slot before, differ too.
//!
//! *What it does not show*: see the bound: clean pairs exclude, at a level, that more than a share of pairs drawn as these
//! were differs. An agent that knows what it looks for is drawn only if it is in the cast.
//!
//! *Source*: two-run noninterference after Goguen, Meseguer, "Security policies and security models", IEEE Symposium on
//! Security and Privacy 1982, 11-20, with agents in place of inputs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cast::{CHANCE, Cast, Role};
use super::view::{Part, View};
use super::{Crossing, Error, Subject, was_hurried};
use crate::agent::Agent;
use crate::episode::{Setting, Ticker};
use crate::harness::{spread, workers};
use crate::statistics::{Interval, Level, Sides, Tally, clopper_pearson};
use crate::transcript::{End, Transcript};
use crate::value::Seed;

/// What the probe does besides its look, by the ordinal of the pair.
const LOOKS: [&str; 8] = ["look mqe", "look", "look x", "look", "look b", "look", "look y", "look h"];

/// What all pairs came to.
#[derive(Clone, Debug, Serialize)]
pub struct Pairs {
    /// How many pairs were asked for.
    pub asked: u32,
    /// How many pairs there are views of.
    pub compared: u32,
    /// How many of them differ.
    pub differ: u32,
    /// How many show nothing, because the clock on the wall ended an episode of the probe.
    pub uncompared: u32,
    /// Whether the operator cancelled before all pairs were done. Those that were open then are not counted.
    pub cancelled: bool,
    /// The first pair that differs.
    pub first: Option<Difference>,
    /// The bytes that were compared, of one view of each pair.
    pub bytes: u64,
    /// What the probe saw, by name.
    pub sights: BTreeSet<String>,
    /// Who came before it.
    pub guests: BTreeMap<String, Guests>,
    /// Between which limits the share of such pairs that differ lies.
    pub share: Option<Interval>,
}

/// A pair whose views differ.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The ordinal of the pair.
    pub pair: u64,
    /// The seed that both runs had.
    pub seed: Seed,
    /// Who came before the probe in the one.
    pub one: String,
    /// And in the other.
    pub other: String,
    /// What the probe was told.
    pub probe: &'static str,
    /// The parts of the views that differ.
    pub parts: Vec<Part>,
}

/// How those of one name fared before the probe.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Guests {
    /// How many episodes they lived.
    pub episodes: u64,
    /// In how many of them they called the host.
    pub called: u64,
    /// All their calls.
    pub calls: u64,
    /// How these episodes ended.
    pub ends: BTreeMap<End, u64>,
}

/// One pair.
struct Compared {
    parts: Option<Vec<Part>>,
    bytes: usize,
    before: [(String, Transcript); 2],
    sights: Vec<String>,
}

/// Compare `pairs` pairs, with `jobs` workers; `guests` come before the probe beside the cast.
///
/// `observe` is called after each pair, in any order, for those who watch.
///
/// # Errors
///
/// [`Error`] where the host could not go on.
pub fn noninterference(
    subject: &Subject,
    guests: &[Agent],
    pairs: u32,
    jobs: usize,
    observe: &(dyn Fn(bool) + Sync),
) -> Result<Pairs, Error> {
    let cast = Cast::new(subject, guests)?;
    let looks = LOOKS.iter().map(|look| Ok((*look, subject.part(look)?))).collect::<Result<Vec<_>, Error>>()?;
    let pool = workers(jobs).map_err(crate::harness::Error::from)?;
    let _ticker = Ticker::start(&subject.engine);
    let done = pool.install(|| {
        spread(0..pairs.into(), &subject.cancel, &|pair| {
            let compared = one(subject, &cast, &looks, pair);
            let is_alike =
                |pair: &Option<Compared>| pair.as_ref().and_then(|pair| pair.parts.as_ref()).is_none_or(Vec::is_empty);
            observe(compared.as_ref().is_ok_and(is_alike));
            compared
        })
    });
    let mut sum = Pairs {
        asked: pairs,
        compared: 0,
        differ: 0,
        uncompared: 0,
        cancelled: subject.cancel.is_cancelled(),
        first: None,
        bytes: 0,
        sights: BTreeSet::new(),
        guests: BTreeMap::new(),
        share: None,
    };
    for (pair, compared) in (0..).zip(done) {
        if let Some(compared) = compared? {
            sum.add(subject, &looks, pair, compared);
        }
    }
    if sum.compared > 0 {
        let tally = Tally::new(sum.differ, sum.compared)?;
        let sides = if sum.differ == 0 { Sides::Upper } else { Sides::Both };
        sum.share = Some(clopper_pearson::interval(tally, Level::P95, sides));
    }
    Ok(sum)
}

/// One pair; nothing where the operator cancelled in the midst of it.
fn one(
    subject: &Subject,
    cast: &Cast,
    looks: &[(&'static str, Setting)],
    pair: u64,
) -> Result<Option<Compared>, Error> {
    let seed = subject.plan.seed.derive("pair", pair);
    let (one, other) = cast.pair(subject, seed)?;
    let (_, look) = at(looks, pair).ok_or_else(|| subject.blind())?;
    let live = |before: Role| -> Result<(String, Transcript, Transcript), Error> {
        let lived = subject.relay(seed, Crossing::Avoided, &[&before.setting, look])?;
        let [first, second] = <[Transcript; 2]>::try_from(lived).map_err(|_| subject.blind())?;
        Ok((before.name, first, second))
    };
    let ((one, first, saw), (other, second, same)) = (live(one)?, live(other)?);
    if [&first, &saw, &second, &same].iter().any(|lived| lived.end == End::Cancelled) {
        return Ok(None);
    }
    let (view, beside) = (View::of(&saw)?, View::of(&same)?);
    let parts = if was_hurried(&saw) || was_hurried(&same) { None } else { Some(view.parts(&beside)?) };
    let sights = View::sights(&saw).map(str::to_owned).collect();
    Ok(Some(Compared { parts, bytes: view.bytes(), before: [(one, first), (other, second)], sights }))
}

fn at<T>(among: &[T], ordinal: u64) -> Option<&T> {
    let count = u64::try_from(among.len()).unwrap_or(u64::MAX).max(1);
    among.get(usize::try_from(ordinal % count).unwrap_or(0))
}

impl Pairs {
    /// Whether no pair differs, and there is one at least.
    pub const fn held(&self) -> bool {
        self.differ == 0 && self.compared > 0
    }

    fn add(&mut self, subject: &Subject, looks: &[(&'static str, Setting)], pair: u64, compared: Compared) {
        let Compared { parts, bytes, before, sights } = compared;
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
            let probe = at(looks, pair).map_or("look", |(look, _)| *look);
            let seed = subject.plan.seed.derive("pair", pair);
            self.first = Some(Difference { pair, seed, one, other, probe, parts });
        }
    }

    /// How many agents made of chance lived before the probe.
    pub fn generated(&self) -> Option<&Guests> {
        self.guests.get(CHANCE)
    }
}

impl Guests {
    fn add(&mut self, transcript: &Transcript) {
        self.episodes = self.episodes.saturating_add(1);
        self.called = self.called.saturating_add(u64::from(transcript.calls.count > 0));
        self.calls = self.calls.saturating_add(transcript.calls.count);
        let count = self.ends.entry(transcript.end).or_default();
        *count = count.saturating_add(1);
    }
}
