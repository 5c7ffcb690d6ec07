//! Covert channels: a sender in one episode tries to pass a bit to a receiver in the next, on each road there may be.
//!
//! ```text
//!  bit --> sender, episode k --?--> receiver, episode k+1 --view--+--> symbol --decoder--> bit?
//!  0   --> sender, episode k -----> receiver, episode k+1 --view--+     learned on trials of their own
//! ```
//!
//! *Claim*: on a road that the policy does not declare the bit does not arrive; on a road that it declares no more arrives
//! than is declared.
//!
//! *How it is tested*: in each trial the receiver's view is laid beside the one it has, with the same seed, after a sender
//! that sends 0. The symbol is what differs; the decoder answers with the bit that this symbol mostly came with in fifty
//! trials before, or by whether anything differs at all where it is new. Half of the bits are 1, in an order that
//! the seed says, so that a receiver that sees nothing decodes exactly half of them.
//!
//! *What arrives*: of a uniform bit that is decoded with the error rate e, at least 1 - h(e) bits arrive, where h is the
//! binary entropy (Fano's inequality). The limits come from the Clopper-Pearson limits of e; accuracy at or below chance
//! counts as 0. More may arrive than this decoder finds: that is what the number of views that differ is for.
//!
//! *That it can detect*: two controls open a road on purpose, one each, and the bits must arrive.
//!
//! *Source*: R. M. Fano, "Transmission of Information", MIT Press 1961; B. W. Lampson, "A note on the confinement problem",
//! 1973.

mod decode;
mod list;

use serde::Serialize;

pub use decode::{Bits, Sent, Verdict};
pub use list::{CHANNELS, Channel, Kind};

use self::decode::{Decoder, bits_of};
use super::view::View;
use super::{Crossing, Error, Subject, was_hurried};
use crate::environment::Selection;
use crate::episode::{Setting, Ticker};
use crate::harness::{spread, workers};
use crate::policy::Continuity;
use crate::value::Seed;

/// The trials that the decoder learns from, before those that count.
const LESSONS: u32 = 50;

/// How many measurements [`channels`] makes of these roads: one of each, and a control of those that a policy can declare.
pub fn measurements(roads: &[String]) -> usize {
    CHANNELS
        .iter()
        .filter(|channel| asked(roads, channel.name))
        .map(|channel| 1 + usize::from(channel.is_declarable()))
        .sum()
}

/// How many trials they take, with those that the decoder learns from.
pub fn trials(roads: &[String], trials: u32) -> u64 {
    let roads = u64::try_from(measurements(roads)).unwrap_or(u64::MAX);
    roads.saturating_mul(u64::from(LESSONS.saturating_add(trials)))
}

fn asked(roads: &[String], name: &str) -> bool {
    roads.is_empty() || roads.iter().any(|road| road == name)
}

/// The bytes of carry-over of the control, where the policy declares fewer.
const CARRY: u64 = 16;

/// Whether a road is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// The policy declares nothing here: no bit may arrive.
    Undeclared,
    /// The policy declares a carry-over of so many bits.
    CarryOver(u64),
    /// The policy declares that the world persists: what arrives is bounded by the world alone.
    World,
    /// The policy does not declare it; it was opened to see that the audit detects.
    Control,
}

/// What was measured on one channel.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// The channel.
    pub channel: &'static str,
    /// What kind of road it is.
    pub kind: Kind,
    /// What the sender does.
    pub meaning: &'static str,
    /// Whether it is declared.
    pub road: Road,
    /// How many trials show nothing, because the clock on the wall ended an episode.
    pub uncompared: u32,
    /// What arrived; nothing where there was no trial to compare.
    pub sent: Option<Sent>,
    /// What that says.
    pub verdict: Verdict,
}

/// One channel to be measured.
struct Task {
    channel: &'static Channel,
    road: Road,
    crossing: Crossing,
    subject: Subject,
}

/// Try the channels that are named in `roads`, or every one, in `trials` trials each, and the controls of those that a policy
/// can declare; `observe` is called after each trial, with the name of the road.
///
/// Where the operator cancels, the channels that were not finished are left out.
///
/// # Errors
///
/// [`Error`] where the host could not go on.
pub fn channels(
    subject: &Subject,
    roads: &[String],
    trials: u32,
    jobs: usize,
    observe: &(dyn Fn(&'static str) + Sync),
) -> Result<Vec<Measured>, Error> {
    let pool = workers(jobs).map_err(crate::harness::Error::from)?;
    let _ticker = Ticker::start(&subject.engine);
    let mut measured = Vec::new();
    for task in tasks(subject)? {
        if !asked(roads, task.channel.name) {
            continue;
        }
        let seed = subject.plan.seed.derive(task.channel.name, 0);
        let bits =
            bits_of(seed.derive("lessons", 0), LESSONS).into_iter().chain(bits_of(seed.derive("bits", 0), trials));
        let bits: Vec<bool> = bits.collect();
        let (sends, idle) = (task.sender(1)?, task.sender(0)?);
        let look = task.subject.part(format!("look {}", task.channel.looks).trim_end())?;
        let count = u64::try_from(bits.len()).unwrap_or(u64::MAX);
        let symbols = pool.install(|| {
            spread(0..count, &subject.cancel, &|trial| {
                let bit = usize::try_from(trial).ok().and_then(|index| bits.get(index)).copied().unwrap_or(false);
                let symbol = task.trial(seed.derive("trial", trial), if bit { &sends } else { &idle }, &idle, &look);
                observe(task.channel.name);
                symbol
            })
        });
        if subject.cancel.is_cancelled() {
            break;
        }
        let symbols = symbols.into_iter().collect::<Result<Vec<_>, _>>()?;
        measured.push(task.measure(&bits, symbols)?);
    }
    Ok(measured)
}

/// The channels under the policy of `subject`, each with the other roads closed or avoided; and the controls.
fn tasks(subject: &Subject) -> Result<Vec<Task>, Error> {
    let boundary = subject.plan.policy.boundary;
    let world = || subject.plan.world.clone();
    let past: Selection = "past-self".parse().map_err(Error::contract)?;
    let alone = |kind: Kind| match kind {
        Kind::CarryOver => {
            let alone = subject.with(|policy| policy.boundary.environment = Continuity::Reset, world());
            let road =
                if boundary.carry > 0 { Road::CarryOver(boundary.carry.saturating_mul(8)) } else { Road::Undeclared };
            (alone, road, Crossing::Open)
        }
        Kind::World => {
            let alone = subject.with(|policy| policy.boundary.carry = 0, world());
            let persists = boundary.environment == Continuity::Persist;
            (alone, if persists { Road::World } else { Road::Undeclared }, Crossing::Open)
        }
        _ => (subject.clone(), Road::Undeclared, Crossing::Avoided),
    };
    let mut tasks: Vec<Task> = CHANNELS
        .iter()
        .map(|channel| {
            let (subject, road, crossing) = alone(channel.kind);
            Task { channel, road, crossing, subject }
        })
        .collect();
    for channel in CHANNELS.iter().filter(|channel| channel.is_declarable()) {
        let subject = match channel.kind {
            Kind::CarryOver => subject.with(
                |policy| {
                    policy.boundary.environment = Continuity::Reset;
                    policy.boundary.carry = boundary.carry.max(CARRY);
                },
                world(),
            ),
            _ => subject.with(
                |policy| {
                    policy.boundary.environment = Continuity::Persist;
                    policy.boundary.carry = 0;
                },
                past.clone().into(),
            ),
        };
        tasks.push(Task { channel, road: Road::Control, crossing: Crossing::Open, subject });
    }
    Ok(tasks)
}

impl Task {
    fn sender(&self, bit: u8) -> Result<Setting, Error> {
        self.subject.part(&format!("tell {} {bit}", self.channel.letter))
    }

    /// What differs in the receiver's view from the one after a sender that sends 0; nothing where the wall had a part.
    fn trial(&self, seed: Seed, sender: &Setting, idle: &Setting, look: &Setting) -> Result<Option<String>, Error> {
        let view = |sender: &Setting| -> Result<Option<View>, Error> {
            let lived = self.subject.relay(seed, self.crossing, &[sender, look])?;
            let receiver = lived.last().filter(|receiver| !was_hurried(receiver));
            receiver.map(View::of).transpose()
        };
        let (Some(one), Some(other)) = (view(sender)?, view(idle)?) else { return Ok(None) };
        let parts = one.parts(&other)?;
        Ok(Some(parts.into_iter().map(|part| part.field + " ").collect()))
    }

    fn measure(&self, bits: &[bool], symbols: Vec<Option<String>>) -> Result<Measured, Error> {
        let lessons = usize::try_from(LESSONS).unwrap_or(0);
        let trials: Vec<(bool, Option<String>)> = bits.iter().copied().zip(symbols).collect();
        let (lessons, scored) = trials.split_at_checked(lessons).unwrap_or((&[], &trials));
        let known = |trials: &[(bool, Option<String>)]| -> Vec<(bool, String)> {
            trials.iter().filter_map(|(bit, symbol)| Some((*bit, symbol.clone()?))).collect()
        };
        let decoder = Decoder::learn(&known(lessons));
        let scored_known = known(scored);
        let missing = scored.len().saturating_sub(scored_known.len());
        let sent = decoder.score(&scored_known)?;
        let verdict = Verdict::of(sent.as_ref(), self.road);
        Ok(Measured {
            channel: self.channel.name,
            kind: self.channel.kind,
            meaning: self.channel.meaning,
            road: self.road,
            uncompared: u32::try_from(missing).unwrap_or(u32::MAX),
            sent,
            verdict,
        })
    }
}
