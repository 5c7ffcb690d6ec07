//! Covert channels: a sender in one episode tries to pass a bit to a receiver in the next, on each road there may be.
//!
//! ```text
//!  bit --> sender, episode k --?--> receiver, episode k+1 --view--+--> symbol --decoder--> bit?
//!  0   --> sender, episode k -----> receiver, episode k+1 --view--+     learned on trials of their own
//! ```
//!
//! *Claim*: on a road that the policy does not declare the bit does not arrive; on a road that it
//! declares no more arrives than is declared.
//!
//! *How it is tested*: in each trial the receiver's view is compared with its view, with the same
//! seed, after a sender that sends 0. The symbol is the set of fields that differ. The decoder
//! answers with the bit that this symbol mostly came with in fifty trials before. A new symbol is
//! decoded by whether anything differs at all. Half of the bits are 1, in an order that follows
//! from the seed, so that a receiver that sees nothing decodes exactly half of them.
//!
//! *What arrives*: if a uniform bit is decoded with the error rate e, at least 1 - h(e) bits
//! arrive, where h is the binary entropy (Fano's inequality). The limits come from the
//! Clopper-Pearson limits of e; accuracy at or below chance counts as 0. More may arrive than this
//! decoder finds. For that reason the number of views that differ is given too.
//!
//! *That it can detect*: two controls open a road on purpose, one each, and the bits must arrive.
//!
//! *Source*: R. M. Fano, "Transmission of Information", MIT Press 1961; B. W. Lampson, "A note on
//! the confinement problem", 1973.

mod decode;
mod list;
mod numbers;
mod quick;

use serde::Serialize;

pub use decode::{Bits, Received, RoadVerdict};
pub(super) use list::lettered;
pub use list::{CHANNELS, Channel, ChannelKind};
pub use quick::{QuickResult, quick};

use self::decode::{Decoder, bits_of};
use self::numbers::LookedUp;
use super::pair::{PairRun, TrialEpisodes};
use super::{AuditSubject, Error, ProbeCrossing};
use crate::environment::World;
use crate::episode::Setting;
use crate::policy::Continuity;
use crate::property::Road;
use crate::run::spread;
use crate::value::Seed;

/// Number of trials that the decoder learns from, before those that count.
const LESSONS: u32 = 50;

/// Returns the number of measurements that [`channels`] makes of these roads: one of each road, and
/// a control of each that a policy can declare.
pub fn measurements(roads: &[String]) -> usize {
    CHANNELS
        .iter()
        .filter(|channel| asked(roads, channel.name))
        .map(|channel| 1 + usize::from(channel.is_declarable()))
        .sum()
}

/// Returns the number of trials on these roads, with those that the decoder learns from.
pub fn trials(roads: &[String], trials: u32) -> u64 {
    let roads = u64::try_from(measurements(roads)).unwrap_or(u64::MAX);
    roads.saturating_mul(u64::from(LESSONS.saturating_add(trials)))
}

fn asked(roads: &[String], name: &str) -> bool {
    roads.is_empty() || roads.iter().any(|road| road == name)
}

/// Bytes of carry-over of the control, if the policy declares fewer.
const CARRY: u64 = 16;

/// Measurement of one channel.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Name of the channel.
    pub channel: &'static str,
    /// Kind of road.
    pub kind: ChannelKind,
    /// Words for what the sender does.
    pub meaning: &'static str,
    /// Declaration of the road.
    pub road: Road,
    /// Number of trials that show nothing, because the wall clock ended an episode.
    pub uncompared: u32,
    /// Bits that arrived; `None` if there was no trial to compare.
    pub sent: Option<Received>,
    /// Verdict on the road.
    pub verdict: RoadVerdict,
}

/// Roads that are tried, and the controls, which are opened on purpose.
#[derive(Debug)]
pub struct Roads {
    tasks: Vec<Task>,
}

/// Channel to be measured.
#[derive(Debug)]
struct Task {
    channel: &'static Channel,
    road: Road,
    crossing: ProbeCrossing,
    subject: AuditSubject,
    /// Senders of a 0 and of a 1.
    senders: [Setting; 2],
    look: Setting,
    /// Agent that looks at the same as the receiver.
    scout: Setting,
}

/// Tries these roads in `trials` trials each. `observe` is called after each trial, with the name
/// of the road.
///
/// If the operator cancels, the channels that were not finished are left out.
///
/// # Errors
///
/// [`Error`] if the host could not go on.
pub fn channels(
    subject: &AuditSubject,
    roads: &Roads,
    trials: u32,
    observe: &(dyn Fn(&'static str) + Sync),
) -> Result<Vec<Measured>, Error> {
    let mut measured = Vec::new();
    for task in &roads.tasks {
        let seed = task.seed();
        let bits =
            bits_of(seed.derive("lessons", 0), LESSONS).into_iter().chain(bits_of(seed.derive("bits", 0), trials));
        let bits: Vec<bool> = bits.collect();
        let count = u64::try_from(bits.len()).unwrap_or(u64::MAX);
        let symbols = subject.threads.install(|| {
            spread(0..count, &subject.cancel, &|trial| {
                let bit = usize::try_from(trial).ok().and_then(|index| bits.get(index)).copied().unwrap_or(false);
                let symbol = task.symbol(trial, bit);
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

impl Roads {
    /// Returns the roads named in `roads`, or all of them if it is empty, under the policy of
    /// `subject`. Each road has the other roads closed or avoided. A control is added for each road
    /// that a policy can declare.
    ///
    /// # Errors
    ///
    /// [`Error`] if a sender or the receiver could not be made.
    pub fn new(subject: &AuditSubject, roads: &[String]) -> Result<Self, Error> {
        let channels = || CHANNELS.iter().filter(|channel| asked(roads, channel.name));
        let controls = channels().filter(|channel| channel.is_declarable()).map(|channel| control(subject, channel));
        Ok(Self {
            tasks: channels().map(|channel| Task::of(subject, channel)).chain(controls).collect::<Result<_, _>>()?,
        })
    }

    /// Runs one trial of [`channels`] on each road, which counts for nothing: its duration predicts
    /// that of all trials. The interrupt clock of the engine has to run.
    ///
    /// # Errors
    ///
    /// [`Error`] if the host could not go on.
    pub fn rehearse(&self) -> Result<(), Error> {
        self.tasks.iter().try_for_each(|task| task.symbol(0, true).map(drop))
    }

    /// Sends a 1 on every road, and with the same seed a 0, and returns what the receivers saw. The
    /// episode after a 0 is run once for all roads on which the receiver looks at the same. The
    /// interrupt clock of the engine has to run.
    ///
    /// # Errors
    ///
    /// [`Error`] if the host could not go on.
    pub fn live(&self, trial: u64) -> Result<TrialEpisodes, Error> {
        let mut lived = TrialEpisodes::default();
        let mut after_0: Vec<(&Task, PairRun)> = Vec::new();
        for task in &self.tasks {
            let seed = task.subject.plan.seed.derive("trial", trial);
            if task.channel.kind == ChannelKind::Lookup {
                let pair = numbers::pair(task, seed, &mut lived)?;
                lived.pairs.push(pair);
                continue;
            }
            let known = after_0.iter().position(|(other, _)| task.looks_like(other));
            if known.is_none() {
                let idle = task.send(seed, false)?;
                lived.add(&idle)?;
                after_0.push((task, idle));
            }
            let sent = task.send(seed, true)?;
            lived.add(&sent)?;
            let Some((_, idle)) = known.map_or(after_0.last(), |known| after_0.get(known)) else { continue };
            let before = [format!("a sender that {}", task.channel.meaning), "one that does not".to_owned()];
            lived.pairs.push(sent.pair(idle, (task.channel.name, task.road), before, task.channel.looks)?);
        }
        Ok(lived)
    }
}

/// Returns the control of a channel: the road under a policy that opens it.
fn control(subject: &AuditSubject, channel: &'static Channel) -> Result<Task, Error> {
    let carry = subject.policy().boundary.carry.max(CARRY);
    let opened = match channel.kind {
        ChannelKind::CarryOver => subject.with(
            |policy| {
                policy.boundary.environment = Continuity::Reset;
                policy.boundary.carry = carry;
            },
            subject.plan.world.clone(),
        ),
        _ => subject.with(
            |policy| {
                policy.boundary.environment = Continuity::Persist;
                policy.boundary.carry = 0;
            },
            "past-self".parse::<World>().map_err(Error::contract)?,
        ),
    };
    Task::new(opened, channel, Road::Control, ProbeCrossing::Open)
}

impl Task {
    /// Returns the road under the policy of `subject`, with the other roads closed or avoided.
    fn of(subject: &AuditSubject, channel: &'static Channel) -> Result<Self, Error> {
        let boundary = subject.policy().boundary;
        let world = || subject.plan.world.clone();
        match channel.kind {
            ChannelKind::CarryOver => {
                let alone = subject.with(|policy| policy.boundary.environment = Continuity::Reset, world());
                let bits = boundary.carry.saturating_mul(8);
                let road = if bits > 0 { Road::CarryOver(bits) } else { Road::Undeclared };
                Self::new(alone, channel, road, ProbeCrossing::Open)
            }
            ChannelKind::World => {
                let alone = subject.with(|policy| policy.boundary.carry = 0, world());
                let persists = boundary.environment == Continuity::Persist;
                Self::new(alone, channel, if persists { Road::World } else { Road::Undeclared }, ProbeCrossing::Open)
            }
            _ => Self::new(subject.clone(), channel, Road::Undeclared, ProbeCrossing::Avoided),
        }
    }

    fn new(
        subject: AuditSubject,
        channel: &'static Channel,
        road: Road,
        crossing: ProbeCrossing,
    ) -> Result<Self, Error> {
        let sender = |bit: u8| subject.part(&format!("tell {} {bit}", channel.letter()));
        let senders = [sender(0)?, sender(1)?];
        let look = subject.part(format!("look {}", channel.looks).trim_end())?;
        let scout = subject.part(numbers::SCOUT)?;
        Ok(Self { channel, road, crossing, subject, senders, look, scout })
    }

    fn seed(&self) -> Seed {
        self.subject.plan.seed.derive(self.channel.name, 0)
    }

    /// `true` if the receiver does the same, under the same policy and in the same world.
    fn looks_like(&self, other: &Self) -> bool {
        let is_closed = |task: &Self| !task.channel.is_declarable();
        is_closed(self) && is_closed(other) && self.channel.looks == other.channel.looks
    }

    /// Runs a receiver after a sender of this bit.
    fn send(&self, seed: Seed, bit: bool) -> Result<PairRun, Error> {
        let [idle, sends] = &self.senders;
        PairRun::live(&self.subject, self.crossing, seed, if bit { sends } else { idle }, &self.look)
    }

    /// Returns what differs between the receiver's view and its view after a sender of 0. `None` if
    /// the wall clock played a part.
    fn symbol(&self, trial: u64, bit: bool) -> Result<Option<String>, Error> {
        let seed = self.seed().derive("trial", trial);
        if self.channel.kind == ChannelKind::Lookup {
            let looked = LookedUp::live(self, seed, bit)?;
            return Ok((!looked.is_hurried()).then(|| looked.found.map_or(String::new(), |_| "numbers ".to_owned())));
        }
        let parts = self.send(seed, bit)?.parts(&self.send(seed, false)?)?;
        Ok(parts.map(|parts| parts.into_iter().map(|part| part.field + " ").collect()))
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
        let verdict = RoadVerdict::of(sent.as_ref(), self.road);
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
